"""Calls to a broker over HTTP: ours against a bare ``Agent``, treq and a bare protocol, in one run.

One call after the other over a kept connection to a small server on loopback, a process of its own,
in interleaved rounds. Ours has what the others lack: the budget, signing, deadline, bounded body.
Read the ratios, not the figures.

    python bench/http_out.py [--rounds 7] [--requests 1000]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import msgspec
import treq
from processes import script
from twisted.internet import reactor as installed
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.web.client import Agent, HTTPConnectionPool, readBody
from twisted.web.http_headers import Headers

from tradegw.brokers.budget import Budget, Rules
from tradegw.brokers.call import Call
from tradegw.brokers.endpoint import Url, dialler
from tradegw.brokers.http import Http, Site
from tradegw.brokers.memory import Memory
from tradegw.brokers.ratelimit import Limit
from tradegw.model.limits import Lane

reactor: Any = installed
ORDER = b'{"symbol":"AAPL","qty":"15","side":"buy","type":"limit","limit_price":"140","tif":"day"}'
KEYS = (("APCA-API-KEY-ID", "PKTESTTESTTESTTEST"), ("APCA-API-SECRET-KEY", "s" * 40))
JSON = ("Content-Type", "application/json")
Send = Callable[[], Awaitable[int]]


def ours(port: int) -> Send:
    def now() -> datetime:
        return datetime.now(UTC)

    rules = Rules(name="bench", limits=(Limit("calls", 10_000_000, 60),))
    budget = Budget(rules, reactor, time.monotonic, now, Memory(now))
    site = Site(
        name="bench",
        base=Url("http", "127.0.0.1", port),
        sign=lambda call: msgspec.structs.replace(call, headers=(*call.headers, *KEYS)),
        random=lambda: 0.5,
        limits=("calls",),
    )
    http = Http(site, budget, dialler(reactor), reactor)
    call = Call(method="POST", path="/v2/orders", lane=Lane.ENTRY, body=ORDER, headers=(JSON,))

    async def send() -> int:
        reply = await http.send(call)
        return len(reply.body)

    return send


def agent(port: int) -> Send:
    bare = Agent(reactor, pool=HTTPConnectionPool(reactor))
    url = b"http://127.0.0.1:%d/v2/orders" % port

    async def send() -> int:
        headers = Headers({name: [value] for name, value in (*KEYS, JSON)})
        response: Any = await bare.request(b"POST", url, headers, Body())
        return len(await readBody(response))

    return send


def through_treq(port: int) -> Send:
    pool = HTTPConnectionPool(reactor)
    url = f"http://127.0.0.1:{port}/v2/orders"

    async def send() -> int:
        response = await treq.post(url, headers=dict((*KEYS, JSON)), data=ORDER, pool=pool)
        return len(await response.content())

    return send


class Body:
    """The cheapest body there is; ``FileBodyProducer`` needs turns of the reactor."""

    length = len(ORDER)

    def startProducing(self, consumer: Any) -> Deferred[None]:
        consumer.write(ORDER)
        done: Deferred[None] = Deferred()
        done.callback(None)
        return done

    def stopProducing(self) -> None: ...
    def pauseProducing(self) -> None: ...
    def resumeProducing(self) -> None: ...


class Bare(Protocol):
    """No more than it takes to find the end of an answer."""

    waiting: Deferred[int]

    def connectionMade(self) -> None:
        self._transport: Any = self.transport
        self._transport.setTcpNoDelay(True)
        head = ["POST /v2/orders HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(ORDER)}"]
        head += [f"{name}: {value}" for name, value in (*KEYS, JSON)]
        self._request = "\r\n".join(head).encode() + b"\r\n\r\n" + ORDER
        self._received = b""

    def send(self) -> Deferred[int]:
        self.waiting = Deferred()
        self._transport.write(self._request)
        return self.waiting

    def dataReceived(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if separator:
            _, _, rest = head.partition(b"Content-Length:")
            if len(body) >= int(rest.split(b"\r\n")[0]):
                self._received = b""
                self.waiting.callback(len(body))


def bare(port: int) -> Send:
    made: list[Bare] = []

    async def send() -> int:
        if not made:
            endpoint = HostnameEndpoint(reactor, b"127.0.0.1", port)
            made.append(await endpoint.connect(Factory.forProtocol(Bare)))  # type: ignore[arg-type]
        return await made[0].send()

    return send


async def measure(senders: dict[str, Send], rounds: int, requests: int) -> dict[str, list[float]]:
    """Microseconds a call, by sender and round."""
    took: dict[str, list[float]] = {name: [] for name in senders}
    for turn in range(rounds + 1):  # the first one warms up
        for name, send in senders.items():
            began = time.perf_counter()
            for _ in range(requests):
                assert await send() > 0
            if turn:
                took[name].append((time.perf_counter() - began) / requests * 1e6)
    return took


def show(took: dict[str, list[float]]) -> None:
    least = statistics.median(took["Agent"])
    print(f"{'':<16}{'us a call':>12}{'of Agent':>12}")
    for name, rounds in took.items():
        middle = statistics.median(rounds)
        print(f"{name:<16}{middle:>12.0f}{middle / least:>12.2f}")


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--requests", type=int, default=1000)
    chosen = options.parse_args()
    server = script("http_out_server.py", "far end")
    makers = {"tradegw": ours, "Agent": agent, "treq": through_treq, "bare protocol": bare}
    senders = {name: make(server.port) for name, make in makers.items()}

    def run() -> None:
        work = Deferred.fromCoroutine(measure(senders, chosen.rounds, chosen.requests))
        work.addCallbacks(show, lambda failure: failure.printTraceback())
        work.addBoth(lambda _none: reactor.stop())

    reactor.callWhenRunning(run)
    try:
        reactor.run()
    finally:
        server.stop()


if __name__ == "__main__":
    main()
