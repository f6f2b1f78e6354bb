"""Which broker, and whether for real money."""

from __future__ import annotations

import pytest

from tradegw.config.environment import Environment
from tradegw.config.problems import ConfigError
from tradegw.config.provider import CREDENTIALS, choose, mode, platform
from tradegw.config.read import read
from tradegw.config.settings import Mode, Provider
from tradegw.model.enums import Platform

ALL = {name: f"canary-{name}" for names in CREDENTIALS.values() for name in names}


def problems(environ: dict[str, str]) -> str:
    with pytest.raises(ConfigError) as caught:
        read(environ)
    return str(caught.value)


@pytest.mark.parametrize("count", range(5))
def test_the_first_provider_with_credentials_is_used_and_the_others_are_named(count: int) -> None:
    there = list(CREDENTIALS)[count:]
    settings = read({name: "x" for each in there for name in CREDENTIALS[each]})
    assert settings.provider is there[0]
    if len(there) == 1:
        assert settings.warnings == ()
    else:
        (warning,) = settings.warnings
        assert f"{there[0]} is used, {', '.join(there[1:])} ignored" in warning


def test_the_order_is_alpaca_binance_oanda_saxo_tektii() -> None:
    assert [each.value for each in CREDENTIALS] == ["alpaca", "binance", "oanda", "saxo", "tektii"]


@pytest.mark.parametrize("named", list(Provider))
def test_gateway_provider_overrides_the_credentials(named: Provider) -> None:
    settings = read({**ALL, "GATEWAY_PROVIDER": named.value, "GATEWAY_MODE": "live"})
    assert settings.provider is named


@pytest.mark.parametrize("value", ["ALPACA", "Mock", "ibkr", "binance-spot", "alpaca,mock"])
def test_provider_names_are_exact(value: str) -> None:
    text = problems({"GATEWAY_PROVIDER": value})
    assert text.startswith("GATEWAY_PROVIDER must be one of alpaca, binance, ")
    assert text.endswith(f"not {value!r}")


@pytest.mark.parametrize("environ", [{}, {"GATEWAY_PROVIDER": "", "ALPACA_API_KEY": ""}])
def test_nothing_set_lists_all_that_could_be(environ: dict[str, str]) -> None:
    text = problems(environ)
    assert "GATEWAY_PROVIDER=mock" in text
    assert all(name in text for name in ALL)


def test_missing_credentials_are_listed_as_set_or_not_set() -> None:
    text = problems({"GATEWAY_PROVIDER": "saxo", "SAXO_APP_KEY": "canary", "SAXO_APP_SECRET": ""})
    assert text == (
        "GATEWAY_PROVIDER=saxo needs "
        "SAXO_APP_KEY (set), SAXO_APP_SECRET (not set), SAXO_ACCOUNT_KEY (not set)"
    )


def test_half_of_the_credentials_is_an_error_and_no_reason_to_trade_elsewhere() -> None:
    text = problems({"ALPACA_API_KEY": "canary", "OANDA_API_KEY": "k", "OANDA_ACCOUNT_ID": "a"})
    assert text.startswith("alpaca (found by its credentials")
    assert "ALPACA_API_SECRET (not set)" in text
    assert "canary" not in text


@pytest.mark.parametrize("named", ["mock", "backtest"])
def test_no_credentials_are_needed_without_a_broker(named: str) -> None:
    assert read({"GATEWAY_PROVIDER": named}).platform.value == named


PLATFORMS = {
    ("alpaca", "paper"): "alpaca-paper",
    ("alpaca", "live"): "alpaca-live",
    ("binance", "paper"): "binance-testnet",
    ("binance", "live"): "binance-live",
    ("binance_spot", "paper"): "binance-testnet",
    ("binance_spot", "live"): "binance-live",
    ("binance_margin", "live"): "binance-margin-live",
    ("binance_futures", "paper"): "binance-futures-testnet",
    ("binance_futures", "live"): "binance-futures-live",
    ("binance_coin_futures", "paper"): "binance-coin-futures-testnet",
    ("binance_coin_futures", "live"): "binance-coin-futures-live",
    ("oanda", "paper"): "oanda-practice",
    ("oanda", "live"): "oanda-live",
    ("saxo", "paper"): "saxo-sim",
    ("saxo", "live"): "saxo-live",
    ("tektii", "paper"): "tektii",
    ("tektii", "live"): "tektii",
    ("mock", "paper"): "mock",
    ("mock", "live"): "mock",
    ("backtest", "paper"): "backtest",
    ("backtest", "live"): "backtest",
}


@pytest.mark.parametrize(("pair", "expected"), PLATFORMS.items())
def test_provider_and_mode_give_the_platform(pair: tuple[str, str], expected: str) -> None:
    provider, wanted = pair
    settings = read({**ALL, "GATEWAY_PROVIDER": provider, "GATEWAY_MODE": wanted})
    assert settings.platform is Platform(expected)


def test_margin_without_live_is_refused_since_binance_has_no_testnet_for_it() -> None:
    text = problems({**ALL, "GATEWAY_PROVIDER": "binance_margin"})
    assert "no testnet for margin" in text
    assert "GATEWAY_MODE=live" in text


@pytest.mark.parametrize("value", ["LIVE", "Paper", "real"])
def test_mode_is_exact(value: str) -> None:
    assert "GATEWAY_MODE must be one of paper, live" in problems(
        {**ALL, "GATEWAY_PROVIDER": "alpaca", "GATEWAY_MODE": value}
    )


@pytest.mark.parametrize(
    ("provider", "switch"),
    [
        ("alpaca", "ALPACA_PAPER"),
        ("binance", "BINANCE_TESTNET"),
        ("binance_futures", "BINANCE_TESTNET"),
    ],
)
@pytest.mark.parametrize(("value", "meant"), [("true", Mode.PAPER), ("false", Mode.LIVE)])
def test_the_brokers_own_switch_sets_the_mode(
    provider: str, switch: str, value: str, meant: Mode
) -> None:
    environ = {**ALL, "GATEWAY_PROVIDER": provider, switch: value}
    assert read(environ).mode is meant
    assert read({**environ, "GATEWAY_MODE": meant.value}).mode is meant
    other = "live" if meant is Mode.PAPER else "paper"
    assert f"GATEWAY_MODE={other} contradicts {switch}={value}" in problems(
        {**environ, "GATEWAY_MODE": other}
    )


def test_a_switch_of_another_broker_does_not_count() -> None:
    assert read({**ALL, "GATEWAY_PROVIDER": "oanda", "ALPACA_PAPER": "false"}).mode is Mode.PAPER


def test_the_mode_is_paper_unless_told() -> None:
    for provider in ("alpaca", "binance", "oanda", "saxo", "tektii", "mock"):
        assert read({**ALL, "GATEWAY_PROVIDER": provider}).mode is Mode.PAPER


@pytest.mark.parametrize("provider", ["mock", "tektii", "backtest"])
def test_where_no_money_is_at_stake_live_is_ignored_with_a_warning(provider: str) -> None:
    settings = read({**ALL, "GATEWAY_PROVIDER": provider, "GATEWAY_MODE": "live"})
    assert settings.mode is Mode.PAPER
    assert any("GATEWAY_MODE=live is ignored" in warning for warning in settings.warnings)


def test_every_provider_has_a_platform_for_every_mode_or_a_problem() -> None:
    for provider in Provider:
        for wanted in Mode:
            env = Environment(ALL)
            assert (platform(env, provider, wanted) is None) == bool(env.problems)


def test_no_provider_is_chosen_without_a_problem() -> None:
    env = Environment({})
    assert choose(env) is None
    assert env.problems
    assert mode(Environment({}), Provider.ALPACA) is Mode.PAPER
