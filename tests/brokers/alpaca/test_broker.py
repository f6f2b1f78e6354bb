"""Alpaca as a broker: its interface, its words, its secrets."""

from __future__ import annotations

import json
from importlib.metadata import entry_points
from typing import Any

from twisted.logger import ILogObserver, formatEvent, globalLogPublisher
from zope.interface import implementer
from zope.interface.verify import verifyObject

from tradegw.brokers.alpaca.plugin import plugin
from tradegw.brokers.registry import find
from tradegw.errors import GatewayError
from tradegw.interfaces import IBroker
from tradegw.model.enums import OrderType, PositionMode
from tradegw.testing.alpaca import Terms, html, refuse

from .stand import Stand, request

CANARY = "canary-5e93c1"


def test_it_keeps_the_interface() -> None:
    assert verifyObject(IBroker, Stand().broker)


def test_it_is_found_by_its_name() -> None:
    assert [each.value for each in entry_points(group="tradegw.brokers", name="alpaca")] == [
        "tradegw.brokers.alpaca.plugin:plugin"
    ]
    assert find("alpaca") is plugin


def test_what_it_says_of_itself() -> None:
    capabilities = Stand().broker.capabilities()
    assert capabilities.position_mode is PositionMode.NETTING
    assert set(capabilities.supported_order_types) == set(OrderType)
    assert "bracket_orders" in capabilities.features


def test_client_order_ids_leave_room_for_what_marks_a_successor() -> None:
    rule = Stand().broker.client_order_ids
    assert rule.fits("x" * 64)
    assert rule.fits("{A|B}-0/9")
    assert not rule.fits("x~1")
    assert not rule.fits("x" * 65)


def test_no_secret_is_written_anywhere() -> None:
    """Logs, errors and events of a day on which everything goes wrong."""
    written: list[str] = []

    @implementer(ILogObserver)
    def observe(event: Any) -> None:
        written.append(str(formatEvent(event)) + repr(event))

    globalLogPublisher.addObserver(observe)
    try:
        stand = Stand(terms=Terms(secret=CANARY), ALPACA_API_SECRET=CANARY)
        stand.start()
        for fault in (
            html(502),
            refuse(401, f"unauthorized. {'x' * 5}"),
            refuse(403, "forbidden."),
        ):
            stand.fake.faults.plan(fault, "POST")
            try:
                stand.submit()
            except GatewayError as error:
                written.append(f"{error!r} {error.message} {error.details}")
        stand.fake.trading_stream.say_raw(b"garbage")
        stand.fake.trading_stream.reset()
        stand.wait(30.0)
        written.append(repr(stand.own) + repr(stand.broker) + repr(vars(stand.broker)))
        stand.stop()
    finally:
        globalLogPublisher.removeObserver(observe)
    written += [repr(event) for event in stand.told.events] + [repr(stand.told.links)]
    assert len(written) > 10
    assert CANARY not in json.dumps(written)


def test_its_exits_are_known_before_they_are_sent() -> None:
    broker = Stand().broker
    assert broker.manages_exits(request(stop_loss="220"))
    assert not broker.manages_exits(request())
    assert not broker.manages_exits(request(stop_loss="2900", symbol="ETH/USD"))
