"""The server that ``backtest.py`` is compared with: autobahn on Twisted, and nothing else.

Sends a text as large as a candle, and another one for every message that comes.
"""

from __future__ import annotations

import sys
from typing import Any

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.internet import reactor as the_reactor
from twisted.internet.endpoints import TCP4ServerEndpoint

reactor: Any = the_reactor
CANDLE = (
    b'{"type":"candle","bar":{"symbol":"X","provider":"backtest","timeframe":"1m",'
    b'"timestamp":"2024-01-01T00:00:00Z","open":"100.01","high":"100.05","low":"99.95",'
    b'"close":"100.02","volume":"1000"},"timestamp":"2024-01-02T00:00:00Z","event_id":"evt-%d"}'
)


class Bare(WebSocketServerProtocol):
    """One candle at a time."""

    number = 0

    def onOpen(self) -> None:
        self.transport.setTcpNoDelay(True)
        self.send()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N803  autobahn's name
        self.send()

    def send(self) -> None:
        self.number += 1
        self.sendMessage(CANDLE % self.number)


def main() -> None:
    factory = WebSocketServerFactory()
    factory.protocol = Bare
    port = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(factory)
    port.addCallback(lambda listening: print(listening.getHost().port, flush=True))
    reactor.run()


if __name__ == "__main__":
    sys.exit(main())
