"""The dossier's pitfalls of look-ups, prices and errors, each under its number, on the double."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tradegw.brokers.alpaca import records
from tradegw.errors import (
    GatewayError,
    InvalidValue,
    OrderNotFound,
    OrderRejected,
    ProviderError,
    RateLimited,
    SymbolNotFound,
    Unauthorized,
    UnsupportedOperation,
    leaves_doubt,
)
from tradegw.model.account import Trade, TradeQuery
from tradegw.model.enums import OrderStatus, OrderType, PositionSide, Side, Timeframe
from tradegw.model.events import OrderEvent, TradeEvent
from tradegw.model.limits import Lane
from tradegw.model.market import Bar, BarQuery
from tradegw.model.order import ClosePositionRequest, OrderQuery
from tradegw.testing.alpaca import Bar as FakeBar
from tradegw.testing.alpaca import FakeAlpaca, Fault, Terms, html, refuse, slow, stall
from tradegw.testing.alpaca.calls import Answer
from tradegw.testing.alpaca.stamps import moment_of

from .stand import MORNING, Notes, Stand, request

M1, H1 = Timeframe.M1, Timeframe.H1


@pytest.fixture
def stand() -> Iterator[Stand]:
    stand = Stand()
    stand.start()
    yield stand
    stand.stop()


def bars(stand: Stand, symbol: str, **query: Any) -> list[Bar]:
    return stand.ask(stand.broker.bars(symbol, BarQuery(**{"timeframe": M1, **query})))


def raised(stand: Stand, work: Any) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        stand.ask(work)
    return caught.value


# -- 17, 18, 19, 52, 53: what goes wrong, and what it is called


def test_17_a_403_has_three_meanings(stand: Stand) -> None:
    plan, submit = stand.fake.faults.plan, stand.broker.submit
    plan(refuse(403, "forbidden."), "POST")
    assert isinstance(raised(stand, submit(request())), Unauthorized)
    plan(refuse(403, "insufficient buying power", 40310000, buying_power="0"), "POST")
    verdict = raised(stand, submit(request()))
    assert isinstance(verdict, OrderRejected)
    assert verdict.reject_code == "INSUFFICIENT_FUNDS"
    words = "subscription does not permit querying recent SIP data"
    plan(refuse(403, words, 42210000), path="/v2/stocks*")
    assert isinstance(raised(stand, stand.broker.quote("AAPL")), UnsupportedOperation)


def test_19_the_reason_is_told_with_what_alpaca_said_of_it(stand: Stand) -> None:
    verdict = refuse(403, "insufficient qty available for order", 40310000, held_for_orders="10")
    stand.fake.faults.plan(verdict, "POST")
    refusal = raised(stand, stand.broker.submit(request()))
    assert "insufficient qty available" in refusal.message
    assert refusal.details is not None
    assert refusal.details["held_for_orders"] == "10"


def test_52_a_429_is_a_definite_no_and_is_obeyed(stand: Stand) -> None:
    stand.fake.faults.plan(refuse(429, "rate limit exceeded", 42910000), "POST")
    refusal = raised(stand, stand.broker.submit(request()))
    assert isinstance(refusal, RateLimited)
    assert not leaves_doubt(refusal)
    assert stand.broker.limits().limits[0].paused_until is not None


def test_52_what_others_use_up_counts() -> None:
    stand = Stand(terms=Terms(requests_per_minute=30))
    stand.start()
    stand.wait(1.0)
    (trading, data) = stand.broker.limits().limits
    assert (trading.name, data.name) == ("trading", "data")
    assert trading.capacity == 30
    stand.fake.trade_outside("AAPL", "buy", 10)
    for _ in range(40):
        stand.broker.order("00000000-0000-4000-8000-000000000000").addErrback(lambda _: None)
    order = stand.ask(stand.broker.submit(request(side=Side.SELL), Lane.EMERGENCY), 5.0)
    assert order.status is OrderStatus.PENDING
    stand.wait(150.0)
    assert not [call for call in stand.fake.calls if call.status == 429]
    stand.stop()


def test_53_pages_of_a_proxy_are_judged_by_their_status(stand: Stand) -> None:
    stand.fake.faults.plan(html(502, accepted=True), "POST")
    assert leaves_doubt(raised(stand, stand.broker.submit(request())))
    stand.fake.faults.plan(html(401), path="/v2/account*", times=3)
    assert isinstance(raised(stand, stand.broker.account()), Unauthorized)


def test_53_look_ups_are_repeated_and_nothing_else_is(stand: Stand) -> None:
    stand.fake.faults.plan(html(502), "GET", "/v2/orders*", times=2)
    assert stand.ask(stand.broker.open_orders()) == []
    before = len(stand.fake.calls)
    stand.fake.faults.plan(html(500), "POST")
    raised(stand, stand.broker.submit(request(symbol="BTC/USD", quantity="1")))
    assert len(stand.fake.calls) == before + 1


def test_a_look_up_before_a_close_that_fails_leaves_no_doubt(stand: Stand) -> None:
    stand.submit()
    stand.wait()
    (position,) = stand.ask(stand.broker.positions())
    stand.fake.faults.plan(stall(), "GET", "/v2/positions/*", times=5)
    refusal = raised(stand, stand.broker.close(position, ClosePositionRequest(), "close-1"))
    assert not leaves_doubt(refusal)
    assert stand.fake.positions == {"AAPL": Decimal(10)}


def test_an_order_is_sent_although_its_asset_cannot_be_asked_for(stand: Stand) -> None:
    stand.fake.faults.plan(html(500), "GET", "/v2/assets/*", times=5)
    assert stand.submit().symbol == "AAPL"


# -- 30: symbols


def test_30_pairs_have_one_spelling_here(stand: Stand) -> None:
    stand.submit(symbol="BTC/USD", quantity="0.5")
    stand.wait()
    (position,) = stand.ask(stand.broker.positions())
    assert (position.symbol, position.id) == ("BTC/USD", "BTCUSD_position")
    assert stand.order_events[-1].order.symbol == "BTC/USD"
    assert {trade.symbol for trade in stand.ask(stand.broker.trades(TradeQuery()))} == {"BTC/USD"}
    for spelling in ("BTC/USD", "BTCUSD"):
        assert stand.ask(stand.broker.quote(spelling)).symbol == "BTC/USD"
        assert stand.broker.instrument(spelling) is not None


def test_30_an_order_in_the_other_spelling_is_told_the_right_one(stand: Stand) -> None:
    refusal = raised(stand, stand.broker.submit(request(symbol="BTCUSD", quantity="1")))
    assert isinstance(refusal, InvalidValue)
    assert "BTC/USD" in refusal.message


def test_30_a_position_of_a_pair_can_be_closed(stand: Stand) -> None:
    stand.submit(symbol="BTC/USD", quantity="0.5")
    stand.wait(3.0)
    (position,) = stand.ask(stand.broker.positions())
    stand.ask(stand.broker.close(position, ClosePositionRequest(), "close-1"))
    stand.wait()
    assert stand.fake.positions == {}


# -- 31, 32, 35: what crypto costs, and orders by value


def test_31_the_fee_of_crypto_is_what_the_position_lacks(stand: Stand) -> None:
    stand.submit(symbol="BTC/USD", quantity="0.2")
    stand.wait(3.0)
    (position,) = stand.ask(stand.broker.positions())
    (event,) = stand.trades
    assert position.quantity < Decimal("0.2")
    assert event.trade.commission_currency == "BTC"
    assert event.trade.quantity - event.trade.commission == position.quantity
    (listed,) = stand.ask(stand.broker.trades(TradeQuery()))
    assert listed.commission == event.trade.commission


def test_31_the_fees_of_many_executions_add_up_to_what_is_missing(stand: Stand) -> None:
    stand.fake.hold_fills("ETH/USD")
    first = stand.submit(
        symbol="ETH/USD", quantity="3", order_type=OrderType.LIMIT, limit_price="3000"
    )
    stand.wait()
    for part in ("0.1", "0.7", "1.3", "0.9"):
        stand.fake.fill(first.id, part)
        stand.wait(0.05)
    stand.wait(3.0)
    (position,) = stand.ask(stand.broker.positions())
    net = sum(event.trade.quantity - event.trade.commission for event in stand.trades)
    assert net == position.quantity
    stand.fake.hold_fills("ETH/USD", hold=False)
    stand.ask(stand.broker.close(position, ClosePositionRequest(), "close-1"))
    stand.wait(3.0)
    assert stand.ask(stand.broker.positions()) == []
    assert stand.trades[-1].trade.commission == 0


def test_31_a_fee_that_is_not_the_usual_one_is_found(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradegw.brokers.alpaca.coins.USUAL_RATE", Decimal("0.0015"))
    stand.submit(symbol="BTC/USD", quantity="0.2")
    stand.wait(3.0)
    assert stand.trades[0].trade.commission == Decimal("0.0005")


def test_31_what_an_order_does_after_a_buy_is_told_after_it(stand: Stand) -> None:
    """And what was bought is told before the order that bought it: its exits depend on it."""
    stand.fake.hold_fills("ETH/USD")
    order = stand.submit(
        symbol="ETH/USD", quantity="2", order_type=OrderType.LIMIT, limit_price="2000"
    )
    stand.wait()
    stand.fake.faults.plan(slow(1.0), "GET", "/v2/positions/*")
    stand.fake.fill(order.id, 1)
    stand.fake.end(order.id, "canceled")
    stand.wait(0.5)
    assert not stand.order_events[-1].order.filled_quantity
    stand.wait(2.0)
    told = [
        event
        for event in stand.told.events
        if isinstance(event, TradeEvent)
        or (isinstance(event, OrderEvent) and event.order.filled_quantity)
    ]
    assert [type(event) for event in told] == [TradeEvent, OrderEvent, OrderEvent]
    assert stand.order_events[-1].order.status is OrderStatus.CANCELLED


def test_31_without_a_look_the_usual_fee_is_told(stand: Stand) -> None:
    stand.fake.faults.plan(html(404), "GET", "/v2/positions/*", times=100)
    stand.fake.faults.plan(html(500), "GET", "/v2/positions/*", times=100)
    stand.submit(symbol="BTC/USD", quantity="0.2")
    stand.wait(120.0, until=lambda: bool(stand.trades))
    (event,) = stand.trades
    assert event.trade.commission == Decimal("0.0005")


def test_35_an_order_by_value_from_outside_is_shown_as_what_it_executed(stand: Stand) -> None:
    stand.fake.hold_fills("AAPL")
    order = stand.submit()
    wire_order = stand.fake.order(order.id)
    wire_order.qty, wire_order.notional = None, Decimal(500)
    found = stand.ask(stand.broker.order(order.id))
    assert (found.quantity, found.filled_quantity) == (Decimal(0), Decimal(0))
    stand.fake.fill(order.id, "2.16", "231.41")
    found = stand.ask(stand.broker.order(order.id))
    assert (found.quantity, found.status) == (Decimal("2.16"), OrderStatus.FILLED)


# -- 42, 43, 47, 54: lists


def test_42_executions_are_paged_to_the_end(stand: Stand) -> None:
    stand.fake.hold_fills("AAPL")
    order = stand.submit(quantity="230", order_type=OrderType.LIMIT, limit_price="231")
    stand.wait()
    for _ in range(230):
        stand.fake.fill(order.id, 1)
    stand.wait()
    for query in (TradeQuery(), TradeQuery(since=stand.now() - timedelta(hours=1))):
        found = stand.ask(stand.broker.trades(query))
        assert len({trade.id for trade in found}) == 230
    assert sum(event.trade.quantity for event in stand.trades) == 230


def test_43_one_execution_has_one_name_everywhere(stand: Stand) -> None:
    order = stand.submit()
    stand.wait()
    (listed,) = stand.ask(stand.broker.trades(TradeQuery()))
    assert listed.id == stand.trades[0].trade.id == f"{order.id}:10"


def test_42_a_short_sale_is_a_sale(stand: Stand) -> None:
    stand.submit(side=Side.SELL, quantity="3")
    stand.wait()
    (listed,) = stand.ask(stand.broker.trades(TradeQuery()))
    assert listed.side is Side.SELL
    (position,) = stand.ask(stand.broker.positions())
    assert (position.side, position.quantity) == (PositionSide.SHORT, Decimal(3))
    closed = stand.ask(stand.broker.close(position, ClosePositionRequest(), "close-1"))
    assert closed.side is Side.BUY
    stand.wait()
    assert stand.fake.positions == {}


def test_47_no_query_holds_a_plus_or_a_bare_slash(stand: Stand) -> None:
    stand.fake.invent_bars("BTC/USD", 30)
    bars(stand, "BTC/USD", start=stand.now() - timedelta(hours=1))
    since = stand.now() - timedelta(days=1)
    stand.ask(stand.broker.closed_orders(OrderQuery(since=since, symbol="BTC/USD")))
    stand.ask(stand.broker.trades(TradeQuery(since=since)))
    assert all(call.status == 200 for call in stand.fake.calls if call.verb == "GET" and call.query)
    for call in stand.fake.calls:
        assert "+" not in "".join(call.query.values())


def test_orders_are_paged_to_the_end(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a page ends between those that were submitted at the same moment."""
    for module in ("rest", "records"):
        monkeypatch.setattr(f"tradegw.brokers.alpaca.{module}.MOST_ORDERS", 4)
    for _ in range(9):
        stand.submit(order_type=OrderType.LIMIT, limit_price="100", stop_loss="90")
        stand.wait(3.0)
    found = stand.ask(stand.broker.open_orders())
    assert len({order.id for order in found if order.order_type is OrderType.LIMIT}) == 9


def test_orders_are_paged_to_the_end_whether_or_not_legs_count(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody says which: a page of few parents with their legs may be a full one."""
    monkeypatch.setattr(records, "MOST_ORDERS", 4)
    for number in range(5):
        order = stand.submit(
            quantity="1", order_type=OrderType.LIMIT, limit_price="200", stop_loss="190"
        )
        stand.ask(stand.broker.cancel(order.id))
        stand.wait(1.0 + number)
    asked = stand.broker._rest.orders

    async def few(status: str, **query: Any) -> Any:
        return (await asked(status, **query))[:2]

    monkeypatch.setattr(stand.broker._rest, "orders", few)
    closed = stand.ask(stand.broker.closed_orders(OrderQuery(since=MORNING)))
    assert len({order.id for order in closed}) == 10


def test_what_is_no_asset_is_asked_for_once(stand: Stand) -> None:
    """Options that are held would use up the limits otherwise, at every look at the positions."""
    for symbol in ("AAPL", "MSFT"):
        stand.fake.set_quote(symbol, "231", "231.02")
        stand.fake.trade_outside(symbol, "buy", 1)
    missing = refuse(404, "asset not found for AAPL", 40410000)
    stand.fake.faults.plan(missing, "GET", "/v2/assets/AAPL", times=10)
    for _ in range(5):
        stand.ask(stand.broker.positions())
    asked = Counter(call.path for call in stand.fake.calls if call.path.startswith("/v2/assets/"))
    assert asked == {"/v2/assets/AAPL": 1, "/v2/assets/MSFT": 1}


def test_what_could_not_be_traded_once_is_asked_about_again(stand: Stand) -> None:
    """It would be refused until the gateway is restarted."""
    stand.submit()
    asset = stand.broker._instruments.asset("AAPL")
    assert asset is not None
    stand.broker._instruments.learn(replace(asset, tradable=False))
    assert stand.submit().status is OrderStatus.PENDING


def test_ids_that_are_none_are_not_asked_about(stand: Stand) -> None:
    before = len(stand.fake.calls)
    for name in ("nonsense", "a/b", "", "orders:by_client_order_id?client_order_id=x"):
        assert isinstance(raised(stand, stand.broker.order(name)), OrderNotFound)
    assert len(stand.fake.calls) == before


# -- 44, 45, 46: prices


def test_44_the_newest_bars_oldest_first(stand: Stand) -> None:
    stand.fake.invent_bars("AAPL", 300)
    found = bars(stand, "AAPL", limit=20)
    assert len(found) == 20
    assert [bar.timestamp for bar in found] == sorted(bar.timestamp for bar in found)
    assert found[-1].timestamp + timedelta(minutes=1) <= stand.now()
    assert found[-1].timestamp >= stand.now() - timedelta(minutes=3)
    assert {(bar.provider, bar.timeframe) for bar in found} == {("alpaca", M1)}


def test_44_a_bar_that_is_not_over_is_left_out(stand: Stand) -> None:
    stand.fake.invent_bars("AAPL", 10)
    price = Decimal(231)
    begun = moment_of(stand.now().replace(second=0, microsecond=0))
    stand.fake.add_bars(
        "AAPL", [FakeBar(moment=begun, open=price, high=price, low=price, close=price)]
    )
    for query in ({"limit": 3}, {"start": stand.now() - timedelta(minutes=4)}):
        found = bars(stand, "AAPL", **query)
        assert found[-1].timestamp == stand.now().replace(second=0, microsecond=0) - timedelta(
            minutes=1
        )


def test_44_all_pages_are_read(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradegw.brokers.alpaca.market_data.MOST_BARS", 50)
    stand.fake.invent_bars("ETH/USD", 120)
    start = stand.now() - timedelta(minutes=130)
    monkeypatch.setattr("tradegw.brokers.alpaca.market_data.USUAL_BARS", 110)
    assert len(bars(stand, "ETH/USD", end=stand.now(), limit=110)) == 110
    inside = bars(stand, "ETH/USD", start=start + timedelta(minutes=60), limit=110)
    assert all(bar.timestamp >= start + timedelta(minutes=60) for bar in inside)


def test_44_no_bars_are_no_error(stand: Stand) -> None:
    assert bars(stand, "MSFT", limit=5) == []


def test_44_longer_bars_are_asked_for_by_their_own_names(stand: Stand) -> None:
    stand.fake.invent_bars("AAPL", 300)
    found = bars(stand, "AAPL", timeframe=H1, limit=3)
    assert {bar.timeframe for bar in found} == {H1}


def test_45_the_feed_is_always_said(stand: Stand) -> None:
    stand.ask(stand.broker.quote("AAPL"))
    bars(stand, "AAPL", limit=1)
    stocks = [call for call in stand.fake.calls if call.path.startswith("/v2/stocks")]
    assert [call.query["feed"] for call in stocks] == ["iex", "iex"]
    assert stocks[-1].query["adjustment"] == "split"


def test_46_a_quote_of_one_side_has_the_last_trade(stand: Stand) -> None:
    stand.fake.set_quote("AAPL", "0", "232.02", "231.40")
    quote = stand.ask(stand.broker.quote("AAPL"))
    assert (quote.bid, quote.last) == (Decimal(0), Decimal("231.4"))


def test_46_a_symbol_without_prices_is_not_found(stand: Stand) -> None:
    for symbol in ("NOPE", "XYZ/USD"):
        assert isinstance(raised(stand, stand.broker.quote(symbol)), SymbolNotFound)


# -- 41, 56, 57 and whose account it is


def test_the_account_shows_what_there_is(stand: Stand) -> None:
    stand.submit()
    stand.wait()
    account = stand.ask(stand.broker.account())
    assert account.balance == Decimal(100_000) - Decimal("2314.10")
    assert account.equity - account.balance == Decimal("2314.00")
    assert account.unrealized_pnl == Decimal("-0.1")
    assert account.currency == "USD"


def test_a_missing_amount_is_an_error_not_a_zero(stand: Stand) -> None:
    stand.fake.faults.plan(refuse(200, "x"), path="/v2/account")
    assert isinstance(raised(stand, stand.broker.account()), ProviderError)


def test_the_keys_of_another_account_do_nothing() -> None:
    memory = Notes()
    memory.remember("alpaca:account", b"11111111-1111-4111-8111-111111111111")
    stand = Stand(memory=memory)
    stand.broker.startService()
    stand.wait(5.0)
    for work in (stand.broker.submit(request()), stand.broker.positions()):
        refusal = raised(stand, work)
        assert isinstance(refusal, Unauthorized)
        assert "GATEWAY_STATE_DIR" in refusal.message
    assert stand.fake.orders == []
    stand.stop()


def test_the_account_is_remembered() -> None:
    stand = Stand()
    stand.start()
    assert stand.memory.values["alpaca:account"] == stand.fake.world.account.id.encode()
    stand.stop()
    stand.new_broker()
    stand.start()
    stand.stop()


def test_57_orders_of_several_legs_of_options_spoil_no_list(stand: Stand) -> None:
    stand.fake.hold_fills("AAPL")
    order = stand.submit()
    told = stand.fake.told_order(order.id)
    leg = {**told, "id": "leg", "type": "", "order_type": "", "symbol": "AAPL260619C00250000"}
    blank = {"symbol": "", "side": "", "asset_class": "", "position_intent": "", "qty": ""}
    group = {**told, **blank, "id": "group", "order_class": "mleg", "legs": [leg]}
    answer = Fault(answer=Answer(200, [group, told]))
    stand.fake.faults.plan(answer, "GET", "/v2/orders", times=2)
    found = stand.ask(stand.broker.open_orders())
    assert {each.id for each in found} == {order.id, "leg"}
    assert {each.parent_order_id for each in found} == {None}


def test_a_status_that_nobody_knows_is_pending(stand: Stand) -> None:
    stand.fake.hold_fills("AAPL")
    order = stand.submit()
    stand.fake.order(order.id).status = "meditating"
    assert stand.ask(stand.broker.order(order.id)).status is OrderStatus.PENDING
    stand.fake.tell("restated", order.id)
    stand.wait()
    last = stand.told.events[-1]
    assert isinstance(last, OrderEvent)
    assert last.order.status is OrderStatus.PENDING


def test_a_hole_in_what_was_streamed_shows_as_trades_of_the_same_names(stand: Stand) -> None:
    stand.fake.trading_stream.script.lose(1, "fill")
    order = stand.submit()
    stand.wait()
    assert stand.trades == []
    found: list[Trade] = stand.ask(stand.broker.trades(TradeQuery()))
    assert [trade.id for trade in found] == [f"{order.id}:10"]


def test_the_double_saw_nothing_but_calls_it_knows(stand: Stand) -> None:
    stand.submit()
    stand.ask(stand.broker.ping())
    fake: FakeAlpaca = stand.fake
    assert not [call for call in fake.calls if call.status is not None and call.status >= 400]
