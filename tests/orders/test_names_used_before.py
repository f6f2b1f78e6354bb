"""An order that bears one of our ids and was there before: another program's, or our own from
before the state directory was made anew. It is never taken for the one that was just sent.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from tests.orders.core import Core, order_request, result_of
from tests.orders.samples import an_order
from tradegw.errors import ProviderError
from tradegw.model.enums import OrderStatus, OrderType, Side
from tradegw.model.identifiers import ClientOrderIdRule
from tradegw.model.order import Order
from tradegw.testing.broker import EPOCH

DAYS = timedelta(days=3)


@pytest.fixture
def core() -> Core:
    core = Core()
    core.broker.client_order_ids = ClientOrderIdRule(unique=False)
    return core


def older(core: Core, name: str, **members: Any) -> Order:
    order = an_order(
        "old", client_order_id=name, created_at=EPOCH - DAYS, updated_at=EPOCH - DAYS, **members
    )
    core.broker.orders["old"] = order
    return order


def test_an_older_orders_event_is_not_the_answer(core: Core) -> None:
    older(core, "c1", symbol="MSFT", side=Side.SELL, status=OrderStatus.OPEN)
    answer: Deferred[None] = Deferred()
    core.broker.plan("submit", answer)
    sent = core.desk.submit(order_request(client_order_id="c1", stop_loss="90"))
    core.broker.fill("old", "0.5")
    core.wait(2)
    answer.callback(None)
    core.wait(1)
    handle = result_of(sent)
    assert handle.id != "old"
    (told,) = core.order_events("old")
    assert told.order.outside
    assert told.order.correlation_id is None
    core.broker.fill(handle.id, "1")
    core.wait(1)
    assert core.live(OrderType.STOP) == 1


def test_an_older_order_is_not_what_became_of_a_lost_one(core: Core) -> None:
    older(core, "c1", status=OrderStatus.FILLED)
    core.broker.plan("submit", ProviderError("no answer"))
    sent = core.desk.submit(order_request(client_order_id="c1"))
    core.wait(120)
    handle = result_of(sent)
    assert handle.id != "old"
    assert result_of(core.reads.order(handle.id)).status is OrderStatus.REJECTED


@pytest.mark.parametrize("restarted", [False, True])
def test_an_older_order_is_no_leg(core: Core, restarted: bool) -> None:
    older(
        core,
        "c1-sl",
        side=Side.SELL,
        status=OrderStatus.FILLED,
        filled_quantity=Decimal(1),
        remaining_quantity=Decimal(0),
    )
    entry_id = core.entered(client_order_id="c1")
    if restarted:
        core = Core(again=core)
        core.broker.client_order_ids = ClientOrderIdRule(unique=False)
        core.reconciled()
    else:
        core.broker.plan("submit", ProviderError("no answer"))
    core.broker.fill(entry_id, "1")
    core.wait(120)
    assert core.live(OrderType.STOP) == 1
    assert core.live(OrderType.LIMIT) == 1
