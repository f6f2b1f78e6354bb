"""An answer as it goes to the client, and its bytes."""

from __future__ import annotations

from typing import Final, NamedTuple

from twisted.web.http import RESPONSES

JSON: Final = b"application/json"

_REASONS: Final = {**RESPONSES, 422: b"Unprocessable Content", 429: b"Too Many Requests"}
_LINES: Final = (
    b"HTTP/1.1 %d %s\r\nServer: tradegw\r\nContent-Type: %s\r\nDate: %s\r\nContent-Length: %d\r\n"
)


class Answer(NamedTuple):
    """``extra`` holds whole header lines, each with its CRLF, and never anything a client sent."""

    status: int
    body: bytes
    kind: bytes = JSON
    extra: bytes = b""

    def written(self, date: bytes, *, close: bool = False, bodiless: bool = False) -> bytes:
        """The answer on the wire; *bodiless* answers a HEAD, *close* announces the end."""
        reason = _REASONS.get(self.status, b"Unknown")
        head = _LINES % (self.status, reason, self.kind, date, len(self.body))
        connection = b"Connection: close\r\n" if close else b""
        return b"%s%s%s\r\n%s" % (head, connection, self.extra, b"" if bodiless else self.body)
