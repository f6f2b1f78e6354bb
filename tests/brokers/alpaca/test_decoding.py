"""What Alpaca writes, as the gateway tells it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradegw.brokers.alpaca import wire
from tradegw.brokers.alpaca.decoding import (
    account_from,
    flat,
    is_readable,
    order_from,
    position_from,
    trade_from,
    trade_id,
    trade_of,
)
from tradegw.brokers.alpaca.kin import Kin
from tradegw.brokers.alpaca.statuses import (
    _STATUSES,
    KNOWN_EVENTS,
    is_known,
    kind_of,
    status_of,
)
from tradegw.brokers.alpaca.symbols import Symbols
from tradegw.brokers.alpaca.times import moment, text_of
from tradegw.model.enums import (
    OrderEventKind,
    OrderStatus,
    OrderType,
    PositionSide,
    Side,
    TimeInForce,
    TrailingType,
)
from tradegw.model.order import Order

from .payloads import ACCOUNT, ACTIVITY, FILL, ORDER, ORDER_ID, POSITION, dumped

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def symbols() -> Symbols:
    known = Symbols()
    known.learn([wire.Asset(id="1", symbol="BTC/USD", class_="crypto")])
    return known


def decoded(**members: Any) -> Order:
    return order_from(wire.read(dumped({**ORDER, **members}), wire.Order), symbols())


# -- times and numbers


def test_times_are_cut_never_rounded_up() -> None:
    assert moment("2026-03-02T15:41:07.999999999Z").microsecond == 999_999
    assert moment("2026-03-02T10:41:07.402118377-05:00") == datetime(
        2026, 3, 2, 15, 41, 7, 402_118, tzinfo=UTC
    )
    assert moment("2026-03-02T15:41:07Z").microsecond == 0
    with pytest.raises(ValueError, match="zone"):
        moment("2026-03-02T15:41:07")


@given(st.datetimes(timezones=st.just(UTC)), st.text("0123456789", max_size=3))
def test_a_time_that_is_written_is_read(at: datetime, more: str) -> None:
    text = at.isoformat(timespec="microseconds").replace("+00:00", f"{more}Z")
    assert moment(text) == at
    assert moment(text_of(at)) == at
    assert "+" not in text_of(at)


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=9))
def test_numbers_are_exact_as_texts_and_as_numbers(value: Decimal) -> None:
    for written in (f'"{value:f}"', f"{value:f}"):
        body = b'{"symbol":"A","qty":' + written.encode() + b"}"
        assert wire.read(body, wire.Position).qty == value


def test_a_blank_is_nothing() -> None:
    order = wire.read(dumped({**ORDER, "limit_price": "", "filled_qty": ""}), wire.Order)
    assert order.limit_price is None
    assert order.order_class is None
    assert order.qty == Decimal(12)


def test_what_is_no_order_is_an_error() -> None:
    for body in (b"[]", b"{}", b"<html>", b'{"id":1,"status":"new"}'):
        with pytest.raises(msgspec.DecodeError):
            wire.read(body, wire.Order)


# -- orders


def test_a_resting_limit_order() -> None:
    assert decoded() == Order(
        id=ORDER_ID,
        client_order_id="gw-7f31",
        symbol="MSFT",
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        quantity=Decimal(12),
        filled_quantity=Decimal(0),
        remaining_quantity=Decimal(12),
        status=OrderStatus.OPEN,
        time_in_force=TimeInForce.GTC,
        created_at=datetime(2026, 3, 2, 15, 41, 7, 218_840, tzinfo=UTC),
        updated_at=datetime(2026, 3, 2, 15, 41, 7, 224_190, tzinfo=UTC),
        limit_price=Decimal("411.15"),
    )


def test_nothing_but_id_and_status_symbol_and_side_is_needed() -> None:
    bare = {"id": "1", "status": "new", "symbol": "X", "side": "sell"}
    order = order_from(wire.read(dumped(bare), wire.Order), symbols())
    assert (order.order_type, order.quantity) == (OrderType.MARKET, Decimal(0))
    assert order.time_in_force is TimeInForce.DAY


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({"type": "", "order_type": "stop"}, OrderType.STOP),
        ({"type": None, "order_type": None, "stop_price": "4"}, OrderType.STOP_LIMIT),
        ({"type": "new-kind", "limit_price": None, "stop_price": "4"}, OrderType.STOP),
        ({"type": "new-kind"}, OrderType.LIMIT),
        ({"type": "trailing_stop"}, OrderType.TRAILING_STOP),
    ],
)
def test_the_type_is_found_somehow(members: dict[str, Any], kind: OrderType) -> None:
    assert decoded(**members).order_type is kind


def test_trails() -> None:
    assert decoded(trail_price="1.5").trailing_type is TrailingType.ABSOLUTE
    percent = decoded(trail_percent="2.5")
    assert (percent.trailing_type, percent.trailing_distance) == (
        TrailingType.PERCENT,
        Decimal("2.5"),
    )


def test_times_in_force_that_are_not_ours_end_with_the_day() -> None:
    for name in ("opg", "cls", "something"):
        assert decoded(time_in_force=name).time_in_force is TimeInForce.DAY


def test_a_bracket_shows_its_exits_and_its_legs_their_parent() -> None:
    profit = {**ORDER, "id": "tp", "side": "sell", "limit_price": "440", "status": "new"}
    stop = {**profit, "id": "sl", "type": "stop", "stop_price": "400", "limit_price": None}
    body = {**ORDER, "order_class": "bracket", "legs": [profit, {**stop, "status": "held"}]}
    wired = wire.read(dumped(body), wire.Order)
    kin = Kin(symbols())
    kin.learn(wired)
    entry, *legs = [kin.decoded(shown.order) for shown in flat((wired,))]
    assert (entry.stop_loss, entry.take_profit) == (Decimal(400), Decimal(440))
    assert entry.parent_order_id is None
    assert [leg.parent_order_id for leg in legs] == [ORDER_ID, ORDER_ID]
    assert legs[1].status is OrderStatus.PENDING


def test_what_is_of_no_side_cannot_be_told() -> None:
    for members in ({"side": ""}, {"symbol": ""}, {"side": "sideways"}):
        order = wire.read(dumped({**ORDER, **members}), wire.Order)
        assert not is_readable(order)
        with pytest.raises(ValueError, match="neither"):
            order_from(order, symbols())


def test_a_replaced_order_goes_by_its_first_name() -> None:
    assert decoded(client_order_id="c1~19cb4f2e1a0", replaces="old").client_order_id == "c1"
    assert decoded(client_order_id="c1~19cb4f2e1a0").client_order_id == "c1~19cb4f2e1a0"
    assert decoded(client_order_id="made-up", replaces="old").client_order_id == "made-up"


def test_a_chain_is_known_from_either_end() -> None:
    kin = Kin(symbols())
    first = wire.Order(
        id="1", status="replaced", client_order_id="c1", replaced_by="2", created_at="2026-01-01"
    )
    second = wire.Order(
        id="2",
        status="replaced",
        client_order_id="x",
        replaces="1",
        replaced_by="3",
        created_at="2026-01-02",
    )
    third = wire.Order(
        id="3", status="new", client_order_id="y", replaces="2", created_at="2026-01-03"
    )
    assert not kin.knows_origin(third)
    for order in (third, second, first):  # as lists have them
        kin.learn(order)
    assert not kin.knows_origin(third)
    kin.learn_all((third, second, first))
    assert kin.knows_origin(third)
    told = {**ORDER, "id": "3", "client_order_id": "y", "replaces": "2"}
    assert kin.decoded(wire.read(dumped(told), wire.Order)).client_order_id == "c1"


# -- statuses and events: total, and never a surprise


@pytest.mark.parametrize("status", [*_STATUSES, "who-knows"])
def test_every_status_means_something(status: str) -> None:
    for quantity, filled in ((10, 0), (10, 4), (10, 10), (0, 0)):
        found = status_of(status, Decimal(quantity), Decimal(filled))
        assert isinstance(found, OrderStatus)
    assert is_known(status) is (status != "who-knows")


@pytest.mark.parametrize(
    ("status", "filled", "meaning"),
    [
        ("new", 4, OrderStatus.PARTIALLY_FILLED),
        ("done_for_day", 0, OrderStatus.OPEN),
        ("done_for_day", 4, OrderStatus.PARTIALLY_FILLED),
        ("calculated", 10, OrderStatus.FILLED),
        ("calculated", 4, OrderStatus.PARTIALLY_FILLED),
        ("held", 0, OrderStatus.PENDING),
        ("pending_replace", 0, OrderStatus.OPEN),
        ("pending_cancel", 4, OrderStatus.PENDING_CANCEL),
        ("replaced", 4, OrderStatus.CANCELLED),
        ("who-knows", 4, OrderStatus.PENDING),
    ],
)
def test_statuses(status: str, filled: int, meaning: OrderStatus) -> None:
    assert status_of(status, Decimal(10), Decimal(filled)) is meaning


@pytest.mark.parametrize("event", [*sorted(KNOWN_EVENTS), "who-knows"])
def test_every_event_is_told_as_something(event: str) -> None:
    for status in OrderStatus:
        assert isinstance(kind_of(event, status), OrderEventKind)


def test_an_unknown_event_of_an_order_that_ended_tells_that() -> None:
    assert kind_of("who-knows", OrderStatus.CANCELLED) is OrderEventKind.CANCELLED
    assert kind_of("done_for_day", OrderStatus.EXPIRED) is OrderEventKind.EXPIRED
    assert kind_of("done_for_day", OrderStatus.OPEN) is OrderEventKind.MODIFIED


# -- executions, positions, money


def test_the_stream_and_the_history_tell_the_same_execution() -> None:
    update = wire.read(dumped(FILL), wire.Update)
    streamed = trade_of(update, order_from(update.order, symbols()))
    listed = trade_from(wire.read(dumped(ACTIVITY), wire.Activity), symbols())
    assert streamed == listed
    assert listed.id == f"{ORDER_ID}:5"


def test_an_execution_without_its_place_keeps_its_own_name() -> None:
    listed = trade_from(wire.read(dumped({**ACTIVITY, "cum_qty": None}), wire.Activity), symbols())
    assert listed.id == ACTIVITY["id"]


@given(st.decimals(min_value=0, max_value=10**9, places=9), st.integers(0, 5))
def test_an_execution_has_one_name_whatever_zeros_are_written(
    executed: Decimal, zeros: int
) -> None:
    assert trade_id("a", executed) == trade_id("a", Decimal(f"{executed:f}" + "0" * zeros))


def test_a_short_position() -> None:
    found = position_from(wire.read(dumped(POSITION), wire.Position), symbols(), NOON)
    assert (found.side, found.quantity, found.id) == (
        PositionSide.SHORT,
        Decimal(15),
        "AAPL_position",
    )
    assert found.unrealized_pnl == Decimal("28.53")


def test_a_halted_position_has_the_price_it_was_bought_at() -> None:
    halted = {**POSITION, "current_price": None, "unrealized_pl": None, "symbol": "BTCUSD"}
    found = position_from(wire.read(dumped(halted), wire.Position), symbols(), NOON)
    assert (found.current_price, found.unrealized_pnl) == (Decimal("231.402"), Decimal(0))
    assert (found.symbol, found.id) == ("BTC/USD", "BTCUSD_position")


def test_money() -> None:
    found = account_from(wire.read(dumped(ACCOUNT), wire.Account), Decimal("1.5"))
    assert (found.balance, found.equity) == (Decimal("48210.37"), Decimal("61544.92"))
    assert (found.margin_used, found.margin_available) == (
        Decimal("6667.28"),
        Decimal("179442.16"),
    )
    assert found.unrealized_pnl == Decimal("1.5")


@pytest.mark.parametrize("name", ["cash", "initial_margin", "buying_power"])
def test_money_that_is_missing_is_not_zero(name: str) -> None:
    account = wire.read(dumped({**ACCOUNT, name: None}), wire.Account)
    with pytest.raises(ValueError, match=name):
        account_from(account, Decimal(0))


def test_either_name_of_the_equity_will_do() -> None:
    account = wire.read(dumped({**ACCOUNT, "equity": None}), wire.Account)
    assert account_from(account, Decimal(0)).equity == Decimal("61544.92")
