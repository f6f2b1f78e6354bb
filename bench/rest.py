"""REST against a bare twisted.web resource and against aiohttp, in one run on loopback; and how
long one order takes, with the journal on disk and with one in memory.

Each server is a process of its own; a load generator (plain asyncio, a fixed number of kept-alive
connections, the next request as soon as the answer is complete) drives one after the other, in
interleaved rounds. Read the ratios, not the figures: both depend on the machine, the former less.

    python bench/rest.py [--rounds 5] [--requests 3000] [--connections 32]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from processes import Server, gateway, script

ORDER = b'{"symbol":"AAPL","side":"buy","quantity":"1","order_type":"limit","limit_price":"1.00"}'
GET = b"GET %s HTTP/1.1\r\nHost: bench\r\nAccept: */*\r\nUser-Agent: bench\r\n\r\n"
POST = (
    b"POST %s HTTP/1.1\r\nHost: bench\r\nAccept: */*\r\nUser-Agent: bench\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
)


class Client(asyncio.Protocol):
    """Sends one request after the other on one connection."""

    def __init__(self, request: bytes, run: Run) -> None:
        self._request = request
        self._run = run
        self._received = b""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next()

    def _next(self) -> None:
        if self._run.take():
            self._sent_at = time.perf_counter()
            self._transport.write(self._request)  # type: ignore[attr-defined]
        else:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator:
            return
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
            self._run.fail(head.split(b"\r\n")[0] + b" " + body[:200])
        lower = head.lower()
        at = lower.index(b"content-length:") + len(b"content-length:")
        length = int(lower[at:].split(b"\r\n")[0])
        if len(body) >= length:
            self._received = body[length:]
            self._run.answered(time.perf_counter() - self._sent_at)
            self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if error is not None:
            self._run.fail(str(error).encode())


class Run:
    """A number of requests to one server."""

    def __init__(self, requests: int) -> None:
        self._to_send = self._to_hear = requests
        self.took: list[float] = []
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def take(self) -> bool:
        self._to_send -= 1
        return self._to_send >= 0

    def answered(self, seconds: float) -> None:
        self.took.append(seconds)
        self._to_hear -= 1
        if self._to_hear == 0 and not self._over.done():
            self._over.set_result(None)

    def fail(self, why: bytes) -> None:
        if not self._over.done():
            self._over.set_exception(RuntimeError(why.decode(errors="replace")))

    async def rate(self, port: int, request: bytes, connections: int) -> float:
        loop = asyncio.get_running_loop()
        requests, started = self._to_send, loop.time()
        for _ in range(connections):
            await loop.create_connection(lambda: Client(request, self), "127.0.0.1", port)
        await asyncio.wait_for(self._over, 60)
        return requests / (loop.time() - started)


def requests_of(server: Server) -> dict[str, bytes]:
    account, orders = server.paths
    return {"GET": GET % account, "POST": POST % (orders, len(ORDER), ORDER)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--connections", type=int, default=32)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as state:
        servers = [
            gateway(state, MOCK_CASH="1000000000000"),
            script("rest_twisted.py", "twisted.web"),
            script("rest_aiohttp.py", "aiohttp"),
        ]
        try:
            show(measure(servers, wanted))
        finally:
            for server in servers:
                server.stop()
    with tempfile.TemporaryDirectory() as state, tempfile.TemporaryDirectory() as other:
        orders = (b"/v1/account", b"/v1/orders")
        cash = {"MOCK_CASH": "1000000000000"}
        disk = gateway(state, **cash)
        memory = script(
            "rest_memory.py", "in memory", orders, GATEWAY_STATE_DIR=other, LOG_LEVEL="info", **cash
        )
        try:
            show_latency(latencies([disk, memory], wanted.rounds))
        finally:
            disk.stop()
            memory.stop()


def latencies(servers: list[Server], rounds: int) -> dict[str, list[float]]:
    """Seconds of single orders, one after the other on one connection."""
    took: dict[str, list[float]] = {}
    for round_number in range(rounds + 1):
        for server in servers:

            async def once(server: Server = server) -> list[float]:
                run = Run(500)
                await run.rate(server.port, requests_of(server)["POST"], 1)
                return run.took

            found = asyncio.run(once())
            clear_orders(server)
            if round_number > 0:
                took.setdefault(server.name, []).extend(found)
    return took


def show_latency(took: dict[str, list[float]]) -> None:
    print("one order at a time over HTTP, milliseconds")
    for name, found in took.items():
        found.sort()
        label = "journal on disk" if name == "tradegw" else "journal in memory"
        p50, p99 = found[len(found) // 2] * 1000, found[len(found) * 99 // 100] * 1000
        print(f"{label:20}p50 {p50:6.2f}   p99 {p99:6.2f}")


def measure(
    servers: list[Server], wanted: argparse.Namespace
) -> dict[tuple[str, str], list[float]]:
    rates: dict[tuple[str, str], list[float]] = {}
    for round_number in range(wanted.rounds + 1):
        for server in servers:
            for verb, request in requests_of(server).items():

                async def once(server: Server = server, request: bytes = request) -> float:
                    run = Run(wanted.requests)
                    return await run.rate(server.port, request, wanted.connections)

                rate = asyncio.run(once())
                clear_orders(server)
                if round_number > 0:  # the first is for warming up
                    rates.setdefault((verb, server.name), []).append(rate)
    return rates


def clear_orders(server: Server) -> None:
    """The simulated broker takes 10,000 resting orders, no more."""
    if server.name in ("tradegw", "in memory"):
        url = f"http://127.0.0.1:{server.port}/v1/orders"
        urllib.request.urlopen(urllib.request.Request(url, method="DELETE"), timeout=30).read()


def show(rates: dict[tuple[str, str], list[float]]) -> None:
    print(f"{'':6}{'server':14}{'requests/s':>12}{'microseconds':>14}{'tradegw takes':>16}")
    for verb in ("GET", "POST"):
        ours = statistics.median(rates[verb, "tradegw"])
        for (at, name), found in rates.items():
            if at == verb:
                rate = statistics.median(found)
                ratio = "" if name == "tradegw" else f"{rate / ours:.2f} times"
                print(f"{verb:6}{name:14}{rate:12.0f}{1e6 / rate:14.0f}{ratio:>16}")
    print(f"on {os.cpu_count()} cores, load generator included; medians")


if __name__ == "__main__":
    main()
