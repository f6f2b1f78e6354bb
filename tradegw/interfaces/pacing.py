"""What a broker hears and gives whose time is the strategy's: a backtest, here or elsewhere.

Such a run goes on when the clients have acknowledged what they were told, no request of theirs is
being answered, and the gateway itself has nothing under way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from .broker import IBroker
from .doors import IBacktest
from .record import IEventSink
from .time import Time

Settled: TypeAlias = Callable[[], "Deferred[None] | None"]
"""``None`` if nothing that the gateway does by itself is under way now; else what fires when that
may have changed, and then it is to be asked again.
"""


class IPacing(Interface):
    """Hears of the clients, each in the very turn in which it happens. Never raises.

    Clients are known by the names that the stream gives them; none is used twice.
    """

    def joined(client_id: str) -> None:
        """From now on this client hears events."""

    def left(client_id: str) -> None:
        """Its connection is gone, or it hears no more; may be said twice."""

    def handed(event_id: str, client_ids: Sequence[str]) -> None:
        """The event with that id was put into the queues of these clients, perhaps of none."""

    def acknowledged(client_id: str, event_ids: Sequence[str]) -> None:
        """The client has dealt with the events of these ids, whatever it may name."""

    def request_began() -> None:
        """The first byte of a request over HTTP has come."""

    def request_ended() -> None:
        """Its answer is written, or nobody is there any more to be answered."""


class IPacedBroker(IBroker, IBacktest, Interface):  # named twice, as in IBroker
    """A broker whose time is the strategy's."""

    pacing: IPacing = Attribute("hears of the clients")
    time: Time = Attribute(
        "the time of orders, exits and alerts; sockets and the journal keep the process's own"
    )
    over: Deferred[int] = Attribute(
        "fires with the exit code when the process should end; never, if it is to serve on"
    )

    def sink(sink: IEventSink) -> IEventSink:
        """What events are to be told through, made of *sink*, which leads to the clients."""

    def new_id() -> str:
        """A new UUID, for what the gateway names by itself."""

    def on_assembled(settled: Settled) -> None:
        """The gateway is built; *settled* tells when it has nothing under way. Said before the
        broker is started.
        """
