"""One double for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tradegw.testing.alpaca import Beside, running

from . import sdk


@pytest.fixture
def double() -> Iterator[Beside]:
    with running() as beside:
        beside.do(lambda fake: fake.set_quote("AAPL", "100.00", "100.02", "100.01"))
        beside.do(lambda fake: fake.set_quote("BTC/USD", "50000", "50010", "50005"))
        yield beside


@pytest.fixture
def client(double: Beside) -> Iterator[Any]:
    with sdk.trading(double) as client:
        yield client
