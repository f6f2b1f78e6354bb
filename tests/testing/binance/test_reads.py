"""What can be looked at, and how lists of it are cut."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tradegw.testing.binance import Bar

from .played import Played

DAY = 86_400_000


def aged() -> Played:
    """Four trades, half a day apart."""
    fake = Played()
    for _ in range(4):
        fake.buy("1")
        fake.clock.advance(DAY / 2000)
    return fake


def ids(answer: tuple[int, Any], name: str = "id") -> list[int]:
    assert answer[0] == 200, answer
    return [each[name] - 77_120_011 for each in answer[1]]


def trades(fake: Played, **params: Any) -> tuple[int, Any]:
    return fake.call("GET", "/api/v3/myTrades", symbol="SOLUSDC", **params)


def test_trades_are_paged_by_id_or_time() -> None:
    fake = aged()
    first = fake.spot.executions[0].time
    assert ids(trades(fake)) == [0, 1, 2, 3]
    assert ids(trades(fake, limit=2)) == [2, 3]
    assert ids(trades(fake, fromId=77_120_012, limit=2)) == [1, 2]
    assert ids(trades(fake, startTime=first + 1, limit=2)) == [1, 2]
    assert ids(trades(fake, endTime=first)) == [0]
    assert ids(trades(fake, startTime=first, endTime=first + DAY)) == [0, 1, 2]
    assert ids(trades(fake, orderId=fake.spot.orders[1].id)) == [1]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"fromId": 1, "startTime": 1_800_000_000_000}, -1128),
        ({"startTime": 1_800_000_000_000, "endTime": 1_800_000_000_000 + DAY + 1}, -1127),
        ({"startTime": 1_800_000_000_001, "endTime": 1_800_000_000_000}, -1023),
        ({"startTime": 12}, -1100),
        ({"symbol": None}, -1102),
    ],
)
def test_not_every_combination_is_taken(params: dict[str, Any], code: int) -> None:
    wanted = {"symbol": "SOLUSDC"} | params
    assert Played().call("GET", "/api/v3/myTrades", **wanted)[1]["code"] == code


def test_orders_are_paged_likewise() -> None:
    fake = aged()
    path, first = "/api/v3/allOrders", fake.spot.orders[0]
    symbol = {"symbol": "SOLUSDC"}

    def numbers(**params: Any) -> list[int]:
        _status, told = fake.call("GET", path, **symbol, **params)
        return [each["orderId"] - first.id for each in told]

    assert numbers() == [0, 1, 2, 3]
    assert numbers(limit=1) == [3]
    assert numbers(orderId=first.id + 2) == [2, 3]
    assert numbers(startTime=first.time, endTime=first.time + DAY - 1) == [0, 1]
    window = {"startTime": first.time, "endTime": first.time + DAY + 1}
    assert fake.call("GET", path, **symbol, **window)[1]["code"] == -1127


def test_an_order_is_found_by_either_id_and_both_must_fit() -> None:
    fake = Played()
    order = fake.place(newClientOrderId="mine")["orderId"]

    def found(**params: Any) -> Any:
        return fake.call("GET", "/api/v3/order", symbol="SOLUSDC", **params)[1]

    assert found(orderId=order)["clientOrderId"] == "mine"
    assert found(orderId=order, origClientOrderId="mine")["orderId"] == order
    assert found(orderId=order, origClientOrderId="other")["code"] == -2013
    assert found()["code"] == -1102
    assert fake.call("GET", "/api/v3/order", orderId=order)[1]["code"] == -1102


def test_the_account_may_leave_out_what_is_zero() -> None:
    fake = Played()
    fake.spot.deposit("DOGE", 0)

    def assets(**params: Any) -> set[str]:
        return {
            each["asset"] for each in fake.call("GET", "/api/v3/account", **params)[1]["balances"]
        }

    assert "DOGE" in assets()
    assert "DOGE" not in assets(omitZeroBalances="true")


def test_bars_are_built_of_minutes_and_the_newest_is_unfinished() -> None:
    fake = Played()
    fake.spot.invent_bars("SOLUSDC", 600)
    path = "/api/v3/klines"
    _status, rows = fake.call("GET", path, symbol="SOLUSDC", interval="1h", limit="3")
    assert [row[6] - row[0] for row in rows] == [3_599_999] * 3
    assert rows[-1][6] > fake.stamps.ms()
    assert fake.call("GET", path, symbol="SOLUSDC", interval="2m")[1]["code"] == -1120
    assert fake.call("GET", path, symbol="SOLUSDC", interval="10m")[1]["code"] == -1120


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    fake = Played()
    bar = Bar(time=1_772_466_067_000, open=Decimal(1), high=Decimal(1), low=Decimal(1),
              close=Decimal(1))  # fmt: skip
    fake.spot.world.pairs.klines.add("ETHUSDT", [bar])

    def opened(interval: str) -> int:
        params = {"symbol": "ETHUSDT", "interval": interval}
        number: int = fake.call("GET", "/api/v3/klines", **params)[1][0][0]
        return number

    assert opened("1w") == 1_772_409_600_000  # Monday, 2 March 2026
    assert opened("1M") == 1_772_323_200_000  # Sunday, 1 March 2026


def test_prices_of_one_of_some_and_of_all() -> None:
    fake = Played()
    _status, one = fake.call("GET", "/api/v3/ticker/bookTicker", symbol="SOLUSDC")
    assert (one["bidPrice"], one["askPrice"]) == ("100.00000000", "100.02000000")
    assert "time" not in one
    some = fake.call("GET", "/api/v3/ticker/price", symbols='["BTCUSDT"]')[1]
    assert some == [{"symbol": "BTCUSDT", "price": "50005.00000000"}]
    assert len(fake.call("GET", "/api/v3/ticker/24hr")[1]) == 2
    mini = fake.call("GET", "/api/v3/ticker/24hr", symbol="SOLUSDC", type="MINI")[1]
    assert "bidPrice" not in mini
    assert fake.call("GET", "/api/v3/avgPrice", symbol="NOPE")[1]["code"] == -1121
    assert fake.call("GET", "/api/v3/depth", symbol="SOLUSDC")[1]["bids"][0][0] == "100.00000000"
    assert len(fake.call("GET", "/api/v3/trades", symbol="SOLUSDC")[1]) == 1


def test_the_rules_can_be_asked_for_by_symbol() -> None:
    fake = Played()
    names = lambda answer: [each["symbol"] for each in answer[1]["symbols"]]  # noqa: E731
    path = "/api/v3/exchangeInfo"
    assert names(fake.call("GET", path, symbol="SOLUSDC")) == ["SOLUSDC"]
    assert names(fake.call("GET", path, symbols='["BTCUSDT","SOLUSDC"]')) == ["BTCUSDT", "SOLUSDC"]
    assert fake.call("GET", path, symbol="NOPE")[1]["code"] == -1121
    assert fake.call("GET", path, symbols="BTCUSDT")[1]["code"] == -1100


def test_the_calls_of_listen_keys_are_gone() -> None:
    for verb in ("POST", "PUT", "DELETE"):
        assert Played().call(verb, "/api/v3/userDataStream")[0] == 410
    assert Played().call("GET", "/api/v1/time")[0] == 404
