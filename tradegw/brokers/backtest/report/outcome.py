"""What the round trips came to."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext

from msgspec import Struct

from ....model.money import ZERO
from .exact import MONEY, quotient, tidy
from .trips import Trip


class Outcome(Struct, frozen=True, kw_only=True):
    """Money is net of commission, in account currency; ``None`` is the average of nothing."""

    trades: int
    wins: int
    losses: int
    net: Decimal
    commission: Decimal
    win_rate: Decimal | None
    profit_factor: Decimal | None
    expectancy: Decimal | None
    average_win: Decimal | None
    average_loss: Decimal | None
    best: Decimal | None
    worst: Decimal | None
    seconds: Decimal | None
    """How long a trip took on average."""
    bars: Decimal | None
    losing_streak: int

    @classmethod
    def of(cls, trips: Sequence[Trip]) -> Outcome:
        """*trips* in the order in which they ended. A trip of exactly zero neither won nor lost."""
        with localcontext(MONEY):
            results = [trip.pnl for trip in trips]
            wins = [result for result in results if result > ZERO]
            losses = [result for result in results if result < ZERO]
            count = len(trips)
            gained, lost, net = (sum(some, ZERO) for some in (wins, losses, results))
            return cls(
                trades=count,
                wins=len(wins),
                losses=len(losses),
                net=net,
                commission=sum((trip.commission for trip in trips), ZERO),
                win_rate=quotient(len(wins), count),
                profit_factor=quotient(gained, -lost),
                expectancy=_average(net, count),
                average_win=_average(gained, len(wins)),
                average_loss=_average(lost, len(losses)),
                best=max(results, default=None),
                worst=min(results, default=None),
                seconds=quotient(sum((_seconds(trip) for trip in trips), ZERO), count),
                bars=quotient(sum(trip.bars for trip in trips), count),
                losing_streak=_longest_losing_streak(results),
            )


def trip_return(trip: Trip) -> Decimal | None:
    """Net P&L of what the entry was worth."""
    return quotient(trip.pnl, trip.paid)


def _average(amount: Decimal, count: int) -> Decimal | None:
    return tidy(amount / count) if count else None


def _seconds(trip: Trip) -> Decimal:
    return Decimal(str((trip.exit_time - trip.entry_time).total_seconds()))


def _longest_losing_streak(results: Sequence[Decimal]) -> int:
    longest = current = 0
    for result in results:
        current = current + 1 if result < ZERO else 0
        longest = max(longest, current)
    return longest
