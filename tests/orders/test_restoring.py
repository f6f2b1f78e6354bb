"""A restart at every stage of an order's life: nothing is lost, doubled or lied about (G1, G4)."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace
from twisted.internet.defer import Deferred

from tests.orders.core import Core, a_position, order_request, result_of
from tests.orders.journals import DyingJournal
from tests.orders.samples import an_order
from tradegw.errors import ProviderError
from tradegw.model import wire
from tradegw.model.enums import OrderEventKind, OrderStatus, OrderType, Side
from tradegw.model.journal import NetPosition, OrderState, Setting
from tradegw.model.order import Order, OrderChange
from tradegw.model.trading import StateSetter, TradingState
from tradegw.orders.blotter import Blotter, Links
from tradegw.orders.books import Books
from tradegw.orders.restoring import restore_orders, told_order
from tradegw.testing.broker import EPOCH, Lost
from tradegw.testing.journal import MemoryJournal

LIMIT = {"order_type": OrderType.LIMIT, "limit_price": "50"}


def a_state(order: Order, links: Links | None = None) -> OrderState:
    return OrderState(
        order_id=order.id,
        at=order.updated_at,
        terminal=order.status.is_terminal,
        body=wire.encode(order),
        links=b"" if links is None else wire.encode(links),
    )


def test_orders_come_back_as_they_were_told_with_their_links() -> None:
    journal, blotter = MemoryJournal(), Blotter()
    links = Links(client_order_id="gw-1", own_id="c", correlation_id="i", oco_group_id="g")
    working, done = an_order("w"), an_order("d", status=OrderStatus.FILLED, filled=1)
    journal.keep(a_state(working, links), a_state(done))
    restore_orders(journal, blotter)
    assert blotter.told("w") == blotter.order("w") == working
    assert blotter.links_of("w") == links
    assert blotter.told_working() == [working]
    assert blotter.told("d") == done
    assert told_order(a_state(done)) == (done, None)


def test_what_is_held_comes_back_and_no_fill_counts_twice() -> None:
    journal, books, others = MemoryJournal(), Books(), Books()
    order = an_order("o1", quantity=5, filled=3, status=OrderStatus.PARTIALLY_FILLED)
    journal.keep(a_state(order), NetPosition(symbol="AAPL", at=EPOCH, quantity=Decimal(7)))
    restore_orders(journal, Blotter(), books, others)
    for each in (books, others):
        each.execute(order)
        assert each.held("AAPL") == 7
        each.execute(an_order("o1", quantity=5, filled=5, status=OrderStatus.FILLED))
        assert each.held("AAPL") == 9


def restart(core: Core) -> Core:
    """The process ends and another begins, at the same broker."""
    core.finish()
    return Core(again=core)


def told_as_at_the_broker(core: Core) -> bool:
    """Whether clients know of every order what the broker knows."""
    for order in core.broker.orders.values():
        told = core.blotter.told(order.id)
        if told is None or (told.status, told.filled_quantity) != (
            order.status,
            order.filled_quantity,
        ):
            return False
    return True


# -- every stage


def nothing(core: Core) -> None:
    """It rests."""


def fill_some(core: Core) -> None:
    core.broker.fill("ord-1", "0.5")
    core.broker.held["p"] = a_position(id="p", quantity=Decimal("0.5"))


def fill_all(core: Core) -> None:
    core.broker.fill("ord-1", "1")
    core.broker.held["p"] = a_position(id="p")


def cancel(core: Core) -> None:
    core.broker.end("ord-1", OrderStatus.CANCELLED)


def change(core: Core) -> None:
    result_of(core.desk.replace("ord-1", OrderChange(limit_price=Decimal(60))))


STAGES = [nothing, fill_some, fill_all, cancel, change]


@pytest.mark.parametrize("after", STAGES, ids=lambda stage: str(stage.__name__))
@pytest.mark.parametrize("before", STAGES, ids=lambda stage: str(stage.__name__))
@pytest.mark.parametrize("heard", [True, False], ids=["heard", "unheard"])
def test_what_happens_before_and_during_a_restart_is_told_once(
    before: Callable[[Core], None], after: Callable[[Core], None], heard: bool
) -> None:
    core = Core()
    handle = core.submit(client_order_id="c", stop_loss="40", **LIMIT)
    before(core)
    if core.broker.orders["ord-1"].status.is_terminal:
        after = nothing
    if after is change:
        after = nothing
    if before is fill_all:
        core.wait(1)
    core.finish()
    core.broker.unheard = set() if heard else set(OrderEventKind)
    core.broker.listener = Core(linked=False).intake  # nobody listens
    after(core)
    core.broker.unheard = set()
    again = Core(again=core)
    again.wait(5)
    assert told_as_at_the_broker(again)
    told = [(e.order.id, e.event, e.order.filled_quantity) for e in again.order_events()]
    assert len(set(told)) == len(told)
    assert {e.order.correlation_id for e in again.order_events("ord-1")} == {handle.correlation_id}
    again_handle = result_of(
        again.desk.submit(order_request(client_order_id="c", stop_loss="40", **LIMIT))
    )
    assert again_handle == handle
    filled = again.broker.orders["ord-1"].filled_quantity
    assert again.live(OrderType.STOP) == filled
    assert not again.trading.is_restricted


def test_links_outlive_any_number_of_restarts() -> None:
    core = Core()
    handle = core.submit(client_order_id="c", oco_group_id="g")
    other = core.submit(oco_group_id="g")
    for _ in range(3):
        core = restart(core)
    core.broker.fill(handle.id, "1")
    event = core.order_events(handle.id)[-1]
    assert (event.order.correlation_id, event.order.oco_group_id) == (handle.correlation_id, "g")
    assert core.broker.asked("cancel") == [other.id]


def test_numbers_go_on_where_they_ended() -> None:
    core = Core()
    core.submit()
    again = restart(core)
    again.submit()
    assert [event.seq for event in again.order_events()] == [1, 2]
    assert len({event.epoch for event in again.order_events()}) == 1


def test_the_trading_state_outlives_a_restart() -> None:
    core = Core()
    result_of(core.trading.change(TradingState.HALTED, "stop", StateSetter.SIGNAL))
    status = restart(core).trading.status()
    assert (status.state, status.reason, status.set_by) == (
        TradingState.HALTED,
        "stop",
        StateSetter.SIGNAL,
    )


def test_a_trading_state_that_cannot_be_read_halts() -> None:
    core = Core()
    core.store.keep(Setting(name="trading_state", at=EPOCH, value=b"{broken"))
    assert restart(core).trading.status().state is TradingState.HALTED


def test_a_fill_that_was_held_back_for_its_legs_is_told_by_the_next_process() -> None:
    core = Core()
    entry_id = core.entered()
    core.broker.plan("submit", Deferred())
    core.sink.events.clear()
    core.broker.fill(entry_id, "1")
    core.broker.held["p"] = a_position(id="p")
    assert core.told() == []  # and now it dies, without a word
    again = Core(again=core)
    again.wait(2)
    assert again.told()[0] == (entry_id, OrderEventKind.FILLED)
    assert again.live(OrderType.STOP) == 1
    assert again.live(OrderType.LIMIT) == 1


def test_a_successor_is_known_for_what_it_is_after_a_restart() -> None:
    core = Core()
    core.broker.renames = True
    handle = core.submit(client_order_id="c", **LIMIT)
    successor = result_of(core.desk.replace(handle.id, OrderChange(limit_price=Decimal(60)))).order
    again = restart(core)
    again.broker.fill(successor.id, "1")
    assert again.order_events(successor.id)[-1].order.correlation_id == handle.correlation_id


# -- a crash at every entry of the journal


def life(core: Core) -> list[Callable[[], Any]]:
    """What happens to an entry with its exits, step by step."""
    broker = core.broker

    def fill(total: str) -> None:
        if "ord-1" in broker.orders:
            broker.fill("ord-1", total)
            broker.held["p"] = a_position(id="p", quantity=Decimal(total))

    return [
        lambda: core.desk.submit(order_request(**ENTRY)),
        lambda: fill("0.5"),
        lambda: core.desk.cancel("ord-1"),
        lambda: fill("1"),  # cancelled, and filled all the same
    ]


ENTRY: dict[str, Any] = {"client_order_id": "c", "stop_loss": "40", **LIMIT}


@pytest.mark.parametrize("lost", [False, True], ids=["answered", "answer lost"])
@pytest.mark.parametrize("entries", range(22))
@pytest.mark.parametrize("steps", range(1, 5))
def test_a_crash_at_any_entry_of_the_journal_loses_and_doubles_nothing(
    entries: int, steps: int, lost: bool
) -> None:
    core = Core(store=DyingJournal(entries + 1))  # one is of the first reconciliation
    if lost:
        core.broker.plan("submit", Lost(ProviderError("no answer")))
    for step in life(core)[:steps]:
        step()
    died_before_sending = not core.broker.orders
    core.broker._outcomes.clear()
    again = Core(again=core)
    repeated = again.desk.submit(order_request(**ENTRY))
    again.wait(100)
    entered = [order for order in core.broker.orders.values() if order.client_order_id == "c"]
    assert len(entered) <= 1
    assert told_as_at_the_broker(again)
    assert again.store.unresolved() == []
    if entered:
        handle = result_of(repeated)
        assert handle.id in (entered[0].id, handle.correlation_id)
        assert result_of(again.reads.order(handle.id)).id == entered[0].id
        assert again.live(OrderType.STOP) == entered[0].filled_quantity
        assert again.order_events(entered[0].id)[-1].order.correlation_id == handle.correlation_id
    else:
        assert died_before_sending
    assert not again.trading.is_restricted
    seqs = [json.loads(body)["seq"] for _seq, body in again.store.events(0, 1000)]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs))) if seqs else True


def test_an_outside_position_change_in_the_gap_is_followed_and_not_restricted() -> None:
    core = Core()
    core.broker.fill(core.submit().id, "1")
    core.broker.held["p"] = a_position(id="p")
    core.reconciled()
    core.finish()
    core.broker.listener = Core(linked=False).intake
    order = result_of(core.broker.submit(order_request(side=Side.SELL)))
    core.broker.fill(order.id, "1")
    core.broker.held.clear()
    again = Core(again=core)
    again.wait(5)
    assert told_as_at_the_broker(again)
    assert again.books.held("AAPL") == 0
    assert not again.trading.is_restricted


def test_an_order_that_the_journal_remembers_and_memory_does_not_is_not_told_again() -> None:
    core = Core()
    handle = core.submit()
    core.broker.fill(handle.id, "1")
    core.broker.held["p"] = a_position(id="p")
    core.reconciled()
    told = len(core.order_events())
    core.blotter.revive(handle.id)  # as if others had crowded it out
    core.reconciled()
    assert len(core.order_events()) == told
    assert core.books.held("AAPL") == 1
    assert core.blotter.told(handle.id) == replace(
        core.broker.orders[handle.id], correlation_id=handle.correlation_id
    )
