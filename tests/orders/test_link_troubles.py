"""What is said of the link to the broker besides up and down: given up, silent, doubtful."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tektii._generated.models import DetailedHealthStatus

from tests.orders.core import Core, failure_of, order_request, result_of
from tradegw.errors import OrderDenied
from tradegw.model import wire
from tradegw.model.enums import OrderEventKind
from tradegw.model.health import OverallStatus
from tradegw.model.link import SessionState, SessionStatus, StreamState, StreamStatus
from tradegw.model.trading import StateSetter, TradingState
from tradegw.vitals import Vitals


@pytest.fixture
def core() -> Core:
    return Core()


def heard(core: Core) -> list[dict[str, Any]]:
    """What went out since the last call."""
    events, core.sink.events = core.sink.events, []
    return [json.loads(wire.encode(event)) for event in events]


def health(core: Core) -> dict[str, Any]:
    vitals = Vitals(core.broker.platform, core.link, core.gate, core.store, "sha")
    (provider,) = json.loads(wire.encode(vitals.health()))["providers"]
    found: dict[str, Any] = provider
    assert found["connected"] is (vitals.health().status is OverallStatus.CONNECTED)
    return found


# -- it does not come up


def test_rc05_a_link_that_does_not_come_back_is_told_counted_and_shown(core: Core) -> None:
    core.intake.on_link_down((), "reset")
    heard(core)
    core.intake.on_link_failed("no logon for 300 seconds: no route")
    told, alert = heard(core)
    assert (told["event"], told["broker"], told["error"]) == (
        "BROKER_CONNECTION_FAILED",
        "mock",
        "no logon for 300 seconds: no route",
    )
    assert alert["code"] == "INTERNAL_ERROR"
    assert "no route" in alert["message"]
    assert core.count("gateway_broker_reconnect_failures_total", platform="mock") == 1
    assert health(core)["message"] == "no logon for 300 seconds: no route"


def test_a_link_that_never_was_up_can_fail_as_well() -> None:
    core = Core(linked=False)
    core.intake.on_link_failed("the broker refuses the credentials: key unknown")
    assert [message["type"] for message in heard(core)] == ["connection", "error"]
    assert health(core)["connected"] is False


def test_a_return_ends_what_was_shown(core: Core) -> None:
    core.intake.on_link_down((), "reset")
    core.intake.on_link_failed("no route")
    core.intake.on_link_up()
    assert "message" not in health(core)
    assert health(core)["connected"] is True
    assert heard(core)[-1]["event"] == "BROKER_RECONNECTED"


def test_the_first_logon_is_news_if_its_failure_was() -> None:
    """Else whoever heard of the failure would wait for ever."""
    core = Core(linked=False)
    core.intake.on_link_failed("no route")
    core.wait(30)
    core.intake.on_link_up()
    news = heard(core)[-1]
    assert (news["event"], news["gap_duration_ms"]) == ("BROKER_RECONNECTED", 30_000)


def test_g11_credentials_in_an_error_are_not_told(core: Core) -> None:
    core.intake.on_link_failed("refused: api_key=PKSECRETSECRET1234")
    assert "PKSECRET" not in json.dumps(heard(core)) + json.dumps(health(core))


def test_tries_are_counted(core: Core) -> None:
    core.intake.on_retry()
    core.intake.on_retry()
    assert core.count("gateway_broker_reconnect_attempts_total", platform="mock") == 2


# -- the streams of a session

UP, AWAY = StreamState.LIVE, StreamState.WAITING


def session(*, prices: StreamState = UP, suspected: bool = False) -> SessionStatus:
    return SessionStatus(
        state=SessionState.LIVE if prices is UP and not suspected else SessionState.DEGRADED,
        suspected=suspected,
        streams=(
            StreamStatus(name="orders", state=UP),
            StreamStatus(
                name="prices",
                state=prices,
                problem=None if prices is UP else "refused: api_key=PKSECRETSECRET1234",
            ),
        ),
    )


def test_health_shows_each_stream_and_no_credentials(core: Core) -> None:
    core.intake.on_session(lambda: session(prices=AWAY))
    found = health(core)
    assert found["connected"] is False
    assert found["session"] == {
        "state": "degraded",
        "suspected": False,
        "streams": [
            {"name": "orders", "state": "live"},
            {"name": "prices", "state": "waiting", "problem": "refused: api_key=***REDACTED***"},
        ],
    }
    core.intake.on_session(session)
    assert health(core)["connected"] is True


def test_the_official_client_reads_it(core: Core) -> None:
    core.intake.on_session(lambda: session(prices=AWAY))
    vitals = Vitals(core.broker.platform, core.link, core.gate, core.store, "sha")
    read = DetailedHealthStatus.model_validate_json(wire.encode(vitals.health()))
    assert not read.providers[0].connected


def test_a_suspected_stream_degrades_health_and_is_connected(core: Core) -> None:
    core.intake.on_session(lambda: session(suspected=True))
    vitals = Vitals(core.broker.platform, core.link, core.gate, core.store, "sha")
    assert vitals.health().status is OverallStatus.DEGRADED
    assert vitals.health().providers[0].connected


# -- prices alone


def test_lost_prices_are_stale_and_the_link_stays_up(core: Core) -> None:
    core.intake.on_prices_lost(("MSFT", "AAPL"), "quotes: reset")
    (told,) = heard(core)
    assert (told["type"], told["event"], told["symbols"]) == (
        "data_staleness",
        "STALE",
        ["AAPL", "MSFT"],
    )
    assert core.link.is_up
    assert health(core) == {
        "platform": "mock",
        "connected": False,
        "stale_instruments": ["AAPL", "MSFT"],
    }
    assert core.count("gateway_broker_disconnections_total", platform="mock") == 0


def test_prices_that_are_stale_already_are_not_told_again(core: Core) -> None:
    core.intake.on_prices_lost(("AAPL",), None)
    heard(core)
    core.intake.on_prices_lost(("AAPL",), None)
    assert heard(core) == []


# -- doubt


def test_a_suspicion_has_the_broker_asked(core: Core) -> None:
    core.broker.calls.clear()
    core.intake.on_suspicion("orders: it does not tell of our orders (o1)")
    core.clock.advance(5)
    assert "open_orders" in [name for name, _ in core.broker.calls]


def test_an_unreliable_stream_lets_reductions_through_and_nothing_else(core: Core) -> None:
    core.intake.on_unreliable("orders: it does not tell of our orders")
    assert core.trading.status().state is TradingState.REDUCE_ONLY
    failure_of(core.desk.submit(order_request()), OrderDenied)
    (alert,) = heard(core)
    assert "it does not tell of our orders" in alert["message"]


def test_a_good_reconciliation_does_not_make_it_reliable_but_an_operator_does(core: Core) -> None:
    core.intake.on_unreliable("why")
    core.reconciliation.run("time")
    assert core.trading.status().state is TradingState.REDUCE_ONLY
    core.trading.change(TradingState.ACTIVE, None, StateSetter.CLIENT)
    assert result_of(core.desk.submit(order_request())).id == "ord-1"


# -- what only a look showed


def test_a_fill_that_no_event_told_of_is_evidence_for_the_broker(core: Core) -> None:
    order_id = core.submit().id
    core.broker.unheard = {OrderEventKind.FILLED}
    core.broker.fill(order_id, "1")
    core.reconciliation.run("time")
    assert core.broker.asked("missed") == [(order_id,)]


def test_a_cancel_that_no_event_told_of_is_not(core: Core) -> None:
    """Brokers are known to end orders without a word; what executes they tell."""
    order_id = core.submit().id
    core.broker.unheard = {OrderEventKind.CANCELLED}
    core.broker.cancel(order_id)
    core.reconciliation.run("time")
    assert core.broker.asked("missed") == []


def test_what_happened_while_the_link_was_down_is_no_evidence(core: Core) -> None:
    order_id = core.submit().id
    core.intake.on_link_down((), None)
    core.broker.unheard = {OrderEventKind.FILLED}
    core.broker.fill(order_id, "1")
    core.intake.on_link_up()
    assert core.broker.asked("missed") == []


def test_the_broker_is_told_when_the_gateway_knows_how_things_stand() -> None:
    core = Core(linked=False)
    known = core.intake.on_link_up()
    assert result_of(known) is True
