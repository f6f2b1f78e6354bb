"""The round trips: the best, the worst, and all if they are not too many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from ..exact import ratio
from ..outcome import trip_return
from ..trips import Trip
from . import words
from .markup import Markup, join, tag
from .table import table

_EXTREME: Final = 5
_ALL: Final = 300
_COLUMNS: Final = (
    "Symbol", "Side", "Entry", "Exit", "Quantity", "Entry price", "Exit price", "P&L, net",
    "Return", "MAE", "MFE", "Bars",
)  # fmt: skip


def trades(trips: Sequence[Trip]) -> Markup:
    """Tables of *trips*."""
    if not trips:
        return tag("p", "No round trip was completed.")
    ranked = sorted(trips, key=lambda trip: trip.pnl)
    losses = [trip for trip in ranked[:_EXTREME] if trip.pnl < 0]
    gains = [trip for trip in reversed(ranked[-_EXTREME:]) if trip.pnl > 0]
    parts = [_table("Largest gains", gains)] if gains else []
    parts += [_table("Largest losses", losses)] if losses else []
    shown = trips[:_ALL]
    said = f"All {len(trips):,} round trips"
    if len(shown) < len(trips):
        said = f"The first {len(shown):,} of {len(trips):,} round trips; all are in trades.csv"
    parts.append(tag("details", tag("summary", said), _table(said, shown)))
    return join(parts)


def open_trades(found: Sequence[dict[str, Any]], currency: str) -> Markup:
    """What was still open at the end."""
    if not found:
        return Markup("")
    columns = ("Symbol", "Side", "Entry", "Quantity", "Entry price", "Last price", "P&L, net")
    rows = (
        (
            tag("bdi", lot["symbol"]),
            lot["side"],
            lot["entry_time"].replace("T", " ").removesuffix("Z").removesuffix(" 00:00:00"),
            words.price(lot["quantity"]),
            words.price(lot["entry_price"]),
            words.price(lot["mark"]),
            words.money(lot["unrealized_pnl"], sign=True),
        )
        for lot in found[:_ALL]
    )
    return table(f"Still open at the end, {currency}", columns, rows, words=3)


def _table(caption: str, trips: Iterable[Trip]) -> Markup:
    return table(caption, _COLUMNS, (_row(trip) for trip in trips), words=4)


def _row(trip: Trip) -> tuple[Markup | str, ...]:
    return (
        tag("bdi", trip.symbol),
        trip.side.value,
        words.minute(trip.entry_time),
        words.minute(trip.exit_time),
        words.price(trip.quantity),
        words.price(trip.entry_price),
        words.price(trip.exit_price),
        words.money(trip.pnl, sign=True),
        words.percent(ratio(trip_return(trip)), sign=True),
        words.money(trip.adverse, sign=True),
        words.money(trip.favourable, sign=True),
        f"{trip.bars:,}",
    )
