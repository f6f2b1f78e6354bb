"""Fan-out to loopback WebSocket clients, against a bare send loop over the same sockets.

    python -m bench.fanout [--clients 1,100,1000] [--rounds 7] [--seconds 45]

The server is this process: the gateway's own resource under a twisted.web Site on the real
reactor. The clients are one other process (``fanout_drain.py``) that only reads. In every round
each way sends the same number of events over the same connections, in turn, so that what else the
machine does hits all alike; it goes on when the clients have read all that was sent. Shown are
deliveries a second (the median of the rounds) and the ratio to the bare loop (the median of the
rounds' ratios).

Ways, all driven from reactor turns with one or with eight events each:

bare          ``socket.send(frame)`` per client and event, frame made beforehand: the system call
bare, joined  ``socket.send(frames)`` per client and turn
tradegw       ``Fanout.publish(event)``: filter, JSON, frame, join, order, back-pressure, accounting
  eager       the same, the first event of each turn always sent at once
  at the end  the same, all events of a turn always joined
autobahn      ``sendMessage(text)`` per client and event, JSON made beforehand
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet import task
from twisted.internet.defer import Deferred
from twisted.web.resource import Resource
from twisted.web.server import Site

from bench.fanout_clients import Clients, allow_many_files
from tradegw.model.enums import OrderEventKind, OrderStatus, OrderType, Platform, Side, TimeInForce
from tradegw.model.events import OrderEvent
from tradegw.model.order import Order
from tradegw.model.subscription import Subscription
from tradegw.model.wire import encode
from tradegw.stream.fanout import EAGER_CLIENTS, Fanout, frame_of
from tradegw.stream.filter import EventFilter
from tradegw.stream.wiring import build

reactor: Any = _reactor
AT = datetime(2025, 1, 15, 10, 30, tzinfo=UTC)

EVENT = OrderEvent(
    timestamp=AT,
    event=OrderEventKind.PARTIALLY_FILLED,
    order=Order(
        id="61e69015-8549-4bfd-b9c3-01e75843f47d",
        symbol="AAPL",
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        quantity=Decimal(100),
        filled_quantity=Decimal(40),
        remaining_quantity=Decimal(60),
        limit_price=Decimal("150.25"),
        average_fill_price=Decimal("150.20"),
        status=OrderStatus.PARTIALLY_FILLED,
        time_in_force=TimeInForce.GTC,
        created_at=AT,
        updated_at=AT,
    ),
)
TEXT = encode(EVENT)
FRAME = frame_of(EVENT)

PART_EVENTS = 200
TURNS = {1: 6000, 100: 400, 1000: 48}

Way = Callable[[int], None]
"""Sends so many events in one turn."""


class Server:
    """The gateway's stream on a loopback port."""

    def __init__(self) -> None:
        listed = (Subscription(Platform.MOCK, "AAPL", ("order_update",)),)
        self.fanout, resource = build(
            reactor, lambda: datetime.now(UTC), EventFilter(listed, Platform.MOCK)
        )
        root, v1 = Resource(), Resource()
        root.putChild(b"v1", v1)
        v1.putChild(b"ws", resource)
        self._port = reactor.listenTCP(0, Site(root), interface="127.0.0.1", backlog=2000)
        self.port: int = self._port.getHost().port

    def ways(self) -> dict[str, Way]:
        clients: list[Any] = list(self.fanout.connections)
        sends = [client.transport.socket.send for client in clients]

        def bare(events: int) -> None:
            for _ in range(events):
                for send in sends:
                    send(FRAME)

        def bare_joined(events: int) -> None:
            frames = FRAME * events
            for send in sends:
                send(frames)

        def autobahn(events: int) -> None:
            for _ in range(events):
                for client in clients:
                    client.sendMessage(TEXT)

        return {
            "bare": bare,
            "bare, joined": bare_joined,
            "tradegw": publishing(self.fanout, EAGER_CLIENTS),
            "  eager": publishing(self.fanout, sys.maxsize),
            "  at the end": publishing(self.fanout, 0),
            "autobahn": autobahn,
        }


def publishing(fanout: Fanout, eager_clients: int) -> Way:
    def publish(events: int) -> None:
        fanout.eager_clients = eager_clients
        for _ in range(events):
            fanout.publish(EVENT)

    return publish


async def timed(way: Way, turns: int, events: int) -> float:
    """Seconds from the first turn until the last is over, sends at its end included."""
    done: Deferred[None] = Deferred()
    left = turns

    def turn() -> None:
        nonlocal left
        if left == 0:
            done.callback(None)
            return
        left -= 1
        way(events)
        reactor.callLater(0, turn)  # behind what the way itself puts at the end of the turn

    begin = time.perf_counter()
    turn()
    await done
    return time.perf_counter() - begin


async def sent(clients: Clients, way: Way, turns: int, events: int) -> float:
    """Seconds it takes to send so many turns, in parts that the sockets' buffers can hold."""
    seconds = 0.0
    part = max(1, PART_EVENTS // events)
    for begin in range(0, turns, part):
        some = min(part, turns - begin)
        seconds += await timed(way, some, events)
        await clients.have_read(some * events * len(FRAME))
    return seconds


def rounds(ways: dict[str, Way], count: int) -> Iterator[tuple[int, list[str]]]:
    """The ways in another order each time; autobahn, which is slow, in every other round."""
    names = list(ways)
    for number in range(count):
        turned = names[number % len(names) :] + names[: number % len(names)]
        yield number, [n for n in turned if n != "autobahn" or number % 2 == 0]


async def measure(
    clients: Clients, ways: dict[str, Way], events: int, count: int, until: float
) -> None:
    """Print a line for each way, after so many rounds or, from the third on, at *until*."""
    number = clients.count
    turns = max(4, TURNS.get(number, 40_000 // number) // events)
    times: dict[str, list[float]] = {name: [] for name in ways}
    ratios: dict[str, list[float]] = {name: [] for name in ways}
    for done, names in rounds(ways, count):
        if done >= 3 and time.monotonic() > until:
            print(f"{number:>7} {events:>6}  only {done} rounds: out of time")
            break
        took: dict[str, float] = {}
        for name in names:
            took[name] = await sent(clients, ways[name], turns, events)
        for name in names:
            times[name].append(took[name])
            ratios[name].append(took["bare"] / took[name])
    deliveries = number * turns * events
    for name in ways:
        rate = deliveries / statistics.median(times[name])
        ratio = statistics.median(ratios[name])
        print(
            f"{number:>7} {events:>6}  {name:<13} {rate / 1000:>8.0f} k/s "
            f"{1e6 / rate:>7.2f} us  {ratio:>5.2f}",
            flush=True,
        )


async def bench(counts: list[int], count: int, seconds: float) -> None:
    share = seconds / (2 * len(counts))
    print(f"one order event is {len(FRAME)} bytes on the wire; filter of one entry")
    print("clients events  way           deliveries    each  to bare")
    print("        a turn")
    for number in counts:
        server = Server()
        clients = Clients(reactor, server.port, number)
        try:
            await clients.are_connected()
            ways = server.ways()
            if len(server.fanout.connections) != number:
                raise RuntimeError("not all clients got in")
            gc.collect()
            gc.freeze()
            for events in (1, 8):
                for way in ways.values():  # warm up
                    await sent(clients, way, 4, events)
                await measure(clients, ways, events, count, time.monotonic() + share)
        finally:
            await clients.stop()
            gc.unfreeze()


def main() -> None:
    parser = argparse.ArgumentParser(description="fan-out against a bare send loop")
    parser.add_argument("--clients", default="1,100,1000")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=45.0, help="about how long in all")
    options = parser.parse_args()
    allow_many_files()
    counts = [int(text) for text in options.clients.split(",")]

    def run(_reactor: Any) -> Deferred[None]:
        work = Deferred.fromCoroutine(bench(counts, options.rounds, options.seconds))
        return work.addTimeout(2 * options.seconds, reactor)  # something hangs

    task.react(run)


if __name__ == "__main__":
    main()
