"""The WebSocket API: requests, sessions, and the private stream."""

from __future__ import annotations

from base64 import b64encode
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives import serialization

from tradegw.testing.binance import refuse, reset, slow, stall, truncate
from tradegw.testing.binance.wires import Wire

from .played import Client, Played

ORDER: dict[str, Any] = {
    "symbol": "SOLUSDC",
    "side": "BUY",
    "type": "MARKET",
    "quantity": "1",
    "newClientOrderId": "one",
}


def logged_on(fake: Played, client: Client | None = None) -> Any:
    private: Any = serialization.load_pem_private_key(fake.ed25519_pem, None)
    params: dict[str, Any] = {"apiKey": fake.terms.ed25519_key, "timestamp": fake.stamps.ms()}
    payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
    params["signature"] = b64encode(private.sign(payload.encode())).decode()
    return fake.say_ws("session.logon", client, **params)


def test_orders_are_placed_looked_at_and_cancelled() -> None:
    fake = Played()
    placed = fake.ask_ws("order.place", **ORDER)
    assert (placed["status"], placed["result"]["status"]) == (200, "FILLED")
    found = fake.ask_ws("order.status", symbol="SOLUSDC", origClientOrderId="one")
    assert found["result"]["orderId"] == placed["result"]["orderId"]
    refused = fake.ask_ws("order.cancel", symbol="SOLUSDC", origClientOrderId="one")
    assert refused["error"] == {"code": -2011, "msg": "Unknown order sent."}
    assert refused["status"] == 400
    assert placed["rateLimits"][0]["limit"] == 6000


def test_what_cannot_be_understood_is_refused() -> None:
    fake = Played()
    fake.ws_api.heard(cast("Wire", fake.client), None)
    assert fake.client.take()[-1]["error"]["code"] == -1135
    assert fake.say_ws("no.such.method")["error"]["code"] == -1135
    assert fake.say_ws("order.place", **ORDER)["error"]["code"] == -2014
    assert fake.ask_ws("userDataStream.start")["status"] == 410
    assert fake.say_ws("time")["result"] == {"serverTime": fake.stamps.ms()}
    assert fake.say_ws("ping")["result"] == {}


def test_rate_limits_may_be_left_out() -> None:
    fake = Played()
    client = fake.joined(returnRateLimits="false")
    assert "rateLimits" not in fake.say_ws("time", client)


def test_an_account_is_subscribed_once_on_a_connection() -> None:
    fake = Played()
    again = fake.ask_ws("userDataStream.subscribe.signature")
    assert again["error"]["code"] == -2035
    other = fake.joined()
    assert fake.ask_ws("userDataStream.subscribe.signature", other)["result"] == {
        "subscriptionId": 0
    }
    fake.client.take()
    fake.buy("1")
    for client in (fake.client, other):
        events = [each["event"] for each in client.take() if "event" in each]
        assert [each["e"] for each in events] == [
            "executionReport", "executionReport", "outboundAccountPosition",
        ]  # fmt: skip
        assert [each["x"] for each in events[:2]] == ["NEW", "TRADE"]


def test_a_session_needs_no_more_signatures() -> None:
    fake = Played()
    client = fake.joined()
    assert logged_on(fake, client)["result"]["apiKey"] == fake.terms.ed25519_key
    assert fake.say_ws("userDataStream.subscribe", client)["result"] == {"subscriptionId": 0}
    placed = fake.say_ws("order.place", client, **ORDER, timestamp=fake.stamps.ms())
    assert placed["status"] == 200
    assert fake.say_ws("order.place", client, **ORDER)["error"]["code"] == -1102
    assert fake.say_ws("session.status", client)["result"]["userDataStream"] is True
    assert fake.say_ws("session.subscriptions", client)["result"] == [{"subscriptionId": 0}]
    client.take()
    assert fake.say_ws("session.logout", client)["result"]["apiKey"] is None
    assert client.said[0]["event"]["e"] == "eventStreamTerminated"
    assert fake.say_ws("userDataStream.subscribe", client)["error"]["code"] == -2015


def test_only_ed25519_keys_log_on() -> None:
    assert Played().ask_ws("session.logon")["error"]["code"] == -4056


def test_a_revoked_key_is_logged_on_no_longer() -> None:
    fake = Played()
    logged_on(fake)
    fake.keys.revoke(fake.terms.ed25519_key)
    assert fake.say_ws("account.status", timestamp=fake.stamps.ms())["status"] == 401


def test_streams_end_when_they_are_told_to() -> None:
    fake = Played()
    fake.ask_ws("userDataStream.unsubscribe", subscriptionId=7)
    assert fake.client.take()[-1]["error"]["code"] == -2036
    fake.ws_api.terminate()
    assert fake.told[-1]["e"] == "eventStreamTerminated"
    fake.buy("1")
    assert fake.told == []
    assert fake.ask_ws("userDataStream.subscribe.signature")["result"] == {"subscriptionId": 1}
    fake.announce_shutdown()
    assert fake.client.take()[-1] == {"event": {"e": "serverShutdown", "E": fake.stamps.ms()}}


def test_fills_are_lost_repeated_held_and_released_backwards() -> None:
    fake = Played()
    fake.spot.set_book("SOLUSDC", [], [("100", 1), ("101", 1), ("102", 1)], "100")
    fake.ws_api.script.keep(1, "TRADE")
    fake.ws_api.script.lose(2, "TRADE")
    fake.buy("3")
    fills = [each for each in fake.told if each.get("x") == "TRADE"]
    assert [each["z"] for each in fills] == ["1.00000000"]
    fake.ws_api.script.repeat(1, "outboundAccountPosition")
    fake.ws_api.script.hold(2, "NEW", "TRADE")
    fake.spot.set_quote("SOLUSDC", "99", "100")
    fake.buy("1")
    assert [each["e"] for each in fake.told] == ["outboundAccountPosition"] * 2
    fake.ws_api.script.release(backwards=True)
    assert [each["x"] for each in fake.told] == ["TRADE", "NEW"]
    fake.ws_api.tell({"e": "somethingNew", "E": 1})
    assert fake.told == [{"e": "somethingNew", "E": 1}]


@pytest.mark.parametrize("accepted", [False, True])
@pytest.mark.parametrize("make", [stall, truncate, reset])
def test_requests_may_be_carried_out_without_a_whole_answer(make: Any, accepted: bool) -> None:
    fake = Played()
    fake.client.reset = lambda: fake.client.hang_up(politely=False)  # type: ignore[attr-defined]
    fake.faults.plan(make(accepted=accepted), "WS", "order.place")
    fake.ask_ws("order.place", **ORDER)
    fake.clock.advance(0)
    assert len(fake.spot.executions) == accepted
    assert not any(isinstance(each, dict) and "id" in each for each in fake.client.said)


def test_requests_are_refused_late_or_after_the_work() -> None:
    fake = Played()
    fake.faults.plan(refuse(500, -1006, "Unexpected.", accepted=True), "WS", "order.place")
    fake.ask_ws("order.place", **ORDER)
    fake.clock.advance(0)
    [answer] = [each for each in fake.client.take() if "id" in each]
    assert (answer["status"], answer["error"]["code"]) == (500, -1006)
    assert len(fake.spot.executions) == 1
    fake.faults.plan(slow(2), "WS", "time")
    assert fake.say_ws("time") is None
    fake.clock.advance(2)
    assert fake.client.said[-1]["status"] == 200
