"""What most gateways do: send, wait, and send again. It must fail, or the schedules prove nothing.

It has no journal and looks nothing up: when no answer came it sends the same order again, and what
it could not read it calls refused. It speaks enough HTTP to have the same client.
"""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol

from tradegw.deferreds import as_deferred, deadline, shield
from tradegw.errors import GatewayError, Passing
from tradegw.model.order import Order, OrderRequest
from tradegw.testing.listener import Notebook

from .life import Life

TRIES: Final = 3
ANSWER_SECONDS: Final = 10.0


class NaiveGateway:
    """Takes orders, and nothing else."""

    def __init__(self, life: Life) -> None:
        self._life = life
        life.broker.listener = Notebook()

    def startService(self) -> None:
        self._life.broker.startService()
        factory = Factory.forProtocol(_Conversation)
        factory.submit = self.submit  # type: ignore[attr-defined]  # how factories are told things
        self._life.reactor.listenTCP(8080, factory)

    @as_deferred
    async def submit(self, request: OrderRequest) -> Order:
        for _ in range(TRIES - 1):
            try:
                return await self._attempt(request)
            except (Passing, TimeoutError):
                continue
        return await self._attempt(request)

    def _attempt(self, request: OrderRequest) -> Deferred[Order]:
        answer = self._life.broker.submit(request)
        return deadline(shield(answer), ANSWER_SECONDS, self._life.reactor)


class _Conversation(Protocol):
    """One request on one connection."""

    def __init__(self) -> None:
        self._data = b""

    def dataReceived(self, data: bytes) -> None:
        self._data += data
        head, _end, body = self._data.partition(b"\r\n\r\n")
        if not head.startswith(b"POST /v1/orders "):
            self._answer(404, {"code": "NOT_FOUND"})
            return
        request = msgspec.json.decode(body, type=OrderRequest)
        factory: Any = self.factory
        work: Deferred[Order] = factory.submit(request)
        work.addCallbacks(self._accepted, self._refused)

    def _accepted(self, order: Order) -> None:
        self._answer(201, {"id": order.id, "status": order.status.value})

    def _refused(self, failure: Any) -> None:
        passing = isinstance(failure.value, (Passing, TimeoutError))
        assert passing or isinstance(failure.value, GatewayError)
        self._answer(502 if passing else 422, {"code": "ORDER_REJECTED"})

    def _answer(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        head = f"HTTP/1.1 {status} So\r\nContent-Length: {len(content)}\r\n\r\n"
        assert self.transport is not None
        self.transport.write(head.encode() + content)
