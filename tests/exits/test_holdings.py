"""What an execution closes, and so does not open."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.orders.core import a_position
from tests.orders.samples import an_order
from tradegw.exits.holdings import Holdings
from tradegw.model.enums import PositionEventKind, PositionSide, Side

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


@pytest.mark.parametrize(
    ("kind", "closed"), [(PositionEventKind.OPENED, "1"), (PositionEventKind.CLOSED, "0")]
)
def test_a_position_that_the_broker_tells_of_is_believed(
    kind: PositionEventKind, closed: str
) -> None:
    holdings = Holdings(nets=True)
    closed_by(holdings, "a", BUY, "0.1")
    holdings.told(kind, a_position(side=PositionSide.LONG, quantity=Decimal(5)))
    assert closed_by(holdings, "b", SELL, "1") == Decimal(closed)


def test_where_positions_are_not_netted_nothing_closes_anything() -> None:
    holdings = Holdings(nets=False)
    closed_by(holdings, "a", BUY, "1")
    assert closed_by(holdings, "b", SELL, "1") == 0
