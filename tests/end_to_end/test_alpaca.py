"""The daemon with Alpaca's credentials and nothing else, against the double on real sockets; the
example strategy runs unchanged.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tradegw.testing.alpaca import Bar, Beside, FakeAlpaca, running
from tradegw.testing.alpaca.stamps import moment_of

from .daemon import Daemon, wait_until

EXAMPLE = Path(__file__).parents[2] / "examples" / "sma_cross.py"
SUBSCRIPTIONS = json.dumps(
    [
        {"platform": "alpaca-paper", "instrument": symbol, "events": ["*"]}
        for symbol in ("AAPL", "ETH/USD")
    ]
)


@pytest.fixture
def double() -> Iterator[Beside]:
    with running() as alpaca:
        alpaca.do(lambda fake: fake.set_quote("AAPL", "231.39", "231.41"))
        alpaca.do(lambda fake: fake.set_quote("ETH/USD", "3000", "3001"))
        yield alpaca


class AlpacaDaemon(Daemon):
    """A gateway at the double."""

    def __init__(self, state: Path, double: Beside, **environment: str) -> None:
        super().__init__(state, 0, **environment)
        del self._environment["GATEWAY_PROVIDER"]  # found by its credentials
        self._environment |= {
            "ALPACA_API_KEY": double.key,
            "ALPACA_API_SECRET": double.secret,
            "ALPACA_BASE_URL": double.http_url,
            "ALPACA_DATA_URL": double.http_url,
            "ALPACA_STREAM_URL": double.ws_url,
            "SUBSCRIPTIONS": SUBSCRIPTIONS,
        }

    def post(self, path: str, **body: Any) -> Any:
        headers = {"Content-Type": "application/json"}
        wanted = Request(self.url + path, json.dumps(body).encode(), headers)  # noqa: S310
        with urlopen(wanted, timeout=20) as answer:  # noqa: S310
            return json.load(answer)


def ready(daemon: Daemon) -> bool:
    try:
        return bool(daemon.get("/readyz")["ready"])
    except OSError:
        return False


def candles(fake: FakeAlpaca, closes: list[str], first: int) -> None:
    """Minutes that are over, one after the other."""
    begin = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=2)
    for number, close in enumerate(closes, first):
        price = Decimal(close)
        fake.tell_bar(
            "AAPL",
            Bar(
                moment=moment_of(begin + timedelta(minutes=number)),
                open=price,
                high=price,
                low=price,
                close=price,
                volume=Decimal(10),
            ),
        )


def test_the_example_strategy_trades_unchanged(tmp_path: Path, double: Beside) -> None:
    """It buys when the averages cross; Alpaca keeps the exits, one of which fills."""
    with AlpacaDaemon(tmp_path, double) as daemon:
        wait_until(lambda: ready(daemon), "the gateway")
        environment = {**os.environ, "TRADING_GATEWAY_URL": daemon.url, "RISK": "0.01"}
        strategy = subprocess.Popen(
            [sys.executable, "-u", str(EXAMPLE)],
            env={**environment, "FAST": "2", "SLOW": "4"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        said = strategy.stdout
        assert said is not None
        try:
            assert "listening for AAPL" in said.readline()
            wait_until(lambda: daemon.get("/health")["status"] == "connected", "both streams")
            falling = ["234", "233", "232", "231", "230"]
            double.do(lambda fake: candles(fake, [*falling, "231.40", "231.40", "231.40"], 0))
            assert "bought near 231.4" in said.readline()
            assert "entry filled: BUY at 231.41" in said.readline()
            double.do(lambda fake: fake.set_quote("AAPL", "236.50", "236.52"))
            assert "exit filled: SELL at" in said.readline()
        finally:
            strategy.kill()
            strategy.wait()
            said.close()
        assert double.do(lambda fake: fake.positions) == {}
        entry, *legs = double.do(lambda fake: list(fake.orders))
        assert entry.order_class == "bracket"
        assert sorted(leg.status for leg in legs) == ["canceled", "filled"]
        wait_until(lambda: daemon.get("/v1/orders") == [], "an empty book")
        assert daemon.stop() == 0
    log = json.dumps(daemon.lines)
    assert double.secret not in log
    assert "Traceback" not in log


def test_it_survives_being_killed_and_knows_its_orders(tmp_path: Path, double: Beside) -> None:
    """Exits that Alpaca keeps, a resting order of ours: both are known again after a SIGKILL."""
    with AlpacaDaemon(tmp_path, double) as daemon:
        wait_until(lambda: ready(daemon), "the gateway")
        bought = {"symbol": "AAPL", "side": "BUY", "quantity": "10"}
        daemon.post("/v1/orders", **bought, order_type="MARKET", stop_loss="220")
        resting = daemon.post(
            "/v1/orders",
            **bought,
            order_type="LIMIT",
            limit_price="100",
            client_order_id="mine",
        )
        wait_until(lambda: len(daemon.get("/v1/orders")) == 2, "the leg and the order")
        daemon.process.kill()
        daemon.process.wait()
    with AlpacaDaemon(tmp_path, double) as daemon:
        wait_until(lambda: ready(daemon), "the gateway")
        working = {order["id"]: order for order in daemon.get("/v1/orders")}
        assert working[resting["id"]]["client_order_id"] == "mine"
        assert [order["order_type"] for order in working.values()].count("STOP") == 1
        again = daemon.post(
            "/v1/orders",
            **bought,
            order_type="LIMIT",
            limit_price="100",
            client_order_id="mine",
        )
        assert again["id"] == resting["id"]
        assert daemon.stop() == 0
    assert len(double.do(lambda fake: list(fake.orders))) == 3


def test_crypto_gets_its_exits_from_the_gateway(tmp_path: Path, double: Beside) -> None:
    """Of what the fee left; the stop as a stop-limit, and the take-profit in its place when the
    price is there.
    """
    with AlpacaDaemon(tmp_path, double) as daemon:
        wait_until(lambda: ready(daemon), "the gateway")
        wanted = {"symbol": "ETH/USD", "side": "BUY", "quantity": "2", "order_type": "MARKET"}
        daemon.post("/v1/orders", **wanted, stop_loss="2900", take_profit="3300")
        (stop,) = wait_until(lambda: daemon.get("/v1/orders"), "the stop")
        assert (stop["order_type"], stop["stop_price"]) == ("STOP_LIMIT", "2900")
        assert (stop["quantity"], stop["limit_price"]) == ("1.995", "2784")
        (trade,) = daemon.get("/v1/trades")
        assert (trade["commission"], trade["commission_currency"]) == ("0.005", "ETH")
        wait_until(lambda: daemon.get("/health")["status"] == "connected", "the streams")
        double.do(lambda fake: fake.set_quote("ETH/USD", "3310", "3311"))
        wait_until(lambda: double.do(lambda fake: fake.positions) == {}, "the take-profit")
        assert daemon.get("/v1/trading-state")["state"] == "ACTIVE"
        assert daemon.stop() == 0
    alerts = [line for line in daemon.lines if "UNPROTECTED" in json.dumps(line)]
    assert not alerts


def test_wrong_credentials_are_said_clearly(tmp_path: Path, double: Beside) -> None:
    with AlpacaDaemon(tmp_path, double) as daemon:
        pass
    daemon = AlpacaDaemon(tmp_path, double)
    daemon._environment["ALPACA_API_SECRET"] = "not-the-secret"
    with daemon:
        line = daemon.line(lambda line: "credentials" in json.dumps(line))
        assert "not-the-secret" not in json.dumps(line)
        assert not ready(daemon)
