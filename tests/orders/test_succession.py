"""What took the place of a changed order is counted once, though no answer ever came."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.exits.restarting import hold
from tests.orders.core import SYMBOL, Core
from tests.orders.samples import an_order
from tests.orders.test_oco import a_member
from tradegw.errors import ProviderError
from tradegw.model.enums import OrderEventKind, Side
from tradegw.orders.succession import REMEMBERED, Succession
from tradegw.testing.broker import Lost

LOST = Lost(ProviderError("no answer"))


@pytest.fixture
def core() -> Core:
    """At a broker that gives changed orders new ids, and has no answer to the second change."""
    core = Core()
    core.broker.renames = True
    core.broker.plan("replace", None, LOST)
    return core


def lowered(core: Core) -> str:
    """Two of a group execute a part each; the second, lowered without an answer, under its new id.

    The broker holds what they sold.
    """
    first, second = a_member(core), a_member(core)
    core.broker.fill(second, "0.25")
    core.broker.fill(core.broker.successors[first], "0.25")
    hold(core.broker, Decimal("-0.5"))
    return core.broker.successors[second]


def explained(core: Core) -> bool:
    """Whether the broker's positions are what all executions give."""
    for _ in range(4):
        core.reconciled()
    return not core.trading.is_restricted


def test_a_member_that_was_lowered_without_an_answer_is_counted_once(core: Core) -> None:
    lowered(core)
    assert core.guardian.holdings.held(SYMBOL) == Decimal("-0.5")
    assert explained(core)


def test_so_it_is_if_that_is_told_after_the_doubt_began(core: Core) -> None:
    core.broker.unheard = {OrderEventKind.CREATED}
    successor = lowered(core)
    core.broker.unheard = set()
    core.broker.fill(successor, "0.3")
    assert core.guardian.holdings.held(SYMBOL) == Decimal("-0.55")
    hold(core.broker, Decimal("-0.55"))
    assert explained(core)


def test_one_of_another_side_or_symbol_took_no_place() -> None:
    one = an_order("a", side=Side.SELL)
    for other in ({"side": Side.BUY}, {"side": Side.SELL, "symbol": "other"}):
        succession = Succession()
        succession.changing("c1", one)
        assert succession.heard(_named(**other)) is None


def test_the_first_that_bears_the_name_did_and_no_other() -> None:
    succession = Succession()
    succession.changing("c1", an_order("a"))
    assert succession.heard(_named(id="a")) is None
    assert succession.heard(_named()) == "a"
    assert succession.heard(_named(id="c")) is None


def test_a_change_that_was_answered_is_forgotten() -> None:
    succession = Succession()
    succession.changing("c1", an_order("a"))
    succession.settled("a")
    assert succession.heard(_named()) is None


def test_of_changes_without_an_answer_the_newest_are_kept() -> None:
    succession = Succession()
    for number in range(REMEMBERED + 1):
        succession.changing(f"c{number}", an_order("a"))
    assert succession.heard(_named(client_order_id="c0")) is None
    assert succession.heard(_named()) == "a"


def _named(**members: Any) -> Any:
    values = {"id": "b", "client_order_id": "c1", **members}
    return an_order(values.pop("id"), **values)
