"""``/v2/{feed}`` and ``/v1beta3/crypto/{loc}``: live market data, JSON or MessagePack."""

from __future__ import annotations

import re
from typing import Any, Final

from twisted.internet.interfaces import IReactorTime

from ..doubles.script import Message
from ..doubles.wires import Mood, Wire
from .endpoints import Endpoint

_LOGON_SECONDS: Final = 10.0
_SHARED: Final = ("trades", "quotes", "bars", "updatedBars", "dailyBars")
_STOCK_CHANNELS: Final = (*_SHARED, "statuses", "lulds", "imbalances")
_COIN_CHANNELS: Final = (*_SHARED, "orderbooks")
_STOCK: Final = re.compile(r"[A-Z.]+|\*")
_PAIR: Final = re.compile(r"[A-Z]+/[A-Z]+|\*")
CHANNEL_OF: Final = {
    "t": "trades",
    "q": "quotes",
    "b": "bars",
    "u": "updatedBars",
    "d": "dailyBars",
    "s": "statuses",
    "l": "lulds",
    "o": "orderbooks",
    "c": "trades",
    "x": "trades",
}
ERRORS: Final = {
    400: "invalid syntax",
    401: "not authenticated",
    402: "auth failed",
    403: "already authenticated",
    404: "auth timeout",
    405: "symbol limit exceeded",
    406: "connection limit exceeded",
    407: "slow client",
    409: "insufficient subscription",
    410: "invalid subscribe action for this feed",
    500: "internal error",
}


class DataStream(Endpoint):
    """One endpoint, which takes one connection and *most_symbols* symbols of trades and quotes.

    With ``entitled`` set to false nobody may listen here.
    """

    def __init__(
        self, clock: IReactorTime, key: str, secret: str, *, coins: bool, most_symbols: int | None
    ) -> None:
        super().__init__(clock, key, secret)
        self.coins = coins
        self.most_symbols = most_symbols
        self.entitled = True

    def joined(self, wire: Wire) -> None:
        super().joined(wire)
        wire.say([{"T": "success", "msg": "connected"}])
        if "apca-api-key-id" in wire.headers:
            key, secret = (
                wire.headers.get(f"apca-api-{name}") for name in ("key-id", "secret-key")
            )
            self._log_on(wire, key, secret)
        self.clock.callLater(_LOGON_SECONDS, self._tire, wire)

    def _tire(self, wire: Wire) -> None:
        if wire in self.wires and not wire.authorized:
            self.error(404, wire)
            wire.hang_up(politely=True)

    def heard(self, wire: Wire, message: Any) -> None:
        match message:
            case {"action": "auth"}:
                self._log_on(wire, message.get("key"), message.get("secret"))
            case {"action": "subscribe" | "unsubscribe" as action}:
                self._subscribe(wire, message, add=action == "subscribe")
            case _:
                self.error(400, wire)

    def _log_on(self, wire: Wire, key: Any, secret: Any) -> None:
        if wire.authorized:
            self.error(403, wire)
        elif not self.knows(key, secret):
            self.error(402, wire)
        elif not self.entitled:
            self.error(409, wire)
        elif self._lingering or any(each.authorized for each in self.wires):
            self.error(406, wire)
        else:
            wire.authorized = True
            wire.wanted = {channel: set() for channel in self._channels}
            self.logons += 1
            wire.say([{"T": "success", "msg": "authenticated"}])

    @property
    def _channels(self) -> tuple[str, ...]:
        return _COIN_CHANNELS if self.coins else _STOCK_CHANNELS

    def _subscribe(self, wire: Wire, message: Message, *, add: bool) -> None:
        if not wire.authorized:
            self.error(401, wire)
            return
        asked = {name: each for name, each in message.items() if name != "action"}
        code = self._objection(wire, asked, add=add)
        if code is not None:
            self.error(code, wire)
            return
        wanted = dict(wire.wanted)
        for channel, symbols in asked.items():
            wanted[channel] = (
                wanted[channel] | set(symbols) if add else wanted[channel] - set(symbols)
            )
        told: Message = {"T": "subscription"}
        told |= {channel: sorted(symbols) for channel, symbols in wanted.items()}
        if not self.coins:
            told |= dict.fromkeys(("corrections", "cancelErrors"), told["trades"])
        wire.say([told])
        self.listens(wire, wanted)

    def _objection(self, wire: Wire, asked: Message, *, add: bool) -> int | None:
        pattern = _PAIR if self.coins else _STOCK
        for channel, symbols in asked.items():
            if channel not in self._channels:
                return 410
            if not isinstance(symbols, list) or not all(
                isinstance(symbol, str) and pattern.fullmatch(symbol) for symbol in symbols
            ):
                return 400
        counted = [
            len(wire.wanted[channel] | set(asked.get(channel, ())))
            for channel in ("trades", "quotes")
        ]
        too_many = self.most_symbols is not None and sum(counted) > self.most_symbols
        return 405 if add and too_many else None

    def error(self, code: int, wire: Wire | None = None) -> None:
        """Send an error, to everybody if no *wire* is named."""
        for each in tuple(self.wires) if wire is None else (wire,):
            each.say([{"T": "error", "code": code, "msg": ERRORS[code]}])

    def too_slow(self, wire: Wire) -> None:
        """Cut *wire* off, after telling it why."""
        wire.resumeProducing()  # so that the reason is sent
        self.error(407, wire)
        self.left(wire)  # it may take its time to read what was sent
        wire.mood = Mood.DUMB
        wire.hang_up(politely=False)

    def cut_slow_clients(self) -> None:
        """Treat everybody as one that reads too slowly."""
        for wire in tuple(self.wires):
            self.too_slow(wire)

    def tell(self, message: Message) -> None:
        """Tell market data to who wants it, as the script has it."""
        self.script.play(message["T"], message, self.send)

    def send(self, message: Message) -> None:
        """Send *message* to who wants it, past the script; of an unknown type, to all."""
        channel = CHANNEL_OF.get(message["T"])
        for wire in tuple(self.wires):
            wanted = wire.wanted.get(channel or "", set())
            if wire.authorized and (channel is None or wanted & {message.get("S"), "*"}):
                wire.say([message], event=True)
