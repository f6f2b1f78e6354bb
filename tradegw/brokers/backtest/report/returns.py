"""Growth, and how evenly it came: daily returns and the ratios made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Final

from msgspec import Struct

from ....model.money import ONE, ZERO
from .exact import DAY, RATIOS, moment

_WEEKEND_SHARE: Final = Decimal("0.17")
_YEAR: Final = Decimal("365.25") * DAY
_LEAST_YEARS: Final = ONE / 52


class Evenness(Struct, frozen=True, kw_only=True):
    """Ratios per year; ``None`` where they are not defined. ``days`` is how many returns count."""

    days: int
    periods: int
    volatility: Decimal | None = None
    sharpe: Decimal | None = None
    sortino: Decimal | None = None


def evenness(
    cash: Decimal, days: Mapping[int, Decimal], risk_free: Decimal, periods: int | None
) -> Evenness:
    """Volatility, Sharpe and Sortino of the last equities of *days* (number since 1970), in order.

    *periods* per year; ``None``: 365 if more than 17 % of the days are Saturdays or Sundays, else
    252. Nothing is defined for fewer than two days, nor where an equity is not above zero.
    """
    periods = periods or _periods(days)
    returns = daily_returns(cash, list(days.values()))
    if returns is None or len(returns) < 2:
        return Evenness(days=len(days), periods=periods)
    with localcontext(RATIOS):
        root = Decimal(periods).sqrt()
        free = (ONE + risk_free) ** (ONE / periods) - ONE if risk_free else ZERO
        excess = [each - free for each in returns]
        average = sum(excess, ZERO) / len(excess)
        deviation = _deviation(excess)
        downside = (sum((min(each, ZERO) ** 2 for each in excess), ZERO) / len(excess)).sqrt()
        return Evenness(
            days=len(days),
            periods=periods,
            volatility=deviation * root,
            sharpe=average / deviation * root if deviation else None,
            sortino=average * root / downside if downside else None,
        )


def daily_returns(cash: Decimal, equities: Sequence[Decimal]) -> list[Decimal] | None:
    """From *cash* over each of *equities*; ``None`` if something had to grow out of nothing."""
    before = [cash, *equities[:-1]]
    if any(equity <= ZERO for equity in before):
        return None
    with localcontext(RATIOS):
        return [now / then - ONE for now, then in zip(equities, before, strict=True)]


def cagr(cash: Decimal, equity: Decimal, start: datetime, end: datetime) -> Decimal | None:
    """Growth per year of 365.25 days; ``None`` for less than a week of the 52, or below zero."""
    with localcontext(RATIOS):
        years = Decimal((end - start) // timedelta(microseconds=1)) / _YEAR
        if years < _LEAST_YEARS or equity < ZERO:
            return None
        return (equity / cash) ** (ONE / years) - ONE if equity else -ONE


def monthly_returns(
    cash: Decimal, days: Mapping[int, Decimal]
) -> dict[tuple[int, int], Decimal | None]:
    """The return of every calendar month (UTC) with data, by year and month."""
    ends: dict[tuple[int, int], Decimal] = {}
    for day, equity in days.items():
        date = moment(day * DAY).astimezone(UTC)
        ends[date.year, date.month] = equity
    found: dict[tuple[int, int], Decimal | None] = {}
    before = cash
    with localcontext(RATIOS):
        for month, equity in ends.items():
            found[month] = equity / before - ONE if before > ZERO else None
            before = equity
    return found


def _periods(days: Mapping[int, Decimal]) -> int:
    weekend = sum(1 for day in days if (day + 3) % 7 > 4)  # day 0 was a Thursday
    return 365 if weekend > _WEEKEND_SHARE * len(days) else 252


def _deviation(values: Sequence[Decimal]) -> Decimal:
    """Of a sample: the sum of squares is divided by one less than their number."""
    if all(value == values[0] for value in values):
        return ZERO  # not a rest of rounding
    average = sum(values, ZERO) / len(values)
    squares = sum(((value - average) ** 2 for value in values), ZERO)
    return (squares / (len(values) - 1)).sqrt()
