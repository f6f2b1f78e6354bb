"""Calls to a broker over HTTP: each leaves once, and how it ended is said truthfully.

Until a connection stands nothing can have left: what fails by then is ``NotSent``, or
``RateLimited`` where a limit kept it. What fails later is ``ProviderError``: the broker may have
done what was asked. Whatever the broker answers, redirects and refusals included, is a
:class:`Reply`; what that means is in the broker's own table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from msgspec import Struct
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from ..deferreds import as_deferred
from ..errors import GatewayError, NotSent, ProviderError
from .budget import Budget
from .call import Call, Reply
from .clock import BrokerClock
from .connections import Connection, Connections
from .endpoint import Dial, Url
from .ratelimit import NOTHING_TOLD, Told, retry_after

TRIES: Final = 3
PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""With these a call that may be repeated is repeated."""

BANNED: Final = 418
LIMITED: Final = frozenset({429, BANNED})
FIRST_PAUSE: Final = 0.5
LIMITED_SECONDS: Final = 2.0
"""So long is paused for a 429 that does not say how long."""

Sign: TypeAlias = Callable[[Call], Call]
"""Gives a call what proves who we are; called right before it is written."""


class Site(Struct, frozen=True, kw_only=True):
    """How the calls to one base address are to be made.

    ``name``    the broker's, as errors have it
    ``sign``    proves who we are
    ``random``  at least 0 and below 1
    ``limits``  those that a call's plain weight counts against, by name
    ``read``    what a reply tells of limits; a 429 without a pause is given one
    ``time``    is told of the broker's time
    """

    name: str
    base: Url
    sign: Sign
    random: Callable[[], float]
    limits: tuple[str, ...] = ()
    read: Callable[[Reply], Told] | None = None
    time: BrokerClock | None = None


class Http:
    """Sends calls to *site*, as *budget* lets them go."""

    log = Logger()

    def __init__(self, site: Site, budget: Budget, dial: Dial, clock: IReactorTime) -> None:
        self._site = site
        self._budget = budget
        self._clock = clock
        self._connections = Connections(site.base, site.name, dial, clock)
        self._is_closed = False

    @as_deferred
    async def send(self, call: Call) -> Reply:
        """Send *call* when its turn comes; see the module for how it may fail.

        To cancel it is to give up its place, or to drop its connection: what the broker did then
        is not known.
        """
        ends = self._clock.seconds() + call.deadline
        found: Reply | GatewayError = await self._ending(call, ends)
        for tried in range(1, TRIES if call.repeatable else 1):
            if self._is_closed or not _may_pass(found):
                break
            pause = FIRST_PAUSE * 2 ** (tried - 1) * (0.5 + self._site.random())
            if self._clock.seconds() + pause >= ends:
                break
            await deferLater(self._clock, pause)
            again = await self._ending(call, ends)
            if isinstance(again, GatewayError) and not isinstance(again, (NotSent, ProviderError)):
                break  # its turn does not come again in time: the first answer is the better one
            found = again
        if isinstance(found, GatewayError):
            raise found
        return found

    def close(self) -> None:
        """Drop the connections that are idle, and the others when they become so; nothing more is
        sent.
        """
        self._is_closed = True
        self._connections.close()

    async def _ending(self, call: Call, ends: float) -> Reply | GatewayError:
        try:
            return await self._once(call, ends)
        except GatewayError as error:
            return error

    async def _once(self, call: Call, ends: float) -> Reply:
        seconds = self._clock.seconds
        permit = await self._budget.admit(call.lane, self._weights(call), ends - seconds())
        told: Told | None = None  # nothing was sent
        try:
            connection = await self._connections.reach(ends)
            signed = self._signed(call, connection)
            told, began = NOTHING_TOLD, seconds()  # from here on something may have left
            reply = await connection.exchange(signed, ends)
            told = self._told(reply)
            self._note_time(reply, seconds() - began)
            return reply
        finally:
            if told is None:
                permit.unsent()
            else:
                permit.ended(told)

    def _signed(self, call: Call, connection: Connection) -> Call:
        try:
            return self._site.sign(call)
        except Exception as error:
            connection.drop()
            name, kind = self._site.name, type(error).__name__  # its text may hold the secret
            self.log.warn("a call to {broker} could not be signed: {kind}", broker=name, kind=kind)
            raise NotSent(f"The call to {name} could not be signed") from None

    def _weights(self, call: Call) -> Mapping[str, int]:
        if isinstance(call.weight, int):
            return dict.fromkeys(self._site.limits, call.weight)
        return call.weight

    def _note_time(self, reply: Reply, took: float) -> None:
        if self._site.time is None:
            return
        try:
            self._site.time.dated(reply.headers.get("date"), took)
        except Exception:  # whatever a clock makes of it, the answer is an answer
            self.log.failure("not understood: the time of {broker}", broker=self._site.name)

    def _told(self, reply: Reply) -> Told:
        """What *reply* tells of limits; that it cannot be read spoils no answer."""
        try:
            told = NOTHING_TOLD if self._site.read is None else self._site.read(reply)
        except Exception:
            self.log.failure("not understood: the limits of {broker}", broker=self._site.name)
            told = NOTHING_TOLD
        if told.pause > 0 or reply.status not in LIMITED:
            return told
        wait = retry_after(reply.headers)
        return Told(
            readings=told.readings,
            pause=LIMITED_SECONDS if wait is None else wait,
            banned=reply.status == BANNED,
        )


def _may_pass(found: Reply | GatewayError) -> bool:
    """Whether it may be another when the same is asked again."""
    if isinstance(found, Reply):
        return found.status in PASSING
    return isinstance(found, (NotSent, ProviderError))
