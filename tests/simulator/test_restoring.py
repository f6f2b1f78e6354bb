"""An exchange that goes on from a state, or from what it wrote down, is the same exchange."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulator.floor import BUY, DAY, LIMIT, MARKET, SELL, STOP, TRAILING, Floor
from tests.simulator.test_histories import CASH, History, dealt, histories, terms
from tradegw.errors import OrderRejected
from tradegw.model import wire
from tradegw.model.enums import OrderStatus, TrailingType
from tradegw.model.events import Event
from tradegw.simulator.costs import Commission
from tradegw.simulator.state import Change, added_up

Commands = list[tuple[str, dict[str, Any]]]


def encoded(change: Change | None) -> bytes:
    return msgspec.json.encode(change)


def decoded(lines: Iterable[bytes]) -> Iterable[Change]:
    return (msgspec.json.decode(line, type=Change) for line in lines)


def books(change: Change | None) -> dict[str, Any]:
    """What must be written down at once, by its id."""
    assert change is not None
    return {
        "figures": (change.balance, change.sequence),
        "orders": [msgspec.to_builtins(order) for order in change.orders],
        "ended": change.ended,
        "trades": change.trades,
        "held": {each.symbol: each.holding for each in change.held},
    }


def played(options: dict[str, Any], commands: Commands, restart_at: frozenset[int]) -> History:
    history = History(**options)
    for number, command in enumerate(commands):
        if number in restart_at:
            history.floor.restart(encoded(history.floor.exchange.state()))
        history.play([command])
    return history


def transcript(history: History) -> list[bytes]:
    return [wire.encode(event) for event in history.floor.events]


@given(terms, histories, st.frozensets(st.integers(0, 60), min_size=1, max_size=4))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_a_history_with_restarts_is_the_same_to_the_byte(
    options: dict[str, Any], commands: Commands, restart_at: frozenset[int]
) -> None:
    never, often = played(options, commands, frozenset()), played(options, commands, restart_at)
    assert transcript(often) == transcript(never)
    assert encoded(often.floor.exchange.state()) == encoded(never.floor.exchange.state())


@pytest.mark.parametrize("seed", range(8))
def test_a_long_history_with_restarts_is_the_same(seed: int) -> None:
    rng = random.Random(seed)
    options = {
        "cash": CASH,
        "leverage": Decimal(rng.choice((1, 3, 10))),
        "commission": rng.choice((Commission(), Commission.parse("5bps+0.1/order+min1"))),
        "volume_limit": rng.choice((Decimal(0), Decimal("0.3"))),
        "partial_ratio": rng.choice((None, Decimal("0.3"))),
        "native_brackets": seed % 2 == 0,
    }
    commands = dealt(seed, 250)
    never = played(options, commands, frozenset())
    often = played(options, commands, frozenset(range(0, 250, 7)))
    assert transcript(often) == transcript(never)


@given(terms, histories)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_the_changes_add_up_to_the_state_after_every_command(
    options: dict[str, Any], commands: Commands
) -> None:
    history = History(**options)
    for command in commands:
        history.play([command])
        kept = added_up(decoded(history.floor.changes))
        if kept is not None:
            assert books(kept) == books(history.floor.exchange.state())


def test_what_a_change_took_away_and_a_price_brought_back_is_written_down() -> None:
    """A stop that goes to the end of the queue is not at work before the next price."""

    size = {"quantity": Decimal("0.1"), "symbol": "X"}
    commands: Commands = [
        ("send", {"side": BUY, "order_type": MARKET, **size}),
        ("send", {"side": SELL, "order_type": STOP, "stop_price": Decimal(80), **size}),
        ("tick", {"symbol": "X", "price": Decimal("80.1"), "spread": 0, "continuous": False}),
        ("send", {"side": BUY, "order_type": STOP, "stop_price": Decimal(80), **size}),
        ("replace", {"index": 1, "stop_price": Decimal(80)}),
        ("send", {"side": BUY, "order_type": MARKET, **size}),
        ("tick", {"symbol": "X", "price": Decimal("80.1"), "spread": 0, "continuous": False}),
    ]
    history = History(cash=CASH)
    for command in commands:
        history.play([command])
        kept = added_up(decoded(history.floor.changes))
        assert books(kept) == books(history.floor.exchange.state())


@given(terms, histories)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_whatever_is_told_was_written_down_before(
    options: dict[str, Any], commands: Commands
) -> None:
    history = History(**options)
    late: list[Event] = []

    def look(event: Event) -> None:
        kept = books(added_up(decoded(history.floor.changes)))
        now = books(history.floor.exchange.state())
        if any(kept[name] != now[name] for name in ("trades", "ended", "held")):
            late.append(event)

    history.floor.listener = look
    history.play(commands)
    assert not late


def test_nothing_is_recorded_of_a_price_that_moves_nothing() -> None:
    floor = Floor()
    floor.at(100)
    floor.send(BUY, 1, LIMIT, limit_price=90)
    floor.at(101)
    written = len(floor.changes)
    for price in (102, 103, 104):
        floor.at(price)
    assert len(floor.changes) == written


def test_what_only_a_price_has_marked_is_recorded_too() -> None:
    """A trailing stop that was taken along, told to nobody, trails from there after a restart."""
    floor = Floor()
    floor.at(100)
    floor.send(BUY, 1)
    floor.at(100)
    trail = {"trailing_distance": 5, "trailing_type": TrailingType.ABSOLUTE}
    stop = floor.send(SELL, 1, TRAILING, **trail)
    for price in (105, 120, 118):
        floor.at(price)
    floor.restart(encoded(added_up(decoded(floor.changes))))
    floor.at(115)
    assert floor.exchange.order(stop.id).status is OrderStatus.FILLED


def test_a_pair_of_exits_is_a_pair_after_a_restart() -> None:
    floor = Floor(native_brackets=True)
    floor.at(100)
    floor.send(BUY, 1, stop_loss=90, take_profit=110)
    floor.at(100)
    floor.restart(encoded(added_up(decoded(floor.changes))))
    floor.at(111)
    by_type = {o.order_type: o.status for o in floor.exchange.closed_orders()}
    assert by_type[LIMIT] is OrderStatus.FILLED
    assert by_type[STOP] is OrderStatus.CANCELLED


def test_a_client_order_id_stays_taken() -> None:
    floor = Floor()
    floor.at(100)
    working = floor.send(BUY, 1, LIMIT, limit_price=90, client_order_id="a")
    floor.exchange.cancel(
        floor.send(BUY, 1, LIMIT, limit_price=90, client_order_id="b").id, floor.time
    )
    floor.restart(encoded(added_up(decoded(floor.changes))))
    found = floor.exchange.order_by_client_id("a")
    assert found == working
    for known in "ab":
        with pytest.raises(OrderRejected, match="used before"):
            floor.send(BUY, 1, LIMIT, limit_price=90, client_order_id=known)


def test_day_orders_expire_at_the_midnight_that_passed_meanwhile() -> None:
    floor = Floor()
    floor.at(100)
    sent = floor.send(BUY, 1, LIMIT, limit_price=90, time_in_force=DAY)
    floor.at(100)
    floor.restart(encoded(floor.exchange.state()))
    floor.time += timedelta(days=3)
    floor.at(100)
    expired = floor.exchange.order(sent.id)
    assert expired.status is OrderStatus.EXPIRED
    assert expired.updated_at.hour == 0


def test_only_as_many_terminal_orders_and_trades_are_restored_as_are_remembered() -> None:
    floor = Floor(retained=3)
    floor.at(100)
    for number in range(5):
        floor.send(BUY, 1, client_order_id=f"c{number}")
        floor.at(100)
    floor.restart(encoded(added_up(decoded(floor.changes))))
    assert [o.client_order_id for o in floor.exchange.closed_orders()] == ["c2", "c3", "c4"]
    assert len(floor.exchange.trades()) == 3
    assert floor.exchange.order_by_client_id("c1") is None
    floor.send(BUY, 1, client_order_id="c1")
    floor.at(100)
    assert floor.exchange.order_by_client_id("c2") is None


def test_a_state_does_not_change_any_more() -> None:
    floor = Floor()
    floor.at(100)
    sent = floor.send(BUY, 1, LIMIT, limit_price=90)
    state = floor.exchange.state()
    before = encoded(state)
    floor.at(80)
    assert floor.exchange.order(sent.id).status is OrderStatus.FILLED
    assert encoded(state) == before


def test_what_is_no_longer_traded_is_kept_and_can_be_cancelled() -> None:
    floor = Floor(leverage=Decimal(10))
    floor.at(100, symbol="GONE")
    floor.send(BUY, 1, symbol="GONE")
    floor.at(100, symbol="GONE")
    resting = floor.send(BUY, 1, LIMIT, symbol="GONE", limit_price=90)
    state = encoded(floor.exchange.state())
    floor.exchange = floor.built()
    floor.exchange._instrument = lambda _symbol: None
    floor.exchange.restore(msgspec.json.decode(state, type=Change))
    assert [p.symbol for p in floor.exchange.positions()] == ["GONE"]
    assert floor.exchange.cancel(resting.id, floor.time).status is OrderStatus.CANCELLED
