"""The margin broker and the double, joined in memory on a fake clock."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from tests.brokers.binance.stand import Stand
from tests.brokers.binance.whole import Whole
from tradegw.brokers.binance.margin.broker import MarginBroker
from tradegw.config.settings import Mode, Provider, Settings
from tradegw.model.enums import Platform
from tradegw.model.subscription import Subscription
from tradegw.testing.binance import Terms
from tradegw.testing.binance.margin.stage import Stage

TERMS: Final = Terms(margin_balances={"USDC": Decimal(1000)})


class MarginStand(Stand):
    """``spot`` is the margin account, of 1000 USDC."""

    made = MarginBroker
    path = "/sapi/v1/margin"

    def __init__(self, **members: Any) -> None:
        super().__init__(**{"terms": TERMS, **members})

    def stage(self) -> Stage:
        return self.fake.margin

    @property
    def margin(self) -> Stage:
        return self.fake.margin

    def chosen(self, subscriptions: Iterable[Subscription]) -> Settings:
        return Settings(
            provider=Provider.BINANCE_MARGIN,
            platform=Platform.BINANCE_MARGIN_LIVE,
            mode=Mode.LIVE,
            state_dir=Path("unused"),
            subscriptions=tuple(subscriptions),
        )


class MarginWhole(MarginStand, Whole):
    """The gateway's core on a margin account."""
