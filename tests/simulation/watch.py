"""Whoever hears of a fill finds its exits in place, or hears that they are not.

Looked at while everything fails, entry by entry: legs are told by their client order ids. Where
anything else than legs sold, the ledger cannot tell whose it was, and nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from tradegw.model.enums import Side

from .life import Lives
from .steps import GUARDED
from .world import World

GRACE_SECONDS: Final = 3.0
"""A fill is told two seconds after its legs were sent, at the latest; then the alert is out."""

NATIVE_SECONDS: Final = 8.0
"""So much longer where the broker is to place them: it is given time, and asked before it is told.
"""

ASKED_SECONDS: Final = 70.0
"""So often the broker is asked for everything, at least."""

SUFFIXES: Final = {"stop_loss": "sl", "take_profit": "tp"}


class Watch:
    """Hears what the client hears. :attr:`known` is how much of each order it was told last to have
    executed, and when that was told first.
    """

    def __init__(self, world: World, lives: Lives) -> None:
        self._world = world
        self._lives = lives
        self.known: dict[str, tuple[Decimal, float]] = {}
        self._alerts: list[dict[str, Any]] = []
        self._missing: list[tuple[datetime, str, str]] = []

    def heard(self, message: dict[str, Any]) -> None:
        """A numbered message came."""
        if _is_alert(message):
            self._alerts.append(message)
        if message["type"] != "order":
            return
        order = message["order"]
        known = (Decimal(order["filled_quantity"]), self._world.clock.seconds())
        if known[0] > self.known.get(order["id"], (Decimal(0), 0.0))[0]:
            self.known[order["id"]] = known
        is_entry = order["symbol"] == GUARDED and order["side"] == Side.BUY.value
        if is_entry and Decimal(order["filled_quantity"]) > 0 and self._gaps(order):
            native = NATIVE_SECONDS if self._world.schedule.broker.native else 0.0
            self._world.later(GRACE_SECONDS + native, self._look, self._lives.current, order)

    def complaints(self, earlier: Iterable[dict[str, Any]]) -> Iterator[str]:
        """What was missing and not told by then, though a client may have heard of it later.

        *earlier* is what was told before the client came, or while it could not listen.
        """
        alerts = [*self._alerts, *(message for message in earlier if _is_alert(message))]
        for at, order_id, gap in self._missing:
            told = [
                alert
                for alert in alerts
                if self._is_about(alert.get("details") or {}, order_id)
                and datetime.fromisoformat(alert["timestamp"]) <= at
            ]
            if not told:
                yield f"{order_id}: {gap}, and nobody was told"

    def _is_about(self, details: dict[str, Any], order_id: str) -> bool:
        """Where the broker keeps exits, one may be told before the fill that it protects: what it
        executes then is taken from another entry, which is unprotected in its stead.
        """
        if self._world.schedule.broker.native:
            return details.get("symbol") == GUARDED
        return details.get("order_id") == order_id

    def _look(self, life: Any, order: dict[str, Any]) -> None:
        """It was missing when the fill was told; if it still is, that must be out.

        Of an exit that the broker dropped nobody knows, if nobody told, before it is asked again.
        """
        was_dropped = self._world.clock.seconds() - self._world.dropped_at < ASKED_SECONDS
        if life.alive and not (was_dropped or self._others_sold()):
            self._missing += [(self._world.now(), order["id"], gap) for gap in self._gaps(order)]

    def _gaps(self, order: dict[str, Any]) -> list[str]:
        filled = Decimal(order["filled_quantity"])
        covered = {
            kind: self._covered(order, SUFFIXES[kind]) for kind in self._world.schedule.exits
        }
        return [
            f"of {filled} filled {quantity} have a {kind}"
            for kind, quantity in covered.items()
            if quantity < filled
        ]

    def _others_sold(self) -> bool:
        return any(
            entered.request.symbol == GUARDED and entered.via != "submit"
            for entered in self._world.venue.entered
        )

    def _covered(self, order: dict[str, Any], suffix: str) -> Decimal:
        """What the legs of *order* closed or still would."""
        first_id = self._world.venue.first_id(order["id"])
        names = (order.get("client_order_id"), order["id"], first_id)
        legs = [
            leg
            for leg in self._world.venue.standing()
            if (leg.client_order_id or "").startswith(tuple(f"{name}-" for name in names))
        ]
        live = (
            leg.remaining_quantity
            for leg in legs
            if not leg.status.is_terminal
            and (f"-{suffix}" in str(leg.client_order_id) or self._world.venue.kind.one_exit)
        )
        return sum(live, sum((leg.filled_quantity for leg in legs), Decimal(0)))


def _is_alert(message: dict[str, Any]) -> bool:
    return bool(message["type"] == "error" and message["code"] == "POSITION_UNPROTECTED")
