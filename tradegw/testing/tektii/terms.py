"""How this engine is built; no two of its builds need be alike."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct


class Terms(Struct, frozen=True, kw_only=True):
    """Money, windows (seconds) and the ways in which builds differ.

    It waits for a *window* for the acknowledgements of what it told, and for *flush* for those of
    the last frame. *unheard* windows in a row may pass in vain before the first acknowledgement,
    *silences* after it; then the run is halted.

    *tells_orders*: orders, trades, positions and money are told at all; *tells_closed*: so is a
    position that is gone, with a quantity of 0. *status_words* is the generation of the order
    list's filter: ``upper`` takes a list of the Trading API's words, ``lower`` one word of the
    engine's; the other's are refused with HTTP *status_refusal*.
    """

    cash: Decimal = Decimal(100_000)
    commission_rate: Decimal = Decimal(0)
    leverage: Decimal = Decimal(20)
    tick: Decimal = Decimal("0.00001")
    spread: Decimal = Decimal("0.0002")
    key: str | None = None
    window: float = 5.0
    flush: float = 10.0
    unheard: int = 24
    silences: int = 5
    tells_orders: bool = True
    tells_closed: bool = True
    status_words: str = "upper"
    status_refusal: int = 422
