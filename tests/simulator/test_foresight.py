"""Which way round a bar goes: what is foreseen on copies is what happens, and is chosen well."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.simulator.floor import (
    ABSOLUTE,
    BUY,
    LIMIT,
    MARKET,
    PERCENT,
    SELL,
    STOP,
    STOP_LIMIT,
    TRAILING,
    order,
)
from tests.simulator.player import Player, bar, bars
from tradegw.errors import OrderRejected
from tradegw.model.enums import TrailingType
from tradegw.model.order import OrderRequest
from tradegw.model.protection import Trail
from tradegw.simulator.costs import Commission
from tradegw.simulator.paths import Path, PriceBar
from tradegw.simulator.slippage import Slippage

HIGH, LOW = Path.HIGH_FIRST, Path.LOW_FIRST

price = st.integers(94, 106)
quantity = st.integers(1, 20)


@st.composite
def wide_bars(draw: st.DrawFn) -> list[str]:
    texts = []
    for _ in range(2):
        opened, close = draw(price), draw(price)
        high = max(opened, close) + draw(st.integers(0, 6))
        low = min(opened, close) - draw(st.integers(0, 6))
        texts.append(f"{opened}/{high}/{low}/{close}")
    return texts


@st.composite
def requests(draw: st.DrawFn) -> OrderRequest:
    kind = draw(st.sampled_from([MARKET, LIMIT, LIMIT, STOP, STOP_LIMIT, TRAILING]))
    members: dict[str, Any] = {"reduce_only": draw(st.sampled_from([None, None, True]))}
    if kind in (LIMIT, STOP_LIMIT):
        members["limit_price"] = draw(price)
    if kind in (STOP, STOP_LIMIT):
        members["stop_price"] = draw(price)
    if kind is TRAILING:
        members["trailing_distance"] = draw(st.integers(1, 8))
        members["trailing_type"] = draw(st.sampled_from(TrailingType))
    if not members["reduce_only"]:
        members["stop_loss"] = draw(st.none() | price)
        members["take_profit"] = draw(st.none() | price)
    return order(draw(st.sampled_from([BUY, SELL])), draw(quantity), kind, **members)


terms = st.fixed_dictionaries(
    {
        "cash": st.sampled_from([Decimal(150), Decimal(20_000)]),
        "leverage": st.sampled_from([Decimal(1), Decimal(4), Decimal(20)]),
        "commission": st.sampled_from([Commission(), Commission.parse("5bps+min1")]),
        "slippage": st.sampled_from(
            [Slippage(), Slippage.parse("7bps"), Slippage.parse("rand:20bps")]
        ),
        "volume_limit": st.sampled_from([Decimal(0), Decimal("0.02")]),
        "limit_through": st.booleans(),
    }
)


def run(
    path: Path, texts: list[str], sent: list[OrderRequest], spread: str, **options: Any
) -> Player:
    """Send everything after the first bar, as far as it is taken."""
    player = Player(path=path, **options)

    def send(player: Player) -> None:
        for request in sent:
            try:
                player.send_request(request)
            except OrderRejected:
                continue

    player.after(0, send)
    player.play(bars(*texts, spread=spread, volume=1000))
    return player


@given(wide_bars(), st.lists(requests(), min_size=1, max_size=5), terms, st.sampled_from("02"))
@settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much],
)
def test_the_worst_path_is_the_worst_and_the_best_the_best(
    texts: list[str], sent: list[OrderRequest], options: dict[str, Any], spread: str
) -> None:
    """At the close of the first ambiguous bar, if all came to it alike: a bar may leave equal
    money and unequal trailing stops behind.
    """
    players = {path: run(path, texts, sent, spread, **options) for path in Path}
    begins = {tuple(begin for _, begin, _ in p.ambiguous[:1]) for p in players.values()}
    assume(len(begins) == 1 and begins != {()})
    ((begin,),) = begins
    index = (begin - bar("1/1/1/1").time).days
    states = {tuple(p.equities[:index]) for p in players.values()}
    assume(len(states) == 1 and len({p.ambiguous[0][2] for p in players.values()}) == 1)
    at_stake = players[Path.WORST].ambiguous[0][2]
    equity = {path: p.equities[index] for path, p in players.items()}
    assert equity[Path.WORST] == min(equity.values())
    assert equity[Path.BEST] == max(equity.values())
    assert abs(equity[HIGH] - equity[LOW]) == at_stake


def test_a_bar_is_not_ambiguous_if_only_one_exit_can_be_reached() -> None:
    player = Player()
    player.after(0, lambda p: p.send(BUY, 10, stop_loss=90, take_profit=109))
    player.play(bars("100/105/95/102", "103/110/99/108"))
    assert player.fills[1:] == [("109", "02 15:16:21")]
    assert player.playback.ambiguous_bars == 0


@pytest.mark.parametrize(("path", "count"), [(Path.WORST, 1), (Path.NEAREST, 1), (HIGH, 1)])
def test_ambiguous_bars_are_counted_under_every_rule(path: Path, count: int) -> None:
    player = Player(path=path)
    player.after(0, lambda p: p.send(BUY, 10, LIMIT, limit_price=101, take_profit=109))
    player.play(bars("100/105/95/102", "103/110/99/104", "104/105/103/104"))
    assert player.playback.ambiguous_bars == count


def test_exits_of_an_entry_inside_the_bar_are_foreseen() -> None:
    """Bought at 101 on the way down, the stop is met on the way to the low, before the high."""
    player = Player()
    player.after(
        0, lambda p: p.send(BUY, 10, LIMIT, limit_price=101, stop_loss=100, take_profit=109)
    )
    player.play(bars("100/105/95/102", "103/110/99/104"))
    assert [at for at, _ in player.fills] == ["101", "100"]


@pytest.mark.parametrize(
    ("trail", "stop_loss", "ambiguous"),
    [
        (None, None, 0),
        (Trail(distance=Decimal(5), kind=ABSOLUTE), None, 1),
        (Trail(distance=Decimal(4), kind=PERCENT), None, 1),
        (Trail(distance=Decimal(7), kind=ABSOLUTE), None, 0),
        (Trail(distance=Decimal(7), kind=ABSOLUTE), 100, 1),
        (Trail(distance=Decimal(5), kind=ABSOLUTE), 97, 1),
    ],
)
def test_a_trailing_exit_is_foreseen_as_the_stop_that_it_begins_as(
    trail: Trail | None, stop_loss: int | None, ambiguous: int
) -> None:
    """Bought at 105 on the way to the high, it would be stopped on the way to the low of 99."""
    sent = order(BUY, 10, STOP, stop_price=105, stop_loss=stop_loss)
    request = replace(sent, trailing_stop=trail)
    player = Player(exits=False)
    player.after(0, lambda p: p.send_request(request))
    player.play(bars("100/105/95/102", "103/110/99/108"))
    assert player.playback.ambiguous_bars == ambiguous


@pytest.mark.parametrize(("group", "ambiguous"), [("g", 1), (None, 0)])
def test_orders_of_one_group_take_from_each_other(group: str | None, ambiguous: int) -> None:
    """Only one of the two entries fills: which, is for the way round to say."""
    player = Player(exits=False)
    player.after(0, lambda p: p.send(BUY, 10, LIMIT, limit_price=101, oco_group_id=group))
    player.after(0, lambda p: p.send(BUY, 10, STOP, stop_price=106, oco_group_id=group))
    player.play(bars("100/105/95/102", "103/110/99/104"))
    assert player.playback.ambiguous_bars == ambiguous


@pytest.mark.parametrize(("named", "at_stake"), [(True, 30), (False, 70)])
def test_exits_that_rest_already_take_from_their_own_pair(named: bool, at_stake: int) -> None:
    """Once the near stop has sold, its target at 105 is gone, and the far one at 109 is met."""
    player = Player(exits=False)

    def protect(player: Player) -> None:
        for pair, stop, target in (("near", 102, 105), ("far", 90, 109)):
            name = pair if named else None
            one = order(SELL, 10, STOP, stop_price=stop, reduce_only=True)
            other = order(SELL, 10, LIMIT, limit_price=target, reduce_only=True)
            player.send_request(one, pair=name)
            player.send_request(other, pair=name)

    player.after(0, lambda p: p.send(BUY, 20))
    player.after(1, protect)
    player.play(bars("100/105/95/102", "103/103/103/103", "103/110/99/108"))
    assert [found for _, _, found in player.ambiguous] == [Decimal(at_stake)]


def test_with_leverage_even_a_single_order_can_depend_on_the_way() -> None:
    """What is sold at the high is not liquidated at the low."""
    player = Player(cash=Decimal(1000), leverage=Decimal(5))
    player.after(0, lambda p: p.send(BUY, 45))
    player.after(1, lambda p: p.send(SELL, 45, LIMIT, limit_price=97))
    player.play(bars("100/105/95/102", "103/110/99/108", "90/97/88/95"))
    assert player.fills[1:] == [("88", "03 08:00:00")]
    assert [found for _, _, found in player.ambiguous] == [Decimal(45 * 9)]


def test_both_exits_of_a_pair_are_never_foreseen_to_fill_beyond_the_position() -> None:
    """Two entries with exits: each pair takes from itself, not from the other's quantity."""
    player = Player()
    player.after(0, lambda p: [p.send(BUY, 10, stop_loss=s, take_profit=109) for s in (100, 98)])
    player.play(bars("100/105/95/102", "103/110/99/108"))
    assert player.playback.positions() == []
    assert [at for at, _ in player.fills] == ["103", "103", "100", "109"]
    assert [at_stake for _, _, at_stake in player.ambiguous] == [Decimal(90)]


def test_two_sided_bars_walk_both_sides() -> None:
    """The sides differ in width; each order looks at its own."""
    one, other = bar("100/105/95/102", 1).bid, bar("101/106/97/103", 1).bid
    two_sided = PriceBar(bar("1/1/1/1", 1).time, one, other)
    player = Player(path=Path.LOW_FIRST, exits=False)
    player.after(0, lambda p: p.send(BUY, 1, LIMIT, limit_price=98))
    player.after(0, lambda p: p.send(SELL, 1, LIMIT, limit_price=104))
    player.play([bar("100/105/95/102"), two_sided])
    assert player.fills == [("98", "02 06:00:00"), ("104", "02 15:12:00")]
