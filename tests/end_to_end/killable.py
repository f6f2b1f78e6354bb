"""twistd as it is, but for a process that kills itself at a labelled point of its way.

``KILL_AT=commit.after:3 python -m tests.end_to_end.killable -n --pidfile= tradegw`` dies by SIGKILL
as soon as the third commit has been made since the port was opened. With ``start/`` before the
label those before that count as well. The seams are wrapped from outside: the product has no hooks.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, Final

from twisted.scripts import twistd

from tradegw.brokers.mock.account import KeptAccount
from tradegw.brokers.mock.broker import MockBroker
from tradegw.journal.store import Store
from tradegw.port import Port
from tradegw.rest.request import Request
from tradegw.stream.fanout import Fanout

SEAMS: Final[dict[str, tuple[type, str]]] = {
    "submit": (MockBroker, "submit"),
    "cancel": (MockBroker, "cancel"),
    "replace": (MockBroker, "replace"),
    "close": (MockBroker, "close"),
    "open_orders": (MockBroker, "open_orders"),
    "account": (KeptAccount, "write"),
    "insert": (Store, "insert"),
    "commit": (Store, "commit"),
    "publish": (Fanout, "publish"),
    "answer": (Request, "answer"),
}
"""What happens there: the broker is asked, and is being asked; a change at the exchange is written
down; a transaction of the journal grows, and is made durable; an event goes to the clients; the
answer to a request goes out.
"""

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
        setattr(owner, method, _between(getattr(owner, method), name, hook))
    listen = Port.open

    def and_arm(port: Port) -> None:
        listen(port)
        hook.opened()

    setattr(Port, "open", and_arm)  # noqa: B010  (mypy does not let a method be replaced)


def _between(work: Callable[..., Any], name: str, hook: Hook) -> Callable[..., Any]:
    @functools.wraps(work)
    def seam(*args: Any, **kwargs: Any) -> Any:
        hook.pass_by(f"{name}.before")
        result = work(*args, **kwargs)
        hook.pass_by(f"{name}.after")
        return result

    return seam


if __name__ == "__main__":
    if wanted := os.environ.get("KILL_AT"):
        wrap(Hook(wanted))
    sys.argv[0] = "twistd"
    twistd.run()
