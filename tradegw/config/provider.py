"""Which broker, and whether for real money: from the credentials that are set, or as told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..model.enums import Platform
from .environment import Environment
from .settings import Mode, Provider

CREDENTIALS: Final[Mapping[Provider, tuple[str, ...]]] = {
    Provider.ALPACA: ("ALPACA_API_KEY", "ALPACA_API_SECRET"),
    Provider.BINANCE: ("BINANCE_API_KEY", "BINANCE_API_SECRET"),
    Provider.OANDA: ("OANDA_API_KEY", "OANDA_ACCOUNT_ID"),
    Provider.SAXO: ("SAXO_APP_KEY", "SAXO_APP_SECRET", "SAXO_ACCOUNT_KEY"),
    Provider.TEKTII: ("TEKTII_ENGINE_URL", "TEKTII_ENGINE_WS_URL"),
}
"""What each needs, in the order in which the first found wins."""

_IN_PLACE: Final = {"BINANCE_API_SECRET": "BINANCE_PRIVATE_KEY_FILE"}
"""What may be set instead of another."""

_VARIANTS: Final = {
    Provider.BINANCE_SPOT: Provider.BINANCE,
    Provider.BINANCE_MARGIN: Provider.BINANCE,
    Provider.BINANCE_FUTURES: Provider.BINANCE,
    Provider.BINANCE_COIN_FUTURES: Provider.BINANCE,
}
_PAPER_SWITCHES: Final = {
    Provider.ALPACA: "ALPACA_PAPER",
    Provider.BINANCE: "BINANCE_TESTNET",
}
_PLATFORMS: Final[Mapping[Provider, Mapping[Mode, Platform]]] = {
    Provider.ALPACA: {Mode.PAPER: Platform.ALPACA_PAPER, Mode.LIVE: Platform.ALPACA_LIVE},
    Provider.BINANCE: {Mode.PAPER: Platform.BINANCE_TESTNET, Mode.LIVE: Platform.BINANCE_LIVE},
    Provider.BINANCE_SPOT: {
        Mode.PAPER: Platform.BINANCE_TESTNET,
        Mode.LIVE: Platform.BINANCE_LIVE,
    },
    # Binance has no margin testnet.
    Provider.BINANCE_MARGIN: {Mode.LIVE: Platform.BINANCE_MARGIN_LIVE},
    Provider.BINANCE_FUTURES: {
        Mode.PAPER: Platform.BINANCE_FUTURES_TESTNET,
        Mode.LIVE: Platform.BINANCE_FUTURES_LIVE,
    },
    Provider.BINANCE_COIN_FUTURES: {
        Mode.PAPER: Platform.BINANCE_COIN_FUTURES_TESTNET,
        Mode.LIVE: Platform.BINANCE_COIN_FUTURES_LIVE,
    },
    Provider.OANDA: {Mode.PAPER: Platform.OANDA_PRACTICE, Mode.LIVE: Platform.OANDA_LIVE},
    Provider.SAXO: {Mode.PAPER: Platform.SAXO_SIM, Mode.LIVE: Platform.SAXO_LIVE},
}
_WITHOUT_MODE: Final = {
    Provider.TEKTII: Platform.TEKTII,
    Provider.MOCK: Platform.MOCK,
    Provider.BACKTEST: Platform.BACKTEST,
}


def choose(env: Environment) -> Provider | None:
    """``GATEWAY_PROVIDER``, else the first whose credentials are set; or ``None``, and a problem.

    A provider counts as found when any of its credentials is set: one forgotten half is an error to
    tell, not a reason to trade at another broker.
    """
    named = env.choice("GATEWAY_PROVIDER", None, [each.value for each in Provider])
    if named is not None:
        provider = Provider(named)
        _require(env, provider, f"GATEWAY_PROVIDER={provider}")
        return provider
    if env.text("GATEWAY_PROVIDER") is not None:
        return None
    found = [each for each, names in CREDENTIALS.items() if any(_is_set(env, n) for n in names)]
    if not found:
        env.problem(_nothing_set())
        return None
    chosen, *others = found
    if others:
        env.warn(
            f"credentials of several brokers are set: {chosen} is used, "
            f"{', '.join(others)} ignored; GATEWAY_PROVIDER chooses another"
        )
    _require(env, chosen, f"{chosen} (found by its credentials; GATEWAY_PROVIDER chooses another)")
    return chosen


def mode(env: Environment, provider: Provider) -> Mode:
    """Paper unless ``GATEWAY_MODE`` or the provider's own switch says live; they must not disagree.

    Providers that never trade real money ignore all of it.
    """
    named = env.choice("GATEWAY_MODE", None, [each.value for each in Mode])
    asked = None if named is None else Mode(named)
    if provider in _WITHOUT_MODE:
        if asked is Mode.LIVE:
            env.warn(f"GATEWAY_MODE=live is ignored: {provider} never trades real money")
        return Mode.PAPER
    switch = _PAPER_SWITCHES.get(_VARIANTS.get(provider, provider))
    paper = None if switch is None else env.boolean(switch, None)
    if paper is None:
        return asked or Mode.PAPER
    switched = Mode.PAPER if paper else Mode.LIVE
    if asked not in (None, switched):
        env.problem(f"GATEWAY_MODE={asked} contradicts {switch}={env.text(str(switch))}")
    return switched


def platform(env: Environment, provider: Provider, mode: Mode) -> Platform | None:
    """Where *provider* trades in *mode*; or ``None``, and a problem, if there is no such place."""
    if provider in _WITHOUT_MODE:
        return _WITHOUT_MODE[provider]
    found = _PLATFORMS[provider].get(mode)
    if found is None:
        env.problem(
            "Binance has no testnet for margin accounts: binance_margin needs GATEWAY_MODE=live, "
            "which is real money; to practise use GATEWAY_PROVIDER=binance or GATEWAY_PROVIDER=mock"
        )
    return found


def _require(env: Environment, provider: Provider, who: str) -> None:
    names = CREDENTIALS.get(_VARIANTS.get(provider, provider), ())
    if not all(_is_set(env, name) for name in names):
        states = (f"{name} ({'set' if env.text(name) else 'not set'})" for name in names)
        env.problem(f"{who} needs {', '.join(states)}")


def _is_set(env: Environment, name: str) -> bool:
    other = _IN_PLACE.get(name)
    return env.text(name) is not None or (other is not None and env.text(other) is not None)


def _nothing_set() -> str:
    ways = [
        "no broker is configured; set one of:",
        "  GATEWAY_PROVIDER=mock  (the simulated broker, needs no credentials)",
        *(f"  {' and '.join(names)}  ({each})" for each, names in CREDENTIALS.items()),
        "or GATEWAY_PROVIDER=" + "|".join(Provider) + " and what that one needs",
    ]
    return "\n".join(ways)
