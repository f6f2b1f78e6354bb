"""A simulated broker that takes one exit at a time: the gateway swaps the two as prices walk."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.test_order_journey import Journey
from tests.test_trailing_over_http import left_clean
from tradegw.brokers.mock.config import read_settings
from tradegw.brokers.mock.plugin import MockPlugin
from tradegw.config.settings import Mode, Provider, Settings
from tradegw.model.enums import Platform


class OnTheMock(Journey):
    """A journey whose broker is the simulated one, on its seeded walk."""

    def build(self, own: Any, parts: Any) -> Any:
        self.broker.listener = parts.listener
        settings = Settings(
            provider=Provider.MOCK,
            platform=Platform.MOCK,
            mode=Mode.PAPER,
            state_dir=parts.settings.state_dir,
        )
        wanted = {"MOCK_ACCOUNT": "fresh", "MOCK_ONE_EXIT": "true", "MOCK_SEED": "7"}
        return MockPlugin().build(read_settings(wanted, settings), parts)


@pytest.fixture
def mocked() -> Iterator[Journey]:
    yield from left_clean(OnTheMock())


def orders(mocked: Journey, path: str = "/v1/orders") -> list[Any]:
    status, found = mocked.ask("GET", path)
    assert status == 200
    return list(found)


@pytest.mark.parametrize("width", ["0.5", "1"])
def test_one_of_both_closes_each_position_and_never_do_both_rest(
    mocked: Journey, width: str
) -> None:
    """Round after round: what ends them is now the stop, now the take-profit."""
    ended = set()
    for number in range(12):
        _, quote = mocked.ask("GET", "/v1/quotes/AAPL")
        middle, away = Decimal(quote["last"]), Decimal(width)
        entry = {
            "symbol": "AAPL",
            "side": "buy",
            "quantity": "1",
            "order_type": "market",
            "stop_loss": str(middle - away),
            "take_profit": str(middle + away),
            "client_order_id": f"c{number}",
        }
        assert mocked.ask("POST", "/v1/orders", entry)[0] == 201
        for _ in range(2000):
            mocked.reactor.advance(0.5)
            resting = orders(mocked)
            assert len(resting) <= 1
            if not mocked.ask("GET", "/v1/positions")[1]:
                break
        assert mocked.ask("GET", "/v1/positions")[1] == []
        assert orders(mocked) == []
        for order in orders(mocked, "/v1/orders/history"):
            if order["status"] == "FILLED" and order["side"] == "SELL":
                ended.add(order["order_type"])
    assert ended == {"STOP", "LIMIT"}
    assert b"OCO_DOUBLE_EXIT" not in mocked.listener.value()
