"""The algebra of trailing stops (order_lifecycle 20.11, failures W-25 to W-29)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tradegw.exits.trailing import (
    FINEST_STEP,
    PAUSE,
    SMALL_PAUSE,
    SMALL_SHARE,
    Ratchet,
    better,
    on_step,
    stop_at,
)
from tradegw.model import wire
from tradegw.model.enums import Side, TrailingType
from tradegw.model.protection import Trail

BUY, SELL = Side.BUY, Side.SELL
NOW = datetime(2024, 5, 17, 12, tzinfo=UTC)
CENT = Decimal("0.01")


def percent(distance: str | Decimal) -> Trail:
    return Trail(distance=Decimal(distance), kind=TrailingType.PERCENT)


def absolute(distance: str | Decimal) -> Trail:
    return Trail(distance=Decimal(distance), kind=TrailingType.ABSOLUTE)


def a_ratchet(side: Side = SELL, begun: str | None = "100", trail: Trail | None = None) -> Ratchet:
    ratchet = Ratchet(trail or percent("5"), side)
    ratchet.begin(None if begun is None else Decimal(begun))
    return ratchet


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


prices = st.decimals("0.01", "200000", places=4).filter(bool)
steps = st.sampled_from([FINEST_STEP, Decimal("1e-5"), CENT, Decimal("0.25"), Decimal(5)])
widest = st.builds(
    Decimal.scaleb, st.integers(1, 10**28 - 1).map(Decimal), st.integers(-28, 0).map(Decimal)
)
"""Up to 28 digits, up to 28 of them behind the point."""
sides = st.sampled_from(Side)
trails = st.one_of(
    st.decimals("0.0001", "99.9999", places=4).map(percent),
    st.decimals("0.0001", "100000", places=4).map(absolute),
)


# -- the trail -------------------------------------------------------------------------------------


@pytest.mark.parametrize("distance", ["0", "-1", "NaN", "Infinity"])
@pytest.mark.parametrize("kind", TrailingType)
def test_ts06_a_distance_that_is_not_positive_is_refused(kind: TrailingType, distance: str) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        Trail(distance=Decimal(distance), kind=kind)


def test_ts06_all_of_the_price_is_no_distance_but_as_an_amount_it_may_be() -> None:
    with pytest.raises(ValueError, match="below 100 percent"):
        percent("100")
    assert percent("99.9").distance == Decimal("99.9")
    assert absolute("100").distance == 100


def test_a_trail_is_written_and_read_in_the_words_of_the_api() -> None:
    body = b'{"distance":"2.5","type":"PERCENT"}'
    assert wire.encode(percent("2.5")) == body
    assert msgspec.json.decode(body, type=Trail) == percent("2.5")
    with pytest.raises(msgspec.ValidationError, match="must be positive"):
        msgspec.json.decode(b'{"distance":"0","type":"PERCENT"}', type=Trail)


# -- the stop --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark", "trail", "side", "stop"),
    [
        ("150.50", percent("2.5"), SELL, "146.7375"),
        ("150.50", percent("2.5"), BUY, "154.2625"),
        ("150.50", absolute("2.5"), SELL, "148"),
        ("150.50", absolute("2.5"), BUY, "153"),
        ("0.00001234", percent("0.7"), SELL, "0.00001225362"),
        ("0.1", absolute("0.3"), SELL, "-0.2"),
    ],
)
def test_ts02_the_stop_is_exact(mark: str, trail: Trail, side: Side, stop: str) -> None:
    assert stop_at(Decimal(mark), trail, side) == Decimal(stop)


@given(mark=widest, distance=widest, kind=st.sampled_from(TrailingType), side=sides)
def test_ts02_the_stop_is_exact_for_every_price_there_can_be(
    mark: Decimal, distance: Decimal, kind: TrailingType, side: Side
) -> None:
    assume(kind is TrailingType.ABSOLUTE or distance < 100)
    away = Fraction(distance)
    if kind is TrailingType.PERCENT:
        away *= Fraction(mark) / 100
    trail = Trail(distance=distance, kind=kind)
    assert Fraction(stop_at(mark, trail, side)) == Fraction(mark) + side.sign * away


def test_ts03_only_what_is_strictly_further_on_is_better() -> None:
    low, high = Decimal("99.99"), Decimal(100)
    assert better(SELL, low, high)
    assert not better(SELL, high, low)
    assert better(BUY, high, low)
    assert not better(BUY, low, high)
    for side in Side:
        assert not better(side, high, Decimal("100.00"))


@pytest.mark.parametrize(
    ("stop", "side", "step", "rounded"),
    [
        ("146.7375", SELL, "0.01", "146.73"),
        ("146.7375", BUY, "0.01", "146.74"),
        ("146.73", SELL, "0.01", "146.73"),
        ("146.73", BUY, "0.01", "146.73"),
        ("146.7375", SELL, "0.25", "146.5"),
        ("146.7375", BUY, "0.25", "146.75"),
        ("146.7375", BUY, "5", "150"),
    ],
)
def test_a_stop_is_rounded_away_from_the_market(
    stop: str, side: Side, step: str, rounded: str
) -> None:
    assert str(on_step(Decimal(stop), side, Decimal(step))) == rounded


@given(stop=prices, side=sides, step=steps)
def test_rounding_is_never_tighter_and_never_looser_by_a_step(
    stop: Decimal, side: Side, step: Decimal
) -> None:
    rounded = on_step(stop, side, step)
    assert rounded % step == 0
    assert 0 <= (rounded - stop) * side.sign < step


@given(mark=prices, trail=trails)
def test_buying_and_selling_mirror_each_other(mark: Decimal, trail: Trail) -> None:
    assert mark - stop_at(mark, trail, SELL) == stop_at(mark, trail, BUY) - mark


@given(mark=prices, share=st.decimals("0.0001", "99.9999", places=4), side=sides)
def test_a_percentage_is_that_part_of_the_mark(mark: Decimal, share: Decimal, side: Side) -> None:
    distance = mark * share / 100
    assert stop_at(mark, percent(share), side) == stop_at(mark, absolute(distance), side)


def test_a_distance_that_reaches_below_any_price_has_no_stop_until_the_price_has_risen() -> None:
    ratchet = a_ratchet(trail=absolute("100"))
    assert ratchet.stop() is None
    assert ratchet.wanted(None, NOW) is None
    ratchet.see(Decimal("100.004"))
    assert ratchet.stop(CENT) is None
    assert ratchet.stop() == Decimal("0.004")


# -- the mark --------------------------------------------------------------------------------------


def test_w27_the_fill_is_the_first_mark_and_its_stop_waits_for_no_tick() -> None:
    ratchet = Ratchet(percent("2.5"), SELL)
    assert ratchet.stop() is None
    assert ratchet.begin(Decimal("150.50"))
    assert ratchet.wanted(None, NOW) == Decimal("146.7375")


def test_prices_before_the_fill_do_not_count() -> None:
    ratchet = a_ratchet(begun=None)
    assert not ratchet.see(Decimal(200))
    assert ratchet.mark is None
    assert ratchet.wait(Decimal(90), NOW) is None


def test_further_fills_leave_the_mark() -> None:
    ratchet = a_ratchet(begun="100")
    for average in ("101", "99"):
        assert not ratchet.begin(Decimal(average))
    assert ratchet.mark == 100


def test_a_fill_without_a_price_leaves_the_beginning_to_a_later_price() -> None:
    ratchet = a_ratchet(begun=None)
    assert not ratchet.begin(Decimal(0))
    assert ratchet.begin(Decimal(101))
    assert ratchet.mark == 101


def test_of_several_prices_the_best_is_the_mark_in_any_order() -> None:
    for given_order in (("101", "103", "102"), ("103", "102", "101")):
        ratchet = a_ratchet()
        assert ratchet.see(*map(Decimal, given_order))
        assert ratchet.mark == 103
    ratchet = a_ratchet(BUY)
    assert ratchet.see(Decimal(99), Decimal(97), Decimal(98))
    assert ratchet.mark == 97


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("price", [None, "0", "-0", "-5", "NaN", "sNaN", "Infinity", "1e29"])
def test_what_is_missing_or_absurd_is_no_price(side: Side, price: str | None) -> None:
    ratchet = a_ratchet(side)
    assert not ratchet.see(None if price is None else Decimal(price))
    assert ratchet.mark == 100
    assert not a_ratchet(side, begun=price).mark


def test_w29_stale_prices_stop_the_ratchet_and_leave_the_stop() -> None:
    ratchet = a_ratchet()
    assert not ratchet.see(Decimal(120), stale=True)
    assert ratchet.stop() == 95
    assert ratchet.wait(Decimal(95), NOW) is None
    assert ratchet.see(Decimal(120))


# -- the move --------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", Side)
def test_ts04_the_first_stop_is_always_placed(side: Side) -> None:
    for confirmed in (None, Decimal(0)):
        ratchet = a_ratchet(side)
        ratchet.moved(NOW)
        assert ratchet.wanted(confirmed, NOW) == ratchet.stop()


@pytest.mark.parametrize(
    ("side", "price", "is_moved"),
    [
        (SELL, "1012", True),
        (SELL, "1011", True),
        (SELL, "1010.5", False),
        (BUY, "988", True),
        (BUY, "989", True),
        (BUY, "989.5", False),
    ],
    ids=["sell 0.2", "sell 0.1", "sell 0.05", "buy 0.2", "buy 0.1", "buy 0.05"],
)
def test_ts04_a_tenth_of_a_percent_is_worth_a_move(side: Side, price: str, is_moved: bool) -> None:
    ratchet = a_ratchet(side, "1000", absolute("10"))
    confirmed = Decimal(1000)
    ratchet.moved(NOW)
    ratchet.see(Decimal(price))
    assert ratchet.wanted(confirmed, NOW + PAUSE) == (ratchet.stop() if is_moved else None)


def test_a_small_move_is_made_when_the_last_is_half_a_minute_ago() -> None:
    ratchet = a_ratchet()
    ratchet.moved(NOW)
    ratchet.see(Decimal("100.02"))
    assert ratchet.wait(Decimal(95), after(10)) == timedelta(seconds=20)
    assert ratchet.wanted(Decimal(95), after(29.999)) is None
    assert ratchet.wanted(Decimal(95), after(30)) == Decimal("95.019")
    assert ratchet.wait(Decimal(95), after(31)) == timedelta(0)


def test_moves_are_a_second_apart() -> None:
    ratchet = a_ratchet()
    ratchet.moved(NOW)
    ratchet.see(Decimal(110))
    assert ratchet.wait(Decimal(95), after(0.25)) == timedelta(seconds=0.75)
    assert ratchet.wanted(Decimal(95), after(0.25)) is None
    assert ratchet.wanted(Decimal(95), after(1)) == Decimal("104.5")


def test_a_clock_that_was_set_back_makes_nobody_wait() -> None:
    ratchet = a_ratchet()
    ratchet.moved(after(3600))
    ratchet.see(Decimal("100.02"))
    assert ratchet.wanted(Decimal(95), NOW) == Decimal("95.019")


def test_less_than_a_step_is_no_move() -> None:
    ratchet = a_ratchet()
    assert ratchet.wait(Decimal("94.995"), NOW, CENT) is None
    assert ratchet.wanted(Decimal("94.99"), NOW, CENT) == 95


@pytest.mark.parametrize(("side", "tighter"), [(SELL, "97"), (BUY, "103")])
def test_a_tighter_stop_that_rests_is_left_alone(side: Side, tighter: str) -> None:
    ratchet = a_ratchet(side)
    assert ratchet.wait(Decimal(tighter), NOW) is None
    assert ratchet.wanted(Decimal(tighter), NOW) is None


def test_w25_a_dip_after_a_move_moves_nothing_back() -> None:
    ratchet = a_ratchet(begun="50000")
    ratchet.see(Decimal(55000))
    assert ratchet.wanted(Decimal(47500), NOW) == 52250
    ratchet.moved(NOW)
    assert not ratchet.see(Decimal(52000))
    assert ratchet.stop() == 52250
    assert ratchet.wanted(Decimal(52250), after(3600)) is None


@pytest.mark.parametrize(("side", "tick"), [(SELL, "1.00002"), (BUY, "0.99998")])
def test_w26_a_creeping_trend_moves_the_stop_that_rests(side: Side, tick: str) -> None:
    """0.002 % a second: no tick is worth a move; the resting stop is never 31 s behind."""
    ratchet = a_ratchet(side)
    price, confirmed = Decimal(100), ratchet.stop(CENT)
    ratchet.moved(NOW)
    moves, wished = 0, []
    for second in range(1, 601):
        price = (price * Decimal(tick)).quantize(FINEST_STEP)
        ratchet.see(price)
        wished.append(ratchet.stop(CENT))
        wanted = ratchet.wanted(confirmed, after(second), CENT)
        if wanted is not None:
            confirmed, moves = wanted, moves + 1
            ratchet.moved(after(second))
        if second > 31:
            behind, rests = wished[-32], confirmed
            assert behind is not None
            assert rests is not None
            assert not better(side, rests, behind)
    assert 19 <= moves <= 20


def test_w26_a_refused_move_is_wanted_again_however_often_it_was_wished() -> None:
    ratchet = a_ratchet()
    ratchet.see(Decimal(110))
    for second in range(5):
        assert ratchet.wanted(Decimal(95), after(second)) == Decimal("104.5")
        ratchet.moved(after(second))


# -- for every history -----------------------------------------------------------------------------

ticks = st.lists(st.one_of(prices, st.none(), st.just(Decimal(-1))), max_size=30)


@given(side=sides, trail=trails, first=prices, seen=ticks, step=steps)
def test_the_stop_never_goes_back_and_never_reaches_the_mark(
    side: Side, trail: Trail, first: Decimal, seen: list[Decimal | None], step: Decimal
) -> None:
    ratchet = Ratchet(trail, side)
    ratchet.begin(first)
    before = ratchet.stop(step)
    for price in seen:
        ratchet.see(price)
        stop = ratchet.stop(step)
        if before is not None:
            assert stop is not None
            assert not better(side, stop, before)
        if stop is not None:
            assert ratchet.mark is not None
            assert (stop - ratchet.mark) * side.sign > 0
        before = stop


@given(
    side=sides,
    trail=trails,
    first=prices,
    seen=st.lists(
        st.tuples(prices, st.floats(0, 60), st.sampled_from(["done", "refused", "restart"])),
        max_size=30,
    ),
    step=steps,
)
def test_w29_moves_only_improve_and_a_restart_is_as_if_it_had_not_been(
    side: Side,
    trail: Trail,
    first: Decimal,
    seen: list[tuple[Decimal, float, str]],
    step: Decimal,
) -> None:
    ratchet, steady = Ratchet(trail, side), Ratchet(trail, side)
    for one in (ratchet, steady):
        one.begin(first)
    confirmed, now = ratchet.stop(step), NOW
    for price, seconds, course in seen:
        now += timedelta(seconds=seconds)
        if course == "restart":
            ratchet = msgspec.json.decode(wire.encode(ratchet), type=Ratchet)
        assert ratchet.see(price) == steady.see(price)
        wanted = ratchet.wanted(confirmed, now, step)
        assert wanted == steady.wanted(confirmed, now, step)
        if wanted is None:
            continue
        assert confirmed is None or better(side, confirmed, wanted)
        for one in (ratchet, steady):
            one.moved(now)
        confirmed = confirmed if course == "refused" else wanted
    assert ratchet == steady


@given(side=sides, trail=trails, first=prices, best=prices, step=steps, rests=prices)
def test_after_half_a_minute_what_rests_is_less_than_a_step_behind(
    side: Side, trail: Trail, first: Decimal, best: Decimal, step: Decimal, rests: Decimal
) -> None:
    ratchet = Ratchet(trail, side)
    ratchet.begin(first)
    ratchet.see(best)
    ratchet.moved(NOW)
    stop = ratchet.stop(step)
    assume(stop is not None)
    assert stop is not None
    wait = ratchet.wait(rests, NOW, step)
    if wait is None:
        assert (rests - stop) * side.sign < step
    else:
        assert wait == (PAUSE if abs(stop - rests) >= rests * SMALL_SHARE else SMALL_PAUSE)
        assert ratchet.wanted(rests, NOW + wait, step) == stop


@given(
    trail=st.decimals("0.0001", "5", places=4).map(absolute),
    seen=st.lists(st.decimals("50", "150", places=4), min_size=1, max_size=30),
)
def test_a_mirrored_history_has_mirrored_stops(trail: Trail, seen: list[Decimal]) -> None:
    falling, rising = Ratchet(trail, BUY), Ratchet(trail, SELL)
    falling.begin(seen[0])
    rising.begin(200 - seen[0])
    for price in seen:
        assert falling.see(price) == rising.see(200 - price)
        stop, mirrored = falling.stop(), rising.stop()
        assert stop is not None
        assert mirrored == 200 - stop
