"""twistd as it is, but for a process that kills itself at a labelled point of its way.

``KILL_AT=commit.after:3 python -m tests.end_to_end.killable -n --pidfile= tradegw`` dies by SIGKILL
as soon as the third commit has been made since the port was opened. With ``start/`` before the
label those before that count as well. The seams are wrapped from outside: the product has no hooks.

``FAULTS=replace=unsupported,close=refused`` has the broker unable to change orders, and refuse the
first, third, ... close of each process; with ``close=lost`` it takes them, and their answers are
lost.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Callable
from itertools import count
from typing import Any, Final

from twisted.internet.defer import Deferred, fail
from twisted.scripts import twistd

from tradegw.brokers.mock.account import KeptAccount
from tradegw.brokers.mock.broker import MockBroker
from tradegw.errors import OrderRejected, ProviderError, UnsupportedOperation
from tradegw.exits.closes import Closes
from tradegw.exits.guarded import Guarded
from tradegw.exits.keeping import Keeping
from tradegw.exits.naming import LegName
from tradegw.exits.tightening import Tightening
from tradegw.journal.store import Store
from tradegw.model.order import OrderRequest
from tradegw.orders.withdrawal import Withdrawals
from tradegw.port import Port
from tradegw.rest.request import Request
from tradegw.stream.fanout import Fanout


def _is_leg(_broker: object, request: OrderRequest, *_lane: object) -> bool:
    return LegName.read(request.client_order_id or "") is not None


def _has_mark(_keeping: object, *guarded: Guarded) -> bool:
    return any(one.plan.has_mark for one in guarded)


def _is_held_for(closes: Closes, intent_id: str) -> bool:
    return any(intent_id in one.plan.holds for one in closes._plans.all())


def _always(*_arguments: Any, **_options: Any) -> bool:
    return True


SEAMS: Final[dict[str, tuple[type, str]]] = {
    "submit": (MockBroker, "submit"),
    "leg": (MockBroker, "submit"),
    "cancel": (MockBroker, "cancel"),
    "replace": (MockBroker, "replace"),
    "close": (MockBroker, "close"),
    "open_orders": (MockBroker, "open_orders"),
    "account": (KeptAccount, "write"),
    "insert": (Store, "insert"),
    "commit": (Store, "commit"),
    "publish": (Fanout, "publish"),
    "answer": (Request, "answer"),
    "mark": (Keeping, "keep"),
    "tighten": (Tightening, "move"),
    "way": (Closes, "make_way"),
    "restore": (Closes, "over"),
    "withdraw": (Withdrawals, "withdraw"),
}
"""What happens there: the broker is asked, and is being asked; a change at the exchange is written
down; a transaction of the journal grows, and is made durable; an event goes to the clients; the
answer to a request goes out. Of exits: a leg is sent; the mark of a trailing stop is written down,
and the stop moved; legs make way for a close, and are put back since it came to nothing; what an
order executed is taken from another of its group.
"""

ONLY: Final[dict[str, Callable[..., bool]]] = {
    "leg": _is_leg,
    "mark": _has_mark,
    "restore": _is_held_for,
}
"""Which calls count, where not all do."""

START: Final = "start/"


class Hook:
    """Counts how often its label is passed, and ends the process at the right one."""

    def __init__(self, wanted: str) -> None:
        label, _, ordinal = wanted.partition(":")
        self.label = label.removeprefix(START)
        self._left = int(ordinal)
        self._armed = label.startswith(START)

    def pass_by(self, label: str) -> None:
        """The process is at *label* now."""
        if self._armed and label == self.label:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGKILL)

    def opened(self) -> None:
        """The port is open."""
        self._armed = True


def wrap(hook: Hook) -> None:
    """Put *hook* before and after each seam."""
    for name, (owner, method) in SEAMS.items():
        if name == hook.label.partition(".")[0]:
            setattr(owner, method, _between(getattr(owner, method), name, hook))
    listen = Port.open

    def and_arm(port: Port) -> None:
        listen(port)
        hook.opened()

    setattr(Port, "open", and_arm)  # noqa: B010  (mypy does not let a method be replaced)


def _between(work: Callable[..., Any], name: str, hook: Hook) -> Callable[..., Any]:
    counts = ONLY.get(name, _always)

    @functools.wraps(work)
    def seam(*args: Any, **kwargs: Any) -> Any:
        if not counts(*args, **kwargs):
            return work(*args, **kwargs)
        hook.pass_by(f"{name}.before")
        result = work(*args, **kwargs)
        hook.pass_by(f"{name}.after")
        return result

    return seam


def _unsupported(_work: Callable[..., Deferred[Any]]) -> Callable[..., Deferred[Any]]:
    return lambda *_arguments: fail(UnsupportedOperation("replace", "mock"))


def _refused(work: Callable[..., Deferred[Any]]) -> Callable[..., Deferred[Any]]:
    calls = count()

    def every_second(*arguments: Any) -> Deferred[Any]:
        if next(calls) % 2:
            return work(*arguments)
        return fail(OrderRejected("Refused on purpose"))

    return every_second


def _lost(work: Callable[..., Deferred[Any]]) -> Callable[..., Deferred[Any]]:
    calls = count()

    def every_second(*arguments: Any) -> Deferred[Any]:
        done = work(*arguments)
        if next(calls) % 2:
            return done
        return done.addCallback(lambda _order: fail(ProviderError("No answer in time")))

    return every_second


FAULTS: Final = {"unsupported": _unsupported, "refused": _refused, "lost": _lost}


def impair(faults: str) -> None:
    """Have calls to the broker fail as *faults* says, ``call=fault`` with commas between."""
    for one in faults.split(","):
        name, _, fault = one.partition("=")
        setattr(MockBroker, name, FAULTS[fault](getattr(MockBroker, name)))


if __name__ == "__main__":
    if faults := os.environ.get("FAULTS"):
        impair(faults)  # before the hook: it counts what is asked
    if wanted := os.environ.get("KILL_AT"):
        wrap(Hook(wanted))
    sys.argv[0] = "twistd"
    twistd.run()
