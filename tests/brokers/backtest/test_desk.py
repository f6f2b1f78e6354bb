"""What a strategy can ask of the simulated account while time stands still."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from zope.interface.verify import verifyObject

from tradegw.errors import (
    GatewayError,
    InvalidValue,
    OrderNotModifiable,
    OrderRejected,
    PositionNotFound,
    SymbolNotFound,
)
from tradegw.interfaces import IBroker, IPacedBroker, IPacing
from tradegw.model.enums import PositionMode
from tradegw.model.order import ClosePositionRequest, OrderChange, OrderQuery

from .stand import Stand, at_candles


def test_it_is_a_broker_whose_time_is_the_strategys(tmp_path: Path) -> None:
    broker = Stand(tmp_path).broker
    for promised in (IBroker, IPacedBroker):
        verifyObject(promised, broker)
    verifyObject(IPacing, broker.pacing)


def test_an_order_that_is_changed_keeps_its_id_and_tells_so(tmp_path: Path) -> None:
    def change(stand: Stand) -> None:
        order_id = stand.submit(order_type="LIMIT", limit_price="80").id
        changed = stand.asked(
            lambda: stand.core.desk.replace(order_id, OrderChange(limit_price=Decimal(104)))
        )
        assert (changed.order.id, changed.previous_order_id) == (order_id, None)

    client = (stand := Stand(tmp_path)).run(at_candles({0: change}))
    assert [m["event"] for m in client.told("order")][:3] == [
        "ORDER_CREATED",
        "ORDER_MODIFIED",
        "ORDER_FILLED",
    ]
    assert [str(price) for price, _, _ in stand.fills()] == ["103"]


def test_a_cancel_takes_effect_at_once_and_only_once(tmp_path: Path) -> None:
    def cancel(stand: Stand) -> None:
        order_id = stand.submit(order_type="LIMIT", limit_price="104").id
        assert stand.asked(lambda: stand.core.desk.cancel(order_id)).success
        with pytest.raises(OrderNotModifiable):
            stand.asked(lambda: stand.core.desk.cancel(order_id))

    stand = Stand(tmp_path)
    stand.run(at_candles({0: cancel}))
    assert stand.fills() == []


def test_a_position_is_closed_by_an_order_that_meets_the_next_open(tmp_path: Path) -> None:
    def close(stand: Stand) -> None:
        half = ClosePositionRequest(quantity=Decimal(4))
        stand.asked(lambda: stand.core.desk.close_position("bt-pos-X", half))
        with pytest.raises(PositionNotFound):
            stand.asked(lambda: stand.core.desk.close_position("bt-pos-Y", half))

    stand = Stand(tmp_path)
    stand.run(at_candles({0: lambda stand: stand.submit(), 1: close}))
    assert [(str(p), str(q)) for p, q, _ in stand.fills()] == [("103", "10"), ("90", "4")]
    (held,) = stand.asked(lambda: stand.core.reads.positions(None))
    assert held.quantity == 6


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"symbol": "Y"}, SymbolNotFound),
        ({"leverage": "3"}, InvalidValue),
        ({"hidden": True}, InvalidValue),
        ({"quantity": "100000"}, OrderRejected),
        ({"side": "SELL"}, OrderRejected),
    ],
    ids=str,
)
def test_what_is_not_possible_is_refused(
    tmp_path: Path, wrong: dict[str, object], refusal: type[GatewayError]
) -> None:
    def order(stand: Stand) -> None:
        with pytest.raises(refusal):
            stand.submit(**wrong)

    stand = Stand(tmp_path, BACKTEST_SHORT="false")
    client = stand.run(at_candles({0: order}))
    assert client.told("order") == []
    refused = stand.broker.report()["honesty"]["refused"]
    assert refused == (1 if refusal is OrderRejected else 0)


def test_nothing_is_traded_when_the_data_of_a_symbol_are_over(tmp_path: Path) -> None:
    head = "timestamp,open,high,low,close,volume\n"
    (tmp_path / "a.csv").write_text(f"{head}2024-01-01,1,1,1,1,1\n")
    (tmp_path / "b.csv").write_text(f"{head}2024-01-01,2,2,2,2,1\n2024-01-02,2,2,2,2,1\n")
    data = f"A@1d={tmp_path / 'a.csv'},B@1d={tmp_path / 'b.csv'}"
    stand = Stand(tmp_path, None, BACKTEST_DATA=data)

    def late(stand: Stand) -> None:
        with pytest.raises(OrderRejected) as refused:
            stand.submit(symbol="A", quantity="1")
        assert refused.value.reject_code == "SYMBOL_NOT_TRADEABLE"

    def early(stand: Stand) -> None:
        stand.submit(symbol="A", quantity="1", order_type="LIMIT", limit_price="0.5")

    client = stand.run(at_candles({0: early, 2: late}))
    assert [m["event"] for m in client.told("order")] == ["ORDER_CREATED", "ORDER_EXPIRED"]


def test_hedging_gives_each_entry_a_position_with_exits_of_its_own(tmp_path: Path) -> None:
    def enter(stand: Stand) -> None:
        stand.submit(stop_loss="80", take_profit="103.5")
        stand.submit(side="SELL", quantity="3")

    stand = Stand(tmp_path, BACKTEST_POSITION_MODE="hedging")
    client = stand.run(at_candles({0: enter}))
    assert stand.broker.capabilities().position_mode is PositionMode.HEDGING
    told = [(m["event"], m["position"]["id"]) for m in client.told("position")]
    assert told == [
        ("POSITION_OPENED", "bt-pos-1"),
        ("POSITION_OPENED", "bt-pos-2"),
        ("POSITION_CLOSED", "bt-pos-1"),
    ]
    legs = [m["order"] for m in client.told("order") if m.get("parent_order_id")]
    assert {leg["position_id"] for leg in legs} == {"bt-pos-1"}


def test_with_fill_current_an_order_gets_the_price_that_was_just_seen(tmp_path: Path) -> None:
    stand = Stand(tmp_path, BACKTEST_FILL="current")
    stand.run(at_candles({0: lambda stand: stand.submit()}))
    assert [(str(price), time) for price, _, time in stand.fills()] == [("102", "02 00:00:00")]
    assert stand.broker.report()["honesty"]["fill_current"] is True


def test_exits_that_the_gateway_moves_and_exits_of_partial_fills_cover_what_is_open(
    tmp_path: Path,
) -> None:
    stand = Stand(tmp_path, BACKTEST_VOLUME_LIMIT="0.004")
    seen: list[list[Decimal]] = []

    def look(stand: Stand) -> None:
        legs = stand.asked(lambda: stand.core.reads.open_orders(OrderQuery()))
        seen.append(sorted(leg.remaining_quantity for leg in legs if leg.parent_order_id))

    stand.run(
        at_candles(
            {0: lambda s: s.submit(stop_loss="50", take_profit="200"), 1: look, 2: look, 3: look}
        )
    )
    assert seen == [[4, 4], [4, 4, 4, 4], [2, 2, 4, 4, 4, 4]]


def test_all_orders_and_trades_are_listed_when_no_limit_is_named(tmp_path: Path) -> None:
    def many(stand: Stand) -> None:
        for _ in range(150):
            stand.submit(quantity="1")

    stand = Stand(tmp_path)
    stand.run(at_candles({0: many}))
    assert len(stand.asked(lambda: stand.core.reads.order_history(OrderQuery()))) == 150
