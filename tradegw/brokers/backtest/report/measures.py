"""All measures of a run, as in ``report.json``; formulas are in ``docs/backtest-report.md``."""

from __future__ import annotations

from decimal import Decimal, localcontext
from itertools import chain
from typing import Any, TypeAlias

from ....model.money import ONE, ZERO
from .costs import Costs
from .curve import EquityCurve
from .drawdown import Drawdown
from .exact import MONEY, RATIOS, micros, moment, quotient, ratio, stamp, tidy
from .facts import Ending, Setup
from .outcome import Outcome
from .recorder import Recorder
from .returns import cagr, evenness, monthly_returns

Measures: TypeAlias = "dict[str, Any]"


def measures(recorder: Recorder, curve: EquityCurve, setup: Setup, ending: Ending) -> Measures:
    """Decimals are money in account currency, floats are ratios, ``None`` is undefined.

    *curve* goes until the *ending*.
    """
    start = micros(ending.start), setup.cash
    drawdown = Drawdown.of(chain([start], curve.equities()))
    growth = cagr(setup.cash, ending.equity, ending.start, ending.end)
    days = curve.days()
    found = evenness(setup.cash, days, setup.risk_free, setup.periods)
    return {
        "total_return": ratio(_growth(setup.cash, ending.equity)),
        "net_profit": tidy(MONEY.subtract(ending.equity, setup.cash)),
        "cagr": ratio(growth),
        "volatility": ratio(found.volatility),
        "sharpe": ratio(found.sharpe),
        "sortino": ratio(found.sortino),
        **_drawdown(drawdown),
        "calmar": ratio(None if growth is None else quotient(growth, abs(drawdown.depth))),
        "exposure": ratio(quotient(recorder.exposed, recorder.closes)),
        **outcome(Outcome.of(recorder.trips)),
        **_costs(Costs.of(recorder.fills), curve),
        "buy_and_hold": {symbol: ratio(of) for symbol, of in buy_and_hold(recorder).items()},
        "days": found.days,
        "periods_per_year": found.periods,
        "risk_free": ratio(setup.risk_free),
    }


def outcome(found: Outcome) -> Measures:
    """The measures of round trips."""
    return {
        "trades": found.trades,
        "wins": found.wins,
        "losses": found.losses,
        "win_rate": ratio(found.win_rate),
        "profit_factor": ratio(found.profit_factor),
        "expectancy": found.expectancy,
        "average_win": found.average_win,
        "average_loss": found.average_loss,
        "best_trade": _tidy(found.best),
        "worst_trade": _tidy(found.worst),
        "average_duration_seconds": ratio(found.seconds),
        "average_bars": ratio(found.bars),
        "longest_losing_streak": found.losing_streak,
    }


def buy_and_hold(recorder: Recorder) -> dict[str, Decimal | None]:
    """From the first open to the last close of every symbol; ``None`` from below zero."""
    return {
        symbol: _growth(track.first_open, track.last_close)
        for symbol, track in recorder.tracks.items()
    }


def _growth(before: Decimal | None, after: Decimal | None) -> Decimal | None:
    if before is None or after is None or before <= ZERO:
        return None
    return RATIOS.subtract(RATIOS.divide(after, before), ONE)


def _drawdown(found: Drawdown) -> Measures:
    times = {"start": found.start, "trough": found.trough, "recovery": found.recovery}
    return {
        "max_drawdown": ratio(found.depth),
        **{
            f"max_drawdown_{name}": None if time is None else stamp(moment(time))
            for name, time in times.items()
        },
        "max_drawdown_duration_seconds": found.longest // 1_000_000,
    }


def _costs(costs: Costs, curve: EquityCurve) -> Measures:
    return {
        "turnover": ratio(_turnover(costs.notional, curve)),
        "traded_notional": tidy(costs.notional),
        "total_commission": tidy(costs.commission),
        "total_slippage": tidy(costs.slippage),
        "total_spread_cost": tidy(costs.spread),
    }


def _turnover(notional: Decimal, curve: EquityCurve) -> Decimal | None:
    """What was traded, of the average equity."""
    points = len(curve)
    with localcontext(MONEY):
        total = sum((equity for _, equity in curve.equities()), ZERO)
    return quotient(notional * points, total) if total > ZERO else None


def _tidy(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else tidy(amount)


def monthly(curve: EquityCurve, setup: Setup) -> dict[str, float | None]:
    """The return of every month with data, by ``YYYY-MM``."""
    found = monthly_returns(setup.cash, curve.days())
    return {f"{year:04}-{month:02}": ratio(of) for (year, month), of in found.items()}
