"""Binance's settings, from the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from ...config.environment import Environment
from ...config.settings import Mode, Settings
from ...secrecy import Secret
from ..endpoint import Url
from . import keys
from .product import MARGIN, PRODUCTS, SPOT, Product

CURRENCY: Final = "USDT"
_CURRENCY: Final = re.compile(r"[A-Z0-9]{2,12}")
_REAL: Final = re.compile(r"//(api[0-9a-z-]*|[fd]api|[fd]stream)\.binance\.com")
_SCHEMES: Final = {"http": ("http", "https"), "ws": ("ws", "wss")}


class BinanceSettings(Struct, frozen=True, kw_only=True):
    """Where Binance is and who we are there. The money of the account is told in *currency*.
    *hedging* is whether futures positions of both sides are kept apart.

    *warnings* are to be logged at the start; *variables* are what all this was read from.
    """

    product: Product
    api_key: Secret
    key: keys.Key
    rest: Url
    streams: Url
    ws_api: Url
    currency: str
    hedging: bool = False
    warnings: tuple[str, ...] = ()
    variables: dict[str, str] = {}


def read_settings(environ: Mapping[str, str], settings: Settings) -> BinanceSettings:
    """Read the ``BINANCE_`` variables; raises ``ConfigError`` with everything that is wrong."""
    read = Environment(environ)
    product = PRODUCTS.get(settings.provider, SPOT)
    _check_addresses(read, settings)
    api_key = read.secret("BINANCE_API_KEY")
    if api_key is None:
        read.problem("BINANCE_API_KEY is not set")
    elif not (api_key.reveal().isascii() and api_key.reveal().isprintable()):
        read.problem("BINANCE_API_KEY must be printable ASCII: no header can carry another")
    key = _key(read)
    read.boolean("BINANCE_TESTNET", None)  # settings.mode is what it said; read to be shown
    usual = product.addresses.get(settings.mode) or product.addresses[Mode.LIVE]
    currency = read.text("BINANCE_CURRENCY", CURRENCY)
    if not _CURRENCY.fullmatch(currency):
        read.problem("BINANCE_CURRENCY must be an asset as Binance writes it, such as USDT")
    rest = _url(read, "BINANCE_BASE_URL", usual.rest, "http")
    found = BinanceSettings(
        product=product,
        api_key=api_key or Secret(""),
        key=key,
        rest=_without_path(rest, product.prefix),
        streams=_url(read, "BINANCE_STREAM_URL", usual.streams, "ws"),
        ws_api=_url(read, "BINANCE_WS_API_URL", usual.ws_api, "ws"),
        currency=currency,
        hedging=_is_hedging(read, product),
        warnings=tuple(read.warnings),
        variables=read.shown,
    )
    read.check()
    return found


def _is_hedging(read: Environment, product: Product) -> bool:
    """What the account is set to is compared with it before anything is done."""
    mode = read.choice("BINANCE_POSITION_MODE", "netting", ("netting", "hedging"))
    if mode == "hedging" and product in (SPOT, MARGIN):
        read.problem("BINANCE_POSITION_MODE is for futures: elsewhere there is nothing to hedge")
    return mode == "hedging"


def _key(read: Environment) -> keys.Key:
    secret, file = read.secret("BINANCE_API_SECRET"), read.text("BINANCE_PRIVATE_KEY_FILE")
    if secret is not None and file is not None:
        read.problem("BINANCE_API_SECRET and BINANCE_PRIVATE_KEY_FILE are both set: choose one")
    elif file is not None:
        return _from_file(read, file)
    elif secret is None:
        read.problem("neither BINANCE_API_SECRET nor BINANCE_PRIVATE_KEY_FILE is set")
    return keys.shared(secret or Secret(""))


def _from_file(read: Environment, file: str) -> keys.Key:
    try:
        return keys.private(Path(file).read_bytes())
    except OSError as error:
        read.problem(f"BINANCE_PRIVATE_KEY_FILE cannot be read: {error.strerror}")
    except ValueError as error:
        read.problem(f"BINANCE_PRIVATE_KEY_FILE {error}")
    return keys.shared(Secret(""))


def _check_addresses(read: Environment, settings: Settings) -> None:
    given = ("BINANCE_BASE_URL", "BINANCE_STREAM_URL", "BINANCE_WS_API_URL")
    own = [name for name in given if read.text(name) is not None]
    if own and len(own) < len(given):
        read.warn(f"only {', '.join(own)} is set: the other addresses are Binance's own")
    if settings.mode is Mode.PAPER and any(_REAL.search(read.text(name) or "") for name in own):
        read.problem("BINANCE_BASE_URL is where real money is, but the gateway is to practise")


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


def _without_path(url: Url, prefix: str) -> Url:
    """As it is written both ways."""
    return Url(url.scheme, url.host, url.port, url.path.removesuffix(prefix))
