"""Orders of a playback that are on their way for a while, and those that are filled at once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from tests.simulator.floor import (
    BUY,
    LIMIT,
    SELL,
    START,
    STOP,
    change,
)
from tests.simulator.player import DAY_LONG, Player, bar, bars, on_fill_of
from tradegw.model.enums import OrderStatus
from tradegw.simulator.fills import Where
from tradegw.simulator.paths import Path

B0, B1, B2 = "100/105/95/102", "103/110/99/108", "90/97/88/95"
HOUR = timedelta(hours=1)
LOW = Path.LOW_FIRST


class TestLatency:
    def test_the_first_point_after_it_is_what_counts(self) -> None:
        """An hour late for the open of the next day, in time for that of the day after."""
        player = Player(latency=HOUR)
        player.after(0, lambda p: p.send(BUY, 10))
        player.play(bars(B0, B1, B2))
        assert player.fills == [("90", "03 00:00:00")]

    def test_what_gets_here_at_the_very_open_takes_part(self) -> None:
        player = Player(latency=DAY_LONG)
        player.after(0, lambda p: p.send(BUY, 10))
        player.play(bars(B0, B1, B2))
        assert player.fills == [("90", "03 00:00:00")]

    def test_an_answer_to_a_fill_takes_part_where_the_price_is_by_then(self) -> None:
        """Bought at 100 at 06:00; two hours later the price is at 99, and turns."""
        player = Player(
            path=LOW,
            latency=2 * HOUR,
            exits=False,
            reaction=on_fill_of("bt-o1", lambda p: p.send(SELL, 10)),
        )
        player.after(0, lambda p: p.send(BUY, 10, LIMIT, limit_price=100))
        player.play([bar(B0), bar(B1, 1), bar(B1, 2)])
        assert player.fills == [("100", "03 06:00:00"), ("99", "03 08:00:00")]

    def test_less_than_a_millisecond_of_it_counts_too(self) -> None:
        """Bought at 12:21:49.0909..., which is told as .090; what comes at .0901 fills there."""
        player = Player(
            path=LOW,
            latency=timedelta(microseconds=100),
            reaction=on_fill_of("bt-o1", lambda p: p.send(SELL, 10)),
        )
        player.after(0, lambda p: p.send(BUY, 10, STOP, stop_price=105))
        player.play([bar(B0), bar(B1, 1), bar(B1, 2)])
        assert player.fills == [("105", "03 12:21:49")] * 2
        assert player.playback.trades()[1].timestamp.microsecond == 90_100

    def test_a_cancel_is_on_its_way_too_and_may_come_too_late(self) -> None:
        player = Player(latency=HOUR)
        player.after(0, lambda p: p.send(BUY, 10, LIMIT, limit_price=95))
        answers = []
        player.after(1, lambda p: answers.append(p.playback.cancel("bt-o1", p.playback.time)))
        player.play(bars(B0, B1, B2))
        assert answers[0].status is OrderStatus.PENDING_CANCEL
        assert player.fills == [("90", "03 00:00:00")]

    def test_a_cancel_takes_effect_once_it_is_here(self) -> None:
        player = Player(latency=HOUR)
        player.after(0, lambda p: p.send(BUY, 10, LIMIT, limit_price=50))
        player.after(1, lambda p: p.playback.cancel("bt-o1", p.playback.time))
        player.play(bars(B0, B1, B2))
        done = player.playback.order("bt-o1")
        assert (done.status, done.updated_at) == (
            OrderStatus.CANCELLED,
            START + 2 * DAY_LONG + HOUR,
        )

    def test_a_change_leaves_the_order_as_it_is_until_then(self) -> None:
        player = Player(latency=HOUR)
        player.after(0, lambda p: p.send(BUY, 10, LIMIT, limit_price=80))
        answers = []

        def change_it(player: Player) -> None:
            wanted = change(limit_price=89)
            answers.append(player.playback.replace("bt-o1", wanted, player.playback.time))

        player.after(1, change_it)
        player.play(bars(B0, B1, B2))
        assert answers[0].limit_price == 80
        assert player.fills == [("89", "03 04:00:00")]

    def test_a_change_of_what_is_gone_by_then_is_in_vain(self) -> None:
        player = Player(latency=HOUR)
        player.after(0, lambda p: p.send(BUY, 10, LIMIT, limit_price=95))
        wanted = change(limit_price=94)
        player.after(1, lambda p: p.playback.replace("bt-o1", wanted, p.playback.time))
        player.play(bars(B0, B1, B2))
        assert player.fills == [("90", "03 00:00:00")]
        assert "ORDER_MODIFIED" not in player.kinds


class TestFillCurrent:
    def test_an_order_at_market_fills_at_the_close_just_told(self) -> None:
        player = Player(fill_current=True)
        player.after(0, lambda p: p.send(BUY, 10))
        player.play(bars(B0, B1))
        assert player.fills == [("102", "02 00:00:00")]
        assert [note.where for note in player.notes] == [Where.SHOWN]

    def test_other_orders_wait_all_the_same(self) -> None:
        player = Player(fill_current=True)
        player.after(0, lambda p: p.send(BUY, 10, LIMIT, limit_price=120))
        player.play(bars(B0, B1))
        assert player.fills == [("103", "02 00:00:00")]

    def test_without_a_price_it_waits_for_the_first(self) -> None:
        player = Player(fill_current=True)
        player.send(BUY, 10)
        player.play(bars(B0, B1))
        assert player.fills == [("100", "01 00:00:00")]

    def test_what_the_volume_leaves_over_goes_on_at_the_next_open(self) -> None:
        player = Player(fill_current=True, volume_limit=Decimal("0.1"))
        player.after(0, lambda p: p.send(BUY, 150))
        player.play(bars(B0, B1, volume=1000))
        assert player.fills == [("102", "02 00:00:00"), ("103", "02 00:00:00")]
