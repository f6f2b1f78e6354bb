"""Scripted strategies over real tapes; what they earn is computed once more, from the files alone.

The second computation knows nothing of the simulator: it reads the CSV and applies the rules in
their own words.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import pytest

from tests.brokers.mock.stand import BUY, REAL, SELL, Stand, done, real
from tradegw.model.account import TradeQuery
from tradegw.model.enums import Side, Timeframe
from tradegw.model.events import CandleEvent, Event, QuoteEvent
from tradegw.model.market import BarQuery

CASH = Decimal(100_000)
TEN = Decimal(10)
PER_UNIT = Decimal("0.005")


def rows(name: str) -> Iterator[dict[str, str]]:
    with (REAL / name).open(newline="") as lines:
        yield from csv.DictReader(lines)


def stamp(row: dict[str, str]) -> datetime:
    return datetime.fromisoformat(row["timestamp"])


@pytest.mark.parametrize("name", ["IBM.1m.csv", "SPY.1m.csv"])
def test_market_orders_fill_at_the_opens_that_follow(name: str) -> None:
    """Every 20 candles a purchase of 10, ten candles later their sale; half a cent each."""
    symbol = name.split(".", maxsplit=1)[0]
    count = 0

    def react(event: Event) -> None:
        nonlocal count
        if isinstance(event, CandleEvent):
            if count % 20 == 5:
                stand.send(BUY, TEN, symbol=symbol)
            elif count % 20 == 15:
                stand.send(SELL, TEN, symbol=symbol)
            count += 1

    stand = Stand(
        MOCK_TAPE=real(name),
        MOCK_TAPE_SPEED="1000000",
        MOCK_COMMISSION="0.005/unit",
        react=react,
    )
    stand.play_out()

    balance, fills, side = CASH, [], Side.BUY
    for number, row in enumerate(rows(name)):
        if number and (number - 1) % 20 in (5, 15):
            price = Decimal(row["open"])
            balance -= side.sign * TEN * price + TEN * PER_UNIT
            fills.append((stamp(row), price))
            side = side.opposite
    trades = done(stand.broker.trades(TradeQuery()))
    assert len(trades) > 200
    assert [(trade.timestamp, trade.price) for trade in trades] == fills
    account = done(stand.broker.account())
    assert account.balance == balance
    assert account.equity == balance
    assert count == sum(1 for _ in rows(name))


def bracket(close: Decimal) -> tuple[Decimal, Decimal]:
    """Stop-loss and take-profit 0.2 % around the close that was seen."""
    width = (close * Decimal("0.002")).quantize(Decimal("0.01"))
    return close - width, close + width


def first_hit(row: dict[str, str], stop: Decimal, target: Decimal) -> Decimal | None:
    """The exit price of a long position in one bar: at its open, then the nearer extreme first.

    A position that was opened at the open makes no difference: its exits rest from there on.
    """
    opened, high, low = (Decimal(row[name]) for name in ("open", "high", "low"))
    if opened <= stop or opened >= target:
        return opened
    stop_is_hit, target_is_hit = low <= stop, high >= target
    if stop_is_hit and target_is_hit:
        return target if high - opened < opened - low else stop
    return stop if stop_is_hit else target if target_is_hit else None


def test_brackets_earn_what_the_file_says() -> None:
    """When flat, every 7th candle an entry with exits; entry and exit may be in one bar."""
    name, symbol = "IBM.1m.csv", "IBM"
    count = 0

    def react(event: Event) -> None:
        nonlocal count
        if isinstance(event, CandleEvent):
            if count % 7 == 3 and not done(stand.broker.positions()):
                stop, target = bracket(event.bar.close)
                stand.send(BUY, TEN, symbol=symbol, stop_loss=stop, take_profit=target)
            count += 1

    stand = Stand(
        MOCK_TAPE=real(name),
        MOCK_TAPE_SPEED="1000000",
        MOCK_NATIVE_BRACKETS="true",
        react=react,
    )
    stand.play_out()

    balance, prices = CASH, []
    exits: tuple[Decimal, Decimal] | None = None
    is_held = False
    for number, row in enumerate(rows(name)):
        if exits is not None and not is_held:
            is_held = True
            price = Decimal(row["open"])
            balance -= TEN * price
            prices.append(price)
        if is_held and exits is not None:
            left = first_hit(row, *exits)
            if left is not None:
                balance += TEN * left
                prices.append(left)
                is_held, exits = False, None
        if number % 7 == 3 and not is_held:
            exits = bracket(Decimal(row["close"]))
    trades = done(stand.broker.trades(TradeQuery()))
    assert [trade.price for trade in trades] == prices
    assert len(prices) > 40
    held = done(stand.broker.positions())
    worth = sum(p.quantity * p.current_price for p in held)
    assert done(stand.broker.account()).equity == balance + worth


def test_quotes_are_bought_at_the_ask_and_sold_at_the_bid() -> None:
    """Every 500 quotes a purchase and, 250 later, a sale: at the quote that follows."""
    name, symbol = "EURUSD.quotes.csv", "EURUSD"
    count = 0

    def react(event: Event) -> None:
        nonlocal count
        if isinstance(event, QuoteEvent):
            if count % 500 == 100:
                stand.send(BUY, 1000, symbol=symbol)
            elif count % 500 == 350:
                stand.send(SELL, 1000, symbol=symbol)
            count += 1

    stand = Stand(MOCK_TAPE=real(name), MOCK_TAPE_SPEED="1000000", react=react)
    stand.play_out()

    expected = []
    for number, row in enumerate(rows(name)):
        bid, ask = sorted((Decimal(row["bid"]), Decimal(row["ask"])))
        if number and (number - 1) % 500 == 100:
            expected.append((stamp(row), ask))
        elif number and (number - 1) % 500 == 350:
            expected.append((stamp(row), bid))
    trades = done(stand.broker.trades(TradeQuery()))
    assert [(trade.timestamp, trade.price) for trade in trades] == expected
    flows = sum((price if n % 2 else -price for n, (_, price) in enumerate(expected)), Decimal(0))
    held = done(stand.broker.positions())
    worth = sum(p.quantity * p.current_price for p in held)
    assert done(stand.broker.account()).equity == CASH + 1000 * flows + worth


def test_trades_make_the_candles_that_a_spreadsheet_would_make() -> None:
    name = "IBM.trades.csv"
    stand = Stand(MOCK_TAPE=real(name), MOCK_TAPE_SPEED="1000000")
    stand.play_out()
    minutes: dict[datetime, list[tuple[Decimal, Decimal]]] = {}
    for row in rows(name):
        minute = stamp(row).replace(second=0, microsecond=0)
        minutes.setdefault(minute, []).append((Decimal(row["price"]), Decimal(row["size"])))
    expected = [
        (
            minute,
            prints[0][0],
            max(price for price, _ in prints),
            min(price for price, _ in prints),
            prints[-1][0],
            sum(size for _, size in prints),
        )
        for minute, prints in minutes.items()
    ]
    candles = [
        (bar.timestamp, bar.open, bar.high, bar.low, bar.close, bar.volume)
        for bar in stand.candles("IBM")
    ]
    # The first minute did not begin with a print, the last one has no end on the tape.
    assert candles == expected[1:-1]


def test_several_tapes_are_one_market_in_the_order_of_time() -> None:
    """Bars, both-sided bars, quotes and trades together: all is told, and time never goes back."""
    names = ("IBM.1m.csv", "SPY.1m.csv", "EURUSD.1m.bidask.csv", "EURUSD.quotes.csv")
    stand = Stand(MOCK_TAPE=real(*names), MOCK_TAPE_SPEED="1000000")
    stand.play_out()
    assert len(stand.candles("IBM")) == 2338
    assert len(stand.candles("SPY")) == 2340
    assert len(stand.candles("EURUSD")) == 4341
    assert len(stand.quotes("EURUSD")) == 17_428
    times = [e.quote.timestamp if isinstance(e, QuoteEvent) else None for e in stand.events]
    seen = [time for time in times if time is not None]
    assert seen == sorted(seen)
    hours = done(stand.broker.bars("IBM", BarQuery(timeframe=Timeframe.H1, limit=10_000)))
    assert hours[0].timestamp.hour == 14
    assert {bar.timestamp.minute for bar in hours} == {0}
