"""The API description, and whether the server keeps to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.rest.fakes import (
    FULL_ORDER,
    HALTED,
    HANDLE,
    HEALTH,
    NOON,
    ORDER,
    POSITION,
    QUOTE,
    STOPPING,
    TRADE,
)
from tests.rest.memory import Gateway, Reply
from tradegw import __version__, errors
from tradegw.model import events, wire
from tradegw.model.enums import (
    ConnectionEventKind,
    OrderEventKind,
    OrderStatus,
    PositionEventKind,
    TradeEventKind,
)
from tradegw.model.order import (
    CancelAllResult,
    CancelResult,
    OrderHandle,
    Replaced,
    Unresolved,
)
from tradegw.model.trading import Timeline
from tradegw.rest import openapi
from tradegw.rest.problems import TABLE, ErrorCode
from tradegw.rest.routes import ROUTES
from tradegw.rest.routing import Route

DOCUMENT = openapi.document(ROUTES)
PUBLISHED = Path(__file__).parents[2] / "docs" / "openapi.json"

MARKET = {"symbol": "AAPL", "side": "BUY", "quantity": "100", "order_type": "MARKET"}
BODIES: dict[str, dict[str, Any]] = {
    "submit_order": MARKET,
    "modify_order": {"limit_price": "1.5", "quantity": 2},
    "modify_position_exits": {"stop_loss": "1"},
    "close_position": {"quantity": "5", "order_type": None},
    "set_trading_state": {"state": "HALTED", "reason": None},
}

OPERATIONS = [
    "get_account",
    "submit_order",
    "get_orders",
    "get_order_history",
    "get_order",
    "get_order_timeline",
    "modify_order",
    "cancel_order",
    "cancel_all_orders",
    "get_trades",
    "get_positions",
    "get_position",
    "close_position",
    "modify_position_exits",
    "close_all_positions",
    "get_protection",
    "get_position_protection",
    "get_quote",
    "get_bars",
    "get_events",
    "get_backtest",
    "get_backtest_report",
    "get_capabilities",
    "get_connection_status",
    "get_limits",
    "get_trading_state",
    "set_trading_state",
    "get_circuit_breaker_status",
    "reset_circuit_breakers",
    "get_livez",
    "get_readyz",
    "get_health",
]

REGISTRY: Registry[Any] = Registry().with_resource(
    "urn:api", Resource.from_contents(DOCUMENT, default_specification=DRAFT202012)
)


def operations() -> dict[str, dict[str, Any]]:
    return {
        operation["operationId"]: operation
        for methods in DOCUMENT["paths"].values()
        for operation in methods.values()
    }


def check(value: Any, schema: dict[str, Any]) -> None:
    absolute = json.loads(json.dumps(schema).replace('"#/', '"urn:api#/'))
    Draft202012Validator(absolute, registry=REGISTRY, format_checker=FormatChecker()).validate(
        value
    )


def check_reply(operation_id: str, reply: Reply) -> None:
    answer = operations()[operation_id]["responses"][str(reply.status)]
    check(reply.json, answer["content"]["application/json"]["schema"])


def ask(gateway: Gateway, route: Route) -> Reply:
    path = route.template.replace("{", "").replace("}", "")
    if route.operation_id == "get_bars":
        path += "?timeframe=1m"
    return gateway.ask(route.method, path, BODIES.get(route.operation_id))


def test_the_document_is_valid_openapi_3_1() -> None:
    validate(DOCUMENT)
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert DOCUMENT["info"]["version"] == __version__


def test_the_published_copy_is_the_generated_one() -> None:
    """If not: ``python -m tradegw.rest.openapi > docs/openapi.json``."""
    assert PUBLISHED.read_text() == openapi.rendered()


def test_operations_and_tags_are_those_of_the_protocol() -> None:
    assert sorted(operations()) == sorted(OPERATIONS)
    tags = {tag for operation in operations().values() for tag in operation["tags"]}
    assert tags == {tag["name"] for tag in DOCUMENT["tags"]}
    assert tags == {
        "account",
        "orders",
        "positions",
        "trades",
        "market_data",
        "events",
        "backtest",
        "system",
        "operations",
        "health",
    }


def test_paths_are_under_v1_and_probes_at_the_root_without_a_key() -> None:
    at_root = {path for path in DOCUMENT["paths"] if not path.startswith("/v1/")}
    assert at_root == {"/livez", "/readyz", "/health"}
    for path in at_root:
        assert DOCUMENT["paths"][path]["get"]["security"] == []
    assert DOCUMENT["security"] == [{"bearer": []}, {"apiKey": []}]


def test_the_websocket_is_a_schema_and_not_a_path() -> None:
    assert "/v1/ws" not in DOCUMENT["paths"]
    assert "WsMessage" in DOCUMENT["components"]["schemas"]


def test_the_removed_flag_of_closing_is_not_described() -> None:
    assert "cancel_associated_orders" not in openapi.rendered()


def test_error_codes_are_a_closed_set() -> None:
    schema = DOCUMENT["components"]["schemas"]["ErrorCode"]
    assert schema["enum"] == [code.value for code in ErrorCode]


def test_no_reference_leads_nowhere_and_no_schema_is_empty() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    for reference in set(openapi.rendered().split('"#/components/schemas/')[1:]):
        assert schemas[reference.split('"')[0]]


def test_descriptions_are_markdown_of_our_own() -> None:
    assert "``" not in openapi.rendered()
    assert ":mod:" not in openapi.rendered()
    assert "A base class" not in openapi.rendered()


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation_id)
def test_every_answer_is_as_described(gateway: Gateway, route: Route) -> None:
    reply = ask(gateway, route)
    assert reply.status == route.status
    check_reply(route.operation_id, reply)


UNKNOWN = OrderHandle(id="1", status=OrderStatus.PENDING, outcome=Unresolved.UNKNOWN)

ALTERNATIVES: list[tuple[str, str, str, Any]] = [
    ("trading", "submit", "submit_order", OrderHandle(id="1", status=HANDLE.status)),
    ("trading", "replace", "modify_order", Replaced(order=FULL_ORDER, previous_order_id="0")),
    (
        "trading",
        "cancel_all",
        "cancel_all_orders",
        CancelAllResult(cancelled_count=0, failed_count=1, failed_order_ids=("x",)),
    ),
    ("trading", "close_all_positions", "close_all_positions", []),
    ("trading", "close_all_positions", "close_all_positions", [HANDLE, UNKNOWN]),
    ("trading", "close_position", "close_position", UNKNOWN),
    ("trading", "submit", "submit_order", UNKNOWN),
    (
        "trading",
        "cancel",
        "cancel_order",
        CancelResult(success=False, order=ORDER, outcome=Unresolved.UNKNOWN),
    ),
    ("trading", "replace", "modify_order", Replaced(order=ORDER, outcome=Unresolved.UNKNOWN)),
    ("trading_state", "status", "get_trading_state", HALTED),
    ("timelines", "timeline", "get_order_timeline", Timeline(order_id="b7", steps=())),
    ("enquiry", "order", "get_order", ORDER),
    ("health", "ready", "get_readyz", STOPPING),
    ("health", "health", "get_health", HEALTH),
]


@pytest.mark.parametrize(
    ("room", "method", "operation_id", "outcome"), ALTERNATIVES, ids=lambda value: str(value)[:20]
)
def test_answers_with_other_members_are_as_described(
    gateway: Gateway, room: str, method: str, operation_id: str, outcome: Any
) -> None:
    getattr(gateway, room).will[method] = outcome
    route = next(route for route in ROUTES if route.operation_id == operation_id)
    check_reply(operation_id, ask(gateway, route))


ERRORS: list[errors.GatewayError] = [
    errors.Unauthorized("m", "AUTH_FAILED"),
    errors.RateLimited("m"),
    errors.InternalError("m"),
    errors.ProviderError("m", "mock"),
    errors.ProviderUnavailable("m"),
]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation_id)
def test_every_documented_error_is_as_described(gateway: Gateway, route: Route) -> None:
    described = operations()[route.operation_id]["responses"]
    for kind in route.errors:
        problem = TABLE[kind]
        answer = described[str(problem.status)]
        assert f"`{problem.code.value}`" in answer["description"]
    if route.tag == "health":
        assert set(described) <= {"200", "503"}
        return
    rooms = (
        gateway.trading,
        gateway.enquiry,
        gateway.breakers,
        gateway.trading_state,
        gateway.timelines,
        gateway.protection,
        gateway.events,
        gateway.backtest,
    )
    for room in rooms:
        for name in dir(room):
            if not name.startswith("_"):
                room.will[name] = None
    for error in ERRORS:
        for room in rooms:
            room.will = dict.fromkeys(room.will, error)
        reply = ask(gateway, route)
        assert reply.status == TABLE[type(error)].status
        check_reply(route.operation_id, reply)


def test_bodies_of_the_official_client_are_as_described() -> None:
    for operation_id, body in BODIES.items():
        content = operations()[operation_id]["requestBody"]["content"]
        check(body, content["application/json"]["schema"])


def test_decimals_go_out_as_strings_in_plain_notation() -> None:
    quote = DOCUMENT["components"]["schemas"]["Quote"]["properties"]["bid"]
    check("-0.50", quote)
    for wrong in (1, 1.5, "1e5", "+1", "", "1.", ".5"):
        assert not Draft202012Validator(quote).is_valid(wrong)


def test_an_idempotency_key_may_be_shown_where_one_intent_makes_an_order() -> None:
    taking = {
        name
        for name, operation in operations().items()
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "header"
    }
    assert taking == {"submit_order", "close_position"}
    (key,) = (p for p in operations()["submit_order"]["parameters"] if p["in"] == "header")
    assert key["name"] == "Idempotency-Key"
    assert not key.get("required")
    schema = Draft202012Validator(key["schema"])
    assert schema.is_valid("8e03978e-40d5-43e8-bc93-6894a57f9324")
    for wrong in ("", "x" * 256, "two words", "ä"):
        assert not schema.is_valid(wrong)


def test_a_bars_query_names_its_timeframe() -> None:
    parameters = {p["name"]: p for p in operations()["get_bars"]["parameters"]}
    assert parameters["timeframe"]["required"]
    assert set(parameters) == {"symbol", "timeframe", "start", "end", "limit"}
    assert "required" not in parameters["limit"]
    assert parameters["limit"]["schema"]["maximum"] == 2**32 - 1


MESSAGES: list[events.Event] = [
    events.QuoteEvent(timestamp=NOON, quote=QUOTE),
    events.OrderEvent(timestamp=NOON, event=OrderEventKind.FILLED, order=FULL_ORDER),
    events.TradeEvent(timestamp=NOON, event=TradeEventKind.FILLED, trade=TRADE),
    events.PositionEvent(timestamp=NOON, event=PositionEventKind.CLOSED, position=POSITION),
    events.ConnectionEvent(
        timestamp=NOON, event=ConnectionEventKind.BROKER_RECONNECTED, gap_duration_ms=5
    ),
    events.PingEvent(timestamp=NOON, event_id="evt-1"),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: type(m).__name__)
def test_websocket_messages_are_as_described(message: events.Event) -> None:
    schema = {"$ref": "#/components/schemas/WsMessage"}
    check(json.loads(wire.encode(message)), schema)


def test_what_clients_send_on_the_websocket_is_described_too() -> None:
    schema = {"$ref": "#/components/schemas/WsMessage"}
    check({"type": "pong"}, schema)
    check({"type": "event_ack", "events_processed": ["evt-17"], "timestamp": 1}, schema)
