"""What is written down, and who is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from ..model.enums import AlertCode
from ..model.events import Event
from ..model.journal import (
    Entry,
    EventSpan,
    NetPosition,
    OrderState,
    PlanState,
    Recorded,
    Setting,
    Step,
)


class IEventSink(Interface):
    """Where events leave for the strategies."""

    def publish(event: Event) -> int:
        """Hand *event* to every connected client that wants it; the number of those."""

    def audience() -> int:
        """How many clients are listening."""


class IEventLog(Interface):
    """The events that were told, to be read again."""

    def span() -> EventSpan:
        """Which can be read now."""

    def events(after: int, limit: int) -> list[tuple[int, bytes]]:
        """The oldest *limit* events whose number is greater than *after*: numbers and messages.

        Raises ``JournalUnavailable`` if they cannot be read.
        """


class IJournal(IEventLog, Interface):
    """Where everything is written down that must survive. Reads see what is durable."""

    problem: str | None = Attribute("why nothing can be written at the moment")
    lost: int = Attribute("how many calls of keep could not even be held, since the start")

    def write(*entries: Entry) -> Deferred[None]:
        """Write *entries*, all or none; fires when they are durable.

        Fails with ``JournalUnavailable`` and has written none then.
        """

    def keep(*entries: Entry) -> Deferred[None]:
        """As :meth:`write`, but what cannot be written is held and tried until it can be.

        Never fails; while the journal is failing it does not fire.
        """

    def next_seq() -> int:
        """The number for the next event, which is then to be kept in the same turn."""

    def observe(changed: Callable[[str | None], None]) -> None:
        """Have *changed* called when the :attr:`problem` begins, changes or ends, and when the
        first is :attr:`lost` to it.
        """

    def stop() -> Deferred[None]:
        """Write what is left, and close; fires when that is done."""

    def intent(intent_id: str) -> Recorded | None:
        """One intent."""

    def intent_sent_as(client_order_id: str) -> Recorded | None:
        """The newest that bears this client order id, the client's own or as it was sent."""

    def intent_of_key(idempotency_key: str) -> Recorded | None:
        """The newest that bears this key."""

    def intents_about(order_id: str) -> list[Recorded]:
        """Those that led to an order, and those that were to change it; oldest first."""

    def unresolved() -> list[Recorded]:
        """Those without an outcome, or with an unknown one; oldest first."""

    def untold() -> list[Recorded]:
        """Those that led to an order of which nothing was told; of the newest, oldest first."""

    def orders(*, terminal: bool, newest: int) -> list[OrderState]:
        """The *newest* so many orders, oldest first."""

    def order(order_id: str) -> OrderState | None:
        """One order."""

    def plans() -> list[PlanState]:
        """Those that are not over, oldest first."""

    def net_positions() -> list[NetPosition]:
        """Those that are not zero."""

    def knows_execution(symbol: str, execution_id: str) -> bool:
        """Whether that execution was told."""

    def setting(name: str) -> Setting | None:
        """A named value."""

    def steps(subjects: Iterable[str]) -> list[Step]:
        """What is noted of these intents and orders, oldest first."""

    def events_about(order_id: str) -> list[tuple[int, bytes]]:
        """The events of one order, oldest first; the newest 1000."""


class IMemory(Interface):
    """Small values that outlive a restart, by name; those of one broker. Never raises."""

    def recall(name: str) -> bytes | None:
        """What was last remembered under *name*, by this process or one before it."""

    def remember(name: str, value: bytes) -> None:
        """Keep *value*, text in UTF-8, in place of what was kept under *name*; as long as the
        process lives if it cannot be written down.
        """


class IAlarm(Interface):
    """Where trouble is told."""

    def raise_alert(code: AlertCode, message: str, details: dict[str, Any] | None) -> None:
        """Log, count and publish an alert; *details* by code as in protocol section 5.3."""
