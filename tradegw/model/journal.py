"""What the journal takes, and what it gives back; bodies are JSON as ``wire`` writes it.

An entry that is written twice under the same key replaces the first, except events and executions,
which are written once.
"""

from __future__ import annotations

import enum
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeAlias

from msgspec import Struct


class IntentKind(enum.StrEnum):
    """What is to be done at the broker."""

    SUBMIT = "submit"
    LEG = "leg"
    CLOSE = "close"
    REPLACE = "replace"
    CANCEL = "cancel"


class Verdict(enum.StrEnum):
    """What became of an intent. Only the broker's definite refusal is a rejection."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


class Intent(Struct, frozen=True, kw_only=True):
    """Something that is about to be sent to the broker.

    ``id``               the correlation id, unique for ever
    ``body``             the request as JSON
    ``digest``           equal for equal requests
    ``client_order_id``  the client's own, if it gave one
    ``sent_as``          the client order id that the broker is shown; unique
    ``target``           the order to cancel or replace, the position to close, a leg's entry
    """

    id: str
    kind: IntentKind
    at: datetime
    body: bytes
    digest: str = ""
    symbol: str | None = None
    client_order_id: str | None = None
    sent_as: str | None = None
    idempotency_key: str | None = None
    target: str | None = None


class Outcome(Struct, frozen=True, kw_only=True):
    """What is known of an intent now; a later one replaces it.

    ``answer`` is what the client was, or would be, told: the handle or the error, as JSON.
    ``course`` is what happened when, as JSON, for the timeline.
    """

    intent_id: str
    at: datetime
    verdict: Verdict
    order_id: str | None = None
    answer: bytes = b""
    course: bytes = b""


class Told(Struct, frozen=True, kw_only=True):
    """An event, numbered; ``body`` is the message exactly as clients get it."""

    seq: int
    at: datetime
    kind: str
    body: bytes
    order_id: str | None = None


class OrderState(Struct, frozen=True, kw_only=True):
    """An order as clients were last told of it; ``links`` is what only the gateway knows."""

    order_id: str
    at: datetime
    terminal: bool
    body: bytes
    client_order_id: str | None = None
    links: bytes = b""


class Execution(Struct, frozen=True, kw_only=True):
    """An execution that was told; ``id`` is the broker's, unique within ``symbol``."""

    id: str
    symbol: str
    order_id: str
    at: datetime


OCO_PLANS: Final = "oco:"
"""How the ids of those plans begin that are rounds of OCO groups."""


class PlanState(Struct, frozen=True, kw_only=True):
    """The exit plan of an entry, or a round of an OCO group, as a whole. One that is ``over`` may
    be forgotten in time.
    """

    plan_id: str
    at: datetime
    over: bool
    body: bytes


class NetPosition(Struct, frozen=True, kw_only=True):
    """What must be held of ``symbol`` after all executions that were told; short is negative."""

    symbol: str
    at: datetime
    quantity: Decimal


class Setting(Struct, frozen=True, kw_only=True):
    """A named value that outlives a restart: the trading state, for one."""

    name: str
    at: datetime
    value: bytes


class Step(Struct, frozen=True, kw_only=True):
    """Something out of the ordinary that happened to an intent or an order, for the timeline.

    ``subject`` is an intent's or an order's id, ``detail`` JSON.
    """

    subject: str
    at: datetime
    name: str
    detail: bytes = b"{}"


Entry: TypeAlias = (
    Intent | Outcome | Told | OrderState | Execution | PlanState | NetPosition | Setting | Step
)


class Recorded(Struct, frozen=True, kw_only=True):
    """An intent and what is known of it; no outcome at all means that the gateway died then."""

    intent: Intent
    outcome: Outcome | None = None


class EventSpan(Struct, frozen=True, kw_only=True):
    """Which events can be read again: those from ``oldest`` to ``newest``, both included.

    Before the first event of a journal ``newest`` is ``oldest - 1``.
    """

    epoch: str
    oldest: int
    newest: int
