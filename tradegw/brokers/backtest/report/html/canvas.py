"""The frame of a chart over time: axes, grid, and lines into it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ..exact import moment
from . import words
from .axes import Scale, Tick, places, time_ticks, value_ticks
from .hours import Hours
from .markup import Child, Markup, join, tag
from .thinning import Points, thinned

WIDTH = 1000
_LEFT, _RIGHT, _TOP, _BOTTOM = 74, 12, 12, 26
COLUMNS = WIDTH - _LEFT - _RIGHT
_HALF_LETTER = 3.4
_ROOM = 56


class Canvas:
    """Values from *low* to *high* over *hours*; times are in microseconds since 1970.

    *height* is in pixels, of which there are 1000 across.
    """

    def __init__(
        self,
        hours: Hours,
        low: float,
        high: float,
        height: int,
        *,
        ticks: int = 6,
    ) -> None:
        self.hours = hours
        self.height = height
        bottom, top, self.ticks = value_ticks(low, high, ticks)
        self._across = Scale(0, hours.length, _LEFT, WIDTH - _RIGHT)
        self.y = Scale(bottom, top, height - _BOTTOM, _TOP)

    def x(self, time: int) -> float:
        """Where *time* is."""
        return self._across(self.hours.elapsed(time))

    def thinned(self, points: Points, columns: int = COLUMNS) -> list[tuple[int, float]]:
        """As many of *points* as can be seen."""
        return list(thinned(points, self.hours.elapsed, self.hours.length, columns))

    def frame(self, label: Callable[[float, int], str] = words.number) -> Markup:
        """Grid and axes; *label* writes a value with so many places."""
        digits = places(self.ticks)
        levels = [self._level(value, label(value, digits)) for value in self.ticks]
        foot = self.height - _BOTTOM
        base = tag("line", class_="axis", x1=_LEFT, x2=WIDTH - _RIGHT, y1=foot, y2=foot)
        return join([*levels, base, *(self._mark(tick, x, foot) for tick, x in self._marks())])

    def _level(self, value: float, label: str) -> Markup:
        at: dict[str, str | float] = {"x": _LEFT - 8, "dy": "0.32em", "text_anchor": "end"}
        shown = tag("text", label, class_="tick", y=pixel(self.y(value)), **at)
        return join([self.across(value, "grid"), shown])

    def _mark(self, tick: Tick, x: float, foot: int) -> Markup:
        at = pixel(x)
        anchor = "middle" if x + _HALF_LETTER * len(tick.label) < WIDTH else "end"
        line = tag("line", class_="axis", x1=at, x2=at, y1=foot, y2=foot + 4)
        label = tag("text", tick.label, class_="tick", text_anchor=anchor, x=at, y=foot + 18)
        return join([line, label])

    def _marks(self) -> list[tuple[Tick, float]]:
        """The marks of the time axis that have room; the day that begins after a pause is there."""
        kept: list[tuple[Tick, float]] = []
        for tick in reversed(time_ticks(self.hours.start, self.hours.end)):
            at = round(tick.value)
            is_told = not self.hours.pauses_at(at) or words.is_midnight(moment(at))
            x = self.x(at)
            if is_told and (not kept or kept[-1][1] - x > _ROOM):
                kept.append((tick, x))
        return kept[::-1]

    def line(self, points: Points, class_: str) -> Markup:
        """*points* joined, thinned to what can be seen."""
        way = self.way(self.thinned(points))
        return tag("path", class_=class_, d=way) if way else Markup("")

    def area(self, points: Points, base: float, class_: str) -> Markup:
        """What lies between *points* and the value *base*."""
        kept = self.thinned(points)
        if not kept:
            return Markup("")
        floor = pixel(self.y(base))
        first, last = pixel(self.x(kept[0][0])), pixel(self.x(kept[-1][0]))
        way = f"M{first},{floor}L{self.way(kept)[1:]}L{last},{floor}Z"
        return tag("path", class_=class_, d=way)

    def way(self, points: Iterable[tuple[int, float]]) -> str:
        """The path through *points*."""
        steps = [f"{pixel(self.x(at))},{pixel(self.y(value))}" for at, value in points]
        return "M" + "L".join(steps) if steps else ""

    def across(self, value: float, class_: str) -> Markup:
        """A level line."""
        y = pixel(self.y(value))
        return tag("line", class_=class_, x1=_LEFT, x2=WIDTH - _RIGHT, y1=y, y2=y)


def figure(
    title: str, said: str, height: int, parts: Sequence[Child], *, key: Child = None
) -> Markup:
    """The chart as a figure. *said* tells in words what it shows, for those who cannot see it."""
    heading = tag("figcaption", tag("h3", title), key)
    drawing = tag(
        "svg",
        tag("title", f"{title}. {said}"),
        *parts,
        viewBox=f"0 0 {WIDTH} {height}",
        role="img",
        aria_label=f"{title}. {said}",
        xmlns="http://www.w3.org/2000/svg",
    )
    return tag("figure", heading, drawing)


def key(*entries: tuple[str, str]) -> Markup:
    """What the lines are: pairs of class and name."""
    shown = (
        tag("span", tag("i", class_=f"key {class_}", aria_hidden="true"), name)
        for class_, name in entries
    )
    return tag("span", *shown, class_="keys")


def pixel(value: float) -> str:
    """A coordinate; a tenth of a pixel is enough."""
    return f"{value:.1f}".removesuffix(".0")
