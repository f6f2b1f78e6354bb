"""``/stream``: order updates, in binary frames of JSON."""

from __future__ import annotations

from typing import Any, Final

from ..doubles.script import Message
from ..doubles.wires import Wire
from .endpoints import Endpoint

STREAMS: Final = frozenset({"trade_updates", "account_updates"})
_DEPRECATED: Final = (
    "this authentication format is being deprecated. "
    'Please use the format: {"action": "auth", "key": "x", "secret": "x"}'
)


class TradingStream(Endpoint):
    """The client speaks first: it logs on, then says what it listens to.

    ``answers_logon`` set to false leaves logons without an answer, ``grants`` are the streams that
    may be listened to.
    """

    speaks_binary = True
    answers_logon = True
    grants = STREAMS

    def heard(self, wire: Wire, message: Any) -> None:
        data = message.get("data") if isinstance(message, dict) else None
        match message:
            case {"action": "auth"}:
                self._log_on(wire, message.get("key"), message.get("secret"), None)
            case {"action": "authenticate"} if isinstance(data, dict):
                self._log_on(wire, data.get("key_id"), data.get("secret_key"), _DEPRECATED)
            case {"action": "listen"} if isinstance(data, dict):
                self._listen(wire, data.get("streams"))

    def _log_on(self, wire: Wire, key: Any, secret: Any, notice: str | None) -> None:
        if not self.answers_logon:
            return
        wire.authorized = self.knows(key, secret)
        self.logons += wire.authorized
        status = "authorized" if wire.authorized else "unauthorized"
        told = {"action": "authenticate", "status": status}
        if not wire.authorized:
            notice = "access key verification failed"
        wire.say(
            {
                "stream": "authorization",
                "data": told if notice is None else {**told, "message": notice},
            }
        )

    def _listen(self, wire: Wire, streams: Any) -> None:
        if not wire.authorized:
            refusal = {"action": "listen", "status": "unauthorized"}
            wire.say({"stream": "authorization", "data": refusal})
            return
        granted = [each for each in streams or () if each in self.grants]
        wire.say({"stream": "listening", "data": {"streams": granted}})
        self.listens(wire, {"streams": set(granted)})

    def tell(self, message: Message) -> None:
        """Tell an event to who listens now, as the script has it."""
        self.script.play(str(message["data"].get("event")), message, self.send)

    def send(self, message: Message) -> None:
        """Send *message* to who listens, past the script."""
        for wire in tuple(self.wires):
            if message.get("stream") in wire.wanted.get("streams", ()):
                wire.say(message, event=True)
