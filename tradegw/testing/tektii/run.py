"""The replay: frames are told, and time stands still until they are acknowledged.

::

    engine                                             client
      | order, trade, account, position (evt-18..21) ---->|   one batch: all four ids are waited for
      |<------------ event_ack evt-19, evt-18 ------------|   exact ids, in any order,
      |<------------ event_ack evt-20, evt-21 ------------|   over any number of frames
      | candle (evt-22) --------------------------------->|

Whoever does not acknowledge in time is left behind; who never does, or stops doing so, is halted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from msgspec import Struct
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from .exchange import Exchange, News
from .market import Candle
from .stream import Stream
from .terms import Terms

OF_ACCOUNT: Final = frozenset({"order", "trade", "account", "position"})
HALTED: Final = 4000


class Say(Struct, frozen=True):
    """A step: these frames are told as one batch; ``event_id`` is given to each but a ``pong``."""

    news: News


class Raw(Struct, frozen=True):
    """A step: a frame as it is; *event_id* is waited for, if there is one in it."""

    frame: bytes
    event_id: str | None = None
    binary: bool = False


class Do(Struct, frozen=True):
    """A step: *what* is done to the exchange, and what it returns is told."""

    what: Callable[[Exchange], News]


class Break(Struct, frozen=True):
    """A step: the connection ends here, without a last frame. ``how``: ``close`` (in good order),
    ``drop`` (without a Close frame) or ``reset``.
    """

    how: str = "close"


Step: TypeAlias = Candle | Say | Raw | Do | Break


class Run:
    """One replay of *steps*, which may still grow while it runs.

    ``acks`` are the ids of each acknowledgement as it came, ``stray`` ids nobody waited for;
    ``late`` what was not acknowledged within its window.
    """

    def __init__(
        self, exchange: Exchange, stream: Stream, terms: Terms, clock: IReactorTime
    ) -> None:
        self.steps: list[Step] = []
        self.acks: list[tuple[str, ...]] = []
        self.stray: list[str] = []
        self.late: list[tuple[str, ...]] = []
        self.told: News = []
        self.state = "waiting"
        self.paused = False
        self._exchange = exchange
        self._stream = stream
        self._terms = terms
        self._clock = clock
        self._awaiting: dict[str, None] = {}
        self._heard_any = False
        self._in_vain = 0
        self._ids = 0
        self._timer: IDelayedCall | None = None
        self._batches = self._replay()
        self._advancing = False
        stream.on_join, stream.on_ack, stream.on_leave = self.begin, self.heard, self.left

    # -- what a test may do

    def go_on(self) -> None:
        """After ``paused`` was set: the next step."""
        self.paused = False
        self._advance()

    def tell(self, news: News) -> None:
        """Tell what a call caused; it is waited for with what is waited for already."""
        if self.state == "running":
            self._send(news)

    @property
    def awaiting(self) -> tuple[str, ...]:
        """What is not acknowledged yet."""
        return tuple(self._awaiting)

    # -- the course of it

    def begin(self) -> None:
        """Somebody listens: time moves."""
        if self.state == "waiting":
            self.state = "running"
            self._advance()

    def _replay(self) -> Iterator[News]:
        at = 0
        while at < len(self.steps):
            step = self.steps[at]
            at += 1
            if isinstance(step, Candle):
                yield from self._exchange.meet(step)
                self._exchange.show(step)
                yield [{"type": "candle", **step.told()}]
            elif isinstance(step, Say):
                yield step.news
            elif isinstance(step, Do):
                yield step.what(self._exchange)
            elif isinstance(step, Raw):
                self._stream.say_raw(step.frame, binary=step.binary)
                if step.event_id is not None:
                    self._awaiting[step.event_id] = None
                yield []
            else:
                self._end("broken", step.how)
                return

    def _advance(self) -> None:
        if self._advancing:
            return
        self._advancing = True
        while self.state == "running" and not self._awaiting and not self.paused:
            batch = next(self._batches, None)
            if batch is None:
                if self.state == "running":
                    self.state = "flushing"
                    self._send([{"type": "backtest_complete"}])
                break
            self._send(batch)
        self._advancing = False
        self._watch()

    def _send(self, news: News) -> None:
        for message in news:
            if message["type"] in OF_ACCOUNT and not self._terms.tells_orders:
                continue
            named = self._named(message)
            self.told.append(named)
            self._stream.send(named)

    def _named(self, message: dict[str, Any]) -> dict[str, Any]:
        if message["type"] == "pong":
            return message
        if "event_id" not in message:
            message = {"type": message["type"], "event_id": f"evt-{self._ids}", **message}
            self._ids += 1
        self._awaiting[message["event_id"]] = None
        return message

    def _watch(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        if self._awaiting and self.state in ("running", "flushing"):
            window = self._terms.window if self.state == "running" else self._terms.flush
            self._timer = self._clock.callLater(window, self._overdue)

    def heard(self, ids: tuple[str, ...]) -> None:
        """An acknowledgement came."""
        self.acks.append(ids)
        matched = [each for each in ids if self._awaiting.pop(each, self) is None]
        self.stray += [each for each in ids if each not in matched]
        if matched:
            self._heard_any, self._in_vain = True, 0
        if not self._awaiting:
            self._released()

    def _released(self) -> None:
        if self.state == "flushing":
            self._end("completed", "close")
        elif self.state == "running":
            self._advance()

    def _overdue(self) -> None:
        self.late.append(self.awaiting)
        self._awaiting.clear()
        if self.state == "flushing":
            self._end("unflushed", "close")
            return
        self._in_vain += 1
        if self._in_vain >= (self._terms.silences if self._heard_any else self._terms.unheard):
            self._end("halted", "halt")
        else:
            self._advance()

    def left(self) -> None:
        """The client is gone."""
        if self.state in ("running", "flushing"):
            self.state = "abandoned"
            self._watch()

    def stop(self) -> None:
        """No timer is left behind."""
        self._awaiting.clear()
        self._watch()

    def _end(self, state: str, how: str) -> None:
        self.state = state
        self._watch()
        if how == "reset":
            self._stream.reset()
        elif how == "halt":
            self._stream.close(HALTED, "halted: nothing is acknowledged")
        else:
            self._stream.drop(politely=how == "close")
