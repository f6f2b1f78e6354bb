"""Nothing that a client can see depends on what has not happened yet."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tradegw.model.enums import Timeframe
from tradegw.model.market import BarQuery

from .stand import Client, Message, Stand

FORMS: dict[str, tuple[str, str]] = {
    "1d": (
        "timestamp,open,high,low,close,volume\n",
        "2024-01-{day:02},{open},{high},{low},{close},{volume}\n",
    ),
    "quotes": ("timestamp,bid,ask,bid_size,ask_size\n", "2024-01-{day:02},{low},{open},5,5\n"),
    "trades": ("timestamp,price,size\n", "2024-01-{day:02},{open},{volume}\n"),
}
DAYS, CUT = 12, 7


def rows(kind: str, *, garbage: bool) -> str:
    """Prices of some days; those after the cut are nonsense, if wanted."""
    head, row = FORMS[kind]
    text = head
    for day in range(1, DAYS + 1):
        base = 100 + (day * 37) % 11
        if garbage and day > CUT:
            base = 7000 + day
        text += row.format(
            day=day, open=base, high=base + 4, low=base - 4, close=base + 1, volume=1000 + base
        )
    return text


def seen(folder: Path, kind: str, *, garbage: bool) -> list[tuple[str, Any]]:
    """All that a curious client hears and is answered, each with the simulated time of it."""
    folder.mkdir()
    (folder / "x.csv").write_text(rows(kind, garbage=garbage))
    notes: list[tuple[str, Any]] = []

    def handle(client: Client, message: Message) -> None:
        if message["type"] == "backtest_complete":
            return
        stand = client.stand
        now = f"{stand.broker.time.now():%d %H:%M:%S.%f}"
        notes.append((now, message))
        if message["type"] not in ("candle", "quote"):
            return
        reads = stand.core.reads
        for timeframe in (Timeframe.D1, Timeframe.W1):
            queries = (
                BarQuery(timeframe=timeframe),
                BarQuery(timeframe=timeframe, limit=10_000),
                BarQuery(timeframe=timeframe, end=stand.own.data.end),
                BarQuery(timeframe=timeframe, start=stand.own.data.begin, end=stand.own.data.end),
            )
            notes.extend((now, stand.asked(partial(reads.bars, "X", query))) for query in queries)
        notes.append((now, stand.asked(lambda: reads.quote("X"))))
        notes.append((now, stand.asked(reads.account)))
        notes.append((now, stand.asked(lambda: reads.positions(None))))
        if client.candles % 2 == 0:
            quantity = "2" if client.candles % 4 else "1"
            side = "BUY" if client.candles % 3 else "SELL"
            stand.submit(side=side, quantity=quantity)

    wanted = '[{"platform":"backtest","instrument":"*","events":["*","candle_1d","quote"]}]'
    stand = Stand(folder, None, BACKTEST_DATA=f"X@{kind}={folder / 'x.csv'}", SUBSCRIPTIONS=wanted)
    stand.run(handle)
    return notes


@pytest.mark.parametrize("kind", list(FORMS))
def test_what_comes_after_changes_nothing_before(tmp_path: Path, kind: str) -> None:
    until = f"{CUT + 1:02} 00:00:00.000000"

    real = seen(tmp_path / "real", kind, garbage=False)
    fake = seen(tmp_path / "fake", kind, garbage=True)
    early_real = [repr(note) for note in real if note[0] < until]
    early_fake = [repr(note) for note in fake if note[0] < until]
    assert early_real == early_fake
    assert len(early_real) > 30
    assert [repr(note) for note in real] != [repr(note) for note in fake]


def test_bars_end_with_the_candle_that_is_handled(tmp_path: Path) -> None:
    newest: list[tuple[str, str]] = []

    def handle(client: Client, message: Message) -> None:
        if message["type"] == "candle":
            reads = client.stand.core.reads
            found = client.stand.asked(
                lambda: reads.bars("X", BarQuery(timeframe=Timeframe.D1, limit=5))
            )
            newest.append((message["bar"]["timestamp"][:10], f"{found[-1].timestamp:%Y-%m-%d}"))
            assert len(found) == client.candles + 1

    Stand(tmp_path).run(handle)
    assert len(newest) == 4
    assert all(told == read for told, read in newest)


def test_what_is_before_the_start_can_be_read_and_is_not_replayed(tmp_path: Path) -> None:
    stand = Stand(tmp_path, BACKTEST_START="2024-01-03")
    found = stand.asked(lambda: stand.core.reads.bars("X", BarQuery(timeframe=Timeframe.D1)))
    assert [f"{bar.timestamp:%d}" for bar in found] == ["01", "02"]
    quote = stand.asked(lambda: stand.core.reads.quote("X"))
    assert str(quote.last) == "108"
    client = stand.run()
    assert [m["bar"]["timestamp"][8:10] for m in client.told("candle")] == ["03", "04"]


def test_a_strategy_that_knows_the_next_bar_gets_no_better_price_than_its_open(
    tmp_path: Path,
) -> None:
    stand = Stand(tmp_path)

    def handle(client: Client, message: Message) -> None:
        if message["type"] == "candle" and client.candles == 0:  # the next one rises to 110
            client.stand.submit(order_type="LIMIT", limit_price="109.9")

    stand.run(handle)
    assert [str(price) for price, _, _ in stand.fills()] == ["103"]
