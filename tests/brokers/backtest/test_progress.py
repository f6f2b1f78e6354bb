"""How far a run has come is told on a terminal, and now and then in a log."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO

import pytest
from twisted.internet.task import Clock
from twisted.logger import capturedLogs

from tradegw.brokers.backtest.progress import Progress, progress
from tradegw.model.backtest import BacktestStatus, RunState

AT = datetime(2024, 3, 1, 15, 30, tzinfo=UTC)


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def status(state: RunState = RunState.RUNNING) -> BacktestStatus:
    return BacktestStatus(
        state=state,
        events=1234,
        clients=1,
        waiting_for=(),
        wall_seconds=2.0,
        clock=AT,
        progress=Decimal("0.414"),
    )


def test_a_terminal_is_told_every_second_in_one_line_that_stays() -> None:
    clock, out = Clock(), Terminal()
    line = Progress(status, lambda: Decimal("99970.5"), clock, out)
    line.start()
    for _ in range(3):
        clock.advance(1)
    line.stop()
    line.stop()
    shown = "backtest  41.4 %  2024-03-01 15:30  1234 events  617/s  equity 99970.50\x1b[K"
    assert out.getvalue().split("\r")[1:] == [shown, shown, shown, shown + "\n"]


def test_who_waits_for_clients_says_so() -> None:
    clock, out = Clock(), Terminal()
    line = Progress(lambda: status(RunState.WAITING), lambda: Decimal(1), clock, out)
    line.start()
    clock.advance(1)
    assert "waiting for clients" in out.getvalue()


@pytest.mark.parametrize("out", [StringIO(), None])
def test_without_a_terminal_it_is_logged_twice_a_minute(out: StringIO | None) -> None:
    clock = Clock()
    line = Progress(status, lambda: Decimal(1), clock, out)
    line.start()
    with capturedLogs() as logged:
        clock.pump([1] * 60)
    line.stop()
    assert len(logged) == 2
    assert out is None or out.getvalue() == ""


def test_progress_is_the_share_of_the_way_and_never_more_than_all_of_it() -> None:
    begin, end = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 5, tzinfo=UTC)
    assert progress(begin, begin, end) == 0
    assert progress(begin, datetime(2024, 1, 2, tzinfo=UTC), end) == Decimal("0.25")
    assert progress(begin, datetime(2024, 2, 1, tzinfo=UTC), end) == 1
    assert progress(begin, begin, begin) == 1
