"""Listen keys of futures, and the streams where they are listened to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from ..calls import Adding, Call
from ..refusals import bad
from ..stamps import Stamps
from ..streams import MarketStreams

_LIFE_SECONDS: Final = 3600.0


class FuturesStreams(MarketStreams):
    """Market streams of one class; where the ``private`` ones are, a listen key is a stream too."""

    messages_per_second: int | None = 10
    ping_seconds = 180.0
    pong_seconds: float | None = 600.0

    def tell_user(self, key: str | None, event: dict[str, Any]) -> None:
        """Tell an event to who listens to *key*, as the script has it.

        Its lines are of kinds: the ``x`` of an order's events, the ``e`` of others.
        """
        order = event.get("o")
        kind = order.get("x") if isinstance(order, dict) else None
        message = {"stream": key, "data": event}
        self.script.play(str(kind or event.get("e")), message, self.send_user)

    def send_user(self, message: dict[str, Any]) -> None:
        """Send *message* to who listens to its key, past the script."""
        key, event = message["stream"], message["data"]
        for wire in tuple(self.wires):
            events = wire.query.get("events")
            wanted = events is None or event.get("e") in events.split("/")
            if wanted and key in {*wire.wanted.get("streams", ()), wire.query.get("listenKey")}:
                wire.say(message if wire.wanted.get("combined") else event, event=True)


class ListenKeys:
    """The one key of an account; it lives an hour from when it was last asked for."""

    def __init__(
        self, clock: IReactorTime, stamps: Stamps, tell: Callable[[str, dict[str, Any]], None]
    ) -> None:
        self.current: str | None = None
        self._clock = clock
        self._stamps = stamps
        self._tell = tell
        self._end: IDelayedCall | None = None

    def add_to(self, routes: Adding) -> None:
        """Answer the calls of this part."""
        routes.keyed("POST", "/v1/listenKey", self.create)
        routes.keyed("PUT", "/v1/listenKey", self.keep)
        routes.keyed("DELETE", "/v1/listenKey", self.close)

    def create(self, _call: Call) -> Any:
        """The key, a new one if there was none."""
        self.current = self.current or self._stamps.token()
        self._extend()
        return {"listenKey": self.current}

    def keep(self, _call: Call) -> Any:
        """Another hour."""
        if self.current is None:
            raise bad(-1125, "This listenKey does not exist.")
        self._extend()
        return {"listenKey": self.current}

    def close(self, _call: Call) -> Any:
        """The end of the key, for everybody."""
        self._stop()
        self.current = None
        return {}

    def expire(self) -> None:
        """Its time is over, which is told."""
        key = self.current
        self._stop()
        if key is not None:
            now = self._stamps.ms()
            self._tell(key, {"e": "listenKeyExpired", "E": now, "listenKey": key})
        self.current = None

    def _extend(self) -> None:
        self._stop()
        self._end = self._clock.callLater(_LIFE_SECONDS, self.expire)

    def _stop(self) -> None:
        if self._end is not None and self._end.active():
            self._end.cancel()
