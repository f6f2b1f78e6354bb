"""What had no stop for too long is closed once, even if the gateway dies meanwhile."""

from __future__ import annotations

from decimal import Decimal

from tests.exits.restarting import crashed
from tests.exits.test_lookout import (
    CLOSING,
    accepted_again,
    closes,
    closing_order,
    naked,
    refused,
)
from tests.orders.core import Core, a_position
from tradegw.errors import ProviderError
from tradegw.model.enums import OrderEventKind, OrderStatus, OrderType

HOUR = 3600


def dead_after_the_close(core: Core) -> Core:
    """The next process, after the close of what is naked was sent and works."""
    core.wait(305)
    assert len(closes(core)) == 1
    again = crashed(core, exit_limits=CLOSING)
    again.reconciled()
    return again


def test_a_close_that_works_is_not_sent_again() -> None:
    core = Core(exit_limits=CLOSING)
    naked(core)
    again = dead_after_the_close(core)
    again.wait(600)
    assert closes(again) == []


def test_nor_is_another_if_more_is_missing_by_then() -> None:
    core = Core(exit_limits=CLOSING)
    later = core.entered(take_profit=None, client_order_id="c2")
    naked(core, "1")
    again = dead_after_the_close(core)
    again.broker.held["pos-1"] = a_position(quantity=Decimal(2))
    again.broker.fill(later, "1")
    again.wait(600)
    assert closes(again) == []


def test_a_close_of_which_no_answer_came_before_the_end_is_not_sent_again() -> None:
    core = Core(exit_limits=CLOSING)
    naked(core)
    core.broker.plan("close", ProviderError("no answer"))
    for name in ("order_by_client_id", "open_orders", "closed_orders"):
        core.broker.plan(name, *[ProviderError("no answer")] * 100)
    core.wait(305)
    assert len(closes(core)) == 1
    again = crashed(core, exit_limits=CLOSING)
    again.wait(600)
    assert closes(again) == []


def test_a_close_that_fills_after_the_restart_frees_what_it_was_sent_for() -> None:
    """Else it would take the stop of another entry, and what has none would be closed again."""
    core = Core(exit_limits=CLOSING)
    core.entered("1", take_profit=None, client_order_id="c0")
    core.entered("1", quantity="3", take_profit=None)
    refused(core)
    core.broker.held["pos-1"] = a_position(quantity=Decimal(3))
    core.broker.fill("ord-3", "2")
    again = dead_after_the_close(core)
    closing = closing_order(again)
    assert closing.quantity == 1
    again.broker.held["pos-1"] = a_position(quantity=Decimal(2))
    again.broker.fill(closing.id, "1")
    again.wait(HOUR)
    assert closes(again) == []
    assert again.live(OrderType.STOP) == 2


def test_a_close_that_fills_while_the_gateway_is_dead_frees_that_too() -> None:
    core = Core(exit_limits=CLOSING)
    core.entered("1", take_profit=None, client_order_id="c0")
    naked(core, "2")
    core.broker.held["pos-1"] = a_position(quantity=Decimal(3))
    core.wait(305)
    closing = closing_order(core)
    core.broker.unheard = set(OrderEventKind)
    core.broker.fill(closing.id, "2")
    core.broker.held["pos-1"] = a_position()
    core.broker.unheard = set()
    again = crashed(core, exit_limits=CLOSING)
    again.reconciled()
    again.wait(HOUR)
    assert closes(again) == []
    assert again.live(OrderType.STOP) == 1


def test_a_close_that_came_to_nothing_is_sent_again_by_the_next_process_and_once() -> None:
    core = Core(exit_limits=CLOSING)
    naked(core)
    again = dead_after_the_close(core)
    again.broker.end(closing_order(again).id, OrderStatus.CANCELLED)
    again.wait(65)
    assert closes(again) == [Decimal(1)]
    again.wait(600)
    assert closes(again) == [Decimal(1)]


def test_what_found_its_stop_after_all_is_not_closed_by_the_next_process() -> None:
    core = Core(exit_limits=CLOSING)
    naked(core)
    core.wait(250)
    accepted_again(core)
    again = crashed(core, exit_limits=CLOSING)
    again.reconciled()
    again.wait(HOUR)
    assert closes(again) == []
    assert again.live(OrderType.STOP) == 1
