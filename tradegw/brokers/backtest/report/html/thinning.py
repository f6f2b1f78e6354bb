"""Long lines made short without being made smooth: of every pixel first, last and both extremes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

Point: TypeAlias = "tuple[int, float]"
Points: TypeAlias = "Iterable[Point]"


def thinned(
    points: Points, elapsed: Callable[[int], int], length: int, columns: int
) -> Iterator[Point]:
    """At most four of *points* in each of *columns* equal parts of *length*.

    *points* are times and values, in order of time; *elapsed* turns a time into its place in the
    length. No extreme is lost.
    """
    current, count = -1, 0
    first = low = high = last = (0, 0.0)
    at_low = at_high = 0
    for point in points:
        column = min(columns - 1, elapsed(point[0]) * columns // length)
        if column != current:
            yield from _kept(count, first, (at_low, low), (at_high, high), last)
            current, count, at_low, at_high = column, 1, 0, 0
            first = low = high = last = point
            continue
        last = point
        if point[1] < low[1]:
            low, at_low = point, count
        elif point[1] > high[1]:
            high, at_high = point, count
        count += 1
    yield from _kept(count, first, (at_low, low), (at_high, high), last)


def _kept(
    count: int, first: Point, low: tuple[int, Point], high: tuple[int, Point], last: Point
) -> Iterator[Point]:
    """First, last and extremes of *count* points, in order, once each."""
    if count:
        yield from dict(sorted([(0, first), low, high, (count - 1, last)])).values()
