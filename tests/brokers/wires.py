"""A line to a broker that a test works by hand: connections open, speak and break when it says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from tradegw.brokers.link.conversation import Conversation, Progress, Wire
from tradegw.brokers.link.course import Rules
from tradegw.brokers.link.stream import ORDINARY, Stream
from tradegw.brokers.registry import BrokerParts
from tradegw.config.settings import Mode, Provider, Reconnect, Settings
from tradegw.interfaces import IBrokerListener
from tradegw.model.enums import Platform
from tradegw.model.link import StreamState

NOON = datetime(2025, 1, 15, 12, tzinfo=UTC)


class ByHand:
    """One connection: a wire, and how it was asked for."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        self.opening: Deferred[None] = Deferred(lambda _opening: self._cancel())
        self.sent: list[bytes] = []
        self.is_open = False
        self.ended_by: str | None = None
        self.closes_at_once = True

    def _cancel(self) -> None:
        self.ended_by = "cancel"

    # -- the test's side

    def open(self) -> None:
        self.is_open = True
        self.conversation.opened(self)
        self.opening.callback(None)

    def fail(self, error: Exception) -> None:
        self.opening.errback(error)

    def say(self, payload: bytes = b"news") -> None:
        self.conversation.received(payload, False)

    def lose(self, reason: str = "reset") -> None:
        if self.is_open:
            self.is_open = False
            self.conversation.closed(reason)

    # -- Wire

    def send(self, payload: bytes, *, is_binary: bool = False) -> None:
        self.sent.append(payload)

    def close(self) -> None:
        self.ended_by = "close"
        if self.closes_at_once:
            self.lose("closed by us")

    def abort(self) -> None:
        self.ended_by = "abort"
        self.lose("closed by us")


class Talk:
    """A conversation that logs on at ``ok``, is refused at ``no``, and notes the rest."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.heard: list[bytes] = []
        self.closings: list[str] = []
        self.wire: Wire

    def opened(self, wire: Wire) -> None:
        self.wire = wire
        wire.send(b"logon")

    def received(self, payload: bytes, is_binary: bool) -> None:
        if payload == b"ok":
            self.progress.logged_on()
        elif payload == b"beat":
            self.progress.alive()
        else:
            self.heard.append(payload)

    def closed(self, reason: str) -> None:
        self.closings.append(reason)


class Line:
    """All connections that were asked for, in their order, and what was said on them."""

    def __init__(self) -> None:
        self.broken: Exception | None = None
        """What every connection fails with."""
        self.tries: list[ByHand] = []
        self.talks: list[Talk] = []

    def connect(self, conversation: Conversation) -> Deferred[None]:
        self.tries.append(ByHand(conversation))
        if self.broken is not None:
            self.last.fail(self.broken)
        return self.tries[-1].opening

    def converse(self, progress: Progress) -> Talk:
        self.talks.append(Talk(progress))
        return self.talks[-1]

    @property
    def last(self) -> ByHand:
        return self.tries[-1]

    @property
    def talk(self) -> Talk:
        return self.talks[-1]

    def log_on(self) -> None:
        self.last.open()
        self.last.say(b"ok")


class Told:
    """A stream's news, as ``state``, ``up`` or ``(name, reason)``."""

    def __init__(self) -> None:
        self.all: list[Any] = []

    def changed(self, state: StreamState) -> None:
        self.all.append(state.value)

    def retrying(self) -> None:
        self.all.append("retry")

    def up(self) -> None:
        self.all.append("up")

    def lost(self, reason: str) -> None:
        self.all.append(("lost", reason))

    def failed(self, reason: str) -> None:
        self.all.append(("failed", reason))

    def of(self, name: str) -> list[str]:
        """The reasons that were given under *name*."""
        return [each[1] for each in self.all if isinstance(each, tuple) and each[0] == name]


def parts(
    clock: Clock,
    listener: IBrokerListener | None = None,
    reconnect: Reconnect | None = None,
    random: Callable[[], float] = lambda: 0.0,
) -> BrokerParts:
    """What a broker would be given, on a fake clock and without a network."""
    return BrokerParts(
        settings=Settings(
            provider=Provider.MOCK,
            platform=Platform.MOCK,
            mode=Mode.PAPER,
            state_dir=Path("unused"),
            reconnect=reconnect or Reconnect(),
        ),
        listener=listener,  # type: ignore[arg-type]  # streams do not need one
        clock=clock,
        now=lambda: NOON + timedelta(seconds=clock.seconds()),
        seconds=clock.seconds,
        random=random,
        dial=None,  # type: ignore[arg-type]  # nothing is dialled
        memory=None,  # type: ignore[arg-type]  # nor remembered
    )


class Rig:
    """A started stream on a line of its own."""

    def __init__(self, rules: Rules = ORDINARY, *, start: bool = True, **reconnect: int) -> None:
        self.clock = Clock()
        self.line = Line()
        self.told = Told()
        self.stream = Stream(
            "orders",
            self.line.connect,
            self.line.converse,
            parts(self.clock, reconnect=Reconnect(**reconnect)),
            rules,
        )
        self.stream.tell(self.told)
        if start:
            self.stream.startService()

    @property
    def state(self) -> str:
        return self.stream.status().state.value

    def wait_for(self, state: str) -> None:
        """Let time pass until it is in *state*."""
        for _ in range(10_000):
            if self.state == state:
                return
            self.wait(0.1)
        raise AssertionError(f"still {self.state}")

    def wait(self, seconds: float) -> None:
        """Let time pass, each timer when it is due."""
        pass_time(self.clock, seconds)


def pass_time(clock: Clock, seconds: float) -> None:
    """Let *seconds* pass; every timer fires when it is due."""
    end = clock.seconds() + seconds
    while True:
        due = [call.getTime() for call in clock.getDelayedCalls() if call.getTime() <= end]
        clock.advance(max(0.0, min([end, *due]) - clock.seconds()))
        if not any(call.getTime() <= end for call in clock.getDelayedCalls()):
            clock.advance(max(0.0, end - clock.seconds()))
            return
