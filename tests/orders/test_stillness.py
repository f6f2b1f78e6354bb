"""Whether anything is under way: what a broker asks whose time must not go on before."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from tradegw.errors import ProviderError
from tradegw.model.enums import AlertCode

from .core import Core, order_request


def changes(core: Core) -> list[None]:
    """Grows when what is waited for may have changed."""
    fired: list[None] = []
    waiting = core.settled()
    assert waiting is not None
    waiting.addCallback(lambda _none: fired.append(None))
    return fired


def test_a_gateway_that_nobody_asks_anything_is_still() -> None:
    assert Core().settled() is None


def test_an_order_is_under_way_until_the_broker_has_answered_and_its_event_is_told() -> None:
    core = Core()
    answer: Deferred[None] = Deferred()
    core.broker.plan("submit", answer)
    core.desk.submit(order_request())
    fired = changes(core)
    answer.callback(None)
    assert fired == [None]
    assert core.settled() is None


def test_what_is_in_doubt_is_not_waited_for() -> None:
    core = Core()
    core.broker.plan("submit", ProviderError("broken", "scripted"))
    core.desk.submit(order_request())
    core.wait(11)  # its client has been told that nobody knows
    assert core.intents.in_doubt() == 1
    assert core.settled() is None


def test_a_fill_is_under_way_until_its_legs_are_placed() -> None:
    core = Core()
    entry = core.entered()
    legs: list[Deferred[None]] = [Deferred(), Deferred()]
    core.broker.plan("submit", *legs)
    core.broker.fill(entry, "1")
    fired = changes(core)
    for leg in legs:
        leg.callback(None)
    assert fired == [None]
    assert core.settled() is None


def test_events_that_wait_for_the_disk_are_under_way() -> None:
    core = Core()
    kept: Deferred[None] = Deferred()
    core.store.keep = lambda *_entries: kept  # type: ignore[method-assign]
    core.alarm.raise_alert(AlertCode.INTERNAL_ERROR, "something", None)
    fired = changes(core)
    kept.callback(None)
    assert fired == [None]
    assert core.settled() is None
