"""The evidence about the stream that tells of orders, and what it leads to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.logger import Logger

from ...interfaces import IBrokerListener
from .echoes import Echoes
from .ladder import Ladder, Step
from .silence import Silence
from .stream import Stream

SHOWN: Final = 3
"""Order ids in a reason."""


class AccountWatch:
    """*seconds* tells monotonic time; own orders must be mentioned within *echo_seconds*."""

    log = Logger()

    def __init__(
        self,
        stream: Stream,
        listener: IBrokerListener,
        seconds: Callable[[], float],
        echo_seconds: float,
    ) -> None:
        self._stream = stream
        self._listener = listener
        self._seconds = seconds
        self._echoes = Echoes(echo_seconds)
        self._silence = Silence(stream.rules.silence_seconds)
        self._ladder = Ladder()

    @property
    def is_suspicious(self) -> bool:
        """Whether there was evidence not long ago."""
        return self._ladder.is_standing(self._seconds())

    def begin(self) -> None:
        """The stream is logged on."""
        self._echoes.forget()
        self._silence.begin(self._seconds())

    def end(self) -> None:
        """It is not any more: whatever it did not tell is found out otherwise."""
        self._silence.end()
        self._echoes.forget()

    # -- what the broker's own code tells

    def mark(self) -> int:
        """To be taken before an order is sent, changed or cancelled; :meth:`expect` wants it."""
        return self._echoes.mark()

    def expect(self, order_id: str, since: int) -> None:
        """The broker has confirmed what was done to an order: the stream must tell of it too."""
        if self._stream.is_live:
            self._echoes.expect(order_id, since, self._seconds())

    def mentioned(self, order_id: str) -> None:
        """The stream told something of an order."""
        self._echoes.mentioned(order_id)

    def missed(self, order_ids: tuple[str, ...]) -> None:
        """See ``IBroker.missed``: the stream may be late, but not by more than an echo may be."""
        for order_id in order_ids:
            self.expect(order_id, self._echoes.mark())

    # -- what follows from it

    def look(self) -> None:
        """Judge; every second or so."""
        at = self._seconds()
        heard, self._stream.heard = self._stream.heard, False
        if self._silence.look(at, heard=heard):
            self._silence.end()
            self._climb("there is no sign of life from it", "", Step.RENEW)
        overdue = self._echoes.overdue(at)
        if overdue:
            which = f" ({', '.join(overdue[:SHOWN])}{', ...' if len(overdue) > SHOWN else ''})"
            self._climb("it does not tell of our orders", which, Step.ASK)

    def _climb(self, what: str, which: str, least: Step) -> None:
        step = self._ladder.climb(self._seconds(), least)
        reason = f"{self._stream.title}: {what}"
        self.log.warn("{reason}{which}", reason=reason, which=which, step=step and step.name)
        if step is None:
            if least is Step.RENEW:
                self._stream.doubt(reason)
            return
        self._listener.on_suspicion(reason + which)
        if step is Step.DISTRUST:
            self._listener.on_unreliable(reason)
        if step >= Step.RENEW:
            self._stream.doubt(reason)
