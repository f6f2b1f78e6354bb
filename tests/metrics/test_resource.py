"""The page that is scraped, in memory through twisted.web's own request."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry
from twisted.internet.testing import StringTransport
from twisted.web.server import Site

from tradegw.metrics.counting import BareCounter
from tradegw.metrics.resource import MetricsResource


def answer(method: str) -> tuple[bytes, bytes]:
    """Head and body of what the resource answers to *method*."""
    registry = CollectorRegistry()
    BareCounter("evictions", "Evicted.", registry)
    channel = Site(MetricsResource(registry), timeout=None).buildProtocol(None)
    assert channel is not None
    transport = StringTransport()
    channel.makeConnection(transport)
    channel.dataReceived(f"{method} /metrics HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    head, body = transport.value().split(b"\r\n\r\n", 1)
    return head.lower(), body


def test_get_shows_the_registry_as_text() -> None:
    head, body = answer("GET")
    assert head.startswith(b"http/1.1 200")
    assert b"content-type: text/plain; version=0.0.4; charset=utf-8" in head
    assert b"\nevictions 0.0\n" in body


def test_head_is_get_without_the_body() -> None:
    head, body = answer("HEAD")
    assert head.startswith(b"http/1.1 200")
    assert b"content-type: text/plain; version=0.0.4" in head
    assert body == b""


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_other_methods_are_not_allowed(method: str) -> None:
    head, _ = answer(method)
    assert head.startswith(b"http/1.1 405")
    assert b"allow: get, head" in head
