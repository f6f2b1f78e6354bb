"""Weights, order counts, and the ban of who does not stop."""

from __future__ import annotations

from .played import Played


def used(fake: Played) -> int:
    return int(fake.spot.world.pool.headers()["X-MBX-USED-WEIGHT-1M"])


def test_reads_cost_their_weight_until_the_minute_is_over() -> None:
    fake = Played()
    before = used(fake)
    fake.call("GET", "/api/v3/openOrders", symbol="SOLUSDC")
    fake.call("GET", "/api/v3/openOrders")
    assert used(fake) - before == 86
    fake.clock.advance(53)
    assert used(fake) == 0


def test_orders_cost_nothing_when_they_are_taken() -> None:
    fake = Played()
    before = used(fake)
    fake.place()
    assert used(fake) == before
    assert fake.ask(price="0.001")[0] == 400
    assert used(fake) == before + 1


def test_who_goes_on_after_a_429_is_banned() -> None:
    fake = Played(weight_per_minute=10)
    statuses = [fake.call("GET", "/api/v3/time")[0] for _ in range(22)]
    assert statuses == [200] * 8 + [429] * 10 + [418] * 4
    pool = fake.spot.world.pool
    assert (pool.bans, pool.refusals) == (1, 10)
    fake.clock.advance(119)
    assert fake.call("GET", "/api/v3/time")[0] == 418
    fake.clock.advance(1)
    assert fake.call("GET", "/api/v3/time")[0] == 200


def test_refusals_say_when_to_come_back() -> None:
    fake = Played(weight_per_minute=1)
    status, body = fake.call("GET", "/api/v3/account")
    assert (status, body["code"]) == (429, -1003)
    refused = fake.ask_ws("time")
    assert refused["status"] == 429
    at = fake.stamps.ms()
    assert refused["error"]["data"]["retryAfter"] == at + 53_000


def test_orders_are_counted_until_they_trade() -> None:
    fake = Played(orders_per_10_seconds=2)
    first, second = fake.place(), fake.place()
    status, body = fake.ask()
    assert (status, body["code"]) == (429, -1015)
    fake.spot.fill(first["orderId"], "1")
    fake.place()
    fake.call("DELETE", "/api/v3/order", symbol="SOLUSDC", orderId=second["orderId"])
    assert fake.ask()[0] == 429
    counts = {each["interval"]: each["count"] for each in
              fake.call("GET", "/api/v3/rateLimit/order")[1]}  # fmt: skip
    assert counts == {"SECOND": 2, "DAY": 2}
    fake.clock.advance(10)
    fake.place()
