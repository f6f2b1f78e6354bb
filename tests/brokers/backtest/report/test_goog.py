"""The measures of a run over GOOG against those of the package ``backtesting``."""

from __future__ import annotations

from typing import Any

import pytest

from tests.brokers.backtest.report import goog


@pytest.mark.parametrize("commission", ["0", "0.001"])
class TestBeside:
    def test_what_is_defined_alike_is_alike(self, commission: str) -> None:
        """The same fills; the curve of the package is the equity at every close, as here."""
        theirs = goog.figures(float(commission))
        ours = goog.told(commission).metrics()
        assert ours["trades"] == theirs["# Trades"] == 94
        assert float(ours["net_profit"]) + 100_000 == near(theirs["Equity Final [$]"])
        assert ours["total_return"] * 100 == near(theirs["Return [%]"])
        assert ours["max_drawdown"] * 100 == near(theirs["Max. Drawdown [%]"])
        assert ours["win_rate"] * 100 == near(theirs["Win Rate [%]"])

    def test_every_trade_is_alike(self, commission: str) -> None:
        """Price, size, time and net result, one by one."""
        theirs = list(goog.figures(float(commission))._trades.itertuples())
        ours = goog.told(commission).recorder.trips
        for one, other in zip(ours, sorted(theirs, key=lambda t: t.ExitBar), strict=True):
            size = int(other.Size)
            assert one.quantity == abs(size)
            assert (one.side.value == "LONG") == (size > 0)
            assert one.entry_time.replace(tzinfo=None) == other.EntryTime
            assert one.exit_time.replace(tzinfo=None) == other.ExitTime
            assert float(one.pnl) == near(other.PnL, absolute=1e-6)

    def test_ratios_that_are_defined_a_little_differently_are_near(self, commission: str) -> None:
        """Theirs compound the average return and count the day of the exit as held."""
        theirs, ours = goog.figures(float(commission)), goog.told(commission).metrics()
        assert ours["sharpe"] == pytest.approx(theirs["Sharpe Ratio"], rel=0.03)
        assert ours["cagr"] * 100 == pytest.approx(theirs["CAGR [%]"], rel=0.002)
        assert ours["exposure"] * 100 == pytest.approx(theirs["Exposure Time [%]"], abs=0.1)
        assert ours["periods_per_year"] == 252


def near(value: float, absolute: float | None = None) -> Any:
    return pytest.approx(value, rel=1e-6, abs=absolute)
