"""The kill switch: what it stops, what it lets through, and that a restart does not undo it."""

from __future__ import annotations

import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tektii import ConflictError, OrderRejectedError, TradingGateway

from .daemon import Daemon, wait_until
from .test_wired import FAR, MARKET, call, metric

# The SDK leaves event loops of its own open; see conftest.py.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


def put(daemon: Daemon, state: str, reason: str | None = None) -> Any:
    status, answer = call(
        daemon.url, "PUT", "/v1/trading-state", {"state": state, "reason": reason}
    )
    assert (status, answer["state"]) == (200, state)
    return answer


def submit(daemon: Daemon, **members: Any) -> tuple[int, Any]:
    return call(daemon.url, "POST", "/v1/orders", MARKET | members)


def refusal(answer: tuple[int, Any]) -> str:
    """The gateway's code for refusing an order."""
    status, body = answer
    assert (status, body["code"]) == (422, "ORDER_REJECTED")
    return str(body["details"]["reject_code"])


def held(daemon: Daemon, quantity: str) -> Any:
    """The one position, as soon as it has that quantity."""

    def look() -> Any:
        return [one for one in daemon.get("/v1/positions") if one["quantity"] == quantity]

    return wait_until(look, f"a position of {quantity}")[0]


def test_nothing_that_opens_leaves_and_what_reduces_does(daemon: Daemon) -> None:
    assert daemon.get("/v1/trading-state")["state"] == "ACTIVE"
    assert submit(daemon, quantity="5", stop_loss="1")[0] == 201
    resting = call(daemon.url, "POST", "/v1/orders", FAR | {"quantity": "2"})[1]["id"]
    position = held(daemon, "5")["id"]
    answer = put(daemon, "HALTED", "closing time")
    assert (answer["set_by"], answer["reason"]) == ("client", "closing time")
    assert metric(daemon, 'gateway_trading_state{state="HALTED"}') == 1

    for opening in ({}, {"side": "sell"}, {"side": "sell", "quantity": "6", "reduce_only": True}):
        assert refusal(submit(daemon, **opening)) == "TRADING_HALTED"
    path = f"/v1/orders/{resting}"
    for change in ({"limit_price": "2"}, {"quantity": "3"}):
        assert refusal(call(daemon.url, "PATCH", path, change)) == "TRADING_HALTED"
    assert "closing time" in submit(daemon)[1]["message"]

    assert call(daemon.url, "PATCH", path, {"quantity": "1"})[0] == 200
    assert call(daemon.url, "PATCH", f"/v1/positions/{position}", {"stop_loss": "2"})[0] == 200
    assert submit(daemon, side="sell", reduce_only=True)[0] == 201
    held(daemon, "4")
    assert call(daemon.url, "DELETE", path)[0] == 200
    assert call(daemon.url, "DELETE", f"/v1/positions/{position}")[0] == 200
    wait_until(lambda: daemon.get("/v1/positions") == [], "the close")
    wait_until(lambda: daemon.get("/v1/orders") == [], "the end of the exits")
    assert daemon.get("/readyz")["ready"] is True


def test_reduce_only_takes_reductions_at_market_that_are_not_marked(daemon: Daemon) -> None:
    assert submit(daemon, quantity="5")[0] == 201
    held(daemon, "5")
    put(daemon, "REDUCE_ONLY")
    assert refusal(submit(daemon)) == "TRADING_REDUCE_ONLY"
    assert refusal(submit(daemon, side="sell", quantity="5.1")) == "TRADING_REDUCE_ONLY"
    waiting = {"side": "sell", "quantity": "3", "order_type": "limit", "limit_price": "100000"}
    assert refusal(submit(daemon, **waiting)) == "TRADING_REDUCE_ONLY"
    assert submit(daemon, **waiting, reduce_only=True)[0] == 201
    assert refusal(submit(daemon, side="sell", quantity="3")) == "TRADING_REDUCE_ONLY"
    assert submit(daemon, side="sell", quantity="2")[0] == 201
    held(daemon, "3")
    put(daemon, "ACTIVE")
    assert submit(daemon)[0] == 201


def test_a_crash_does_not_undo_it(tmp_path: Path) -> None:
    with Daemon(tmp_path) as daemon:
        answer = put(daemon, "HALTED", "closing time")
        daemon.stop(signal.SIGKILL)
    with Daemon(tmp_path) as daemon:
        assert daemon.get("/v1/trading-state") == answer
        assert refusal(submit(daemon)) == "TRADING_HALTED"
        put(daemon, "ACTIVE")
        assert submit(daemon)[0] == 201


def test_a_signal_halts_and_a_restart_does_not_undo_that(tmp_path: Path) -> None:
    def is_halted() -> bool:
        return bool(daemon.get("/v1/trading-state")["state"] == "HALTED")

    with Daemon(tmp_path) as daemon:
        daemon.process.send_signal(signal.SIGUSR1)
        wait_until(is_halted, "the halt")
        answer = daemon.get("/v1/trading-state")
        assert (answer["set_by"], answer["reason"]) == ("signal", "SIGUSR1")
        assert refusal(submit(daemon)) == "TRADING_HALTED"
        assert daemon.stop() == 0
    with Daemon(tmp_path) as daemon:
        assert daemon.get("/v1/trading-state") == answer
        assert refusal(submit(daemon)) == "TRADING_HALTED"


def test_no_order_reaches_the_broker_after_the_answer(daemon: Daemon) -> None:
    """Ten clients go on sending all the while."""
    halted = threading.Event()

    def send(number: int) -> list[int]:
        statuses: list[int] = []
        after = 0
        while after < 5:
            after += halted.is_set()
            order = FAR | {"client_order_id": f"{number}-{len(statuses)}"}
            statuses.append(call(daemon.url, "POST", "/v1/orders", order)[0])
        return statuses

    def at_the_broker() -> int:
        return len(daemon.get("/v1/orders"))

    with ThreadPoolExecutor(10) as pool:
        sending = [pool.submit(send, number) for number in range(10)]
        wait_until(lambda: at_the_broker() > 50, "orders")
        put(daemon, "HALTED")
        there = at_the_broker()
        halted.set()
        statuses = [one.result() for one in sending]
    assert at_the_broker() == there == sum(each.count(201) for each in statuses)
    assert all(each[-4:] == [422] * 4 for each in statuses)


def test_the_official_client_knows_the_answers(daemon: Daemon) -> None:
    with TradingGateway(daemon.url) as client:
        first = client.submit_order("AAPL", "buy", "1", client_order_id="once")
        assert client.submit_order("AAPL", "buy", "1", client_order_id="once").id == first.id
        with pytest.raises(ConflictError) as conflict:
            client.submit_order("AAPL", "buy", "2", client_order_id="once")
        assert conflict.value.code == "INVALID_REQUEST"
        put(daemon, "HALTED")
        with pytest.raises(OrderRejectedError) as rejected:
            client.submit_order("AAPL", "buy", "1")
        assert rejected.value.details["reject_code"] == "TRADING_HALTED"
