"""What a quote currency is worth in that of the account."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from ....model.money import ONE
from .errors import DataError
from .loaded import DataSets

_RECIPROCAL: Final = "1/"


def check_currencies(datasets: DataSets, currency: str) -> None:
    """Raise ``DataError`` for a symbol in another currency than the account's if no
    rate is loaded.
    """
    for symbol in datasets.symbols:
        options = datasets.options(symbol)
        if options.currency in (None, currency) and options.fx is None:
            continue
        if options.fx is None:
            raise DataError(
                f"{symbol} is in {options.currency}, the account in {currency}: "
                'name the series of the rate with "fx"'
            )
        source = _series_of(options.fx)
        if source not in datasets.symbols:
            raise DataError(f"{symbol}: fx {options.fx!r} is none of the symbols of the data")
        if datasets.driver(source).first > datasets.driver(symbol).first:
            raise DataError(f"{symbol}: the prices of its fx {source} begin later than its own")


def rates(datasets: DataSets, last: Callable[[str], Decimal | None]) -> Callable[[str], Decimal]:
    """What tells, for a symbol, account currency per unit of its quote currency.

    *last* tells the last price shown of a symbol; before there is one, the first of its series
    counts, which is not later than the first of any symbol that needs it.
    """
    sources: dict[str, tuple[str, bool]] = {}
    for symbol in datasets.symbols:
        fx = datasets.options(symbol).fx
        if fx is not None:
            sources[symbol] = _series_of(fx), fx.startswith(_RECIPROCAL)

    def rate(symbol: str) -> Decimal:
        source, is_reciprocal = sources.get(symbol, (None, False))
        if source is None:
            return ONE
        price = last(source) or datasets.driver(source).data.first_price
        return ONE / price if is_reciprocal else price

    return rate


def _series_of(fx: str) -> str:
    return fx.removeprefix(_RECIPROCAL)
