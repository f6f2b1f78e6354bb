"""From when on an order of a playback takes part (engine B4), for how long, and what ends it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.simulator.floor import (
    ABSOLUTE,
    BUY,
    DAY,
    FOK,
    GTC,
    IOC,
    LIMIT,
    SELL,
    START,
    STOP,
    STOP_LIMIT,
    TRAILING,
    change,
)
from tests.simulator.player import DAY_LONG, Player, bar, bars, on_fill_of
from tradegw.errors import (
    InvalidValue,
    OrderNotModifiable,
    OrderRejected,
    SymbolNotFound,
)
from tradegw.model.enums import OrderStatus, RejectReason
from tradegw.simulator.fills import Where
from tradegw.simulator.paths import Path
from tradegw.simulator.ticks import Tick, quoted, traded

B0, B1, B2 = "100/105/95/102", "103/110/99/108", "90/97/88/95"
HOUR = timedelta(hours=1)
LOW = Path.LOW_FIRST


class TestInAnswerToItsOwnFill:
    def test_an_order_at_market_fills_at_that_price_and_time(self) -> None:
        player = Player(path=LOW, reaction=on_fill_of("bt-o1", lambda p: p.send(SELL, 10)))
        player.after(0, lambda p: p.send(BUY, 10, LIMIT, limit_price=100))
        player.play(bars(B0, B1))
        assert player.fills == [("100", "02 06:00:00")] * 2
        assert [note.where for note in player.notes] == [Where.INSIDE, Where.SHOWN]

    def test_a_stop_can_fill_in_the_same_bar(self) -> None:
        stop = on_fill_of("bt-o1", lambda p: p.send(SELL, 10, STOP, stop_price="99.5"))
        player = Player(path=LOW, reaction=stop)
        player.after(0, lambda p: p.send(BUY, 10, LIMIT, limit_price=100))
        player.play(bars(B0, B1))
        assert player.fills[1:] == [("99.5", "02 07:00:00")]

    def test_at_the_open_it_fills_at_the_open(self) -> None:
        player = Player(reaction=on_fill_of("bt-o1", lambda p: p.send(SELL, 10)))
        player.after(0, lambda p: p.send(BUY, 10))
        player.play(bars(B0, B1))
        assert player.fills == [("103", "02 00:00:00")] * 2

    def test_a_trailing_stop_begins_at_that_price(self) -> None:
        def trail(player: Player) -> None:
            player.send(SELL, 10, TRAILING, trailing_distance=2, trailing_type=ABSOLUTE)

        player = Player(path=Path.HIGH_FIRST, reaction=on_fill_of("bt-o1", trail))
        player.after(0, lambda p: p.send(BUY, 10, STOP, stop_price=109))
        player.play(bars(B0, B1))
        assert player.fills[1:] == [("108", "02 09:27:16")]

    def test_with_ticks_it_waits_for_the_next_one(self) -> None:
        player = Player(reaction=on_fill_of("bt-o1", lambda p: p.send(SELL, 10)))
        player.send(BUY, 10)
        for second, (bid, ask) in enumerate(((99, 100), (98, 99))):
            player.tick(quoted("X", START + timedelta(seconds=second), Decimal(bid), Decimal(ask)))
        assert player.fills == [("100", "01 00:00:00"), ("98", "01 00:00:01")]

    def test_the_gateways_work_on_another_symbol_waits_for_the_next_open_there(self) -> None:
        react = on_fill_of("bt-o1", lambda p: p.send(BUY, 1, symbol="Y"))
        player = Player(path=LOW, reaction=react)
        player.after(0, lambda p: p.send(BUY, 10, LIMIT, limit_price=100))
        player.play_all(
            {
                "X": (bars(B0, B1, B2), DAY_LONG),
                "Y": (bars("50/51/49/50", "60/61/59/60", "70/71/69/70"), DAY_LONG),
            }
        )
        assert player.fills[1:] == [("70", "03 00:00:00")]


class TestWhileTheBarIsInProgress:
    def test_an_order_for_another_reason_waits_for_the_next_open(self) -> None:
        """Sent on an hourly candle of Y, in the middle of the daily bar of X."""
        player = Player(path=LOW)
        player.after(25, lambda p: p.send(BUY, 1, LIMIT, limit_price=101, symbol="X"), "Y")
        hours = [bar("50/51/49/50", n, length=HOUR) for n in range(72)]
        player.play_all({"X": (bars(B0, B1, B2), DAY_LONG), "Y": (hours, HOUR)})
        assert player.fills == [("90", "03 00:00:00")]

    def test_so_it_does_after_a_fill_that_it_does_not_answer(self) -> None:
        """X was bought at 06:00; an hour later something else is sent, on a candle of Y."""
        player = Player(path=LOW)
        player.after(0, lambda p: p.send(BUY, 1, LIMIT, limit_price=100))
        player.after(30, lambda p: p.send(SELL, 1), "Y")
        hours = [bar("50/51/49/50", n, length=HOUR) for n in range(72)]
        player.play_all({"X": (bars(B0, B1, B2), DAY_LONG), "Y": (hours, HOUR)})
        assert player.fills == [("100", "02 06:00:00"), ("90", "03 00:00:00")]

    def test_a_fill_is_never_told_of_a_time_before_what_was_told_already(self) -> None:
        """X is met at 13:42:51.428571, which is told as .428; Y has a tick at .4282."""
        player = Player(path=LOW)
        player.after(0, lambda p: p.send(BUY, 1, STOP, stop_price=102))
        player.after(0, lambda p: p.send(BUY, 1, symbol="Y"))
        player.play_all({"X": (bars(B0), DAY_LONG)})
        opened = START + DAY_LONG
        bar_ = bar("100/104/97/102", 1)
        player._do(player.playback.open_bar("X", bar_, opened + DAY_LONG))
        met = player.playback.next_hit("X")
        assert met is not None
        price = Decimal(50)
        tick = Tick("Y", met + timedelta(microseconds=200), price, price, price)
        player._do(player.playback.open(tick))
        player._do(player.playback.hit("X"))
        times = [trade.timestamp for trade in player.playback.trades()]
        assert times == [tick.time, tick.time]

    def test_a_trailing_stop_that_waits_does_not_follow_yet(self) -> None:
        """The high of 110 is passed while it waits; it begins at the open of 106."""
        player = Player(path=Path.HIGH_FIRST)

        def trail(player: Player) -> None:
            player.send(SELL, 1, TRAILING, trailing_distance=5, trailing_type=ABSOLUTE)

        player.after(0, lambda p: p.send(BUY, 2, LIMIT, limit_price=100))
        player.after(25, trail, "Y")
        hours = [bar("50/51/49/50", n, length=HOUR) for n in range(72)]
        texts = (B0, B1, "106/107/104/106")
        player.play_all({"X": (bars(*texts), DAY_LONG), "Y": (hours, HOUR)})
        assert player.fills == [("100", "02 15:16:21")]

    def test_an_order_at_the_close_of_one_takes_part_in_the_open_of_the_other(self) -> None:
        player = Player(path=LOW)
        player.after(23, lambda p: p.send(BUY, 1, symbol="X"), "Y")
        hours = [bar("50/51/49/50", n, length=HOUR) for n in range(48)]
        player.play_all({"X": (bars(B0, B1), DAY_LONG), "Y": (hours, HOUR)})
        assert player.fills == [("103", "02 00:00:00")]

    def test_a_change_takes_effect_where_the_price_is(self) -> None:
        """At 08:00 the low of 99 is reached; from there it goes up, through 104."""
        player = Player(path=LOW)
        player.after(0, lambda p: p.send(BUY, 1, STOP, stop_price=120, symbol="X"))
        raise_ = change(stop_price=104)
        player.after(31, lambda p: p.playback.replace("bt-o1", raise_, p.playback.time), "Y")
        hours = [bar("50/51/49/50", n, length=HOUR) for n in range(48)]
        player.play_all({"X": (bars(B0, B1), DAY_LONG), "Y": (hours, HOUR)})
        assert player.fills == [("104", "02 11:38:10")]

    def test_a_change_to_a_price_that_is_passed_fills_where_the_price_is(self) -> None:
        """At 12:00 it is half-way from 99 to 110."""
        player = Player(path=LOW)
        player.after(0, lambda p: p.send(BUY, 1, STOP, stop_price=120, symbol="X"))
        lower = change(stop_price=100)
        player.after(35, lambda p: p.playback.replace("bt-o1", lower, p.playback.time), "Y")
        hours = [bar("50/51/49/50", n, length=HOUR) for n in range(48)]
        player.play_all({"X": (bars(B0, B1), DAY_LONG), "Y": (hours, HOUR)})
        assert player.fills == [("104.5", "02 12:00:00")]

    def test_a_trailing_stop_that_is_changed_has_followed_until_then_only(self) -> None:
        """High first: at 04:00 the price is half-way from 103 to 110, the mark 106.5."""
        player = Player(path=Path.HIGH_FIRST)

        def trail(player: Player) -> None:
            player.send(SELL, 1, TRAILING, symbol="X", trailing_distance=50, trailing_type=ABSOLUTE)

        seen: list[Decimal | None] = []

        def change_it(player: Player) -> None:
            wanted = change(trailing_distance=8)
            player.playback.replace("bt-o1", wanted, player.playback.time)
            seen.append(player.playback._ledger.all_working()[0].best)

        player.after(0, trail)
        player.after(27, change_it, "Y")
        hours = [bar("50/51/49/50", n, length=HOUR) for n in range(48)]
        player.play_all({"X": (bars(B0, B1), DAY_LONG), "Y": (hours, HOUR)})
        assert seen == [Decimal("106.5")]
        assert player.fills == [("102", "02 13:49:05")]


class TestTimeInForce:
    def test_a_day_ends_with_the_session_of_its_symbol(self) -> None:
        """Sessions end at 21:00: after the first point that is 02 00:00, so at 02 21:00."""

        def day_end(symbol: str, after: datetime) -> datetime:
            end = after.replace(hour=21)
            return end if end > after else end + DAY_LONG

        player = Player(listing={"day_end": day_end}, path=LOW)
        player.after(0, lambda p: p.send(BUY, 1, LIMIT, limit_price="108.5", time_in_force=DAY))
        player.after(0, lambda p: p.send(SELL, 1, STOP, stop_price=50, time_in_force=DAY))
        player.play(bars(B0, "109/110/108/109", B2))
        expired = player.playback.order("bt-o2")
        assert expired.status is OrderStatus.EXPIRED
        assert expired.updated_at == START + DAY_LONG + 21 * HOUR
        assert player.fills == [("108.5", "02 04:00:00")]

    def test_a_day_does_not_end_before_the_order_could_trade(self) -> None:
        player = Player()
        player.send(BUY, 1, LIMIT, limit_price=50, time_in_force=DAY)
        player.play([bar(B0, 5), bar(B0, 6)])
        assert player.playback.order("bt-o1").updated_at == START + 6 * DAY_LONG

    @pytest.mark.parametrize("tif", [IOC, FOK])
    def test_in_answer_to_a_fill_it_acts_there_or_never(self, tif: Any) -> None:
        def react(player: Player) -> None:
            player.send(SELL, 5, LIMIT, limit_price=100, time_in_force=tif)
            player.send(SELL, 5, LIMIT, limit_price=101, time_in_force=tif)

        player = Player(path=LOW, reaction=on_fill_of("bt-o1", react))
        player.after(0, lambda p: p.send(BUY, 10, LIMIT, limit_price=100))
        player.play(bars(B0, B1))
        assert player.fills == [("100", "02 06:00:00")] * 2
        assert player.playback.order("bt-o3").status is OrderStatus.CANCELLED

    @pytest.mark.parametrize("tif", [IOC, FOK])
    @pytest.mark.parametrize("kind", [STOP, STOP_LIMIT, TRAILING])
    def test_stops_that_act_once_are_refused(self, tif: Any, kind: Any) -> None:
        members: Any = {
            STOP: {"stop_price": 9},
            STOP_LIMIT: {"stop_price": 9, "limit_price": 9},
            TRAILING: {"trailing_distance": 1, "trailing_type": ABSOLUTE},
        }[kind]
        with pytest.raises(InvalidValue):
            Player().send(BUY, 1, kind, time_in_force=tif, **members)


class TestPostOnly:
    def test_is_rejected_where_it_would_take(self) -> None:
        player = Player()
        player.after(0, lambda p: p.send(BUY, 1, LIMIT, limit_price=104, post_only=True))
        player.play(bars(B0, B1))
        done = player.playback.order("bt-o1")
        assert done.reject_reason is RejectReason.POST_ONLY_VIOLATED

    def test_is_a_maker_where_it_rests(self) -> None:
        player = Player(path=LOW)
        player.after(0, lambda p: p.send(BUY, 1, LIMIT, limit_price=100, post_only=True))
        player.play(bars(B0, B1))
        assert [trade.is_maker for trade in player.playback.trades()] == [True]


class TestChanges:
    def test_keep_the_id_and_a_price_costs_the_place_in_the_queue(self) -> None:
        player = Player(path=LOW)

        def send(player: Player) -> None:
            for _ in range(2):
                player.send(BUY, 1, LIMIT, limit_price=98)
            player.playback.replace("bt-o1", change(limit_price=100), player.playback.time)
            player.playback.replace("bt-o2", change(quantity="0.5"), player.playback.time)
            player.playback.replace("bt-o2", change(limit_price=100), player.playback.time)
            player.playback.replace("bt-o1", change(quantity=2), player.playback.time)

        player.after(0, send)
        player.play(bars(B0, B1))
        assert [trade.order_id for trade in player.playback.trades()] == ["bt-o2", "bt-o1"]
        assert [trade.quantity for trade in player.playback.trades()] == [Decimal("0.5"), 2]

    def test_of_what_is_filled_are_refused_and_so_is_its_cancel(self) -> None:
        player = Player()
        player.after(0, lambda p: p.send(BUY, 1))
        player.play(bars(B0, B1))
        with pytest.raises(OrderNotModifiable):
            player.playback.cancel("bt-o1", player.playback.time)
        with pytest.raises(OrderNotModifiable):
            player.playback.replace("bt-o1", change(quantity=2), player.playback.time)


class TestSymbols:
    def test_without_data_are_not_found(self) -> None:
        with pytest.raises(SymbolNotFound):
            Player().send(BUY, 1, symbol="NONE")

    def test_whose_data_are_over_take_no_orders_and_what_rests_expires(self) -> None:
        player = Player()
        player.after(0, lambda p: p.send(BUY, 1))
        player.after(0, lambda p: p.send(BUY, 1, LIMIT, limit_price=50))
        player.play(bars(B0, B1))
        player.playback.end_market("X")
        assert player.playback.order("bt-o2").status is OrderStatus.EXPIRED
        assert player.playback.position("X") is not None
        with pytest.raises(OrderRejected) as refusal:
            player.send(BUY, 1)
        assert refusal.value.reject_code == "SYMBOL_NOT_TRADEABLE"

    def test_before_the_first_price_orders_wait(self) -> None:
        player = Player()
        player.send(BUY, 1)
        assert player.playback.never_active() == ["bt-o1"]
        player.play([bar(B0)])
        assert player.playback.never_active() == []
        assert player.fills == [("100", "01 00:00:00")]

    def test_orders_after_the_last_open_never_take_part(self) -> None:
        player = Player()
        player.after(1, lambda p: p.send(BUY, 1))
        player.play(bars(B0, B1))
        assert player.playback.never_active() == ["bt-o1"]


class TestTicks:
    def test_quotes_fill_at_the_next_ask_and_the_next_bid(self) -> None:
        player = Player()
        for second, (bid, ask) in enumerate(((99, 100), (101, 103), (97, 98))):
            at = START + timedelta(seconds=second)
            player.tick(quoted("X", at, Decimal(bid), Decimal(ask)))
            player.send(BUY if second == 0 else SELL, 1)
        assert player.fills == [("103", "01 00:00:01"), ("97", "01 00:00:02")]
        assert [note.half_spread for note in player.notes] == [1, Decimal("0.5")]

    def test_trades_with_one_stamp_count_in_their_order(self) -> None:
        player = Player()
        player.send(BUY, 1, LIMIT, limit_price=99)
        for price in (100, 98, 97):
            player.tick(traded("X", START, Decimal(price), Decimal(1)))
        assert player.fills == [("98", "01 00:00:00")]

    def test_a_trailing_stop_follows_from_tick_to_tick(self) -> None:
        player = Player()
        player.send(BUY, 1)
        player.send(
            SELL, 1, TRAILING, trailing_distance=2, trailing_type=ABSOLUTE, reduce_only=True
        )
        for second, price in enumerate((100, 103, 102, 100)):
            at = START + timedelta(seconds=second)
            player.tick(traded("X", at, Decimal(price), None))
        assert player.fills == [("100", "01 00:00:00"), ("100", "01 00:00:03")]

    def test_what_is_shown_is_the_last_of_them(self) -> None:
        player = Player()
        assert player.playback.last_tick("X") is None
        tick = quoted("X", START, Decimal(99), Decimal(100), Decimal(3), Decimal(4))
        player.tick(tick)
        assert player.playback.last_tick("X") == tick


def test_inside_of_a_bar_the_last_fill_is_what_is_shown_and_no_volume() -> None:
    shown: list[Tick | None] = []
    look = on_fill_of("bt-o1", lambda p: shown.append(p.playback.last_tick("X")))
    player = Player(path=LOW, reaction=look)
    player.after(0, lambda p: p.send(BUY, 10, LIMIT, limit_price=100, time_in_force=GTC))
    player.play(bars(B0, B1, volume=1000))
    price = Decimal(100)
    assert shown == [Tick("X", START + DAY_LONG + 6 * HOUR, price, price, price)]


def test_reduce_only_is_gone_with_the_position_and_does_not_wait_for_another() -> None:
    player = Player(exits=False)
    player.after(0, lambda p: p.send(BUY, 10))
    player.after(1, lambda p: p.send(SELL, 10, STOP, stop_price=50, reduce_only=True))
    player.after(1, lambda p: p.send(SELL, 10))
    player.play(bars(B0, B1, B2, B2))
    assert player.playback.order("bt-o2").status is OrderStatus.CANCELLED


def test_reduce_only_is_gone_even_if_it_never_met_a_price_with_the_position() -> None:
    """Sent in answer to the entry together with what closes it; the next entry has none of it."""

    def react(player: Player) -> None:
        player.send(SELL, 10)
        player.send(SELL, 10, STOP, stop_price=92, reduce_only=True)

    player = Player(path=LOW, exits=False, reaction=on_fill_of("bt-o1", react))
    player.after(0, lambda p: p.send(BUY, 10, LIMIT, limit_price=100))
    player.play(bars(B0, B1, "103/104/103/104"))
    assert player.playback.order("bt-o3").status is OrderStatus.CANCELLED
