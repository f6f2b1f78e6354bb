"""The double beside blocking code: in a thread of its own, with a reactor of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from twisted.internet.selectreactor import SelectReactor
from twisted.internet.threads import blockingCallFromThread

from ...interfaces import WallClock
from .fake import FakeAlpaca
from .world import Terms

T = TypeVar("T")


class Beside:
    """A double that runs in another thread: look at it and change it through :meth:`do` alone."""

    def __init__(self, reactor: Any, fake: FakeAlpaca) -> None:
        self.http_url = fake.http_url
        self.ws_url = fake.ws_url
        self.key = fake.terms.key
        self.secret = fake.terms.secret
        self._reactor = reactor
        self._fake = fake

    def do(self, what: Callable[[FakeAlpaca], T]) -> T:
        """Call *what* with the double where it runs, and return what comes of it."""
        result: T = blockingCallFromThread(self._reactor, what, self._fake)
        return result


@contextmanager
def running(terms: Terms | None = None, *, now: WallClock | None = None) -> Iterator[Beside]:
    """A double that is served while the block runs."""
    reactor: Any = SelectReactor()
    thread = threading.Thread(
        target=reactor.run, kwargs={"installSignalHandlers": False}, name="alpaca", daemon=True
    )
    thread.start()
    fake = FakeAlpaca(reactor, terms, now=now)

    def serve(fake: FakeAlpaca) -> Any:
        fake.startService()
        return fake.opened

    try:
        blockingCallFromThread(reactor, serve, fake)
        yield Beside(reactor, fake)
    finally:
        blockingCallFromThread(reactor, fake.stopService)
        reactor.callFromThread(reactor.stop)
        thread.join()
        reactor.waker.connectionLost(None)  # its pipe; a reactor is not made to be one of many
