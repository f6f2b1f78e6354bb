"""The engine's settings."""

from __future__ import annotations

import pytest

from tests.brokers.tektii.stand import environ, gateway_settings
from tradegw.brokers.pacing.acks import Pace
from tradegw.brokers.registry import find
from tradegw.brokers.tektii.config import TektiiSettings, read_settings
from tradegw.config.problems import ConfigError
from tradegw.model.enums import Platform
from tradegw.model.subscription import Subscription


def read(**more: str) -> TektiiSettings:
    return read_settings(environ(**more), gateway_settings())


def problems(**more: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(**more)
    return str(caught.value)


def test_it_is_found_by_its_name() -> None:
    assert find("tektii") is not None


def test_the_addresses_lose_a_slash_and_the_stream_gains_its_path() -> None:
    own = read(
        TEKTII_ENGINE_URL="http://localhost:8080/", TEKTII_ENGINE_WS_URL="ws://localhost:8081/"
    )
    assert (str(own.rest), str(own.stream)) == ("http://localhost:8080", "ws://localhost:8081/ws")
    far = read(TEKTII_ENGINE_URL="https://e.example/a", TEKTII_ENGINE_WS_URL="wss://e.example/b")
    assert (str(far.rest), str(far.stream)) == ("https://e.example/a", "wss://e.example/b/ws")


@pytest.mark.parametrize("name", ["TEKTII_ENGINE_URL", "TEKTII_ENGINE_WS_URL"])
@pytest.mark.parametrize("value", ["", "nonsense", "ftp://x", "http//x", "http://u:p@x"])
def test_what_is_wrong_is_named(name: str, value: str) -> None:
    assert name in problems(**{name: value})


def test_an_engine_may_be_next_door_but_a_key_on_the_way_there_is_pointed_out() -> None:
    near = {"TEKTII_ENGINE_URL": "http://engine:8080", "TEKTII_ENGINE_WS_URL": "ws://engine:8081"}
    assert read(**near).warnings == ()
    assert "without TLS" in read(**near, TEKTII_API_KEY="k").warnings[0]


def test_addresses_must_be_of_their_kind() -> None:
    assert "ws://, wss://" in problems(TEKTII_ENGINE_WS_URL="http://localhost:1")
    assert "http://, https://" in problems(TEKTII_ENGINE_URL="ws://localhost:1")


def test_the_key_is_never_shown() -> None:
    own = read(TEKTII_API_KEY="k-secret")
    assert own.key is not None
    assert own.key.reveal() == "k-secret"
    assert "k-secret" not in repr(own)
    assert own.variables["TEKTII_API_KEY"] == "set"
    assert "TEKTII_API_KEY" in problems(TEKTII_API_KEY="schlüssel")


def test_what_it_shares_with_the_built_in_backtest() -> None:
    own = read()
    assert (own.pace, own.wall, own.ends) == (Pace.ANY, False, True)
    own = read(BACKTEST_PACE="all", BACKTEST_TIMESTAMPS="wall", BACKTEST_EXIT="never")
    assert (own.pace, own.wall, own.ends) == (Pace.ALL, True, False)
    for name in ("BACKTEST_PACE", "BACKTEST_TIMESTAMPS", "BACKTEST_EXIT"):
        assert name in problems(**{name: "odd"})


def test_subscriptions_that_are_not_its_own_are_pointed_out() -> None:
    listed = [
        Subscription(Platform.TEKTII, "F:EURUSD", ("*",)),
        Subscription(Platform.TEKTII, "*", ("*",)),
        Subscription(Platform.MOCK, "AAPL", ("*",)),
    ]
    own = read_settings(environ(), gateway_settings(listed))
    assert (own.symbols, own.warnings) == (("F:EURUSD",), ())
    other = read_settings(environ(), gateway_settings(listed[2:]))
    assert "tektii" in other.warnings[0]
