"""A double beside blocking code: in a thread of its own, with a reactor of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from twisted.internet.selectreactor import SelectReactor
from twisted.internet.threads import blockingCallFromThread

from .service import Served

D = TypeVar("D", bound=Served)
T = TypeVar("T")


class Beside(Generic[D]):
    """A double that runs in another thread: look at it and change it through :meth:`do` alone."""

    def __init__(self, reactor: Any, fake: D) -> None:
        self.http_url = fake.http_url
        self.ws_url = fake.ws_url
        self._reactor = reactor
        self._fake = fake

    def do(self, what: Callable[[D], T]) -> T:
        """Call *what* with the double where it runs, and return what comes of it."""
        result: T = blockingCallFromThread(self._reactor, what, self._fake)
        return result


@contextmanager
def served(make: Callable[[Any], D]) -> Iterator[tuple[Any, D]]:
    """The reactor and the double that *make* makes with it, served while the block runs."""
    reactor: Any = SelectReactor()
    thread = threading.Thread(
        target=reactor.run, kwargs={"installSignalHandlers": False}, name="double", daemon=True
    )
    thread.start()
    fake = make(reactor)

    def serve(fake: D) -> Any:
        fake.startService()
        return fake.opened

    try:
        blockingCallFromThread(reactor, serve, fake)
        yield reactor, fake
    finally:
        blockingCallFromThread(reactor, fake.stopService)
        reactor.callFromThread(reactor.stop)
        thread.join()
        reactor.waker.connectionLost(None)  # its pipe; a reactor is not made to be one of many
