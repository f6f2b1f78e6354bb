"""What the journal could not even hold is no secret."""

from __future__ import annotations

from tests.orders.core import Core
from tradegw.model.enums import AlertCode


def alerts(core: Core) -> list[str]:
    return [alert.message for alert in core.alerts(AlertCode.INTERNAL_ERROR)]


def test_changes_that_are_lost_to_the_journal_are_told_once_for_each_time_it_fails() -> None:
    core = Core()
    order_id = core.submit(quantity="10").id
    core.store.most_held = 1
    for times in (1, 2):
        core.store.fail("disk full")
        assert len(alerts(core)) == times - 1
        for total in (3, 4, 5):
            core.broker.fill(order_id, str(total * times))
        core.store.fail("disk gone")  # the same trouble goes on
        core.broker.fill(order_id, str(5 * times))
        assert len(alerts(core)) == times
        assert "lost" in alerts(core)[-1]
        core.store.recover()
    assert core.store.lost > 2


def test_what_is_held_is_not_lost() -> None:
    core = Core()
    order_id = core.submit().id
    core.store.fail("disk full")
    core.broker.fill(order_id, "1")
    core.store.recover()
    assert alerts(core) == []
