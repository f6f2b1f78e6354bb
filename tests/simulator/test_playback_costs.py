"""What trading costs in a playback, and how much of it there is: slippage, spread, volume."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulator.floor import BUY, FOK, IOC, LIMIT, SELL, START, STOP, TRAILING, order, steady
from tests.simulator.player import Player, bar, bars
from tradegw.model.enums import OrderStatus, TrailingType
from tradegw.simulator.costs import Commission
from tradegw.simulator.instruments import Instrument
from tradegw.simulator.paths import Path, PriceBar
from tradegw.simulator.slippage import Slippage, drawn
from tradegw.simulator.spread import Quoted, Spread
from tradegw.simulator.ticks import quoted, traded

D = Decimal
B0, B1, B2 = "100/105/95/102", "103/110/99/108", "90/97/88/95"
LIMITED: dict[str, Any] = {"volume_limit": D("0.1")}
LOW = Path.LOW_FIRST


def prices(player: Player) -> list[str]:
    return [price for price, _ in player.fills]


class TestSlippage:
    @pytest.mark.parametrize(
        ("text", "bought", "sold"),
        [
            ("0", "103", "90"),
            ("10bps", "103.103", "89.91"),
            ("2ticks", "103.5", "89.5"),
            ("1tick", "103.25", "89.75"),
            ("0.02", "103.02", "89.98"),
            ("volshare:0.1", "103.00103", "89.9991"),
        ],
    )
    def test_each_form_is_against_us(self, text: str, bought: str, sold: str) -> None:
        instrument = Instrument(symbol="X", price_step=D("0.25"))
        player = Player(instrument=instrument, slippage=Slippage.parse(text))
        player.after(0, lambda p: p.send(BUY, 10))
        player.after(1, lambda p: p.send(SELL, 10, STOP, stop_price=98))
        player.play(bars(B0, B1, B2, volume=1000))
        assert prices(player) == [bought, sold]
        assert [note.slippage for note in player.notes] == [
            abs(D(bought) - 103),
            abs(D(sold) - 90),
        ]

    def test_is_not_on_limits(self) -> None:
        player = Player(slippage=Slippage.parse("50bps"))
        player.after(0, lambda p: p.send(BUY, 10, LIMIT, limit_price=104))
        player.after(0, lambda p: p.send(BUY, 10, LIMIT, limit_price=100))
        player.play(bars(B0, B1))
        assert prices(player) == ["103", "100"]

    def test_is_on_trailing_stops_and_beyond_the_bar(self) -> None:
        player = Player(slippage=Slippage.parse("9"), path=Path.HIGH_FIRST)
        player.after(0, lambda p: p.send(BUY, 10))
        trailing = {"trailing_distance": 5, "trailing_type": TrailingType.ABSOLUTE}
        player.after(0, lambda p: p.send(SELL, 10, TRAILING, reduce_only=True, **trailing))
        player.play(bars(B0, B1))
        assert prices(player) == ["112", "96"]

    def test_without_a_volume_there_is_no_share_of_it(self) -> None:
        player = Player(slippage=Slippage.parse("volshare:0.1"))
        player.after(0, lambda p: p.send(BUY, 10))
        player.play(bars(B0, B1))
        assert prices(player) == ["103"]

    def test_what_is_drawn_is_the_same_for_the_same_seed_and_other_for_another(self) -> None:
        def run(seed: int) -> list[str]:
            player = Player(slippage=Slippage.parse("rand:5bps"), seed=seed)
            player.after(0, lambda p: p.send(BUY, 10))
            player.after(1, lambda p: p.send(BUY, 10))
            player.play(bars(B0, B1, B2))
            return prices(player)

        assert run(1) == run(1)
        assert run(1) != run(2)
        first, second = run(1)
        assert 103 < D(first) <= D("103.0515")
        assert 90 < D(second) <= D("90.045")

    def test_what_is_drawn_does_not_depend_on_unrelated_orders(self) -> None:
        def run(*others: str) -> D:
            player = Player(slippage=Slippage.parse("rand:5bps"))
            player.after(0, lambda p: [p.send(SELL, 1, symbol=each) for each in others])
            player.after(0, lambda p: p.send(BUY, 10))
            series = {s: (bars(B0, B1), timedelta(days=1)) for s in ("X", *others)}
            player.play_all(series)
            return next(t.price for t in player.playback.trades() if t.symbol == "X")

        assert run() == run("Y") == run("A", "Y")

    @given(st.integers(), st.integers(1, 9), st.integers(0, 9))
    @steady
    def test_a_draw_is_between_nothing_and_all(self, seed: int, ordinal: int, fill: int) -> None:
        assert 0 <= drawn(seed, "X", ordinal, fill) < 1

    def test_draws_are_even(self) -> None:
        draws = [drawn(0, "X", n, 0) for n in range(2000)]
        tenths = [sum(1 for d in draws if n <= d * 10 < n + 1) for n in range(10)]
        assert all(150 < count < 250 for count in tenths)

    @pytest.mark.parametrize(
        "text", ["", "x", "-1", "5 %", "rand:5", "rand:2ticks", "volshare:1bps", "1e3", "5pips"]
    )
    def test_other_texts_are_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"slippage|drawn|plain"):
            Slippage.parse(text)

    def test_ticks_need_a_step(self) -> None:
        assert Slippage.parse("2ticks").needs_step
        assert not Slippage.parse("0.02").needs_step
        assert Slippage.parse("0").is_none


class TestSpread:
    @pytest.mark.parametrize(
        ("text", "quoted_", "bid", "ask"),
        [
            ("0.2", Quoted.MIDDLE, "99.9", "100.1"),
            ("0.2", Quoted.BID, "100", "100.2"),
            ("0.2", Quoted.ASK, "99.8", "100"),
            ("20bps", Quoted.MIDDLE, "99.9", "100.1"),
            ("1tick", Quoted.MIDDLE, "99.875", "100.125"),
            ("2ticks", Quoted.BID, "100", "100.5"),
            ("0", Quoted.BID, "100", "100"),
        ],
    )
    def test_lies_around_the_price_or_on_the_missing_side(
        self, text: str, quoted_: Quoted, bid: str, ask: str
    ) -> None:
        prices = bar("100/100/100/100").bid
        made = Spread.parse(text).bar(START, prices, D(7), quoted_, D("0.25"))
        assert (made.bid.open, made.ask.close, made.volume) == (D(bid), D(ask), D(7))

    def test_bars_without_one_have_one_price(self) -> None:
        prices = bar(B0).bid
        made = Spread.parse("0").bar(START, prices)
        assert made.bid is made.ask is prices

    def test_trades_get_half_of_it_on_each_side(self) -> None:
        tick = Spread.parse("0.2").tick(traded("X", START, D(100), D(1)))
        assert (tick.bid, tick.ask, tick.last) == (D("99.9"), D("100.1"), D(100))

    def test_what_it_cost_is_noted(self) -> None:
        player = Player()
        player.after(0, lambda p: p.send(BUY, 10))
        player.play(bars(B0, B1, spread="0.2"))
        assert [note.half_spread for note in player.notes] == [D("0.1")]

    @pytest.mark.parametrize("text", ["", "-0.1", "1 %", "rand:1bps", "x"])
    def test_other_texts_are_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="is not a spread"):
            Spread.parse(text)

    def test_ticks_need_a_step(self) -> None:
        assert Spread.parse("1tick").needs_step
        assert not Spread.parse("1bps").needs_step


class TestCommission:
    @pytest.mark.parametrize(
        ("text", "taken", "made"),
        [
            ("0.001", "1.03", "1"),
            ("0.1%", "1.03", "1"),
            ("10bps", "1.03", "1"),
            ("0.005/unit", "0.05", "0.05"),
            ("1/order", "1", "1"),
            ("0.005/unit+min1", "1", "1"),
            ("1%+max2", "2", "2"),
            ("maker:-0.01%;taker:0.1%", "1.03", "-0.1"),
        ],
    )
    def test_each_form(self, text: str, taken: str, made: str) -> None:
        player = Player(commission=Commission.parse(text))
        player.after(0, lambda p: p.send(BUY, 10))
        player.after(0, lambda p: p.send(BUY, 10, LIMIT, limit_price=100))
        player.play(bars(B0, B1))
        assert [trade.commission for trade in player.playback.trades()] == [D(taken), D(made)]
        cost = D(taken) + D(made)
        assert player.playback.account().balance == 100_000 - cost

    def test_bounds_hold_for_the_order_over_all_its_fills(self) -> None:
        player = Player(commission=Commission.parse("0.005/unit+min1+max2"), **LIMITED)
        player.after(0, lambda p: p.send(BUY, 500))
        player.play(bars(B0, *[B1] * 6, volume=1000))
        charged = [trade.commission for trade in player.playback.trades()]
        assert charged == [1, 0, D("0.5"), D("0.5"), 0]


class TestVolume:
    def test_an_order_goes_on_from_open_to_open(self) -> None:
        player = Player(**LIMITED)
        player.after(0, lambda p: p.send(BUY, 250))
        player.play(bars(B0, B1, B2, B0, volume=1000))
        assert [t.quantity for t in player.playback.trades()] == [100, 100, 50]
        assert prices(player) == ["103", "90", "100"]
        kinds = [kind for kind in player.kinds if kind.startswith("ORDER")]
        partly = "ORDER_PARTIALLY_FILLED"
        assert kinds == ["ORDER_CREATED", partly, partly, "ORDER_FILLED"]
        filled = player.playback.order("bt-o1")
        assert filled.average_fill_price == (103 * 100 + 90 * 100 + 100 * 50) / D(250)

    def test_two_orders_share_the_budget_in_the_order_of_their_hits(self) -> None:
        player = Player(path=LOW, **LIMITED)
        player.after(0, lambda p: p.send(BUY, 80, LIMIT, limit_price=100))
        player.after(0, lambda p: p.send(BUY, 80, LIMIT, limit_price=101))
        player.play(bars(B0, B1, volume=1000))
        trades = [(t.order_id, t.quantity) for t in player.playback.trades()]
        assert trades == [("bt-o2", D(80)), ("bt-o1", D(20))]

    def test_buys_and_sells_share_it(self) -> None:
        player = Player(**LIMITED)
        player.after(0, lambda p: p.send(BUY, 80))
        player.after(0, lambda p: p.send(SELL, 80))
        player.play(bars(B0, B1, volume=1000))
        assert [t.quantity for t in player.playback.trades()] == [80, 20]

    def test_without_any_nothing_fills_but_a_stop_has_triggered(self) -> None:
        """It was passed in a bar without trades, and fills at the next open, wherever that is."""
        player = Player(**LIMITED)
        player.after(0, lambda p: p.send(BUY, 10, STOP, stop_price=109))
        player.play([bar(B0), bar(B1, 1, volume=0), bar(B2, 2, volume=1000)])
        assert player.fills == [("90", "03 00:00:00")]

    def test_without_a_volume_there_is_no_limit(self) -> None:
        player = Player(**LIMITED)
        player.after(0, lambda p: p.send(BUY, 500))
        player.play(bars(B0, B1))
        assert [t.quantity for t in player.playback.trades()] == [500]

    def test_the_budget_is_in_whole_lots(self) -> None:
        instrument = Instrument(symbol="X", quantity_step=D(30))
        player = Player(instrument=instrument, **LIMITED)
        player.after(0, lambda p: p.send(BUY, 150))
        player.play(bars(B0, B1, B1, volume=1000))
        assert [t.quantity for t in player.playback.trades()] == [90, 60]

    def test_of_a_quote_it_is_the_size_on_that_side(self) -> None:
        player = Player(volume_limit=D(1))
        player.send(BUY, 10)
        player.send(SELL, 10, reduce_only=True)
        sizes = ((D(3), D(4)), (D(3), D(4)))
        for second, (bid_size, ask_size) in enumerate(sizes):
            at = START + timedelta(seconds=second)
            player.tick(quoted("X", at, D(99), D(100), bid_size, ask_size))
        trades = [(t.side, t.quantity) for t in player.playback.trades()]
        assert trades == [(BUY, D(4)), (SELL, D(3)), (BUY, D(4)), (SELL, D(3))]

    def test_of_a_trade_it_is_its_size(self) -> None:
        player = Player(volume_limit=D(1))
        player.send(BUY, 10)
        for second in range(2):
            at = START + timedelta(seconds=second)
            player.tick(traded("X", at, D(100), D(6)))
        assert [t.quantity for t in player.playback.trades()] == [6, 4]

    @pytest.mark.parametrize(("tif", "filled"), [(IOC, 100), (FOK, 0)])
    def test_what_acts_once_takes_what_there_is_or_nothing(self, tif: Any, filled: int) -> None:
        player = Player(**LIMITED)
        player.after(0, lambda p: p.send(BUY, 150, LIMIT, limit_price=104, time_in_force=tif))
        player.play(bars(B0, B1, B2, volume=1000))
        done = player.playback.order("bt-o1")
        assert (done.status, done.filled_quantity) == (OrderStatus.CANCELLED, D(filled))

    def test_exits_are_of_the_part_that_has_filled_and_a_part_of_one_leaves_the_other(self) -> None:
        """100 are bought, then 50; of the first target 50 fill, and so 50 of its stop are left."""
        player = Player(**LIMITED)
        player.after(0, lambda p: p.send(BUY, 150, stop_loss=80, take_profit=109))
        player.play(bars(B0, B1, "109/112/108/110", volume=1000))
        trades = [(str(t.side), t.quantity) for t in player.playback.trades()]
        assert trades == [("BUY", D(100)), ("BUY", D(50)), ("SELL", D(50))]
        left = [(str(o.order_type), o.remaining_quantity) for o in player.playback.open_orders()]
        stop, limit = ("STOP", D(50)), ("LIMIT", D(50))
        assert left == [stop, limit, stop, limit]


class TestTouch:
    @pytest.mark.parametrize(("limit", "path", "touch_only"), [(99, LOW, True), (100, LOW, False)])
    def test_a_limit_at_the_very_extreme_is_noted(
        self, limit: int, path: Path, touch_only: bool
    ) -> None:
        player = Player(path=path)
        player.after(0, lambda p: p.send(BUY, 10, LIMIT, limit_price=limit))
        player.play(bars(B0, B1))
        assert [note.touch_only for note in player.notes] == [touch_only]

    def test_so_it_is_on_the_other_side(self) -> None:
        player = Player()
        player.after(0, lambda p: p.send(SELL, 10, LIMIT, limit_price=110))
        player.play(bars(B0, B1))
        assert [note.touch_only for note in player.notes] == [True]

    def test_each_side_of_a_two_sided_bar_has_its_own_extreme(self) -> None:
        side, other = bar(B1, 1).bid, bar("104/111/100/109", 1).bid
        player = Player(path=LOW)
        player.after(0, lambda p: p.send(BUY, 10, LIMIT, limit_price=100))
        player.play([bar(B0), PriceBar(bar(B1, 1).time, side, other)])
        assert player.fills == [("100", "02 08:00:00")]
        assert [note.touch_only for note in player.notes] == [True]

    def test_through_does_not_fill_there(self) -> None:
        player = Player(limit_through=True)
        player.after(0, lambda p: p.send(BUY, 10, LIMIT, limit_price=99))
        player.play(bars(B0, B1))
        assert player.fills == []

    def test_at_an_open_equality_is_enough_for_both(self) -> None:
        player = Player(limit_through=True)
        player.after(0, lambda p: p.send(BUY, 10, LIMIT, limit_price=103))
        player.play(bars(B0, B1))
        assert player.fills == [("103", "02 00:00:00")]


def test_a_note_names_the_trade_and_the_order_as_it_left_it() -> None:
    player = Player(**LIMITED)
    player.after(0, lambda p: p.send_request(order(BUY, 150)))
    player.play(bars(B0, B1, B2, volume=1000))
    trades = player.playback.trades()
    assert [note.trade for note in player.notes] == trades
    assert [note.order.filled_quantity for note in player.notes] == [100, 150]
