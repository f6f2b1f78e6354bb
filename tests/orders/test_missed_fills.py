"""What a look at the broker shows and the stream should have told is evidence against the stream;
what it could not have told, or tells a moment later, is none (G4, G5).
"""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred

from tests.orders.core import POSITION_ID, Core, a_position
from tradegw.errors import RateLimited
from tradegw.model.enums import OrderEventKind

NOT_ASKED = RateLimited("slow down")


@pytest.fixture
def core() -> Core:
    return Core()


@pytest.fixture
def missed(core: Core, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What the broker was told of."""
    told: list[tuple[str, ...]] = []
    monkeypatch.setattr(core.broker, "missed", told.append)
    return told


def fill_unheard(core: Core, order_id: str) -> None:
    """The order executes, and no event tells of it."""
    core.broker.unheard = {OrderEventKind.FILLED}
    core.broker.held = {POSITION_ID: a_position()}
    core.broker.fill(order_id, "1")


def test_a_fill_that_no_event_told_of_is_evidence(
    core: Core, missed: list[tuple[str, ...]]
) -> None:
    order_id = core.submit().id
    fill_unheard(core, order_id)
    core.reconciled()
    assert missed == [(order_id,)]


def test_it_is_reported_when_it_is_found_and_not_when_everything_was_looked_at(
    core: Core, missed: list[tuple[str, ...]]
) -> None:
    """Else an event that comes in between would lie before the report, and count for nothing."""
    filled, gone = core.submit().id, core.submit().id
    fill_unheard(core, filled)
    del core.broker.orders[gone]
    answer: Deferred[None] = Deferred()
    core.broker.plan("order", answer)
    core.reconciliation.run("time")
    assert core.broker.asked("order") == [gone]
    assert missed == [(filled,)]
    answer.callback(None)


def test_what_happened_while_the_link_was_away_is_no_evidence_whoever_asks_for_it(
    core: Core, missed: list[tuple[str, ...]]
) -> None:
    order_id = core.submit().id
    core.intake.on_link_down((), "reset")
    fill_unheard(core, order_id)
    core.broker.plan("positions", NOT_ASKED)
    core.intake.on_link_up()
    core.reconciliation.run("suspicion")
    core.wait(2)
    assert core.told()[-1] == (order_id, OrderEventKind.FILLED)
    assert missed == []


def test_nor_if_the_link_was_away_while_the_broker_was_being_asked(
    core: Core, missed: list[tuple[str, ...]]
) -> None:
    order_id = core.submit().id
    answer: Deferred[None] = Deferred()
    core.broker.plan("positions", answer)
    core.reconciliation.run("time")
    core.intake.on_link_down((), "reset")
    fill_unheard(core, order_id)
    core.intake.on_link_up()
    answer.callback(None)
    core.wait(1)
    assert core.told()[-1] == (order_id, OrderEventKind.FILLED)
    assert missed == []


def test_after_that_it_is_evidence_again(core: Core, missed: list[tuple[str, ...]]) -> None:
    order_id = core.submit().id
    core.intake.on_link_down((), "reset")
    core.intake.on_link_up()
    fill_unheard(core, order_id)
    core.reconciled()
    assert missed == [(order_id,)]


def test_what_a_look_at_one_order_shows_is_none(core: Core, missed: list[tuple[str, ...]]) -> None:
    """It may be quicker than the event."""
    order_id = core.submit().id
    fill_unheard(core, order_id)
    core._findings.learned(core.broker.orders[order_id])
    assert core.told()[-1] == (order_id, OrderEventKind.FILLED)
    core.reconciled()
    assert missed == []


def test_a_broker_that_chokes_on_it_does_not_end_the_reconciliation(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    def choke(_order_ids: tuple[str, ...]) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(core.broker, "missed", choke)
    order_id = core.submit().id
    fill_unheard(core, order_id)
    core.reconciled()
    assert core.told()[-1] == (order_id, OrderEventKind.FILLED)
    core.reconciled()
