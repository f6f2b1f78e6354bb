"""Which columns a file must have for what it is said to hold, and where it has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from .options import QUOTES, TRADES

FOUR: Final = ("open", "high", "low", "close")
_BID: Final = tuple(f"bid_{name}" for name in FOUR)
_ASK: Final = tuple(f"ask_{name}" for name in FOUR)
_STAMPS: Final = ("timestamp", "datetime", "date", "time", "")
"""The last is the index that some tools write without a name."""


class Layout(Struct, frozen=True):
    """The names of the columns that are read, and their numbers.

    ``prices`` are one or two sets of four, or one or two single ones; ``amounts`` a volume, a size,
    or two of them, or none.
    """

    stamp: int
    prices: tuple[str, ...]
    amounts: tuple[str, ...]
    numbers: tuple[int, ...]


def layout(columns: Sequence[str], kind: str) -> Layout:
    """Find what *kind* needs among *columns*; raises ``ValueError`` for what is not there."""
    prices, amounts = _wanted(columns, kind)
    stamp = next((name for name in _STAMPS if name in columns), None)
    missing = [name for name in prices if name not in columns]
    if stamp is None:
        missing.insert(0, "timestamp")
    if missing:
        raise ValueError(_missing(missing, columns, kind))
    if stamp in ("date", "time") and {"date", "time"} <= set(columns):
        raise ValueError("date and time are in two columns: they must be one, timestamp")
    names = (*prices, *(name for name in amounts if name in columns))
    twice = [name for name in (stamp, *names) if columns.count(name or "") > 1]
    if twice:
        raise ValueError(f"there are two columns {twice[0]!r}")
    return Layout(
        stamp=columns.index(stamp or ""),
        prices=prices,
        amounts=names[len(prices) :],
        numbers=tuple(columns.index(name) for name in names),
    )


def _wanted(columns: Sequence[str], kind: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if kind == QUOTES:
        sizes = ("bid_size", "ask_size")
        return ("bid", "ask"), sizes if set(sizes) <= set(columns) else ()
    if kind == TRADES:
        return ("price",), ("size",)
    if "bid_open" in columns or "ask_open" in columns:
        return (*_BID, *_ASK), ("volume",)
    return FOUR, ("volume",)


def _missing(missing: Sequence[str], columns: Sequence[str], kind: str) -> str:
    what = f"no column {', '.join(missing)}, which {kind} need"
    if len(columns) == 1 and any(sign in columns[0] for sign in ";\t|"):
        return f"{what}; cells must be separated by commas"
    return f"{what}; there are {', '.join(name or '(one without a name)' for name in columns)}"
