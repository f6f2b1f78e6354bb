"""What executions do to positions and money is told, though the stream does not."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from tradegw.model.enums import PositionEventKind, Side
from tradegw.model.events import AccountEvent, PositionEvent
from tradegw.testing.alpaca import html

from .stand import Stand


@pytest.fixture
def stand() -> Iterator[Stand]:
    stand = Stand()
    stand.start()
    yield stand
    stand.stop()


def told(stand: Stand) -> list[tuple[PositionEventKind, Decimal]]:
    return [
        (event.event, event.position.quantity)
        for event in stand.told.events
        if isinstance(event, PositionEvent)
    ]


def test_a_position_is_told_from_its_opening_to_its_end(stand: Stand) -> None:
    for side, quantity in ((Side.BUY, "10"), (Side.BUY, "5"), (Side.SELL, "15")):
        stand.submit(side=side, quantity=quantity)
        stand.wait(5.0)
    assert told(stand) == [
        (PositionEventKind.OPENED, Decimal(10)),
        (PositionEventKind.MODIFIED, Decimal(15)),
        (PositionEventKind.CLOSED, Decimal(0)),
    ]
    money = [event for event in stand.told.events if isinstance(event, AccountEvent)]
    assert money[0].account.balance == Decimal("97685.90")


def test_what_was_held_before_is_not_told_again(stand: Stand) -> None:
    stand.submit(quantity="10")
    stand.wait(5.0)
    stand.stop()
    stand.new_broker()
    stand.start()
    stand.submit(symbol="ETH/USD", quantity="1")
    stand.wait(5.0)
    assert [kind for kind, _ in told(stand)] == [PositionEventKind.OPENED]


def test_many_executions_cost_few_calls(stand: Stand) -> None:
    stand.wait(5.0)
    before = len(stand.fake.calls)
    for _ in range(20):
        stand.submit(quantity="1")
    stand.wait(10.0)
    looks = [call for call in stand.fake.calls[before:] if call.path == "/v2/positions"]
    assert len(looks) <= 3
    assert told(stand)[-1][1] == Decimal(20)


def test_a_look_that_fails_stops_none_to_come(stand: Stand) -> None:
    stand.fake.faults.plan(html(500), "GET", "/v2/positions", times=10)
    stand.submit(quantity="10")
    stand.wait(20.0)
    stand.fake.faults.clear()
    stand.submit(quantity="5")
    stand.wait(5.0)
    assert told(stand) == [(PositionEventKind.OPENED, Decimal(15))]


def test_after_a_loss_of_the_link_it_begins_with_what_is_held_then(stand: Stand) -> None:
    stand.fake.trading_stream.reset()
    stand.fake.trade_outside("AAPL", "buy", 7)
    stand.wait(30.0, until=lambda: stand.told.names().count("up") == 2)
    stand.ask(stand.broker.positions())  # as the comparison does, which tells of it
    stand.submit(quantity="3")
    stand.wait(5.0)
    assert told(stand) == [(PositionEventKind.MODIFIED, Decimal(10))]
