"""What kind of accounts they are, and where their limits lie."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from .limits import Bucket, Pool

_SPOT: Final = MappingProxyType({"USDT": Decimal(100_000), "USDC": Decimal(100_000)})
_MARGIN: Final = MappingProxyType({"USDT": Decimal(50_000)})
_USD: Final = MappingProxyType({"USDT": Decimal(25_000)})
_COIN: Final = MappingProxyType({"BTC": Decimal(2)})
_MARGIN_WEIGHT = 180_000
_DAY_OF_ORDERS = 200_000
_RAW = 300_000


class Terms(Struct, frozen=True, kw_only=True):
    """Keys, balances and limits. The same *seed* makes the same ids.

    *secret* is that of an HMAC key; there is an Ed25519 key besides, named *ed25519_key*.
    *public_keys* are further ones, public halves by name.
    """

    key: str = "DOUBLEhmacKEY00000000000000000000000000000000000000000000000001"
    secret: str = "DOUBLEsecret0000000000000000000000000000000000000000000000000001"  # noqa: S105  the point of a double is that this is no secret
    ed25519_key: str = "DOUBLEed25519KEY0000000000000000000000000000000000000000000000002"
    public_keys: dict[str, bytes] = {}
    balances: Mapping[str, Decimal] = _SPOT
    margin_balances: Mapping[str, Decimal] = _MARGIN
    futures_balances: Mapping[str, Decimal] = _USD
    coin_balances: Mapping[str, Decimal] = _COIN
    weight_per_minute: int = 6000
    futures_weight_per_minute: int = 2400
    orders_per_10_seconds: int = 100
    seed: int = 1

    def spot_pool(self, ms: Callable[[], int]) -> Pool:
        """The limits of ``/api``."""
        return Pool(
            ms,
            [
                Bucket("REQUEST_WEIGHT", "MINUTE", 1, self.weight_per_minute),
                Bucket("RAW_REQUESTS", "MINUTE", 5, _RAW),
            ],
            [
                Bucket("ORDERS", "SECOND", 10, self.orders_per_10_seconds),
                Bucket("ORDERS", "DAY", 1, _DAY_OF_ORDERS),
            ],
        )

    def margin_pool(self, ms: Callable[[], int]) -> Pool:
        """The limits of ``/sapi``."""
        return Pool(
            ms,
            [Bucket("REQUEST_WEIGHT", "MINUTE", 1, _MARGIN_WEIGHT)],
            [Bucket("ORDERS", "SECOND", 10, self.orders_per_10_seconds)],
            "X-SAPI-USED-UID-WEIGHT",
        )

    def futures_pool(self, ms: Callable[[], int]) -> Pool:
        """The limits that USD-M and COIN-M share."""
        return Pool(
            ms,
            [Bucket("REQUEST_WEIGHT", "MINUTE", 1, self.futures_weight_per_minute)],
            [Bucket("ORDERS", "MINUTE", 1, 1200), Bucket("ORDERS", "SECOND", 10, 300)],
        )
