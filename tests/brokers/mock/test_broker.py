"""The mock broker as the gateway sees it, on a random walk (protocol 6.1 and 9.15)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from twisted.application.service import IService
from zope.interface.verify import verifyObject

from tests.brokers.mock.stand import BUY, LIMIT, SELL, STOP, Stand, done, refused
from tradegw.brokers.registry import find
from tradegw.errors import (
    InvalidValue,
    OrderNotFound,
    OrderNotModifiable,
    OrderRejected,
    PositionNotFound,
    SymbolNotFound,
)
from tradegw.interfaces import IBroker
from tradegw.model.account import TradeQuery
from tradegw.model.enums import OrderStatus, OrderType, PositionMode
from tradegw.model.events import AccountEvent, OrderEvent, PositionEvent, TradeEvent
from tradegw.model.order import ClosePositionRequest, OrderChange, OrderQuery, OrderRequest

FILLED, OPEN, CANCELLED = OrderStatus.FILLED, OrderStatus.OPEN, OrderStatus.CANCELLED


def test_it_is_found_by_its_entry_point_and_keeps_the_brokers_promise() -> None:
    assert find("mock") is not None
    stand = Stand(start=False)
    assert verifyObject(IBroker, stand.broker)
    assert verifyObject(IService, stand.broker)


def test_start_brings_the_link_up_at_once_and_stop_leaves_nothing_running() -> None:
    stand = Stand(start=False)
    assert stand.clock.getDelayedCalls() == []
    stand.broker.startService()
    assert stand.links == ["up"]
    stand.wait(1)
    done(stand.broker.stopService())
    assert stand.clock.getDelayedCalls() == []
    seen = len(stand.events)
    stand.wait(5)
    assert len(stand.events) == seen


def test_an_order_is_open_then_fills_within_half_a_second() -> None:
    stand = Stand()
    sent = stand.send(BUY, 10)
    assert sent.status is OPEN
    assert stand.kinds(sent.id) == ["ORDER_CREATED"]
    stand.wait(0.5)
    assert stand.kinds(sent.id) == ["ORDER_CREATED", "ORDER_FILLED"]
    assert stand.order(sent.id).status is FILLED


def test_a_fill_is_an_order_a_trade_a_position_and_an_account_event() -> None:
    stand = Stand()
    sent = stand.send(BUY, 10)
    stand.wait(0.5)
    wanted = (OrderEvent, TradeEvent, PositionEvent, AccountEvent)
    told = [event for event in stand.events if isinstance(event, wanted)]
    assert [type(event) for event in told] == [OrderEvent, *wanted]
    (trade,) = done(stand.broker.trades(TradeQuery()))
    assert trade.order_id == sent.id
    assert trade.is_maker is False
    assert (trade.commission, trade.commission_currency) == (Decimal(0), "USD")
    (position,) = done(stand.broker.positions())
    assert position.id == "mock-pos-AAPL"
    assert position.average_entry_price == trade.price
    assert all(event.timestamp == stand.now() for event in told[1:])


def test_w80_resting_stops_and_limits_are_judged_by_every_tick() -> None:
    stand = Stand()
    price = done(stand.broker.quote("AAPL")).last
    below = stand.send(BUY, 1, LIMIT, limit_price=price - Decimal("0.40"))
    above = stand.send(BUY, 1, STOP, stop_price=price + Decimal("0.40"))
    assert {stand.order(below.id).status, stand.order(above.id).status} == {OPEN}
    stand.wait(120)
    assert FILLED in {stand.order(below.id).status, stand.order(above.id).status}


def test_cancel_before_the_fill_and_not_after() -> None:
    stand = Stand()
    sent = stand.send(BUY, 10)
    assert done(stand.broker.cancel(sent.id)).status is CANCELLED
    stand.wait(1)
    assert stand.kinds(sent.id) == ["ORDER_CREATED", "ORDER_CANCELLED"]
    filled = stand.send(BUY, 10)
    stand.wait(0.5)
    refused(stand.broker.cancel(filled.id), OrderNotModifiable)
    refused(stand.broker.cancel(sent.id), OrderNotModifiable)


def test_same_side_accumulates_and_the_other_side_reduces() -> None:
    stand = Stand()
    for side, quantity in ((BUY, 10), (BUY, 5), (SELL, 6)):
        stand.send(side, quantity)
        stand.wait(0.5)
    (position,) = done(stand.broker.positions())
    assert position.quantity == 9
    prices = [trade.price for trade in done(stand.broker.trades(TradeQuery()))]
    average = (10 * prices[0] + 5 * prices[1]) / 15
    assert position.average_entry_price == round(average, 12)


class TestClosing:
    def opened(self) -> Stand:
        stand = Stand()
        stand.send(BUY, 10)
        stand.wait(0.5)
        return stand

    def test_is_filled_at_once_by_an_order_and_a_trade(self) -> None:
        stand = self.opened()
        before = done(stand.broker.quote("AAPL"))
        closing = stand.close(client_order_id="mine")
        assert closing.status is FILLED
        assert closing.side is SELL
        assert closing.client_order_id == "mine"
        assert closing.average_fill_price == before.bid
        assert stand.kinds(closing.id) == ["ORDER_CREATED", "ORDER_FILLED"]
        assert done(stand.broker.positions()) == []
        assert len(done(stand.broker.trades(TradeQuery()))) == 2

    def test_a_part_and_more_than_there_is(self) -> None:
        stand = self.opened()
        stand.close(quantity=Decimal(4), client_order_id="c1")
        (position,) = done(stand.broker.positions())
        assert position.quantity == 6
        assert stand.close(quantity=Decimal(600), client_order_id="c2").quantity == 6
        assert done(stand.broker.positions()) == []

    def test_by_limit_rests(self) -> None:
        stand = self.opened()
        closing = stand.close(order_type=LIMIT, limit_price=Decimal(500))
        assert closing.status is OPEN
        assert closing.reduce_only is True

    def test_what_is_not_open_is_not_found(self) -> None:
        stand = self.opened()
        (position,) = done(stand.broker.positions())
        stand.close()
        refused(stand.broker.close(position, ClosePositionRequest(), "again"), PositionNotFound)


class TestReplace:
    def test_changes_in_place(self) -> None:
        stand = Stand()
        sent = stand.send(BUY, 10, LIMIT, limit_price=1)
        change = OrderChange(limit_price=Decimal(2), quantity=Decimal(5))
        replaced = done(stand.broker.replace(sent.id, change))
        assert replaced.previous_order_id is None
        assert replaced.order.id == sent.id
        assert (replaced.order.limit_price, replaced.order.quantity) == (Decimal(2), Decimal(5))
        assert stand.kinds(sent.id) == ["ORDER_CREATED", "ORDER_MODIFIED"]

    def test_only_while_it_works_and_not_below_what_is_filled(self) -> None:
        stand = Stand(MOCK_PARTIAL_FILL_RATIO="0.5")
        sent = stand.send(BUY, 10, LIMIT, limit_price=500)
        stand.wait(0.5)
        error = refused(
            stand.broker.replace(sent.id, OrderChange(quantity=Decimal(4))), InvalidValue
        )
        assert error.details is not None
        assert error.details["field"] == "quantity"
        stand.wait(0.5)
        refused(stand.broker.replace(sent.id, OrderChange()), OrderNotModifiable)

    def test_the_unknown_is_not_found(self) -> None:
        stand = Stand()
        refused(stand.broker.replace("x", OrderChange()), OrderNotFound)
        refused(stand.broker.cancel("x"), OrderNotFound)
        refused(stand.broker.order("x"), OrderNotFound)


def test_a_bad_price_is_refused() -> None:
    stand = Stand()
    request = OrderRequest(
        symbol="AAPL",
        side=BUY,
        quantity=Decimal(1),
        order_type=OrderType.LIMIT,
        limit_price=Decimal(-1),
    )
    refused(stand.broker.submit(request), InvalidValue)
    assert stand.told(OrderEvent) == []


def test_a_used_client_order_id_is_refused_as_brokers_do() -> None:
    stand = Stand()
    first = stand.send(BUY, 1, client_order_id="a")
    with pytest.raises(OrderRejected) as refusal:
        stand.send(BUY, 1, client_order_id="a")
    assert refusal.value.reject_code == "DUPLICATE_CLIENT_ORDER_ID"
    assert refusal.value.details == {
        "order_id": first.id,
        "reject_code": "DUPLICATE_CLIENT_ORDER_ID",
    }


def test_what_cannot_be_paid_for_is_refused() -> None:
    stand = Stand(MOCK_CASH="1000", MOCK_LEVERAGE="2")
    stand.send(BUY, 13)
    with pytest.raises(OrderRejected) as refusal:
        stand.send(BUY, 14)
    assert refusal.value.reject_code == "INSUFFICIENT_FUNDS"
    assert done(stand.broker.account()).balance == 1000


def test_the_account_begins_with_its_cash() -> None:
    account = done(Stand().broker.account())
    assert (account.balance, account.equity, account.margin_available) == (Decimal(100_000),) * 3
    assert (account.margin_used, account.unrealized_pnl) == (Decimal(0),) * 2
    assert account.currency == "USD"
    assert done(Stand(MOCK_CURRENCY="EUR").broker.account()).currency == "EUR"


class TestParts:
    """``MOCK_PARTIAL_FILL_RATIO``."""

    @pytest.mark.parametrize("side", [BUY, SELL])
    def test_two_tranches_half_a_second_apart(self, side: object) -> None:
        stand = Stand(MOCK_PARTIAL_FILL_RATIO="0.3")
        sent = stand.send(BUY if side is BUY else SELL, 10)
        stand.wait(1)
        assert stand.kinds(sent.id) == [
            "ORDER_CREATED",
            "ORDER_PARTIALLY_FILLED",
            "ORDER_FILLED",
        ]
        first, second = done(stand.broker.trades(TradeQuery()))
        assert (first.quantity, second.quantity) == (Decimal(3), Decimal(7))
        assert second.timestamp - first.timestamp == timedelta(milliseconds=500)
        average = (3 * first.price + 7 * second.price) / 10
        assert stand.order(sent.id).average_fill_price == average

    def test_a_cancel_between_stops_the_rest(self) -> None:
        stand = Stand(MOCK_PARTIAL_FILL_RATIO="0.3")
        sent = stand.send(BUY, 10)
        stand.wait(0.5)
        assert done(stand.broker.cancel(sent.id)).filled_quantity == 3
        stand.wait(5)
        assert len(done(stand.broker.trades(TradeQuery()))) == 1

    def test_a_limit_away_from_the_price_waits_with_both(self) -> None:
        stand = Stand(MOCK_PARTIAL_FILL_RATIO="0.3")
        sent = stand.send(BUY, 10, LIMIT, limit_price=1)
        stand.wait(5)
        assert stand.order(sent.id).filled_quantity == 0


class TestBrackets:
    """Who keeps attached exits."""

    def request(self, **prices: int) -> OrderRequest:
        decimals: dict[str, Any] = {name: Decimal(price) for name, price in prices.items()}
        return OrderRequest(
            symbol="AAPL", side=BUY, quantity=Decimal(1), order_type=OrderType.MARKET, **decimals
        )

    def test_the_gateway_by_default_and_then_the_exchange_only_echoes_them(self) -> None:
        stand = Stand()
        assert not stand.broker.manages_exits(self.request(stop_loss=1))
        sent = stand.send(BUY, 1, stop_loss=1, take_profit=900)
        stand.wait(0.5)
        assert stand.order(sent.id).stop_loss == 1
        assert done(stand.broker.open_orders()) == []

    def test_the_exchange_on_request(self) -> None:
        stand = Stand(MOCK_NATIVE_BRACKETS="true")
        assert stand.broker.manages_exits(self.request(take_profit=900))
        assert not stand.broker.manages_exits(self.request())
        sent = stand.send(BUY, 1, stop_loss=1, take_profit=900, client_order_id="e")
        stand.wait(0.5)
        legs = done(stand.broker.open_orders())
        assert [leg.client_order_id for leg in legs] == ["e-sl", "e-tp"]
        assert {leg.parent_order_id for leg in legs} == {sent.id}


def test_what_it_can_do() -> None:
    can = Stand().broker.capabilities()
    assert [str(one) for one in can.supported_asset_classes] == ["STOCK", "CRYPTO", "FOREX"]
    assert set(can.supported_order_types) == set(OrderType)
    assert can.position_mode is PositionMode.NETTING
    assert can.features == ("bracket_orders", "oco", "trailing_stop", "short_selling")
    assert can.max_leverage is None
    assert Stand(MOCK_LEVERAGE="5").broker.capabilities().max_leverage == 5


def test_what_orders_must_comply_with() -> None:
    broker = Stand().broker
    known = broker.instrument("AAPL")
    assert known is not None
    assert (known.quantity_step, known.price_step) == (Decimal("1e-9"), Decimal("1e-12"))
    assert known.minimum_quantity is known.minimum_notional is None
    assert broker.instrument("") is None


def test_lists_of_orders_and_trades() -> None:
    stand = Stand()
    filled = stand.send(BUY, 1)
    resting = stand.send(BUY, 1, LIMIT, limit_price=1)
    other = stand.send(BUY, 1, symbol="MSFT")
    stand.wait(0.5)
    assert [o.id for o in done(stand.broker.open_orders())] == [resting.id]
    closed = done(stand.broker.closed_orders(OrderQuery()))
    assert {o.id for o in closed} == {filled.id, other.id}
    of_msft = done(stand.broker.trades(TradeQuery(symbol="MSFT")))
    assert [t.order_id for t in of_msft] == [other.id]
    assert [o.id for o in done(stand.broker.closed_orders(OrderQuery(symbol="MSFT")))] == [other.id]
    assert done(stand.broker.ping()) is None


def test_a_symbol_without_a_name_is_not_found() -> None:
    refused(Stand().broker.quote(""), SymbolNotFound)
    refused(Stand().broker.quote("X" * 51), SymbolNotFound)


def test_the_same_seed_and_the_same_calls_give_the_same_story() -> None:
    def story() -> list[str]:
        stand = Stand(MOCK_SEED="7")
        stand.send(BUY, 10)
        stand.wait(0.5)
        stand.send(SELL, 15, LIMIT, limit_price=Decimal("149.5"))
        stand.wait(20)
        stand.close()
        ids = {e.order.id: f"o{n}" for n, e in enumerate(stand.told(OrderEvent))}
        text = [repr(event) for event in stand.events]
        for trade in done(stand.broker.trades(TradeQuery())):
            ids[trade.id] = f"t{len(ids)}"
        for uuid, short in ids.items():
            text = [line.replace(uuid, short) for line in text]
        return text

    assert story() == story()
