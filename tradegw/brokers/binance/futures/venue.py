"""What differs between the two kinds of futures."""

from __future__ import annotations

from typing import Final

from msgspec import Struct


class Venue(Struct, frozen=True, kw_only=True):
    """``public`` and ``market`` are where streams of best prices and of all else are, ``private``
    is where the account's is, with the key behind it or, if ``key_in_query``, as a parameter.
    ``is_linear``: quantities are of the base asset and money is of the quote asset; else they are
    contracts of so many dollars each, and money is of the base asset.
    """

    positions: str
    account: str
    balances: str
    public: str
    market: str
    private: str
    key_in_query: bool
    is_linear: bool


USD_M: Final = Venue(
    positions="/fapi/v3/positionRisk",
    account="/fapi/v3/account",
    balances="/fapi/v3/balance",
    public="/public/stream",
    market="/market/stream",
    private="/private/ws",
    key_in_query=True,
    is_linear=True,
)
COIN_M: Final = Venue(
    positions="/dapi/v1/positionRisk",
    account="/dapi/v1/account",
    balances="/dapi/v1/balance",
    public="/stream",
    market="/stream",
    private="/ws",
    key_in_query=False,
    is_linear=False,
)
VENUES: Final = {"usd-m": USD_M, "coin-m": COIN_M}
