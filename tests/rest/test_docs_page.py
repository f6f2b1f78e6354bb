"""The description and its page: served when asked for, from the package, and nothing else."""

from __future__ import annotations

import json
import re

import pytest

from tests.rest.memory import Gateway
from tradegw.rest.openapi import document
from tradegw.rest.routes import ROUTES
from tradegw.rest.settings import RestSettings

PAGES = ["/swagger-ui", "/swagger-ui/", "/api-docs/openapi.json", "/swagger-ui/swagger-ui.css"]


@pytest.fixture(scope="module")
def shown() -> Gateway:
    return Gateway(RestSettings(enable_swagger=True))


@pytest.mark.parametrize("path", PAGES)
def test_unless_enabled_there_is_no_page(gateway: Gateway, path: str) -> None:
    reply = gateway.ask("GET", path)
    assert (reply.status, reply.code) == (404, "INVALID_REQUEST")


def test_the_document_is_served(shown: Gateway) -> None:
    reply = shown.ask("GET", "/api-docs/openapi.json")
    assert (reply.status, reply.json) == (200, document(ROUTES))


def test_the_short_path_leads_to_the_page(shown: Gateway) -> None:
    reply = shown.ask("GET", "/swagger-ui")
    assert (reply.status, reply.headers["Location"]) == (303, "/swagger-ui/")


def test_everything_the_page_loads_is_here_and_of_its_kind(shown: Gateway) -> None:
    page = shown.ask("GET", "/swagger-ui/")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    loaded = re.findall(rb'(?:src|href)="([^"]*)"', page.body)
    kinds = {}
    for name in loaded:
        reply = shown.ask("GET", f"/swagger-ui/{name.decode()}")
        assert reply.status == 200
        assert reply.body
        kinds[name.decode().rpartition(".")[2]] = reply.headers["Content-Type"]
    assert kinds == {
        "css": "text/css; charset=utf-8",
        "png": "image/png",
        "js": "text/javascript; charset=utf-8",
    }


def test_the_page_needs_no_other_server_and_no_inline_script(shown: Gateway) -> None:
    page = shown.ask("GET", "/swagger-ui/")
    assert b"//" not in page.body
    assert b"<script>" not in page.body
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert b"http" not in shown.ask("GET", "/swagger-ui/start.js").body


def test_the_document_has_what_the_packaged_page_can_show() -> None:
    """It is shown as OpenAPI 3.0; of 3.1 it has ``null`` as a type, which does no harm there."""
    text = json.dumps(document(ROUTES))
    for newer in ('"type": [', '"const"', '"prefixItems"', '"exclusiveMinimum"', '"webhooks"'):
        assert newer not in text


@pytest.mark.parametrize(
    "path",
    [
        "/swagger-ui/../../../../etc/passwd",
        "/swagger-ui/..%2F..%2Fsetup.py",
        "/swagger-ui/%2e%2e/index.html",
        "/swagger-ui//etc/passwd",
        "/swagger-ui/index.j2",
        "/swagger-ui/swagger-ui.css/",
        "/swagger-ui/swagger-ui.css%00",
        "/api-docs/",
    ],
)
def test_no_other_file_can_be_had(shown: Gateway, path: str) -> None:
    assert shown.ask("GET", path).status == 404


def test_pages_are_read_only(shown: Gateway) -> None:
    reply = shown.ask("POST", "/swagger-ui/")
    assert (reply.status, reply.headers["Allow"]) == (405, "GET, HEAD")
    assert shown.ask("HEAD", "/swagger-ui/").body == b""
