"""A run over the GOOG data that the package ``backtesting`` ships, as both count it."""

from __future__ import annotations

import warnings
from datetime import UTC
from decimal import Decimal
from functools import lru_cache
from typing import Any

from tests.brokers.backtest.report.told import Tale
from tradegw.brokers.backtest.report.facts import Where

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of its plotting, which is not used
    from backtesting import Backtest, Strategy
    from backtesting.lib import crossover
    from backtesting.test import GOOG, SMA


class SmaCross(Strategy):  # type: ignore[misc]  # the package is not typed
    """Long while the ten-day average is above the twenty-day one, else short."""

    def init(self) -> None:
        self.fast = self.I(SMA, self.data.Close, 10)
        self.slow = self.I(SMA, self.data.Close, 20)

    def next(self) -> None:
        if crossover(self.fast, self.slow):
            self.position.close()
            self.buy(size=10)
        elif crossover(self.slow, self.fast):
            self.position.close()
            self.sell(size=10)


@lru_cache
def figures(commission: float = 0.0) -> Any:
    """What the package finds."""
    run = Backtest(GOOG, SmaCross, cash=100_000, commission=commission, finalize_trades=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of numpy inside of it
        return run.run()


def told(commission: str = "0") -> Tale:
    """The same trades, told to a recorder."""
    found = figures(float(commission))
    rate = Decimal(commission)
    tale = Tale(start=GOOG.index[0].to_pydatetime().replace(tzinfo=UTC))
    fills: dict[int, list[tuple[int, int, Decimal]]] = {}
    last = len(GOOG) - 1
    for number, trade in enumerate(found._trades.itertuples()):
        size = int(trade.Size)
        fills.setdefault(trade.EntryBar, []).append((number, size, _price(trade.EntryPrice)))
        fills.setdefault(trade.ExitBar, []).append((number, -size, _price(trade.ExitPrice)))
    for bar, row in enumerate(GOOG.itertuples()):
        tale.time = row.Index.to_pydatetime().replace(tzinfo=UTC)
        for _, size, price in sorted(fills.get(bar, []), key=lambda fill: fill[0]):
            charge = abs(size) * price * rate
            where = Where.END if bar == last else Where.OPEN
            tale.fill(size, price, charge, where=where)
        tale.bar(*(_price(value) for value in (row.Open, row.High, row.Low, row.Close)))
    return tale


def _price(value: float) -> Decimal:
    return Decimal(str(value))
