"""Whether what the streams tell is all: an open connection that pings proves nothing.

Evidence is a heartbeat that does not come, an own order that is not mentioned, executions that only
a look at the broker showed (``IBroker.missed``), and an open market without prices. It leads, step
by step (``ladder``), to the question how things stand, to a new connection, and to trading that
only reduces. The timer is of its own: it runs whatever the session believes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from twisted.application.service import Service
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from ...deferreds import logged
from ..registry import BrokerParts
from .account_watch import AccountWatch
from .attention import Attention
from .price_watch import PriceWatch
from .stream import Stream

LOOK_SECONDS: Final = 1.0
ECHO_SECONDS: Final = 10.0


def always(_symbol: str) -> bool:
    """A market that never closes."""
    return True


class Liveness(Service):
    """Looks at every stream each second. *looked* is called after each look."""

    log = Logger()

    def __init__(
        self,
        parts: BrokerParts,
        account: Stream,
        prices: Sequence[Stream],
        is_open: Callable[[str], bool],
        looked: Callable[[], None],
        echo_seconds: float = ECHO_SECONDS,
    ) -> None:
        self._attention = Attention(parts.seconds, 2 * LOOK_SECONDS)
        listener, seconds = parts.listener, self._attention.seconds
        self.account = AccountWatch(account, listener, seconds, echo_seconds)
        self.prices = {stream: PriceWatch(stream, listener, seconds, is_open) for stream in prices}
        self._streams = (account, *prices)
        self._looked = looked
        self._look_call = LoopingCall(self._look)
        self._look_call.clock = parts.clock

    def startService(self) -> None:
        super().startService()
        logged(self._look_call.start(LOOK_SECONDS, now=False), self.log, "looking at the streams")

    def stopService(self) -> None:
        super().stopService()
        if self._look_call.running:
            self._look_call.stop()

    def _look(self) -> None:
        for look in (
            self._attention.look,
            *(stream.unstick for stream in self._streams),
            self.account.look,
            *(watch.look for watch in self.prices.values()),
            self._looked,
        ):
            try:
                look()
            except Exception:  # a defect in one look must not end the others
                self.log.failure("a stream could not be looked at")
