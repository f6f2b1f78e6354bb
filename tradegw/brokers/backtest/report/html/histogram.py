"""How the returns of the round trips are spread."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from . import words
from .axes import Scale, places, value_ticks
from .canvas import WIDTH, figure, pixel
from .markup import Markup, tag

_HEIGHT = 220
_LEFT, _RIGHT, _TOP, _FOOT = 74, 12, 12, 194
_BINS = 40


def histogram(returns: Sequence[float]) -> Markup:
    """Bars of equal width, one edge of which is at zero; there is at least one return."""
    low, high, ticks = value_ticks(min(0.0, *returns), max(0.0, *returns), 8)
    step = (ticks[1] - ticks[0]) / max(1, round(_BINS / (len(ticks) - 1)))
    counts = Counter(_bin(value, step) for value in returns)
    most = max(counts.values())
    _, top, levels = value_ticks(0, most, min(4, most))
    x, y = Scale(low, high, _LEFT, WIDTH - _RIGHT), Scale(0, top, _FOOT, _TOP)
    parts = [_level(level, y) for level in levels if level == round(level)]
    parts += [_bar(number, step, amount, x, y) for number, amount in sorted(counts.items())]
    zero = pixel(x(0))
    parts.append(tag("line", class_="axis", x1=zero, x2=zero, y1=_TOP, y2=_FOOT))
    parts.append(tag("line", class_="axis", x1=_LEFT, x2=WIDTH - _RIGHT, y1=_FOOT, y2=_FOOT))
    digits = max(0, places(ticks) - 2)
    parts += [_label(tick, x, digits) for tick in ticks]
    worst, best = (words.percent(value, sign=True) for value in (min(returns), max(returns)))
    said = f"{words.count(len(returns), 'round trip')}, from {worst} to {best}."
    return figure("Returns of round trips", said, _HEIGHT, parts)


def _bin(value: float, step: float) -> int:
    """Bins are closed towards zero's far side, so that a loss is never in a bar of gains."""
    return math.floor(value / step) if value >= 0 else -math.ceil(-value / step)


def _bar(number: int, step: float, amount: int, x: Scale, y: Scale) -> Markup:
    left, right = x(number * step), x((number + 1) * step)
    said = (
        f"{words.percent(number * step, sign=True)} to"
        f" {words.percent((number + 1) * step, sign=True)}: {amount}"
    )
    return tag(
        "rect",
        tag("title", said),
        class_="gain" if number >= 0 else "loss",
        x=pixel(left + 1),
        width=pixel(max(1.0, right - left - 2)),
        y=pixel(y(amount)),
        height=pixel(_FOOT - y(amount)),
    )


def _level(level: float, y: Scale) -> Markup:
    at = pixel(y(level))
    line = tag("line", class_="grid", x1=_LEFT, x2=WIDTH - _RIGHT, y1=at, y2=at)
    label = tag(
        "text",
        words.number(level, 0),
        class_="tick",
        x=_LEFT - 8,
        y=at,
        dy="0.32em",
        text_anchor="end",
    )
    return tag("g", line, label)


def _label(tick: float, x: Scale, digits: int) -> Markup:
    shown = words.percent(tick, digits)
    at = min(x(tick), WIDTH - _RIGHT - 12)
    return tag("text", shown, class_="tick", x=pixel(at), y=_FOOT + 18, text_anchor="middle")
