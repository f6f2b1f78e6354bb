"""``python -m tradegw.testing.alpaca``: the double, until it is interrupted."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react  # finds the reactor itself, so that nothing here names it

from .fake import FakeAlpaca
from .walk import Walk
from .world import Terms


def _arguments() -> argparse.Namespace:
    usual = Terms()
    parser = argparse.ArgumentParser(prog="python -m tradegw.testing.alpaca", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--key", default=usual.key)
    parser.add_argument("--secret", default=usual.secret)
    parser.add_argument("--feed", choices=("iex", "sip"), default=usual.feed)
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument(
        "--walk", type=float, metavar="SECONDS", help="move the market every so often"
    )
    return parser.parse_args()


async def _serve(reactor: Any, arguments: argparse.Namespace) -> None:
    terms = Terms(
        key=arguments.key, secret=arguments.secret, feed=arguments.feed, seed=arguments.seed
    )
    fake = FakeAlpaca(reactor, terms, port=arguments.port)
    fake.startService()
    await fake.opened
    if arguments.walk:
        Walk(fake, reactor, arguments.walk, arguments.seed).start()
    sys.stdout.write(
        f"ALPACA_API_KEY={terms.key}\nALPACA_API_SECRET={terms.secret}\n"
        f"ALPACA_BASE_URL={fake.http_url}\nALPACA_DATA_URL={fake.http_url}\n"
        f"ALPACA_TRADING_STREAM_URL={fake.ws_url}/stream\nALPACA_STREAM_URL={fake.ws_url}\n"
    )
    sys.stdout.flush()
    await Deferred()


def main() -> None:
    """Serve; says where, in the words of an environment."""
    react(lambda reactor: Deferred.fromCoroutine(_serve(reactor, _arguments())))


if __name__ == "__main__":
    main()
