"""Exits and OCO groups that the exchange keeps itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.simulator.floor import BUY, LIMIT, SELL, STOP, Floor, shown
from tradegw.model.enums import OrderStatus, OrderType
from tradegw.model.events import OrderEvent
from tradegw.model.order import Order, OrderChange

CANCELLED, FILLED, OPEN = OrderStatus.CANCELLED, OrderStatus.FILLED, OrderStatus.OPEN


def entered(client_order_id: str | None = "e", **terms: Any) -> tuple[Floor, Order]:
    """An exchange with native brackets, long 10 at 100 with exits at 90 and 120."""
    floor = Floor(native_brackets=True, **terms)
    sent = floor.send(BUY, 10, stop_loss=90, take_profit=120, client_order_id=client_order_id)
    floor.at(100)
    return floor, sent


def named(floor: Floor, client_order_id: str) -> Order:
    found = floor.exchange.order_by_client_id(client_order_id)
    assert found is not None
    return found


def test_a_fill_places_both_exits_with_derived_ids_and_their_parent() -> None:
    floor, entry = entered()
    stop, target = named(floor, "e-sl"), named(floor, "e-tp")
    assert shown(stop.order_type, stop.stop_price, stop.side) == [OrderType.STOP, 90, SELL]
    assert shown(target.order_type, target.limit_price) == [OrderType.LIMIT, 120]
    for leg in (stop, target):
        assert shown(leg.quantity, leg.reduce_only, leg.status) == [10, True, OPEN]
        assert leg.parent_order_id == entry.id
    created = [e for e in floor.told(OrderEvent) if e.order.parent_order_id]
    assert [e.parent_order_id for e in created] == [entry.id, entry.id]
    assert floor.kinds[-3:] == ["BALANCE_UPDATED", "ORDER_CREATED", "ORDER_CREATED"]


def test_without_a_client_order_id_the_exits_are_named_after_the_brokers() -> None:
    floor, entry = entered(client_order_id=None)
    assert named(floor, f"{entry.id}-sl").parent_order_id == entry.id


def test_an_id_that_is_taken_is_left_out() -> None:
    floor = Floor(native_brackets=True)
    floor.send(BUY, 1, LIMIT, limit_price=1, client_order_id="e-sl")
    entry = floor.send(BUY, 10, stop_loss=90, client_order_id="e")
    floor.at(100)
    (leg,) = (o for o in floor.exchange.open_orders() if o.parent_order_id == entry.id)
    assert leg.client_order_id is None


def test_one_exit_alone_is_placed_alone() -> None:
    floor = Floor(native_brackets=True)
    floor.send(SELL, 10, take_profit=90, client_order_id="e")
    floor.at(100)
    (leg,) = floor.exchange.open_orders()
    assert shown(leg.client_order_id, leg.side, leg.limit_price) == ["e-tp", BUY, 90]


@pytest.mark.parametrize(
    ("price", "filled", "cancelled", "balance"),
    [(120, "e-tp", "e-sl", 100_200), (85, "e-sl", "e-tp", 99_850)],
)
def test_one_exit_fills_and_the_other_is_cancelled_in_the_same_step(
    price: int, filled: str, cancelled: str, balance: int
) -> None:
    floor, _entry = entered()
    floor.forget()
    floor.at(price)
    assert named(floor, filled).status is FILLED
    assert named(floor, cancelled).status is CANCELLED
    assert floor.kinds == [
        "ORDER_FILLED",
        "TRADE_FILLED",
        "POSITION_CLOSED",
        "BALANCE_UPDATED",
        "ORDER_CANCELLED",
    ]
    assert floor.exchange.balance == balance
    assert floor.exchange.open_orders() == []


def test_each_partial_fill_gets_its_own_pair_of_just_its_quantity() -> None:
    floor, entry = entered(partial_ratio=Decimal("0.4"))
    assert named(floor, "e-sl").quantity == 4
    floor.at(101)
    assert floor.exchange.order(entry.id).status is FILLED
    assert shown(named(floor, "e-sl-1").quantity, named(floor, "e-tp-1").quantity) == [6, 6]


def test_what_one_exit_fills_the_other_loses() -> None:
    floor, _entry = entered(volume_limit=Decimal(1))
    floor.at(120, volume=Decimal(3))
    assert named(floor, "e-tp").filled_quantity == 3
    assert named(floor, "e-sl").quantity == 7
    assert floor.order_kinds(named(floor, "e-sl").id) == ["ORDER_CREATED", "ORDER_MODIFIED"]
    floor.at(90, volume=Decimal(100))
    assert named(floor, "e-sl").status is FILLED
    assert named(floor, "e-tp").status is CANCELLED
    assert floor.exchange.positions() == []


def test_a_fill_that_only_reduces_gets_no_exits() -> None:
    floor = Floor(native_brackets=True)
    floor.send(BUY, 10)
    floor.at(100)
    floor.send(SELL, 10, stop_loss=110, take_profit=90)
    floor.at(100)
    assert floor.exchange.open_orders() == []


def test_a_flip_is_protected_for_what_it_opened() -> None:
    floor = Floor(native_brackets=True)
    floor.send(BUY, 10)
    floor.at(100)
    floor.send(SELL, 14, stop_loss=110, client_order_id="f")
    floor.at(100)
    assert named(floor, "f-sl").quantity == 4


def test_exits_whose_position_was_closed_by_hand_go_with_the_next_tick() -> None:
    floor, _entry = entered()
    floor.at(101)
    floor.send(SELL, 10)
    floor.at(101)
    floor.at(101)
    assert shown(named(floor, "e-sl").status, named(floor, "e-tp").status) == [CANCELLED] * 2


def test_an_exit_that_is_already_reached_trades_where_the_entry_did() -> None:
    floor = Floor(native_brackets=True)
    floor.send(BUY, 10, stop_loss=105, take_profit=120)
    floor.at(100)
    assert floor.exchange.positions() == []
    assert [trade.price for trade in floor.exchange.trades()] == [100, 100]


def test_cancelling_the_rest_of_an_entry_leaves_the_exits_of_what_was_filled() -> None:
    floor, entry = entered(partial_ratio=Decimal("0.5"))
    floor.exchange.cancel(entry.id, floor.time)
    assert shown(named(floor, "e-sl").status, named(floor, "e-sl").quantity) == [OPEN, 5]


def test_moving_the_exits_of_an_entry_at_work_moves_those_that_rest() -> None:
    floor, entry = entered(partial_ratio=Decimal("0.5"))
    change = OrderChange(stop_loss=Decimal(95), take_profit=Decimal(130))
    floor.exchange.replace(entry.id, change, floor.time)
    assert shown(named(floor, "e-sl").stop_price, named(floor, "e-tp").limit_price) == [95, 130]
    floor.exchange.replace(entry.id, OrderChange(stop_loss=Decimal(96)), floor.time)
    assert shown(named(floor, "e-sl").stop_price, named(floor, "e-tp").limit_price) == [96, 130]
    floor.exchange.replace(entry.id, OrderChange(take_profit=Decimal(140)), floor.time)
    assert shown(named(floor, "e-sl").stop_price, named(floor, "e-tp").limit_price) == [96, 140]
    floor.at(101)
    assert named(floor, "e-sl-1").stop_price == 96


class TestGroups:
    def test_a_full_fill_cancels_the_others(self) -> None:
        floor = Floor(native_brackets=True)
        low = floor.send(BUY, 1, LIMIT, limit_price=90, oco_group_id="g")
        high = floor.send(BUY, 1, STOP, stop_price=110, oco_group_id="g")
        apart = floor.send(BUY, 1, LIMIT, limit_price=80, oco_group_id="h")
        floor.at(110)
        statuses = [floor.exchange.order(o.id).status for o in (low, high, apart)]
        assert statuses == [CANCELLED, FILLED, OPEN]

    def test_two_that_are_reached_by_one_tick_fill_once(self) -> None:
        floor = Floor(native_brackets=True)
        pair = [
            floor.send(BUY, 1, LIMIT, limit_price=price, oco_group_id="g") for price in (95, 96)
        ]
        floor.at(90)
        assert [floor.exchange.order(o.id).status for o in pair] == [FILLED, CANCELLED]

    def test_a_partial_fill_or_a_cancel_leaves_the_others(self) -> None:
        floor = Floor(native_brackets=True, volume_limit=Decimal(1))
        pair = [floor.send(BUY, 5, LIMIT, limit_price=95, oco_group_id="g") for _ in range(2)]
        floor.at(95, volume=Decimal(2))
        floor.exchange.cancel(pair[0].id, floor.time)
        assert floor.exchange.order(pair[1].id).status is OPEN

    def test_a_rejection_cancels_the_others(self) -> None:
        floor = Floor(native_brackets=True, cash=Decimal(1000))
        floor.send(BUY, 5, STOP, stop_price=110, oco_group_id="g")
        other = floor.send(BUY, 1, LIMIT, limit_price=10, oco_group_id="g")
        floor.at(300)
        assert floor.exchange.order(other.id).status is CANCELLED

    def test_without_native_brackets_the_exchange_knows_neither(self) -> None:
        floor = Floor()
        low = floor.send(BUY, 1, LIMIT, limit_price=90, oco_group_id="g")
        floor.send(BUY, 1, stop_loss=50, take_profit=200, oco_group_id="g")
        floor.at(100)
        assert [o.id for o in floor.exchange.open_orders()] == [low.id]


def test_exits_of_an_entry_that_was_closed_in_the_same_tick_do_not_outlive_it() -> None:
    floor = Floor(native_brackets=True)
    floor.send(BUY, 4, stop_loss=1, take_profit=9999, client_order_id="e")
    floor.send(SELL, 4)
    floor.at(100)
    floor.at(100)
    assert floor.exchange.positions() == []
    assert floor.exchange.open_orders() == []


class TestTroubles:
    def test_exits_of_the_whole_entry_only(self) -> None:
        floor, entry = entered(partial_ratio=Decimal("0.4"), brackets_when_filled=True)
        assert [o.id for o in floor.exchange.open_orders()] == [entry.id]
        floor.at(101)
        assert shown(named(floor, "e-sl").quantity, named(floor, "e-tp").quantity) == [10, 10]

    def test_what_a_cancelled_entry_had_filled_gets_its_exits_all_the_same(self) -> None:
        floor, entry = entered(partial_ratio=Decimal("0.4"), brackets_when_filled=True)
        floor.exchange.cancel(entry.id, floor.time)
        assert shown(named(floor, "e-sl").quantity, named(floor, "e-tp").quantity) == [4, 4]

    def test_a_cancel_that_takes_the_other_exit_along(self) -> None:
        floor, _entry = entered(brackets_linked=True)
        floor.exchange.cancel(named(floor, "e-tp").id, floor.time)
        assert shown(named(floor, "e-sl").status) == [CANCELLED]

    def test_every_second_exit_is_forgotten(self) -> None:
        floor, _entry = entered(brackets_lose=2)
        assert floor.exchange.order_by_client_id("e-tp") is None
        assert named(floor, "e-sl").status is OPEN

    def test_an_exit_is_dropped(self) -> None:
        floor, _entry = entered()
        stop = named(floor, "e-sl")
        assert floor.exchange.drop(stop.id).status is OrderStatus.EXPIRED
        assert floor.kinds[-1] == "ORDER_EXPIRED"
        assert named(floor, "e-tp").status is OPEN
