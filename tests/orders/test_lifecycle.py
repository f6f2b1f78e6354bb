"""What an event means after what was told before: the table, and what follows from it.

RT-9, RT-10 (order_lifecycle 5 and 6): late, repeated and reordered events, and fills of the dead.
"""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.orders.samples import an_order
from tradegw.model.enums import OrderEventKind, OrderStatus
from tradegw.model.order import Order
from tradegw.orders.blotter import Blotter
from tradegw.orders.lifecycle import FOLLOWS, Meaning, meaning, merged, missing_event

S, K, M = OrderStatus, OrderEventKind, Meaning
SOME, MORE, ALL = Decimal("0.4"), Decimal("0.6"), Decimal(1)

KIND_OF = {
    S.PENDING: K.CREATED,
    S.OPEN: K.MODIFIED,
    S.PARTIALLY_FILLED: K.PARTIALLY_FILLED,
    S.PENDING_CANCEL: K.MODIFIED,
    S.FILLED: K.FILLED,
    S.CANCELLED: K.CANCELLED,
    S.REJECTED: K.REJECTED,
    S.EXPIRED: K.EXPIRED,
}
FILLS = [(SOME, SOME), (SOME, MORE), (MORE, SOME)]
WALK = list(itertools.product(S, S, FILLS, (True, False)))


def order(status: OrderStatus, filled: Decimal) -> Order:
    return an_order(status=status, filled=filled)


def told_after(told: Order, now: Order, *, created: bool) -> Meaning:
    return meaning(told, K.CREATED if created else KIND_OF[now.status], now)


def test_the_table_has_a_meaning_for_every_pair_of_statuses() -> None:
    assert set(FOLLOWS) == set(itertools.product(S, S))


@pytest.mark.parametrize("status", S)
def test_the_first_news_of_an_order_is_news_whatever_it_is(status: OrderStatus) -> None:
    assert meaning(None, KIND_OF[status], order(status, SOME)) is M.NEWS


@pytest.mark.parametrize(("before", "after", "fills", "created"), WALK)
def test_every_step_keeps_what_must_hold(
    before: OrderStatus, after: OrderStatus, fills: tuple[Decimal, Decimal], created: bool
) -> None:
    told, now = order(before, fills[0]), order(after, fills[1])
    found = told_after(told, now, created=created)
    next_told = merged(told, now)
    if now.filled_quantity > told.filled_quantity:
        assert found is (M.ODD if told.status.is_terminal else M.NEWS)
    elif told.status.is_terminal:
        assert not found.is_told
    elif now == told:
        assert found is M.REPEATED
    if found.is_told:
        assert next_told.filled_quantity == max(fills)
        assert next_told.filled_quantity + next_told.remaining_quantity == now.quantity
        assert next_told.status.is_terminal or not told.status.is_terminal
        again = told_after(next_told, now, created=created)
        assert not again.is_told  # whatever was told is not told again


@pytest.mark.parametrize(
    ("told", "now", "expected"),
    [
        ((S.PENDING, 0), (S.OPEN, 0), M.NEWS),
        ((S.PENDING, 0), (S.FILLED, 1), M.NEWS),
        ((S.OPEN, 0), (S.PENDING, 0), M.LATE),
        ((S.OPEN, 0), (S.REJECTED, 0), M.NEWS),
        ((S.PARTIALLY_FILLED, SOME), (S.OPEN, 0), M.LATE),
        ((S.PARTIALLY_FILLED, SOME), (S.PARTIALLY_FILLED, SOME), M.REPEATED),
        ((S.PARTIALLY_FILLED, SOME), (S.PARTIALLY_FILLED, MORE), M.NEWS),
        ((S.PARTIALLY_FILLED, SOME), (S.CANCELLED, SOME), M.NEWS),
        ((S.PENDING_CANCEL, 0), (S.OPEN, 0), M.LATE),  # as it was before the cancel
        ((S.PENDING_CANCEL, 0), (S.FILLED, 1), M.NEWS),
        ((S.FILLED, 1), (S.PARTIALLY_FILLED, SOME), M.LATE),
        ((S.FILLED, 1), (S.CANCELLED, 1), M.BROKEN),
        ((S.FILLED, 1), (S.REJECTED, 0), M.BROKEN),
        ((S.CANCELLED, 0), (S.FILLED, 1), M.ODD),
        ((S.CANCELLED, 0), (S.PARTIALLY_FILLED, SOME), M.ODD),
        ((S.CANCELLED, SOME), (S.PARTIALLY_FILLED, SOME), M.LATE),
        ((S.CANCELLED, SOME), (S.CANCELLED, SOME), M.REPEATED),
        ((S.CANCELLED, 0), (S.CANCELLED, SOME), M.ODD),
        ((S.REJECTED, 0), (S.OPEN, 0), M.BROKEN),
        ((S.REJECTED, 0), (S.FILLED, 1), M.ODD),
        ((S.EXPIRED, 0), (S.FILLED, 1), M.ODD),
        ((S.EXPIRED, 0), (S.CANCELLED, 0), M.LATE),
    ],
)
def test_what_is_seen_in_the_real_world_means_what_it_should(
    told: tuple[OrderStatus, Decimal], now: tuple[OrderStatus, Decimal], expected: Meaning
) -> None:
    assert meaning(order(*told), KIND_OF[now[0]], order(*now)) is expected


def test_a_cancelled_order_that_fills_some_more_stays_cancelled_and_has_the_fill() -> None:
    found = merged(order(S.CANCELLED, Decimal(0)), order(S.PARTIALLY_FILLED, SOME))
    assert (found.status, found.filled_quantity) == (S.CANCELLED, SOME)


def test_a_cancelled_order_that_fills_wholly_is_filled() -> None:
    assert merged(order(S.CANCELLED, SOME), order(S.FILLED, ALL)) == order(S.FILLED, ALL)


def test_a_working_order_that_was_changed_is_news_and_a_touched_one_is_not() -> None:
    told = order(S.OPEN, Decimal(0))
    changed = replace(told, limit_price=Decimal(7))
    touched = an_order(minute=0, status=S.OPEN, outside=True)
    assert meaning(told, K.MODIFIED, changed) is M.NEWS
    assert meaning(told, K.MODIFIED, touched) is M.REPEATED


@pytest.mark.parametrize(
    ("told", "now", "kind"),
    [
        (None, (S.OPEN, 0), K.CREATED),
        (None, (S.PARTIALLY_FILLED, SOME), K.PARTIALLY_FILLED),
        (None, (S.FILLED, 1), K.FILLED),
        ((S.PENDING, 0), (S.OPEN, 0), K.MODIFIED),
        ((S.OPEN, 0), (S.PENDING_CANCEL, 0), K.MODIFIED),
        ((S.OPEN, 0), (S.OPEN, 0), K.MODIFIED),
        ((S.PARTIALLY_FILLED, SOME), (S.PARTIALLY_FILLED, MORE), K.PARTIALLY_FILLED),
        ((S.PARTIALLY_FILLED, SOME), (S.CANCELLED, SOME), K.CANCELLED),
        ((S.CANCELLED, 0), (S.CANCELLED, SOME), K.CANCELLED),
        ((S.OPEN, 0), (S.EXPIRED, 0), K.EXPIRED),
        ((S.OPEN, 0), (S.REJECTED, 0), K.REJECTED),
    ],
)
def test_the_missing_event_leads_from_what_was_told_to_what_is(
    told: tuple[OrderStatus, Decimal] | None, now: tuple[OrderStatus, Decimal], kind: OrderEventKind
) -> None:
    assert missing_event(None if told is None else order(*told), order(*now)) is kind


# -- any delivery of any history


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[OrderEventKind, Order]]:
    """What a broker may truly tell of one order, in order, up to its end."""
    story = [(K.CREATED, order(S.OPEN, Decimal(0)))]
    filled = Decimal(0)
    for part in draw(st.lists(st.integers(1, 30), max_size=3)):
        filled += Decimal(part) / 100
        story.append((K.PARTIALLY_FILLED, order(S.PARTIALLY_FILLED, filled)))
    if draw(st.booleans()):
        story.append((K.MODIFIED, order(S.PENDING_CANCEL, filled)))
    end = draw(st.sampled_from([S.FILLED, S.CANCELLED, S.EXPIRED]))
    story.append((KIND_OF[end], order(end, ALL if end is S.FILLED else filled)))
    if end is not S.FILLED and draw(st.booleans()):  # dead, and then filled
        story.append((K.FILLED, order(S.FILLED, ALL)))
    return story


def deliver(events: list[tuple[OrderEventKind, Order]]) -> list[tuple[OrderEventKind, Order]]:
    """What clients are told of *events*."""
    blotter = Blotter()
    told = []
    for kind, each in events:
        found, shown = blotter.tell(kind, each)
        if found.is_told:
            told.append((kind, shown))
    return told


@st.composite
def deliveries(
    draw: st.DrawFn,
) -> tuple[list[tuple[OrderEventKind, Order]], list[tuple[OrderEventKind, Order]]]:
    """A history, and how it may arrive: shuffled, parts of it more than once."""
    story = draw(histories())
    repeated = draw(st.lists(st.sampled_from(story), max_size=4))
    return story, draw(st.permutations(story + repeated))


@given(deliveries())
def test_however_a_history_arrives_it_ends_in_the_same_order(
    delivery: tuple[list[tuple[OrderEventKind, Order]], list[tuple[OrderEventKind, Order]]],
) -> None:
    story, arrived = delivery
    assert deliver(arrived)[-1][1] == deliver(story)[-1][1]


@given(deliveries())
def test_fills_never_shrink_and_the_dead_do_not_rise(
    delivery: tuple[list[tuple[OrderEventKind, Order]], list[tuple[OrderEventKind, Order]]],
) -> None:
    shown = [each for _kind, each in deliver(delivery[1])]
    for before, after in itertools.pairwise(shown):
        assert after.filled_quantity >= before.filled_quantity
        assert after.status.is_terminal or not before.status.is_terminal


@given(deliveries())
def test_nothing_is_told_twice(
    delivery: tuple[list[tuple[OrderEventKind, Order]], list[tuple[OrderEventKind, Order]]],
) -> None:
    shown = [each for _kind, each in deliver(delivery[1])]
    assert len(set(shown)) == len(shown)


@given(histories())
def test_a_history_that_arrives_as_it_happened_is_told_whole(
    story: list[tuple[OrderEventKind, Order]],
) -> None:
    assert [kind for kind, _order in deliver(story)] == [kind for kind, _order in story]


@pytest.mark.parametrize(("minute", "expected"), [(0, M.LATE), (1, M.LATE), (2, M.NEWS)])
@pytest.mark.parametrize("status", [S.OPEN, S.PARTIALLY_FILLED])
def test_an_order_works_again_after_a_refused_cancel_if_that_is_newer(
    status: OrderStatus, minute: int, expected: Meaning
) -> None:
    told = an_order(minute=1, status=S.PENDING_CANCEL, quantity=2, filled=1)
    now = an_order(minute=minute, status=status, quantity=2, filled=1)
    assert meaning(told, K.MODIFIED, now) is expected


def test_an_end_is_told_whatever_its_time_says() -> None:
    assert meaning(an_order(minute=5), K.CANCELLED, an_order(status=S.CANCELLED)) is M.NEWS


def test_what_shows_less_executed_is_how_it_was_before() -> None:
    told = an_order(status=S.PARTIALLY_FILLED, quantity=3, filled=2)
    now = an_order(status=S.PENDING_CANCEL, quantity=3, filled=1)
    assert meaning(told, K.MODIFIED, now) is M.LATE


def test_a_change_that_arrives_after_a_newer_one_is_not_told() -> None:
    older, newer = (an_order(minute=1, limit_price=Decimal(price)) for price in (6, 7))
    newer = replace(newer, updated_at=an_order(minute=2).updated_at)
    told = deliver([(K.CREATED, an_order()), (K.MODIFIED, newer), (K.MODIFIED, older)])
    assert told[-1][1] == newer
