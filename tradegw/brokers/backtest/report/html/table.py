"""Tables of text and numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .markup import Child, Markup, tag


def table(
    caption: str, columns: Sequence[str], rows: Iterable[Sequence[Child]], *, words: int = 1
) -> Markup:
    """The first *words* columns are text, all others numbers; the first cell heads its row."""
    head = (
        tag("th", name, scope="col", class_="word" if place < words else None)
        for place, name in enumerate(columns)
    )
    body = [tag("tr", *_cells(row, words)) for row in rows]
    shown = tag(
        "table", tag("caption", caption), tag("thead", tag("tr", *head)), tag("tbody", *body)
    )
    return tag("div", shown, class_="wide", tabindex=0, role="region", aria_label=caption)


def pairs(caption: str, rows: Iterable[tuple[str, Child]]) -> Markup:
    """Names and what they are."""
    body = [tag("tr", tag("th", name, scope="row"), tag("td", value)) for name, value in rows]
    shown = tag("table", tag("caption", caption), tag("tbody", *body), class_="pairs")
    return tag("div", shown, class_="card")


def _cells(row: Sequence[Child], words: int) -> Iterable[Markup]:
    first, *others = row
    yield tag("th", first, scope="row")
    for place, cell in enumerate(others, 1):
        yield tag("td", cell, class_="word" if place < words else None)
