"""What answers tell of limits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from tradegw.brokers.binance.limits import ORDERS, ORDERS_DAY, WEIGHT, Meter, RateLimit
from tradegw.brokers.call import Reply
from tradegw.brokers.ratelimit import Reading, Told

AT = datetime(2026, 3, 2, 12, 0, 42, tzinfo=UTC)


def told(status: int = 200, body: Any = None, **headers: str) -> Told:
    meter = Meter(lambda: AT)
    meter.learn(
        (
            RateLimit(rate_limit_type="REQUEST_WEIGHT", interval="MINUTE", limit=6000),
            RateLimit(rate_limit_type="ORDERS", interval="SECOND", interval_num=10, limit=100),
            RateLimit(rate_limit_type="ORDERS", interval="DAY", limit=200_000),
            RateLimit(rate_limit_type="RAW_REQUESTS", interval="MINUTE", interval_num=5, limit=9),
        )
    )
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return meter.read(Reply(status=status, headers=named, body=content))


def by_name(found: Told) -> dict[str, Reading]:
    return {reading.limit: reading for reading in found.readings}


def test_used_weight_and_order_counts_are_read_from_headers() -> None:
    found = by_name(
        told(
            x_mbx_used_weight_1m="180",
            x_mbx_used_weight="180",
            x_mbx_order_count_10s="3",
            x_mbx_order_count_1d="77",
        )
    )
    assert {name: each.left for name, each in found.items()} == {
        WEIGHT: 5820,
        ORDERS: 97,
        ORDERS_DAY: 199_923,
    }
    assert found[WEIGHT].resets_in == 18.0  # minutes begin with the clock's
    assert found[ORDERS].resets_in == 8.0


def test_headers_of_nonsense_are_passed_over() -> None:
    assert told(x_mbx_used_weight_1m="many", x_mbx_used_weight_1q="4").readings == ()


def test_429_pauses_for_as_long_as_it_says() -> None:
    found = told(429, {"code": -1003, "msg": "Too many requests."}, retry_after="17")
    assert (found.pause, found.banned) == (17.0, False)


def test_28_418_is_a_ban_and_its_end_may_stand_in_the_text_alone() -> None:
    until = int(AT.timestamp() * 1000) + 240_000
    text = f"Way too much request weight used; IP banned until {until}. Please use the websocket"
    found = told(418, {"code": -1003, "msg": text})
    assert (found.pause, found.banned) == (240.0, True)


def test_too_many_orders_do_not_keep_a_cancel_from_leaving() -> None:
    found = told(429, {"code": -1015, "msg": "Too many new orders."}, retry_after="6")
    assert found.pause < 0.1
    assert by_name(found)[ORDERS].left == 0
    assert by_name(found)[ORDERS].resets_in == 6.0


def test_403_of_the_firewall_is_a_minute_of_silence() -> None:
    assert told(403, b"<html>no</html>").pause == 60.0
    assert told(403, {"code": -2015, "msg": "no"}).pause == 0.0


def test_429_without_any_number_waits_for_the_next_minute() -> None:
    assert told(429, b"").pause == 18.0
