"""The far end for ``http_out.py``: answers every request with the same reply; prints its port."""

from __future__ import annotations

import asyncio

BODY = b'{"id":"904837e3-3b76-47ec-b432-046db621571b","status":"accepted","qty":"15"}'
REPLY = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
    b"X-RateLimit-Limit: 200\r\nX-RateLimit-Remaining: 199\r\nX-RateLimit-Reset: 1767225600\r\n"
    b"X-Request-ID: 0f6b6a2d\r\nDate: Mon, 02 Mar 2026 12:00:00 GMT\r\n\r\n%s" % (len(BODY), BODY)
)


class Answering(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if separator and len(body) >= length(head):
            self._received = b""
            self._transport.write(REPLY)  # type: ignore[attr-defined]


def length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest.split(b"\r\n")[0]) if found else 0


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
