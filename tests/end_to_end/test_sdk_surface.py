"""The official SDK, unchanged, through its whole surface, synchronous and asynchronous."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tektii import (
    AsyncTradingGateway,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    OrderRejectedError,
    OrderStatus,
    PositionSide,
    TradingGateway,
)

from .daemon import Daemon, wait_until

# The SDK leaves event loops of its own open; see conftest.py.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

KEY = "k" * 32


class Blocking:
    """The asynchronous client, called as if it were the synchronous one."""

    def __init__(self, gateway: AsyncTradingGateway, loop: asyncio.AbstractEventLoop) -> None:
        self._gateway = gateway
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._gateway, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            result = method(*args, **kwargs)
            if inspect.isawaitable(result):
                return self._loop.run_until_complete(result)
            return result

        return call


@pytest.fixture(params=["sync", "async"])
def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    with Daemon(tmp_path, GATEWAY_API_KEY=KEY, GIT_SHA="abc123") as daemon:
        if request.param == "sync":
            with TradingGateway(daemon.url, KEY) as client:
                yield client
        else:
            loop = asyncio.new_event_loop()
            asynchronous = AsyncTradingGateway(daemon.url, api_key=KEY)
            yield Blocking(asynchronous, loop)
            loop.run_until_complete(asynchronous.close())
            loop.close()


def position(gateway: Any, symbol: str) -> Any:
    found = gateway.list_positions(symbol=symbol)
    return found[0] if found else None


def test_system_calls(gateway: Any) -> None:
    assert gateway.get_account().balance == "100000"
    assert gateway.get_capabilities().position_mode == "NETTING"
    assert gateway.get_status().connected
    health = gateway.get_health()
    assert (health.status, health.git_sha) == ("connected", "abc123")
    assert health.providers[0].platform == "mock"
    assert gateway.get_circuit_breakers().adapter.state == "closed"
    assert gateway.reset_circuit_breakers().exit_order.failure_count == 0
    with pytest.raises(ConflictError):
        gateway.reset_circuit_breakers()


def test_market_data(gateway: Any) -> None:
    quote = gateway.get_quote("AAPL")
    assert Decimal(quote.bid) < Decimal(quote.ask)
    bars = gateway.get_bars("AAPL", "5m", limit=7)
    assert len(bars) == 7
    assert [bar.timestamp for bar in bars] == sorted(bar.timestamp for bar in bars)
    now = datetime.now(UTC)
    between = gateway.get_bars("AAPL", "1h", start=now - timedelta(hours=5), end=now)
    assert 3 <= len(between) <= 5
    with pytest.raises(BadRequestError):
        gateway.get_bars("AAPL", "3m")
    assert gateway.quantity_for_notional("AAPL", notional="1000") > 0
    assert gateway.quantity_for_notional("AAPL", equity_fraction="0.1") > 0


def test_a_market_order_becomes_a_position_and_is_closed(gateway: Any) -> None:
    handle = gateway.submit_order("AAPL", "buy", "10", client_order_id="one")
    assert (handle.status, handle.client_order_id) == (OrderStatus.OPEN, "one")
    held = wait_until(lambda: position(gateway, "AAPL"), "the position")
    assert (held.side, held.quantity) == (PositionSide.LONG, "10")
    assert gateway.get_position(held.id).symbol == "AAPL"
    order = gateway.get_order(handle.id)
    assert (order.status, order.filled_quantity) == (OrderStatus.FILLED, "10")
    assert order.correlation_id
    assert [o.id for o in gateway.get_order_history(client_order_id="one")] == [handle.id]
    assert gateway.list_trades(order_id=handle.id)[0].price == order.average_fill_price
    part = gateway.close_position(held.id, quantity="4")
    assert part.id != handle.id
    wait_until(lambda: position(gateway, "AAPL").quantity == "6", "the partial close")
    assert len(gateway.close_all_positions(symbol="AAPL")) == 1
    wait_until(lambda: position(gateway, "AAPL") is None, "the close")
    with pytest.raises(NotFoundError):
        gateway.get_position(held.id)


def test_resting_orders_are_listed_modified_and_cancelled(gateway: Any) -> None:
    first = gateway.submit_order("MSFT", "buy", "1", "limit", limit_price="1.00")
    second = gateway.submit_order("AAPL", "sell", "1", "limit", limit_price="9999")
    assert {order.id for order in gateway.list_orders()} == {first.id, second.id}
    assert [order.id for order in gateway.list_orders(symbol="MSFT", side="buy")] == [first.id]
    changed = gateway.modify_order(first.id, limit_price="1.01", quantity="2")
    assert (changed.order.limit_price, changed.order.quantity) == ("1.01", "2")
    cancelled = gateway.cancel_order(first.id)
    assert cancelled.success
    assert cancelled.order.status == OrderStatus.CANCELLED
    with pytest.raises(ConflictError):
        gateway.cancel_order(first.id)
    result = gateway.cancel_all_orders()
    assert (result.cancelled_count, result.failed_count) == (1, 0)
    assert gateway.list_orders() == []
    cancelled_ones = gateway.list_orders(status=["CANCELLED"])
    assert {order.id for order in cancelled_ones} == {first.id, second.id}


def test_a_cancel_of_all_orders_that_takes_exits_along_can_be_read(gateway: Any) -> None:
    """Its answer has a member that the SDK does not know."""
    gateway.submit_order("AAPL", "buy", "1", stop_loss="1", take_profit="9999")
    wait_until(lambda: len(gateway.list_orders(symbol="AAPL")) == 2, "the exits")
    result = gateway.cancel_all_orders(symbol="AAPL")
    assert (result.cancelled_count, result.failed_count) == (2, 0)
    assert gateway.list_orders(symbol="AAPL") == []


def test_every_order_type_is_accepted(gateway: Any) -> None:
    submit = gateway.submit_order
    submit("AAPL", "buy", "1", "limit", limit_price="1", time_in_force="day")
    submit("AAPL", "buy", "1", "stop", stop_price="9999")
    submit("AAPL", "buy", "1", "stop_limit", stop_price="9999", limit_price="9999")
    submit("AAPL", "sell", "1", "trailing_stop", trailing_distance="50", trailing_type="percent")
    types = sorted(order.order_type.value for order in gateway.list_orders())
    assert types == ["LIMIT", "STOP", "STOP_LIMIT", "TRAILING_STOP"]
    ioc = submit("AAPL", "buy", "1", "limit", limit_price="1", time_in_force="ioc")
    wait_until(
        lambda: gateway.get_order(ioc.id).status == OrderStatus.CANCELLED, "the end of the IOC"
    )


def test_attached_exits_rest_after_the_fill_and_name_their_parent(gateway: Any) -> None:
    entry = gateway.submit_order(
        "AAPL", "buy", "10", stop_loss="75", take_profit="300", client_order_id="entry"
    )
    legs = wait_until(
        lambda: (
            [o for o in gateway.list_orders() if o.client_order_id != "entry"][1:]
            and gateway.list_orders()
        ),
        "both legs",
    )
    assert {leg.client_order_id for leg in legs} == {"entry-sl", "entry-tp"}
    assert {leg.side for leg in legs} == {"SELL"}
    assert entry.id not in {leg.id for leg in legs}
    gateway.close_all_positions()
    wait_until(lambda: gateway.list_orders() == [], "the exits to go with the position")


def test_errors_are_the_right_exceptions(gateway: Any) -> None:
    with pytest.raises(BadRequestError) as malformed:
        gateway.submit_order("AAPL", "buy", "1", "limit")
    assert malformed.value.details == {"field": "limit_price"}
    with pytest.raises(BadRequestError) as too_small:
        gateway.submit_order("AAPL", "buy", "-1")
    assert too_small.value.code == "VALIDATION_ERROR"
    with pytest.raises(OrderRejectedError) as too_much:
        gateway.submit_order("AAPL", "buy", "1000000")
    assert too_much.value.details["reject_code"] == "INSUFFICIENT_FUNDS"
    with pytest.raises(NotFoundError):
        gateway.get_order("nobody")


def test_a_wrong_key_is_refused(daemon_with_key: Daemon) -> None:
    with (
        TradingGateway(daemon_with_key.url, "x" * 32) as client,
        pytest.raises(AuthenticationError),
    ):
        client.get_account()


@pytest.fixture
def daemon_with_key(tmp_path: Path) -> Iterator[Daemon]:
    with Daemon(tmp_path, GATEWAY_API_KEY=KEY) as running:
        yield running
