"""The returns of every month, as a table in colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from . import words
from .markup import Markup, tag

_NAMES: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
_STEPS: Final = (0.0, 0.005, 0.015, 0.03, 0.06, 0.1)
"""From how much on a cell is one shade deeper."""


def months(returns: Mapping[str, float | None]) -> Markup:
    """*returns* by ``YYYY-MM``; the year is what its months compound to."""
    years = sorted({month[:4] for month in returns})
    head = tag("tr", *(tag("th", name, scope="col") for name in ("Year", *_NAMES, "Total")))
    rows = (_row(year, returns) for year in years)
    return tag(
        "table",
        tag("caption", "Monthly returns, %"),
        tag("thead", head),
        tag("tbody", *rows),
        class_="months",
    )


def _row(year: str, returns: Mapping[str, float | None]) -> Markup:
    cells = [tag("th", year, scope="row")]
    whole: float | None = 1.0
    for month in range(1, 13):
        name = f"{year}-{month:02}"
        if name not in returns:
            cells.append(tag("td"))
            continue
        value = returns[name]
        whole = None if whole is None or value is None else whole * (1 + value)
        cells.append(_cell(value))
    cells.append(_cell(None if whole is None else whole - 1, "year"))
    return tag("tr", *cells)


def _cell(value: float | None, *classes: str) -> Markup:
    if value is None:
        return tag("td", words.NONE, class_=" ".join(classes) or None)
    shade = sum(abs(value) > step for step in _STEPS)
    side = "up" if value > 0 else "down"
    names = [*classes, f"{side}{shade}"] if shade else list(classes)
    shown = words.number(value * 100, 1, sign=True)
    return tag("td", shown, class_=" ".join(names) or None)
