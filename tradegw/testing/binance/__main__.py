"""``python -m tradegw.testing.binance``: the double, until it is interrupted."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react  # finds the reactor itself, so that nothing here names it

from .fake import FakeBinance
from .terms import Terms
from .walk import Walk


def _arguments() -> argparse.Namespace:
    usual = Terms()
    parser = argparse.ArgumentParser(prog="python -m tradegw.testing.binance", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--key", default=usual.key)
    parser.add_argument("--secret", default=usual.secret)
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument(
        "--walk", type=float, metavar="SECONDS", help="move the markets every so often"
    )
    return parser.parse_args()


async def _serve(reactor: Any, arguments: argparse.Namespace) -> None:
    terms = Terms(key=arguments.key, secret=arguments.secret, seed=arguments.seed)
    fake = FakeBinance(reactor, terms, port=arguments.port)
    fake.startService()
    await fake.opened
    if arguments.walk:
        Walk(fake, reactor, arguments.walk, arguments.seed).start()
    sys.stdout.write(
        f"BINANCE_API_KEY={terms.key}\nBINANCE_API_SECRET={terms.secret}\n"
        f"BINANCE_BASE_URL={fake.http_url}\nBINANCE_STREAM_URL={fake.ws_url}\n"
        f"BINANCE_WS_API_URL={fake.ws_url}/ws-api/v3\n"
    )
    sys.stdout.flush()
    await Deferred()


def main() -> None:
    """Serve; says where, in the words of an environment."""
    react(lambda reactor: Deferred.fromCoroutine(_serve(reactor, _arguments())))


if __name__ == "__main__":
    main()
