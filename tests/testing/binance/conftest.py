"""One double for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tradegw.testing.binance import Beside, running


@pytest.fixture
def double() -> Iterator[Beside]:
    with running() as beside:
        beside.do(lambda fake: fake.spot.set_quote("SOLUSDC", "100.00", "100.02", "100.01"))
        beside.do(lambda fake: fake.spot.set_quote("BTCUSDT", "50000", "50010", "50005"))
        yield beside
