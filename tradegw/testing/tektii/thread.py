"""The double beside blocking code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ..doubles.thread import Beside, served
from .fake import FakeTektii
from .run import Step
from .terms import Terms


@contextmanager
def running(steps: Iterable[Step] = (), terms: Terms | None = None) -> Iterator[Beside[FakeTektii]]:
    """A double that is served while the block runs."""
    planned = list(steps)
    with served(lambda reactor: FakeTektii(reactor, planned, terms)) as (reactor, fake):
        yield Beside(reactor, fake)
