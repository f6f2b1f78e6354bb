"""The calls of REST, and what they are answered with."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ..doubles.answers import Answer
from ..doubles.site import Heard
from .exchange import Exchange
from .market import Candle
from .orders import Order, text
from .refusals import Refused, invalid, missing
from .run import Run
from .terms import Terms

MOST_BARS: Final = 10_000
USUAL_ORDERS: Final = 100
_WORDS: Final = ("open", "partially_filled", "filled", "cancelled", "rejected")
_BASE: Final = "/api/v1/"


class Calls:
    """Answers calls to *exchange*; the news that they cause are told by *run*."""

    def __init__(self, exchange: Exchange, run: Run, terms: Terms) -> None:
        self._exchange = exchange
        self._run = run
        self._terms = terms

    def answer(self, verb: str, path: str, heard: Heard) -> Answer:
        """The answer; raises ``Refused``. *path* is decoded."""
        if (verb, path) == ("GET", "/health"):
            return Answer(body={"status": "ok"})
        if not path.startswith(_BASE):
            raise missing(f"no such path: {path}")
        name, _, order_id = path.removeprefix(_BASE).partition("/")
        if order_id:
            if name != "orders" or verb not in ("GET", "DELETE"):
                raise missing(f"no such path: {path}")
            return self._order(order_id) if verb == "GET" else self._cancel(order_id)
        found = {
            ("GET", "account"): self._account,
            ("POST", "orders"): self._submit,
            ("GET", "orders"): self._orders,
            ("DELETE", "orders"): self._cancel_all,
            ("GET", "trades"): self._trades,
            ("GET", "positions"): self._positions,
            ("GET", "quote"): self._quote,
            ("GET", "bars"): self._bars,
        }.get((verb, name))
        if found is None:
            raise missing(f"no such path: {path}")
        return found(heard)

    def _account(self, _heard: Heard) -> Answer:
        return Answer(body=self._exchange.ledger.account())

    # -- orders

    def _submit(self, heard: Heard) -> Answer:
        try:
            asked = msgspec.json.decode(heard.body, type=dict[str, Any])
        except msgspec.DecodeError:
            raise Refused(400, "bad_request", "the body is no JSON object") from None
        order, news = self._exchange.submit(asked)
        handle = order.handle()
        self._run.tell(news)
        return Answer(body=handle)

    def _order(self, order_id: str) -> Answer:
        order = self._exchange.orders.get(order_id)
        if order is None:
            raise missing(f"order not found: {order_id}")
        return Answer(body=order.told())

    def _cancel(self, order_id: str) -> Answer:
        self._run.tell(self._exchange.cancel(order_id))
        return Answer(204)

    def _cancel_all(self, heard: Heard) -> Answer:
        cancelled = 0
        for order in self._listed(heard):
            if order.lives:
                self._run.tell(self._exchange.cancel(order.id))
                cancelled += 1
        return Answer(body={"cancelled_count": cancelled, "failed_count": 0})

    def _orders(self, heard: Heard) -> Answer:
        words = self._wanted(heard.query.get("status"))
        limit = _whole(heard, "limit", USUAL_ORDERS, None)
        found = [each.told() for each in self._listed(heard) if each.status in words]
        return Answer(body={"orders": found[:limit]})

    def _wanted(self, status: str | None) -> tuple[str, ...]:
        """The two generations of the filter."""
        if status is None:
            return _WORDS
        takes_lists = self._terms.status_words == "upper"
        given = status.split(",") if takes_lists else [status]
        words = tuple(word.lower() if takes_lists else word for word in given)
        is_odd = takes_lists and status != status.upper()
        if is_odd or not set(words) <= set(_WORDS):
            raise Refused(self._terms.status_refusal, "bad_request", f"unknown status: {status}")
        return words

    def _listed(self, heard: Heard) -> list[Order]:
        symbol = heard.query.get("symbol")
        return [e for e in self._exchange.orders.values() if symbol in (None, e.symbol)]

    # -- what came of them

    def _trades(self, heard: Heard) -> Answer:
        """An ``order_id`` is not heeded."""
        symbol = heard.query.get("symbol")
        trades = self._exchange.ledger.trades
        return Answer(body={"trades": [e.told() for e in trades if symbol in (None, e.symbol)]})

    def _positions(self, heard: Heard) -> Answer:
        symbol = heard.query.get("symbol")
        held = self._exchange.ledger.positions.values()
        return Answer(body={"positions": [e.told() for e in held if symbol in (None, e.symbol)]})

    # -- prices

    def _quote(self, heard: Heard) -> Answer:
        symbol = self._symbol(heard)
        last = self._exchange.last(symbol)
        if last is None:
            raise missing(f"data not found: no price of {symbol} yet")
        half = self._terms.spread / 2
        told = {"symbol": symbol, "bid": text(last - half), "ask": text(last + half)}
        return Answer(body={**told, "timestamp": self._exchange.now})

    def _bars(self, heard: Heard) -> Answer:
        symbol, frame = self._symbol(heard), heard.query.get("timeframe")
        count = _whole(heard, "count", None, MOST_BARS)
        history: list[Candle] = self._exchange.history.get(symbol, [])
        if not history:
            raise missing(f"data not found: no bars of {symbol} yet")
        if frame not in {each.timeframe for each in history}:
            raise missing(f"timeframe not found: {frame}")
        return Answer(body={"bars": [e.bar() for e in history if e.timeframe == frame][-count:]})

    def _symbol(self, heard: Heard) -> str:
        symbol = heard.query.get("symbol", "")
        if symbol not in self._exchange.symbols:
            raise missing(f"symbol not found: {symbol}")
        return symbol


def _whole(heard: Heard, name: str, default: int | None, most: int | None) -> int:
    given = heard.query.get(name)
    if given is None and default is not None:
        return default
    if given is None or not given.isdecimal() or not 1 <= int(given) <= (most or int(given)):
        raise invalid(f"{name} must be from 1 to {most}", name, "bad_request")
    return int(given)
