"""The engine's REST: every row of its table of errors, its lists, its prices."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.brokers.tektii.stand import START, SYMBOL, Stand, flat, request
from tradegw.brokers.tektii.refusals import About, error_of
from tradegw.errors import (
    GatewayError,
    InternalError,
    InvalidRequest,
    NotSent,
    OrderNotFound,
    OrderNotModifiable,
    OrderRejected,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    SymbolNotFound,
    Unauthorized,
    leaves_doubt,
)
from tradegw.model.account import TradeQuery
from tradegw.model.enums import OrderStatus, OrderType, Timeframe
from tradegw.model.market import BarQuery
from tradegw.model.order import OrderQuery
from tradegw.rest.problems import answer_to
from tradegw.testing.tektii import Terms, body, candles, html, mistype, refuse

ENVELOPE: dict[str, Any] = {
    "error": {
        "code": "invalid_order",
        "message": "Stop price 1.10235090 is not aligned to tick size 0.00001",
        "details": {"field": "stop_price"},
    }
}


def error(status: int, content: Any, about: About = About.ACCOUNT, **headers: str) -> GatewayError:
    text = content if isinstance(content, bytes) else msgspec.json.encode(content)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return error_of(status, text, named, about, "the-name")


def missing(message: str) -> dict[str, Any]:
    return {"error": {"code": "not_found", "message": message}}


# -- the table


def test_422_with_the_envelope_is_a_rejection_that_shows_the_whole_answer() -> None:
    for about in About:
        found = error(422, ENVELOPE, about)
        assert isinstance(found, OrderRejected)
        assert found.message == ENVELOPE["error"]["message"]
        assert found.details == {**ENVELOPE, "reject_code": "invalid_order"}
    bare = error(422, {"error": {"message": "no"}})
    assert bare.details == {"error": {"message": "no"}}


def test_422_with_another_body_shows_that_as_it_is() -> None:
    assert error(422, b"<html>no</html>").message == "<html>no</html>"
    assert error(422, {"error": "no"}).message == '{"error":"no"}'
    assert isinstance(error(422, b""), OrderRejected)


@pytest.mark.parametrize(("header", "seconds"), [("7", 7), ("soon", None), ("", None)])
def test_429_says_how_long_to_wait_if_the_engine_does(header: str, seconds: int | None) -> None:
    found = error(429, b"", retry_after=header)
    assert isinstance(found, RateLimited)
    assert found.retry_after_seconds == seconds


def test_503_is_out_of_service() -> None:
    assert type(error(503, b"starting")) is ProviderUnavailable


@pytest.mark.parametrize("about", [About.ORDER, About.ENDING])
def test_404_of_an_order_is_that_order(about: About) -> None:
    assert isinstance(error(404, missing("order not found: x"), about), OrderNotFound)
    assert isinstance(error(404, b"", about), OrderNotFound)


def test_404_of_prices_is_the_symbol_only_if_it_says_so() -> None:
    assert isinstance(error(404, missing("symbol not found: X"), About.PRICES), SymbolNotFound)
    for text in ("timeframe not found: 1m", "data not found: no bars of X"):
        found = error(404, missing(text), About.PRICES)
        assert isinstance(found, InvalidRequest)
        assert (found.message, found.details) == (text, None)
    for odd in (b"", b"<html>nginx</html>", {"error": "symbol not found: X"}):
        found = error(404, odd, About.PRICES)
        assert isinstance(found, ProviderError)
        assert found.details == {"provider": "tektii"}
    assert "nginx" in error(404, b"<html>nginx</html>", About.PRICES).message


@pytest.mark.parametrize("about", [About.ACCOUNT, About.NEW_ORDER])
def test_404_elsewhere_is_the_engines_failure(about: About) -> None:
    assert isinstance(error(404, missing("no such path"), about), ProviderError)


@pytest.mark.parametrize("status", [300, 402, 418, 500, 502, 504])
def test_any_other_status_is_the_engines_failure(status: int) -> None:
    found = error(status, b"odd")
    assert isinstance(found, ProviderError)
    assert found.details == {"provider": "tektii"}


def test_400_401_403_and_409_are_what_they_say() -> None:
    assert isinstance(error(400, b""), InvalidRequest)
    for status in (401, 403):
        found = error(status, b"")
        assert isinstance(found, Unauthorized)
        assert found.details == {"code": "AUTH_FAILED"}
    assert isinstance(error(409, b"", About.ENDING), OrderNotModifiable)
    assert isinstance(error(409, b"", About.NEW_ORDER), ProviderError)


@pytest.mark.parametrize("content", [b"<html>", b"", b"[]", b'{"id":1}', b'{"id":"x"}'])
def test_a_success_that_cannot_be_read_is_an_internal_error_and_leaves_doubt(
    content: bytes,
) -> None:
    stand = Stand()
    stand.fake.faults.plan(body(200, content), path="/api/v1/orders")
    with pytest.raises(InternalError) as caught:
        stand.submit()
    assert leaves_doubt(caught.value)
    stand.fake.faults.plan(mistype(), path="/api/v1/account")
    with pytest.raises(InternalError):
        stand.ask(stand.broker.account())
    stand.stop()


@pytest.mark.parametrize("odd", ["-1", "1.5", "253402300800000"])
def test_a_quote_of_no_time_is_an_internal_error_and_never_now(odd: str) -> None:
    stand = Stand()
    text = f'{{"symbol":"AAPL","bid":"1","ask":"2","timestamp":{odd}}}'.encode()
    stand.fake.faults.plan(body(200, text), path="/api/v1/quote")
    with pytest.raises(InternalError):
        stand.ask(stand.broker.quote("AAPL"))
    bar = f'{{"bars":[{{"timestamp":{odd},"open":1,"high":1,"low":1,"close":1}}]}}'.encode()
    stand.fake.faults.plan(body(200, bar), path="/api/v1/bars")
    with pytest.raises(InternalError):
        stand.ask(stand.broker.bars("AAPL", BarQuery(timeframe=Timeframe.M1)))
    stand.stop()


@pytest.mark.parametrize("status", [422, 429, 503])
def test_a_refused_cancel_is_told_as_what_it_is(status: int) -> None:
    stand = Stand()
    order = stand.submit(order_type=OrderType.LIMIT, limit_price="1")
    stand.fake.faults.plan(refuse(status, "no", "no"), "DELETE")
    expected = {422: OrderRejected, 429: RateLimited, 503: ProviderUnavailable}[status]
    with pytest.raises(expected):
        stand.ask(stand.broker.cancel(order.id))
    assert stand.fake.order(order.id).lives
    stand.stop()


def test_the_key_goes_with_every_call_and_one_that_is_wrong_is_said() -> None:
    stand = Stand(terms=Terms(key="k-1"), TEKTII_API_KEY="k-1")
    stand.ask(stand.broker.account())
    assert stand.fake.rest_door.credentials == ["Bearer k-1"]
    stand.stop()
    stand = Stand(terms=Terms(key="k-1"), TEKTII_API_KEY="wrong")
    with pytest.raises(Unauthorized) as caught:
        stand.ask(stand.broker.account())
    assert answer_to(caught.value).status == 401
    stand.stop()


def test_without_an_engine_reads_are_a_502_and_orders_were_not_sent() -> None:
    stand = Stand()
    stand.network.closed_ports = {8080, 8081}
    calls: list[Any] = [stand.broker.account, stand.broker.positions, stand.broker.ping]
    for call in calls:
        with pytest.raises(ProviderError) as caught:
            stand.ask(call())
        assert answer_to(caught.value).status == 502
        assert caught.value.details == {"provider": "tektii"}
    with pytest.raises(NotSent):
        stand.ask(stand.broker.submit(request()))
    stand.stop()


# -- lists


def queries(stand: Stand) -> list[dict[str, str]]:
    return [c.query for c in stand.fake.calls if (c.verb, c.path) == ("GET", "/api/v1/orders")]


def test_statuses_are_one_list_in_capitals_and_a_limit_is_always_sent() -> None:
    stand = Stand(flat())
    stand.submit(order_type=OrderType.LIMIT, limit_price="1")
    working = stand.ask(stand.broker.open_orders())
    assert [order.status for order in working] == [OrderStatus.OPEN]
    assert queries(stand) == [{"status": "OPEN,PARTIALLY_FILLED", "limit": "10000"}]
    assert stand.ask(stand.broker.closed_orders(OrderQuery())) == []
    assert queries(stand)[1]["status"] == "FILLED,CANCELLED,REJECTED"
    one = OrderQuery(status=frozenset({OrderStatus.CANCELLED}))
    stand.ask(stand.broker.closed_orders(one))
    assert queries(stand)[2]["status"] == "CANCELLED"
    stand.stop()


def test_no_filter_sends_no_status() -> None:
    stand = Stand()
    with pytest.raises(OrderNotFound):
        stand.ask(stand.broker.order_by_client_id("c-1"))
    assert queries(stand) == [{"limit": "10000"}]
    stand.stop()


@pytest.mark.parametrize("refusal", [400, 422])
def test_an_engine_of_the_other_generation_is_asked_without_a_filter(refusal: int) -> None:
    stand = Stand(terms=Terms(status_words="lower", status_refusal=refusal))
    resting = stand.submit(order_type=OrderType.LIMIT, limit_price="1")
    gone = stand.submit(order_type=OrderType.LIMIT, limit_price="1")
    stand.ask(stand.broker.cancel(gone.id))
    assert [o.id for o in stand.ask(stand.broker.open_orders())] == [resting.id]
    assert [o.id for o in stand.ask(stand.broker.closed_orders(OrderQuery()))] == [gone.id]
    assert [sorted(query) for query in queries(stand)] == [
        ["limit", "status"],
        ["limit"],
        ["limit"],
    ]
    stand.stop()


def test_more_than_a_hundred_orders_are_seen() -> None:
    stand = Stand()
    for _ in range(101):
        stand.fake.exchange.submit(
            {
                "symbol": SYMBOL,
                "side": "buy",
                "order_type": "limit",
                "quantity": "1",
                "limit_price": "1",
            }
        )
    assert len(stand.ask(stand.broker.open_orders())) == 101
    stand.stop()


def test_the_newest_order_of_a_client_order_id_is_found() -> None:
    stand = Stand()
    for at in (5, 7, 6):
        stand.fake.exchange.now = at
        stand.submit(order_type=OrderType.LIMIT, limit_price="1", client_order_id="c-1")
    assert stand.ask(stand.broker.order_by_client_id("c-1")).id == "o-2"
    stand.stop()


def test_of_two_that_are_equally_old_the_one_that_works_is_the_newer() -> None:
    stand = Stand()
    for _ in range(2):
        stand.submit(order_type=OrderType.LIMIT, limit_price="1", client_order_id="c-1")
    stand.ask(stand.broker.cancel("o-2"))
    assert stand.ask(stand.broker.order_by_client_id("c-1")).id == "o-1"
    stand.stop()


def test_lists_are_empty_and_filled_and_trades_are_filtered_here_too() -> None:
    stand = Stand(flat())
    assert stand.ask(stand.broker.trades(TradeQuery())) == []
    assert stand.ask(stand.broker.positions()) == []
    stand.crowd.join(echo=True)
    stand.start()
    stand.fake.run.paused = True
    first, second = stand.submit(), stand.submit()
    stand.fake.fill(first.id, 400, "1.08")
    stand.fake.fill(second.id, 1000, "1.09")
    trades = stand.ask(stand.broker.trades(TradeQuery(order_id=second.id, symbol=SYMBOL)))
    assert [(trade.order_id, trade.price) for trade in trades] == [(second.id, Decimal("1.09"))]
    assert len(stand.ask(stand.broker.trades(TradeQuery()))) == 2
    held = stand.ask(stand.broker.positions())
    assert [f"{p.id} {p.quantity}" for p in held] == ["pos-1 400", "pos-2 1000"]
    stand.stop()


# -- prices


def test_bars_by_count_and_by_time() -> None:
    stand = Stand()
    stand.fake.know(candles(SYMBOL, START, *[str(n) for n in range(1, 200)]))
    bars = stand.ask(stand.broker.bars(SYMBOL, BarQuery(timeframe=Timeframe.M1)))
    assert (len(bars), bars[-1].close) == (100, Decimal(199))
    newest = stand.ask(stand.broker.bars(SYMBOL, BarQuery(timeframe=Timeframe.M1, limit=3)))
    assert [bar.close for bar in newest] == [197, 198, 199]
    between = BarQuery(
        timeframe=Timeframe.M1, start=bars[0].timestamp, end=bars[4].timestamp, limit=2
    )
    assert [b.close for b in stand.ask(stand.broker.bars(SYMBOL, between))] == [103, 104]
    asked = [json.loads(call.query["count"]) for call in stand.fake.calls]
    assert asked == [100, 3, 10_000]
    none = stand.ask(stand.broker.bars(SYMBOL, BarQuery(timeframe=Timeframe.M1, limit=0)))
    assert (none, len(stand.fake.calls)) == ([], 3)
    stand.stop()


def test_no_bars_of_that_length_and_no_such_symbol_are_told_apart() -> None:
    stand = Stand()
    stand.fake.know(flat())
    with pytest.raises(InvalidRequest, match="timeframe not found: 1h"):
        stand.ask(stand.broker.bars(SYMBOL, BarQuery(timeframe=Timeframe.H1)))
    with pytest.raises(SymbolNotFound):
        stand.ask(stand.broker.quote("C:NOTHING"))
    with pytest.raises(InvalidRequest, match="data not found"):
        stand.ask(stand.broker.quote("AAPL"))
    stand.stop()


def test_the_engine_is_up_only_with_a_success() -> None:
    stand = Stand()
    stand.ask(stand.broker.ping())
    for fault in (refuse(500, "no"), html(404)):
        stand.fake.faults.plan(fault, path="/health")
        with pytest.raises(GatewayError):
            stand.ask(stand.broker.ping())
    stand.stop()


def test_a_symbol_is_escaped() -> None:
    stand = Stand()
    stand.fake.know(candles("C:BTC/USD", START, "45000"))
    assert stand.ask(stand.broker.quote("C:BTC/USD")).symbol == "C:BTC/USD"
    assert stand.fake.calls[0].raw_query == "symbol=C%3ABTC%2FUSD"
    with pytest.raises(OrderNotFound):
        stand.ask(stand.broker.order("../account"))
    assert stand.fake.calls[1].path == "/api/v1/orders/..%2Faccount"
    stand.stop()
