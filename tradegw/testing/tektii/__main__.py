"""``python -m tradegw.testing.tektii``: an engine with a run of its own, until interrupted."""

from __future__ import annotations

import argparse
import sys
from decimal import Decimal
from random import Random
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.task import react  # finds the reactor itself, so that nothing here names it

from .fake import FakeTektii
from .market import MINUTE_MS, Candle

START: Final = 1_709_283_600_000
_PRICE: Final = 108_000


def walk(symbol: str, count: int, seed: int) -> list[Candle]:
    """Minutes whose prices wander."""
    random, at, made = Random(seed), _PRICE, []  # noqa: S311  (no secret is made of it)
    for number in range(count):
        path = [at]
        for _ in range(3):
            path.append(path[-1] + random.randint(-20, 20))
        o, h, l, c = (Decimal(p).scaleb(-5) for p in (at, max(path), min(path), path[-1]))  # noqa: E741
        start = START + number * MINUTE_MS
        made.append(
            Candle(symbol=symbol, timestamp=start, open=o, high=h, low=l, close=c, volume=100.5)
        )
        at = path[-1]
    return made


async def _serve(reactor: Any, arguments: argparse.Namespace) -> None:
    steps = walk(arguments.symbol, arguments.candles, arguments.seed)
    fake = FakeTektii(reactor, steps, port=arguments.port, ws_port=arguments.ws_port)
    fake.startService()
    await fake.opened
    sys.stdout.write(
        f"GATEWAY_PROVIDER=tektii\nTEKTII_ENGINE_URL={fake.http_url}\n"
        f"TEKTII_ENGINE_WS_URL={fake.ws_url}\n"
    )
    sys.stdout.flush()
    await Deferred()


def main() -> None:
    """Serve; says where, in the words of an environment."""
    parser = argparse.ArgumentParser(prog="python -m tradegw.testing.tektii", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--ws-port", type=int, default=0)
    parser.add_argument("--symbol", default="F:EURUSD")
    parser.add_argument("--candles", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    react(lambda reactor: Deferred.fromCoroutine(_serve(reactor, arguments)))


if __name__ == "__main__":
    main()
