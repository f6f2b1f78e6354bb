"""Binance's futures from the call to the double's ledger and back."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tradegw.brokers.binance.futures.broker import FuturesBroker
from tradegw.brokers.binance.plugin import plugin
from tradegw.brokers.binance.times import number_of
from tradegw.errors import (
    InvalidRequest,
    InvalidValue,
    OrderNotFound,
    OrderNotModifiable,
    OrderRejected,
    ProviderError,
    UnsupportedOperation,
    leaves_doubt,
)
from tradegw.model.account import TradeQuery
from tradegw.model.enums import (
    AccountEventKind,
    MarginMode,
    OrderEventKind,
    OrderStatus,
    OrderType,
    Platform,
    PositionEventKind,
    PositionMode,
    PositionSide,
    Side,
    Timeframe,
    TrailingType,
)
from tradegw.model.events import (
    AccountEvent,
    AlertEvent,
    CandleEvent,
    FinancingEvent,
    PositionEvent,
    QuoteEvent,
)
from tradegw.model.limits import Lane
from tradegw.model.market import BarQuery
from tradegw.model.order import ClosePositionRequest, Order, OrderChange, OrderQuery
from tradegw.model.subscription import Subscription
from tradegw.testing.binance import Bar, drop, html, refuse, stall, truncate

from .payloads import request
from .stand import CoinStand, Stand


@pytest.fixture
def stand() -> Iterator[Stand]:
    stand = Stand()
    yield stand
    stand.stop()


@pytest.fixture
def coins() -> Iterator[CoinStand]:
    stand = CoinStand()
    yield stand
    stand.stop()


def hedged(stand: Stand) -> Stand:
    stand.stage.world.wallet.mode.is_hedged = True
    return stand


def bought(stand: Stand, quantity: str = "10") -> None:
    stand.submit(quantity=quantity, client_order_id="gw-entry")
    stand.wait(1)


def stop(stand: Stand, price: str = "1.90", **members: Any) -> Order:
    members = {
        "order_type": OrderType.STOP,
        "side": Side.SELL,
        "stop_price": price,
        "reduce_only": True,
        "client_order_id": "gw-stop",
        **members,
    }
    return stand.submit(**members)


def test_the_plugin_builds_the_broker_of_the_product(stand: Stand) -> None:
    parts: Any = stand.parts()
    built = plugin.build(plugin.configure(stand.environ({}), stand.settings), parts)
    assert isinstance(built, FuturesBroker)
    assert built.capabilities().position_mode is PositionMode.NETTING
    hedging = stand.environ({"BINANCE_POSITION_MODE": "hedging"})
    built = plugin.build(plugin.configure(hedging, stand.settings), parts)
    assert built.capabilities().position_mode is PositionMode.HEDGING


# -- orders that wait


def test_a_stop_is_one_order_from_its_making_to_its_fill(stand: Stand) -> None:
    stand.start()
    bought(stand)
    order = stop(stand)
    assert order.id.startswith("algo:SOLUSDT:")
    assert [each.id for each in stand.ask(stand.broker.open_orders())] == [order.id]
    stand.stage.set_quote("SOLUSDT", "1.88", "1.89")
    stand.wait(3)
    kinds = stand.events_of(order.id)
    assert kinds[0] is OrderEventKind.CREATED
    assert kinds.count(OrderEventKind.CREATED) == 1
    assert kinds[-1] is OrderEventKind.FILLED
    assert [each.trade.order_id for each in stand.trades][-1] == order.id
    assert {each.order.id for each in stand.order_events} == {order.id, _entry(stand)}
    assert stand.ask(stand.broker.open_orders()) == []
    assert stand.ask(stand.broker.positions()) == []


def _entry(stand: Stand) -> str:
    return stand.order_events[0].order.id


def test_it_is_one_order_in_every_history(stand: Stand) -> None:
    stand.start()
    bought(stand)
    order = stop(stand)
    stand.stage.set_quote("SOLUSDT", "1.88", "1.89")
    stand.wait(3)
    closed = stand.ask(stand.broker.closed_orders(OrderQuery()))
    assert sorted(each.id for each in closed) == sorted([order.id, _entry(stand)])
    trades = stand.ask(stand.broker.trades(TradeQuery()))
    assert [each.order_id for each in trades] == [_entry(stand), order.id]
    assert stand.ask(stand.broker.trades(TradeQuery(order_id=order.id))) == [trades[1]]
    found = stand.ask(stand.broker.order(order.id))
    assert (found.status, found.filled_quantity) == (OrderStatus.FILLED, Decimal(10))
    assert stand.ask(stand.broker.order_by_client_id("gw-stop")).id == order.id


def test_a_stop_triggered_while_the_gateway_was_away_is_the_same_order(stand: Stand) -> None:
    stand.start()
    bought(stand)
    order = stop(stand)
    stand.wait(1)
    stand.stop()
    stand.stage.set_quote("SOLUSDT", "1.88", "1.89")
    stand.new_broker()
    stand.start()
    trades = stand.ask(stand.broker.trades(TradeQuery()))
    assert [each.order_id for each in trades][-1] == order.id
    closed = stand.ask(stand.broker.closed_orders(OrderQuery()))
    assert order.id in {each.id for each in closed}
    assert len(closed) == 2
    assert stand.ask(stand.broker.order_by_client_id("gw-stop")).status is OrderStatus.FILLED


def test_a_client_id_leads_to_what_waited_and_not_to_what_it_became(stand: Stand) -> None:
    stand.start()
    bought(stand)
    order = stop(stand)
    stand.stage.set_quote("SOLUSDT", "1.88", "1.89")
    stand.wait(1)
    stand.stop()
    stand.new_broker()
    stand.broker.startService()
    assert stand.ask(stand.broker.order_by_client_id("gw-stop")).id == order.id


def test_a_stop_limit_that_was_triggered_is_cancelled_as_what_it_became(stand: Stand) -> None:
    stand.start()
    bought(stand)
    order = stop(stand, order_type=OrderType.STOP_LIMIT, limit_price="1.95")
    stand.stage.set_quote("SOLUSDT", "1.88", "1.89")
    stand.wait(2)
    working = stand.ask(stand.broker.open_orders())
    assert [each.id for each in working] == [order.id]
    ended = stand.ask(stand.broker.cancel(order.id))
    assert (ended.id, ended.status) == (order.id, OrderStatus.CANCELLED)
    stand.wait(1)
    assert stand.events_of(order.id)[-1] is OrderEventKind.CANCELLED
    assert stand.ask(stand.broker.open_orders()) == []


def test_it_is_cancelled_so_even_if_nobody_told_that_it_was_triggered(stand: Stand) -> None:
    stand.start()
    bought(stand)
    order = stop(stand, order_type=OrderType.STOP_LIMIT, limit_price="1.95")
    stand.wait(1)
    stand.stop()
    stand.stage.set_quote("SOLUSDT", "1.88", "1.89")
    stand.new_broker()
    stand.broker.startService()
    assert stand.ask(stand.broker.cancel(order.id)).status is OrderStatus.CANCELLED
    assert {each.status for each in stand.stage.orders} == {"FILLED", "CANCELED"}


def test_a_stop_is_cancelled(stand: Stand) -> None:
    stand.start()
    bought(stand)
    order = stop(stand)
    stand.wait(1)
    assert stand.ask(stand.broker.cancel(order.id)).status is OrderStatus.CANCELLED
    stand.wait(1)
    assert stand.events_of(order.id) == [OrderEventKind.CREATED, OrderEventKind.CANCELLED]
    error = stand.refused(stand.broker.cancel(order.id))
    assert isinstance(error, OrderNotModifiable)


def test_a_stop_that_would_be_triggered_at_once_is_refused(stand: Stand) -> None:
    stand.start()
    bought(stand)
    wanted = request(
        order_type=OrderType.STOP,
        side=Side.SELL,
        stop_price="2.50",
        quantity="10",
        reduce_only=True,
    )
    error = stand.refused(stand.broker.submit(wanted))
    assert isinstance(error, OrderRejected)
    assert error.reject_code == "INVALID_PRICE"


def test_a_trailing_stop_is_the_exchanges(stand: Stand) -> None:
    stand.start()
    bought(stand)
    order = stop(
        stand,
        order_type=OrderType.TRAILING_STOP,
        stop_price=None,
        trailing_distance="5",
        trailing_type=TrailingType.PERCENT,
    )
    assert order.trailing_distance == Decimal(5)
    stand.stage.set_quote("SOLUSDT", "3.00", "3.01")
    stand.stage.set_quote("SOLUSDT", "2.80", "2.81")
    stand.wait(3)
    assert stand.ask(stand.broker.order(order.id)).status is OrderStatus.FILLED


def test_an_algo_order_is_no_ordinary_one(stand: Stand) -> None:
    stand.start()
    for order_id in ("algo:SOLUSDT:99", "SOLUSDT:99"):
        assert isinstance(stand.refused(stand.broker.order(order_id)), OrderNotFound)
        assert isinstance(stand.refused(stand.broker.cancel(order_id)), OrderNotFound)


@pytest.mark.parametrize(
    ("fault", "is_taken"),
    [
        (drop(), False),
        (drop(accepted=True), True),
        (html(502), False),
        (html(502, accepted=True), True),
        (truncate(accepted=True), True),
        (stall(accepted=True), True),
    ],
)
def test_a_stop_that_is_not_answered_is_in_doubt_and_found_by_its_name(
    stand: Stand, fault: Any, is_taken: bool
) -> None:
    stand.start()
    bought(stand)
    stand.fake.faults.plan(fault, "POST", "/fapi/v1/algoOrder")
    wanted = request(
        order_type=OrderType.STOP,
        side=Side.SELL,
        stop_price="1.9",
        quantity="10",
        reduce_only=True,
        client_order_id="gw-stop",
    )
    error = stand.refused(stand.broker.submit(wanted))
    assert leaves_doubt(error)
    assert len(stand.calls("POST", "algoOrder")) <= 1
    assert len(stand.stage.algos) == is_taken
    if is_taken:
        found = stand.ask(stand.broker.order_by_client_id("gw-stop"))
        assert found.id == f"algo:SOLUSDT:{stand.stage.algos[0].id}"
    else:
        work = stand.broker.order_by_client_id("gw-stop")
        assert isinstance(stand.refused(work), OrderNotFound)


def test_how_a_finished_stop_ended_is_not_guessed(stand: Stand) -> None:
    stand.start()
    bought(stand)
    order = stop(stand)
    stand.stage.set_quote("SOLUSDT", "1.88", "1.89")
    stand.wait(3)
    unknown = refuse(400, -2013, "Order does not exist.")
    stand.fake.faults.plan(unknown, "GET", "/fapi/v1/order", times=10)
    try:
        found = stand.ask(stand.broker.order(order.id))
    except ProviderError:
        return
    assert found.status is OrderStatus.FILLED


# -- exits


def test_an_exit_may_be_smaller_than_the_least_notional(stand: Stand) -> None:
    stand.start()
    bought(stand)
    wanted = request(
        order_type=OrderType.LIMIT,
        side=Side.SELL,
        limit_price="2.503",
        quantity="1.4",
        reduce_only=True,
        client_order_id="gw-tp",
    )
    order = stand.ask(stand.broker.submit(wanted, Lane.EMERGENCY))
    assert (order.quantity, order.limit_price) == (Decimal(1), Decimal("2.51"))
    small = request(order_type=OrderType.LIMIT, limit_price="1.00", quantity="4")
    assert isinstance(stand.refused(stand.broker.submit(small)), InvalidValue)


def test_exits_hold_nothing_and_both_can_rest(stand: Stand) -> None:
    stand.start()
    bought(stand)
    stop(stand)
    stop(stand, order_type=OrderType.LIMIT, stop_price=None, limit_price="3", client_order_id="tp")
    assert len(stand.ask(stand.broker.open_orders())) == 2
    assert not stand.broker.exits_hold_quantity
    (position,) = stand.ask(stand.broker.positions())
    order = stand.ask(stand.broker.close(position, ClosePositionRequest(), "gw-close"))
    stand.wait(1)
    assert order.reduce_only
    assert stand.ask(stand.broker.positions()) == []


def test_nothing_is_reduced_where_nothing_is(stand: Stand) -> None:
    stand.start()
    error = stand.refused(
        stand.broker.submit(request(side=Side.SELL, quantity="5", reduce_only=True))
    )
    assert isinstance(error, OrderRejected)
    assert error.reject_code == "REDUCE_ONLY_VIOLATED"


def test_the_connection_is_renewed_each_day_and_nothing_is_missed(stand: Stand) -> None:
    stand.start()
    stand.wait(23 * 3600 + 60)
    assert "down" not in stand.told.names()
    bought(stand)
    assert [each.event for each in stand.all_of(PositionEvent)] == [PositionEventKind.OPENED]
    assert len(stand.trades) == 1


# -- positions of both sides


def test_hedged_positions_are_apart_and_closed_apart() -> None:
    stand = hedged(Stand(BINANCE_POSITION_MODE="hedging"))
    stand.start()
    stand.submit(quantity="10", client_order_id="a")
    stand.submit(quantity="4", side=Side.SELL, client_order_id="b")
    stand.wait(1)
    held = {each.id: each for each in stand.ask(stand.broker.positions())}
    assert {name: each.quantity for name, each in held.items()} == {
        "SOLUSDT:LONG": Decimal(10),
        "SOLUSDT:SHORT": Decimal(4),
    }
    told = {each.position.id for each in stand.all_of(PositionEvent)}
    assert told == set(held)
    order = stand.ask(stand.broker.close(held["SOLUSDT:SHORT"], ClosePositionRequest(), "gw-close"))
    assert order.position_id == "SOLUSDT:SHORT"
    stand.wait(1)
    left = stand.ask(stand.broker.positions())
    assert [(each.id, each.side) for each in left] == [("SOLUSDT:LONG", PositionSide.LONG)]
    protecting = stop(stand, position_id="SOLUSDT:LONG")
    assert (protecting.position_id, protecting.reduce_only) == ("SOLUSDT:LONG", True)
    stand.stop()


def test_an_account_that_hedges_unexpectedly_is_refused_at_logon(stand: Stand) -> None:
    hedged(stand)
    stand.broker.startService()
    stand.wait(30, until=lambda: "failed" in stand.told.names())
    reasons = [args[0] for name, args in stand.told.links if name == "failed"]
    assert "BINANCE_POSITION_MODE" in reasons[0]
    assert "up" not in stand.told.names()
    error = stand.refused(stand.broker.submit(request()))
    assert "BINANCE_POSITION_MODE" in error.message
    assert stand.calls("POST", "order") == []


def test_a_mode_that_changed_meanwhile_refuses_all_that_follows(stand: Stand) -> None:
    stand.start()
    hedged(stand)
    assert isinstance(stand.refused(stand.broker.submit(request())), OrderRejected)
    error = stand.refused(stand.broker.submit(request()))
    assert "BINANCE_POSITION_MODE" in error.message
    assert len(stand.calls("POST", "order")) == 1


# -- leverage


def test_leverage_and_margin_mode_are_set_before_the_order(stand: Stand) -> None:
    stand.start()
    stand.submit(leverage="7", margin_mode=MarginMode.ISOLATED)
    stand.wait(1)
    (position,) = stand.ask(stand.broker.positions())
    assert (position.leverage, position.margin_mode) == (Decimal(7), MarginMode.ISOLATED)
    assert len(stand.calls("POST", "leverage")) == 1
    stand.submit(leverage="7", client_order_id="gw-2")
    assert len(stand.calls("POST", "leverage")) == 1


def test_a_margin_mode_that_cannot_be_changed_refuses_the_order(stand: Stand) -> None:
    stand.start()
    bought(stand)
    error = stand.refused(stand.broker.submit(request(margin_mode=MarginMode.ISOLATED)))
    assert isinstance(error, OrderRejected)
    assert len(stand.calls("POST", "order")) == 1


def test_leverage_beyond_the_contracts_refuses_the_order(stand: Stand) -> None:
    stand.start()
    error = stand.refused(stand.broker.submit(request(leverage="150")))
    assert isinstance(error, InvalidValue | InvalidRequest | OrderRejected)
    assert stand.calls("POST", "order") == []


# -- changes


def resting(stand: Stand, **members: Any) -> Order:
    members = {"order_type": OrderType.LIMIT, "limit_price": "1.50", **members}
    return stand.submit(**members)


def test_a_limit_order_is_changed_in_place(stand: Stand) -> None:
    stand.start()
    order = resting(stand)
    change = OrderChange(limit_price=Decimal("1.60"))
    done = stand.ask(stand.broker.replace(order.id, change))
    assert done.previous_order_id is None
    assert (done.order.id, done.order.limit_price) == (order.id, Decimal("1.6"))
    assert done.order.quantity == Decimal(10)
    stand.wait(1)
    assert stand.events_of(order.id)[-1] is OrderEventKind.MODIFIED


def test_a_change_to_what_has_executed_is_not_sent_for_it_would_cancel(stand: Stand) -> None:
    stand.start()
    order = resting(stand)
    stand.stage.fill(stand.number(order.id), "4")
    stand.wait(1)
    change = OrderChange(quantity=Decimal(4))
    error = stand.refused(stand.broker.replace(order.id, change))
    assert isinstance(error, OrderNotModifiable)
    assert stand.calls("PUT", "order") == []


def test_a_stop_cannot_be_changed_and_nothing_pretends_to(stand: Stand) -> None:
    stand.start()
    bought(stand)
    order = stop(stand)
    change = OrderChange(stop_price=Decimal("1.95"))
    error = stand.refused(stand.broker.replace(order.id, change))
    assert isinstance(error, UnsupportedOperation)
    assert [each.id for each in stand.ask(stand.broker.open_orders())] == [order.id]


# -- the account's stream


def test_a_key_that_expired_is_replaced_with_its_connection(stand: Stand) -> None:
    stand.start()
    stand.stage.world.listen_keys.expire()
    stand.wait(60, until=lambda: stand.told.names().count("up") == 2)
    bought(stand)
    assert len(stand.trades) == 1
    assert len(stand.calls("POST", "listenKey")) == 2


def test_a_key_that_somebody_deleted_is_found_out_when_it_is_kept(stand: Stand) -> None:
    stand.start()
    stand.stage.world.listen_keys.current = None
    stand.wait(1860)
    assert stand.told.names().count("up") == 2
    stand.ask(stand.broker.positions())
    bought(stand)
    assert len(stand.trades) == 1


def test_a_key_lives_as_long_as_it_is_kept(stand: Stand) -> None:
    stand.start()
    stand.wait(3 * 3600)
    bought(stand)
    assert len(stand.trades) == 1
    assert "down" not in stand.told.names()


def test_positions_and_money_are_told(stand: Stand) -> None:
    stand.start()
    bought(stand)
    stand.submit(quantity="10", side=Side.SELL, client_order_id="gw-2")
    stand.wait(8)
    kinds = [each.event for each in stand.all_of(PositionEvent)]
    assert kinds == [PositionEventKind.OPENED, PositionEventKind.CLOSED]
    assert stand.all_of(AccountEvent)
    account = stand.ask(stand.broker.account())
    assert (account.currency, account.balance) == ("USDT", stand.stage.balances["USDT"])


def test_funding_is_told_with_its_symbol(stand: Stand) -> None:
    stand.start()
    bought(stand)
    stand.stage.fund("SOLUSDT", "0.001")
    stand.wait(90)
    (told,) = stand.all_of(FinancingEvent)
    assert told.symbol == "SOLUSDT"
    assert told.amount < 0


def test_a_liquidation_is_alarmed_and_told_as_an_order(stand: Stand) -> None:
    stand.start()
    bought(stand)
    stand.stage.liquidate("SOLUSDT")
    stand.wait(5)
    (alert,) = stand.all_of(AlertEvent)
    assert alert.details["symbol"] == "SOLUSDT"
    assert alert.details["order_id"] in {each.order.id for each in stand.order_events}
    assert stand.all_of(PositionEvent)[-1].event is PositionEventKind.CLOSED


def test_a_margin_call_is_told(stand: Stand) -> None:
    stand.start()
    bought(stand)
    stand.wait(6)
    stand.stage.call_margin("SOLUSDT")
    stand.wait(6)
    assert stand.all_of(AccountEvent)[-1].event is AccountEventKind.MARGIN_CALL


# -- prices


def test_prices_come_by_their_routes() -> None:
    wanted = Subscription(Platform.BINANCE_FUTURES_TESTNET, "SOLUSDT", ("quote", "candle_1m"))
    stand = Stand(subscriptions=[wanted])
    stand.start()
    stand.wait(2)
    stand.stage.set_quote("SOLUSDT", "2.10", "2.11", "2.10")
    stand.wait(1)
    stand.stage.set_quote("SOLUSDT", "2.12", "2.13", "2.12")
    opened = number_of(stand.now()) // 60_000 * 60_000 - 60_000
    two = Decimal(2)
    bar = Bar(time=opened, open=two, high=two, low=two, close=two, volume=Decimal(7))
    for is_closed in (False, True):
        stand.stage.world.contracts.tell_bar(
            stand.stage.contract("SOLUSDT"), "1m", bar, is_closed=is_closed
        )
    stand.wait(1)
    quotes = [each.quote for each in stand.all_of(QuoteEvent)]
    assert (quotes[-1].bid, quotes[-1].ask) == (Decimal("2.12"), Decimal("2.13"))
    assert [each.bar.volume for each in stand.all_of(CandleEvent)] == [Decimal(7)]
    stand.stop()


def test_quotes_and_bars_are_asked_for(stand: Stand, coins: CoinStand) -> None:
    for each in (stand, coins):
        each.start()
        each.stage.invent_bars(each.symbol, 30)
        quote = each.ask(each.broker.quote(each.symbol))
        assert quote.bid < quote.ask
        assert quote.last > 0
        query = BarQuery(timeframe=Timeframe.M5, limit=3)
        bars = each.ask(each.broker.bars(each.symbol, query))
        assert len(bars) == 3


# -- COIN-M


def test_contracts_are_quantities_and_money_is_coins(coins: CoinStand) -> None:
    coins.start()
    coins.submit(quantity="3", client_order_id="gw-1")
    coins.wait(8)
    (position,) = coins.ask(coins.broker.positions())
    assert (position.id, position.quantity) == ("BTCUSD_PERP", Decimal(3))
    (told,) = coins.all_of(PositionEvent)
    assert abs(told.position.current_price - 90000) < 2
    assert coins.ask(coins.broker.account()).currency == "BTC"
    stopped = coins.submit(
        order_type=OrderType.STOP,
        side=Side.SELL,
        stop_price="89000",
        quantity="3",
        reduce_only=True,
        client_order_id="gw-stop",
    )
    coins.stage.set_quote("BTCUSD_PERP", "88000", "88001")
    coins.wait(3)
    assert coins.events_of(stopped.id)[-1] is OrderEventKind.FILLED
    assert coins.ask(coins.broker.positions()) == []
    trades = coins.ask(coins.broker.trades(TradeQuery()))
    assert trades[-1].order_id == stopped.id


# -- limits


def test_a_greedy_client_is_slowed_down_and_never_banned(stand: Stand) -> None:
    stand.start()
    asked = [stand.broker.open_orders() for _ in range(100)]
    stand.wait(70)
    assert 200 in {call.status for call in stand.fake.calls}
    assert not {call.status for call in stand.fake.calls} & {418, 429}
    for each in asked:
        each.addErrback(lambda _failure: None)
