"""Binance's variables: defaults, good values, bad values."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from tradegw.brokers.binance.config import BinanceSettings, read_settings
from tradegw.brokers.binance.plugin import plugin
from tradegw.brokers.registry import find
from tradegw.config.problems import ConfigError
from tradegw.config.read import read as read_gateway
from tradegw.config.settings import Mode
from tradegw.model.enums import Platform

from .stand import gateway_settings
from .test_signing import pem

KEYS = {"BINANCE_API_KEY": "key", "BINANCE_API_SECRET": "canary-secret"}


def read(mode: Mode = Mode.PAPER, **environ: str) -> BinanceSettings:
    return read_settings({**KEYS, **environ}, gateway_settings(mode=mode))


def problems(**environ: str) -> str:
    with pytest.raises(ConfigError) as refused:
        read_settings({**KEYS, **environ}, gateway_settings())
    return str(refused.value)


def test_credentials_are_enough_for_the_testnet() -> None:
    found = read()
    assert str(found.rest) == "https://testnet.binance.vision"
    assert str(found.streams) == "wss://stream.testnet.binance.vision"
    assert str(found.ws_api) == "wss://ws-api.testnet.binance.vision/ws-api/v3"
    assert found.currency == "USDT"


def test_live_is_elsewhere() -> None:
    found = read(Mode.LIVE)
    assert str(found.rest) == "https://api.binance.com"
    assert str(found.streams) == "wss://stream.binance.com:9443"
    assert str(found.ws_api) == "wss://ws-api.binance.com/ws-api/v3"


def test_addresses_are_taken_both_ways() -> None:
    found = read(BINANCE_BASE_URL="http://127.0.0.1:8090/api/v3")
    assert str(found.rest) == "http://127.0.0.1:8090"
    assert any("only BINANCE_BASE_URL" in text for text in found.warnings)


def test_a_key_of_our_own_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(pem(ed25519.Ed25519PrivateKey.generate()))
    environ = {"BINANCE_API_KEY": "key", "BINANCE_PRIVATE_KEY_FILE": str(file)}
    found = read_settings(environ, gateway_settings())
    assert found.key.kind == "Ed25519"
    settings = read_gateway({**environ, "GATEWAY_STATE_DIR": str(tmp_path)})
    assert settings.platform is Platform.BINANCE_TESTNET


@pytest.mark.parametrize(
    ("environ", "text"),
    [
        ({"BINANCE_API_KEY": ""}, "BINANCE_API_KEY is not set"),
        ({"BINANCE_API_KEY": "schlüssel"}, "ASCII"),
        ({"BINANCE_API_SECRET": ""}, "neither BINANCE_API_SECRET nor BINANCE_PRIVATE_KEY_FILE"),
        ({"BINANCE_PRIVATE_KEY_FILE": "key.pem"}, "are both set"),
        ({"BINANCE_CURRENCY": "usdt "}, "BINANCE_CURRENCY"),
        ({"BINANCE_BASE_URL": "http://example.org"}, "TLS"),
        ({"BINANCE_STREAM_URL": "https://example.org"}, "ws://"),
        ({"BINANCE_BASE_URL": "https://api.binance.com"}, "real money"),
    ],
)
def test_what_is_wrong_is_said(environ: dict[str, str], text: str) -> None:
    assert text in problems(**environ)


def test_a_file_that_holds_no_key_is_said(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    environ = {"BINANCE_API_SECRET": "", "BINANCE_PRIVATE_KEY_FILE": str(file)}
    assert "cannot be read" in problems(**environ)
    file.write_text("nothing of the kind")
    assert "no private key" in problems(**environ)


def test_nothing_shows_a_secret() -> None:
    found = read()
    assert "canary" not in repr(found)
    assert "canary" not in str(found.variables)


@pytest.mark.parametrize("name", ["binance", "binance_spot", "binance_margin"])
def test_all_names_lead_here(name: str) -> None:
    assert find(name) is plugin


def test_margin_has_no_testnet(tmp_path: Path) -> None:
    environ = {
        **KEYS,
        "GATEWAY_PROVIDER": "binance_margin",
        "GATEWAY_STATE_DIR": str(tmp_path),
    }
    with pytest.raises(ConfigError, match="no testnet for margin"):
        read_gateway(environ)
