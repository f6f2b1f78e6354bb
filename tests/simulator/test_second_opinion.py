"""Another backtester, on the data that it ships, comes to the same trades: price, time and size.

It knows no path inside of a bar: of a stop and a target that are both reached it takes the stop,
as the worst path does. One class differs, and is told apart here: it has an entry that opens
beyond its own target stopped in the same bar, although the target came first.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

import pytest

from tests.simulator.floor import BUY, SELL
from tests.simulator.player import Player
from tradegw.model.enums import Side
from tradegw.simulator.costs import Commission
from tradegw.simulator.paths import PriceBar, Prices

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it has opinions about where it runs
    import backtesting
    from backtesting import test as shipped

CASH = 1_000_000
SIZE = 10
FAST, SLOW = 10, 25


class Trip(NamedTuple):
    """From an entry to its exit; times are the starts of bars."""

    size: int
    entry_time: datetime
    entry: Decimal
    exit_time: datetime
    exit: Decimal


class Entry(NamedTuple):
    """What to do when a bar has ended: be on that side, with exits there."""

    side: Side
    stop_loss: float | None = None
    take_profit: float | None = None


Plan = dict[int, Entry]
"""By the number of the bar that has just ended."""


@cache
def rows(name: str) -> list[tuple[datetime, float, float, float, float]]:
    frame = getattr(shipped, name).iloc[:1500].tz_localize("UTC")
    return [
        (stamp.to_pydatetime(), *(float(v) for v in values))
        for stamp, values in zip(
            frame.index, frame[["Open", "High", "Low", "Close"]].to_numpy(), strict=True
        )
    ]


def exact(number: float) -> Decimal:
    return Decimal(repr(float(number)))


def crossings(closes: Sequence[float]) -> Iterator[tuple[int, Side]]:
    """Where the fast mean passes the slow one, judged by closes that are over."""

    def mean(length: int, end: int) -> float:
        return sum(closes[end - length + 1 : end + 1]) / length

    for n in range(SLOW, len(closes)):
        was, now = (mean(FAST, at) > mean(SLOW, at) for at in (n - 1, n))
        if was is not now:
            yield n, BUY if now else SELL


def crossover(name: str) -> Plan:
    return {n: Entry(side) for n, side in crossings([row[4] for row in rows(name)])}


def bracketed(name: str, share: float) -> Plan:
    """Long and short entries with exits at *share* of the last close on each side."""
    plan: Plan = {}
    closes = [row[4] for row in rows(name)]
    for n, side in crossings(closes):
        reach = round(closes[n] * share, 5) * side.sign
        plan[n] = Entry(side, round(closes[n] - reach, 5), round(closes[n] + reach, 5))
    return plan


def theirs(name: str, plan: Plan, commission: float) -> Any:
    """The trades of the other backtester, as it tells of them."""

    class Follows(backtesting.Strategy):  # type: ignore[misc]  # it is not annotated
        def init(self) -> None:
            pass

        def next(self) -> None:
            entry = plan.get(len(self.data) - 1)
            if entry is None:
                return
            if entry.stop_loss is None:
                self.position.close()
            elif self.trades:
                return
            send = self.buy if entry.side is BUY else self.sell
            send(size=SIZE, sl=entry.stop_loss, tp=entry.take_profit)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that some trades are open at the end
        test = backtesting.Backtest(
            getattr(shipped, name).iloc[:1500], Follows, cash=CASH, commission=commission
        )
        return test.run()


def their_trips(stats: Any) -> list[Trip]:
    trips = [
        Trip(
            int(each.Size),
            each.EntryTime.to_pydatetime(),
            exact(each.EntryPrice),
            each.ExitTime.to_pydatetime(),
            exact(each.ExitPrice),
        )
        for each in stats["_trades"].itertuples()
    ]
    return sorted(trips, key=lambda trip: trip.entry_time)


def ours(name: str, length: timedelta, plan: Plan, commission: str) -> Player:
    player = Player(cash=Decimal(CASH), commission=Commission.parse(commission))

    def follow(entry: Entry) -> Callable[[Player], None]:
        def act(player: Player) -> None:
            held = player.playback.position("X")
            if entry.stop_loss is None:
                if held is not None:
                    player.send(held.side.closing, held.quantity, reduce_only=True)
            elif held is not None:
                return
            exits = {"stop_loss": entry.stop_loss, "take_profit": entry.take_profit}
            player.send(entry.side, SIZE, **exits)

        return act

    for number, entry in plan.items():
        player.after(number, follow(entry))
    bars = []
    for start, *four in rows(name):
        prices = Prices(*(exact(price) for price in four))
        bars.append(PriceBar(start, prices, prices))
    player.play(bars, length)
    return player


def our_trips(name: str, player: Player) -> list[Trip]:
    starts = [start for start, *_ in rows(name)]
    trips, opened = [], None
    for trade in player.playback.trades():
        start = max(start for start in starts if start <= trade.timestamp).replace(tzinfo=None)
        if opened is None:
            opened = (trade.side.sign * int(trade.quantity), start, trade.price)
        else:
            trips.append(Trip(*opened, start, trade.price))
            opened = None
    return trips


DATA = [("GOOG", timedelta(days=1)), ("EURUSD", timedelta(hours=1))]


@pytest.mark.parametrize(("name", "length"), DATA)
@pytest.mark.parametrize(("rate", "text"), [(0.0, "0"), (0.002, "0.2%")])
def test_a_crossover_makes_the_same_trades(
    name: str, length: timedelta, rate: float, text: str
) -> None:
    plan = crossover(name)
    stats = theirs(name, plan, rate)
    player = ours(name, length, plan, text)
    found = our_trips(name, player)
    assert len(found) > 20
    assert found == their_trips(stats)
    charged = sum(trade.commission for trade in player.playback.trades()[: 2 * len(found)])
    assert float(charged) == pytest.approx(float(stats["_trades"].Commission.sum()))
    gained = sum(trip.size * (trip.exit - trip.entry) for trip in found) - charged
    assert float(gained) == pytest.approx(float(stats["_trades"].PnL.sum()))


@pytest.mark.parametrize(
    ("name", "length", "share"),
    [(*DATA[0], 0.01), (*DATA[0], 0.03), (*DATA[1], 0.0005), (*DATA[1], 0.002)],
)
def test_brackets_make_the_same_trades(name: str, length: timedelta, share: float) -> None:
    """But for an entry that opened beyond its target in a bar that reached the stop too."""
    plan = bracketed(name, share)
    trips = their_trips(theirs(name, plan, 0.0))
    found = our_trips(name, ours(name, length, plan, "0"))
    assert len(found) > 10
    differing = [(one, other) for one, other in zip(found, trips, strict=True) if one != other]
    for one, other in differing:
        assert one.entry_time == one.exit_time == other.exit_time
        assert one[:3] == other[:3]
        assert one.exit == one.entry  # the open, which was beyond the target
    assert len(differing) < len(found) / 5
