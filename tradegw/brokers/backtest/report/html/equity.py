"""Equity and drawdown over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..curve import EquityCurve
from ..recorder import Recorder
from . import words
from .axes import drawn
from .canvas import Canvas, figure, key
from .hours import Hours
from .markup import Markup

_EQUITY_HEIGHT = 320
_DRAWDOWN_HEIGHT = 170
_MOST_TIMES = 5
"""Holding the symbol is drawn unless it would press the equity flat."""


def equity_chart(
    document: dict[str, Any], recorder: Recorder, curve: EquityCurve, hours: Hours
) -> Markup:
    """The equity, beside what holding the symbol would have come to if there was only one."""
    cash = drawn(recorder.cash)
    points = [(hours.start, cash), *_floats(curve)]
    held = list(_held(recorder))
    shows_held = bool(held) and _spread(held) <= _MOST_TIMES * _spread(points)
    values = [value for _, value in (points + held if shows_held else points)]
    canvas = Canvas(hours, min(values), max(values), _EQUITY_HEIGHT)
    account, metrics = document["account"], document["metrics"]
    said = (
        f"From {words.money(account['cash'])} to {words.money(account['equity'])}"
        f" {account['currency']}, {words.percent(metrics['total_return'], sign=True)}."
    )
    lines = [("equity", "Equity"), ("start", "Cash at the start")]
    if shows_held:
        lines.append(("held", f"Buy and hold {next(iter(recorder.tracks))}"))
    parts = [
        canvas.frame(),
        canvas.across(cash, "start"),
        canvas.line(held if shows_held else (), "held"),
        canvas.line(points, "equity"),
    ]
    title = f"Equity, {account['currency']}"
    return figure(title, said, _EQUITY_HEIGHT, parts, key=key(*lines))


def drawdown_chart(
    document: dict[str, Any], recorder: Recorder, curve: EquityCurve, hours: Hours
) -> Markup:
    """How far below its highest the equity was."""
    metrics = document["metrics"]
    depth = metrics["max_drawdown"]
    canvas = Canvas(hours, min(depth, -1e-9), 0, _DRAWDOWN_HEIGHT, ticks=4)
    cash = drawn(recorder.cash)
    points = list(_below([(hours.start, cash), *_floats(curve)]))
    said = "The equity was never below its highest."
    if depth:
        said = (
            f"Deepest {words.percent(depth)}, at {metrics['max_drawdown_trough']};"
            f" longest {words.duration(metrics['max_drawdown_duration_seconds'])}."
        )
    parts = [
        canvas.frame(lambda value, digits: words.percent(value, max(0, digits - 2))),
        canvas.area(points, 0, "under"),
        canvas.line(points, "drawdown"),
    ]
    return figure("Drawdown", said, _DRAWDOWN_HEIGHT, parts)


def _floats(curve: EquityCurve) -> Iterator[tuple[int, float]]:
    return ((time, drawn(equity)) for time, equity in curve.equities())


def _spread(points: Sequence[tuple[int, float]]) -> float:
    values = [value for _, value in points]
    return max(values) - min(values)


def _below(points: list[tuple[int, float]]) -> Iterator[tuple[int, float]]:
    highest = points[0][1]
    for time, equity in points:
        highest = max(highest, equity)
        yield time, equity / highest - 1


def _held(recorder: Recorder) -> Iterator[tuple[int, float]]:
    """Buying the only symbol with all the cash at its first open; nothing if there are more."""
    if len(recorder.tracks) != 1:
        return
    (track,) = recorder.tracks.values()
    if track.first_open is None or track.first_open <= 0:
        return
    units = drawn(recorder.cash) / drawn(track.first_open)
    for stretch in track.stretches:
        yield stretch.last, units * drawn(stretch.close)
