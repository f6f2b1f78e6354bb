"""What an execution closes, and so does not open."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.orders.core import a_position
from tests.orders.samples import an_order
from tradegw.exits import holdings as module
from tradegw.exits.holdings import Holdings
from tradegw.model.enums import OrderStatus, Side

BUY, SELL = Side.BUY, Side.SELL


def closed_by(holdings: Holdings, order_id: str, side: Side, filled: str, **leg: bool) -> Decimal:
    order = an_order(order_id, side=side, filled=filled)
    return holdings.execute(order, is_leg=leg.get("is_leg", False))


def test_an_opening_fill_closes_nothing_and_a_flip_closes_what_was_there() -> None:
    holdings = Holdings(nets=True)
    assert closed_by(holdings, "a", BUY, "0.5") == 0
    assert closed_by(holdings, "b", SELL, "0.8") == Decimal("0.5")
    assert closed_by(holdings, "c", BUY, "1") == Decimal("0.3")


def test_quantities_are_cumulative_and_counted_once() -> None:
    holdings = Holdings(nets=True)
    closed_by(holdings, "a", BUY, "1")
    assert closed_by(holdings, "b", SELL, "0.2") == Decimal("0.2")
    assert closed_by(holdings, "b", SELL, "0.2") == 0
    assert closed_by(holdings, "b", SELL, "0.6") == Decimal("0.4")


def test_what_a_leg_executes_too_much_does_not_turn_the_account() -> None:
    holdings = Holdings(nets=True)
    closed_by(holdings, "a", BUY, "0.4")
    assert closed_by(holdings, "sl", SELL, "0.4", is_leg=True) == Decimal("0.4")
    assert closed_by(holdings, "tp", SELL, "0.4", is_leg=True) == 0
    assert closed_by(holdings, "b", BUY, "0.4") == 0


@pytest.mark.parametrize("told_first", [True, False])
def test_what_takes_an_orders_place_goes_on_with_what_that_executed(told_first: bool) -> None:
    """Whether it was known at once whose place it took, or only when it had executed."""
    holdings = Holdings(nets=True)
    closed_by(holdings, "old", BUY, "0.4")
    new = an_order("new", side=BUY, filled="0.5")
    holdings.execute(new, is_leg=False, counted_as="old" if told_first else None)
    holdings.renamed(new, "old")
    assert closed_by(holdings, "close", SELL, "2") == Decimal("0.5")


def test_all_positions_are_those_that_the_broker_lists() -> None:
    holdings = Holdings(nets=True)
    closed_by(holdings, "a", BUY, "1")
    two = [a_position(symbol="MSFT", quantity=Decimal(quantity)) for quantity in (1, 2)]
    holdings.believe(two)
    assert closed_by(holdings, "b", SELL, "1") == 0
    order = an_order("c", side=SELL, quantity=5, filled=5, symbol="MSFT")
    assert holdings.execute(order, is_leg=False) == 3


def test_where_positions_are_not_netted_nothing_closes_anything() -> None:
    holdings = Holdings(nets=False)
    closed_by(holdings, "a", BUY, "1")
    assert closed_by(holdings, "b", SELL, "1") == 0


@pytest.mark.parametrize("renamed", [False, True], ids=["its own id", "a new id"])
def test_an_order_that_works_is_remembered_whatever_ends_meanwhile(
    renamed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REMEMBERED_ORDERS", 3)
    holdings = Holdings(nets=True)
    order = an_order("gtc", side=BUY, quantity=10, filled=5)
    holdings.execute(order, is_leg=False)
    if renamed:
        new = replace(order, id="new")
        holdings.renamed(new, "gtc")
        late = replace(order, status=OrderStatus.CANCELLED)
        holdings.execute(late, is_leg=False, counted_as="gtc")
        order = new
    for number in range(10):
        ended = an_order(f"o{number}", filled=1, symbol="MSFT", status=OrderStatus.FILLED)
        holdings.execute(ended, is_leg=False)
    holdings.execute(replace(order, filled_quantity=Decimal(6)), is_leg=False, counted_as="gtc")
    assert holdings.held("AAPL") == 6
    assert len(holdings._filled) == 3 + 1


def test_what_an_answer_shows_before_it_is_told_is_counted_when_it_is_told() -> None:
    holdings = Holdings(nets=True)
    closed_by(holdings, "entry", BUY, "10")
    closed_by(holdings, "old", SELL, "4")
    new = an_order("new", side=SELL, quantity=10, filled=4)
    holdings.execute(new, is_leg=True)  # told before the answer, as if it were another
    holdings.renamed(replace(new, filled_quantity=Decimal(6)), "old")
    assert holdings.held("AAPL") == 6
    holdings.execute(replace(new, filled_quantity=Decimal(6)), is_leg=True, counted_as="old")
    assert holdings.held("AAPL") == 4
