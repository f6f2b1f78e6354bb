"""The gateway dies, and another one is started on its journal, at the same broker."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from tests.orders.core import FOR_EVER, POSITION_ID, Core, a_position
from tradegw.exits.keeping import encode
from tradegw.model.enums import PositionSide
from tradegw.testing.broker import ScriptedBroker


def crashed(core: Core, **options: Any) -> Core:
    """The one after *core*, made with *options*; that one does nothing any more, but orders under
    way may arrive yet.
    """
    for call in core.clock.getDelayedCalls():
        call.cancel()
    for room, way_out in ((core.line, "ask"), (core.chronicle, "publish")):
        setattr(room, way_out, _nothing)
    core.guardian.stop()
    core.guardian.on_order_event = _nothing  # type: ignore[method-assign]  # it is dead
    return Core(again=core, **options)


def _nothing(*_args: Any, **_options: Any) -> Deferred[Any]:
    return Deferred()


def hold(broker: ScriptedBroker, net: Decimal) -> None:
    """The broker holds *net*, as it will say when asked."""
    broker.held = {}
    if net:
        side = PositionSide.LONG if net > 0 else PositionSide.SHORT
        broker.held[POSITION_ID] = a_position(quantity=abs(net), side=side)


def timers(core: Core) -> list[IDelayedCall]:
    """What is to happen in time, but for the next reconciliation."""
    return [call for call in core.clock.getDelayedCalls() if call.getTime() < FOR_EVER / 2]


def check_that_plans_are_kept(core: Core) -> None:
    """Every plan is in the journal just as it is in memory."""
    kept = {state.plan_id: state.body for state in core.store.plans()}
    for guarded in core.guardian._plans.all():
        assert kept[guarded.plan.intent_id] == encode(guarded.plan)
    assert len(kept) == len(core.guardian._plans.all())
