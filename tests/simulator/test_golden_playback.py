"""The golden vectors of the backtest (engine B15.1), played bar by bar; and their reflections.

In the mirror sells stand for buys, prices are reflected at 100, and highs are lows.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from tests.simulator.floor import (
    ABSOLUTE,
    BUY,
    DAY,
    FOK,
    IOC,
    LIMIT,
    SELL,
    START,
    STOP,
    STOP_LIMIT,
    TRAILING,
    order,
)
from tests.simulator.player import DAY_LONG, Player, bars
from tradegw.errors import OrderRejected
from tradegw.model.enums import AlertCode, OrderStatus, PositionSide, RejectReason
from tradegw.model.events import AlertEvent
from tradegw.model.order import OrderRequest
from tradegw.simulator.costs import Commission
from tradegw.simulator.paths import Path
from tradegw.simulator.slippage import Slippage

BARS = ("100/105/95/102", "103/110/99/108", "90/97/88/95", "96/104/94/96")
MIRROR = Decimal(200)
_PRICES = ("limit_price", "stop_price", "stop_loss", "take_profit")
_OTHER = {Path.HIGH_FIRST: Path.LOW_FIRST, Path.LOW_FIRST: Path.HIGH_FIRST}


class Vector(NamedTuple):
    """Orders after candle 0 and candle 1, the terms, and the fills."""

    sent: list[OrderRequest]
    fills: list[tuple[str, str]]
    then: list[OrderRequest] = []
    terms: dict[str, Any] = {}
    spread: str = "0"
    volume: str | None = None
    ambiguous: int = 0


def played(vector: Vector, texts: tuple[str, ...] = BARS, **terms: Any) -> Player:
    player = Player(**{**vector.terms, **terms})
    player.after(0, lambda p: [p.send_request(request) for request in vector.sent])
    player.after(1, lambda p: [p.send_request(request) for request in vector.then])
    player.play(bars(*texts, spread=vector.spread, volume=vector.volume))
    return player


BOUGHT = order(BUY, 10)
AT_OPEN = ("103", "02 00:00:00")
BRACKET = order(BUY, 10, stop_loss=100, take_profit=109)
STOPPED, TARGETED = ("100", "02 06:00:00"), ("109", "02 06:51:25")
TRAILED = order(SELL, 10, TRAILING, trailing_distance=5, trailing_type=ABSOLUTE, reduce_only=True)
STOP_LIMITED = order(BUY, 10, STOP_LIMIT, stop_price=105, limit_price=104)
SOLD_AT_97 = order(SELL, 10, LIMIT, limit_price=97)
LIMITED = {"volume_limit": Decimal("0.1")}
OHLC, OLHC = {"path": Path.HIGH_FIRST}, {"path": Path.LOW_FIRST}
NEAREST, BEST = {"path": Path.NEAREST}, {"path": Path.BEST}

VECTORS = {
    "V1": Vector([BOUGHT], [AT_OPEN]),
    "V2": Vector([order(BUY, 10, LIMIT, limit_price=100)], [("100", "02 06:00:00")]),
    "V3": Vector([order(BUY, 10, LIMIT, limit_price=104)], [AT_OPEN]),
    "V4": Vector([order(BUY, 10, STOP, stop_price=105)], [("105", "02 12:21:49")]),
    "V5": Vector(
        [BOUGHT],
        [AT_OPEN, ("90", "03 00:00:00")],
        [order(SELL, 10, STOP, stop_price=98)],
    ),
    "V6 touch": Vector([BOUGHT], [AT_OPEN, ("97", "03 16:00:00")], [SOLD_AT_97]),
    "V6 through": Vector(
        [BOUGHT], [AT_OPEN, ("97", "04 10:24:00")], [SOLD_AT_97], {"limit_through": True}
    ),
    "V7 worst": Vector([BRACKET], [AT_OPEN, STOPPED], ambiguous=1),
    "V7 ohlc": Vector([BRACKET], [AT_OPEN, TARGETED], terms=OHLC, ambiguous=1),
    "V7 best": Vector([BRACKET], [AT_OPEN, TARGETED], terms=BEST, ambiguous=1),
    "V7 olhc": Vector([BRACKET], [AT_OPEN, STOPPED], terms=OLHC, ambiguous=1),
    "V7 nearest": Vector([BRACKET], [AT_OPEN, STOPPED], terms=NEAREST, ambiguous=1),
    "V8 ohlc": Vector([STOP_LIMITED], [("104", "02 12:21:49")], terms=OHLC, ambiguous=1),
    "V8 olhc": Vector([STOP_LIMITED], [("90", "03 00:00:00")], terms=OLHC, ambiguous=1),
    "V8 worst": Vector([STOP_LIMITED], [("90", "03 00:00:00")], ambiguous=1),
    "V9 ohlc": Vector(
        [BOUGHT, TRAILED], [AT_OPEN, ("105", "02 11:38:10")], terms=OHLC, ambiguous=1
    ),
    "V9 worst": Vector([BOUGHT, TRAILED], [AT_OPEN, ("105", "02 11:38:10")], ambiguous=1),
    "V9 olhc": Vector([BOUGHT, TRAILED], [AT_OPEN, ("90", "03 00:00:00")], terms=OLHC, ambiguous=1),
    "V10 away": Vector([order(BUY, 10, LIMIT, limit_price=100, time_in_force=IOC)], []),
    "V10 marketable": Vector(
        [order(BUY, 10, LIMIT, limit_price=104, time_in_force=IOC)], [AT_OPEN]
    ),
    "V11": Vector(
        [order(BUY, 150)], [AT_OPEN, ("90", "03 00:00:00")], terms=LIMITED, volume="1000"
    ),
    "V11 IOC": Vector(
        [order(BUY, 150, time_in_force=IOC)], [AT_OPEN], terms=LIMITED, volume="1000"
    ),
    "V11 FOK": Vector([order(BUY, 150, time_in_force=FOK)], [], terms=LIMITED, volume="1000"),
    "V14 market": Vector([BOUGHT], [("103.1", "02 00:00:00")], spread="0.2"),
    "V14 limit": Vector(
        [order(BUY, 10, LIMIT, limit_price=100)], [("100", "02 06:12:00")], spread="0.2"
    ),
    "V14 V6": Vector(
        [BOUGHT], [("103.1", "02 00:00:00"), ("97", "04 10:28:48")], [SOLD_AT_97], spread="0.2"
    ),
    "V16": Vector(
        [order(SELL, 10, stop_loss=111, take_profit=99)], [AT_OPEN, ("99", "02 08:00:00")]
    ),
    "V17": Vector(
        [order(BUY, 5, LIMIT, limit_price=101), order(BUY, 5, LIMIT, limit_price=104)],
        [AT_OPEN, ("101", "02 04:00:00")],
    ),
    "V18": Vector([BOUGHT], [AT_OPEN, ("90", "03 00:00:00")], [order(SELL, 25)]),
    "V20": Vector([order(BUY, 10, LIMIT, limit_price=80, time_in_force=DAY)], []),
}


def reflected(request: OrderRequest) -> OrderRequest:
    prices: dict[str, Any] = {
        name: MIRROR - price for name in _PRICES if (price := getattr(request, name)) is not None
    }
    return replace(request, side=request.side.opposite, **prices)


def reflected_bar(text: str) -> str:
    opened, high, low, close = (MIRROR - Decimal(price) for price in text.split("/"))
    return f"{opened}/{low}/{high}/{close}"


def in_the_mirror(vector: Vector) -> Vector:
    terms = dict(vector.terms)
    if "path" in terms:
        terms["path"] = _OTHER.get(terms["path"], terms["path"])
    return vector._replace(
        sent=[reflected(request) for request in vector.sent],
        then=[reflected(request) for request in vector.then],
        fills=[(f"{MIRROR - Decimal(price):f}", time) for price, time in vector.fills],
        terms=terms,
    )


@pytest.mark.parametrize("name", VECTORS)
def test_a_vector_fills_as_it_says(name: str) -> None:
    player = played(VECTORS[name])
    assert player.fills == VECTORS[name].fills
    assert player.playback.ambiguous_bars == len(player.ambiguous) == VECTORS[name].ambiguous


@pytest.mark.parametrize("name", VECTORS)
def test_a_vector_in_the_mirror_fills_likewise(name: str) -> None:
    vector = in_the_mirror(VECTORS[name])
    player = played(vector, tuple(reflected_bar(text) for text in BARS))
    assert player.fills == vector.fills
    assert player.playback.ambiguous_bars == vector.ambiguous


@pytest.mark.parametrize(
    ("vector", "equity"), [("V1", 99930), ("V18", 99780), ("V16", 100040), ("V20", 100000)]
)
def test_equity_at_the_end(vector: str, equity: int) -> None:
    assert played(VECTORS[vector]).playback.account().equity == equity
    mirror = played(in_the_mirror(VECTORS[vector]), tuple(reflected_bar(text) for text in BARS))
    assert mirror.playback.account().equity == equity


@pytest.mark.parametrize("path", list(Path))
def test_v7_the_other_exit_is_cancelled_in_the_same_bar(path: Path) -> None:
    player = played(VECTORS["V7 worst"], BARS[:2], path=path)
    statuses = [done.status for done in player.playback.closed_orders()]
    assert sorted(status.value for status in statuses) == ["CANCELLED", "FILLED", "FILLED"]
    assert player.playback.positions() == []
    assert player.ambiguous == [("X", START + DAY_LONG, Decimal(90))]


@pytest.mark.parametrize("tif", [IOC, FOK])
def test_v10_and_v11_the_rest_is_cancelled_at_the_open(tif: Any) -> None:
    request = order(BUY, 150, time_in_force=tif)
    player = played(Vector([request], [], terms=LIMITED, volume="1000"))
    (done,) = player.playback.closed_orders()
    assert done.status is OrderStatus.CANCELLED
    assert done.filled_quantity == (100 if tif is IOC else 0)
    assert done.updated_at == START + DAY_LONG


def test_v11_quantities() -> None:
    trades = played(VECTORS["V11"]).playback.trades()
    assert [trade.quantity for trade in trades] == [100, 50]


@pytest.mark.parametrize(
    ("vector", "mirrors", "prices"),
    [
        ("V1", False, ["103.103"]),
        ("V5", False, ["103.103", "89.91"]),
        ("V7 worst", False, ["103.103", "99.9"]),
        ("V1", True, ["96.903"]),
        ("V5", True, ["96.903", "110.11"]),
        ("V7 worst", True, ["96.903", "100.1"]),
    ],
)
def test_v12_slippage_is_against_us(vector: str, mirrors: bool, prices: list[str]) -> None:
    straight = VECTORS[vector]
    texts = tuple(reflected_bar(text) for text in BARS) if mirrors else BARS
    slippage = Slippage.parse("10bps")
    player = played(in_the_mirror(straight) if mirrors else straight, texts, slippage=slippage)
    assert [price for price, _ in player.fills] == prices


@pytest.mark.parametrize(
    ("request_", "balance", "equity"),
    [(BOUGHT, "99998.97", "100048.97"), (order(SELL, 10), "99998.97", "99948.97")],
)
def test_v13_commission_leaves_the_balance(
    request_: OrderRequest, balance: str, equity: str
) -> None:
    player = played(Vector([request_], []), BARS[:2], commission=Commission.parse("0.1%"))
    account = player.playback.account()
    assert (account.balance, account.equity) == (Decimal(balance), Decimal(equity))


@pytest.mark.parametrize("side", [BUY, SELL])
def test_v15_too_dear_at_submit_is_refused(side: Any) -> None:
    with pytest.raises(OrderRejected) as refusal:
        played(Vector([order(side, 10)], []), cash=Decimal(1000))
    assert refusal.value.reject_code == "INSUFFICIENT_FUNDS"


@pytest.mark.parametrize("side", [BUY, SELL])
def test_v15_too_dear_at_the_fill_is_rejected(side: Any) -> None:
    texts = (BARS[0], "120/121/119/120")
    player = played(Vector([order(side, 9)], []), texts, cash=Decimal(1000))
    (done,) = player.playback.closed_orders()
    assert done.status is OrderStatus.REJECTED
    assert done.reject_reason is RejectReason.INSUFFICIENT_MARGIN
    assert player.kinds == ["ORDER_CREATED", "ORDER_REJECTED"]


def test_v18_a_flip_closes_and_reopens_at_one_price() -> None:
    (position,) = played(VECTORS["V18"]).playback.positions()
    assert (position.side, position.quantity) == (PositionSide.SHORT, Decimal(15))
    assert position.average_entry_price == 90


@pytest.mark.parametrize(
    ("side", "texts", "fill", "balance"),
    [
        (BUY, BARS[:3], ("88", "03 08:00:00"), 325),
        (SELL, tuple(map(reflected_bar, BARS[:3])), ("110", "03 00:00:00"), 415),
        (SELL, ("100/105/95/102", "97/101/90/92", "108/109/91/100"), ("109", "03 08:00:00"), 460),
    ],
)
def test_v19_liquidation_where_equity_first_falls_below_the_maintenance_margin(
    side: Any, texts: tuple[str, ...], fill: tuple[str, str], balance: int
) -> None:
    terms = {"cash": Decimal(1000), "leverage": Decimal(5)}
    player = played(Vector([order(side, 45)], [], terms=terms), texts)
    assert player.fills[1:] == [fill]
    assert player.playback.account().balance == balance
    (alert,) = [event for event in player.events if isinstance(event, AlertEvent)]
    assert alert.code is AlertCode.LIQUIDATION
    assert "MARGIN_CALL" in player.kinds
    assert not player.playback.ruined


def test_v20_a_day_order_expires_after_the_candle_and_before_the_next_open() -> None:
    seen: list[OrderStatus] = []
    player = Player()
    player.after(0, lambda p: p.send_request(VECTORS["V20"].sent[0]))
    player.after(1, lambda p: seen.append(p.playback.order("bt-o1").status))
    player.play(bars(*BARS))
    done = player.playback.order("bt-o1")
    assert seen == [OrderStatus.OPEN]
    assert done.status is OrderStatus.EXPIRED
    assert done.updated_at == START + 2 * DAY_LONG
