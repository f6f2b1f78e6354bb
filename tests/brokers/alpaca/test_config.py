"""Alpaca's variables: defaults, good values, bad values."""

from __future__ import annotations

import pytest

from tradegw.brokers.alpaca.config import AlpacaSettings, read_settings
from tradegw.config.problems import ConfigError
from tradegw.config.settings import Mode
from tradegw.model.enums import Platform
from tradegw.model.subscription import Subscription

from .stand import gateway_settings

KEYS = {"ALPACA_API_KEY": "PKTEST", "ALPACA_API_SECRET": "canary-secret"}


def read(mode: Mode = Mode.PAPER, **environ: str) -> AlpacaSettings:
    return read_settings({**KEYS, **environ}, gateway_settings(mode=mode))


def problems(mode: Mode | str = Mode.PAPER, **environ: str) -> str:
    with pytest.raises(ConfigError) as refused:
        read(Mode(mode), **environ)
    return str(refused.value)


def test_credentials_are_enough_for_paper() -> None:
    found = read()
    assert str(found.trading) == "https://paper-api.alpaca.markets"
    assert str(found.trading_stream) == "wss://paper-api.alpaca.markets/stream"
    assert str(found.data) == "https://data.alpaca.markets"
    assert str(found.stock_stream) == "wss://stream.data.alpaca.markets/v2/iex"
    assert str(found.crypto_stream) == "wss://stream.data.alpaca.markets/v1beta3/crypto/us"
    assert found.feed == "iex"


def test_live_is_elsewhere() -> None:
    found = read(Mode.LIVE, ALPACA_API_KEY="AKTEST")
    assert str(found.trading) == "https://api.alpaca.markets"
    assert str(found.trading_stream) == "wss://api.alpaca.markets/stream"


@pytest.mark.parametrize(("key", "mode"), [("PKX", Mode.LIVE), ("AKX", Mode.PAPER)])
def test_keys_of_the_other_platform_are_refused(key: str, mode: Mode) -> None:
    said = problems(mode, ALPACA_API_KEY=key)
    assert "ALPACA_API_KEY" in said
    assert "GATEWAY_MODE" in said
    assert key not in said


def test_keys_that_show_no_platform_are_taken() -> None:
    assert read(ALPACA_API_KEY="CK123").key.reveal() == "CK123"


def test_all_addresses_follow_the_base_url() -> None:
    found = read(ALPACA_BASE_URL="http://127.0.0.1:8090/v2", ALPACA_STREAM_URL="ws://[::1]:9/x/")
    assert str(found.trading) == "http://127.0.0.1:8090"
    assert str(found.trading_stream) == "ws://127.0.0.1:8090/stream"
    assert str(found.stock_stream) == "ws://[::1]:9/x/v2/iex"


def test_the_trading_stream_may_be_elsewhere() -> None:
    found = read(ALPACA_TRADING_STREAM_URL="wss://example.com")
    assert str(found.trading_stream) == "wss://example.com/stream"
    found = read(ALPACA_TRADING_STREAM_URL="wss://example.com/events")
    assert str(found.trading_stream) == "wss://example.com/events"


@pytest.mark.parametrize(
    "url", ["http://example.com", "ftp://example.com", "https://user:canary@example.com", "x"]
)
def test_bad_addresses_are_refused_by_name(url: str) -> None:
    for name in ("ALPACA_BASE_URL", "ALPACA_DATA_URL", "ALPACA_STREAM_URL"):
        said = problems(**{name: url})
        assert name in said
        assert "canary" not in said


@pytest.mark.parametrize("path", ["", "/", "/v2/sip", "/v1beta3/crypto/us"])
def test_the_path_of_a_feed_is_none_of_the_address(path: str) -> None:
    found = read(ALPACA_STREAM_URL=f"wss://example.com{path}")
    assert str(found.stock_stream) == "wss://example.com/v2/iex"
    assert str(found.crypto_stream) == "wss://example.com/v1beta3/crypto/us"


def test_a_stream_is_no_page() -> None:
    assert "ALPACA_STREAM_URL" in problems(ALPACA_STREAM_URL="https://example.com")
    assert "ALPACA_BASE_URL" in problems(ALPACA_BASE_URL="wss://example.com")


def test_feeds() -> None:
    assert str(read(ALPACA_FEED="sip").stock_stream).endswith("/v2/sip")
    assert str(read(ALPACA_FEED="boats").stock_stream).endswith("/v1beta1/boats")
    assert "ALPACA_FEED" in problems(ALPACA_FEED="SIP")
    crypto = read(ALPACA_FEED="crypto")
    assert crypto.feed == "iex"
    assert "crypto" in crypto.warnings[0]


@pytest.mark.parametrize("name", ["ALPACA_API_KEY", "ALPACA_API_SECRET"])
def test_credentials_that_no_header_can_carry_are_refused(name: str) -> None:
    said = problems(**{name: "schl\u00fcssel"})
    assert name in said
    assert "schl" not in said
    assert f"{name} is not set" in problems(**{name: " "})


def test_nothing_shows_the_secret() -> None:
    found = read()
    assert "canary-secret" not in repr(found)
    assert "PKTEST" not in repr(found)
    assert found.variables["ALPACA_API_SECRET"] == "set"
    assert found.variables["ALPACA_FEED"] == "iex"


def test_a_pair_without_its_slash_is_noticed() -> None:
    names = ("BTCUSD", "DOGEUSDT", "AAPL", "GOOGL", "ETH/USD", "*")
    wanted = [Subscription(Platform.ALPACA_PAPER, name, ("quote",)) for name in names]
    found = read_settings(KEYS, gateway_settings(wanted))
    assert ["BTC/USD" in found.warnings[0], "DOGE/USDT" in found.warnings[1]] == [True, True]
    assert len(found.warnings) == 2
