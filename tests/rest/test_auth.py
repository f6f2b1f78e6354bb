"""Who may come in (protocol section 2.2)."""

from __future__ import annotations

import pytest
from twisted.web.http_headers import Headers
from twisted.web.resource import Resource

from tests.rest.memory import Gateway
from tradegw.rest.auth import OPEN_PATHS, presented_key
from tradegw.rest.settings import RestSettings
from tradegw.secrecy import Secret

KEY = "0123456789abcdef0123456789abcdef"
WRONG = "X123456789abcdef0123456789abcdef"

PROTECTED = [
    "/v1/account",
    "/v1/ws",
    "/v1/orders/",
    "/nowhere",
    "/livez/",
    "/LIVEZ",
    "/livez%20",
    "/swagger-ui",
    "/swagger-ui/",
    "/api-docs/openapi.json",
]


@pytest.fixture
def keyed() -> Gateway:
    settings = RestSettings(api_key=Secret(KEY), enable_swagger=True)
    return Gateway(settings, websocket=Resource(), metrics=Metrics())


class Metrics(Resource):
    isLeaf = True

    def render_GET(self, _request: object) -> bytes:
        return b"up 1\n"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"Authorization": "Bearer abc"}, b"abc"),
        ({"Authorization": "bearer abc"}, b"abc"),
        ({"Authorization": "BEARER   abc  "}, b"abc"),
        ({"X-API-Key": "abc"}, b"abc"),
        ({"X-API-Key": "  abc "}, b"abc"),
        ({"Authorization": "Bearer abc", "X-API-Key": "def"}, b"abc"),
        ({"Authorization": "Bearer ", "X-API-Key": "def"}, b"def"),
        ({"Authorization": "Bearer", "X-API-Key": "def"}, b"def"),
        ({"Authorization": "Basic abc", "X-API-Key": "def"}, b"def"),
        ({"Authorization": "Basic abc"}, None),
        ({"Authorization": "abc"}, None),
        ({"Authorization": "Bearer   "}, None),
        ({"X-API-Key": "  "}, None),
    ],
)
def test_the_key_is_read_from_bearer_first_then_from_x_api_key(
    headers: dict[str, str], expected: bytes | None
) -> None:
    assert presented_key(Headers({k: [v] for k, v in headers.items()})) == expected


@pytest.mark.parametrize("path", sorted(OPEN_PATHS))
def test_open_paths_need_no_key(keyed: Gateway, path: bytes) -> None:
    assert keyed.ask("GET", path.decode()).status == 200


@pytest.mark.parametrize("path", PROTECTED)
def test_everything_else_needs_one_before_anything_is_said_about_the_path(
    keyed: Gateway, path: str
) -> None:
    for method in ("GET", "PUT", "OPTIONS"):
        reply = keyed.ask(method, path)
        assert reply.status == 401
        assert reply.headers["WWW-Authenticate"] == "Bearer"
        assert reply.json == {
            "code": "UNAUTHORIZED",
            "message": "Unauthorized: no API key",
            "details": {"code": "MISSING_API_KEY"},
        }


def test_open_paths_may_be_asked_with_query_and_in_absolute_form(keyed: Gateway) -> None:
    assert keyed.ask("GET", "/livez?probe=1").status == 200
    assert keyed.ask("GET", "http://gateway/livez").status == 200
    assert keyed.ask("GET", "http://livez/v1/account").status == 401


@pytest.mark.parametrize("wrong", [WRONG, KEY[:-1], KEY + "0", KEY.upper(), "é" * 16])
def test_a_wrong_key_is_told_from_a_missing_one(keyed: Gateway, wrong: str) -> None:
    reply = keyed.ask("GET", "/v1/account", Authorization=f"Bearer {wrong}")
    assert reply.status == 401
    assert reply.json == {
        "code": "UNAUTHORIZED",
        "message": "Unauthorized: bad API key",
        "details": {"code": "INVALID_API_KEY"},
    }


def test_bytes_that_are_no_text_are_a_wrong_key(keyed: Gateway) -> None:
    client = keyed.connect()
    client.send(b"GET /v1/account HTTP/1.1\r\nX-API-Key: \xff\xfe\r\n\r\n")
    (reply,) = client.replies()
    assert reply.json["details"] == {"code": "INVALID_API_KEY"}


def test_the_right_key_opens_in_either_header(keyed: Gateway) -> None:
    assert keyed.ask("GET", "/v1/account", Authorization=f"Bearer {KEY}").status == 200
    assert keyed.ask("GET", "/v1/account", X_API_Key=KEY).status == 200
    assert keyed.ask("GET", "/nowhere", X_API_Key=KEY).status == 404


def test_a_wrong_bearer_is_not_mended_by_a_right_x_api_key(keyed: Gateway) -> None:
    reply = keyed.ask("GET", "/v1/account", Authorization=f"Bearer {WRONG}", X_API_Key=KEY)
    assert reply.status == 401


def test_the_key_is_not_taken_from_the_query(keyed: Gateway) -> None:
    assert keyed.ask("GET", f"/v1/account?api_key={KEY}").status == 401


def test_without_a_configured_key_everyone_may_come_in(gateway: Gateway) -> None:
    assert gateway.ask("GET", "/v1/account", Authorization="Bearer nonsense").status == 200


def test_a_refused_request_does_nothing(keyed: Gateway) -> None:
    assert keyed.ask("DELETE", "/v1/positions").status == 401
    assert keyed.calls == []
