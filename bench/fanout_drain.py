"""The clients of ``fanout.py``: ``fanout_drain.py PORT COUNT``, many that only read.

The handshake is written out plainly and frames are not parsed. A line on standard input asks for a
line on standard output once so many bytes of frames have been read by all together; the end of
standard input ends the process.
"""

from __future__ import annotations

import os
import select
import socket
import sys

HANDSHAKE = (
    b"GET /v1/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def connected(port: int) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), timeout=10)
    made.sendall(HANDSHAKE)
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        some = made.recv(1)
        if not some:
            raise ConnectionError("refused")
        answer += some
    if not answer.startswith(b"HTTP/1.1 101 "):
        raise ConnectionError(answer.decode())
    made.settimeout(0)
    return made


def main() -> None:
    port, count = int(sys.argv[1]), int(sys.argv[2])
    clients = {made.fileno(): made for made in (connected(port) for _ in range(count))}
    poll = select.epoll()
    poll.register(0, select.EPOLLIN)
    for number in clients:
        poll.register(number, select.EPOLLIN)
    os.write(1, b"connected\n")
    total, wanted = 0, None
    buffer = bytearray(256 * 1024)
    while True:
        for number, _event in poll.poll():
            if number != 0:
                total += clients[number].recv_into(buffer)
                continue
            line = os.read(0, 4096)
            if not line:
                return
            wanted = int(line)
        if wanted is not None and total >= wanted:
            wanted = None
            os.write(1, b"read\n")


if __name__ == "__main__":
    main()
