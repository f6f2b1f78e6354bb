"""Alpaca's settings, from the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from ...config.environment import Environment
from ...config.settings import Mode, Settings
from ...secrecy import Secret
from ..endpoint import Url

FEEDS: Final = ("iex", "sip", "delayed_sip", "boats", "overnight", "otc", "crypto")
"""``crypto`` is what there was before crypto had a stream of its own; it chooses no feed."""

_TRADING: Final = {
    Mode.PAPER: "https://paper-api.alpaca.markets",
    Mode.LIVE: "https://api.alpaca.markets",
}
_DATA: Final = "https://data.alpaca.markets"
_DATA_STREAM: Final = "wss://stream.data.alpaca.markets"
_CRYPTO_PATH: Final = "v1beta3/crypto/us"
_ODD_PATHS: Final = {"boats": "v1beta1/boats", "overnight": "v1beta1/overnight"}
_SECURE: Final = {"https": "wss", "http": "ws"}
_SCHEMES: Final = {"http": ("http", "https"), "ws": ("ws", "wss")}
_NONE: Final = Secret("")
_FEED_PATH: Final = re.compile(r"/v\d(?:beta\d)?/.*")
_PAIR: Final = re.compile(r"(?=[A-Z]{6})([A-Z]+?)(USDT|USDC|USD|BTC)")
"""Six letters and more: no stock has so many."""


class AlpacaSettings(Struct, frozen=True, kw_only=True):
    """Where Alpaca is and who we are there. *feed* is the one of stock prices.

    *warnings* are to be logged at the start; *variables* are what all this was read from.
    """

    key: Secret
    secret: Secret
    trading: Url
    data: Url
    trading_stream: Url
    stock_stream: Url
    crypto_stream: Url
    feed: str
    warnings: tuple[str, ...] = ()
    variables: dict[str, str] = {}


def read_settings(environ: Mapping[str, str], settings: Settings) -> AlpacaSettings:
    """Read the ``ALPACA_`` variables; raises ``ConfigError`` with everything that is wrong."""
    read = Environment(environ)
    key, secret = read.secret("ALPACA_API_KEY"), read.secret("ALPACA_API_SECRET")
    for name, value in (("ALPACA_API_KEY", key), ("ALPACA_API_SECRET", secret)):
        _check_credential(read, name, value)
    if key is not None:
        _check_platform(read, key.reveal(), settings.mode)
    feed = read.choice("ALPACA_FEED", "iex", FEEDS)
    if feed == "crypto":
        read.warn("ALPACA_FEED=crypto chooses no feed: crypto has a stream of its own; iex is used")
        feed = "iex"
    _check_spelling(read, settings)
    read.boolean("ALPACA_PAPER", None)  # settings.mode is what it said; read to be shown
    trading = _url(read, "ALPACA_BASE_URL", _TRADING[settings.mode], "http")
    default_stream = f"{_SECURE[trading.scheme]}://{trading.authority}/stream"
    trading_stream = _url(read, "ALPACA_TRADING_STREAM_URL", default_stream, "ws")
    stream = _without_feed(_url(read, "ALPACA_STREAM_URL", _DATA_STREAM, "ws"))
    found = AlpacaSettings(
        key=key or _NONE,
        secret=secret or _NONE,
        trading=_without_version(trading),
        data=_without_version(_url(read, "ALPACA_DATA_URL", _DATA, "http")),
        trading_stream=trading_stream if trading_stream.path else _at(trading_stream, "stream"),
        stock_stream=_at(stream, _ODD_PATHS.get(feed, f"v2/{feed}")),
        crypto_stream=_at(stream, _CRYPTO_PATH),
        feed=feed,
        warnings=tuple(read.warnings),
        variables=read.shown,
    )
    read.check()
    return found


def _check_credential(read: Environment, name: str, value: Secret | None) -> None:
    if value is None:
        read.problem(f"{name} is not set")
    elif not (value.reveal().isascii() and value.reveal().isprintable()):
        read.problem(f"{name} must be printable ASCII: no header can carry another")


def _check_platform(read: Environment, key: str, mode: Mode) -> None:
    """Paper keys begin with PK and live ones with AK, as far as anybody has seen."""
    if key.startswith("PK") and mode is Mode.LIVE:
        read.problem(
            "ALPACA_API_KEY is a key of a paper account (PK...), but the gateway is to trade live: "
            "use the keys of the live account, or set GATEWAY_MODE=paper"
        )
    if key.startswith("AK") and mode is Mode.PAPER:
        read.problem(
            "ALPACA_API_KEY is a key of a live account (AK...), but the gateway is to trade on "
            "paper: use the keys of the paper account, or set GATEWAY_MODE=live"
        )


def _check_spelling(read: Environment, settings: Settings) -> None:
    for subscription in settings.subscriptions:
        name = subscription.instrument
        found = _PAIR.fullmatch(name)
        if found is not None:
            read.warn(
                f"SUBSCRIPTIONS names {name}: if that is a pair, it is {found[1]}/{found[2]} here"
            )


def _url(read: Environment, name: str, default: str, kind: str) -> Url:
    try:
        url = Url.parse(read.text(name, default))
    except ValueError as error:
        read.problem(f"{name} {error}")
        return Url.parse(default)
    if url.scheme not in _SCHEMES[kind]:
        read.problem(f"{name} must begin with {'://, '.join(_SCHEMES[kind])}://")
        return Url.parse(default)
    return url


def _without_version(url: Url) -> Url:
    """As Alpaca's own examples have it both ways."""
    return Url(url.scheme, url.host, url.port, url.path.removesuffix("/v2"))


def _without_feed(url: Url) -> Url:
    """The feed is chosen by ``ALPACA_FEED``, and crypto is not on the path of stocks."""
    return Url(url.scheme, url.host, url.port, _FEED_PATH.sub("", url.path))


def _at(url: Url, path: str) -> Url:
    return Url(url.scheme, url.host, url.port, f"{url.path}/{path}")
