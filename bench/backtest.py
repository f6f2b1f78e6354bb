"""Candles a second through the acknowledged loop, beside bare WebSocket round trips.

    python bench/backtest.py [--rounds 5] [--candles 10000] [--bars 200000]

The daemon replays minutes to a minimal client in this process: a blocking socket that finds the
``event_id`` and acknowledges it, one event at a time over loopback. The same client gets candles of
the same size from a server that is autobahn on Twisted and nothing else. In each round both have
their turn; shown is the median of the rounds, and of their ratios.

Then, without any network: what the run alone does in a second when nobody has to be waited for
(``BACKTEST_CLIENTS=0``), and what the exchange alone does, with nothing at work and with a position
between a stop and a limit that are never met.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.request import urlopen

from processes import Server, gateway, script

from tradegw.model.enums import OrderType, Side
from tradegw.model.order import OrderRequest
from tradegw.simulator.instruments import Instrument
from tradegw.simulator.paths import Path as PathRule
from tradegw.simulator.paths import PriceBar, Prices
from tradegw.simulator.playback import Ids, Listing, Playback
from tradegw.simulator.terms import Terms

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HANDSHAKE = (
    b"GET %s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
ACK = (
    b'{"type":"event_ack","correlation_id":"550e8400-e29b-41d4-a716-446655440000",'
    b'"events_processed":["%s"],"timestamp":1700000000000}'
)


def walk(count: int) -> list[tuple[str, str, str, str]]:
    """Open, high, low and close of so many minutes."""
    dice, price, found = random.Random(1), 100.0, []
    for _ in range(count):
        close = price * (1 + dice.gauss(0, 0.0005))
        high, low = max(price, close) + 0.01, min(price, close) - 0.01
        found.append((f"{price:.2f}", f"{high:.2f}", f"{low:.2f}", f"{close:.2f}"))
        price = close
    return found


def written(file: Path, count: int) -> Path:
    """The same as CSV."""
    with file.open("w") as out:
        out.write("timestamp,open,high,low,close,volume\n")
        for number, prices in enumerate(walk(count)):
            stamp = BEGIN + number * MINUTE
            out.write(f"{stamp:%Y-%m-%dT%H:%M:%SZ},{','.join(prices)},1000\n")
    return file


def events_a_second(port: int, path: bytes, count: int) -> float:
    """Acknowledge *count* events; how many of them come in a second."""
    with socket.create_connection(("127.0.0.1", port)) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire.sendall(HANDSHAKE % path)
        held = b""
        while b"\r\n\r\n" not in held:
            held += wire.recv(65536)
        held = held.split(b"\r\n\r\n", 1)[1]
        began = time.perf_counter()
        for _ in range(count):
            while len(held) < 4 or len(held) < 4 + int.from_bytes(held[2:4], "big"):
                held += wire.recv(65536)
            end = 4 + int.from_bytes(held[2:4], "big")  # all are longer than 125 bytes
            text, held = held[4:end], held[end:]
            at = text.rindex(b'"event_id":"') + 12
            ack = ACK % text[at : text.index(b'"', at)]
            size = len(ack).to_bytes(2, "big")
            wire.sendall(b"\x81\xfe" + size + b"\0\0\0\0" + ack)
        return count / (time.perf_counter() - began)


def replayed(state: Path, file: Path, count: int) -> float:
    """Candles a second of the daemon."""
    server = daemon(state, file, "1")
    try:
        return events_a_second(server.port, b"/v1/ws", count)
    finally:
        server.stop()


def daemon(state: Path, file: Path, clients: str) -> Server:
    folder = tempfile.mkdtemp(dir=state)
    plain = {name: "" for name in os.environ if name.startswith("BACKTEST_")}
    return gateway(
        folder,
        **plain,
        GATEWAY_PROVIDER="backtest",
        BACKTEST_DATA=f"X@1m={file}",
        BACKTEST_CLIENTS=clients,
        BACKTEST_EXIT="never",
    )


def compared(state: Path, rounds: int, candles: int) -> None:
    file = written(state / "candles.csv", candles)
    ours, bare = [], []
    other = script("backtest_bare.py", "bare")
    try:
        for _ in range(rounds):
            ours.append(replayed(state, file, candles))
            bare.append(events_a_second(other.port, b"/", candles))
    finally:
        other.stop()
    ratio = statistics.median(one / two for one, two in zip(ours, bare, strict=True))
    print(f"acknowledged candles   {statistics.median(ours):8.0f} /s")
    print(f"bare round trips       {statistics.median(bare):8.0f} /s")
    print(f"ratio                  {ratio:8.2f}")


def played(bars: int, *, at_work: bool) -> float:
    """Bars a second of the exchange alone."""
    exchange = Playback(
        Terms(path=PathRule.WORST, cash=Decimal(10**12)),
        Listing(instrument=lambda symbol: Instrument(symbol=symbol)),
        Ids(order=lambda: f"o{time.perf_counter_ns()}", trade=lambda: "t1"),
        lambda _event: None,
    )
    made = []
    for number, texts in enumerate(walk(bars)):
        prices = Prices(*map(Decimal, texts))
        made.append(PriceBar(BEGIN + number * MINUTE, prices, prices, Decimal(1000)))
    if at_work:
        for side, kind, more in (
            (Side.BUY, OrderType.MARKET, {}),
            (Side.SELL, OrderType.STOP, {"stop_price": Decimal(1)}),
            (Side.SELL, OrderType.LIMIT, {"limit_price": Decimal(10**6)}),
        ):
            request = OrderRequest(
                symbol="X", side=side, quantity=Decimal(1), order_type=kind, **more
            )
            exchange.submit(request, BEGIN)
    began = time.perf_counter()
    for bar in made:
        end = bar.time + MINUTE
        for _ in exchange.open_bar("X", bar, end):
            pass
        while exchange.next_hit("X") is not None:
            for _ in exchange.hit("X"):
                pass
        for _ in exchange.leave("X"):
            pass
    return bars / (time.perf_counter() - began)


def alone(state: Path, bars: int) -> None:
    server = daemon(state, written(state / "bars.csv", bars), "0")
    try:
        status = {"state": "waiting"}
        while status["state"] in ("waiting", "running"):
            time.sleep(0.2)
            with urlopen(f"http://127.0.0.1:{server.port}/v1/backtest", timeout=60) as answer:
                status = json.load(answer)
    finally:
        server.stop()
    print(f"run without clients    {bars / float(status['wall_seconds']):8.0f} bars/s")
    print(f"exchange alone         {played(bars, at_work=False):8.0f} bars/s")
    print(f"  with two legs        {played(bars // 4, at_work=True):8.0f} bars/s")


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--candles", type=int, default=10_000)
    options.add_argument("--bars", type=int, default=200_000)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as state:
        compared(Path(state), given.rounds, given.candles)
        alone(Path(state), given.bars)


if __name__ == "__main__":
    sys.exit(main())
