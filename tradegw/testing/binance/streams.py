"""Market streams: raw and combined, with live subscriptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

from twisted.internet.interfaces import IReactorTime

from ..doubles.wires import Wire
from .wires import Endpoint

_MOST_STREAMS: Final = 1024


class MarketStreams(Endpoint):
    """``/ws/a/b`` and ``/stream?streams=a/b``. A name that does not exist is never told anything.

    *carries* says which names are of this endpoint's class; the others are silent here.
    """

    messages_per_second: int | None = 5

    def __init__(
        self, clock: IReactorTime, carries: Callable[[str], bool] = lambda _name: True
    ) -> None:
        super().__init__(clock)
        self._carries = carries

    def joined(self, wire: Wire) -> None:
        super().joined(wire)
        combined = "/stream" in wire.path
        if combined:
            names = wire.query.get("streams", "")
        else:
            names = wire.path.partition("/ws")[2].strip("/")
        self.listens(
            wire,
            {
                "streams": {unquote(each) for each in names.split("/") if each},
                "combined": {"yes"} if combined else set(),
            },
        )

    def heard(self, wire: Wire, message: Any) -> None:
        if not isinstance(message, dict) or not isinstance(message.get("params", []), list):
            wire.say({"code": 2, "msg": "Invalid request: request must be an object."})
            return
        asked, params = message.get("id"), message.get("params", [])
        wanted = {name: set(each) for name, each in wire.wanted.items()}
        result: Any = None
        match message.get("method"):
            case "SUBSCRIBE":
                wanted["streams"] |= set(map(str, params))
            case "UNSUBSCRIBE":
                wanted["streams"] -= set(map(str, params))
            case "LIST_SUBSCRIPTIONS":
                result = sorted(wanted["streams"])
            case "SET_PROPERTY" if len(params) > 1 and params[0] == "combined":
                wanted["combined"] = {"yes"} if params[1] else set()
            case _:
                wire.say(
                    {"code": 2, "msg": "Invalid request: unknown variant, method", "id": asked}
                )
                return
        if len(wanted["streams"]) > _MOST_STREAMS:
            wire.hang_up(politely=True)
            return
        wire.say({"result": result, "id": asked})
        self.listens(wire, wanted)

    def tell(self, name: str, payload: dict[str, Any]) -> None:
        """Tell *payload* to who listens to *name*, as the script has it.

        Its lines are of kinds: ``bookTicker``, ``trade``, ``kline_1m``.
        """
        if not self._carries(name):
            return
        kind = name.partition("@")[2]
        self.script.play(kind, {"stream": name, "data": payload}, self.send)

    def send(self, message: dict[str, Any]) -> None:
        """Send *message* to who listens, past the script."""
        name = message["stream"]
        for wire in tuple(self.wires):
            if name in wire.wanted.get("streams", ()):
                self._say(wire, message)

    def announce_shutdown(self, ms: int) -> None:
        """``serverShutdown``, to everybody."""
        event = {"e": "serverShutdown", "E": ms}
        for wire in tuple(self.wires):
            self._say(wire, {"stream": "!serverShutdown", "data": event})

    def _say(self, wire: Wire, message: dict[str, Any]) -> None:
        wire.say(message if wire.wanted.get("combined") else message["data"], event=True)
