"""Whoever hears of a fill finds its exits in place, or hears that they are not.

Looked at while everything fails, entry by entry: legs are told by their client order ids. Where
anything else than legs sold, the ledger cannot tell whose it was, and nothing is said.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from tradegw.model.enums import Side

from .life import Lives
from .schedule import GUARDED
from .world import World

GRACE_SECONDS: Final = 3.0
"""A fill is told two seconds after its legs were sent, at the latest; then the alert is out."""

SUFFIXES: Final = {"stop_loss": "sl", "take_profit": "tp"}


class Watch:
    """Hears what the client hears. :attr:`complaints` is what it found."""

    def __init__(self, world: World, lives: Lives) -> None:
        self.complaints: list[str] = []
        self._world = world
        self._lives = lives
        self._alerts: list[dict[str, Any]] = []

    def heard(self, message: dict[str, Any]) -> None:
        """A numbered message came."""
        if message["type"] == "error" and message["code"] == "POSITION_UNPROTECTED":
            self._alerts.append(message)
        if message["type"] != "order":
            return
        order = message["order"]
        is_entry = order["symbol"] == GUARDED and order["side"] == Side.BUY.value
        if is_entry and Decimal(order["filled_quantity"]) > 0:
            life = self._lives.current
            self._world.later(GRACE_SECONDS, self._look, life, order)

    def _look(self, life: Any, order: dict[str, Any]) -> None:
        if not life.alive or self._others_sold():
            return
        for kind in self._world.schedule.exits:
            covered = self._covered(order, SUFFIXES[kind])
            filled = Decimal(order["filled_quantity"])
            if covered < filled and not self._is_told(order["id"]):
                self.complaints.append(
                    f"{filled} of {order['id']} were told to be filled, {covered} have a {kind},"
                    " and nobody was told"
                )

    def _others_sold(self) -> bool:
        return any(
            entered.request.symbol == GUARDED and entered.via != "submit"
            for entered in self._world.venue.entered
        )

    def _covered(self, order: dict[str, Any], suffix: str) -> Decimal:
        """What the legs of *order* closed or still would."""
        names = (order.get("client_order_id"), order["id"])
        legs = [
            leg
            for leg in self._world.venue.all_orders().values()
            if (leg.client_order_id or "").startswith(tuple(f"{name}-" for name in names))
        ]
        live = (
            leg.remaining_quantity
            for leg in legs
            if not leg.status.is_terminal and f"-{suffix}" in str(leg.client_order_id)
        )
        return sum(live, sum((leg.filled_quantity for leg in legs), Decimal(0)))

    def _is_told(self, order_id: str) -> bool:
        told = [alert.get("details") or {} for alert in self._alerts]
        return order_id in [details.get("order_id") for details in told]
