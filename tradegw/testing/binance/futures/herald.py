"""What the private stream says."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeAlias

from ..amounts import ZERO, fixed, plain
from ..stamps import Stamps
from .orders import Algo, Fill, Order
from .telling import algo_update, update
from .wallet import Position, Wallet

Tell: TypeAlias = Callable[[dict[str, Any]], None]


class Herald:
    """Makes the events."""

    def __init__(self, stamps: Stamps, wallet: Wallet, tell: Tell) -> None:
        self.tell = tell
        self._stamps = stamps
        self._wallet = wallet

    def order(self, execution: str, order: Order, fill: Fill | None = None) -> None:
        """Something happened to *order*; of a fill there is a short version first."""
        now = self._stamps.ms()
        if fill is not None and not order.contract.is_inverse:
            self.tell(
                {
                    "e": "TRADE_LITE",
                    "E": now,
                    "T": fill.time,
                    "s": order.contract.symbol,
                    "q": plain(order.qty),
                    "p": plain(order.price),
                    "m": fill.is_maker,
                    "c": order.client_id,
                    "S": order.side,
                    "L": plain(fill.price),
                    "l": plain(fill.qty),
                    "t": fill.id,
                    "i": order.id,
                }
            )
        self.tell(update(order, execution, now, fill))

    def algo(self, algo: Algo) -> None:
        """Something happened to a conditional order."""
        self.tell(algo_update(algo, self._stamps.ms()))

    def account(
        self, reason: str, assets: list[str], positions: list[Position], change: Decimal = ZERO
    ) -> None:
        """Balances and positions changed; *change* is what came but of trades."""
        now, wallet = self._stamps.ms(), self._wallet
        self.tell(
            {
                "e": "ACCOUNT_UPDATE",
                "E": now,
                "T": now,
                "a": {
                    "m": reason,
                    "B": [
                        {
                            "a": asset,
                            "wb": fixed(wallet.balances[asset]),
                            "cw": fixed(wallet.balances[asset]),
                            "bc": fixed(change),
                        }
                        for asset in assets
                    ],
                    "P": [self._position(each) for each in positions],
                },
            }
        )

    def _position(self, position: Position) -> dict[str, Any]:
        isolated = self._wallet.is_isolated(position.contract)
        return {
            "s": position.contract.symbol,
            "pa": plain(position.amount),
            "ep": fixed(position.entry, 5),
            "bep": fixed(position.entry, 5),
            "cr": fixed(position.realized),
            "up": fixed(self._wallet.unrealized(position)),
            "mt": "isolated" if isolated else "cross",
            "iw": fixed(position.isolated_wallet),
            "ps": position.side,
        }

    def margin_call(self, positions: list[Position]) -> None:
        """A warning."""
        wallet = self._wallet
        self.tell(
            {
                "e": "MARGIN_CALL",
                "E": self._stamps.ms(),
                "p": [
                    {
                        "s": each.contract.symbol,
                        "ps": each.side,
                        "pa": plain(each.amount),
                        "mt": wallet.margin_types[each.contract.symbol],
                        "iw": fixed(each.isolated_wallet),
                        "mp": plain(wallet.mark(each.contract)),
                        "up": fixed(wallet.unrealized(each)),
                        "mm": fixed(wallet.maintenance(each)),
                    }
                    for each in positions
                ],
            }
        )

    def config(self, **changed: Any) -> None:
        """Leverage or the asset mode is another."""
        now = self._stamps.ms()
        self.tell({"e": "ACCOUNT_CONFIG_UPDATE", "E": now, "T": now, **changed})
