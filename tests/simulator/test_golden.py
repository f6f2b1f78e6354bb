"""The golden vectors of the backtest rules (engine B15.1), played corner by corner.

Where the rule for the path is ``worst``, the vector is played on the path which that rule picks.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.simulator.floor import (
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
    Floor,
    daily,
    order,
)
from tradegw.errors import OrderRejected
from tradegw.model.enums import (
    AlertCode,
    OrderEventKind,
    OrderStatus,
    PositionSide,
    RejectReason,
    TrailingType,
)
from tradegw.model.events import AlertEvent, Event, OrderEvent
from tradegw.simulator.costs import Commission
from tradegw.simulator.paths import Path
from tradegw.simulator.slippage import Slippage

BARS = ("100/105/95/102", "103/110/99/108", "90/97/88/95", "96/104/94/96")
HIGH, LOW = Path.HIGH_FIRST, Path.LOW_FIRST
NEAREST = (HIGH, LOW, HIGH, LOW)

Step = Callable[[Floor], object]


def play(
    *after_0: Step,
    after_1: Step | None = None,
    path: tuple[Path, ...] = NEAREST,
    bars: tuple[str, ...] = BARS,
    spread: str = "0",
    volume: str | None = None,
    **terms: Any,
) -> Floor:
    """Send the orders when bar 0 (and bar 1) has ended, and play all bars."""
    floor = Floor(**terms)
    for number, text in enumerate(bars):
        floor.play(*daily(number, text, path[number], spread, volume))
        for step in after_0 if number == 0 else (after_1,) if number == 1 and after_1 else ():
            step(floor)
    return floor


def sends(*args: Any, **members: Any) -> Step:
    return lambda floor: floor.exchange.submit(order(*args, **members), floor.time)


def fills(floor: Floor) -> list[tuple[str, str]]:
    """Price, and day and time in January, of every trade."""
    return [(f"{t.price:f}", t.timestamp.strftime("%d %H:%M:%S")) for t in floor.exchange.trades()]


V1 = sends(BUY, 10)
AT_OPEN_1 = ("103", "02 00:00:00")


@pytest.mark.parametrize(
    ("steps", "options", "expected"),
    [
        pytest.param([V1], {}, [AT_OPEN_1], id="V1"),
        pytest.param(
            [sends(BUY, 10, LIMIT, limit_price=100)], {}, [("100", "02 06:00:00")], id="V2"
        ),
        pytest.param([sends(BUY, 10, LIMIT, limit_price=104)], {}, [AT_OPEN_1], id="V3"),
        pytest.param([sends(BUY, 10, STOP, stop_price=105)], {}, [("105", "02 12:21:49")], id="V4"),
        pytest.param(
            [V1],
            {"after_1": sends(SELL, 10, STOP, stop_price=98)},
            [AT_OPEN_1, ("90", "03 00:00:00")],
            id="V5",
        ),
        pytest.param(
            [V1],
            {"after_1": sends(SELL, 10, LIMIT, limit_price=97), "path": (HIGH, LOW, LOW, LOW)},
            [AT_OPEN_1, ("97", "03 16:00:00")],
            id="V6 touch",
        ),
        pytest.param(
            [V1],
            {"after_1": sends(SELL, 10, LIMIT, limit_price=97), "limit_through": True},
            [AT_OPEN_1, ("97", "04 10:24:00")],
            id="V6 through",
        ),
        pytest.param(
            [sends(BUY, 10, STOP_LIMIT, stop_price=105, limit_price=104)],
            {"path": (HIGH, HIGH, HIGH, LOW)},
            [("104", "02 12:21:49")],
            id="V8 high first",
        ),
        pytest.param(
            [sends(BUY, 10, STOP_LIMIT, stop_price=105, limit_price=104)],
            {},
            [("90", "03 00:00:00")],
            id="V8 low first",
        ),
        pytest.param(
            [sends(BUY, 10, LIMIT, limit_price=100, time_in_force=IOC)], {}, [], id="V10 away"
        ),
        pytest.param(
            [sends(BUY, 10, LIMIT, limit_price=104, time_in_force=IOC)],
            {},
            [AT_OPEN_1],
            id="V10 marketable",
        ),
        pytest.param(
            [sends(BUY, 150)],
            {"volume": "1000", "volume_limit": Decimal("0.1")},
            [AT_OPEN_1, ("90", "03 00:00:00")],
            id="V11 rest at the next open",
        ),
        pytest.param(
            [sends(BUY, 150, time_in_force=IOC)],
            {"volume": "1000", "volume_limit": Decimal("0.1")},
            [AT_OPEN_1],
            id="V11 IOC",
        ),
        pytest.param(
            [sends(BUY, 150, time_in_force=FOK)],
            {"volume": "1000", "volume_limit": Decimal("0.1")},
            [],
            id="V11 FOK",
        ),
        pytest.param(
            [V1],
            {
                "after_1": sends(SELL, 10, STOP, stop_price=98),
                "slippage": Slippage(Decimal(10)),
            },
            [("103.103", "02 00:00:00"), ("89.91", "03 00:00:00")],
            id="V12",
        ),
        pytest.param([V1], {"spread": "0.2"}, [("103.1", "02 00:00:00")], id="V14 market"),
        pytest.param(
            [sends(BUY, 10, LIMIT, limit_price=100)],
            {"spread": "0.2"},
            [("100", "02 06:12:00")],
            id="V14 limit",
        ),
        pytest.param(
            [V1],
            {"after_1": sends(SELL, 10, LIMIT, limit_price=97), "spread": "0.2"},
            [("103.1", "02 00:00:00"), ("97", "04 10:28:48")],
            id="V14 V6",
        ),
        pytest.param(
            [sends(BUY, 5, LIMIT, limit_price=101), sends(BUY, 5, LIMIT, limit_price=104)],
            {},
            [AT_OPEN_1, ("101", "02 04:00:00")],
            id="V17",
        ),
    ],
)
def test_fills_at_the_price_and_time_of_the_vector(
    steps: list[Step], options: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert fills(play(*steps, **options)) == expected


def brackets(stop_loss: int, take_profit: int) -> Callable[[Floor], Callable[[Event], None]]:
    """A listener that does as the gateway does: exits at the fill, and one cancels the other."""

    def listener(floor: Floor) -> Callable[[Event], None]:
        def on_event(event: Event) -> None:
            if not isinstance(event, OrderEvent) or event.event is not OrderEventKind.FILLED:
                return
            filled = event.order
            exchange, time = floor.exchange, floor.exchange.time
            if filled.client_order_id is None:
                stop = order(
                    filled.side.opposite,
                    filled.quantity,
                    STOP,
                    stop_price=stop_loss,
                    reduce_only=True,
                    client_order_id="sl",
                )
                target = order(
                    filled.side.opposite,
                    filled.quantity,
                    LIMIT,
                    limit_price=take_profit,
                    reduce_only=True,
                    client_order_id="tp",
                )
                exchange.submit(stop, time)
                exchange.submit(target, time)
            else:
                sibling = exchange.order_by_client_id(
                    "tp" if filled.client_order_id == "sl" else "sl"
                )
                assert sibling is not None
                exchange.cancel(sibling.id, time)

        return on_event

    return listener


def play_bracket(
    step: Step, exits: tuple[int, int], path: Path, **terms: Any
) -> tuple[list[tuple[str, str]], Floor]:
    floor = Floor(**terms)
    floor.listener = brackets(*exits)(floor)
    floor.play(*daily(0, BARS[0], path))
    step(floor)
    floor.play(*daily(1, BARS[1], path))
    return fills(floor), floor


@pytest.mark.parametrize(
    ("path", "expected"), [(LOW, ("100", "02 06:00:00")), (HIGH, ("109", "02 06:51:25"))]
)
def test_v7_exits_sent_at_the_fill_trade_in_the_same_bar(
    path: Path, expected: tuple[str, str]
) -> None:
    traded, floor = play_bracket(V1, (100, 109), path)
    assert traded == [AT_OPEN_1, expected]
    other = floor.exchange.order_by_client_id("tp" if path is LOW else "sl")
    assert other is not None
    assert other.status is OrderStatus.CANCELLED
    assert floor.exchange.positions() == []


@pytest.mark.parametrize(
    ("path", "expected"), [(LOW, ("100", "02 06:00:00")), (HIGH, ("109", "02 06:51:25"))]
)
def test_v7_is_the_same_with_the_exchanges_own_brackets(
    path: Path, expected: tuple[str, str]
) -> None:
    floor = play(
        sends(BUY, 10, stop_loss=100, take_profit=109),
        path=(path,) * 4,
        bars=BARS[:2],
        native_brackets=True,
    )
    assert fills(floor) == [AT_OPEN_1, expected]
    statuses = sorted(o.status.value for o in floor.exchange.closed_orders())
    assert statuses == ["CANCELLED", "FILLED", "FILLED"]


def test_v12_slippage_is_on_the_stop_loss() -> None:
    traded, _floor = play_bracket(V1, (100, 109), LOW, slippage=Slippage(Decimal(10)))
    assert traded == [("103.103", "02 00:00:00"), ("99.9", "02 06:00:00")]


def test_v16_a_short_takes_its_profit_below() -> None:
    traded, _floor = play_bracket(sends(SELL, 10), (111, 99), LOW)
    assert traded == [AT_OPEN_1, ("99", "02 08:00:00")]


@pytest.mark.parametrize(
    ("path", "expected"),
    [((HIGH,) * 4, ("105", "02 11:38:10")), ((LOW,) * 4, ("90", "03 00:00:00"))],
)
def test_v9_a_trailing_stop_follows_the_high_and_fills_on_the_way_back(
    path: tuple[Path, ...], expected: tuple[str, str]
) -> None:
    floor = play(
        V1,
        sends(
            SELL,
            10,
            TRAILING,
            trailing_distance=5,
            trailing_type=TrailingType.ABSOLUTE,
            reduce_only=True,
        ),
        path=path,
    )
    assert fills(floor) == [AT_OPEN_1, expected]


def test_v1_equity_at_the_end() -> None:
    assert play(V1).exchange.account().equity == 99930


def test_v11_quantities() -> None:
    floor = play(sends(BUY, 150), volume="1000", volume_limit=Decimal("0.1"))
    assert [trade.quantity for trade in floor.exchange.trades()] == [100, 50]


@pytest.mark.parametrize(("tif", "filled"), [(IOC, 100), (FOK, 0)])
def test_v11_the_rest_is_cancelled_at_the_open(tif: Any, filled: int) -> None:
    floor = play(sends(BUY, 150, time_in_force=tif), volume="1000", volume_limit=Decimal("0.1"))
    (done,) = floor.exchange.closed_orders()
    assert done.status is OrderStatus.CANCELLED
    assert done.filled_quantity == filled
    assert done.updated_at == START + timedelta(days=1)


def test_v13_commission_leaves_the_balance() -> None:
    floor = play(V1, bars=BARS[:2], commission=Commission.parse("0.1%"))
    account = floor.exchange.account()
    assert account.balance == Decimal("99998.97")
    assert account.equity == Decimal("100048.97")


def test_v15_too_dear_at_submit_is_refused() -> None:
    with pytest.raises(OrderRejected) as refusal:
        play(V1, cash=Decimal(1000))
    assert refusal.value.reject_code == "INSUFFICIENT_FUNDS"


def test_v15_too_dear_at_the_fill_is_rejected() -> None:
    floor = play(sends(BUY, 9), bars=(BARS[0], "120/121/119/120"), cash=Decimal(1000))
    (done,) = floor.exchange.closed_orders()
    assert done.status is OrderStatus.REJECTED
    assert done.reject_reason is RejectReason.INSUFFICIENT_MARGIN
    assert floor.kinds == ["ORDER_CREATED", "ORDER_REJECTED"]


def test_v18_a_flip_closes_and_reopens_at_one_price() -> None:
    floor = play(V1, after_1=sends(SELL, 25))
    assert fills(floor) == [AT_OPEN_1, ("90", "03 00:00:00")]
    (position,) = floor.exchange.positions()
    assert position.side is PositionSide.SHORT
    assert position.quantity == 15
    assert position.average_entry_price == 90
    assert floor.exchange.account().equity == 99780


def test_v19_liquidation_at_the_corner_that_breaks_the_maintenance_margin() -> None:
    floor = play(sends(BUY, 45), bars=BARS[:3], cash=Decimal(1000), leverage=Decimal(5))
    assert fills(floor) == [AT_OPEN_1, ("88", "03 16:00:00")]
    assert floor.exchange.account().balance == 325
    (alert,) = floor.told(AlertEvent)
    assert alert.code is AlertCode.LIQUIDATION
    assert "MARGIN_CALL" in floor.kinds


def test_v20_a_day_order_expires_at_midnight_before_the_next_open() -> None:
    floor = play(sends(BUY, 10, LIMIT, limit_price=80, time_in_force=DAY))
    (done,) = floor.exchange.closed_orders()
    assert done.status is OrderStatus.EXPIRED
    assert done.updated_at == START + timedelta(days=2)


MIRROR = Decimal(200)


def mirrored(bar: str) -> str:
    opened, high, low, close = (MIRROR - Decimal(price) for price in bar.split("/"))
    return f"{opened}/{low}/{high}/{close}"


@pytest.mark.parametrize(
    ("buy", "sell"),
    [
        (order(BUY, 10), order(SELL, 10)),
        (order(BUY, 10, LIMIT, limit_price=100), order(SELL, 10, LIMIT, limit_price=100)),
        (order(BUY, 10, LIMIT, limit_price=104), order(SELL, 10, LIMIT, limit_price=96)),
        (order(BUY, 10, STOP, stop_price=105), order(SELL, 10, STOP, stop_price=95)),
        (
            order(BUY, 10, STOP_LIMIT, stop_price=105, limit_price=104),
            order(SELL, 10, STOP_LIMIT, stop_price=95, limit_price=96),
        ),
        (
            order(
                BUY,
                10,
                TRAILING,
                trailing_distance=5,
                trailing_type=TrailingType.ABSOLUTE,
            ),
            order(
                SELL,
                10,
                TRAILING,
                trailing_distance=5,
                trailing_type=TrailingType.ABSOLUTE,
            ),
        ),
    ],
)
@pytest.mark.parametrize("path", [HIGH, LOW])
def test_selling_in_the_mirror_is_buying(buy: Any, sell: Any, path: Path) -> None:
    """Prices reflected at 100 and the sides exchanged: same times, reflected prices."""
    other = LOW if path is HIGH else HIGH
    straight = play(lambda f: f.exchange.submit(buy, f.time), path=(path,) * 4)
    mirror = play(
        lambda f: f.exchange.submit(sell, f.time),
        path=(other,) * 4,
        bars=tuple(mirrored(bar) for bar in BARS),
    )
    assert [(f"{MIRROR - Decimal(price):f}", time) for price, time in fills(mirror)] == fills(
        straight
    )
    assert len(fills(straight)) == 1
