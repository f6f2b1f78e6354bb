"""Time goes on when those who hear of it are ready, and not before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs

from tradegw.model.backtest import RunState

from .stand import Client, Message, Stand, at_candles

BUY = {0: lambda stand: stand.submit()}


def candles(client: Client) -> int:
    return len(client.told("candle"))


def ids(client: Client) -> list[str]:
    return [message["event_id"] for message in client.heard]


def take_all(client: Client) -> None:
    """Hear what was sent, and what comes of that, without acknowledging."""
    for _ in range(5):
        while client.take_one():
            pass
        client.stand.turn()


def test_nothing_begins_before_enough_clients_are_there(tmp_path: Path) -> None:
    stand = Stand(tmp_path, BACKTEST_CLIENTS="2")
    first = stand.join(mute=True)
    take_all(first)
    assert first.heard == []
    assert stand.broker.status().state is RunState.WAITING
    second = stand.join(mute=True)
    take_all(first)
    take_all(second)
    assert (candles(first), candles(second)) == (1, 1)


def test_nothing_moves_without_the_acknowledgement_of_the_very_event(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    client = stand.join(mute=True)
    take_all(client)
    for strange in ([], ["evt-2"], ["evt-0", "x"]):
        client.acknowledge(*strange)
        take_all(client)
        assert candles(client) == 1
    assert stand.broker.status().waiting_for == ("evt-1",)
    client.acknowledge("evt-1", "evt-1")
    take_all(client)
    assert candles(client) == 2


def test_a_candle_comes_in_the_turn_of_the_acknowledgement_before(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    client = stand.join(mute=True)
    take_all(client)
    client.acknowledge("evt-1")
    assert client.take_one(), "without a turn of the reactor"
    assert candles(client) == 2


def test_a_fill_is_released_when_all_of_its_events_are_acknowledged(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    client = stand.join(mute=True)
    take_all(client)
    stand.submit()
    take_all(client)
    client.acknowledge(*ids(client))
    take_all(client)
    frame = client.heard[2:]
    assert [m["type"] for m in frame] == ["order", "trade", "position", "account"]
    for message in reversed(frame[1:]):
        client.acknowledge(message["event_id"])
        take_all(client)
        assert candles(client) == 1
    client.acknowledge(frame[0]["event_id"])
    take_all(client)
    assert candles(client) == 2


def test_a_request_that_is_being_answered_holds_the_clock(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    client = stand.join(mute=True)
    take_all(client)
    pacing = stand.broker.pacing
    pacing.request_began()
    pacing.request_began()
    client.acknowledge("evt-1")
    take_all(client)
    pacing.request_ended()
    take_all(client)
    assert candles(client) == 1
    pacing.request_ended()
    take_all(client)
    assert candles(client) == 2


def test_an_order_event_joins_the_frame_that_is_being_acknowledged(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    client = stand.join(mute=True)
    take_all(client)
    stand.submit()
    client.acknowledge("evt-1")
    take_all(client)
    assert [m.get("event") for m in client.heard] == [None, "ORDER_CREATED"]
    client.acknowledge("evt-2")
    take_all(client)
    assert client.heard[2]["event"] == "ORDER_FILLED"


@pytest.mark.parametrize(("pace", "expected"), [("all", 1), ("any", 2)])
def test_of_two_clients_all_count_or_any(tmp_path: Path, pace: str, expected: int) -> None:
    stand = Stand(tmp_path, BACKTEST_CLIENTS="2", BACKTEST_PACE=pace)
    first, second = stand.join(mute=True), stand.join(mute=True)
    take_all(first)
    first.acknowledge("evt-1")
    take_all(second)
    assert candles(second) == expected


def test_who_never_acknowledges_beside_one_who_does_only_observes(tmp_path: Path) -> None:
    stand = Stand(tmp_path, BACKTEST_CLIENTS="2", BACKTEST_ACK_TIMEOUT="3")
    strategy, screen = stand.join(), stand.join(mute=True)
    stand.go()
    assert candles(strategy) == 1
    for _ in range(5):
        stand.turn(1)
        stand.go()
    assert stand.broker.status().state is RunState.COMPLETED
    take_all(screen)
    assert screen.heard[-1]["type"] == "backtest_complete"


def test_a_client_that_acknowledged_before_and_stops_ends_the_run_as_stalled(
    tmp_path: Path,
) -> None:
    stand = Stand(tmp_path, BACKTEST_ACK_TIMEOUT="3")
    client = stand.join(mute=True)
    take_all(client)
    client.acknowledge("evt-1")
    for _ in range(5):
        stand.turn(1)
    take_all(client)
    alert, end = client.heard[-2:]
    assert (alert["type"], alert["code"]) == ("error", "INTERNAL_ERROR")
    assert alert["details"] == {"run_status": "stalled", "waiting_for": ["evt-2"]}
    assert "waits inside its loop" in alert["message"]
    assert (end["type"], end["status"]) == ("backtest_complete", "stalled")
    assert stand.finish() == 3
    assert stand.broker.report()["status"] == "stalled"


def test_a_timeout_of_zero_waits_for_ever(tmp_path: Path) -> None:
    stand = Stand(tmp_path, BACKTEST_ACK_TIMEOUT="0", BACKTEST_RECONNECT_TIMEOUT="0")
    client = stand.join(mute=True)
    for _ in range(1000):
        stand.turn(60)
    client.leave()
    for _ in range(1000):
        stand.turn(60)
    assert stand.broker.status().state is RunState.RUNNING


def test_work_on_an_event_may_take_as_long_as_the_timeout_each_time(tmp_path: Path) -> None:
    stand = Stand(tmp_path, BACKTEST_ACK_TIMEOUT="10")
    client = stand.join(mute=True)
    take_all(client)
    for number in range(1, 5):
        for _ in range(9):
            stand.turn(1)
        client.acknowledge(f"evt-{number}")
        take_all(client)
    assert client.heard[-1]["status"] == "completed"


def test_a_late_client_joins_from_the_next_frame_on_and_a_leaver_owes_nothing(
    tmp_path: Path,
) -> None:
    stand = Stand(tmp_path)
    first = stand.join(mute=True)
    take_all(first)
    second = stand.join(mute=True)
    first.acknowledge("evt-1")
    take_all(second)
    assert ids(second) == ["evt-2"]
    second.acknowledge("evt-2")
    take_all(first)
    assert candles(first) == 2
    first.leave()
    take_all(second)
    assert ids(second) == ["evt-2", "evt-3"]


def test_without_any_client_the_clock_stands_until_one_comes_back(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    gone = stand.join(mute=True)
    take_all(gone)
    gone.leave()
    for _ in range(30):
        stand.turn(1)
    assert stand.broker.status().state is RunState.RUNNING
    assert stand.broker.status().clients == 0
    back = stand.run()
    assert ids(back)[0] == "evt-2"
    report = stand.broker.report()
    assert report["status"] == "completed"
    assert report["reproducible"] is False
    assert report["honesty"]["interruptions"] == 1


def test_when_none_comes_back_the_run_is_abandoned(tmp_path: Path) -> None:
    stand = Stand(tmp_path, BACKTEST_RECONNECT_TIMEOUT="5")
    client = stand.join(mute=True)
    take_all(client)
    client.leave()
    for _ in range(7):
        stand.turn(1)
    assert stand.broker.status().state is RunState.ABANDONED
    assert stand.finish() == 3


def test_without_clients_the_data_run_through_at_once(tmp_path: Path) -> None:
    stand = Stand(tmp_path, BACKTEST_CLIENTS="0")
    assert stand.broker.status().state is RunState.COMPLETED
    stand.turn(0.1)
    assert stand.exit_code == 0


def test_with_a_speed_it_runs_by_the_wall_clock_to_whoever_listens(tmp_path: Path) -> None:
    stand = Stand(tmp_path, BACKTEST_CLIENTS="0", BACKTEST_SPEED="86400")
    listener = stand.join(mute=True)
    heard = []
    for _ in range(50):
        stand.turn(0.1)
        take_all(listener)
        heard.append(candles(listener))
    assert heard[8] == 0, "a day in a second"
    assert heard[11] == 1
    assert heard[-1] == 4
    assert stand.broker.status().state is RunState.COMPLETED


def test_the_status_tells_how_far_it_is(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    client = stand.join(mute=True)
    take_all(client)
    client.acknowledge("evt-1")
    status = stand.broker.status()
    assert (status.events, status.clients, status.waiting_for) == (2, 1, ("evt-2",))
    assert str(status.progress) == "0.5"
    assert f"{status.clock:%m-%d}" == "01-03"


def test_orders_that_came_before_the_start_meet_the_first_open(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    stand.submit()
    stand.run()
    (price, _quantity, time), *_ = stand.fills()
    assert (str(price), time) == ("100", "01 00:00:00")


def test_a_strategy_that_asks_while_it_handles_an_event_sees_a_frozen_clock(
    tmp_path: Path,
) -> None:
    answers: list[Any] = []

    def handle(client: Client, message: Message) -> None:
        if message["type"] == "candle":
            stand = client.stand
            for _ in range(3):
                account = stand.asked(stand.core.reads.account)
                quote = stand.asked(lambda: stand.core.reads.quote("X"))
                answers.append((client.candles, account, quote, stand.broker.status().clock))

    stand = Stand(tmp_path)
    stand.run(handle)
    for number in range(4):
        assert len({repr(each) for each in answers if each[0] == number}) == 1


def test_a_handler_of_several_messages_runs_at_candles(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    client = stand.run(at_candles(BUY))
    assert [m["type"] for m in client.heard[:7]] == [
        "candle",
        "order",
        "order",
        "trade",
        "position",
        "account",
        "candle",
    ]


def test_work_of_the_gateway_that_waits_for_simulated_time_does_not_stop_it_for_ever(
    tmp_path: Path,
) -> None:
    stand = Stand(tmp_path)
    stand.broker.run.settled = Deferred
    client = stand.join()
    stand.go()
    assert candles(client) == 0
    with capturedLogs() as logged:
        for _ in range(200):
            stand.turn(1)
            stand.go()
    assert candles(client) == 4
    assert any("takes simulated time" in str(each.get("log_format")) for each in logged)
    assert stand.broker.report()["reproducible"] is False
