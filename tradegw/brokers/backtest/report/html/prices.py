"""The prices of one symbol with the trades on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Final

from .....model.enums import Side
from ..exact import micros
from ..facts import Fill
from ..track import Stretch, Track
from ..trips import Trip
from . import words
from .axes import drawn
from .canvas import COLUMNS, Canvas, figure, key, pixel
from .hours import Hours
from .markup import Markup, join, tag, text

_HEIGHT = 320
_MOST_FILLS: Final = 400
"""More than that are dots: of what would cover each other only one."""
_CELL: Final = 2
_UP: Final = "l4.5,8h-9z"
_DOWN: Final = "l4.5,-8h-9z"


def price_charts(
    symbol: str, track: Track, fills: Sequence[Fill], trips: Sequence[Trip], hours: Hours
) -> Iterator[Markup]:
    """Closes, the range from high to low, what was bought and sold, and what came of it.

    With many fills the whole shows only where they were, and the last bars are drawn once more.
    """
    title = f"Trades in {symbol}"
    if len(fills) <= _MOST_FILLS:
        yield _detailed(title, track.stretches, fills, trips, hours)
        return
    yield _whole(title, track, fills, hours)
    since = track.recent[0].first
    late = [fill for fill in fills if micros(fill.trade.timestamp) > since][-_MOST_FILLS:]
    done = [trip for trip in trips if micros(trip.entry_time) > since][-_MOST_FILLS:]
    if late:
        title = f"{title}, the last {len(track.recent)} bars"
        yield _detailed(title, track.recent, late, done, hours.since(since))


def _detailed(
    title: str,
    stretches: Iterable[Stretch],
    fills: Sequence[Fill],
    trips: Sequence[Trip],
    hours: Hours,
) -> Markup:
    some = list(stretches)
    canvas = _canvas(some, fills, hours)
    parts = [canvas.frame(), _range(canvas, some), _closes(canvas, some), _trips(canvas, trips)]
    parts += [_marker(canvas, fill) for fill in fills]
    entries = ("close", "Close"), ("bought", "Buy"), ("sold", "Sell")
    results = ("won", "Trade that won"), ("lost", "Trade that lost")
    said = f"{words.count(len(fills), 'fill')}, {words.count(len(trips), 'round trip')}."
    return figure(title, said, _HEIGHT, parts, key=key(*entries, *results if trips else ()))


def _whole(title: str, track: Track, fills: Sequence[Fill], hours: Hours) -> Markup:
    canvas = _canvas(track.stretches, fills, hours)
    parts = [canvas.frame(), _range(canvas, track.stretches), _dots(canvas, fills)]
    parts.append(_closes(canvas, track.stretches))
    entries = ("close", "Close"), ("dot bought", "Buy"), ("dot sold", "Sell")
    said = f"{words.count(len(fills), 'fill')}."
    return figure(title, said, _HEIGHT, parts, key=key(*entries))


def _canvas(stretches: Sequence[Stretch], fills: Sequence[Fill], hours: Hours) -> Canvas:
    ends = [value for stretch in stretches for value in (stretch.high, stretch.low)]
    ends += [fill.trade.price for fill in fills]
    return Canvas(hours, drawn(min(ends)), drawn(max(ends)), _HEIGHT)


def _range(canvas: Canvas, stretches: Sequence[Stretch]) -> Markup:
    """From the highest to the lowest of each stretch, as one area."""
    highs = [(stretch.last, drawn(stretch.high)) for stretch in stretches]
    lows = [(stretch.last, drawn(stretch.low)) for stretch in stretches]
    upper = canvas.thinned(highs, COLUMNS // 2)
    lower = canvas.thinned(lows, COLUMNS // 2)
    way = canvas.way([*upper, *reversed(lower)])
    return tag("path", class_="range", d=f"{way}Z") if way else Markup("")


def _closes(canvas: Canvas, stretches: Sequence[Stretch]) -> Markup:
    closes = ((stretch.last, drawn(stretch.close)) for stretch in stretches)
    return canvas.line(closes, "close")


def _trips(canvas: Canvas, trips: Iterable[Trip]) -> Markup:
    """A line from entry to exit; what won is drawn through, what lost is broken."""
    ways = {"won": "", "lost": ""}
    for trip in trips:
        ways["won" if trip.pnl > 0 else "lost"] += canvas.way(
            [
                (micros(trip.entry_time), drawn(trip.entry_price)),
                (micros(trip.exit_time), drawn(trip.exit_price)),
            ]
        )
    return join(tag("path", class_=class_, d=way) for class_, way in ways.items() if way)


def _dots(canvas: Canvas, fills: Sequence[Fill]) -> Markup:
    """Where something was bought and where sold, behind the prices."""
    ways = (
        (side, "".join(f"M{x},{y}h0" for x, y in dict.fromkeys(_cells(canvas, fills, side))))
        for side in Side
    )
    return join(tag("path", class_=f"dots {_class(side)}", d=way) for side, way in ways if way)


def _cells(canvas: Canvas, fills: Iterable[Fill], side: Side) -> Iterator[tuple[int, int]]:
    for fill in fills:
        if fill.trade.side is side:
            x, y = _place(canvas, fill)
            yield round(x / _CELL) * _CELL, round(y / _CELL) * _CELL


def _place(canvas: Canvas, fill: Fill) -> tuple[float, float]:
    return canvas.x(micros(fill.trade.timestamp)), canvas.y(drawn(fill.trade.price))


def _marker(canvas: Canvas, fill: Fill) -> Markup:
    trade = fill.trade
    x, y = _place(canvas, fill)
    said = (
        f"{words.minute(trade.timestamp)} {trade.side.value} {_plain(trade.quantity)}"
        f" at {words.price(trade.price)}"
    )
    way = f"M{pixel(x)},{pixel(y)}{_shape(trade.side)}"
    return Markup(f'<path class="{_class(trade.side)}" d="{way}">{tag("title", text(said))}</path>')


def _shape(side: Side) -> str:
    return _UP if side is Side.BUY else _DOWN


def _class(side: Side) -> str:
    return "bought" if side is Side.BUY else "sold"


def _plain(quantity: Decimal) -> str:
    return f"{quantity:,f}"
