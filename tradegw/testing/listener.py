"""A listener that writes down all that a broker tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from ..interfaces import IBrokerListener
from ..model.events import Event
from ..model.link import SessionStatus


@implementer(IBrokerListener)
class Notebook:
    """``events`` are the events, ``links`` everything else as ``(name, arguments)``.

    A gateway that knows at once how things stand, unless ``waits``: then the last of ``knowing`` is
    what the broker was given, for the test to fire.
    """

    def __init__(self, *, waits: bool = False) -> None:
        self.events: list[Event] = []
        self.links: list[tuple[str, tuple[Any, ...]]] = []
        self.waits = waits
        self.knowing: list[Deferred[bool]] = []
        self.session: Callable[[], SessionStatus] | None = None

    def names(self) -> list[str]:
        """What was told of the link, without arguments."""
        return [name for name, _ in self.links]

    def on_event(self, event: Event) -> None:
        self.events.append(event)

    def on_session(self, ask: Callable[[], SessionStatus]) -> None:
        self.session = ask

    def on_link_up(self) -> Deferred[bool]:
        self.links.append(("up", ()))
        if not self.waits:
            return succeed(True)  # noqa: FBT003  (what it fires with)
        self.knowing.append(Deferred())
        return self.knowing[-1]

    def on_link_down(self, symbols: tuple[str, ...], error: str | None) -> None:
        self.links.append(("down", (symbols, error)))

    def on_link_failed(self, error: str) -> None:
        self.links.append(("failed", (error,)))

    def on_retry(self) -> None:
        self.links.append(("retry", ()))

    def on_prices_lost(self, symbols: tuple[str, ...], error: str | None) -> None:
        self.links.append(("prices_lost", (symbols, error)))

    def on_suspicion(self, reason: str) -> None:
        self.links.append(("suspicion", (reason,)))

    def on_unreliable(self, reason: str) -> None:
        self.links.append(("unreliable", (reason,)))
