"""The stream of a margin account at the double: tokens, what ends them, and the margin level."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.brokers.binance.stand import request
from tradegw.model.enums import AccountEventKind, OrderEventKind, Side
from tradegw.model.events import AccountEvent
from tradegw.testing.binance import html, refuse

from .stand import MarginStand

HOUR = 3600.0


@pytest.fixture
def stand() -> Iterator[MarginStand]:
    stand = MarginStand()
    stand.start()
    yield stand
    stand.stop()


def tokens(stand: MarginStand) -> int:
    return sum(call.path == "/sapi/v1/userListenToken" for call in stand.fake.calls)


def connections(stand: MarginStand) -> int:
    return sum(call.path == "/ws-api/v3" for call in stand.fake.calls)


def kinds(stand: MarginStand) -> list[AccountEventKind]:
    return [event.event for event in stand.told.events if isinstance(event, AccountEvent)]


# -- tokens


def test_the_stream_is_subscribed_to_with_a_token_of_a_day(stand: MarginStand) -> None:
    (call,) = [call for call in stand.fake.calls if call.path == "/sapi/v1/userListenToken"]
    assert call.query["validity"] == "86400000"
    order = stand.submit(client_order_id="c-1")
    stand.wait()
    assert stand.events_of(order.id) == [OrderEventKind.CREATED, OrderEventKind.FILLED]


def test_a_token_is_renewed_on_the_same_connection_and_nothing_is_told_twice(
    stand: MarginStand,
) -> None:
    stand.wait(12 * HOUR + 5)
    assert (tokens(stand), connections(stand)) == (2, 1)
    order = stand.submit(client_order_id="c-1")
    stand.wait()
    assert stand.events_of(order.id) == [OrderEventKind.CREATED, OrderEventKind.FILLED]
    assert len(stand.trades) == 1


def test_the_end_of_a_token_that_was_renewed_ends_nothing() -> None:
    stand = MarginStand()
    stand.margin.calls.longest_ms = 2 * 3_600_000
    stand.start()
    stand.wait(2.5 * HOUR)
    assert (tokens(stand), connections(stand)) == (3, 1)
    assert "down" not in stand.told.names()
    stand.stop()


def test_a_token_that_could_not_be_renewed_is_asked_for_again(stand: MarginStand) -> None:
    stand.fake.faults.plan(html(502), "POST", "/sapi/v1/userListenToken", times=3)
    stand.wait(12 * HOUR + 5)
    stand.wait(5 * 60.0)
    assert "down" not in stand.told.names()
    assert (tokens(stand), connections(stand)) == (5, 1)


def test_a_subscription_that_is_ended_is_made_anew(stand: MarginStand) -> None:
    stand.fake.ws_api.terminate()
    stand.wait(30.0)
    assert [name for name in stand.told.names() if name in ("up", "down")] == ["up", "down", "up"]
    order = stand.submit(client_order_id="c-1")
    stand.wait()
    assert stand.events_of(order.id)[-1] is OrderEventKind.FILLED


def test_a_token_that_is_not_given_is_asked_for_until_it_is() -> None:
    stand = MarginStand()
    stand.fake.faults.plan(
        refuse(400, -1000, "Unknown error."), "POST", "/sapi/v1/userListenToken", times=2
    )
    stand.broker.startService()
    stand.wait(60.0, until=lambda: "up" in stand.told.names())
    assert "up" in stand.told.names()
    stand.stop()


# -- the margin level


def test_a_level_that_falls_is_told_once_and_again_when_it_fell_again(stand: MarginStand) -> None:
    stand.submit(quantity="1000")  # for 2010, of which 1010 are owed
    stand.wait(20.0)
    assert set(kinds(stand)) == {AccountEventKind.BALANCE_UPDATED}
    stand.spot.set_quote("SOLUSDC", "1.45", "1.46")
    stand.ask(stand.broker.positions())
    stand.wait(20.0)
    stand.ask(stand.broker.account())
    stand.wait(20.0)
    assert kinds(stand).count(AccountEventKind.MARGIN_WARNING) == 1
    stand.spot.set_quote("SOLUSDC", "1.25", "1.26")
    stand.ask(stand.broker.account())
    stand.wait(20.0)
    assert kinds(stand)[-1] is AccountEventKind.MARGIN_CALL
    stand.spot.set_quote("SOLUSDC", "2.00", "2.01")
    stand.ask(stand.broker.account())
    stand.spot.set_quote("SOLUSDC", "1.25", "1.26")
    stand.ask(stand.broker.account())
    stand.wait(20.0)
    assert kinds(stand).count(AccountEventKind.MARGIN_CALL) == 2


def test_an_account_that_owes_nothing_has_no_level_to_tell_of(stand: MarginStand) -> None:
    stand.ask(stand.broker.submit(request(side=Side.BUY)))
    stand.wait(20.0)
    assert set(kinds(stand)) == {AccountEventKind.BALANCE_UPDATED}
