"""Binance margin, held against what every broker must do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.brokers.binance.test_contract import Judged
from tests.brokers.contract import BrokerContract

from .stand import MarginStand


class JudgedMargin(Judged, MarginStand):
    of_token = True


class TestMargin(BrokerContract):
    @pytest.fixture
    def stand(self) -> Iterator[JudgedMargin]:
        stand = JudgedMargin()
        yield stand
        stand.stop()
