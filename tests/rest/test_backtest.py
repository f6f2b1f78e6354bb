"""``GET /v1/backtest`` where there is no run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.rest.fakes import FakeHealth
from tradegw.errors import UnsupportedOperation
from tradegw.rest.backtest import get_backtest, get_backtest_report


@pytest.mark.parametrize("asked", [get_backtest, get_backtest_report])
def test_a_broker_that_trades_in_the_present_is_named_in_the_refusal(asked: Any) -> None:
    rooms = SimpleNamespace(backtest=None, health=FakeHealth())
    with pytest.raises(UnsupportedOperation) as refused:
        asked(rooms).send(None)
    assert refused.value.details == {"operation": "a backtest", "provider": "mock"}
