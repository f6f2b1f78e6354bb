"""A bare twisted.web resource: the least that a Twisted server can do."""

from __future__ import annotations

from typing import Any

from twisted.internet import endpoints, reactor
from twisted.web.resource import Resource
from twisted.web.server import Site

ACCOUNT = b'{"balance":"100000","equity":"100000","margin_used":"0","margin_available":"100000"}'
HANDLE = b'{"id":"33de1d89-59a9-493f-a102-62d4bc4449c6","status":"OPEN"}'


class Get(Resource):
    isLeaf = True

    def render_GET(self, request: Any) -> bytes:
        request.setHeader(b"content-type", b"application/json")
        return ACCOUNT


class Post(Resource):
    isLeaf = True

    def render_POST(self, request: Any) -> bytes:
        request.content.read()
        request.setResponseCode(201)
        request.setHeader(b"content-type", b"application/json")
        return HANDLE


root = Resource()
root.putChild(b"get", Get())
root.putChild(b"post", Post())
site = Site(root, parsePOSTFormSubmission=False)
site.log = lambda request: None  # type: ignore[method-assign]
site.noisy = False
endpoint = endpoints.TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
endpoint.listen(site).addCallback(lambda port: print(port.getHost().port, flush=True))
reactor.run()  # type: ignore[attr-defined]
