"""The settings of a margin account, and who is made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tradegw.brokers.binance.config import read_settings
from tradegw.brokers.binance.margin.broker import MarginBroker
from tradegw.brokers.binance.plugin import plugin
from tradegw.brokers.registry import BrokerParts
from tradegw.config.problems import ConfigError
from tradegw.config.settings import Mode, Provider, Settings
from tradegw.model.enums import Platform
from tradegw.testing.listener import Notebook

from .stand import MarginStand

SETTINGS = Settings(
    provider=Provider.BINANCE_MARGIN,
    platform=Platform.BINANCE_MARGIN_LIVE,
    mode=Mode.LIVE,
    state_dir=Path("unused"),
)
KEYS = {"BINANCE_API_KEY": "key", "BINANCE_API_SECRET": "secret"}


def test_it_is_reached_where_spot_is_live() -> None:
    found = read_settings(KEYS, SETTINGS)
    assert str(found.rest) == "https://api.binance.com"
    assert str(found.ws_api) == "wss://ws-api.binance.com/ws-api/v3"


def test_there_is_nothing_to_hedge() -> None:
    with pytest.raises(ConfigError, match="BINANCE_POSITION_MODE is for futures"):
        read_settings({**KEYS, "BINANCE_POSITION_MODE": "hedging"}, SETTINGS)


def test_its_broker_is_made() -> None:
    stand = MarginStand()
    parts = BrokerParts(
        settings=SETTINGS,
        listener=Notebook(),
        clock=stand.clock,
        now=stand.now,
        seconds=stand.clock.seconds,
        random=lambda: 0.5,
        dial=stand.network.dial,
        memory=stand.memory,
    )
    broker = plugin.build(plugin.configure(KEYS, SETTINGS), parts)
    assert isinstance(broker, MarginBroker)
    assert broker.account_name == "binance-margin-live"
    assert "reduce_only" in broker.capabilities().features
