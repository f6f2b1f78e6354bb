"""Positions: what must be held by all executions, beside what the broker says is held.

Where something executed while the broker was being asked, its answer may be older than that: the
symbol is left for the next time. A difference may be a fill that was not heard of yet, so it must
be seen again before it counts: twice, or, where something executes all the time, so often that a
lag would not have been as large each time. One that cannot be explained is told, and restricts
trading to reductions until it is gone or an operator sets trading ``ACTIVE`` and so accepts it.

Less than a step of a symbol's quantities cannot have executed: that is what a fee left over and a
broker does not show, and what the broker says holds at once. So it does of what is owed if there is
no more of it than the interest explains.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from ..interfaces import IBrokerListener, IExits, WallClock
from ..model.account import Position
from ..model.enums import PositionEventKind, PositionSide
from ..model.events import PositionEvent
from ..model.market import Instrument
from ..model.money import ZERO, plain
from ..model.order import Order
from .books import Books, net_of
from .chronicle import Chronicle
from .told import Told
from .trading import TradingSwitch

LOOKS: Final = 2
"""A difference counts when it was seen so often with nothing executed in between."""

BUSY_LOOKS: Final = 4
"""And when it was so often the same although something was."""

SHOWN: Final = 5
"""Differences that are named."""


class Difference(Struct, frozen=True):
    """What must be held and what is, as it was seen in so many looks in a row, ``still`` counting
    those in which neither changed.
    """

    must: Decimal
    is_: Decimal
    looks: int = 1
    still: int = 1

    @property
    def excess(self) -> Decimal:
        """What nothing explains; fills that both sides know of do not change it."""
        return self.is_ - self.must

    @property
    def is_certain(self) -> bool:
        return self.still >= LOOKS or self.looks >= BUSY_LOOKS

    def seen_after(self, last: Difference | None) -> Difference:
        """With the looks of the *last* added, if that was the same."""
        if last is None or last.excess != self.excess:
            return self
        if last.is_certain:
            return replace(self, looks=last.looks, still=last.still)
        is_still = last.must == self.must
        return replace(self, looks=last.looks + 1, still=last.still + 1 if is_still else 1)


class Stock:
    """Compares *books*, kept by all that came in, with the broker's positions, of which *nets* says
    whether there is but one of each symbol.
    """

    def __init__(
        self,
        books: Books,
        told: Told,
        chronicle: Chronicle,
        trading: TradingSwitch,
        exits: IExits,
        now: WallClock,
        *,
        nets: bool = True,
    ) -> None:
        self._nets = nets
        self.instrument: Callable[[str], Instrument | None] = lambda _symbol: None
        """Knows the rules of a symbol, or not."""
        self._books = books
        self._told = told
        self._chronicle = chronicle
        self._trading = trading
        self._exits = exits
        self._now = now
        self._intake: IBrokerListener
        self._versions: Counter[str] = Counter()
        self._unbegun: set[str] = set()
        """Symbols of which it is not known yet what was held at the first start."""
        self._doubted: dict[str, Difference] = {}
        self._acknowledged: dict[str, Difference] = {}
        """What an operator has accepted of symbols that could not be looked at since."""
        self._was_restricted = trading.is_restricted
        self._before: dict[str, Decimal] | None = None
        """What was held when the gateway ended, until it was compared once."""

    def tell_to(self, intake: IBrokerListener) -> None:
        """What is found goes the way of live events."""
        self._intake = intake

    def begin(self) -> None:
        """The broker is about to be asked."""
        self._versions = self._told.versions.copy()
        if self._before is None:
            symbols = self._books.symbols() if self._nets else ()  # else each is known by its id
            self._before = {symbol: self._books.held(symbol) for symbol in symbols}

    def count(self, order: Order) -> None:
        """What *order* executed is in the books already."""
        self._books.count(order)

    @property
    def is_suspicious(self) -> bool:
        """Whether a difference was seen that must be seen again."""
        return bool(self._doubted) and not self._trading.is_restricted

    def compare(self, positions: Iterable[Position], *, is_first: bool) -> int:
        """Take in the broker's *positions*; how many events were missed."""
        overtaken = self._overtaken()
        positions = tuple(each for each in positions if each.symbol not in overtaken)
        net = net_of(positions)
        if is_first:
            self._accept(net, (self._books.symbols() | net.keys()) - overtaken)
            self._unbegun = overtaken.copy()
        else:
            self._accept(net, self._unbegun - overtaken)
            self._unbegun &= overtaken
        self._accept(net, self._trifles(net, positions) - overtaken)
        missing = self._tell_missing(positions, overtaken)
        unexplained = self._check(net, overtaken)
        self._exits.on_positions(positions, overtaken | unexplained)
        return missing

    def done(self, working: Iterable[Order]) -> None:
        """All that was missed is told, and these orders work: protection is put right."""
        self._exits.on_working(working)
        self._exits.reconciled()

    def _overtaken(self) -> set[str]:
        """Symbols in which something executed since the broker was asked, as far as that was heard.

        The exits count what an answer shows, before an event tells of it, and the books do not.
        """
        live = self._told.versions
        heard = {symbol for symbol in live if live[symbol] != self._versions[symbol]}
        return heard | self._told.ahead()

    # -- what was not told

    def _tell_missing(self, positions: tuple[Position, ...], overtaken: set[str]) -> int:
        told = {
            position.id: position
            for position in self._told.positions.values()
            if position.symbol not in overtaken
        }
        for position_id in told:
            self._told.executed.pop(position_id, None)  # the broker's answer counts it
        before = self._before or {}
        self._before = {symbol: before.pop(symbol) for symbol in before.keys() & overtaken}
        missing = 0
        for position in positions:
            last = told.pop(position.id, None)
            held_before = before.pop(position.symbol, ZERO)
            if last is not None:
                if (last.side, last.quantity) != (position.side, position.quantity):
                    missing += self._tell(PositionEventKind.MODIFIED, position)
            elif held_before == _signed(position):
                self._told.positions[position.id] = position  # told before the restart
            else:
                is_new = not held_before
                kind = PositionEventKind.OPENED if is_new else PositionEventKind.MODIFIED
                missing += self._tell(kind, position)
        for last in told.values():
            before.pop(last.symbol, None)
            missing += self._tell(PositionEventKind.CLOSED, self._closed(last))
        for symbol, quantity in before.items():
            missing += self._tell(PositionEventKind.CLOSED, _nothing(symbol, quantity, self._now()))
        return missing

    def _tell(self, kind: PositionEventKind, position: Position) -> int:
        event = PositionEvent(timestamp=self._now(), event=kind, position=position, reconciled=True)
        with self._told.surveyed():
            self._intake.on_event(event)
        return 1

    def _closed(self, last: Position) -> Position:
        return replace(last, quantity=ZERO, unrealized_pnl=ZERO, updated_at=self._now())

    # -- what cannot be

    def _check(self, net: dict[str, Decimal], overtaken: set[str]) -> set[str]:
        """Those of which *net* cannot be believed yet: they are not as they must be, and were not
        so before either.
        """
        self._acknowledge(net, overtaken)
        differences = self._differences(net, overtaken)
        unexplained = {
            symbol: difference
            for symbol, difference in differences.items()
            if difference.is_certain
        }
        unseen = {symbol: self._doubted[symbol] for symbol in self._doubted.keys() & overtaken}
        self._doubted = differences | unseen
        if unexplained:
            self._trading.restrict(_reason(unexplained))
        elif not self._doubted:
            self._trading.lift()
        self._was_restricted = self._trading.is_restricted
        return differences.keys() - unexplained.keys()

    def _acknowledge(self, net: dict[str, Decimal], overtaken: set[str]) -> None:
        """Accept what an operator has seen. What he could not be shown is no part of that."""
        if self._was_restricted and not self._trading.is_restricted:
            if self._doubted:
                self._acknowledged = self._doubted
            else:  # it was seen by the last process: all that is found now
                self._accept(net, set(self._differences(net, overtaken)))
                self._unbegun |= overtaken
        now = self._differences(net, overtaken)
        seen = {
            symbol
            for symbol in self._acknowledged.keys() & now.keys()
            if self._acknowledged[symbol].excess == now[symbol].excess
        }
        self._accept(net, seen)
        self._doubted = {
            symbol: self._doubted[symbol]
            for symbol in self._doubted
            if symbol not in self._acknowledged
        }
        left = self._acknowledged.keys() & overtaken
        self._acknowledged = {symbol: self._acknowledged[symbol] for symbol in left}

    def _differences(self, net: dict[str, Decimal], overtaken: set[str]) -> dict[str, Difference]:
        both = {
            symbol: Difference(self._books.held(symbol), net.get(symbol, ZERO))
            for symbol in (self._books.symbols() | net.keys()) - overtaken
        }
        return {
            symbol: difference.seen_after(self._doubted.get(symbol))
            for symbol, difference in both.items()
            if difference.excess
        }

    def _trifles(self, net: dict[str, Decimal], positions: Iterable[Position]) -> set[str]:
        """The symbols of which less than a step is other than it must be, or interest."""
        owed = {each.symbol: each.interest for each in positions if each.interest}
        found = set()
        for symbol in self._books.symbols() | net.keys():
            excess = net.get(symbol, ZERO) - self._books.held(symbol)
            interest = owed.get(symbol, ZERO) if excess < 0 else ZERO
            if excess and abs(excess) < interest + self._step(symbol):
                found.add(symbol)
        return found

    def _step(self, symbol: str) -> Decimal:
        known = self.instrument(symbol)
        return ZERO if known is None else known.quantity_step or ZERO

    def _accept(self, net: dict[str, Decimal], symbols: set[str]) -> None:
        """What the broker holds is how it is from now on."""
        for symbol in symbols:
            quantity = net.get(symbol, ZERO)
            self._books.set(symbol, quantity)
            self._chronicle.correct(symbol, quantity)


def _reason(differences: dict[str, Difference]) -> str:
    """The same as long as the differences are, whatever executes."""
    parts = [
        f"{symbol}: the broker holds {_compared(difference.excess)} than all executions give"
        for symbol, difference in sorted(differences.items())[:SHOWN]
    ]
    return "positions cannot be explained: " + "; ".join(parts)


def _compared(excess: Decimal) -> str:
    return f"{plain(abs(excess))} {'more' if excess > 0 else 'less'}"


def _signed(position: Position) -> Decimal:
    return position.quantity if position.side is PositionSide.LONG else -position.quantity


def _nothing(symbol: str, before: Decimal, at: datetime) -> Position:
    """A position that was held when the gateway ended, and is gone."""
    return Position(
        id=symbol,
        symbol=symbol,
        side=PositionSide.LONG if before > 0 else PositionSide.SHORT,
        quantity=ZERO,
        average_entry_price=ZERO,
        current_price=ZERO,
        unrealized_pnl=ZERO,
        realized_pnl=ZERO,
        opened_at=at,
        updated_at=at,
    )
