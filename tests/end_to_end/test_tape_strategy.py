"""The main job on real input: ``examples/sma_cross.py`` trades over recorded bars and quotes.

What it earned is computed once more here, from the file alone: for every entry the price at which
it had to be filled, where its stop-loss or take-profit was hit first, and what that makes in money.
Nothing of tradegw is used for it.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from .daemon import Daemon, clean_environment

ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared" / "data" / "real"
CASH = Decimal(100_000)
PER_UNIT = Decimal("0.005")


class Step(NamedTuple):
    """Where the market got to, and whether it moved there or jumped."""

    time: datetime
    bid: Decimal
    ask: Decimal
    jumped: bool


def rows(name: str) -> Iterator[dict[str, str]]:
    path = REAL / name
    if not path.exists():
        pytest.skip(f"the recorded data are not here: shared/data/real/{name}")
    with path.open(newline="") as lines:
        yield from csv.DictReader(lines)


def steps_of_bars(name: str) -> list[Step]:
    """Open, the nearer extreme, the other one, close: a third of a minute apart."""
    steps = []
    for row in rows(name):
        start = datetime.fromisoformat(row["timestamp"])
        o, h, low, c = (Decimal(row[key]) for key in ("open", "high", "low", "close"))
        extremes = (h, low) if h - o < o - low else (low, h)
        for number, price in enumerate((o, *extremes, c)):
            at = start + number * timedelta(seconds=20)
            steps.append(Step(at, price, price, jumped=number == 0))
    return steps


def steps_of_quotes(name: str) -> list[Step]:
    """Every quote is a jump; crossed ones are put right."""
    steps = []
    for row in rows(name):
        bid, ask = sorted((Decimal(row["bid"]), Decimal(row["ask"])))
        steps.append(Step(datetime.fromisoformat(row["timestamp"]), bid, ask, jumped=True))
    return steps


def first_exit(
    steps: list[Step], entered: int, stop: Decimal, profit: Decimal
) -> tuple[int, Decimal] | None:
    """The step in which a long position entered at step *entered* is closed, and the price.

    The exits rest from the entry's fill on, so one that is beyond its price by then trades at once.
    """
    if not stop < steps[entered].bid < profit:
        return entered, steps[entered].bid
    for number in range(entered + 1, len(steps)):
        step, before = steps[number], steps[number - 1]
        if step.jumped:
            if step.bid <= stop or step.bid >= profit:
                return number, step.bid
        elif step.bid <= stop < before.bid:
            return number, stop
        elif step.bid >= profit > before.bid:
            return number, profit
    return None


def entry_step(steps: list[Step], trade: Any) -> int:
    """The latest step up to the trade that had its price."""
    time, price = datetime.fromisoformat(trade["timestamp"]), Decimal(trade["price"])
    found = [n for n, step in enumerate(steps) if step.time <= time and step.ask == price]
    assert found, f"no such price up to then: {trade}"
    assert time - steps[found[-1]].time <= timedelta(seconds=60)
    return found[-1]


@contextmanager
def strategy(daemon: Daemon, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """The example, unchanged, in a process of its own."""
    running = subprocess.Popen(
        [sys.executable, str(ROOT / "examples" / "sma_cross.py")],
        env=clean_environment(TRADING_GATEWAY_URL=daemon.url, PYTHONUNBUFFERED="1", **settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def play(tmp_path: Path, tape: str, speed: str, subscriptions: str, **settings: str) -> Any:
    """Run the tape to its end under the strategy; trades, orders by id, and the account."""
    with (
        Daemon(
            tmp_path,
            MOCK_TAPE=str(REAL / tape),
            MOCK_TAPE_SPEED=speed,
            MOCK_COMMISSION=f"{PER_UNIT}/unit",
            SUBSCRIPTIONS=subscriptions,
        ) as daemon,
        strategy(daemon, **settings),
    ):
        daemon.line(lambda line: "tapes have ended" in str(line), patience=90)
        orders = daemon.get("/v1/orders/history") + daemon.get("/v1/orders")
        return (
            list(reversed(daemon.get("/v1/trades"))),
            {order["id"]: order for order in orders},
            daemon.get("/v1/account"),
            [line for line in daemon.lines if line.get("level") in ("error", "critical")],
        )


CASES = {
    "bars": (
        steps_of_bars,
        "SPY.1m.csv",
        "8000",
        [{"platform": "mock", "instrument": "SPY", "events": ["candle_1m", "order_update"]}],
        {"SYMBOL": "SPY", "QUANTITY": "100", "FAST": "3", "SLOW": "10", "RISK": "0.0008"},
    ),
    "quotes": (
        steps_of_quotes,
        "EURUSD.quotes.csv",
        "1500",
        [{"platform": "mock", "instrument": "EURUSD", "events": ["candle_1m", "order_update"]}],
        {"SYMBOL": "EURUSD", "QUANTITY": "10000", "FAST": "2", "SLOW": "6", "RISK": "0.00012"},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_strategy_earns_what_the_file_says(case: str, tmp_path: Path) -> None:
    """Each entry, each exit and the balance equal a recomputation from the recorded prices."""
    read, tape, speed, subscriptions, settings = CASES[case]
    steps = read(tape)
    trades, orders, account, errors = play(
        tmp_path, tape, speed, json.dumps(subscriptions), **settings
    )
    assert errors == []
    quantity = Decimal(settings["QUANTITY"])
    balance, hits = CASH, {"STOP": 0, "LIMIT": 0}
    entries = [trade for trade in trades if trade["side"] == "BUY"]
    exits = iter([trade for trade in trades if trade["side"] == "SELL"])
    for trade in entries:
        assert Decimal(trade["quantity"]) == quantity
        order = orders[trade["order_id"]]
        entered = entry_step(steps, trade)
        balance -= PER_UNIT * quantity
        expected = first_exit(
            steps, entered, Decimal(order["stop_loss"]), Decimal(order["take_profit"])
        )
        if expected is None:
            assert trade is entries[-1], "only the last position may be open at the end"
            assert next(exits, None) is None
            break
        number, price = expected
        left = next(exits)
        assert orders[left["order_id"]]["parent_order_id"] == order["id"]
        assert Decimal(left["price"]) == price
        at = datetime.fromisoformat(left["timestamp"])
        assert steps[max(entered, number - 1)].time <= at <= steps[number].time
        hits[orders[left["order_id"]]["order_type"]] += 1
        balance += (price - Decimal(trade["price"])) * quantity - PER_UNIT * quantity
    assert len(entries) >= 5, "too few trades to show anything"
    assert min(hits.values()) >= 1, f"both kinds of exits must have been hit: {hits}"
    assert Decimal(account["balance"]) == balance
