"""What changes behind the gateway's back: rules, leverage, accounts, and what is not shown yet."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from tradegw.brokers.binance.times import number_of
from tradegw.errors import (
    GatewayError,
    InvalidValue,
    OrderNotFound,
    OrderRejected,
    ProviderError,
)
from tradegw.model.account import TradeQuery
from tradegw.model.enums import OrderType, Side, Timeframe, TimeInForce
from tradegw.model.limits import Lane
from tradegw.model.market import BarQuery
from tradegw.model.order import ClosePositionRequest, OrderQuery
from tradegw.testing.binance import Bar

from .payloads import request
from .stand import CoinStand, Stand
from .test_whole import bought, stop

DAY_MS = 86_400_000


@pytest.fixture
def stand() -> Iterator[Stand]:
    stand = Stand()
    yield stand
    stand.stop()


def test_the_keys_of_another_account_do_nothing(stand: Stand) -> None:
    stand.start()
    stand.memory.values["binance-futures:account"] = b"usd-m SgsR"
    stand.ask(stand.broker.stopService())
    stand.new_broker()
    stand.broker.startService()
    stand.wait(30, until=lambda: "failed" in stand.told.names())
    assert "another account" in stand.refused(stand.broker.submit(request())).message
    assert stand.calls("POST", "order") == []


@pytest.mark.parametrize("lane", [Lane.ENTRY, Lane.EMERGENCY])
def test_a_refusal_by_a_rule_that_changed_has_the_rules_read_anew(stand: Stand, lane: Lane) -> None:
    stand.start()
    bought(stand)
    stand.wait(120)
    stand.stage.contract("SOLUSDT").tick = Decimal("0.02")
    limit = request(
        order_type=OrderType.LIMIT,
        side=Side.SELL,
        limit_price="2.12",
        reduce_only=True,
        client_order_id="gw-tp",
    )
    assert isinstance(stand.refused(stand.broker.submit(limit, lane)), OrderRejected)
    stand.wait(1)
    if lane is Lane.ENTRY:
        assert isinstance(stand.refused(stand.broker.submit(limit, lane)), InvalidValue)
    else:
        assert stand.ask(stand.broker.submit(limit, lane)).limit_price == Decimal("2.13")


def test_a_close_that_is_refused_by_a_rule_has_the_rules_read_anew(stand: Stand) -> None:
    stand.start()
    bought(stand)
    stand.wait(120)
    (position,) = stand.ask(stand.broker.positions())
    contract = stand.stage.contract("SOLUSDT")
    contract.min_qty = contract.step = Decimal(4)
    close = stand.broker.close
    assert isinstance(stand.refused(close(position, ClosePositionRequest(), "gw-1")), GatewayError)
    stand.wait(1)
    assert stand.ask(close(position, ClosePositionRequest(), "gw-2")).quantity == Decimal(8)


def test_what_happened_more_than_a_week_ago_is_found(stand: Stand) -> None:
    stand.start()
    since = stand.now()
    bought(stand)
    order = stop(stand)
    stand.stage.set_quote("SOLUSDT", "1.88", "1.89")
    stand.stop()
    stand.clock.advance(12 * 86_400)
    stand.new_broker()
    stand.start()
    trades = stand.ask(stand.broker.trades(TradeQuery(since=since)))
    assert [trade.order_id for trade in trades] == ["SOLUSDT:41200118233", order.id]
    ended = stand.ask(stand.broker.closed_orders(OrderQuery(since=since)))
    assert {each.id for each in ended} == {"SOLUSDT:41200118233", order.id}


def test_an_exit_is_for_whatever_time_there_is(stand: Stand) -> None:
    stand.start()
    bought(stand)
    exit_ = request(
        order_type=OrderType.STOP,
        side=Side.SELL,
        stop_price="1.90",
        reduce_only=True,
        time_in_force=TimeInForce.DAY,
    )
    assert stand.ask(stand.broker.submit(exit_, Lane.EMERGENCY)).time_in_force is TimeInForce.GTC


def test_leverage_that_was_changed_while_the_stream_was_away_is_set_anew(stand: Stand) -> None:
    stand.start()
    stand.submit(leverage="7")
    stand.user_stream.reset()
    stand.stage.world.wallet.leverage["SOLUSDT"] = 50
    stand.wait(30)
    stand.submit(leverage="7", client_order_id="gw-2")
    assert stand.stage.world.wallet.leverage["SOLUSDT"] == 7


@pytest.mark.parametrize("shown_by", ["stream", "list"])
def test_a_stop_that_works_is_not_gone_because_a_look_up_lags(stand: Stand, shown_by: str) -> None:
    stand.start()
    bought(stand)
    order = stop(stand)
    stand.wait(20 if shown_by == "stream" else 60)
    if shown_by == "list":
        stand.ask(stand.broker.open_orders())
    stand.stage.world.book.lag_seconds = 1000.0
    assert isinstance(stand.refused(stand.broker.order(order.id)), ProviderError)
    stand.wait(60)
    assert isinstance(stand.refused(stand.broker.order(order.id)), OrderNotFound)


def test_bars_of_years_are_asked_for_by_windows_that_coin_m_takes() -> None:
    stand = CoinStand()
    stand.start()
    price, today = Decimal(90_000), number_of(stand.now()) // DAY_MS * DAY_MS
    days = [
        Bar(time=today - number * DAY_MS, open=price, high=price, low=price, close=price)
        for number in range(500, -1, -1)
    ]
    stand.stage.add_bars("BTCUSD_PERP", days, "1d")
    query = BarQuery(timeframe=Timeframe.D1, limit=450)
    bars = stand.ask(stand.broker.bars("BTCUSD_PERP", query))
    assert len(bars) == 450
    assert len({bar.timestamp for bar in bars}) == 450
    assert len(stand.calls("GET", "klines")) == 3
    stand.stop()
