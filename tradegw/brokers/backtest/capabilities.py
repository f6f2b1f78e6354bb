"""What the simulated exchange can do with the data of a run."""

from __future__ import annotations

from typing import Final

from ...model.enums import OrderType, PositionMode
from ...model.market import Capabilities
from ...model.money import ONE
from .config import BacktestSettings

ALWAYS: Final = ("bracket_orders", "oco", "trailing_stop", "reduce_only", "post_only", "get_quote")


def capabilities_of(own: BacktestSettings) -> Capabilities:
    """By the asset classes of the data and the terms of the account."""
    terms, data = own.terms, own.data
    conditional = {
        "short_selling": terms.short,
        "leverage": terms.leverage > ONE,
        "hedging": terms.hedging,
    }
    features = (*ALWAYS, *(name for name, is_there in conditional.items() if is_there))
    classes = dict.fromkeys(data.options(symbol).asset_class for symbol in data.symbols)
    return Capabilities(
        supported_asset_classes=tuple(classes),
        supported_order_types=tuple(OrderType),
        position_mode=PositionMode.HEDGING if terms.hedging else PositionMode.NETTING,
        features=features,
        max_leverage=terms.leverage if terms.leverage > ONE else None,
    )
