"""How calls of one product are made, whatever the product, and what their answers are read as.

Only look-ups are repeated. What makes or changes an order is sent once, unless Binance refused its
time: then nothing was done, and it is sent again with the right one, once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias, TypeVar

import msgspec
from twisted.logger import Logger

from ...errors import GatewayError, ProviderError
from ...model.limits import Lane
from ..call import Call, Reply
from ..http import Http
from .limits import WEIGHT
from .refusals import BAD_TIME, PROVIDER, About, said_by
from .wire import read

T = TypeVar("T")
Query: TypeAlias = tuple[tuple[str, str], ...]
ErrorOf: TypeAlias = Callable[[int, bytes, About, str], GatewayError]

LONG_SECONDS: Final = 18.0
"""For what may be long; whoever asks waits for 20 seconds."""

_LONGEST: Final = 64 * 2**20


class Calling:
    """Calls by *http*, below *prefix* unless a path is whole; *resync* finds out what Binance's
    time is, *error_of* what an answer of failure means.
    """

    log = Logger()

    def __init__(
        self,
        http: Http,
        prefix: str,
        error_of: ErrorOf,
        resync: Callable[[], Awaitable[None]],
    ) -> None:
        self._http = http
        self._prefix = prefix
        self._error_of = error_of
        self._resync = resync

    async def get(
        self,
        end: str,
        kind: type[T],
        weight: int | Mapping[str, int],
        about: About,
        *,
        query: Query = (),
        name: str = "",
        lane: Lane = Lane.QUERY,
    ) -> T:
        """Look something up; *name* is what an error calls it, *weight* counts against the
        address's unless other limits are named.
        """
        call = Call(
            method="GET",
            path=self._path(end),
            lane=lane,
            query=query,
            weight={WEIGHT: weight} if isinstance(weight, int) else weight,
            repeatable=True,
            deadline=LONG_SECONDS,
            max_bytes=_LONGEST,
        )
        return read_reply(await self._succeeded(call, about, name), kind)

    async def do(  # noqa: PLR0913  (all of them are of the call)
        self,
        method: str,
        end: str,
        kind: type[T],
        weight: Mapping[str, int],
        about: About,
        *,
        query: Query = (),
        name: str = "",
        lane: Lane = Lane.EMERGENCY,
    ) -> T:
        """Make or change something."""
        reply = await self.done(method, end, weight, about, query=query, name=name, lane=lane)
        return read_reply(reply, kind)

    async def done(
        self,
        method: str,
        end: str,
        weight: Mapping[str, int],
        about: About,
        *,
        query: Query = (),
        name: str = "",
        lane: Lane = Lane.EMERGENCY,
    ) -> Reply:
        """The same, for whoever reads the answer himself."""
        call = Call(method=method, path=self._path(end), lane=lane, query=query, weight=weight)
        return await self._succeeded(call, about, name)

    async def attempt(
        self, method: str, end: str, weight: Mapping[str, int], query: Query, lane: Lane
    ) -> Reply:
        """The same, whatever the answer is."""
        return await self._reply(
            Call(method=method, path=self._path(end), lane=lane, query=query, weight=weight)
        )

    def close(self) -> None:
        """Drop the connections."""
        self._http.close()

    def _path(self, end: str) -> str:
        return end if end.startswith("/") else f"{self._prefix}/{end}"

    async def _succeeded(self, call: Call, about: About, name: str) -> Reply:
        reply = await self._reply(call)
        if not 200 <= reply.status < 300:
            raise self._refusal(call, reply, about, name)
        return reply

    async def _reply(self, call: Call) -> Reply:
        reply = await self._http.send(call)
        said = said_by(reply.body) if reply.status >= 400 else None
        if said is None or said.code != BAD_TIME:
            return reply
        self.log.warn("Binance refused our time: {text}", text=said.msg[:200])
        await self._resync()
        return await self._http.send(call)

    def _refusal(self, call: Call, reply: Reply, about: About, name: str) -> GatewayError:
        error = self._error_of(reply.status, reply.body, about, name)
        self.log.info(
            "Binance answered {method} {path} with {status}: {reason}",
            method=call.method,
            path=call.path,
            status=reply.status,
            reason=error.message,
        )
        return error


def read_reply(reply: Reply, kind: type[T]) -> T:
    """An answer that cannot be read leaves doubt: it may have been done."""
    try:
        return read(reply.body, kind)
    except msgspec.DecodeError as error:
        raise ProviderError(f"Binance's answer cannot be read: {error}", PROVIDER) from error
