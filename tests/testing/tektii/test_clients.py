"""The double on real sockets, driven by clients that are not ours, against what is known of the
engine.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tradegw.testing.tektii import Break, Raw, Say, Terms, candles, refuse, running

from .wire import START, Client, listening

ROWS = ("1.0800", "1.0810", "1.0820 1.0850 1.0790 1.0830", "1.0830")
ORDER = {
    "id": "o-1",
    "symbol": "F:EURUSD",
    "side": "buy",
    "order_type": "stop_limit",
    "quantity": "1000",
    "filled_quantity": "0",
    "price": "1.09",
    "limit_price": "1.0905",
    "status": "open",
    "time_in_force": "gtc",
    "created_at": START + 60_000,
}


def test_a_whole_run_by_a_plain_client() -> None:
    """Candle, order, its batch, the end: each waited for by its ids; REST answers meanwhile."""
    with running(candles("F:EURUSD", START, *ROWS)) as engine, listening(engine) as client:
        assert client.hear() == {
            "type": "candle",
            "event_id": "evt-0",
            "symbol": "F:EURUSD",
            "timeframe": "1m",
            "timestamp": START,
            "open": "1.08",
            "high": "1.08",
            "low": "1.08",
            "close": "1.08",
            "volume": 100.0,
        }
        handle = client.order(client_order_id="c-1")
        assert handle == {"id": "o-1", "client_order_id": "c-1", "status": "open"}
        created = client.hear()
        assert (created["event"], created["event_id"]) == ("created", "evt-1")
        client.acknowledge("evt-1")
        client.acknowledge("evt-0")
        batch = client.hear_all(4)
        assert [each["type"] for each in batch] == ["order", "trade", "account", "position"]
        assert batch[0]["order"]["average_fill_price"] == "1.081"
        assert batch[1]["trade"]["timestamp"] == START + 60_000
        assert batch[3]["position"] == {
            "id": "pos-1",
            "symbol": "F:EURUSD",
            "side": "long",
            "quantity": "1000",
            "avg_entry_price": "1.081",
            "current_price": "1.081",
            "unrealized_pnl": "0",
        }
        assert client.get("/api/v1/positions")["positions"] == [batch[3]["position"]]
        client.acknowledge("evt-4", "evt-2")
        client.acknowledge("evt-5", "evt-3", "evt-99")
        for number in (6, 7, 8):
            assert client.hear()["event_id"] == f"evt-{number}"
            client.acknowledge(f"evt-{number}")
        assert client.hear() == {"type": "backtest_complete", "event_id": "evt-9"}
        client.acknowledge("evt-9")
        with pytest.raises(ConnectionClosed):
            client.hear()
        account = client.get("/api/v1/account")
        assert account["equity"] == "100002"
        assert set(account) == {
            "balance",
            "equity",
            "unrealized_pnl",
            "realized_pnl",
            "total_commission",
            "margin_used",
            "margin_available",
        }
        run = engine.do(lambda fake: (fake.run.state, fake.run.stray, fake.run.late))
        assert run == ("completed", ["evt-99"], [])


@pytest.fixture
def client() -> Any:
    """A run that stands still after its first candle."""
    with running(candles("F:EURUSD", START, *ROWS)) as engine, listening(engine) as client:
        client.hear()
        yield client


def test_orders_are_shown_with_one_price_and_without_whether_they_only_reduce(
    client: Client,
) -> None:
    client.order(order_type="stop_limit", stop_price="1.09", limit_price="1.0905")
    assert client.get("/api/v1/orders/o-1") == ORDER
    client.order(order_type="limit", limit_price="1.07")
    client.order(order_type="stop", stop_price="1.10")
    client.order()
    orders = client.get("/api/v1/orders")["orders"]
    assert [order["price"] for order in orders] == ["1.09", "1.07", "1.1", "0"]
    assert [order.get("limit_price") for order in orders] == ["1.0905", None, None, None]


def test_the_list_of_orders_takes_capitals_in_a_list_or_one_small_word() -> None:
    for words, good, bad in (("upper", "OPEN,FILLED", "open"), ("lower", "open", "OPEN,FILLED")):
        with running(candles("F:EURUSD", START, "1"), Terms(status_words=words)) as engine:
            plain = Client(engine, None, None)
            plain.order()
            assert len(plain.get(f"/api/v1/orders?status={good}")["orders"]) == 1
            assert plain.call("GET", f"/api/v1/orders?status={bad}")[0] == 422
            assert plain.get("/api/v1/orders?symbol=AAPL")["orders"] == []


def test_it_shows_a_hundred_orders_unless_more_are_asked_for(client: Client) -> None:
    for _ in range(101):
        client.order(order_type="limit", limit_price="1")
    assert len(client.get("/api/v1/orders")["orders"]) == 100
    assert len(client.get("/api/v1/orders?limit=10000")["orders"]) == 101


def test_cancels_answer_without_a_body(client: Client) -> None:
    client.order(order_type="limit", limit_price="1")
    assert client.call("DELETE", "/api/v1/orders/o-1") == (204, None)
    assert client.get("/api/v1/orders/o-1")["status"] == "cancelled"
    assert client.call("DELETE", "/api/v1/orders/o-1")[0] == 422
    client.order(order_type="limit", limit_price="1")
    assert client.call("DELETE", "/api/v1/orders") == (
        200,
        {"cancelled_count": 1, "failed_count": 0},
    )


def test_prices_end_in_the_present(client: Client) -> None:
    assert client.get("/api/v1/quote?symbol=F%3AEURUSD") == {
        "symbol": "F:EURUSD",
        "bid": "1.0799",
        "ask": "1.0801",
        "timestamp": START + 60_000,
    }
    bars = client.get("/api/v1/bars?symbol=F:EURUSD&timeframe=1m&count=10000")["bars"]
    assert [(bar["timestamp"], bar["volume"]) for bar in bars] == [(START, 100.0)]
    assert client.call("GET", "/health")[0] == 200


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/api/v1/orders/o-9", 404, "order not found: o-9"),
        ("/api/v1/quote?symbol=X", 404, "symbol not found: X"),
        (
            "/api/v1/bars?symbol=F:EURUSD&timeframe=1h&count=1",
            404,
            "timeframe not found: 1h",
        ),
        ("/api/v1/bars?symbol=F:EURUSD&timeframe=1m&count=0", 422, "count must be"),
        ("/api/v1/bars?symbol=F:EURUSD&timeframe=1m", 422, "count must be"),
        ("/api/v1/symbols", 404, "no such path"),
    ],
)
def test_what_is_missing_is_not_found_and_the_message_says_what(
    client: Client, path: str, status: int, message: str
) -> None:
    found, body = client.call("GET", path)
    assert found == status
    assert body["error"]["message"].startswith(message)
    if status == 404:
        assert body["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"quantity": 1000}, "quantity"),
        ({"quantity": "0"}, "quantity"),
        ({"order_type": "limit"}, "limit_price"),
        ({"order_type": "stop", "stop_price": "1.102350901"}, "stop_price"),
        ({"order_type": "stop", "stop_price": "1", "time_in_force": "ioc"}, "time_in_force"),
        ({"side": "BUY"}, "order_type"),
        ({"symbol": "X"}, "symbol"),
    ],
)
def test_orders_that_cannot_be_are_a_422_that_names_the_field(
    client: Client, members: dict[str, Any], field: str
) -> None:
    with pytest.raises(AssertionError, match=re.escape(f"'field': '{field}'")):
        client.order(**members)


def test_the_key_is_wanted_on_both_ports() -> None:
    with running(candles("F:EURUSD", START, "1"), Terms(key="k")) as engine:
        assert Client(engine, None, None).call("GET", "/api/v1/account")[0] == 401
        assert Client(engine, None, "k").call("GET", "/api/v1/account")[0] == 200
        with pytest.raises(InvalidStatus, match="401"), listening(engine, "wrong"):
            pass
        with listening(engine, "k") as client:
            assert client.hear()["type"] == "candle"


def test_one_client_and_one_path() -> None:
    with running(candles("F:EURUSD", START, "1", "1")) as engine, listening(engine):
        base = engine.do(lambda fake: fake.ws_url)
        for path, status in (("/ws", 409), ("/v1/ws", 404)):
            with pytest.raises(InvalidStatus, match=str(status)), connect(base + path):
                pass


def test_calls_can_go_wrong_as_planned(client: Client) -> None:
    with running(()) as engine:
        engine.do(
            lambda fake: fake.faults.plan(refuse(429, "slow down", "limited", retry_after="7"))
        )
        assert Client(engine, None, None).call("GET", "/api/v1/account") == (
            429,
            {"error": {"code": "limited", "message": "slow down"}},
        )


@pytest.mark.parametrize("how", ["close", "drop", "reset"])
def test_the_connection_breaks_as_planned(how: str) -> None:
    error = Say([{"type": "error", "code": "E", "message": "m"}])
    with running([Raw(b"{oops", None), error, Break(how)]) as engine, listening(engine) as client:
        with pytest.raises(ValueError, match="property name"):
            client.hear()
        assert client.hear() == {"type": "error", "event_id": "evt-0", "code": "E", "message": "m"}
        client.acknowledge("evt-0")
        with pytest.raises(ConnectionClosed) as closed:
            client.hear()
        assert (closed.value.rcvd is not None) is (how == "close")


def test_a_ping_is_answered_and_nonsense_is_noted() -> None:
    with running(candles("F:EURUSD", START, "1")) as engine, listening(engine) as client:
        client.hear()
        client.say({"type": "ping", "timestamp": 1})
        assert client.hear() == {"type": "pong"}
        client.say({"type": "event_ack", "events_processed": ["evt-0"]})
        client.say({"type": "ping", "timestamp": 1})
        client.hear()
        assert len(engine.do(lambda fake: fake.stream.odd)) == 1
        assert engine.do(lambda fake: fake.run.acks) == []


def test_by_hand_it_says_where_it_is() -> None:
    command = [sys.executable, "-m", "tradegw.testing.tektii", "--candles", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = dict(process.stdout.readline().strip().split("=", 1) for _ in range(3))
            url = said["TEKTII_ENGINE_WS_URL"] + "/ws"
            with connect(url, close_timeout=0.2) as stream:
                assert '"event_id":"evt-0"' in str(stream.recv(timeout=10))
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) in (0, -signal.SIGTERM)
        finally:
            process.kill()
