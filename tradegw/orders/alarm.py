"""Trouble is told: in the log, in the counters and to every strategy that listens."""

from __future__ import annotations

from typing import Any, Final

from twisted.logger import Logger
from zope.interface import implementer

from ..interfaces import IAlarm, IEventSink, WallClock
from ..metrics.meters import Meters
from ..model.enums import AlertCode
from ..model.events import AlertEvent
from ..secrecy import scrub, scrub_value

CRITICAL: Final = frozenset({AlertCode.POSITION_UNPROTECTED, AlertCode.OCO_DOUBLE_EXIT})


@implementer(IAlarm)
class Alarm:
    """Alerts go out at once, ahead of events that wait in the release queue."""

    log = Logger()

    def __init__(self, sink: IEventSink, meters: Meters, now: WallClock) -> None:
        self._sink = sink
        self._meters = meters
        self._now = now

    def relay(self, alert: AlertEvent) -> None:
        """Tell an alert that comes from the broker."""
        self.raise_alert(alert.code, alert.message, alert.details)

    def raise_alert(self, code: AlertCode, message: str, details: dict[str, Any] | None) -> None:
        """Tell everybody. Double exits are counted, and critical alerts that nobody hears."""
        message, details = scrub(message), scrub_value(details)
        self.log.error("{code}: {text}", code=code.value, text=message, details=details)
        alert = AlertEvent(timestamp=self._now(), code=code, message=message, details=details)
        heard = self._sink.publish(alert)
        if code is AlertCode.OCO_DOUBLE_EXIT:
            self._meters.oco_double_exit()
        if heard == 0 and code in CRITICAL:
            self._meters.alert_dropped()
