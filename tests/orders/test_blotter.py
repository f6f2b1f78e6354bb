"""What the gateway alone knows of an order: found early, kept long enough, bounded."""

from __future__ import annotations

import pytest

from tests.orders.samples import an_order
from tradegw.model.enums import TERMINAL_STATUSES, OrderStatus
from tradegw.orders.blotter import Blotter, Links

LINKS = Links(
    client_order_id="c1", correlation_id="corr", parent_order_id="entry", oco_group_id="group"
)


def expecting(links: Links = LINKS, **bounds: int) -> Blotter:
    blotter = Blotter(**bounds)
    blotter.expect(links)
    return blotter


def test_w50_an_event_that_overtakes_the_answer_is_linked() -> None:
    order = expecting().apply(an_order(client_order_id="c1"))
    assert (order.correlation_id, order.parent_order_id, order.oco_group_id) == (
        "corr",
        "entry",
        "group",
    )


def test_later_events_are_linked_by_the_brokers_id_alone() -> None:
    blotter = expecting()
    blotter.apply(an_order(client_order_id="c1"))
    assert blotter.apply(an_order()).correlation_id == "corr"


def test_an_answer_without_client_order_id_is_linked_all_the_same() -> None:
    blotter = expecting()
    assert blotter.accept(LINKS, an_order()).correlation_id == "corr"
    assert blotter.linked(an_order()).parent_order_id == "entry"


def test_a_member_that_a_client_looked_at_is_expected_until_it_was_taken_in() -> None:
    blotter = expecting()
    blotter.linked(an_order(client_order_id="c1"))
    assert blotter.expected_in_group("group") == [LINKS]
    blotter.apply(an_order(client_order_id="c1"))
    assert blotter.expected_in_group("group") == []


def test_an_order_of_somebody_else_has_no_links() -> None:
    order = an_order(client_order_id="stranger")
    assert expecting().apply(order) == order


def test_lk04_what_the_broker_itself_says_wins() -> None:
    order = expecting().apply(
        an_order(client_order_id="c1", parent_order_id="theirs", oco_group_id="their group")
    )
    assert (order.parent_order_id, order.oco_group_id) == ("theirs", "their group")
    assert order.correlation_id == "corr"


def test_what_was_refused_is_forgotten() -> None:
    blotter = expecting()
    blotter.forget(LINKS)
    assert blotter.apply(an_order(client_order_id="c1")).correlation_id is None


def test_the_refusal_of_a_repeat_does_not_forget_the_first() -> None:
    """Client order ids may be used twice; each attempt has links of its own."""
    blotter = expecting()
    blotter.forget(Links(client_order_id="c1", correlation_id="repeat"))
    assert blotter.apply(an_order(client_order_id="c1")).correlation_id == "corr"


def test_a_repeat_that_the_broker_answers_with_the_first_order_keeps_its_links() -> None:
    blotter = expecting()
    blotter.accept(LINKS, an_order(client_order_id="c1"))
    repeat = Links(client_order_id="c1", correlation_id="repeat")
    blotter.expect(repeat)
    assert blotter.accept(repeat, an_order(client_order_id="c1")).correlation_id == "corr"


@pytest.mark.parametrize("status", sorted(TERMINAL_STATUSES))
def test_ob01_the_correlation_id_survives_the_end_of_the_order(status: OrderStatus) -> None:
    blotter = expecting()
    blotter.apply(an_order(client_order_id="c1", status=status))
    assert blotter.linked(an_order()).correlation_id == "corr"


def test_a_late_event_does_not_revive_a_terminal_order() -> None:
    blotter = Blotter()
    blotter.apply(an_order(status=OrderStatus.FILLED, filled=1))
    late = an_order(status=OrderStatus.OPEN)
    assert blotter.apply(late) == late
    kept = blotter.order("o1")
    assert kept is not None
    assert kept.status is OrderStatus.FILLED


def test_an_answer_that_a_fill_overtook_does_not_undo_the_fill() -> None:
    blotter = Blotter()
    blotter.apply(an_order(status=OrderStatus.PARTIALLY_FILLED, filled=1, quantity=2))
    blotter.apply(an_order(quantity=2))
    kept = blotter.order("o1")
    assert kept is not None
    assert kept.filled_quantity == 1


def test_a_replaced_order_hands_its_links_to_its_successor() -> None:
    blotter = expecting()
    blotter.apply(an_order("old", client_order_id="c1"))
    assert blotter.renamed("old", an_order("new")).correlation_id == "corr"
    old = blotter.order("old")
    assert old is not None
    assert old.status is OrderStatus.CANCELLED
    assert blotter.linked(an_order("new")).parent_order_id == "entry"


def test_a_replaced_order_that_had_ended_keeps_its_end() -> None:
    blotter = Blotter()
    blotter.apply(an_order("old", status=OrderStatus.FILLED, filled=1))
    blotter.renamed("old", an_order("new"))
    old = blotter.order("old")
    assert old is not None
    assert old.status is OrderStatus.FILLED


def test_of_terminal_orders_the_newest_are_kept() -> None:
    blotter = Blotter(retained_terminal=2)
    for number in range(4):
        name = f"c{number}"
        blotter.expect(Links(client_order_id=name, correlation_id=name))
        blotter.apply(
            an_order(f"o{number}", client_order_id=name, status=OrderStatus.FILLED, filled=1)
        )
    assert [blotter.order(f"o{number}") is not None for number in range(4)] == [
        False,
        False,
        True,
        True,
    ]
    assert blotter.linked(an_order("o1")).correlation_id is None
    assert blotter.linked(an_order("o2")).correlation_id == "c2"


def test_working_orders_are_never_dropped_for_terminal_ones() -> None:
    blotter = Blotter(retained_terminal=1)
    blotter.apply(an_order("working"))
    for number in range(5):
        blotter.apply(an_order(f"o{number}", status=OrderStatus.CANCELLED))
    assert blotter.order("working") is not None


def test_w72_what_was_never_heard_of_again_is_bounded() -> None:
    blotter = Blotter(retained_expected=2)
    for number in range(3):
        blotter.expect(Links(client_order_id=f"c{number}", correlation_id="x"))
    assert blotter.apply(an_order("a", client_order_id="c0")).correlation_id is None
    assert blotter.apply(an_order("b", client_order_id="c1")).correlation_id == "x"
    assert blotter.apply(an_order("c", client_order_id="c2")).correlation_id == "x"


def test_a_group_is_its_working_members_and_those_on_their_way() -> None:
    blotter = expecting(Links(client_order_id="c9", oco_group_id="g"))
    blotter.apply(an_order("o1", oco_group_id="g"))
    blotter.apply(an_order("o2", oco_group_id="g", status=OrderStatus.CANCELLED))
    blotter.apply(an_order("o3", oco_group_id="other"))
    assert [order.id for order in blotter.working_in_group("g")] == ["o1"]
    assert [links.client_order_id for links in blotter.expected_in_group("g")] == ["c9"]
    assert blotter.expected_in_group("other") == []
