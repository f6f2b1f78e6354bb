"""What a stream does at each turn: connections, timers, and what those who follow it are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from ...errors import GatewayError
from ...model.link import StreamState
from .attempt import Attempt, Owner
from .backoff import Backoff
from .succession import Succession
from .turns import Inputs, News

CLOSE_SECONDS: Final = 5.0
"""From the goodbye to the end without it."""

LONGEST_SECONDS: Final = 600.0
"""Between two tries because the broker asks for it."""


class Rules(Struct, frozen=True, kw_only=True):
    """What holds for one stream of a broker; seconds."""

    connect_seconds: float = 20.0
    """From the first try to an open connection, name look-up and TLS included."""

    logon_seconds: float = 10.0
    """From there to the broker's answer to the logon."""

    hold_seconds: float = 30.0
    """What has lasted so long was a success, and the next loss is a first one again."""

    silence_seconds: float | None = None
    """The longest silence that the broker's heartbeat contract allows; ``None``: it promises none,
    and only the pings of the wire show a dead connection."""

    beats: bool = False
    """Whether only what the conversation calls ``alive`` breaks the silence, not each message."""


class Course:
    """The acts of one stream. *begin* makes an attempt, *budget_seconds* is how long it may be
    without a logon before that is told.
    """

    log = Logger()

    def __init__(
        self,
        name: str,
        begin: Callable[[Owner], Attempt],
        clock: IReactorTime,
        backoff: Backoff,
        budget_seconds: float,
        rules: Rules,
    ) -> None:
        self.state = StreamState.DOWN
        self.news: News
        self.inputs: Inputs
        self.problem: str | None = None
        """Why it is not up."""
        self.stopped: list[Deferred[None]] = []
        """Those who wait for its end."""
        self._name = name
        self._begin = begin
        self._clock = clock
        self._backoff = backoff
        self._budget_seconds = budget_seconds
        self._rules = rules
        self._attempt: Attempt | None = None
        self._timer: IDelayedCall | None = None
        self._holding: IDelayedCall | None = None
        self._budget: IDelayedCall | None = None
        self._told_failed = self._told_refused = False
        within = rules.connect_seconds + rules.logon_seconds
        self._succession = Succession(
            name,
            begin,
            clock,
            within,
            lambda: self.inputs.relieved(),  # noqa: PLW0108  (set later)
        )

    # -- towards a logon

    def connect(self) -> None:
        self._end_stop()
        self._set_timer(self._rules.connect_seconds, self.inputs.late)
        if self._backoff.failures:
            self.news.retrying()
        self.news.changed(self.state)
        try:
            self._attempt = self._begin(self.inputs)
            self._attempt.begin()
        except Exception:
            self.log.failure("{stream}: a connection could not be begun", stream=self._name)
            self.inputs.lost("a defect", 0.0)

    def await_logon(self) -> None:
        self._set_timer(self._rules.logon_seconds, self.inputs.late)
        self.news.changed(self.state)

    def go_live(self) -> None:
        self._cancel(self._timer, self._budget)
        self._told_failed = self._told_refused = False
        self.problem = None
        self._holding = self._clock.callLater(self._rules.hold_seconds, self._backoff.held)
        self.log.info("{stream}: logged on", stream=self._name)
        self.news.changed(self.state)
        self.news.up()

    # -- from one connection to the next

    def renew(self) -> None:
        self._succession.start()

    def change_over(self) -> None:
        """The new connection tells everything by now; the old one is left."""
        new = self._succession.take(self.inputs)
        if new is None:
            return
        old, self._attempt = self._attempt, new
        if old is not None:
            old.leave()
        self.log.info("{stream}: renewed", stream=self._name)

    # -- away from it

    def connect_late(self) -> None:
        self.try_again("it took too long to connect")

    def logon_late(self) -> None:
        self.try_again("the broker did not answer the logon")

    def try_again(self, reason: str, at_least: float = 0.0) -> None:
        """It did not come to a logon."""
        self._wait(reason, max(self._backoff.failed(), min(at_least, LONGEST_SECONDS)))

    def lose(self, reason: str, at_least: float = 0.0) -> None:
        """It was logged on."""
        self._wait(reason, max(self._backoff.failed(), min(at_least, LONGEST_SECONDS)))
        self.news.lost(reason)

    def refuse(self, error: GatewayError) -> None:
        self._wait(error.message, self._backoff.refused())
        self._tell_refused(error)

    def lose_rights(self, error: GatewayError) -> None:
        """It was logged on, and now the broker refuses the credentials."""
        self._wait(error.message, self._backoff.refused())
        self.news.lost(error.message)
        self._tell_refused(error)

    def _tell_refused(self, error: GatewayError) -> None:
        if not self._told_refused:
            self._told_refused = True
            self._fail(f"the broker refuses the credentials: {error.message}")

    def _wait(self, reason: str, pause: float) -> None:
        self._leave()
        self.problem = reason
        self._set_timer(pause, self.inputs.due)
        if not (self._told_failed or _is_active(self._budget)):
            self._budget = self._clock.callLater(self._budget_seconds, self._over_budget)
        self.log.warn(
            "{stream}: {reason}; tried again in {pause:.1f} seconds",
            stream=self._name,
            reason=reason,
            pause=pause,
            failures=self._backoff.failures,
        )
        self.news.changed(self.state)

    def _over_budget(self) -> None:
        if not self._told_failed:
            seconds = self._budget_seconds
            self._fail(f"{self._name}: no logon for {seconds:g} seconds: {self.problem}")

    def _fail(self, reason: str) -> None:
        self._told_failed = True
        self.news.failed(reason)

    # -- the end

    def stop(self) -> None:
        """Close what is open, within a limited time."""
        self._cancel(self._budget)
        self._set_timer(CLOSE_SECONDS, self.inputs.late)
        self._leave(self.inputs.gone)
        self.news.changed(self.state)

    def end(self) -> None:
        """Nothing is left."""
        self._cancel(self._budget, self._timer)
        self._leave()
        self.news.changed(self.state)
        self._end_stop()

    def _end_stop(self) -> None:
        stopped, self.stopped = self.stopped, []
        for each in stopped:
            each.callback(None)

    # -- what is under way

    def unstick(self) -> None:
        """It must not wait for what will never come, which can only be by a defect."""
        if self.state in _TIMED and not _is_active(self._timer):
            self.log.error("{stream} is stuck: {state}", stream=self._name, state=self.state)
            (self.inputs.due if self.state is StreamState.WAITING else self.inputs.late)()

    def _leave(self, gone: Callable[[], None] | None = None) -> None:
        """No more of the connection; *gone* waits for its end."""
        attempt, self._attempt = self._attempt, None
        self._cancel(self._holding)
        self._succession.stop()
        if attempt is not None:
            attempt.leave(gone)
        elif gone is not None:
            gone()

    def _set_timer(self, seconds: float, due: Callable[[], None]) -> None:
        self._cancel(self._timer)
        self._timer = self._clock.callLater(seconds, due)

    @staticmethod
    def _cancel(*calls: IDelayedCall | None) -> None:
        for call in calls:
            if call is not None and call.active():
                call.cancel()


_TIMED: Final = frozenset(StreamState) - {StreamState.DOWN, StreamState.LIVE}


def _is_active(call: IDelayedCall | None) -> bool:
    return call is not None and bool(call.active())
