"""The alerts about protection, with the shapes of protocol section 5.3."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from ..interfaces import IAlarm
from ..model.enums import AlertCode
from ..model.protection import LegKind, UncoveredPolicy
from .coverage import unconfirmed
from .leg import Leg
from .plan import Plan

KIND_NAMES: Final = {LegKind.STOP_LOSS: "StopLoss", LegKind.TAKE_PROFIT: "TakeProfit"}
LEG_NAMES: Final = {LegKind.STOP_LOSS: "stop_loss", LegKind.TAKE_PROFIT: "take_profit"}


class Alerts:
    """Says which protection is missing, and what still rests."""

    def __init__(self, alarm: IAlarm) -> None:
        self._alarm = alarm

    def unprotected(
        self,
        plan: Plan,
        reasons: Mapping[LegKind, str],
        breaker_open: bool,
        *,
        rebroadcast: bool = False,
    ) -> None:
        """A fill of *plan* has no (full) protection; *reasons* says why, by kind of leg."""
        details = _details(plan, reasons, breaker_open)
        if rebroadcast:
            details["rebroadcast"] = True
        self._alarm.raise_alert(
            AlertCode.POSITION_UNPROTECTED,
            f"Position in {plan.symbol} is unprotected: an exit order could not be placed",
            details,
        )

    def lags(
        self, plan: Plan, reason: str, breaker_open: bool, *, rebroadcast: bool = False
    ) -> None:
        """The trailing stop of *plan* rests, but could not be moved on; *reason* says why."""
        details = _details(plan, {LegKind.STOP_LOSS: reason}, breaker_open)
        details["trailing"] = {
            "wanted": plan.targets.get(LegKind.STOP_LOSS),
            "resting": [leg.price for leg in plan.live_legs(LegKind.STOP_LOSS)],
        }
        if rebroadcast:
            details["rebroadcast"] = True
        self._alarm.raise_alert(
            AlertCode.POSITION_UNPROTECTED,
            f"The trailing stop in {plan.symbol} does not follow: it rests where it was",
            details,
        )

    def closing(self, plan: Plan, quantity: Decimal, error: str | None = None) -> None:
        """*quantity* that *plan* left unprotected for too long is being closed, or could not be."""
        what = "is being closed" if error is None else "could not be closed"
        details = {
            **_whose(plan),
            "symbol": plan.symbol,
            "policy": UncoveredPolicy.CLOSE.value,
            "quantity": quantity,
            "uncovered_since": plan.uncovered_since,
        }
        if error is not None:
            details["error"] = error
        self._alarm.raise_alert(
            AlertCode.POSITION_UNPROTECTED,
            f"Position in {plan.symbol} has had no stop for too long: {quantity:f} {what}",
            details,
        )

    def undoing(self, plan: Plan, quantity: Decimal, error: str | None = None) -> None:
        """Both exits of *plan* turned the position around; *quantity* of it is being closed, or
        could not be.
        """
        what = "is being closed" if error is None else "could not be closed"
        details = {
            **_whose(plan),
            "symbol": plan.symbol,
            "double_exit": True,
            "quantity": quantity,
        }
        if error is not None:
            details["error"] = error
        self._alarm.raise_alert(
            AlertCode.POSITION_UNPROTECTED,
            f"A double exit turned the position in {plan.symbol} around: {quantity:f} {what}",
            details,
        )

    def called_off(self, plan: Plan, order_id: str, hours: int) -> None:
        """The entry of *plan*, which protected nothing yet, was cancelled for its age."""
        self._alarm.raise_alert(
            AlertCode.INTERNAL_ERROR,
            f"Order {order_id} was cancelled with its exits: nothing of it filled in {hours} hours",
            {
                "order_id": order_id,
                "client_order_id": plan.client_order_id,
                "symbol": plan.symbol,
                "ttl_hours": hours,
            },
        )

    def stripped(self, plan: Plan, bare: Mapping[LegKind, Decimal], breaker_open: bool) -> None:
        """A client cancelled all orders, and with them legs of *plan*: so much is *bare* now."""
        reason = "Cancelled with all orders by a client: it is not placed again"
        details = _details(plan, dict.fromkeys(bare, reason), breaker_open)
        details["uncovered"] = {LEG_NAMES[kind]: quantity for kind, quantity in bare.items()}
        self._alarm.raise_alert(
            AlertCode.POSITION_UNPROTECTED,
            f"Position in {plan.symbol} is unprotected: its exits were cancelled with all orders",
            details,
        )

    def double_exit(self, plan: Plan, first: Leg, second: Leg) -> None:
        """Both legs of *plan* executed, and more of them than there was to close."""
        self._alarm.raise_alert(
            AlertCode.OCO_DOUBLE_EXIT,
            f"Both exits of order {plan.parent_id} filled: double-exit on {plan.symbol}",
            {
                "oco_group_id": plan.parent_id,
                "symbol": plan.symbol,
                "first_fill": _fill(plan, first),
                "second_fill": _fill(plan, second),
                "total_exit_quantity": plan.exited,
            },
        )

    def move_failed(self, position_id: str, leg: Leg, error: str, restore_error: str) -> None:
        """A leg was taken away to be moved, and neither the new nor the old one could be placed."""
        self._alarm.raise_alert(
            AlertCode.POSITION_UNPROTECTED,
            f"Position {position_id} is unprotected: moving its exit failed",
            {
                "position_id": position_id,
                "leg_type": LEG_NAMES[leg.kind],
                "cancelled_order_id": leg.order_id,
                "error": error,
                "restore_error": restore_error,
            },
        )


def _whose(plan: Plan) -> dict[str, str | None]:
    """The entry that it protects, or the position if that has none."""
    if plan.of_position:
        return {"position_id": plan.position_id or plan.symbol}
    return {"order_id": plan.entry_id}


def _fill(plan: Plan, leg: Leg) -> dict[str, Any]:
    return {
        "order_id": leg.order_id,
        "quantity": leg.filled,
        "side": plan.exit_side.value.capitalize(),
    }


def _details(plan: Plan, reasons: Mapping[LegKind, str], breaker_open: bool) -> dict[str, Any]:
    details: dict[str, Any] = {
        **_whose(plan),
        "symbol": plan.symbol,
        "failed_exits": [
            {
                "type": KIND_NAMES[kind],
                "error": reason,
                "actual_order_ids": [
                    leg.order_id for leg in plan.live_legs(kind) if leg.order_id is not None
                ],
            }
            for kind, reason in reasons.items()
        ],
        "circuit_breaker_open": breaker_open,
        "uncovered": {LEG_NAMES[kind]: quantity for kind, quantity in unconfirmed(plan).items()},
    }
    if plan.uncovered_since is not None:
        details["uncovered_since"] = plan.uncovered_since
    return details
