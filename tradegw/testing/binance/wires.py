"""A client's WebSocket at Binance: pings with a payload, a rate, and a day to live."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from ..doubles.endpoints import Endpoint as AnyEndpoint
from ..doubles.wires import Wire as PlainWire

_LIFE_SECONDS: Final = 86_400.0


class Wire(PlainWire):
    """One connection; who sends more than the endpoint takes a second is dropped."""

    endpoint: Endpoint

    def __init__(self, endpoint: AnyEndpoint) -> None:
        super().__init__(endpoint)
        self._heard: deque[float] = deque()
        self._end: IDelayedCall | None = None

    def onOpen(self) -> None:
        life = self.endpoint.life_seconds
        self._end = self.endpoint.clock.callLater(life, self.hang_up, politely=True)
        super().onOpen()

    def onClose(self, *told: object) -> None:
        if self._end is not None and self._end.active():
            self._end.cancel()
        super().onClose(*told)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N803  autobahn's name
        if self._is_too_fast():
            self.hang_up(politely=True)
        else:
            super().onMessage(payload, isBinary)

    def onPing(self, payload: bytes) -> None:
        if self._is_too_fast():
            self.hang_up(politely=True)
        else:
            super().onPing(payload)

    def onPong(self, payload: bytes) -> None:
        if self.endpoint.expects(payload):
            super().onPong(payload)

    def _is_too_fast(self) -> bool:
        now, rate = self.endpoint.clock.seconds(), self.endpoint.messages_per_second
        if rate is None:
            return False
        while self._heard and self._heard[0] <= now - 1:
            self._heard.popleft()
        self._heard.append(now)
        return len(self._heard) > rate


class Endpoint(AnyEndpoint):
    """Where streams of one kind end. Spot pings every 20 seconds, and drops after 60 of silence."""

    wire_class = Wire
    ping_seconds = 20.0
    pong_seconds: float | None = 60.0
    life_seconds = _LIFE_SECONDS
    messages_per_second: int | None = None

    def __init__(self, clock: IReactorTime) -> None:
        super().__init__(clock)
        self._pinged: deque[bytes] = deque(maxlen=8)

    def ping_payload(self) -> bytes | None:
        payload = b"%d" % int(self.clock.seconds() * 1000)
        self._pinged.append(payload)
        return payload

    def expects(self, payload: bytes) -> bool:
        """Whether *payload* echoes a ping; a pong of one's own accord keeps nobody alive."""
        return payload in self._pinged

    def end_stream(self, event: dict[str, Any]) -> None:
        """Tell everybody *event* as it is, past the script."""
        for wire in tuple(self.wires):
            wire.say(event, event=True)
