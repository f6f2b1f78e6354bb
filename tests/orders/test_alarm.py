"""Trouble is told, counted and scrubbed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from zope.interface.verify import verifyObject

from tests.orders.core import Core
from tradegw.interfaces import IAlarm
from tradegw.model.enums import AlertCode
from tradegw.secrecy import REDACTED

DROPPED = "gateway_critical_notifications_dropped_total"
DOUBLE = "gateway_oco_double_exit_total"


@pytest.fixture
def core() -> Core:
    return Core()


def test_keeps_its_promises(core: Core) -> None:
    assert verifyObject(IAlarm, core.alarm)


def test_an_alert_goes_out_at_once_as_it_was_raised(core: Core) -> None:
    core.alarm.raise_alert(AlertCode.LIQUIDATION, "gone", {"order_id": "o", "loss": Decimal(5)})
    (alert,) = core.alerts(AlertCode.LIQUIDATION)
    assert (alert.message, alert.details) == ("gone", {"order_id": "o", "loss": Decimal(5)})
    assert alert.timestamp == core.now()


@pytest.mark.parametrize("code", [AlertCode.POSITION_UNPROTECTED, AlertCode.OCO_DOUBLE_EXIT])
def test_rt06_a_critical_alert_that_nobody_hears_is_counted(core: Core, code: AlertCode) -> None:
    core.alarm.raise_alert(code, "heard", {})
    assert core.count(DROPPED, platform="mock") == 0
    core.sink.listeners = 0
    core.alarm.raise_alert(code, "not heard", {})
    assert core.count(DROPPED, platform="mock") == 1


def test_other_alerts_are_not_counted_as_dropped(core: Core) -> None:
    core.sink.listeners = 0
    core.alarm.raise_alert(AlertCode.LIQUIDATION, "not heard", {})
    assert core.count(DROPPED, platform="mock") == 0


def test_double_exits_are_counted(core: Core) -> None:
    core.alarm.raise_alert(AlertCode.POSITION_UNPROTECTED, "x", {})
    assert core.count(DOUBLE, platform="mock") == 0
    core.alarm.raise_alert(AlertCode.OCO_DOUBLE_EXIT, "x", {})
    assert core.count(DOUBLE, platform="mock") == 1


def test_what_a_broker_said_is_scrubbed(core: Core) -> None:
    core.alarm.raise_alert(
        AlertCode.LIQUIDATION, "token=abcdef", {"why": ["api_key: abcdef"], "secret": "abcdef"}
    )
    (alert,) = core.alerts(AlertCode.LIQUIDATION)
    assert "abcdef" not in f"{alert.message} {alert.details}"
    assert REDACTED in alert.message
