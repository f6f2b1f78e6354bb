"""An exchange through which history is played: a clock outside says when each thing is to happen.

A bar is opened, walked from one hit to the next, and left; ticks are jumps. Where a step can be
told in parts it is an iterator that pauses after each part that was told; while it does, orders in
the same symbol are in answer to its own fill and take part from that very price on. Orders sent at
any other time take part from the next open or tick of their symbol.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from ..model.account import Trade
from ..model.enums import OrderStatus
from ..model.events import Event
from ..model.money import ONE
from .desk import Deal, Ids
from .fills import FillNote, Where
from .foresight import Foresight
from .inside import Hit, Inside
from .market import Market
from .paths import PriceBar, closing, opening
from .post import Listing, Post
from .terms import Terms
from .ticks import Tick
from .working import WorkingOrder

__all__ = ["Ids", "Listing", "Playback"]

_NOTHING: Final[tuple[None, ...]] = ()


class _Bar(NamedTuple):
    """A bar in progress, the way through it, and how far on it; only as far as it is needed."""

    bar: PriceBar
    end: datetime
    way: Sequence[Tick] = ()
    inside: Inside | None = None


class Playback(Post):
    """One account. *deliver* receives the events, *filled* a note of each fill before those,
    *ambiguous* the symbol and begin of each bar that would have ended otherwise the other way
    round, with the equity that is at stake.

    A step of a symbol, an iterator, is to be exhausted before the next of that symbol is begun.
    """

    def __init__(
        self,
        terms: Terms,
        listing: Listing,
        ids: Ids,
        deliver: Callable[[Event], None],
        filled: Callable[[FillNote], None] | None = None,
        ambiguous: Callable[[str, datetime, Decimal], None] | None = None,
    ) -> None:
        super().__init__(terms, listing, ids, deliver, None if filled is None else self._note)
        self.ambiguous_bars = 0
        self._noted = filled
        self._ambiguous = ambiguous
        self._foresight = Foresight(terms, self._account, self._ledger, self._watch)
        self._bars: dict[str, _Bar] = {}
        self._hits: dict[str, tuple[int, Hit | None]] = {}

    def open(self, tick: Tick) -> Iterator[None]:
        """A quote or a trade: the price is there from now on."""
        self._hits.pop(tick.symbol, None)
        return self._jump(tick, in_bar=False)

    def open_bar(self, symbol: str, bar: PriceBar, end: datetime) -> Iterator[None]:
        """*bar* opens, and goes on until *end*; which way is chosen when all is told."""
        self._bars[symbol] = _Bar(bar, end)
        self._hits.pop(symbol, None)
        market, tick = self._market(symbol), opening(symbol, bar)
        if self._is_quiet(market):
            return self._jump(tick, in_bar=True)
        return self._open_bar(market, tick)

    def next_hit(self, symbol: str) -> datetime | None:
        """When something is to be carried out by :meth:`hit` next in the bar of *symbol*.

        It may change with anything that is done. Nothing need come of it: it may be a price at
        which only the margin is looked at.
        """
        hit = self._next(symbol)
        return None if hit is None else max(hit.time, self.time)

    def hit(self, symbol: str) -> Iterator[None]:
        """Carry out what :meth:`next_hit` announces."""
        hit = self._next(symbol)
        inside = self._bars[symbol].inside
        if inside is None or hit is None:
            return
        market = self._market(symbol)
        market.catch_up(self.time)  # a hit is told by the millisecond, rounded down
        self._hits.pop(symbol, None)
        yield from self._told(market, inside.steps(hit))
        self.time = max(self.time, hit.time)

    def leave(self, symbol: str) -> Iterator[None]:
        """The bar of *symbol* closes; nothing but a liquidation can come of it."""
        bar, end, _, inside = self._bars.pop(symbol)
        self._hits.pop(symbol, None)
        self.time = max(self.time, end)
        market = self._market(symbol)
        if inside is not None:
            inside.go_until(end)
        market.where = Where.INSIDE
        market.arrive(closing(symbol, bar, end))
        if not self._account.holds(symbol):
            return iter(_NOTHING)
        return self._told(market, self._guard.steps(market), reacts=False)

    def close_all(self) -> Iterator[None]:
        """Close all that is open at the prices last shown."""
        for _ in self._liquidation.close_all(self._markets, self.time):
            self._outbox.flush()
            yield

    def end_market(self, symbol: str) -> None:
        """There are no more prices of *symbol*: what rests expires, and nothing new is taken.

        Exits that were placed for what is held stay: whoever did would place them again for ever.
        """
        self._market(symbol).is_over = True
        for order in list(self._ledger.book(symbol).values()):
            is_exit = order.pair is not None and self._account.reducible(order)
            if order.is_working and not is_exit:
                self._desk.end(order, OrderStatus.EXPIRED, self.time)
        self._outbox.flush()

    def last_tick(self, symbol: str) -> Tick | None:
        """The price of *symbol* as last shown: by a fill inside of a bar too; sizes are a quote's.

        Nothing of a bar's volume is told before it has ended.
        """
        market = self._markets.get(symbol)
        shown = None if market is None else market.tick
        if market is None or shown is None:
            return None
        prices = market.bid, market.ask, market.last
        return Tick(symbol, market.time, *prices, shown.bid_size, shown.ask_size)

    def never_active(self) -> list[str]:
        """The ids of the working orders that have not met a price."""
        return [order.id for order in self._ledger.all_working() if order.active_since is None]

    def _is_quiet(self, market: Market) -> bool:
        """Whether a price need only be shown."""
        return market.is_idle and not self._account.holds(market.instrument.symbol)

    def _jump(self, tick: Tick, *, in_bar: bool) -> Iterator[None]:
        market = self._markets.get(tick.symbol) or self._market(tick.symbol)
        if self._is_quiet(market):
            self._come_to(tick.time)
            market.show(tick)
            return iter(_NOTHING)
        return self._jumped(market, tick, in_bar=in_bar)

    def _jumped(self, market: Market, tick: Tick, *, in_bar: bool) -> Iterator[None]:
        self.advance(tick.time)
        market.catch_up(self.time)
        if self._drop_useless(tick.symbol):
            yield
        yield from self._told(market, market.jump(tick), reacts=in_bar)
        yield from self._told(market, self._guard.steps(market), reacts=in_bar)

    def _open_bar(self, market: Market, tick: Tick) -> Iterator[None]:
        yield from self._jumped(market, tick, in_bar=True)
        if self._is_quiet(market):
            return
        bar, end, *_ = self._bars[tick.symbol]
        way, at_stake, quiet = self._foresight.choose(market, bar, end)
        self._bars[tick.symbol] = _Bar(bar, end, way)
        if at_stake:
            self.ambiguous_bars += 1
            if self._ambiguous is not None:
                self._ambiguous(tick.symbol, bar.time, at_stake)
        if not quiet:
            self._walk(market)

    def _walk(self, market: Market) -> Inside | None:
        """How far *market* is on the way through its bar, if there is one to go."""
        symbol = market.instrument.symbol
        bar = self._bars.get(symbol)
        if bar is None or not bar.way or bar.inside is not None:
            return None if bar is None else bar.inside
        inside = Inside(
            market, bar.way, self._guard, begin=bar.bar.time, through=self._terms.limit_through
        )
        self._bars[symbol] = bar._replace(inside=inside)
        return inside

    def _told(
        self, market: Market, steps: Iterator[None], *, reacts: bool = True
    ) -> Iterator[None]:
        """*steps*, each of them told; meanwhile what is sent is in answer to it."""
        for _ in steps:
            self.time = max(self.time, market.time)
            market.reacts = reacts
            if self._outbox.flush():
                yield
            market.reacts = False

    def _next(self, symbol: str) -> Hit | None:
        """What is to be carried out next; asked anew if anything was done since."""
        bar = self._bars.get(symbol)
        if bar is None or not bar.way:
            return None
        known = self._hits.get(symbol)
        if known is not None and known[0] == self._desk.revision:
            return known[1]
        market = self._market(symbol)
        if any(self._guard.is_concerned(market, corner.last) for corner in bar.way[:-1]):
            self._walk_to_now(symbol)
        inside = self._bars[symbol].inside
        hit = None if inside is None else inside.next()
        self._hits[symbol] = (self._desk.revision, hit)
        return hit

    def _walk_to_now(self, symbol: str) -> None:
        inside = self._walk(self._market(symbol))
        if inside is not None:
            inside.go_until(self.time)

    def _note(
        self, market: Market, order: WorkingOrder, trade: Trade, key: str, deal: Deal
    ) -> None:
        """Write the note of a fill."""
        assert self._noted is not None
        bar = self._bars.get(trade.symbol)
        touch_only = False
        if market.where is Where.INSIDE and order.is_live_limit and bar and bar.inside:
            touch_only = bar.inside.is_at_extreme(order, trade.price)
        self._noted(
            FillNote(
                trade=trade,
                order=order.snapshot(),
                where=market.where,
                slippage=abs(deal.price - deal.base),
                half_spread=abs(deal.base - market.last),
                touch_only=touch_only,
                liquidation=order.liquidates,
                position_id=key if self._terms.hedging else None,
                multiplier=market.instrument.multiplier,
                rate=ONE if self._listing.rate is None else self._listing.rate(trade.symbol),
            )
        )
