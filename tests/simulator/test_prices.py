"""Where prices come from and how they move: ticks, paths through bars, walks, invented history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulator.floor import BUY, SELL, START, shown, steady
from tradegw.model.enums import AssetClass, Timeframe
from tradegw.simulator.instruments import Instrument, seeded
from tradegw.simulator.move import Move
from tradegw.simulator.past import DEPTH, invented_bars
from tradegw.simulator.paths import Path, PriceBar, Prices, bar_ticks
from tradegw.simulator.ticks import Tick, quoted, traded
from tradegw.simulator.walk import Walk

D = Decimal


def prices(text: str) -> Prices:
    return Prices(*(Decimal(price) for price in text.split("/")))


def test_a_crossed_quote_is_uncrossed_with_its_sizes() -> None:
    tick = quoted("X", START, D(11), D(10), D(1), D(2))
    assert shown(tick.bid, tick.ask, tick.last) == [10, 11, D("10.5")]
    assert shown(tick.bid_size, tick.ask_size) == [2, 1]


def test_a_trade_is_both_sides_at_its_price() -> None:
    tick = traded("X", START, D(10), D(5))
    assert shown(tick.bid, tick.ask, tick.last, tick.volume) == [10, 10, 10, 5]


@pytest.mark.parametrize(
    ("bar", "path", "lasts"),
    [
        ("100/105/95/102", Path.HIGH_FIRST, [100, 105, 95, 102]),
        ("100/105/95/102", Path.LOW_FIRST, [100, 95, 105, 102]),
        ("100/103/95/102", Path.NEAREST, [100, 103, 95, 102]),
        ("100/105/98/102", Path.NEAREST, [100, 98, 105, 102]),
        ("100/105/95/102", Path.NEAREST, [100, 95, 105, 102]),
    ],
)
def test_a_bar_opens_with_a_jump_and_moves_through_its_corners_in_thirds(
    bar: str, path: Path, lasts: list[int]
) -> None:
    side = prices(bar)
    ticks = bar_ticks("X", PriceBar(START, side, side, D(7)), Timeframe.M1, path)
    assert [tick.last for tick in ticks] == lasts
    assert [(tick.time - START).seconds for tick in ticks] == [0, 20, 40, 60]
    assert [tick.continuous for tick in ticks] == [False, True, True, True]
    assert {tick.volume for tick in ticks} == {D(7)}


def test_both_sides_of_a_bar_walk_in_step_and_are_uncrossed() -> None:
    bid, ask = prices("10/12/8/11"), prices("9.8/12.2/8.2/11.4")
    ticks = bar_ticks("X", PriceBar(START, bid, ask), Timeframe.M1, Path.LOW_FIRST)
    assert [(tick.bid, tick.ask) for tick in ticks] == [
        (D("9.8"), D(10)),
        (D(8), D("8.2")),
        (D(12), D("12.2")),
        (D(11), D("11.4")),
    ]
    assert [tick.last for tick in ticks] == [D("9.9"), D("8.1"), D("12.1"), D("11.2")]
    assert PriceBar(START, bid, ask).middle == prices("9.9/12.1/8.1/11.2")


class TestMove:
    def move(self) -> Move:
        end = Tick("X", START + timedelta(seconds=10), D(20), D(22), D(21))
        return Move(D(10), D(11), START, end)

    def test_both_sides_move_in_step_with_the_time(self) -> None:
        move = self.move()
        move.go(SELL, D(15))
        assert shown(move.bid, move.ask) == [15, D("16.5")]
        assert move.time == START + timedelta(seconds=5)
        assert shown(move.here(BUY), move.end(SELL)) == [D("16.5"), 20]

    def test_it_never_goes_back(self) -> None:
        move = self.move()
        move.go(SELL, D(15))
        move.go(BUY, D(12))
        assert shown(move.bid, move.ask) == [15, D("16.5")]

    def test_times_are_rounded_down_to_the_millisecond(self) -> None:
        move = self.move()
        move.go(SELL, D("13.3333333"))
        assert move.time == START + timedelta(milliseconds=3333)

    def test_a_constant_spread_stays_exact(self) -> None:
        end = Tick("X", START + timedelta(seconds=9), D("1.00007"), D("1.00010"), D(1))
        move = Move(D("1.00000"), D("1.00003"), START, end)
        move.go(BUY, D("1.00004"))
        assert move.bid == D("1.00001")

    @given(st.lists(st.decimals(10, 20, places=3), max_size=8))
    @steady
    def test_it_stays_between_its_ends(self, stops: list[Decimal]) -> None:
        move = self.move()
        before = move.travelled
        for price in stops:
            move.go(SELL, price)
            assert D(10) <= move.bid <= D(20)
            assert D(11) <= move.ask <= D(22)
            assert START <= move.time <= START + timedelta(seconds=10)
            assert before <= move.travelled <= 1
            before = move.travelled


class TestSeeds:
    @pytest.mark.parametrize(
        ("symbol", "start", "asset_class"),
        [
            ("AAPL", 150, AssetClass.STOCK),
            ("aapl", 150, AssetClass.STOCK),
            ("MSFT", 400, AssetClass.STOCK),
            ("GOOG", 170, AssetClass.STOCK),
            ("GOOGL", 170, AssetClass.STOCK),
            ("AMZN", 180, AssetClass.STOCK),
            ("TSLA", 250, AssetClass.STOCK),
            ("NVDA", 800, AssetClass.STOCK),
            ("BTCUSD", 50_000, AssetClass.CRYPTO),
            ("btc/usd", 50_000, AssetClass.CRYPTO),
            ("ETHUSD", 3000, AssetClass.CRYPTO),
            ("EURUSD", "1.08", AssetClass.FOREX),
            ("EUR/USD", "1.08", AssetClass.FOREX),
            ("GBPUSD", "1.27", AssetClass.FOREX),
            ("USDJPY", 150, AssetClass.FOREX),
            ("USD/JPY", 150, AssetClass.FOREX),
            ("ANYTHING", 100, AssetClass.STOCK),
            ("AAP/L", 100, AssetClass.STOCK),
        ],
    )
    def test_known_symbols_have_their_price_and_all_others_100(
        self, symbol: str, start: object, asset_class: AssetClass
    ) -> None:
        instrument = seeded(symbol)
        assert instrument.start == D(str(start))
        assert instrument.asset_class is asset_class
        assert instrument.symbol == symbol


def walked(symbol: str, seed: int, count: int) -> list[Tick]:
    walk = Walk(seeded(symbol), seed)
    return [walk.next(START) for _ in range(count)]


class TestWalk:
    def test_it_begins_at_the_seed_price(self) -> None:
        (first,) = walked("EURUSD", 1, 1)
        assert shown(first.last, first.bid, first.ask) == [D("1.08"), D("1.07"), D("1.09")]
        assert shown(first.bid_size, first.ask_size, first.volume) == [100, 100, 50_000]

    @pytest.mark.parametrize("symbol", ["AAPL", "EURUSD", "USDJPY", "BTCUSD", "OTHER"])
    def test_steps_spread_and_decimals(self, symbol: str) -> None:
        """0.1 % at most (and the rounding of what is shown), bid below ask, short decimals."""
        ticks = walked(symbol, 7, 2000)
        step = D(1).scaleb(-seeded(symbol).places)
        for before, tick in pairwise(ticks):
            assert abs(tick.last - before.last) <= before.last / 1000 + step
            half = max(D("0.01"), tick.last / 10_000)
            assert abs(tick.ask - tick.last - half) < step
            assert abs(tick.last - tick.bid - half) < step
            assert tick.last % step == 0
        assert len({tick.last for tick in ticks}) > 50

    def test_the_same_seed_and_symbol_give_the_same_prices_whatever_else_walks(self) -> None:
        assert walked("AAPL", 3, 50) == walked("AAPL", 3, 50)
        assert walked("AAPL", 3, 50) != walked("AAPL", 4, 50)
        ratios = [
            [t.last / ticks[0].last for t in ticks]
            for ticks in (walked("AAPL", 3, 50), walked("MSFT", 3, 50))
        ]
        assert ratios[0] != ratios[1]

    def test_it_stops_falling_at_a_cent_and_comes_back(self) -> None:
        walk = Walk(Instrument(symbol="PENNY", start=D("0.012"), places=4), 1)
        ticks = [walk.next(START) for _ in range(100_000)]
        assert min(tick.last for tick in ticks) == D("0.01")
        assert all(0 < tick.bid < tick.ask for tick in ticks)
        assert ticks[-1].last != ticks[-5000].last or len({t.last for t in ticks[-5000:]}) > 1


class TestPast:
    END = datetime(2025, 1, 15, 10, tzinfo=UTC)

    @pytest.mark.parametrize("timeframe", Timeframe)
    def test_bars_join_each_other_and_the_walk(self, timeframe: Timeframe) -> None:
        bars = list(invented_bars(seeded("AAPL"), "mock", timeframe, self.END, 42))
        assert len(bars) == DEPTH
        assert bars[0].close == 150
        length = timedelta(seconds=timeframe.seconds)
        assert bars[0].timestamp == self.END - length
        for newer, older in pairwise(bars):
            assert older.close == newer.open
            assert older.timestamp == newer.timestamp - length
        for bar in bars:
            assert 0 < bar.low <= min(bar.open, bar.close)
            assert max(bar.open, bar.close) <= bar.high
            assert bar.volume > 0

    def test_they_depend_on_seed_symbol_and_timeframe_alone(self) -> None:
        def first(symbol: str, timeframe: Timeframe, seed: int) -> list[Decimal]:
            made = invented_bars(seeded(symbol), "mock", timeframe, self.END, seed)
            return [bar.open / bar.close for bar in islice(made, 20)]

        same = first("AAPL", Timeframe.M1, 1)
        assert same == first("AAPL", Timeframe.M1, 1)
        assert same != first("AAPL", Timeframe.M1, 2)
        assert same != first("AAPL", Timeframe.M2, 1)
        assert same != first("MSFT", Timeframe.M1, 1)

    def test_prices_of_long_ago_are_of_the_same_kind(self) -> None:
        for timeframe in (Timeframe.M1, Timeframe.D1, Timeframe.W1):
            made = list(invented_bars(seeded("AAPL"), "mock", timeframe, self.END, 42))
            assert min(bar.low for bar in made) > 15
            assert max(bar.high for bar in made) < 1500
            mean = sum((bar.close for bar in made), D(0)) / len(made)
            assert 110 < mean < 190

    def test_even_a_price_of_a_cent_has_a_past(self) -> None:
        penny = Instrument(symbol="PENNY", start=D("0.01"), places=2)
        for bar in islice(invented_bars(penny, "mock", Timeframe.W1, self.END, 1), 500):
            assert bar.low > 0


def test_a_third_of_an_hour_is_twenty_minutes() -> None:
    """The time of a price is reckoned without a quotient that goes on for ever."""
    hour = Tick("X", START + timedelta(hours=1), D(103), D(103), D(103))
    move = Move(D(100), D(100), START, hour)
    assert move.time_at(BUY, D(101)) == START + timedelta(minutes=20)
