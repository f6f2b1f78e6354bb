"""The account of a playback: positions, contract sizes, currencies, margin, ruin; and its books."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.simulator.floor import BUY, LIMIT, SELL, START, STOP, change
from tests.simulator.player import DAY_LONG, Player, bar, bars
from tradegw.errors import InvalidValue, OrderRejected, PositionNotFound
from tradegw.model.enums import (
    AccountEventKind,
    AlertCode,
    MarginMode,
    OrderStatus,
    PositionSide,
    RejectReason,
)
from tradegw.model.events import AccountEvent, AlertEvent, Event, PositionEvent
from tradegw.simulator.costs import Commission
from tradegw.simulator.fills import Where
from tradegw.simulator.instruments import Instrument
from tradegw.simulator.paths import Path
from tradegw.simulator.slippage import Slippage

D = Decimal
B0, B1, B2 = "100/105/95/102", "103/110/99/108", "90/97/88/95"


class TestNetting:
    def test_averages_what_is_added_and_realises_what_is_taken(self) -> None:
        player = Player()
        player.after(0, lambda p: p.send(BUY, 10))
        player.after(1, lambda p: p.send(BUY, 30))
        player.after(2, lambda p: p.send(SELL, 20))
        player.play(bars(B0, B1, B2, "96/96/96/96"))
        position = player.playback.position("X")
        assert position is not None
        assert position.id == "bt-pos-X"
        assert (position.quantity, position.average_entry_price) == (D(20), D("93.25"))
        assert position.realized_pnl == 55
        assert player.playback.account().balance == 100_055

    def test_a_short_gains_when_the_price_falls(self) -> None:
        player = Player()
        player.after(0, lambda p: p.send(SELL, 10))
        player.play(bars(B0, B1, B2))
        position = player.playback.position("X")
        assert position is not None
        assert (position.side, position.unrealized_pnl) == (PositionSide.SHORT, D(80))
        assert player.playback.account().equity == 100_080


class TestHedging:
    def test_each_order_has_a_position_of_its_own(self) -> None:
        player = Player(hedging=True)
        player.after(0, lambda p: p.send(BUY, 10))
        player.after(0, lambda p: p.send(SELL, 4))
        player.after(1, lambda p: p.send(BUY, 5))
        player.play(bars(B0, B1, B2))
        held = [(p.id, p.side, p.quantity) for p in player.playback.positions()]
        assert held == [
            ("bt-pos-1", PositionSide.LONG, D(10)),
            ("bt-pos-2", PositionSide.SHORT, D(4)),
            ("bt-pos-3", PositionSide.LONG, D(5)),
        ]
        assert player.playback.margin_used == 19 * 95
        assert player.playback.equity == 100_000 + 10 * (95 - 103) + 4 * (103 - 95) + 5 * (95 - 90)

    def test_all_fills_of_an_order_are_of_one_position(self) -> None:
        player = Player(hedging=True, volume_limit=D("0.1"))
        player.after(0, lambda p: p.send(BUY, 150))
        player.play(bars(B0, B1, B2, volume=1000))
        (position,) = player.playback.positions()
        assert position.quantity == 150
        assert [note.position_id for note in player.notes] == ["bt-pos-1"] * 2

    def test_a_named_position_is_reduced_and_never_turned_round(self) -> None:
        player = Player(hedging=True)
        player.after(0, lambda p: [p.send(BUY, 10) for _ in range(2)])
        player.after(1, lambda p: p.send(SELL, 15, position_id="bt-pos-2"))
        player.play(bars(B0, B1, B2))
        (left,) = player.playback.positions()
        assert (left.id, left.quantity) == ("bt-pos-1", D(10))
        assert player.playback.order("bt-o3").status is OrderStatus.CANCELLED
        assert player.playback.order("bt-o3").filled_quantity == 10

    def test_without_a_name_the_oldest_of_the_other_side_go_first(self) -> None:
        player = Player(hedging=True)
        player.after(0, lambda p: [p.send(BUY, q) for q in (10, 10, 10)])
        player.after(0, lambda p: p.send(SELL, 1))
        player.after(1, lambda p: p.send(SELL, 15, reduce_only=True))
        player.play(bars(B0, B1, B2))
        held = [(p.id, p.quantity) for p in player.playback.positions()]
        assert held == [("bt-pos-2", D(5)), ("bt-pos-3", D(10)), ("bt-pos-4", D(1))]
        assert [n.position_id for n in player.notes[-2:]] == ["bt-pos-1", "bt-pos-2"]
        closed = [e.position for e in player.events if isinstance(e, PositionEvent)]
        assert [(p.id, p.quantity) for p in closed[-2:]] == [("bt-pos-1", D(0)), ("bt-pos-2", D(5))]

    def test_so_it_goes_on_from_bar_to_bar(self) -> None:
        player = Player(hedging=True, volume_limit=D("0.01"))
        player.after(0, lambda p: [p.send(BUY, q) for q in (5, 5)])
        player.after(1, lambda p: p.send(SELL, 10, reduce_only=True))
        volumes = (1000, 1000, 500, 500)
        texts = zip((B0, B1, B2, B2), volumes, strict=True)
        player.play([bar(text, n, volume=volume) for n, (text, volume) in enumerate(texts)])
        assert [n.position_id for n in player.notes[2:]] == ["bt-pos-1", "bt-pos-2"]
        assert player.playback.positions() == []

    def test_a_named_position_of_the_same_side_is_added_to(self) -> None:
        player = Player(hedging=True)
        player.after(0, lambda p: p.send(BUY, 10))
        player.after(1, lambda p: p.send(BUY, 5, position_id="bt-pos-1"))
        player.play(bars(B0, B1, B2))
        (position,) = player.playback.positions()
        assert position.quantity == 15

    def test_a_position_that_is_not_there_or_of_another_symbol_is_refused(self) -> None:
        player = Player(hedging=True)
        player.after(0, lambda p: p.send(BUY, 10))
        player.play(bars(B0, B1))
        with pytest.raises(PositionNotFound):
            player.send(SELL, 1, position_id="bt-pos-9")
        with pytest.raises(InvalidValue):
            player.send(SELL, 1, position_id="bt-pos-1", symbol="Y")

    def test_a_margin_call_closes_them_all(self) -> None:
        player = Player(hedging=True, cash=D(1000), leverage=D(5), path=Path.LOW_FIRST)
        player.after(0, lambda p: [p.send(BUY, q) for q in (40, 5)])
        player.play(bars(B0, B1, B2))
        assert player.playback.positions() == []
        assert player.playback.balance == 325


class TestWorth:
    def test_a_multiplier_is_in_notional_and_result(self) -> None:
        instrument = Instrument(symbol="X", multiplier=D(50))
        player = Player(instrument=instrument, commission=Commission.parse("0.1%"))
        player.after(0, lambda p: p.send(BUY, 2))
        player.after(1, lambda p: p.send(SELL, 1))
        player.play(bars(B0, B1, B2))
        account = player.playback.account()
        commission = D("10.3") + D("4.5")
        assert account.balance == 100_000 + 50 * (90 - 103) - commission
        assert account.unrealized_pnl == 50 * (95 - 103)
        assert account.margin_used == 50 * 95
        assert {note.multiplier for note in player.notes} == {D(50)}

    def test_another_currency_is_converted_at_the_rate_of_the_time(self) -> None:
        rates = {"X": D("1.1")}
        player = Player(
            listing={"rate": lambda symbol: rates[symbol]},
            commission=Commission.parse("0.1%+1/order"),
        )
        player.after(0, lambda p: p.send(BUY, 10))
        player.after(1, lambda p: rates.update(X=D("1.2")))
        player.after(1, lambda p: p.send(SELL, 5))
        player.play(bars(B0, B1, B2))
        account = player.playback.account()
        commission = D("1.133") + 1 + D("0.54") + 1
        assert account.balance == 100_000 + 5 * (90 - 103) * D("1.2") - commission
        assert account.unrealized_pnl == 5 * (95 - 103) * D("1.2")
        assert account.margin_used == 5 * 95 * D("1.2")
        assert [note.rate for note in player.notes] == [D("1.1"), D("1.2")]
        position = player.playback.position("X")
        assert position is not None
        assert (position.realized_pnl, position.unrealized_pnl) == (D(-78), D(-48))

    def test_a_corner_is_looked_at_with_the_rate_that_is_then(self) -> None:
        """At a rate of 1 the low is safe; while X goes there, its currency is worth more."""
        rates = {"X": D(1), "Y": D(1)}
        terms: dict[str, Any] = {"cash": D(1000), "leverage": D(5), "path": Path.LOW_FIRST}
        player = Player(listing={"rate": lambda symbol: rates[symbol]}, **terms)
        player.after(0, lambda p: p.send(BUY, 40, symbol="X"))
        player.after(25, lambda p: rates.update(X=D(2)), "Y")
        hours = [bar("50/51/49/50", n, length=timedelta(hours=1)) for n in range(48)]
        texts = ("100/100/100/100", "100/100/92/100")
        player.play_all({"X": (bars(*texts), DAY_LONG), "Y": (hours, timedelta(hours=1))})
        assert player.fills[1:] == [("92", "02 08:00:00")]

    def test_what_is_affordable_is_reckoned_in_account_currency(self) -> None:
        player = Player(listing={"rate": lambda _: D(2)}, cash=D(2000))
        player.play(bars(B0))
        with pytest.raises(OrderRejected):
            player.send(BUY, 10)


class TestShort:
    def test_may_be_forbidden(self) -> None:
        player = Player(short=False)
        with pytest.raises(OrderRejected) as refusal:
            player.send(SELL, 1)
        assert refusal.value.reject_code == "SHORT_NOT_ALLOWED"

    def test_more_than_is_held_is_refused(self) -> None:
        player = Player(short=False)
        player.after(0, lambda p: p.send(BUY, 10))
        player.play(bars(B0, B1))
        player.send(SELL, 10)
        with pytest.raises(OrderRejected):
            player.send(SELL, 11)

    def test_two_orders_that_would_together_do_not_either(self) -> None:
        player = Player(short=False)
        player.after(0, lambda p: p.send(BUY, 10))
        player.after(1, lambda p: [p.send(SELL, q) for q in (6, 6)])
        player.play(bars(B0, B1, B2))
        done = player.playback.order("bt-o3")
        assert (done.status, done.filled_quantity) == (OrderStatus.REJECTED, D(4))
        assert done.reject_reason is RejectReason.INSUFFICIENT_BALANCE
        assert player.playback.positions() == []


class TestMargin:
    def test_closing_needs_none(self) -> None:
        """All is bought, the price falls, and yet the short side of it is not stopped."""
        player = Player(cash=D(1030), commission=Commission.parse("0"))
        player.after(0, lambda p: p.send(BUY, 10))
        player.after(1, lambda p: p.send(SELL, 10))
        player.play(bars(B0, B1, B2))
        assert player.playback.balance == 900

    def test_a_warning_comes_once_until_use_has_fallen(self) -> None:
        """Used/equity at the opens: 0.875, 0.91, 0.67 and, after less of a rise, 0.84."""
        player = Player(cash=D(200), leverage=D(10))
        player.after(0, lambda p: p.send(BUY, 17))
        texts = ("100/100/100/100", "100/100/100/100", "99/99/99/99")
        player.play(bars(*texts, "104/104/104/104", "100/100/100/100"))
        warnings = [e for e in player.events if isinstance(e, AccountEvent)]
        kinds = [(str(e.event), e.timestamp.day) for e in warnings]
        assert kinds == [("BALANCE_UPDATED", 2), ("MARGIN_WARNING", 2), ("MARGIN_WARNING", 5)]

    def test_a_warning_at_a_corner_shows_the_account_as_it_is_there(self) -> None:
        player = Player(cash=D(200), leverage=D(10), path=Path.LOW_FIRST)
        player.after(0, lambda p: p.send(BUY, 15))
        player.play(bars("100/100/100/100", "100/101/97/100"))
        (warning,) = [e for e in player.events if isinstance(e, AccountEvent)][1:]
        assert warning.account.equity == 155
        assert warning.timestamp == START + DAY_LONG + timedelta(hours=8)

    def test_a_corner_that_comes_to_nothing_marks_nothing(self) -> None:
        """Beside another position it is looked at; what is shown stays what was shown."""
        seen: list[Decimal] = []
        player = Player(path=Path.LOW_FIRST)
        player.after(0, lambda p: [p.send(BUY, 1, symbol=s) for s in "XY"])
        hours = [bar("50/51/49/50", n, length=timedelta(hours=1)) for n in range(48)]
        player.after(40, lambda p: seen.append(p.playback.positions()[0].current_price), "Y")
        player.play_all({"X": (bars(B0, B1), DAY_LONG), "Y": (hours, timedelta(hours=1))})
        assert seen == [D(103)]

    def test_a_call_tells_why_and_closes_all_with_slippage_and_cancels_what_rests(self) -> None:
        terms: dict[str, Any] = {"cash": D(1000), "leverage": D(5), "path": Path.LOW_FIRST}
        player = Player(slippage=Slippage.parse("1"), **terms)
        player.after(0, lambda p: p.send(BUY, 42))
        player.after(0, lambda p: p.send(BUY, 1, LIMIT, limit_price=50))
        player.play(bars(B0, B1, B2))
        assert player.fills[1] == ("87", "03 08:00:00")
        assert [n.liquidation for n in player.notes] == [False, True]
        assert [n.where for n in player.notes] == [Where.OPEN, Where.INSIDE]
        assert player.kinds[-7:] == [
            "ORDER_CREATED",
            "LIQUIDATION",
            "ORDER_FILLED",
            "TRADE_FILLED",
            "POSITION_CLOSED",
            "BALANCE_UPDATED",
            "ORDER_CANCELLED",
        ]

    def test_a_call_in_one_symbol_closes_the_others_where_they_were_last_shown(self) -> None:
        player = Player(cash=D(1000), leverage=D(5), path=Path.LOW_FIRST)
        player.after(0, lambda p: p.send(BUY, 40, symbol="X"))
        player.after(0, lambda p: p.send(BUY, 4, symbol="Y"))
        player.play_all({s: (bars(B0, B1, B2), DAY_LONG) for s in "XY"})
        assert player.playback.positions() == []
        alerts = [e for e in player.events if isinstance(e, AlertEvent)]
        assert [alert.code for alert in alerts] == [AlertCode.LIQUIDATION] * 2
        assert player.fills[2:] == [("88", "03 08:00:00"), ("90", "03 08:00:00")]
        assert [n.where for n in player.notes[2:]] == [Where.INSIDE, Where.SHOWN]

    def test_corners_are_looked_at_once_another_position_is_there(self) -> None:
        """X alone would be safe at its low; with what Y has lost until then it is not."""
        player = Player(cash=D(1000), leverage=D(5), path=Path.LOW_FIRST)
        player.after(0, lambda p: p.send(BUY, 28, symbol="X"))
        player.after(26, lambda p: p.send(BUY, 10, symbol="Y"), "Y")
        hours = [bar("100/100/100/100", n, length=timedelta(hours=1)) for n in range(28)]
        fallen = [bar("70/70/70/70", n, length=timedelta(hours=1)) for n in range(28, 48)]
        player.play_all(
            {
                "X": (bars(B0, "103/110/84/108"), DAY_LONG),
                "Y": ([*hours, *fallen], timedelta(hours=1)),
            }
        )
        assert player.fills[2:] == [("84", "02 08:00:00"), ("70", "02 08:00:00")]

    def test_what_is_sent_in_answer_to_it_is_taken_from_that_price_on(self) -> None:
        def again(player: Player, events: list[Event]) -> None:
            if any(isinstance(event, AlertEvent) for event in events):
                player.send(BUY, 1)

        player = Player(cash=D(1000), leverage=D(5), path=Path.LOW_FIRST, reaction=again)
        player.after(0, lambda p: p.send(BUY, 45))
        player.play(bars(B0, B1, B2))
        assert player.fills[2:] == [("88", "03 08:00:00")]

    def test_what_is_sent_in_answer_to_one_at_the_open_is_taken_there(self) -> None:
        def again(player: Player, events: list[Event]) -> None:
            if any(isinstance(event, AlertEvent) for event in events):
                player.send(BUY, 1)

        player = Player(cash=D(1000), leverage=D(5), reaction=again)
        player.after(0, lambda p: p.send(BUY, 45))
        player.play(bars(B0, B1, "89/97/88/95"))
        assert player.fills[2:] == [("89", "03 00:00:00")]

    def test_an_order_that_is_met_at_the_very_corner_comes_before_the_call(self) -> None:
        player = Player(cash=D(1000), leverage=D(5), path=Path.LOW_FIRST)
        player.after(0, lambda p: p.send(BUY, 45))
        player.after(1, lambda p: p.send(SELL, 45, STOP, stop_price=88))
        player.play(bars(B0, B1, B2))
        assert player.fills[1:] == [("88", "03 08:00:00")]
        assert "MARGIN_CALL" not in player.kinds

    def test_a_change_in_answer_to_what_happens_there_does_not_spare_it(self) -> None:
        """An order is rejected at the corner, for want of money; then comes the call."""

        def change_the_other(player: Player, events: list[Event]) -> None:
            if any(str(getattr(event, "event", "")) == "ORDER_REJECTED" for event in events):
                player.playback.replace("bt-o2", change(stop_price=51), player.playback.time)

        terms: dict[str, Any] = {"cash": D(1000), "leverage": D(5), "path": Path.LOW_FIRST}
        player = Player(reaction=change_the_other, **terms)
        player.after(0, lambda p: p.send(BUY, 45))
        player.after(1, lambda p: p.send(SELL, 45, STOP, stop_price=50))
        player.after(1, lambda p: p.send(BUY, 1, LIMIT, limit_price=88))
        player.play(bars(B0, B1, B2))
        assert "ORDER_MODIFIED" in player.kinds
        assert player.fills[1:] == [("88", "03 08:00:00")]
        assert player.notes[1].liquidation

    def test_a_corner_can_set_the_warning_back(self) -> None:
        """Half of the equity is in use at the high, 0.92 of it at the low."""
        player = Player(cash=D(200), leverage=D(10), path=Path.HIGH_FIRST)
        player.after(0, lambda p: p.send(BUY, 17))
        player.play(bars("100/100/100/100", "100/110/99/100"))
        hours = [e.timestamp.hour for e in player.events if is_warning(e)]
        assert hours == [0, 16]

    def test_a_call_at_the_open_is_at_the_open(self) -> None:
        player = Player(cash=D(1000), leverage=D(5))
        player.after(0, lambda p: p.send(BUY, 45))
        player.play(bars(B0, B1, "89/97/88/95"))
        assert player.fills[1:] == [("89", "03 00:00:00")]
        assert player.notes[1].where is Where.OPEN


def is_warning(event: Event) -> bool:
    return isinstance(event, AccountEvent) and event.event is AccountEventKind.MARGIN_WARNING


class TestRuin:
    def test_is_when_the_very_last_is_gone(self) -> None:
        player = Player(cash=D(1000), leverage=D(20))
        player.after(0, lambda p: p.send(BUY, 100))
        player.play(bars(B0, "103/104/103/104", "93/94/93/94"))
        assert player.playback.balance == 0
        assert player.playback.ruined

    def test_is_when_nothing_is_left_and_ends_the_trading(self) -> None:
        player = Player(cash=D(1000), leverage=D(20))
        player.after(0, lambda p: p.send(BUY, 150))
        player.after(1, lambda p: seen.append(p.playback.ruined))
        seen: list[bool] = []
        player.play(bars(B0, "103/104/103/104", B2))
        assert seen == [False]
        assert player.playback.balance == 1000 - 150 * 13
        assert player.playback.ruined
        with pytest.raises(OrderRejected) as refusal:
            player.send(BUY, 1)
        assert refusal.value.reject_code == "ACCOUNT_RUINED"


class TestStrict:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("margin_mode", MarginMode.ISOLATED),
            ("display_quantity", D(1)),
            ("hidden", True),
            ("leverage", 3),
        ],
    )
    def test_what_is_not_simulated_is_refused(self, name: str, value: Any) -> None:
        with pytest.raises(InvalidValue):
            Player(strict=True, leverage=D(2)).send(BUY, 1, **{name: value})
        Player(leverage=D(2)).send(BUY, 1, **{name: value})

    def test_the_leverage_that_there_is_may_be_named(self) -> None:
        Player(strict=True, leverage=D(2)).send(BUY, 1, leverage=2, hidden=False)


def test_closing_all_at_the_end_is_at_the_last_price() -> None:
    player = Player()
    player.after(0, lambda p: [p.send(BUY, 10, symbol=s) for s in "XY"])
    player.play_all({s: (bars(B0, B1), DAY_LONG) for s in "XY"})
    player._do(player.playback.close_all())
    assert player.fills[2:] == [("108", "03 00:00:00")] * 2
    assert [n.where for n in player.notes[2:]] == [Where.END] * 2
    assert not any(n.liquidation for n in player.notes)
    assert player.playback.positions() == []
