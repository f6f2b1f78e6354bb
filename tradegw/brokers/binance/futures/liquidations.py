"""Orders that the exchange makes itself: to liquidate, to reduce what others lost, to settle."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from twisted.logger import Logger

from ....interfaces import IBrokerListener
from ....model.enums import AlertCode
from ....model.events import AlertEvent
from ....model.money import plain
from ....model.order import Order
from ..times import moment
from .events import OrderNews

LIQUIDATED: Final = "autoclose-"
DELEVERAGED: Final = "adl_autoclose"
_SETTLED: Final = ("settlement_autoclose-", "delivery_autoclose-")
_BY_STATUS: Final = {"NEW_INSURANCE": "liquidation", "NEW_ADL": "deleveraging"}
_WORDS: Final = {
    "liquidation": "Binance is liquidating a position",
    "deleveraging": "Binance is reducing a position to cover what others lost (ADL)",
}
REMEMBERED: Final = 1000


def cause(news: OrderNews) -> str | None:
    """Why the exchange made this order; ``None`` if it did not."""
    if news.c.startswith(LIQUIDATED):
        return "liquidation"
    if news.c.startswith(DELEVERAGED):
        return "deleveraging"
    if news.c.startswith(_SETTLED):
        return "settlement"
    if news.x == "CALCULATED" or news.ot == "LIQUIDATION":
        return "liquidation"
    return _BY_STATUS.get(news.X)


class Liquidations:
    """Alerts *listener* of each such order once."""

    log = Logger()

    def __init__(self, listener: IBrokerListener) -> None:
        self._listener = listener
        self._told: OrderedDict[str, None] = OrderedDict()

    def look(self, news: OrderNews, order: Order) -> None:
        """*news* of *order*, whoever made it."""
        why = cause(news)
        if why is None or order.id in self._told:
            return
        self._told[order.id] = None
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        if why not in _WORDS:
            self.log.info("{symbol} is settled: {order_id}", symbol=news.s, order_id=order.id)
            return
        details = {
            "order_id": order.id,
            "symbol": order.symbol,
            "side": order.side.value,
            "quantity": plain(order.quantity),
            "cause": why,
        }
        self._listener.on_event(
            AlertEvent(
                timestamp=moment(news.T),
                code=AlertCode.LIQUIDATION,
                message=f"{_WORDS[why]} in {order.symbol}",
                details=details,
            )
        )
