"""``GET /metrics``."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from twisted.web.http import NOT_ALLOWED
from twisted.web.iweb import IRequest
from twisted.web.resource import Resource

from .exposition import CONTENT_TYPE, exposition


class MetricsResource(Resource):
    """Shows *registry*, in the reactor's thread: our few series take a millisecond."""

    isLeaf = True

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__()
        self._registry = registry

    def render(self, request: IRequest) -> bytes:
        """GET and HEAD; twisted.web leaves the body out for the latter."""
        if request.method not in (b"GET", b"HEAD"):
            request.setResponseCode(NOT_ALLOWED)
            request.setHeader(b"allow", b"GET, HEAD")
            return b""
        request.setHeader(b"content-type", CONTENT_TYPE.encode())
        return exposition(self._registry)
