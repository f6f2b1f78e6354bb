"""The run: when it begins, whose acknowledgements release what, and how it ends."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.error import DNSLookupError

from tests.brokers.tektii.stand import START, SYMBOL, Stand, flat
from tradegw.brokers.tektii.wire import LAST_MS
from tradegw.model.backtest import RunState
from tradegw.model.enums import (
    AccountEventKind,
    AlertCode,
    ConnectionEventKind,
    Platform,
    PositionEventKind,
)
from tradegw.model.events import (
    AccountEvent,
    AlertEvent,
    BacktestCompleteEvent,
    CandleEvent,
    ConnectionEvent,
    Event,
    OrderEvent,
    PositionEvent,
    TradeEvent,
)
from tradegw.model.subscription import Subscription
from tradegw.testing.tektii import Break, Do, Raw, Say, Terms, candles, html

ERROR = {"type": "error", "code": "E001", "message": "something broke"}


def begun(*steps: Any, echo: bool = False, terms: Terms | None = None, **more: Any) -> Stand:
    """A run that the first client has started."""
    stand = Stand(steps, terms=terms, **more)
    stand.start()
    stand.crowd.join(echo=echo)
    stand.wait(0.5)
    return stand


def heard(stand: Stand, kind: type[Event]) -> list[Any]:
    return [event for event in stand.heard() if isinstance(event, kind)]


def ends(stand: Stand) -> list[Any]:
    return heard(stand, BacktestCompleteEvent)


# -- the beginning


def test_the_engine_is_not_contacted_before_there_is_a_strategy() -> None:
    stand = Stand(flat())
    stand.start()
    stand.wait(600)
    assert (stand.fake.upgrades, stand.broker.status().state) == ([], RunState.WAITING)
    stand.crowd.join()
    stand.wait()
    assert len(stand.fake.upgrades) == 1
    stand.stop()


def test_one_that_was_there_before_the_start_is_not_waited_for() -> None:
    stand = Stand(flat())
    stand.crowd.join()
    stand.start()
    assert stand.fake.stream.joins == 1
    stand.stop()


def test_the_engine_is_contacted_once_whoever_comes_and_goes() -> None:
    stand = begun(*flat())
    stand.crowd.join("client-2")
    stand.crowd.leave()
    stand.crowd.leave("client-2")
    stand.crowd.join("client-3")
    stand.wait()
    assert stand.fake.stream.joins == 1
    stand.stop()


def test_an_engine_that_is_not_there_yet_is_tried_again_ever_more_slowly_for_two_minutes() -> None:
    stand = Stand(flat())
    stand.network.closed_ports.add(8081)
    stand.start()
    stand.crowd.join()
    stand.wait(200)
    times = [at for at, port in stand.network.tries if port == 8081]
    assert len(times) == 60
    pauses = [round(after - before, 3) for before, after in pairwise(times)]
    assert pauses[:6] == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0]
    assert set(pauses[5:]) == {2.0}
    stand.stop()


def test_it_begins_when_the_engine_is_there() -> None:
    stand = Stand(flat())
    stand.fake.stream_faults.plan(html(503), times=2)
    stand.network.errors = [Refused()]
    stand.start()
    stand.crowd.join()
    stand.wait(5)
    assert stand.ids == ["evt-0"]
    stand.stop()


@pytest.mark.parametrize("error", [DNSLookupError("no such host"), None])
def test_what_is_not_just_starting_fails_at_once_and_is_told(error: Exception | None) -> None:
    """A name that leads nowhere, or an engine that wants another key."""
    stand = Stand(flat(), terms=Terms(key=None if error else "k"))
    stand.network.errors = [error] if error else []
    stand.start()
    stand.crowd.join()
    stand.wait(1)
    assert [port for _, port in stand.network.tries].count(8081) == 1
    (told,) = heard(stand, ConnectionEvent)
    assert told.event is ConnectionEventKind.BROKER_CONNECTION_FAILED
    assert ("no such host" if error else "401") in str(told.error)
    assert [end.status for end in ends(stand)] == ["aborted"]
    assert not stand.told.session().is_whole
    stand.wait(30)
    assert stand.ask(stand.broker.over) == 3
    stand.stop()


def test_the_key_opens_the_stream() -> None:
    stand = begun(*flat(), terms=Terms(key="k-1"), TEKTII_API_KEY="k-1")
    assert stand.fake.stream.headers[0]["authorization"] == "Bearer k-1"
    stand.stop()


# -- what is told


def test_each_kind_of_event_reaches_the_client_with_its_id_in_order() -> None:
    stand = Stand(flat(2))
    stand.fake.know(flat(1))
    order, _ = stand.fake.exchange.submit(
        {"symbol": SYMBOL, "side": "buy", "order_type": "market", "quantity": "1"}
    )
    stand.start()
    stand.crowd.join(echo=True)
    stand.wait(1)
    kinds = [OrderEvent, TradeEvent, AccountEvent, PositionEvent, CandleEvent, CandleEvent]
    assert [type(event) for event in stand.heard()] == [*kinds, BacktestCompleteEvent]
    assert stand.ids == [f"evt-{number}" for number in range(7)]
    assert order.status == "filled"
    assert stand.fake.run.late == []
    stand.stop()


def test_messages_are_stamped_with_the_latest_simulated_time() -> None:
    late = candles("AAPL", START + 600_000, "1.08")
    stand = begun(*flat(2), *late, *candles(SYMBOL, START + 120_000, "1.08"), echo=True)
    stand.wait(1)
    minutes = [(event.timestamp.hour * 60 + event.timestamp.minute) for event in stand.heard()]
    assert minutes == [1, 2, 11, 11, 11]
    stand.stop()


def test_or_with_the_time_of_day_if_that_is_wanted() -> None:
    stand = begun(*flat(2), echo=True, BACKTEST_TIMESTAMPS="wall")
    stand.wait(1)
    assert {event.timestamp.year for event in stand.heard()} == {2026}
    assert heard(stand, CandleEvent)[0].bar.timestamp.year == 2024
    stand.stop()


@pytest.mark.parametrize("timeframe", ["1m", "1h", "1d", "1w"])
def test_a_candle_is_told_at_its_end(timeframe: str) -> None:
    stand = begun(*candles(SYMBOL, START, "1.08", timeframe=timeframe), echo=True)
    (candle,) = heard(stand, CandleEvent)
    length = candle.timestamp - candle.bar.timestamp
    assert length.total_seconds() == candle.bar.timeframe.seconds
    stand.stop()


def test_a_candle_passes_although_only_another_platform_is_subscribed_to() -> None:
    stand = Stand(
        flat(1),
        subscriptions=[Subscription(Platform.MOCK, "AAPL", ("*",))],
    )
    stand.start()
    stand.crowd.join(echo=True)
    stand.wait(1)
    assert stand.ids == ["evt-0", "evt-1"]
    stand.stop()


def test_an_error_of_the_engine_reaches_the_client_without_an_id_and_is_acknowledged() -> None:
    stand = begun(Say([ERROR]), *flat(1))
    (alert,) = heard(stand, AlertEvent)
    assert (alert.code, alert.details) == (AlertCode.INTERNAL_ERROR, {"code": "E001"})
    assert alert.event_id is None
    assert stand.acks == [("evt-0",)]
    stand.stop()


def test_a_pong_is_nobodys_business() -> None:
    stand = begun(Say([{"type": "pong"}]), *flat(1))
    assert (stand.ids, stand.acks) == (["evt-0"], [])
    stand.stop()


@pytest.mark.parametrize(
    "frame",
    [
        b'{"type":"omen","event_id":"evt-x"}',
        b'{"type":"candle","event_id":"evt-x","symbol":"A","timeframe":"7m"}',
        b'{"type":"order","event_id":"evt-x","event":"created"}',
        b'{"event_id":"evt-x", oops',
    ],
)
@pytest.mark.parametrize("binary", [False, True])
def test_what_cannot_be_read_is_acknowledged_and_the_next_is_read(
    frame: bytes, binary: bool
) -> None:
    stand = begun(Raw(frame, "evt-x", binary), *flat(1))
    assert stand.acks == [("evt-x",)]
    assert stand.ids == ["evt-0"]
    assert stand.broker.report()["unreadable"] == 1
    stand.stop()


@pytest.mark.parametrize("odd", ["money", "time"])
def test_what_cannot_be_told_is_acknowledged_too(odd: str) -> None:
    late = {"type": "candle", **flat(1)[0].told(), "timestamp": LAST_MS}
    poor = {"type": "account", "event": "margin_call", "account": stand_account("NaN")}
    stand = begun(Say([poor if odd == "money" else late]), *flat(1))
    assert (stand.acks, stand.ids) == ([("evt-0",)], ["evt-1"])
    stand.stop()


def stand_account(balance: str) -> dict[str, str]:
    names = ("equity", "unrealized_pnl", "margin_used", "margin_available")
    return {"balance": balance, **dict.fromkeys(names, "1")}


@pytest.mark.parametrize("kind", ["balance_updated", "margin_warning", "margin_call"])
def test_news_of_money_keep_their_kind(kind: str) -> None:
    stand = begun(Say([{"type": "account", "event": kind, "account": stand_account("1")}]))
    (event,) = heard(stand, AccountEvent)
    assert event.event is AccountEventKind(kind.upper())
    stand.stop()


def test_positions_are_opened_changed_and_closed() -> None:
    def told(quantity: str) -> Say:
        shown = {
            "id": "pos-1",
            "symbol": SYMBOL,
            "side": "short",
            "quantity": quantity,
            "avg_entry_price": "1",
            "current_price": "1",
            "unrealized_pnl": "0",
        }
        return Say([{"type": "position", "position": shown}])

    stand = begun(told("2"), told("1"), told("0"), told("5"), echo=True)
    stand.wait(1)
    kinds = [event.event for event in heard(stand, PositionEvent)]
    assert kinds == [
        PositionEventKind.OPENED,
        PositionEventKind.MODIFIED,
        PositionEventKind.CLOSED,
        PositionEventKind.OPENED,
    ]
    stand.stop()


def test_a_liquidation_is_an_alert_right_before_its_trade() -> None:
    stand = Stand()
    stand.fake.know(flat(1))
    order, _ = stand.fake.exchange.submit(
        {"symbol": SYMBOL, "side": "buy", "order_type": "market", "quantity": "1000"}
    )
    stand.fake.add([Do(stand.fake.filling(order.id, price="1.08"))])
    stand.fake.add([stand.fake.liquidating("pos-1", "1.00")])
    stand.start()
    stand.crowd.join(echo=True)
    stand.wait(1)
    told = stand.heard()
    (at,) = [n for n, each in enumerate(told) if isinstance(each, AlertEvent)]
    alert, trade = told[at], told[at + 1]
    assert isinstance(alert, AlertEvent)
    assert isinstance(trade, TradeEvent)
    assert (alert.code, alert.event_id) == (AlertCode.LIQUIDATION, None)
    assert alert.details == {
        "order_id": trade.trade.order_id,
        "position_id": "pos-1",
        "symbol": SYMBOL,
        "price": "1",
        "realized_pnl": "-80",
    }
    assert trade.trade.liquidation is True
    money = [event.event for event in heard(stand, AccountEvent)]
    assert money == [AccountEventKind.BALANCE_UPDATED, AccountEventKind.MARGIN_CALL]
    stand.stop()


# -- acknowledgements


def batch(count: int) -> Say:
    return Say(
        [
            {"type": "account", "event": "balance_updated", "account": stand_account(str(n))}
            for n in range(count)
        ]
    )


def test_nothing_is_acknowledged_before_the_client_does_it() -> None:
    stand = begun(*flat())
    stand.wait(3)
    assert stand.acks == []
    stand.crowd.ack("evt-0")
    stand.wait()
    assert stand.acks == [("evt-0",)]
    assert stand.ids == ["evt-0", "evt-1"]
    stand.stop()


def test_ids_are_released_exactly_and_in_any_order() -> None:
    stand = begun(batch(3))
    for event_id in ("evt-1", "evt-0", "evt-2"):
        stand.crowd.ack(event_id)
        stand.wait(0.1)
    assert stand.acks == [("evt-1",), ("evt-0",), ("evt-2",)]
    stand.stop()


def test_those_of_one_acknowledgement_leave_in_one_frame_as_they_were_named() -> None:
    stand = begun(batch(3))
    stand.crowd.ack("evt-2", "evt-0", "evt-2", "evt-9", "evt-0")
    stand.wait(0.1)
    assert stand.acks == [("evt-2", "evt-0")]
    names = [frame["correlation_id"] for frame in stand.fake.stream.frames]
    stand.crowd.ack("evt-1")
    stand.wait(0.1)
    assert stand.fake.stream.frames[1]["correlation_id"] not in names
    stand.stop()


def test_repeated_unknown_and_empty_acknowledgements_release_nothing() -> None:
    stand = begun(batch(2))
    stand.crowd.ack("evt-0")
    for _ in range(3):
        stand.crowd.ack("evt-0")
        stand.crowd.ack("evt-77")
        stand.crowd.ack()
    stand.wait(0.5)
    assert stand.acks == [("evt-0",)]
    assert stand.fake.run.stray == []
    stand.stop()


def test_a_batch_of_four_and_a_candle_are_five_single_releases() -> None:
    stand = Stand(flat(1))
    stand.fake.know(flat(1))
    stand.fake.exchange.submit(
        {"symbol": SYMBOL, "side": "buy", "order_type": "market", "quantity": "1"}
    )
    stand.start()
    stand.crowd.join(echo=True)
    stand.wait(1)
    assert stand.acks[:5] == [(f"evt-{number}",) for number in range(5)]
    stand.stop()


def test_an_acknowledgement_before_the_delivery_is_held_and_counts_once() -> None:
    stand = begun(*flat(1))
    pacing = stand.broker.pacing
    pacing.expect("evt-50")  # type: ignore[attr-defined]  # as the link does
    stand.crowd.ack("evt-50")
    stand.crowd.ack("evt-50")
    assert stand.acks == []
    pacing.handed("evt-50", ["client-1"])
    pacing.handed("evt-60", ["client-1"])  # never heard of: no harm
    stand.wait(0.1)
    assert stand.acks == [("evt-50",)]
    stand.stop()


def test_what_nobody_heard_is_not_released_by_a_late_acknowledgement_but_told_to_the_next() -> None:
    stand = begun(*flat(3))
    stand.crowd.ack("evt-0")
    stand.crowd.leave()
    stand.wait(1.0)
    assert stand.fake.run.awaiting == ("evt-1",)
    stand.crowd.ack("evt-1")
    stand.wait(1.0)
    assert stand.acks == [("evt-0",)]
    stand.crowd.join("client-2", echo=True)
    stand.wait(1.0)
    assert [event.event_id for event in stand.heard("client-2")] == [
        "evt-1",
        "evt-2",
        "evt-3",
    ]
    assert stand.fake.run.state == "completed"
    stand.stop()


def test_a_message_that_could_not_be_sent_to_anybody_is_told_when_the_next_comes() -> None:
    stand = Stand(flat(2))
    stand.start()
    stand.crowd.refuses = 1
    stand.crowd.join()
    stand.wait(1.0)
    stand.crowd.ack("evt-0")
    stand.wait(1.0)
    assert (stand.acks, stand.fake.run.awaiting) == ([], ("evt-0",))
    stand.crowd.join("client-2")
    assert [event.event_id for event in stand.heard("client-2")] == ["evt-0"]
    stand.crowd.ack("evt-0")
    stand.wait(0.1)
    assert stand.acks == [("evt-0",)]
    stand.stop()


def test_what_whoever_comes_does_not_hear_either_is_told_to_the_next_in_its_order() -> None:
    stand = begun(*flat(1), Say([{"type": "candle", **each.told()} for each in flat(3)[1:]]))
    del stand.crowd.heard["client-1"]  # nobody hears what follows
    stand.crowd.ack("evt-0")
    stand.wait(1.0)
    assert stand.broker.report()["unheard"] == 2
    stand.crowd.refuses = 1
    stand.crowd.join("client-2")
    assert stand.heard("client-2") == []
    stand.crowd.join("client-3", echo=True)
    stand.wait(1.0)
    told = [event.event_id for event in stand.heard("client-3")]
    assert (told, stand.fake.run.state) == (["evt-1", "evt-2", "evt-3"], "completed")
    stand.stop()


def test_an_abort_that_nobody_heard_is_told_to_the_next_who_comes() -> None:
    stand = begun(*flat(1), Break("drop"), BACKTEST_EXIT="never")
    stand.crowd.leave()
    stand.wait(1.0)
    assert stand.broker.status().state is RunState.ABORTED
    stand.crowd.join("client-2")
    (end,) = stand.heard("client-2")
    assert isinstance(end, BacktestCompleteEvent)
    assert (end.event_id, end.status) == (None, "aborted")
    stand.crowd.join("client-3")
    assert stand.heard("client-3") == []
    stand.stop()


def test_an_older_event_that_nobody_heard_holds_up_no_newer_one() -> None:
    stand = begun(batch(1), batch(1))
    stand.crowd.refuses = 1
    stand.crowd.ack("evt-0")
    stand.wait(6.0)  # the engine's window for evt-1
    stand.fake.add(flat(1))
    stand.wait(6.0)
    stand.crowd.ack(*[event_id for event_id in stand.ids if event_id])
    stand.wait(0.1)
    assert ("evt-2",) in stand.acks
    assert ("evt-1",) not in stand.acks
    stand.stop()


def test_whoever_leaves_without_an_acknowledgement_holds_nothing_up() -> None:
    stand = begun(*flat(2))
    stand.crowd.join("client-2")
    stand.crowd.leave()
    stand.wait(0.1)
    assert stand.acks == [("evt-0",)]
    assert stand.broker.report()["absolved"] == 1
    stand.stop()


def test_any_clients_acknowledgement_counts_unless_all_are_wanted() -> None:
    for pace, expected in (("any", [("evt-1",)]), ("all", [])):
        stand = Stand(flat(3), BACKTEST_PACE=pace)
        stand.start()
        stand.crowd.join("one")
        stand.crowd.join("two")
        stand.wait(0.5)
        for name in ("one", "two"):
            stand.crowd.ack("evt-0", by=name)
            stand.wait(0.1)
        stand.crowd.ack("evt-1", by="two")
        stand.wait(0.1)
        assert stand.acks[1:] == expected
        stand.crowd.leave("one")
        stand.wait(0.1)
        assert stand.acks[1:] == [("evt-1",)]
        stand.stop()


def test_an_acknowledgement_without_an_engine_does_no_harm() -> None:
    stand = Stand(flat())
    stand.start()
    stand.crowd.ack("evt-0")
    stand.broker.pacing.handed("evt-0", ["client-1"])
    stand.crowd.ack("evt-0")
    stand.wait(1)
    assert stand.fake.stream.joins == 0
    stand.stop()


def test_beyond_a_thousand_the_oldest_of_what_nobody_hears_is_dropped() -> None:
    terms = Terms(window=0.01, unheard=10_000)
    stand = Stand([batch(1)] * 1100, terms=terms)
    stand.start()
    stand.crowd.join()
    stand.crowd.leave()
    stand.wait(20)
    report = stand.broker.report()
    assert (report["unheard"], report["dropped"]) == (1024, 77)
    stand.crowd.join("late", echo=True)
    stand.wait(1)
    assert stand.heard("late")[0].event_id == "evt-77"
    stand.stop()


def test_an_engine_that_does_not_wait_is_not_read_any_more() -> None:
    terms = Terms(window=0.001, unheard=10_000)
    stand = begun(*[batch(1)] * 3000, terms=terms)
    stand.wait(5)
    assert len(stand.heard()) == 1025
    stand.crowd.ack(*[event_id for event_id in stand.ids if event_id])
    stand.wait(1)
    assert len(stand.heard()) == 2050
    stand.stop()


# -- whole runs, and the end


def test_eight_candles_and_a_client_that_echoes_make_a_run() -> None:
    stand = begun(*flat(8), echo=True)
    stand.wait(1)
    assert stand.fake.run.state == "completed"
    assert len(stand.acks) == 9
    assert stand.broker.status().state is RunState.COMPLETED
    lasted = stand.broker.status().wall_seconds
    stand.wait(10)
    assert stand.broker.status().wall_seconds == lasted
    stand.stop()


def test_a_client_that_acknowledges_nothing_is_halted_by_the_engine() -> None:
    stand = begun(*flat(40))
    stand.wait(130)
    assert (stand.fake.run.state, len(stand.fake.run.late), stand.acks) == ("halted", 24, [])
    assert [end.status for end in ends(stand)] == ["aborted"]
    stand.stop()


def test_the_end_is_told_once_and_its_acknowledgement_goes_to_the_engine() -> None:
    stand = begun(*flat(1), echo=True)
    stand.wait(1)
    (end,) = ends(stand)
    assert (end.event_id, end.status, end.broker) == ("evt-1", "completed", "tektii")
    assert stand.acks[-1] == ("evt-1",)
    assert stand.fake.run.state == "completed"
    stand.stop()


@pytest.mark.parametrize("how", ["close", "drop", "reset"])
def test_an_end_without_the_engines_word_is_an_abort_told_once_without_an_id(how: str) -> None:
    stand = begun(*flat(1), Break(how), *flat(1), echo=True)
    stand.wait(1)
    (end,) = ends(stand)
    assert (end.event_id, end.status) == (None, "aborted")
    alert = stand.heard()[-2]
    assert isinstance(alert, AlertEvent)
    assert (alert.code, alert.details) == (
        AlertCode.INTERNAL_ERROR,
        {"run_status": "aborted"},
    )
    assert stand.broker.status().state is RunState.ABORTED
    stand.wait(60)
    assert stand.fake.stream.joins == 1
    assert not [name for name in stand.told.names() if name in ("down", "failed", "retry")]
    stand.stop()


def test_nothing_follows_the_end_even_if_the_engine_goes_on() -> None:
    complete = {"type": "backtest_complete"}
    stand = begun(Say([complete, complete]), *flat(1), echo=True)
    stand.wait(1)
    assert len(stand.heard()) == 1
    released = sorted(event_id for ids in stand.acks for event_id in ids)
    assert released == ["evt-0", "evt-1", "evt-2", "evt-3"]
    stand.stop()


def test_the_process_ends_when_the_clients_have_gone_and_had_their_time() -> None:
    stand = begun(*flat(1), echo=True)
    stand.wait(1)
    over: list[int] = []
    stand.broker.over.addCallback(over.append)
    stand.wait(20)
    assert not over
    stand.crowd.leave()
    stand.wait(2.5)
    stand.broker.pacing.request_began()
    stand.wait(5)
    assert not over
    stand.broker.pacing.request_ended()
    stand.wait(3.1)
    assert over == [0]
    stand.stop()


def test_or_after_half_a_minute_if_they_stay() -> None:
    stand = begun(*flat(1), echo=True)
    over: list[int] = []
    stand.broker.over.addCallback(over.append)
    stand.wait(29)
    assert not over
    stand.wait(3)
    assert over == [0]
    stand.stop()


def test_an_engine_that_stays_when_it_is_over_keeps_nobody() -> None:
    stand = Stand([Say([{"type": "backtest_complete"}]), *flat(1)])
    stand.start()
    stand.crowd.join()
    stand.wait()
    stand.fake.run.paused = True
    stand.crowd.ack("evt-0")
    stand.wait(20)
    assert stand.fake.stream.wires
    stand.wait(11)
    assert stand.ask(stand.broker.over) == 0
    stand.stop()


def test_it_serves_on_if_that_is_wanted() -> None:
    stand = begun(*flat(1), echo=True, BACKTEST_EXIT="never")
    stand.wait(1)
    stand.crowd.leave()
    stand.wait(100)
    assert not stand.broker.over.called
    stand.stop()


def test_the_gateway_leaves_the_engine_when_it_stops_and_tells_no_end() -> None:
    stand = begun(*flat(4))
    stand.stop()
    stand.wait(10)
    assert stand.fake.run.state == "abandoned"
    assert ends(stand) == []
