"""The gateway is killed, or hears nothing for a while, and things happen meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tradegw.model.enums import OrderType, TimeInForce
from tradegw.model.order import ClosePositionRequest, OrderChange
from tradegw.model.trading import TradingState
from tradegw.testing.alpaca import holdings

from .whole import Whole

TEN = Decimal(10)
LIMIT = OrderType.LIMIT
WHOLE = ClosePositionRequest()


@pytest.fixture
def whole() -> Iterator[Whole]:
    whole = Whole()
    whole.start()
    yield whole
    whole.stop()


def entered(whole: Whole, **members: Any) -> Any:
    """A limit buy with exits that fills by hand."""
    symbol = members.get("symbol", "AAPL")
    whole.fake.hold_fills(symbol)
    handle = whole.enter(**{"order_type": LIMIT, "limit_price": "231", **members})
    whole.wait()
    return handle


def is_whole(whole: Whole) -> bool:
    """Whether the gateway thinks what is true, and trusts it."""
    held = {symbol: whole.core.books.held(symbol) for symbol in whole.core.books.symbols()}
    is_trusted = whole.core.trading.status().state is TradingState.ACTIVE
    return is_trusted and {s: q for s, q in held.items() if q} == whole.fake.positions


def test_a_bracket_outlives_the_gateway(whole: Whole) -> None:
    whole.enter(stop_loss="220", take_profit="240")
    whole.wait(2.0)
    whole.crash()
    whole.wait(5.0)
    whole.start_again()
    whole.wait(70.0)
    assert whole.protected("AAPL") == TEN
    assert len(whole.core.blotter.told_working()) == 2
    assert is_whole(whole)


def test_a_bracket_may_close_while_the_gateway_is_down(whole: Whole) -> None:
    whole.enter(stop_loss="220", take_profit="240")
    whole.wait(2.0)
    whole.crash()
    whole.fake.set_quote("AAPL", "241", "241.02")
    whole.wait(5.0)
    whole.start_again()
    whole.wait(70.0)
    assert is_whole(whole)
    assert not [order for order in whole.fake.orders if order.is_open]


@pytest.mark.parametrize("seconds", [1.0, 8.0])
def test_an_entry_that_filled_in_part_may_fill_while_the_gateway_is_down(
    whole: Whole, seconds: float
) -> None:
    """A stop of the gateway's own may rest by then, or not yet."""
    entry = entered(whole, stop_loss="220", take_profit="240")
    whole.fake.fill(entry.id, 4)
    whole.wait(seconds)
    whole.crash()
    whole.fake.fill(entry.id)
    whole.wait(3.0)
    whole.start_again()
    whole.wait(70.0)
    assert whole.protected("AAPL") == TEN
    assert is_whole(whole)


def test_a_chain_of_changes_may_fill_while_the_gateway_is_down(whole: Whole) -> None:
    order_id = entered(whole, stop_loss="220", take_profit="240").id
    for price in ("231.10", "231.20"):
        change = OrderChange(limit_price=Decimal(price))
        order_id = whole.ask(whole.core.desk.replace(order_id, change)).order.id
        whole.wait()
    whole.crash()
    whole.fake.fill(order_id)
    whole.wait(3.0)
    whole.start_again()
    whole.wait(70.0)
    assert whole.protected("AAPL") == TEN
    assert is_whole(whole)


def test_14_exits_that_end_with_the_day_are_replaced_also_after_a_restart(whole: Whole) -> None:
    whole.enter(stop_loss="220", take_profit="240", time_in_force=TimeInForce.DAY)
    whole.wait(2.0)
    whole.crash()
    whole.fake.set_session("closed")
    whole.wait(30.0)
    whole.start_again()
    whole.wait(70.0)
    assert whole.protected("AAPL") == TEN
    whole.fake.set_session("regular")
    whole.wait(60.0)
    assert whole.protected("AAPL") == TEN
    assert is_whole(whole)


@pytest.mark.parametrize("rate", ["0.0015", "0.0025", "0.0009"])
@pytest.mark.parametrize("gap", ["killed", "killed in between", "link lost", "event lost"])
def test_31_what_executed_unheard_cost_what_is_missing(
    whole: Whole, monkeypatch: pytest.MonkeyPatch, rate: str, gap: str
) -> None:
    """Fees are of many heights, and a wrong one would leave a difference that nobody explains."""
    monkeypatch.setattr(holdings, "CRYPTO_FEE", Decimal(rate))
    entry = entered(whole, symbol="ETH/USD", quantity="0.5", limit_price="2990", stop_loss="2900")
    if gap == "killed in between":
        whole.fake.fill(entry.id, "0.123456789")
        whole.wait(2.0)
    if gap.startswith("killed"):
        whole.crash()
    elif gap == "link lost":
        whole.network.down = True
        whole.network.cut()
    else:
        whole.fake.trading_stream.script.lose(1, "fill")
    whole.wait()
    whole.fake.fill(entry.id)
    whole.wait()
    whole.network.down = False
    if gap.startswith("killed"):
        whole.start_again()
    whole.wait(200.0)
    assert is_whole(whole)
    assert whole.protected("ETH/USD") == whole.fake.positions["ETH/USD"]


def test_31_an_execution_that_the_history_showed_first_counts_once(
    whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else what the next unheard one cost could not be seen."""
    monkeypatch.setattr(holdings, "CRYPTO_FEE", Decimal("0.0015"))
    entry = entered(whole, symbol="ETH/USD", quantity="0.5", limit_price="2990")
    whole.fake.trading_stream.script.delay(1, 65.0, "fill")
    whole.fake.fill(entry.id)
    whole.wait(200.0)
    assert is_whole(whole)
    again = entered(whole, symbol="ETH/USD", quantity="0.25", limit_price="2990")
    whole.fake.trading_stream.script.lose(1, "fill")
    whole.fake.fill(again.id)
    whole.wait(200.0)
    assert is_whole(whole)


def test_59_an_entry_that_was_not_told_to_fill_is_found_by_its_exit(whole: Whole) -> None:
    """Within moments, not at the next comparison of everything."""
    entry = entered(whole, stop_loss="220", take_profit="240")
    whole.fake.trading_stream.script.lose(1, "fill")
    whole.fake.fill(entry.id)
    whole.fake.hold_fills("AAPL", hold=False)
    whole.fake.set_quote("AAPL", "240.50", "240.52")
    whole.wait(5.0)
    assert is_whole(whole)
    assert whole.core.blotter.told_working() == []


def test_16_a_close_is_not_kept_away_by_an_entry_that_rests(whole: Whole) -> None:
    """Its exits have made way by then, and Alpaca would take no other stop."""
    whole.enter(stop_loss="220")
    whole.wait(2.0)
    whole.enter(quantity="5", order_type=LIMIT, limit_price="225")
    whole.wait(2.0)
    whole.ask(whole.core.desk.close_position("AAPL_position", WHOLE))
    whole.wait(5.0)
    assert whole.fake.positions == {}
    assert [order for order in whole.fake.orders if order.is_open] == []
    assert whole.alerts == []


def test_37_a_position_whose_stop_was_passed_at_once_is_not_held_on_to(whole: Whole) -> None:
    whole.fake.world.desk.venue_seconds = None
    whole.enter(quantity="2.5", stop_loss="230")
    whole.fake.world.desk.act()
    whole.fake.set_quote("AAPL", "228", "228.02")
    whole.fake.world.desk.venue_seconds = 0.01
    whole.wait(5.0)
    assert whole.fake.positions == {}
    whole.wait(70.0)
    assert is_whole(whole)
