"""The small parts: symbols, hours, ticks, candles, limits, what coins cost."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradegw.brokers.alpaca import instruments as instruments_module
from tradegw.brokers.alpaca import ticks, wire
from tradegw.brokers.alpaca.coins import shares
from tradegw.brokers.alpaca.data_stream import Wish
from tradegw.brokers.alpaca.hours import SLACK, Hours
from tradegw.brokers.alpaca.instruments import Instruments
from tradegw.brokers.alpaca.limits import reader
from tradegw.brokers.alpaca.prices import middle, quote_from
from tradegw.brokers.alpaca.symbols import Symbols, plain, position_id
from tradegw.brokers.alpaca.wanted import Wanted
from tradegw.brokers.call import Reply
from tradegw.model.account import Trade
from tradegw.model.enums import Platform, Side, Timeframe
from tradegw.model.subscription import Subscription

from .stand import MORNING

BTC = wire.Asset(
    id="1",
    symbol="BTC/USD",
    class_="crypto",
    min_trade_increment=Decimal("1E-9"),
    price_increment=Decimal("0.01"),
)
AAPL = wire.Asset(id="2", symbol="AAPL", class_="us_equity", fractionable=True)
OCGN = wire.Asset(id="3", symbol="OCGN", class_="us_equity", fractionable=False)


def test_both_spellings_of_a_pair_are_one_symbol() -> None:
    symbols = Symbols()
    assert symbols.shown("BTCUSD") == "BTCUSD"
    assert symbols.is_crypto("BTC/USD")
    symbols.learn([BTC, AAPL])
    assert symbols.shown("BTCUSD") == symbols.shown("BTC/USD") == "BTC/USD"
    assert symbols.is_crypto("BTCUSD")
    assert not symbols.is_crypto("AAPL")
    assert symbols.is_crypto("AAPL", "crypto")
    assert (plain("BTC/USD"), position_id("BTC/USD")) == ("BTCUSD", "BTCUSD_position")


def test_pairs_are_not_forgotten_for_stocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are asked for once, at the start; stocks again whenever they are ordered."""
    monkeypatch.setattr(instruments_module, "REMEMBERED", 2)
    instruments = Instruments(Symbols())
    instruments.learn(BTC)
    instruments.learn(OCGN)
    instruments.learn(AAPL)
    known = [each.symbol for each in (BTC, OCGN, AAPL) if instruments.asset(each.symbol)]
    assert known == ["BTC/USD", "AAPL"]


def test_instruments_are_known_once_they_were_told() -> None:
    instruments = Instruments(Symbols())
    assert instruments.instrument("AAPL") is None
    instruments.learn(BTC, AAPL, OCGN)
    found = [instruments.instrument(each.symbol) for each in (BTC, AAPL, OCGN)]
    steps = [(each.quantity_step, each.price_step) for each in found if each is not None]
    nine, cent = Decimal("1E-9"), Decimal("0.01")
    assert steps == [(nine, cent), (nine, cent), (Decimal(1), cent)]
    assert all(each is not None and each.one_exit for each in found)
    instruments.saw("OCGN", Decimal("0.98"))
    cheap = instruments.instrument("OCGN")
    assert cheap is not None
    assert cheap.price_step == Decimal("0.0001")


def clock(*, is_open: bool, next_open: str, next_close: str) -> Hours:
    return Hours.of(
        wire.Clock(
            timestamp="2026-03-02T10:41:07.402118377-05:00",
            is_open=is_open,
            next_open=next_open,
            next_close=next_close,
        )
    )


def test_an_open_market_is_open_until_it_closes_and_then_nothing_is_claimed() -> None:
    hours = clock(
        is_open=True,
        next_open="2026-03-03T09:30:00-05:00",
        next_close="2026-03-02T16:00:00-05:00",
    )
    assert hours.is_open_at(MORNING)
    assert not hours.is_open_at(MORNING + timedelta(hours=6))
    assert not hours.is_open_at(MORNING + timedelta(days=1))
    assert hours.holds_until() == MORNING.replace(hour=21, minute=0)


def test_a_closed_market_opens_a_moment_after_its_opening() -> None:
    hours = clock(
        is_open=False,
        next_open="2026-03-03T09:30:00-05:00",
        next_close="2026-03-03T16:00:00-05:00",
    )
    opening = (MORNING + timedelta(days=1)).replace(hour=14, minute=30)
    assert not hours.is_open_at(MORNING)
    assert not hours.is_open_at(opening)
    assert hours.is_open_at(opening + SLACK)
    assert not hours.is_open_at(opening + timedelta(hours=7))


def test_frames_of_prices() -> None:
    frame = (
        b'[{"T":"q","S":"MSFT","bx":"V","bp":411.08,"bs":100,"ax":"V","ap":411.2,"as":300,'
        b'"c":["R"],"z":"C","t":"2026-03-02T15:41:07.190331904Z"},'
        b'{"T":"t","S":"MSFT","i":9120,"x":"V","p":411.15,"s":40,"t":"2026-03-02T15:41:07Z"},'
        b'{"T":"b","S":"ETH/USD","t":"2026-03-02T15:41:00Z","o":1,"h":2,"l":0.5,"c":1.5,"v":0}]'
    )
    quote, unused, bar = ticks.read(frame)
    assert isinstance(quote, ticks.Quote)
    assert (quote.bp, quote.ap) == (Decimal("411.08"), Decimal("411.2"))
    assert type(unused) not in (ticks.Quote, ticks.Bar)
    assert isinstance(bar, ticks.Bar)
    assert bar.l == Decimal("0.5")


def test_a_message_that_cannot_be_read_spoils_no_other() -> None:
    frame = (
        b'[{"T":"q","S":"A","t":"2026-03-02T15:41:07Z","bp":"x"},{"T":"brand-new"},{"no":"T"},'
        b'{"T":"q","S":"B","t":"2026-03-02T15:41:07Z","bp":1,"ap":2}]'
    )
    assert [each.S for each in ticks.read(frame) if isinstance(each, ticks.Quote)] == ["B"]


@pytest.mark.parametrize("frame", [b"", b"{}", b"nonsense", b"\xff", b'"text"'])
def test_what_is_no_frame_is_an_error(frame: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        ticks.read(frame)


def test_the_middle_of_one_side_is_that_side() -> None:
    assert middle(Decimal(2), Decimal(4)) == Decimal(3)
    assert middle(Decimal(0), Decimal(4)) == Decimal(4)
    with pytest.raises(ValueError, match="no price"):
        quote_from("X", wire.Snapshot(latest_quote=wire.Quote(t="2026-03-02T15:41:07Z")))


def test_a_wish_is_of_what_is_named_on_either_stream() -> None:
    paper = Platform.ALPACA_PAPER
    symbols = Symbols()
    wanted = Wanted(
        [
            Subscription(paper, "AAPL", ("quote", "candle_5m")),
            Subscription(paper, "ETH/USD", ("candles.1h",)),
            Subscription(paper, "*", ("order_update",)),
            Subscription(paper, "MSFT", ("trade_update",)),
        ],
        symbols.shown,
    )
    assert wanted.wish(crypto=False, is_crypto=symbols.is_crypto) == Wish(("AAPL",), ("AAPL",))
    assert wanted.wish(crypto=True, is_crypto=symbols.is_crypto) == Wish((), ("ETH/USD",))
    assert wanted.frames("AAPL") == (Timeframe.M5,)
    every = Wanted([Subscription(paper, "*", ("*",))], symbols.shown)
    assert every.wish(crypto=False, is_crypto=symbols.is_crypto) == Wish(("*",), ("*",))
    assert every.wish(crypto=True, is_crypto=symbols.is_crypto).symbols == ()
    assert every.frames("ANY") == (Timeframe.M1,)


# -- limits


def test_what_answers_tell_of_limits() -> None:
    reset = str(int(MORNING.timestamp()) + 20)
    headers = {
        "x-ratelimit-limit": "200",
        "x-ratelimit-remaining": "17",
        "x-ratelimit-reset": reset,
    }
    told = reader("trading", lambda: MORNING)(Reply(status=200, headers=headers, body=b""))
    (reading,) = told.readings
    assert (reading.limit, reading.left, reading.capacity) == ("trading", 17, 200)
    assert (reading.resets_in, told.pause) == (21.0, 0.0)


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"x-ratelimit-reset": str(int(MORNING.timestamp()) + 9)}, 10.0),
        ({"retry-after": "4"}, 4.0),
        ({}, 3.0),
        ({"x-ratelimit-reset": "99999999999", "retry-after": "x"}, 3.0),
    ],
)
def test_a_429_is_a_pause(headers: dict[str, str], pause: float) -> None:
    read = reader("data", lambda: MORNING)
    assert read(Reply(status=429, headers=headers, body=b"")).pause == pause


# -- what coins cost


def trade(name: str, quantity: Decimal, side: Side = Side.BUY) -> Trade:
    return Trade(
        id=name,
        order_id="o",
        symbol="BTC/USD",
        side=side,
        quantity=quantity,
        price=Decimal(1),
        commission=Decimal(0),
        commission_currency="",
        timestamp=datetime.fromtimestamp(0, MORNING.tzinfo),
    )


quantities = st.decimals(min_value="0.000000001", max_value=1000, places=9)


@given(st.lists(quantities, min_size=1, max_size=6), st.integers(0, 10**9))
def test_a_fee_is_shared_out_to_the_last_digit(bought: list[Decimal], billionths: int) -> None:
    trades = [trade(str(number), quantity) for number, quantity in enumerate(bought)]
    fee = (sum(bought, Decimal(0)) * billionths).scaleb(-11).quantize(Decimal("1E-9"))
    own = shares([*trades, trade("sale", Decimal(5), Side.SELL)], fee)
    assert sum(own.values()) == fee
    assert all(value >= 0 for value in own.values())
    assert own["sale"] == 0


@given(st.lists(quantities, min_size=1, max_size=6))
def test_the_usual_fee_is_a_quarter_of_a_percent_rounded_up(bought: list[Decimal]) -> None:
    trades = [trade(str(number), quantity) for number, quantity in enumerate(bought)]
    for each in trades:
        fee = shares(trades, None)[each.id]
        exact = each.quantity * Decimal("0.0025")
        assert 0 <= fee - exact < Decimal("1E-9")
