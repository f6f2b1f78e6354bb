"""The whole gateway at the engine: exits rest before time goes on, and every id comes home."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.brokers.tektii.stand import START, SYMBOL, flat, request
from tests.brokers.tektii.whole import Whole
from tradegw.errors import OrderNotModifiable, PositionNotFound
from tradegw.model.enums import OrderStatus, OrderType, Side, TrailingType
from tradegw.model.events import CandleEvent, OrderEvent, QuoteEvent
from tradegw.model.order import ClosePositionRequest, OrderChange, OrderQuery
from tradegw.model.protection import Trail
from tradegw.testing.tektii import Say, Terms, candles, html, refuse, slow, stall

RISES = ("1.08", "1.08", "1.08 1.085 1.079 1.08", "1.08 1.10 1.08 1.09", "1.09")


def begun(*rows: str, **more: Any) -> Whole:
    """A run that the first client has started, at its first candle."""
    whole = Whole(candles(SYMBOL, START, *(rows or RISES)), **more)
    whole.start()
    whole.crowd.join()
    whole.wait(0.05)
    return whole


def echo(whole: Whole, seconds: float = 5.0) -> None:
    """From now on the client acknowledges what it hears."""
    whole.crowd.echo.add("client-1")
    acknowledge(whole, seconds)


def acknowledge(whole: Whole, seconds: float = 0.2) -> None:
    """What the client has heard and not acknowledged."""
    heard = set(whole.ids)
    whole.crowd.ack(*[each for each in whole.fake.run.awaiting if each in heard])
    whole.wait(seconds)


def legs(whole: Whole) -> dict[str, str]:
    return {o.order_type: o.status for o in whole.fake.orders if o.reduce_only}


def test_exits_rest_at_the_engine_before_the_fill_is_told_and_time_stands_still() -> None:
    whole = begun()
    whole.enter(stop_loss="1.07", take_profit="1.095")
    acknowledge(whole)
    (filled,) = [e for e in whole.heard() if isinstance(e, OrderEvent) and e.order.filled_quantity]
    assert legs(whole) == {"stop": "open", "limit": "open"}
    assert filled.event_id in whole.fake.run.awaiting
    assert {o.position_id for o in whole.fake.orders if o.reduce_only} == {"pos-1"}
    assert [o.created_at for o in whole.fake.orders][1:] == [START + 60_000] * 2
    whole.stop()


def test_slow_legs_hold_the_fill_and_nothing_overtakes_it() -> None:
    """Not even a candle, which an engine that tired of waiting sends."""
    whole = begun(terms=Terms(window=0.5))
    whole.enter(stop_loss="1.07", take_profit="1.095")
    whole.fake.faults.plan(slow(1.2), "POST", times=2)
    acknowledge(whole, 1.0)
    assert [type(event) for event in whole.heard()] == [CandleEvent, OrderEvent]
    assert whole.fake.run.late
    whole.wait(2.0)
    kinds = [type(event).__name__ for event in whole.heard()]
    assert kinds.index("CandleEvent", 1) > kinds.index("PositionEvent")
    whole.stop()


def test_a_candle_waits_for_the_gateway_but_not_for_ever() -> None:
    whole = begun(*["1.08"] * 4, terms=Terms(window=0.2))
    whole.fake.faults.plan(stall(), "POST")
    whole.core.desk.submit(request())
    whole.wait(2.0)
    assert len([e for e in whole.heard() if isinstance(e, CandleEvent)]) == 1
    whole.wait(1.0)
    assert len([e for e in whole.heard() if isinstance(e, CandleEvent)]) > 1
    whole.wait(60)
    whole.stop()


def test_a_leg_fills_its_sibling_goes_and_all_is_acknowledged() -> None:
    whole = begun()
    whole.enter(stop_loss="1.07", take_profit="1.095")
    echo(whole)
    assert legs(whole) == {"stop": "cancelled", "limit": "filled"}
    assert (whole.fake.run.state, whole.fake.run.late, whole.fake.run.stray) == (
        "completed",
        [],
        [],
    )
    told = [e.order for e in whole.heard() if isinstance(e, OrderEvent) and e.order.reduce_only]
    assert {order.parent_order_id for order in told} == {"o-1"}
    assert whole.broker.status().waiting_for == ()
    assert whole.metric("gateway_backtest_completions_total") == 1
    assert whole.metric("gateway_backtest_aborts_total") == 0
    whole.stop()


def test_a_leg_that_is_not_acknowledged_holds_time() -> None:
    whole = begun()
    whole.enter(stop_loss="1.07", take_profit="1.095")
    for _ in range(4):
        acknowledge(whole)
    assert legs(whole)["limit"] == "filled"
    waited = whole.fake.run.awaiting
    whole.wait(3)
    assert whole.fake.run.awaiting == waited
    whole.stop()


def test_each_event_is_counted_once() -> None:
    whole = begun()
    whole.enter()
    echo(whole)
    for kind in ("created", "filled"):
        assert whole.metric("gateway_order_events_total", event_type=kind) == 1
    whole.stop()


def test_what_the_gateway_knows_already_is_acknowledged_in_the_clients_stead() -> None:
    """An event that comes twice goes no further than the intake."""
    whole = begun(*["1.08"] * 4)
    whole.enter(order_type=OrderType.LIMIT, limit_price="1.0")
    again = whole.fake.order("o-1").told()
    whole.fake.run.tell([{"type": "order", "event": "created", "order": again}])
    whole.wait(0.5)
    assert whole.acks == [("evt-2",)]
    assert "evt-2" not in whole.ids
    assert whole.broker.report()["known"] == 1
    whole.stop()


def test_acknowledgements_wait_for_what_the_gateway_is_doing_but_not_for_ever() -> None:
    whole = begun(*["1.08"] * 4)
    whole.broker.pacing.request_began()
    whole.crowd.ack("evt-0")
    whole.wait(1.0)
    assert whole.acks == []
    whole.broker.pacing.request_ended()
    assert whole.acks == []  # on its way
    whole.wait(0.01)
    assert whole.acks == [("evt-0",)]
    whole.broker.pacing.request_began()
    whole.crowd.ack("evt-1")
    whole.wait(2.1)
    assert whole.acks == [("evt-0",), ("evt-1",)]
    whole.stop()


def test_an_oco_group_shows_on_later_reads_and_one_fill_cancels_the_other() -> None:
    whole = begun(*["1.08"] * 3)
    for price in ("1.09", "1.10"):
        whole.enter(
            side=Side.SELL,
            order_type=OrderType.LIMIT,
            limit_price=price,
            oco_group_id="g-1",
        )
    found = whole.ask(whole.core.reads.open_orders(OrderQuery(oco_group_id="g-1")))
    assert {order.id for order in found} == {"o-1", "o-2"}
    whole.fake.fill("o-2")
    whole.wait(0.5)
    assert whole.fake.order("o-1").status == "cancelled"
    whole.stop()


def test_an_entry_that_was_changed_keeps_its_exits() -> None:
    whole = begun(*["1.08"] * 4)
    whole.enter(order_type=OrderType.LIMIT, limit_price="1.07", stop_loss="1.06", quantity="10")
    whole.fake.fill("o-1", 4)
    whole.wait(0.5)
    changed = whole.ask(whole.core.desk.replace("o-1", OrderChange(limit_price=Decimal("1.075"))))
    assert f"{changed.order.quantity} {changed.order.remaining_quantity}" == "10 6"
    assert changed.order.stop_loss == Decimal("1.06")
    whole.fake.fill(changed.order.id)
    whole.wait(0.5)
    stops = [o for o in whole.fake.orders if o.order_type == "stop" and o.lives]
    assert sum(stop.quantity for stop in stops) == 10
    whole.stop()


def test_a_change_without_an_answer_is_found_out() -> None:
    """Time stands still, so the two orders of that name are equally old."""
    whole = begun(*["1.08"] * 4)
    whole.enter(order_type=OrderType.LIMIT, limit_price="1.07", stop_loss="1.06", quantity="10")
    whole.fake.fill("o-1", 4)
    whole.wait(0.5)
    whole.fake.faults.plan(html(500, accepted=True), "POST")
    change = OrderChange(limit_price=Decimal("1.075"))
    changed = whole.ask(whole.core.desk.replace("o-1", change))
    assert (changed.order.id, changed.previous_order_id) == ("o-3", "o-1")
    assert f"{changed.order.quantity} {changed.order.remaining_quantity}" == "10 6"
    whole.fake.fill("o-3")
    whole.wait(0.5)
    stops = [o for o in whole.fake.orders if o.order_type == "stop" and o.lives]
    assert sum(stop.quantity for stop in stops) == 10
    whole.stop()


def test_an_entry_whose_change_was_refused_keeps_its_exits_under_its_new_id() -> None:
    whole = begun(*["1.08"] * 4)
    whole.enter(
        order_type=OrderType.LIMIT,
        limit_price="1.07",
        stop_loss="1.06",
        client_order_id="c-1",
    )
    whole.fake.faults.plan(refuse(422, "not aligned", "invalid_order"), "POST")
    with pytest.raises(OrderNotModifiable):
        whole.ask(whole.core.desk.replace("o-1", OrderChange(limit_price=Decimal("1.071"))))
    whole.wait(0.5)
    assert whole.fake.order("c-1").id == "o-2"
    whole.fake.fill("o-2")
    whole.wait(0.5)
    assert legs(whole) == {"stop": "open"}
    whole.stop()


def test_a_position_is_closed_and_its_exits_go() -> None:
    whole = begun(*["1.08"] * 6)
    whole.enter(stop_loss="1.07", take_profit="1.095")
    acknowledge(whole)
    handle = whole.ask(whole.core.desk.close_position("pos-1", ClosePositionRequest()))
    assert whole.fake.order(handle.id).reduce_only
    for _ in range(4):
        acknowledge(whole)
    assert whole.fake.positions == []
    assert set(legs(whole).values()) == {"filled", "cancelled"}
    whole.stop()


@pytest.mark.parametrize(("symbol", "left"), [(None, set()), (SYMBOL, {"o-2"})])
def test_all_orders_are_cancelled_or_those_of_a_symbol(symbol: str | None, left: set[str]) -> None:
    whole = begun(*["1.08"] * 3)
    for each in (SYMBOL, "AAPL"):
        whole.enter(symbol=each, order_type=OrderType.LIMIT, limit_price="1")
    done = whole.ask(whole.core.desk.cancel_all(symbol))
    assert (done.cancelled_count, done.failed_order_ids) == (2 - len(left), None)
    assert {order.id for order in whole.fake.orders if order.lives} == left
    whole.stop()


def test_a_position_is_found_by_its_id_alone() -> None:
    whole = begun()
    whole.enter()
    acknowledge(whole)
    assert whole.ask(whole.core.reads.position("pos-1")).quantity == Decimal(1000)
    for name in ("pos-2", SYMBOL):
        with pytest.raises(PositionNotFound):
            whole.ask(whole.core.reads.position(name))
    whole.stop()


def test_orders_sent_before_the_run_are_known_when_they_fill() -> None:
    """No time is known then; that of the first thing the engine shows will do."""
    whole = Whole(flat(3))
    whole.start()
    handle = whole.enter(stop_loss="1.07", client_order_id="early")
    whole.crowd.join(echo=True)
    whole.wait(3)
    assert whole.fake.order(handle.id).status == "filled"
    (told,) = [
        e.order
        for e in whole.heard()
        if isinstance(e, OrderEvent) and e.order.status is OrderStatus.FILLED
    ]
    assert (told.client_order_id, told.correlation_id, told.outside) == (
        "early",
        handle.correlation_id,
        None,
    )
    assert legs(whole) == {"stop": "open"}
    whole.stop()


def test_a_stop_trails_the_closes_and_is_moved_before_its_candle_is_told() -> None:
    whole = begun("1.08", "1.08", "1.09", "1.10", "1.095 1.1 1.04 1.05", "1.05")
    trail = Trail(distance=Decimal("0.02"), kind=TrailingType.ABSOLUTE)
    whole.enter(trailing_stop=trail)
    acknowledge(whole)
    stops = []
    while whole.fake.run.awaiting:
        acknowledge(whole)
        (candle, *_) = [e for e in reversed(whole.heard()) if isinstance(e, CandleEvent)]
        resting = [o.stop_price for o in whole.fake.orders if o.order_type == "stop" and o.lives]
        stops.append((str(candle.bar.close), *map(str, resting)))
    assert ("1.09", "1.07") in stops
    assert ("1.1", "1.08") in stops
    assert whole.fake.positions == []
    assert whole.fake.run.late == []
    assert not [event for event in whole.heard() if isinstance(event, QuoteEvent)]
    whole.stop()


# -- engines that tell nothing of orders


def test_where_no_orders_are_told_of_exits_are_placed_before_the_next_candle() -> None:
    whole = begun(terms=Terms(tells_orders=False))
    whole.enter(stop_loss="1.07", take_profit="1.095")
    whole.crowd.ack("evt-0")
    whole.wait(0.5)
    assert legs(whole) == {"stop": "open", "limit": "open"}
    kinds = [type(event).__name__ for event in whole.heard()]
    assert kinds.index("OrderEvent") < kinds.index("CandleEvent", 1)
    for _ in range(6):
        acknowledge(whole)
    assert legs(whole) == {"stop": "cancelled", "limit": "filled"}
    assert (whole.fake.run.state, whole.fake.run.late) == ("completed", [])
    whole.stop()


def test_an_engine_that_tells_of_orders_is_not_asked() -> None:
    whole = begun()
    whole.enter(stop_loss="1.07", take_profit="1.095")
    echo(whole)
    looks = {call.path[-3:] for call in whole.fake.calls if "/orders/" in call.path}
    assert looks == {"o-2"}  # the stop, which was cancelled
    whole.stop()


def test_a_candle_does_not_wait_for_an_answer_that_does_not_come() -> None:
    whole = begun(*["1.08"] * 3, terms=Terms(tells_orders=False))
    whole.enter(order_type=OrderType.LIMIT, limit_price="1.0", stop_loss="0.9")
    whole.fake.faults.plan(slow(60), "GET", "/api/v1/orders/*")
    whole.crowd.ack("evt-0")
    whole.wait(1.0)
    assert whole.ids == ["evt-0"]
    whole.wait(1.5)
    assert whole.ids == ["evt-0", "evt-1"]
    whole.stop()


def test_an_aborted_run_is_counted_as_such() -> None:
    whole = begun(*["1.08"] * 3)
    whole.fake.stream.reset()
    whole.wait(1)
    assert whole.metric("gateway_backtest_aborts_total") == 1
    assert whole.metric("gateway_backtest_completions_total") == 0
    assert whole.metric("gateway_broker_disconnections_total") == 0
    whole.stop()


def test_an_error_is_told_and_stops_nothing() -> None:
    whole = Whole([Say([{"type": "error", "code": "E1", "message": "odd"}]), *flat(2)])
    whole.start()
    whole.crowd.join(echo=True)
    whole.wait(2)
    assert whole.fake.run.state == "completed"
    whole.stop()
