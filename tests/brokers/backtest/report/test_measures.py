"""The measures against small cases that were reckoned by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import combinations_with_replacement
from math import sqrt
from statistics import mean, stdev
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.brokers.backtest.report.told import DAY, MONDAY, Tale
from tradegw.brokers.backtest.report.drawdown import Drawdown

SATURDAY = MONDAY + 5 * DAY


def told(*equities: int, step: timedelta = DAY, start: datetime = MONDAY) -> Tale:
    """A run whose equity stands at each of *equities* in turn, out of 1000."""
    tale = Tale(1000, start=start, step=step)
    tale.fill(1, 1000)
    for equity in equities:
        tale.bar(equity)
    return tale


def near(value: float) -> Any:
    return pytest.approx(value, rel=1e-7)


class TestFlat:
    def test_a_run_without_a_trade_is_all_zeros_and_undefined_ratios(self) -> None:
        tale = Tale()
        for _ in range(10):
            tale.bar(100, 110, 90, 100)
        found = tale.metrics()
        zeros = ("total_return", "cagr", "volatility", "max_drawdown", "exposure", "turnover")
        assert [found[name] for name in zeros] == [0.0] * len(zeros)
        undefined = (
            "sharpe", "sortino", "calmar", "win_rate", "profit_factor", "expectancy",
            "average_win", "average_loss", "best_trade", "worst_trade", "average_bars",
            "average_duration_seconds", "max_drawdown_start", "max_drawdown_trough",
            "max_drawdown_recovery",
        )  # fmt: skip
        assert [found[name] for name in undefined] == [None] * len(undefined)
        assert (found["trades"], found["longest_losing_streak"]) == (0, 0)
        assert found["max_drawdown_duration_seconds"] == 0

    def test_a_run_without_a_bar_can_be_reported(self) -> None:
        found = Tale().metrics()
        assert (found["total_return"], found["exposure"], found["cagr"]) == (0.0, None, None)


class TestOneTrade:
    def test_one_win(self) -> None:
        """10 bought at 100, sold at 110 two days later, 3 of commission."""
        tale = Tale(10_000)
        tale.fill(10, 100, commission=1)
        tale.bar(100, 112, 99, 105)
        tale.bar(105, 111, 104, 110)
        tale.fill(-10, 110, commission=2)
        tale.bar(110)
        tale.bar(110)
        found = tale.metrics()
        assert (found["net_profit"], found["total_return"]) == ("97", 0.0097)
        assert (found["trades"], found["win_rate"], found["profit_factor"]) == (1, 1.0, None)
        money = ("expectancy", "average_win", "best_trade", "worst_trade")
        assert [found[name] for name in money] == ["97"] * 4
        assert found["average_loss"] is None
        assert found["average_duration_seconds"] == 2 * 86_400
        assert (found["average_bars"], found["exposure"]) == (2.0, 0.5)
        assert (found["total_commission"], found["traded_notional"]) == ("3", "2100")
        assert found["longest_losing_streak"] == 0

    def test_turnover_is_what_was_traded_of_the_average_equity(self) -> None:
        found = told(1000, 1100, 900, 1000).metrics()
        assert found["turnover"] == 1.0

    def test_one_loss(self) -> None:
        tale = Tale(10_000)
        tale.fill(10, 100)
        tale.bar(95)
        tale.fill(-10, 90)
        tale.bar(90)
        found = tale.metrics()
        assert (found["total_return"], found["win_rate"]) == (-0.01, 0.0)
        assert (found["profit_factor"], found["average_win"]) == (0.0, None)
        assert (found["average_loss"], found["longest_losing_streak"]) == ("-100", 1)

    def test_wins_and_losses(self) -> None:
        """+30, -10, -10, 0, -5, +15: a factor of 45/25; zero ends a streak, and is no win."""
        tale = Tale()
        for result in (30, -10, -10, 0, -5, 15):
            tale.fill(1, 100)
            tale.bar(100)
            tale.fill(-1, 100 + result)
        tale.bar(100)
        found = tale.metrics()
        assert (found["wins"], found["losses"], found["trades"]) == (2, 3, 6)
        assert (found["profit_factor"], found["win_rate"]) == (1.8, 0.33333333)
        assert (found["expectancy"], found["average_win"]) == ("3.333333333333", "22.5")
        assert (found["best_trade"], found["worst_trade"]) == ("30", "-10")
        assert found["longest_losing_streak"] == 2

    def test_what_is_open_is_no_trade(self) -> None:
        tale = Tale(1000)
        tale.fill(1, 100, commission=2)
        tale.bar(90)
        report = tale.report().document
        assert report["metrics"]["trades"] == 0
        assert report["metrics"]["net_profit"] == "-12"
        (lot,) = report["open_trades"]
        assert (lot["unrealized_pnl"], lot["mark"], lot["quantity"]) == ("-12", "90", "1")


class TestDrawdown:
    def test_with_recovery(self) -> None:
        """1200 on the second day, 900 on the fourth, 1200 again on the sixth."""
        found = told(1100, 1200, 1000, 900, 1100, 1200, 1300).metrics()
        assert found["max_drawdown"] == -0.25
        assert found["max_drawdown_start"] == "2024-01-03T00:00:00Z"
        assert found["max_drawdown_trough"] == "2024-01-05T00:00:00Z"
        assert found["max_drawdown_recovery"] == "2024-01-07T00:00:00Z"
        assert found["max_drawdown_duration_seconds"] == 4 * 86_400

    def test_without_recovery(self) -> None:
        """It lasts until the end."""
        found = told(1200, 900, 1100, 1100).metrics()
        assert found["max_drawdown_recovery"] is None
        assert found["max_drawdown_duration_seconds"] == 3 * 86_400

    def test_the_longest_need_not_be_the_deepest(self) -> None:
        found = told(1000, 500, 1000, 990, 990, 990, 990, 1000).metrics()
        assert found["max_drawdown"] == -0.5
        assert found["max_drawdown_recovery"] == "2024-01-04T00:00:00Z"
        assert found["max_drawdown_duration_seconds"] == 5 * 86_400

    def test_the_cash_at_the_start_is_the_first_peak(self) -> None:
        found = told(900, 950).metrics()
        assert found["max_drawdown"] == -0.1
        assert found["max_drawdown_start"] == "2024-01-01T00:00:00Z"

    def test_it_is_found_within_a_day_too(self) -> None:
        """The full curve counts, not only the last of every day."""
        found = told(1000, 500, 1000, step=timedelta(hours=1)).metrics()
        assert found["max_drawdown"] == -0.5

    @given(st.lists(st.integers(1, 400), max_size=30))
    @settings(derandomize=True, deadline=None)
    def test_it_is_what_a_look_at_all_pairs_finds(self, equities: list[int]) -> None:
        curve = [(n, Decimal(equity)) for n, equity in enumerate([200, *equities])]
        found = Drawdown.of(curve)
        pairs = combinations_with_replacement([Fraction(equity) for _, equity in curve], 2)
        deepest = min(now / then - 1 for then, now in pairs)
        assert float(found.depth) == pytest.approx(float(deepest))
        back = [_lasts(at, curve) for at in range(len(curve))]
        assert found.longest == max(back)
        if found.depth:
            assert found.start is not None
            assert found.trough is not None
            fell = curve[found.trough][1] / curve[found.start][1] - 1
            assert float(fell) == pytest.approx(float(found.depth))
            later = curve[found.trough :]
            recovered = [n for n, equity in later if equity >= curve[found.start][1]]
            assert found.recovery == (recovered[0] if recovered else None)


def _lasts(at: int, curve: list[tuple[int, Decimal]]) -> int:
    """How long the equity is below what it was at *at*, which was its highest so far."""
    level = curve[at][1]
    if any(equity > level for _, equity in curve[:at]) or curve[at + 1 :][:1] == []:
        return 0
    if curve[at + 1][1] >= level:
        return 0
    return next((n for n, equity in curve[at + 1 :] if equity >= level), curve[-1][0]) - at


class TestRatios:
    RETURNS = (0.1, -0.05, 0.02, 0.0, -0.01)

    def tale(self, start: datetime = MONDAY) -> Tale:
        tale = Tale(1_000_000, start=start)
        tale.fill(1, 1_000_000)
        equity = Decimal(1_000_000)
        for growth in self.RETURNS:
            equity *= 1 + Decimal(str(growth))
            tale.bar(equity)
        return tale

    def test_they_are_of_daily_returns(self) -> None:
        found = self.tale().metrics()
        returns = self.RETURNS
        assert (found["days"], found["periods_per_year"]) == (5, 252)
        assert found["volatility"] == near(stdev(returns) * sqrt(252))
        assert found["sharpe"] == near(mean(returns) / stdev(returns) * sqrt(252))
        downside = sqrt((0.05**2 + 0.01**2) / 5)
        assert found["sortino"] == near(mean(returns) * sqrt(252) / downside)

    def test_the_risk_free_rate_is_taken_off_every_day(self) -> None:
        found = self.tale().metrics(risk_free=Decimal("0.05"))
        free = 1.05 ** (1 / 252) - 1
        excess = [each - free for each in self.RETURNS]
        assert found["sharpe"] == near(mean(excess) / stdev(excess) * sqrt(252))
        downside = sqrt(mean(min(each, 0) ** 2 for each in excess))
        assert found["sortino"] == near(mean(excess) * sqrt(252) / downside)
        assert found["volatility"] == near(stdev(self.RETURNS) * sqrt(252))

    def test_a_market_that_is_open_at_the_weekend_has_365_periods(self) -> None:
        """Two of five days are a Saturday and a Sunday."""
        found = self.tale(start=SATURDAY).metrics()
        assert found["periods_per_year"] == 365
        assert found["sharpe"] == near(mean(self.RETURNS) / stdev(self.RETURNS) * sqrt(365))

    def test_a_friday_that_ends_on_saturday_is_a_friday(self) -> None:
        """Daily bars from Monday to Friday: the last ends on Saturday at 00:00."""
        assert self.tale().metrics()["periods_per_year"] == 252

    def test_a_market_that_opens_on_sunday_evening_has_252(self) -> None:
        """One day of six is less than 17 percent."""
        tale = Tale(step=timedelta(hours=2), start=datetime(2024, 1, 7, 22, tzinfo=UTC))
        for _ in range(12 * 5):
            tale.bar(100)
        assert (tale.metrics()["days"], tale.metrics()["periods_per_year"]) == (6, 252)

    def test_periods_can_be_set(self) -> None:
        assert self.tale().metrics(periods=52)["periods_per_year"] == 52

    def test_hours_are_not_days(self) -> None:
        """Three days of eight three-hour bars: the last of each counts."""
        equities = [1000] * 7 + [1100] + [1500] * 7 + [1210] + [1] * 7 + [1331]
        found = told(*equities, step=timedelta(hours=3)).metrics()
        assert (found["days"], found["volatility"], found["sharpe"]) == (3, 0.0, None)

    def test_under_two_days_nothing_is_defined(self) -> None:
        found = told(1100, 1000, step=timedelta(hours=1)).metrics()
        assert [found[name] for name in ("volatility", "sharpe", "sortino", "cagr", "calmar")] == [
            None
        ] * 5

    def test_no_day_that_lost_leaves_sortino_undefined(self) -> None:
        found = told(1100, 1300, 1300).metrics()
        assert found["sortino"] is None
        assert found["sharpe"] > 0

    def test_an_equity_below_zero_leaves_ratios_undefined(self) -> None:
        """What follows would have to grow out of nothing."""
        found = told(500, -100, 200).metrics()
        assert (found["sharpe"], found["max_drawdown"]) == (None, -1.1)

    def test_weeks_of_one_point_are_returns_of_days_with_data(self) -> None:
        found = told(1100, 1210, step=timedelta(days=7)).metrics()
        assert found["days"] == 2


class TestGrowth:
    def test_two_years_of_doubling(self) -> None:
        """1000 to 4000 in 730.5 days is 100 percent a year."""
        tale = Tale(1000)
        tale.fill(1, 1000)
        tale.bar(2000)
        tale.time = MONDAY + timedelta(days=730, hours=12) - DAY
        tale.bar(4000)
        found = tale.metrics()
        assert found["cagr"] == 1.0
        assert (found["total_return"], found["calmar"]) == (3.0, None)

    def test_below_a_week_there_is_none(self) -> None:
        """A 52nd of a year is seven days and half an hour."""
        week = told(*[1100] * 7).metrics()
        assert week["cagr"] is None
        assert told(*[1100] * 8).metrics()["cagr"] is not None

    def test_all_lost_is_all_lost(self) -> None:
        assert told(*[500] * 9, 0).metrics()["cagr"] == -1.0
        assert told(*[500] * 9, -1).metrics()["cagr"] is None

    def test_calmar_is_growth_by_drawdown(self) -> None:
        found = told(*[1000] * 5, 800, *[1100] * 5).metrics()
        assert found["calmar"] == near(found["cagr"] / 0.2)

    def test_buy_and_hold_is_from_the_first_open(self) -> None:
        tale = Tale()
        tale.bar(80, 110, 70, 100)
        tale.bar(100, 130, 90, 120)
        assert tale.metrics()["buy_and_hold"] == {"GOOG": 0.5}

    def test_months_are_from_end_to_end(self) -> None:
        """January ends at 1100, February at 990; the bar that ends on 1 February is January's."""
        tale = Tale(1000)
        tale.fill(1, 1000)
        tale.bar(1050)
        tale.time = MONDAY + 30 * DAY
        tale.bar(1100)
        tale.bar(990)
        assert tale.report().document["monthly_returns"] == {"2024-01": 0.1, "2024-02": -0.1}

    def test_closing_at_the_end_counts(self) -> None:
        """What is paid after the last close is in the last equity, day and drawdown."""
        tale = told(1000, 1100)
        tale.fill(-1, 1100, commission=100)
        report = tale.report().document
        assert report["metrics"]["total_return"] == 0.0
        assert report["monthly_returns"] == {"2024-01": 0.0}
        assert report["metrics"]["max_drawdown"] == 0.0


class TestCosts:
    def test_slippage_and_spread_are_in_account_currency(self) -> None:
        tale = Tale()
        more: dict[str, Any] = {"multiplier": Decimal(10), "rate": Decimal("1.5")}
        tale.fill(2, 100, slippage=Decimal("0.1"), half_spread=Decimal("0.2"), **more)
        found = tale.metrics()
        assert (found["total_slippage"], found["total_spread_cost"]) == ("3", "6")
        assert found["traded_notional"] == "3000"

    def test_ratios_have_eight_significant_digits(self) -> None:
        tale = Tale(3)
        tale.fill(1, 1)
        tale.bar(2)
        assert tale.metrics()["total_return"] == 0.33333333
