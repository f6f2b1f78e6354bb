"""One request: its body kept within bounds, its answer written once and in one piece."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from twisted.logger import Logger
from twisted.web import server
from twisted.web.http import parse_qs
from twisted.web.resource import IResource

from ..errors import BodyTooLarge
from . import auth
from .answer import Answer
from .problems import OVERDUE, UNEXPECTED, answer_to

if TYPE_CHECKING:
    from .connection import Connection
    from .site import Site

log = Logger()


class Request(server.Request):
    """A request to the :class:`tradegw.rest.site.Site`; ``path`` is raw, ``query`` too."""

    query = b""
    route = "none"
    started = 0.0
    site: Site
    channel: Connection
    body: BytesIO

    def gotLength(self, length: int | None) -> None:
        # Never a file: up to the limit, memory serves better than the disk twisted would use.
        self.site = self.channel.site
        self.body = self.content = BytesIO()
        if length is not None and length > self.site.settings.body_bytes:
            self._refuse_body()

    def handleContentChunk(self, data: bytes) -> None:
        if self.body.tell() + len(data) > self.site.settings.body_bytes:
            self._refuse_body()
        else:
            self.body.write(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        self.started = self.site.clock.seconds()
        self.method, self.uri, self.clientproto = command, path, version
        self.path, _, self.query = origin_form(path).partition(b"?")
        self.body.seek(0)
        self.site.tree.serve(self)

    def answer(self, answer: Answer) -> None:
        """Write *answer* and finish; nothing happens if the client has gone or has its answer."""
        if self._disconnected or self.finished:
            return
        self.code = answer.status
        self.startedWriting = 1
        self.sentLength = len(answer.body)
        close = self.site.closing or not self.channel.persistent
        bodiless = self.method == b"HEAD"
        self.channel.write(answer.written(self.site.date(), close=close, bodiless=bodiless))
        self.site.observed(self.route, answer.status, self.site.clock.seconds() - self.started)
        self.finish()

    def overdue(self) -> None:
        """The answer takes too long for any client; the work behind it is not touched."""
        self.answer(OVERDUE)

    def hand_over(self, resource: IResource) -> None:
        """Let a foreign *resource* answer, which may take the socket over."""
        self.args = parse_qs(self.query, keep_blank_values=True)
        self.prepath, self.postpath = self.path[1:].split(b"/"), []
        self.setHeader(b"Server", b"tradegw")
        self.setHeader(b"Date", self.site.date())
        connection = self.channel
        try:
            self.render(resource)
        except Exception:
            log.failure("{path} failed", path=self.path)
            if connection.transport is not None and not self.startedWriting:
                self.answer(UNEXPECTED)
        if connection.transport is None:  # a WebSocket now, with deadlines of its own
            self.site.forget(connection)

    def _refuse_body(self) -> None:
        # The key is looked at first, as for every request.
        path = origin_form(self.channel.target).partition(b"?")[0]
        refused = auth.refused(self.site.settings.api_key, path, self.requestHeaders)
        limit = self.site.settings.body_bytes
        self.channel.refuse(
            answer_to(refused or BodyTooLarge(f"The body is over the limit of {limit} bytes"))
        )


def origin_form(target: bytes) -> bytes:
    """*target* from its first slash: clients that think of proxies write ``http://host/path``."""
    if target.startswith(b"/"):
        return target
    scheme, _, rest = target.partition(b"://")
    if scheme.lower() not in (b"http", b"https"):
        return target
    _host, slash, path = rest.partition(b"/")
    return slash + path or b"/"
