"""The engine's WebSocket: opened once, when somebody is there to hear what comes.

::

    gateway                                         engine
      | GET <base>/ws, Authorization: Bearer .. ------>|   it starts its run at that
      |<------------ {"type":"candle","event_id":"evt-0",..}
      | {"type":"event_ack","events_processed":["evt-0"],..} -->|   and time goes on
      |<------------ {"type":"backtest_complete","event_id":"evt-9",..}
      | {"type":"event_ack","events_processed":["evt-9"],..} -->|
      |<------------ Close

There is no second connection: the run would begin anew, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol, cast
from uuid import uuid4

from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from ...deferreds import as_deferred
from ..endpoint import Dial
from ..link.conversation import UpgradeRefused, Wire
from ..link.websocket import Limits, Target, web_socket
from .config import TektiiSettings
from .frames import ack

TRIES: Final = 60
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 2.0
_STARTING: Final = frozenset({502, 503})
"""What a proxy says of an engine that is being started."""

_LIMITS: Final = Limits(ping_seconds=None)
"""The engine may compute for long; and there is no connecting again."""


class _Readable(Wire, Protocol):
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


class EngineLink:
    """Hands each frame to *received*, and why it ended to *ended*, unless it was closed here."""

    log = Logger()

    def __init__(
        self,
        own: TektiiSettings,
        dial: Dial,
        clock: IReactorTime,
        received: Callable[[bytes, bool], None],
        ended: Callable[[str], None],
    ) -> None:
        headers: tuple[tuple[str, str], ...] = ()
        if own.key is not None:
            headers = (("Authorization", f"Bearer {own.key.reveal()}"),)
        target = Target(url=own.stream, headers=headers)
        self._connect = web_socket(dial, clock, target, _LIMITS)
        self._clock = clock
        self._received = received
        self._ended = ended
        self._wire: _Readable | None = None
        self._is_closed = False
        self.is_paused = False
        self.tries = 0

    @as_deferred
    async def open(self) -> None:
        """Connect; an engine that is not there yet is tried again for two minutes. Fails if there
        is none then, and at once if it is out of reach for another reason.
        """
        pause = FIRST_PAUSE
        while True:
            self.tries += 1
            try:
                await self._connect(self)
            except (Refused, UpgradeRefused) as error:
                is_starting = isinstance(error, Refused) or error.status in _STARTING
                if not is_starting or self.tries >= TRIES:
                    raise
            else:
                return
            await deferLater(self._clock, pause)
            if self._is_closed:
                raise ConnectionError("the gateway is stopping")
            pause = min(2 * pause, LONGEST_PAUSE)

    def acknowledge(self, event_ids: tuple[str, ...]) -> None:
        """Tell the engine; a warning if there is nobody to be told."""
        if self._wire is None:
            count = len(event_ids)
            self.log.warn("{count} acknowledgements without an engine are dropped", count=count)
            return
        self._wire.send(ack(event_ids, str(uuid4())))

    def pause(self, *, pause: bool) -> None:
        """Read nothing more from the engine, or go on."""
        if self._wire is None or pause is self.is_paused:
            return
        self.is_paused = pause
        if pause:
            self._wire.pause_reading()
        else:
            self._wire.resume_reading()

    def close(self) -> None:
        """Close it, without a word to *ended*."""
        self._is_closed = True
        if self._wire is not None:
            self._wire.close()

    # -- its conversation

    def opened(self, wire: Wire) -> None:
        self._wire = cast("_Readable", wire)
        if self._is_closed:
            wire.close()

    def received(self, payload: bytes, is_binary: bool) -> None:
        self._received(payload, is_binary)

    def closed(self, reason: str) -> None:
        self._wire = None
        if not self._is_closed:
            self._ended(reason)
