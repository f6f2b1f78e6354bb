"""What the tests of playbacks share: a run in small, with a gateway that places exits.

The steps come in the order of the backtest (engine B3.3): hits inside of bars, closes, what is due,
opens and ticks. After each part that was told, the gateway does its work, then the strategy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from msgspec.structs import replace

from tests.simulator.floor import LIMIT, START, STOP, order
from tradegw.model.enums import OrderEventKind
from tradegw.model.events import Event, OrderEvent
from tradegw.model.order import Order, OrderChange, OrderRequest
from tradegw.simulator.fills import FillNote
from tradegw.simulator.instruments import Instrument
from tradegw.simulator.paths import Path, PriceBar, Prices
from tradegw.simulator.playback import Ids, Listing, Playback
from tradegw.simulator.spread import Spread
from tradegw.simulator.terms import Terms
from tradegw.simulator.ticks import Tick

DAY_LONG = timedelta(days=1)
_FILLS = (OrderEventKind.FILLED, OrderEventKind.PARTIALLY_FILLED)
_GONE = (OrderEventKind.CANCELLED, OrderEventKind.EXPIRED, OrderEventKind.REJECTED)

Handler = Callable[["Player"], object]
Reaction = Callable[["Player", list[Event]], object]


class Gateway:
    """Exits of entries, as the gateway places them: at each fill, reduce-only, as a pair."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self._entries: dict[str, OrderRequest] = {}
        self._others: dict[str, str] = {}
        self._filled: dict[str, Decimal] = {}

    def expect(self, sent: Order, request: OrderRequest) -> None:
        if request.stop_loss is not None or request.take_profit is not None:
            self._entries[sent.id] = request

    def take(self, events: list[Event]) -> None:
        for event in events:
            if not isinstance(event, OrderEvent) or event.event not in _FILLS:
                continue
            known = self._filled.get(event.order.id, Decimal(0))
            part = event.order.filled_quantity - known
            self._filled[event.order.id] = event.order.filled_quantity
            if event.order.id in self._entries:
                self._protect(event.order, part)
            elif event.order.id in self._others:
                self._shrink(self._others[event.order.id], part)

    def _protect(self, entry: Order, part: Decimal) -> None:
        held = self._player.playback.position(entry.symbol)
        if held is None or held.side.closing is entry.side:
            return  # it has only closed something
        quantity = min(part, held.quantity)
        request, side = self._entries[entry.id], entry.side.opposite
        number = sum(1 for other in self._others if other.startswith(entry.id))
        pair, legs = f"{entry.id}-{number}", []
        if request.stop_loss is not None:
            legs.append(order(side, quantity, STOP, entry.symbol, stop_price=request.stop_loss))
        if request.take_profit is not None:
            legs.append(order(side, quantity, LIMIT, entry.symbol, limit_price=request.take_profit))
        sent = [self._player.send_request(only_reduces(leg), pair=pair) for leg in legs]
        if len(sent) > 1:
            self._others.update({sent[0].id: sent[1].id, sent[1].id: sent[0].id})

    def _shrink(self, other_id: str, part: Decimal) -> None:
        playback = self._player.playback
        other = playback.order(other_id)
        if other.status.is_terminal:
            return
        if other.remaining_quantity <= part:
            playback.cancel(other_id, playback.time)
        else:
            less = OrderChange(quantity=other.quantity - part)
            playback.replace(other_id, less, playback.time)


def only_reduces(request: OrderRequest) -> OrderRequest:
    return replace(request, reduce_only=True)


class Player:
    """A playback of X (and others), and all that it told."""

    def __init__(
        self,
        *,
        instrument: Instrument | None = None,
        listing: dict[str, Any] | None = None,
        reaction: Reaction | None = None,
        exits: bool = True,
        **terms: Any,
    ) -> None:
        orders, trades = count(1), count(1)
        self.events: list[Event] = []
        self.frame: list[Event] = []
        self.notes: list[FillNote] = []
        self.ambiguous: list[tuple[str, datetime, Decimal]] = []
        self.equities: list[Decimal] = []
        self.gateway = Gateway(self) if exits else None
        self.reaction = reaction
        self.handlers: dict[tuple[str, int], list[Handler]] = {}
        self.instrument = instrument
        self.playback = Playback(
            Terms(**{"position_prefix": "bt-pos-", "path": Path.WORST, **terms}),
            Listing(instrument=self._listed, **(listing or {})),
            Ids(lambda: f"bt-o{next(orders)}", lambda: f"bt-t{next(trades)}"),
            self._deliver,
            self.notes.append,
            lambda *found: self.ambiguous.append(found),
        )

    def _listed(self, symbol: str) -> Instrument | None:
        return None if symbol == "NONE" else self.instrument or Instrument(symbol=symbol)

    def _deliver(self, event: Event) -> None:
        self.events.append(event)
        self.frame.append(event)

    # -- what the strategy does

    def send(self, *args: Any, **members: Any) -> Order:
        return self.send_request(order(*args, **members))

    def send_request(self, request: OrderRequest, pair: str | None = None) -> Order:
        sent = self.playback.submit(request, self.playback.time, pair=pair)
        if self.gateway is not None:
            self.gateway.expect(sent, request)
        return sent

    def after(self, number: int, handler: Handler, symbol: str = "X") -> None:
        """Do that in the handler of candle *number*."""
        self.handlers.setdefault((symbol, number), []).append(handler)

    # -- the run

    def play(self, bars: Sequence[PriceBar], length: timedelta = DAY_LONG) -> None:
        self.play_all({"X": (bars, length)})

    def play_all(self, series: Mapping[str, tuple[Sequence[PriceBar], timedelta]]) -> None:
        """All bars of all symbols, in the order of the backtest."""
        steps = []
        for index, (symbol, (bars, length)) in enumerate(series.items()):
            for number, bar in enumerate(bars):
                end = bar.time + length
                steps.append((bar.time, 3, 0, index, symbol, number, bar, end))
                seconds = int(length.total_seconds())
                steps.append((end, 1, seconds, index, symbol, number, bar, end))
        for time, rank, _, _, symbol, number, bar, end in sorted(steps, key=lambda s: s[:4]):
            self._before(time, rank, list(series))
            if rank == 3:
                self._do(self.playback.open_bar(symbol, bar, end))
            else:
                self._do(self.playback.leave(symbol))
                self.equities.append(self.playback.equity)
                for handler in self.handlers.get((symbol, number), ()):
                    handler(self)
                self.tell()

    def tick(self, tick: Tick) -> None:
        self._before(tick.time, 3, [])
        self._do(self.playback.open(tick))

    def _before(self, time: datetime, rank: int, symbols: list[str]) -> None:
        """What comes before a step: hits inside of bars, and what is due."""
        self.tell()
        while True:
            coming: list[tuple[datetime, int, str]] = []
            for symbol in symbols:
                hit = self.playback.next_hit(symbol)
                if hit is not None:
                    coming.append((hit, 0, symbol))
            due = self.playback.due()
            if due is not None:
                coming.append((due, 2, ""))
            if not coming or min(coming)[:2] > (time, rank):
                return
            at, kind, symbol = min(coming, key=lambda each: each[:2])
            if kind == 0:
                self._do(self.playback.hit(symbol))
            else:
                self.playback.advance(at)
                self.tell()

    def _do(self, steps: Iterator[None]) -> None:
        for _ in steps:
            assert self.frame, "a pause without anything that was told"
            self.tell()
        assert not self.frame, "told without a pause"

    def tell(self) -> None:
        """One frame after the other, until nobody has anything to say to it."""
        while self.frame:
            told, self.frame = self.frame, []
            if self.gateway is not None:
                self.gateway.take(told)
            if self.reaction is not None:
                self.reaction(self, told)

    # -- what came of it

    @property
    def fills(self) -> list[tuple[str, str]]:
        """Price, and day and time in January, of every trade."""
        return [
            (f"{t.price:f}", t.timestamp.strftime("%d %H:%M:%S")) for t in self.playback.trades()
        ]

    @property
    def kinds(self) -> list[str]:
        """What happened, as the words of the wire."""
        return [str(getattr(e, "event", None) or e.code) for e in self.events]  # type: ignore[union-attr]  # told are only events that have one of them


def bar(
    text: str,
    number: int = 0,
    *,
    length: timedelta = DAY_LONG,
    spread: str = "0",
    volume: object = None,
) -> PriceBar:
    """The bar *number* lengths after the start; *text* is ``o/h/l/c``."""
    prices = Prices(*(Decimal(price) for price in text.split("/")))
    amount = None if volume is None else Decimal(str(volume))
    return Spread.parse(spread).bar(START + number * length, prices, amount)


def bars(*texts: str, **options: Any) -> list[PriceBar]:
    return [bar(text, number, **options) for number, text in enumerate(texts)]


def on_fill_of(order_id: str, act: Handler) -> Reaction:
    """React to the fill of one order."""

    def react(player: Player, events: list[Event]) -> None:
        for event in events:
            if not isinstance(event, OrderEvent) or event.order.id != order_id:
                continue
            if event.event is OrderEventKind.FILLED:
                act(player)

    return react
