"""Positions, to which the engine gives neither times nor what they realised. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from ...model.account import Position, Trade
from ...model.enums import PositionEventKind
from ...model.money import ZERO
from . import wire
from .decoding import POSITION_SIDES, is_number


class _Seen(Struct):
    opened_at: datetime
    updated_at: datetime
    realized: Decimal = ZERO
    told: bool = False


class Holdings:
    """What was seen of each position that is open."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}
        self._executions: dict[str, set[str]] = {}

    def listed(self, positions: Iterable[wire.Position], now: datetime) -> list[Position]:
        """The open ones of a list that the engine gave at *now*, by its time."""
        return [self._shown(each, now) for each in positions if each.quantity]

    def told(self, position: wire.Position, now: datetime) -> tuple[PositionEventKind, Position]:
        """What the stream tells of a position, and what that means."""
        was_told = position.id in self._seen and self._seen[position.id].told
        seen = self._mark(position.id, now)
        seen.updated_at, seen.told = now, True
        shown = self._shown(position, now)
        if not position.quantity:
            del self._seen[position.id]
            self._executions.pop(position.id, None)
            return PositionEventKind.CLOSED, shown
        return (PositionEventKind.MODIFIED if was_told else PositionEventKind.OPENED), shown

    def executed(self, trade: Trade, now: datetime) -> None:
        """An execution was told; what it realised is its position's."""
        if trade.position_id is None or trade.realized_pnl is None:
            return
        counted = self._executions.setdefault(trade.position_id, set())
        if trade.id not in counted:
            counted.add(trade.id)
            self._mark(trade.position_id, now).realized += trade.realized_pnl

    def _mark(self, position_id: str, now: datetime) -> _Seen:
        return self._seen.setdefault(position_id, _Seen(opened_at=now, updated_at=now))

    def _shown(self, position: wire.Position, now: datetime) -> Position:
        numbers = (position.quantity, position.avg_entry_price, position.current_price)
        if not all(map(is_number, (*numbers, position.unrealized_pnl))):
            raise ValueError("a number of a position is too large, too long, or none")
        seen = self._mark(position.id, now)
        return Position(
            id=position.id,
            symbol=position.symbol,
            side=POSITION_SIDES[position.side],
            quantity=abs(position.quantity),
            average_entry_price=position.avg_entry_price,
            current_price=position.current_price,
            unrealized_pnl=position.unrealized_pnl,
            realized_pnl=seen.realized,
            opened_at=seen.opened_at,
            updated_at=seen.updated_at,
        )
