"""The double beside blocking code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...interfaces import WallClock
from ..doubles.thread import Beside as AnyBeside
from ..doubles.thread import served
from .fake import FakeBinance
from .terms import Terms


class Beside(AnyBeside[FakeBinance]):
    """A double that runs in another thread: look at it and change it through ``do`` alone."""

    def __init__(self, reactor: Any, fake: FakeBinance) -> None:
        super().__init__(reactor, fake)
        self.key = fake.terms.key
        self.secret = fake.terms.secret


@contextmanager
def running(terms: Terms | None = None, *, now: WallClock | None = None) -> Iterator[Beside]:
    """A double that is served while the block runs."""
    with served(lambda reactor: FakeBinance(reactor, terms, now=now)) as (reactor, fake):
        yield Beside(reactor, fake)
