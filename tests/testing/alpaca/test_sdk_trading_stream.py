"""The broker's own SDK hears what happens to orders, in good and in bad times."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tradegw.testing.alpaca import Beside

from .sdk import Heard, TradingStream, listening, requests


@pytest.fixture
def heard(double: Beside) -> Iterator[Heard]:
    heard = Heard()
    stream = TradingStream(double.key, double.secret, url_override=f"{double.ws_url}/stream")
    with listening(
        double, stream, "/stream", lambda stream: stream.subscribe_trade_updates(heard.hear)
    ):
        yield heard


def buy(client: Any, **members: Any) -> Any:
    if "limit_price" in members:
        kind: Any = requests.LimitOrderRequest
    else:
        kind = requests.MarketOrderRequest
    usual = {"symbol": "AAPL", "qty": 4, "side": "buy", "time_in_force": "gtc"}
    return client.submit_order(kind(**{**usual, **members}))


def events(updates: list[Any]) -> list[str]:
    return [str(getattr(update.event, "value", update.event)) for update in updates]


def test_a_fill_is_told_with_its_execution(client: Any, heard: Heard) -> None:
    order = buy(client)
    pending, new, fill = heard.take(3)
    assert events([pending, new, fill]) == ["pending_new", "new", "fill"]
    assert pending.execution_id is None
    assert new.execution_id is not None
    assert (fill.price, fill.qty, fill.position_qty) == (100.02, 4, 4)
    assert (fill.order.id, fill.order.filled_qty) == (order.id, "4")


def test_partial_fills_tell_their_own_quantity(client: Any, double: Beside, heard: Heard) -> None:
    double.do(lambda fake: fake.set_quote("AAPL", "100", "100.02", ask_size=1))
    order = buy(client)
    double.do(lambda fake: fake.set_quote("AAPL", "101", "101.02", ask_size=50))
    updates = heard.take(4)
    assert events(updates)[2:] == ["partial_fill", "fill"]
    assert [update.qty for update in updates[2:]] == [1, 3]
    assert [update.order.filled_qty for update in updates[2:]] == ["1", "4"]
    assert updates[3].order.filled_avg_price == "100.77"
    assert updates[3].order.id == order.id


def test_a_replace_is_told_of_the_old_order_and_a_cancel_in_two_steps(
    client: Any, heard: Heard
) -> None:
    old = buy(client, limit_price=90)
    new = client.replace_order_by_id(old.id, requests.ReplaceOrderRequest(limit_price=91))
    client.cancel_order_by_id(new.id)
    updates = heard.take(8)
    assert events(updates) == [
        "pending_new",
        "new",
        "pending_replace",
        "pending_new",
        "replaced",
        "new",
        "pending_cancel",
        "canceled",
    ]
    replaced = updates[4].order
    assert (replaced.id, replaced.replaced_by) == (old.id, new.id)
    assert updates[7].order.id == new.id


def test_expiry_and_late_rejection_are_told(client: Any, double: Beside, heard: Heard) -> None:
    buy(client, limit_price=90, time_in_force="day")
    double.do(lambda fake: fake.reject_next("AAPL"))
    buy(client)
    double.do(lambda fake: fake.set_session("closed"))
    assert sorted(events(heard.take(5))) == [
        "expired",
        "new",
        "pending_new",
        "pending_new",
        "rejected",
    ]


def test_the_end_of_a_held_stop_is_not_told(client: Any, double: Beside, heard: Heard) -> None:
    """What comes behind it is heard next."""
    order = buy(
        client,
        order_class="bracket",
        take_profit=requests.TakeProfitRequest(limit_price=110),
        stop_loss=requests.StopLossRequest(stop_price=95),
    )
    double.do(lambda fake: fake.set_quote("AAPL", "110", "110.02"))
    double.do(lambda fake: fake.tell("restated", str(order.id)))
    assert events(heard.take(6)) == ["pending_new", "new", "fill", "new", "fill", "restated"]
    nested = client.get_order_by_id(order.id, requests.GetOrderByIdRequest(nested=True))
    assert [leg.status.value for leg in nested.legs] == ["filled", "canceled"]


def test_fills_are_lost_repeated_and_turned_round_as_the_script_has_it(
    client: Any, double: Beside, heard: Heard
) -> None:
    def script(fake: Any) -> None:
        lines = fake.trading_stream.script
        lines.lose(1, "fill")
        lines.repeat(1, "fill", copies=3)
        lines.hold(2, "new", "fill")

    for _ in range(2):
        double.do(lambda fake: fake.trading_stream.script.keep(1, "new"))
    double.do(script)
    buy(client)
    buy(client)
    copies = heard.take(7)
    assert events(copies) == ["pending_new", "new", "pending_new", "new", "fill", "fill", "fill"]
    assert len({update.execution_id for update in copies[4:]}) == 1
    buy(client)
    assert events(heard.take(1)) == ["pending_new"]
    double.do(lambda fake: fake.trading_stream.script.release(backwards=True))
    assert events(heard.take(2)) == ["fill", "new"]
    assert double.do(lambda fake: fake.positions) == {"AAPL": Decimal(12)}


def test_the_sdk_comes_back_after_a_drop_and_what_was_missed_is_gone(
    client: Any, double: Beside, heard: Heard
) -> None:
    double.do(lambda fake: fake.trading_stream.reset())
    buy(client)
    double.do(lambda fake: fake.trading_stream.listened())
    buy(client, qty=1)
    assert events(heard.take(3)) == ["pending_new", "new", "fill"]
    assert double.do(lambda fake: fake.trading_stream.logons) == 2


def test_trades_and_cancels_by_other_means_are_told(
    client: Any, double: Beside, heard: Heard
) -> None:
    order = buy(client, limit_price=90)
    double.do(lambda fake: fake.trade_outside("MSFT", "buy", 3, "411.15"))
    double.do(lambda fake: fake.cancel_outside(str(order.id)))
    assert events(heard.take(6))[2:] == ["new", "fill", "pending_cancel", "canceled"]
    assert client.get_open_position("MSFT").qty == "3"
