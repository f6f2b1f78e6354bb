"""Own orders must be mentioned by the stream that tells of orders. Pure; what time it is comes with
each call, in monotonic seconds.
"""

from __future__ import annotations

from typing import Final

MOST: Final = 10_000
"""Orders that are remembered; the oldest are forgotten."""


class Echoes:
    """Which orders should have been mentioned *seconds* after it was known that they must be."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._count = self._void = 0
        self._mentions: dict[str, int] = {}
        self._awaited: dict[str, float] = {}

    def mark(self) -> int:
        """Now, as :meth:`expect` wants it: taken before a call leaves, for an order is often
        mentioned before the call is answered.
        """
        return self._count

    def mentioned(self, order_id: str) -> None:
        """The stream told something of an order."""
        self._count += 1
        self._mentions.pop(order_id, None)  # the newest come last
        self._mentions[order_id] = self._count
        self._awaited.pop(order_id, None)
        _bound(self._mentions)

    def expect(self, order_id: str, since: int, at: float) -> None:
        """What was done to an order must have been mentioned after the mark *since*, or soon."""
        if since < self._void:
            return  # the mention may have been among what nobody heard
        if self._mentions.get(order_id, 0) <= since:
            self._awaited.setdefault(order_id, at)
            _bound(self._awaited)

    def overdue(self, at: float) -> list[str]:
        """Those that should have been mentioned by now; each is told once."""
        due = []
        for order_id, since in self._awaited.items():
            if at - since < self._seconds:
                break  # in the order in which they were expected
            due.append(order_id)
        for order_id in due:
            del self._awaited[order_id]
        return due

    def forget(self) -> None:
        """The stream was lost, or is back: what it did not tell is found out otherwise."""
        self._awaited.clear()
        self._count += 1
        self._void = self._count


def _bound(orders: dict[str, int] | dict[str, float]) -> None:
    if len(orders) > MOST:
        del orders[next(iter(orders))]
