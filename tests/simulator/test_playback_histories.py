"""Random orders through random bars: the books of a playback stay right, whatever its terms."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulator.player import Player, bars
from tests.simulator.test_foresight import requests, wide_bars
from tradegw.errors import OrderRejected
from tradegw.model import wire
from tradegw.model.account import Position
from tradegw.model.enums import (
    PositionSide,
)
from tradegw.model.events import AccountEvent, Event, PositionEvent
from tradegw.model.order import OrderRequest
from tradegw.simulator.costs import Commission
from tradegw.simulator.instruments import Instrument
from tradegw.simulator.paths import Path
from tradegw.simulator.slippage import Slippage

D = Decimal


terms = st.fixed_dictionaries(
    {
        "cash": st.sampled_from([D(150), D(20_000)]),
        "leverage": st.sampled_from([D(1), D(20)]),
        "commission": st.sampled_from([Commission(), Commission.parse("5bps+0.1/order+min1")]),
        "slippage": st.sampled_from([Slippage(), Slippage.parse("rand:20bps")]),
        "volume_limit": st.sampled_from([D(0), D("0.02")]),
        "hedging": st.booleans(),
        "short": st.booleans(),
        "fill_current": st.booleans(),
        "latency": st.sampled_from([timedelta(0), timedelta(hours=3)]),
        "path": st.sampled_from(Path),
    }
)


def send_all(player: Player, wanted: list[OrderRequest]) -> None:
    """Those that are taken."""
    for request in wanted:
        try:
            player.send_request(request)
        except OrderRejected:
            continue


class Books:
    """Checks after each frame what must always hold."""

    def __init__(self, multiplier: D, **options: Any) -> None:
        self.multiplier = multiplier
        self.cash: D = options["cash"]
        self.sides: dict[str, PositionSide] = {}
        self.player = Player(
            instrument=Instrument(symbol="X", multiplier=multiplier),
            reaction=self.check,
            exits=not options["hedging"],
            **options,
        )

    def check(self, player: Player, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, AccountEvent):
                account = event.account
                assert account.equity == account.balance + account.unrealized_pnl
                assert account.margin_available >= 0
            elif isinstance(event, PositionEvent):
                self.check_position(event.position)
        playback = player.playback
        assert playback.equity.is_finite()
        worth = sum((self.worth(p) for p in playback.positions()), D(0))
        flows = sum(
            (
                -t.side.sign * t.quantity * t.price * self.multiplier - t.commission
                for t in playback.trades()
            ),
            D(0),
        )
        assert abs(playback.equity - (self.cash + flows + worth)) < D("1e-9")

    def check_position(self, position: Position) -> None:
        assert position.current_price.is_finite()
        assert position.quantity >= 0

    def worth(self, position: Position) -> D:
        sign = 1 if position.side is PositionSide.LONG else -1
        return sign * position.quantity * position.current_price * self.multiplier


@given(
    wide_bars(),
    st.lists(st.lists(requests(), max_size=4), min_size=2, max_size=2),
    terms,
    st.sampled_from([D(1), D(10)]),
)
@settings(max_examples=120, deadline=None, derandomize=True)
def test_equity_is_balance_and_what_is_held_and_cash_flows_add_up(
    texts: list[str], sent: list[list[OrderRequest]], options: dict[str, Any], multiplier: D
) -> None:
    books = Books(multiplier, **options)
    player = books.player
    player.after(0, lambda p: send_all(p, sent[0]))
    player.after(1, lambda p: send_all(p, sent[1]))
    player.play(bars(*texts, *texts, volume=1000, spread="0.2"))
    for done in player.playback.closed_orders():
        trades = [t for t in player.playback.trades() if t.order_id == done.id]
        assert sum(t.quantity for t in trades) == done.filled_quantity
        if done.reduce_only:
            check_never_flips(player, done.id)
    if not options["short"]:
        assert all(p.side is PositionSide.LONG for p in player.playback.positions())


def check_never_flips(player: Player, order_id: str) -> None:
    """After no fill of it was there a position on its side."""
    held: dict[str, D] = {}
    for note in player.notes:
        key = note.position_id or note.trade.symbol
        signed = note.trade.side.sign * note.trade.quantity
        before = held.get(key, D(0))
        held[key] = before + signed
        if note.trade.order_id == order_id:
            assert before * signed < 0
            assert before * held[key] >= 0


@given(wide_bars(), st.lists(requests(), min_size=1, max_size=4), terms)
@settings(max_examples=30, deadline=None, derandomize=True)
def test_the_same_orders_give_the_same_events_to_the_byte(
    texts: list[str], sent: list[OrderRequest], options: dict[str, Any]
) -> None:
    transcripts = []
    for _ in range(2):
        player = Player(exits=not options["hedging"], **options)
        send_all(player, sent)
        player.play(bars(*texts, volume=1000))
        transcripts.append([wire.encode(event) for event in player.events])
    assert transcripts[0] == transcripts[1]
