"""Quote currencies: refused without a rate, looked up where there is one."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.brokers.backtest.data.files import BARS, Folder
from tradegw.brokers.backtest.data.errors import DataError
from tradegw.brokers.backtest.data.fx import rates

DAX = [BARS, "2024-01-02,100,100,100,100,1"]
EURUSD = [BARS, "2024-01-02,1.25,1.5,1,1.5,1"]


def test_the_currency_of_the_account_needs_no_rate(folder: Folder) -> None:
    datasets = folder.load(
        folder.item("A", "1d", *DAX), folder.item("B", "1d", *DAX, currency="EUR"), currency="EUR"
    )
    rate = rates(datasets, lambda symbol: Decimal(7))
    assert rate("A") == rate("B") == 1


def test_another_currency_needs_a_rate_that_is_loaded(folder: Folder) -> None:
    with pytest.raises(DataError, match=r'DAX is in EUR, the account in USD: .*with "fx"'):
        folder.load(folder.item("DAX", "1d", *DAX, currency="EUR"))
    with pytest.raises(DataError, match="DAX: fx 'EURUSD' is none of the symbols"):
        folder.load(folder.item("DAX", "1d", *DAX, currency="EUR", fx="EURUSD"))
    late = [BARS, "2024-01-03,1,1,1,1,1"]
    with pytest.raises(DataError, match="DAX: the prices of its fx EURUSD begin later"):
        folder.load(
            folder.item("DAX", "1d", *DAX, currency="EUR", fx="EURUSD"),
            folder.item("EURUSD", "1d", *late),
        )


@pytest.mark.parametrize(
    ("fx", "currency", "first", "later"),
    [("EURUSD", "EUR", "1.25", "2"), ("1/EURUSD", "EUR", "0.8", "0.5")],
)
def test_the_rate_is_the_last_price_or_its_reciprocal(
    folder: Folder, fx: str, currency: str, first: str, later: str
) -> None:
    """Before any price was shown, the first one counts: it is not later than the symbol's."""
    datasets = folder.load(
        folder.item("DAX", "1d", *DAX, currency=currency, fx=fx),
        folder.item("EURUSD", "1d", *EURUSD),
    )
    shown: dict[str, Decimal] = {}
    rate = rates(datasets, shown.get)
    assert rate("DAX") == Decimal(first)
    shown["EURUSD"] = Decimal(2)
    assert rate("DAX") == Decimal(later)
    assert rate("EURUSD") == 1


def test_the_rate_of_ticks(folder: Folder) -> None:
    quotes = ["timestamp,bid,ask", "2024-01-01,1,1.5"]
    datasets = folder.load(
        folder.item("DAX", "1d", *DAX, currency="EUR", fx="E"), folder.item("E", "quotes", *quotes)
    )
    assert rates(datasets, lambda symbol: None)("DAX") == Decimal("1.25")
