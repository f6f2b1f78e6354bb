"""The OpenAPI 3.1 document, generated from the routes and the types they speak.

``python -m tradegw.rest.openapi > docs/openapi.json`` writes the published copy anew.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import Struct

from .. import __version__, errors
from ..model.events import Event
from ..model.order import ClosePositionRequest, OrderChange, OrderRequest
from ..model.protection import ExitsChange
from ..model.trading import TradingStateChange
from . import idempotency, outcomes
from .auth import OPEN_PATHS
from .problems import ApiError, problem_of
from .routes import ROUTES
from .routing import Route
from .schemas import Schema, Schemas, markdown

_ANY: Final = (
    errors.Unauthorized,
    errors.RateLimited,
    errors.InternalError,
    errors.ProviderError,
    errors.ProviderUnavailable,
)

_DESCRIPTION: Final = """\
One trading API in front of many brokers.

Decimals travel as strings, in plain notation; timestamps are RFC 3339 in UTC; members without a
value are absent. Every error has the shape of `ApiError`. Events come over the WebSocket at
`/v1/ws`, which this document cannot describe; the schema `WsMessage` lists its messages.
"""

_WEBSOCKET: Final = """\
A text message on the WebSocket at `/v1/ws`, in either direction.

Messages of the types `order`, `trade`, `position`, `account`, `financing` and `error` bear `seq`, a
number that grows by one, and `epoch`, the name of the journal that counts them.
`/v1/ws?since=SEQ&epoch=EPOCH` begins with those after `seq` SEQ; without `since` only what comes is
told. A `since` that cannot be served is answered with an `error` of code `INVALID_MESSAGE`, whose
`details` tell `oldest`, `newest` and `epoch`, and Close 1008. `reconciled` marks what was missed
and found out by asking the broker.
"""

_TAGS: Final = {
    "account": "The money",
    "orders": "Submit, look up, explain, change, cancel",
    "trades": "Executions",
    "positions": "Look up, close, move exits, see what protects them",
    "market_data": "Quotes and bars",
    "events": "What was told, to be read again",
    "backtest": "The run, where the broker trades in the past",
    "system": "The broker behind the gateway",
    "operations": "For the operator",
    "health": "Probes, without a key",
}

EXAMPLES: Final[dict[type[Struct], dict[str, Any]]] = {
    OrderRequest: {
        "symbol": "AAPL",
        "side": "buy",
        "quantity": "10",
        "order_type": "limit",
        "limit_price": "140.00",
        "stop_loss": "120.00",
        "take_profit": "180.00",
    },
    OrderChange: {"limit_price": "141.00"},
    ClosePositionRequest: {},
    ExitsChange: {"stop_loss": "125.00"},
    TradingStateChange: {"state": "HALTED", "reason": "closing time"},
}

_SECURITY_SCHEMES: Final = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}

_IDEMPOTENCY_KEY: Final = {
    "name": idempotency.HEADER,
    "in": "header",
    "description": "Names the intent: sent again with the same body it gets the same answer, and "
    "nothing is done again; with another body, 409.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": idempotency.LONGEST,
        "pattern": idempotency.PATTERN,
    },
}

_CLIENT_MESSAGES: Final[dict[str, Schema]] = {
    "Pong": {
        "description": "Sent by a client: it is alive.",
        "type": "object",
        "properties": {"type": {"type": "string", "enum": ["pong"]}},
        "required": ["type"],
    },
    "EventAck": {
        "description": "Sent by a client: it has dealt with these events.",
        "type": "object",
        "properties": {
            "type": {"type": "string", "enum": ["event_ack"]},
            "events_processed": {"type": "array", "items": {"type": "string"}},
            "correlation_id": {"type": "string"},
            "timestamp": {"type": "integer", "description": "Unix time in milliseconds."},
        },
        "required": ["type", "events_processed"],
    },
}


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """The description of *routes*."""
    schemas = Schemas()
    schemas.outgoing(ApiError)
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(route.template, {})[route.method.lower()] = _operation(route, schemas)
    messages = schemas.outgoing(Event)
    components = dict(sorted((schemas.components | _CLIENT_MESSAGES).items()))
    components["WsMessage"] = _websocket_messages(messages)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "tradegw Trading API",
            "version": __version__,
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "security": [{name: []} for name in _SECURITY_SCHEMES],
        "paths": paths,
        "components": {"securitySchemes": _SECURITY_SCHEMES, "schemas": components},
    }


def _websocket_messages(from_gateway: Schema) -> Schema:
    refs = {
        "pong": "#/components/schemas/Pong",
        "event_ack": "#/components/schemas/EventAck",
    }
    mapping = from_gateway["discriminator"]["mapping"] | refs
    return {
        "description": _WEBSOCKET,
        "x-not-a-path": "/v1/ws",
        "oneOf": [{"$ref": ref} for ref in mapping.values()],
        "discriminator": {"propertyName": "type", "mapping": mapping},
    }


def _operation(route: Route, schemas: Schemas) -> dict[str, Any]:
    summary, _, description = markdown(route.doc).partition("\n\n")
    operation: dict[str, Any] = {
        "operationId": route.operation_id,
        "tags": [route.tag],
        "summary": " ".join(summary.split()),
    }
    if description:
        operation["description"] = description
    parameters = _parameters(route, schemas)
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        operation["requestBody"] = {
            "required": not route.body.optional,
            "content": {
                "application/json": {
                    "schema": schemas.incoming(route.body.kind),
                    **_example(route.body.kind),
                }
            },
        }
    operation["responses"] = _successes(route, schemas) | _failures(route)
    if route.path.encode() in OPEN_PATHS:
        operation["security"] = []
    return operation


def _example(kind: type[Struct]) -> dict[str, Any]:
    """A body that can be sent as it is: the page fills it in."""
    example = EXAMPLES.get(kind)
    return {} if example is None else {"example": example}


def _parameters(route: Route, schemas: Schemas) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in route.parameters
    ]
    if route.query is not None:
        for field in msgspec.structs.fields(route.query.kind):
            schema = schemas.parameter(field.type)
            parameter: dict[str, Any] = {"name": field.name, "in": "query", "schema": schema}
            if field.required:
                parameter["required"] = True
            if schema.get("type") == "array":
                parameter |= {"style": "form", "explode": False}
            found.append(parameter)
    if route.idempotent:
        found.append(_IDEMPOTENCY_KEY)
    return found


def _successes(route: Route, schemas: Schemas) -> dict[str, Any]:
    answers = {route.status: route.answer, **route.others}
    return {
        str(status): {
            "description": _success(status),
            "content": {"application/json": {"schema": schemas.outgoing(kind)}},
        }
        for status, kind in answers.items()
    }


def _success(status: int) -> str:
    if status == outcomes.UNKNOWN:
        return "The outcome is not known yet"
    return "Success" if status < 400 else "Not now"


def _failures(route: Route) -> dict[str, Any]:
    kinds: list[type[errors.GatewayError]] = list(route.errors)
    if route.parameters or route.query or route.body or route.idempotent:
        kinds.append(errors.InvalidRequest)
    if route.body:
        kinds.append(errors.BodyTooLarge)
    if route.path.encode() not in OPEN_PATHS:
        kinds.extend(_ANY)
    by_status: dict[int, set[str]] = {}
    for problem in map(problem_of, kinds):
        by_status.setdefault(problem.status, set()).add(problem.code.value)
    return {str(status): _failure(status, codes) for status, codes in sorted(by_status.items())}


def _failure(status: int, codes: set[str]) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": ", ".join(f"`{code}`" for code in sorted(codes)),
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ApiError"}}},
    }
    if status in (429, 503):
        seconds = {"description": "Seconds to wait", "schema": {"type": "integer", "minimum": 0}}
        answer["headers"] = {"Retry-After": seconds}
    return answer


def rendered() -> str:
    """The document of all routes, as published."""
    return json.dumps(document(ROUTES), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(rendered())
