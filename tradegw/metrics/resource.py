"""``GET /metrics``."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from twisted.web.iweb import IRequest
from twisted.web.resource import Resource

from .exposition import CONTENT_TYPE, exposition


class MetricsResource(Resource):
    """Shows *registry*, in the reactor's thread: our few series take a millisecond."""

    isLeaf = True

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__()
        self._registry = registry

    def render_GET(self, request: IRequest) -> bytes:
        """Also answers HEAD; twisted.web leaves the body out then."""
        request.setHeader(b"content-type", CONTENT_TYPE.encode())
        return exposition(self._registry)
