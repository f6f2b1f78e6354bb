"""A moving-average crossover with a stop-loss and a take-profit on every entry.

Runs unchanged in simulation, backtest, paper and live: all it knows of the broker is the gateway's
address. Needs the official SDK (``pip install tektii``) and a gateway::

    make run                                # one terminal
    python examples/sma_cross.py            # another; Ctrl-C ends it

Settings come from the environment: SYMBOL, QUANTITY, FAST, SLOW (candles), RISK (the distance of
the stop-loss as a share of the price; the take-profit is twice as far), and for the gateway
TRADING_GATEWAY_URL and TRADING_GATEWAY_API_KEY.
"""

from __future__ import annotations

import os
from collections import deque
from decimal import Decimal

from tektii import (
    AccountEvent,
    CandleEvent,
    ErrorEvent,
    OrderEvent,
    OrderEventType,
    OrderRejectedError,
    TradingGateway,
)

SYMBOL = os.environ.get("SYMBOL", "AAPL")
QUANTITY = Decimal(os.environ.get("QUANTITY", "10"))
FAST = int(os.environ.get("FAST", "5"))
SLOW = int(os.environ.get("SLOW", "20"))
RISK = Decimal(os.environ.get("RISK", "0.002"))


class Crossover:
    """Tells when the fast average rises above the slow one."""

    def __init__(self, fast: int, slow: int) -> None:
        self._fast = fast
        self._closes: deque[Decimal] = deque(maxlen=slow)
        self._was_above = True  # no signal before the averages have been seen apart

    def rises_with(self, close: Decimal) -> bool:
        self._closes.append(close)
        if len(self._closes) < (self._closes.maxlen or 0):
            return False
        recent = list(self._closes)[-self._fast :]
        is_above = sum(recent) / len(recent) > sum(self._closes) / len(self._closes)
        crossed = is_above and not self._was_above
        self._was_above = is_above
        return crossed


def buy(gateway: TradingGateway, close: Decimal) -> None:
    """Enter at the market, with both exits attached; the gateway (or broker) looks after them."""
    tick = Decimal(1).scaleb(min(0, int(close.as_tuple().exponent)))
    try:
        handle = gateway.submit_order(
            SYMBOL,
            "buy",
            QUANTITY,
            stop_loss=(close * (1 - RISK)).quantize(tick),
            take_profit=(close * (1 + 2 * RISK)).quantize(tick),
        )
    except OrderRejectedError as refusal:
        print(f"refused: {refusal}")
    else:
        print(f"bought near {close}: order {handle.id} is {handle.status.value}")


def main() -> None:
    crossover = Crossover(FAST, SLOW)
    with TradingGateway() as gateway, gateway.stream() as events:
        print(f"listening for {SYMBOL} candles; equity {gateway.get_account().equity}")
        for event in events:
            match event:
                case CandleEvent(bar=bar) if bar.symbol == SYMBOL:
                    if crossover.rises_with(Decimal(bar.close)) and not gateway.list_positions(
                        symbol=SYMBOL
                    ):
                        buy(gateway, Decimal(bar.close))
                case OrderEvent(event=OrderEventType.ORDER_FILLED, order=order) if (
                    order.symbol == SYMBOL
                ):
                    kind = "exit" if event.parent_order_id else "entry"
                    print(f"{kind} filled: {order.side.value} at {order.average_fill_price}")
                case AccountEvent(account=account):
                    print(f"equity {account.equity}")
                case ErrorEvent(code=code, message=message):
                    print(f"ALERT {code.value}: {message}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("stopped; orders and positions stay at the broker")
