"""The golden vectors of the fill rules, through the whole gateway: exits and OCO are its own."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tradegw.errors import OrderRejected

from .stand import GOLDEN, Stand, at_candles

Fills = list[tuple[str, str, str]]


def send(**members: Any) -> Callable[[Stand], object]:
    return lambda stand: stand.submit(**members)


def both(*calls: Callable[[Stand], object]) -> Callable[[Stand], object]:
    return lambda stand: [call(stand) for call in calls]


BUY = send()
SELL_STOP = send(side="SELL", order_type="STOP", stop_price="98")
SELL_LIMIT = send(side="SELL", order_type="LIMIT", limit_price="97")
BRACKET = send(stop_loss="100", take_profit="109")
STOP_LIMIT = send(order_type="STOP_LIMIT", stop_price="105", limit_price="104")
TRAILING = both(
    BUY,
    send(
        side="SELL",
        order_type="TRAILING_STOP",
        trailing_distance="5",
        trailing_type="ABSOLUTE",
        reduce_only=True,
    ),
)


def limit(price: str, **more: Any) -> Callable[[Stand], object]:
    return send(order_type="LIMIT", limit_price=price, **more)


VECTORS: list[tuple[str, dict[int, Callable[[Stand], object]], dict[str, str], Fills]] = [
    ("V1", {0: BUY}, {}, [("103", "10", "02 00:00:00")]),
    ("V2", {0: limit("100")}, {}, [("100", "10", "02 06:00:00")]),
    ("V3", {0: limit("104")}, {}, [("103", "10", "02 00:00:00")]),
    (
        "V4",
        {0: send(order_type="STOP", stop_price="105")},
        {},
        [("105", "10", "02 12:21:49")],
    ),
    (
        "V5",
        {0: BUY, 1: SELL_STOP},
        {},
        [("103", "10", "02 00:00:00"), ("90", "10", "03 00:00:00")],
    ),
    (
        "V6",
        {0: BUY, 1: SELL_LIMIT},
        {},
        [("103", "10", "02 00:00:00"), ("97", "10", "03 16:00:00")],
    ),
    (
        "V6 through",
        {0: BUY, 1: SELL_LIMIT},
        {"LIMIT_FILL": "through"},
        [("103", "10", "02 00:00:00"), ("97", "10", "04 10:24:00")],
    ),
    *(
        (
            f"V7 {path}",
            {0: BRACKET},
            {"PATH": path},
            [("103", "10", "02 00:00:00"), ("100", "10", "02 06:00:00")],
        )
        for path in ("worst", "olhc", "nearest")
    ),
    *(
        (
            f"V7 {path}",
            {0: BRACKET},
            {"PATH": path},
            [("103", "10", "02 00:00:00"), ("109", "10", "02 06:51:25")],
        )
        for path in ("best", "ohlc")
    ),
    ("V8 ohlc", {0: STOP_LIMIT}, {"PATH": "ohlc"}, [("104", "10", "02 12:21:49")]),
    ("V8 olhc", {0: STOP_LIMIT}, {"PATH": "olhc"}, [("90", "10", "03 00:00:00")]),
    ("V8 worst", {0: STOP_LIMIT}, {}, [("90", "10", "03 00:00:00")]),
    *(
        (
            f"V9 {path}",
            {0: TRAILING},
            {"PATH": path},
            [("103", "10", "02 00:00:00"), ("105", "10", "02 11:38:10")],
        )
        for path in ("worst", "ohlc")
    ),
    (
        "V9 olhc",
        {0: TRAILING},
        {"PATH": "olhc"},
        [("103", "10", "02 00:00:00"), ("90", "10", "03 00:00:00")],
    ),
    ("V10 out of reach", {0: limit("100", time_in_force="IOC")}, {}, []),
    (
        "V10 in reach",
        {0: limit("104", time_in_force="IOC")},
        {},
        [("103", "10", "02 00:00:00")],
    ),
    (
        "V11",
        {0: send(quantity="150")},
        {"VOLUME_LIMIT": "0.1"},
        [("103", "100", "02 00:00:00"), ("90", "50", "03 00:00:00")],
    ),
    (
        "V11 IOC",
        {0: send(quantity="150", time_in_force="IOC")},
        {"VOLUME_LIMIT": "0.1"},
        [("103", "100", "02 00:00:00")],
    ),
    ("V11 FOK", {0: send(quantity="150", time_in_force="FOK")}, {"VOLUME_LIMIT": "0.1"}, []),
    ("V12 V1", {0: BUY}, {"SLIPPAGE": "10bps"}, [("103.103", "10", "02 00:00:00")]),
    (
        "V12 V5",
        {0: BUY, 1: SELL_STOP},
        {"SLIPPAGE": "10bps"},
        [("103.103", "10", "02 00:00:00"), ("89.91", "10", "03 00:00:00")],
    ),
    (
        "V12 V7",
        {0: BRACKET},
        {"SLIPPAGE": "10bps"},
        [("103.103", "10", "02 00:00:00"), ("99.9", "10", "02 06:00:00")],
    ),
    ("V13", {0: BUY}, {"COMMISSION": "0.1%"}, [("103", "10", "02 00:00:00")]),
    ("V14 V1", {0: BUY}, {"SPREAD": "0.2"}, [("103.1", "10", "02 00:00:00")]),
    ("V14 limit", {0: limit("100")}, {"SPREAD": "0.2"}, [("100", "10", "02 06:12:00")]),
    (
        "V14 V6",
        {0: BUY, 1: SELL_LIMIT},
        {"SPREAD": "0.2"},
        [("103.1", "10", "02 00:00:00"), ("97", "10", "04 10:28:48")],
    ),
    (
        "V16",
        {0: send(side="SELL", stop_loss="111", take_profit="99")},
        {},
        [("103", "10", "02 00:00:00"), ("99", "10", "02 08:00:00")],
    ),
    (
        "V17",
        {0: both(limit("101", quantity="5"), limit("104", quantity="5"))},
        {},
        [("103", "5", "02 00:00:00"), ("101", "5", "02 04:00:00")],
    ),
    (
        "V18",
        {0: BUY, 1: send(side="SELL", quantity="25")},
        {},
        [("103", "10", "02 00:00:00"), ("90", "25", "03 00:00:00")],
    ),
    ("V20", {0: limit("80", time_in_force="DAY")}, {}, []),
]


@pytest.mark.parametrize(
    ("orders", "settings", "fills"), [each[1:] for each in VECTORS], ids=[v[0] for v in VECTORS]
)
def test_a_vector_fills_as_the_rules_say(
    tmp_path: Path,
    orders: dict[int, Callable[[Stand], object]],
    settings: dict[str, str],
    fills: Fills,
) -> None:
    stand = Stand(tmp_path, **{f"BACKTEST_{name}": value for name, value in settings.items()})
    stand.run(at_candles(orders))
    assert stand.fills() == [
        (Decimal(price), Decimal(quantity), time) for price, quantity, time in fills
    ]
    assert stand.finish() == 0


def test_equity_at_the_end_of_v1_and_v18(tmp_path: Path) -> None:
    for name, orders, _settings, _fills in VECTORS:
        if name in ("V1", "V18"):
            folder = tmp_path / name
            folder.mkdir()
            stand = Stand(folder)
            stand.run(at_candles(orders))
            assert (
                stand.broker.exchange.equity == {"V1": Decimal(99930), "V18": Decimal(99780)}[name]
            )


def test_v7_counts_one_ambiguous_bar_and_takes_the_sibling_away(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    client = stand.run(at_candles({0: BRACKET}))
    assert stand.broker.report()["honesty"]["ambiguous_bars"] == 1
    (cancelled,) = [m for m in client.told("order") if m["event"] == "ORDER_CANCELLED"]
    assert cancelled["order"]["limit_price"] == "109"


def test_v13_pays_its_commission(tmp_path: Path) -> None:
    stand = Stand(tmp_path, BACKTEST_COMMISSION="0.1%")
    seen: list[Decimal] = []

    def look(stand: Stand) -> None:
        seen.append(stand.asked(stand.core.reads.account).equity)

    stand.run(at_candles({0: BUY, 1: look}))
    assert seen == [Decimal("100048.97")]
    assert stand.broker.exchange.balance == Decimal("99998.97")


def test_v15_what_cannot_be_paid_is_refused_or_rejected(tmp_path: Path) -> None:
    dear = GOLDEN.replace("2024-01-02,103,110", "2024-01-02,120,120").replace(
        ",99,108,", ",99,108,"
    )
    stand = Stand(tmp_path, dear, BACKTEST_CASH="1000")

    def order(stand: Stand) -> None:
        with pytest.raises(OrderRejected) as refused:
            stand.submit(quantity="10")
        assert refused.value.reject_code == "INSUFFICIENT_FUNDS"
        stand.submit(quantity="9")

    client = stand.run(at_candles({0: order}))
    (rejected,) = [m for m in client.told("order") if m["event"] == "ORDER_REJECTED"]
    assert rejected["order"]["reject_reason"] == "INSUFFICIENT_MARGIN"
    assert stand.fills() == []


def test_v19_is_liquidated_at_the_low_and_not_before(tmp_path: Path) -> None:
    stand = Stand(tmp_path, BACKTEST_CASH="1000", BACKTEST_LEVERAGE="5", BACKTEST_MAINTENANCE="0.5")
    client = stand.run(at_candles({0: send(quantity="45")}))
    assert [(price, quantity) for price, quantity, _ in stand.fills()] == [
        (Decimal(103), Decimal(45)),
        (Decimal(88), Decimal(45)),
    ]
    assert stand.broker.exchange.balance == Decimal(325)
    assert [m["event"] for m in client.told("account")].count("MARGIN_CALL") == 1
    assert [m["code"] for m in client.told("error")] == ["LIQUIDATION"]


def test_v20_expires_after_the_candle_of_its_day_and_before_the_next_open(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    client = stand.run(at_candles({0: limit("80", time_in_force="DAY")}))
    told = [
        (m["type"], m.get("event"), m["timestamp"])
        for m in client.heard
        if m["timestamp"].startswith("2024-01-03")
    ]
    assert told == [
        ("candle", None, "2024-01-03T00:00:00Z"),
        ("order", "ORDER_EXPIRED", "2024-01-03T00:00:00Z"),
    ]
