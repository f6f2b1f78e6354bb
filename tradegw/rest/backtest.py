"""``/v1/backtest``: the run, where the broker trades in the past."""

from __future__ import annotations

from typing import Any

from ..errors import UnsupportedOperation
from ..interfaces import IBacktest
from ..model.backtest import BacktestStatus
from .rooms import Rooms
from .routing import Routes

routes = Routes("backtest")


@routes.get(
    "/v1/backtest",
    operation_id="get_backtest",
    answer=BacktestStatus,
    errors=(UnsupportedOperation,),
)
async def get_backtest(rooms: Rooms) -> BacktestStatus:
    """How far the run has come, and whose acknowledgement it waits for.

    A broker that trades in the present has no run and refuses.
    """
    return _run(rooms).status()


@routes.get(
    "/v1/backtest/report",
    operation_id="get_backtest_report",
    answer=dict[str, Any],
    errors=(UnsupportedOperation,),
)
async def get_backtest_report(rooms: Rooms) -> dict[str, Any]:
    """The result of the run: as of now, or for good when it is over."""
    return _run(rooms).report()


def _run(rooms: Rooms) -> IBacktest:
    if rooms.backtest is None:
        (broker,) = rooms.health.ready().providers
        raise UnsupportedOperation("a backtest", broker.value)
    return rooms.backtest
