"""The gateway's core and the Alpaca broker together, on the double: exits, closes, bad days."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from tradegw.errors import GatewayError, OrderRejected
from tradegw.model.enums import OrderStatus, OrderType, Side, TimeInForce
from tradegw.model.events import AlertEvent
from tradegw.model.order import ClosePositionRequest, OrderChange, OrderHandle
from tradegw.model.protection import ExitsChange
from tradegw.model.trading import TradingState
from tradegw.testing.alpaca import drop, garble, html, reset, slow, stall, truncate

from .stand import request
from .whole import Whole

TEN = Decimal(10)


@pytest.fixture
def whole() -> Iterator[Whole]:
    whole = Whole()
    whole.start()
    yield whole
    whole.stop()


def test_a_bracket_covers_what_was_bought_from_the_first_moment(whole: Whole) -> None:
    whole.enter(stop_loss="220", take_profit="240")
    whole.wait(0.1)
    assert whole.protected("AAPL") == TEN
    assert whole.alerts == []
    whole.fake.set_quote("AAPL", "219.90", "219.92")
    whole.wait(10.0)
    assert whole.fake.positions == {}
    assert whole.ask(whole.core.reads.positions(None)) == []
    assert whole.alerts == []


def test_what_filled_in_part_is_covered_until_the_rest_does(whole: Whole) -> None:
    whole.fake.hold_fills("AAPL")
    entry = whole.enter(
        order_type=OrderType.LIMIT, limit_price="231", stop_loss="220", take_profit="240"
    )
    whole.wait()
    whole.fake.fill(entry.id, 4)
    whole.wait(8.0)
    assert whole.protected("AAPL") == Decimal(4)
    whole.fake.fill(entry.id)
    whole.wait(8.0)
    assert whole.protected("AAPL") == TEN


def test_what_filled_before_its_entry_was_cancelled_stays_covered(whole: Whole) -> None:
    whole.fake.hold_fills("AAPL")
    entry = whole.enter(order_type=OrderType.LIMIT, limit_price="231", stop_loss="220")
    whole.wait()
    whole.fake.fill(entry.id, 4)
    whole.wait(1.0)
    whole.ask(whole.core.desk.cancel(entry.id))
    whole.wait(10.0)
    assert whole.protected("AAPL") == Decimal(4)


def test_the_exits_of_a_position_are_moved_and_known_afterwards(whole: Whole) -> None:
    whole.enter(stop_loss="220", take_profit="240")
    whole.wait()
    change = ExitsChange(stop_loss=Decimal(225), take_profit=Decimal(245))
    moved = whole.ask(whole.core.desk.move_exits("AAPL_position", change))
    assert moved.stop_loss is not None
    whole.wait(2.0)
    working = [order for order in whole.fake.orders if order.is_open]
    assert sorted(str(order.stop_price or order.limit_price) for order in working) == ["225", "245"]


def test_the_exits_of_an_entry_that_was_changed_are_known_when_it_fills(whole: Whole) -> None:
    whole.fake.hold_fills("AAPL")
    entry = whole.enter(
        order_type=OrderType.LIMIT, limit_price="230", stop_loss="220", take_profit="240"
    )
    whole.wait()
    change = OrderChange(limit_price=Decimal(231))
    changed = whole.ask(whole.core.desk.replace(entry.id, change))
    assert changed.previous_order_id == entry.id
    whole.wait()
    whole.fake.fill(changed.order.id)
    whole.wait(0.5)
    told = {order.order_type for order in whole.core.blotter.told_working()}
    assert told == {OrderType.LIMIT, OrderType.STOP}
    assert whole.alerts == []


@pytest.mark.parametrize("exits", [{"take_profit": "240"}, {}])
@pytest.mark.parametrize("first", [4, 10])
def test_03_what_filled_although_its_change_was_accepted_stays_covered(
    whole: Whole, first: int, exits: dict[str, str]
) -> None:
    """The order in its place is rejected then, and was never the entry."""
    entry = whole.enter(order_type=OrderType.LIMIT, limit_price="200", stop_loss="190", **exits)
    whole.wait()
    whole.fake.world.desk.venue_seconds = 1.0
    whole.ask(whole.core.desk.replace(entry.id, OrderChange(limit_price=Decimal(201))))
    whole.fake.fill(entry.id, first)
    whole.wait(0.1)
    if first < TEN:
        whole.fake.fill(entry.id)
    whole.wait(60.0)
    assert whole.fake.positions == {"AAPL": TEN}
    assert whole.protected("AAPL") == TEN


def test_a_close_takes_the_exits_away_and_leaves_nothing(whole: Whole) -> None:
    whole.enter(stop_loss="220", take_profit="240")
    whole.wait()
    whole.ask(whole.core.desk.close_position("AAPL_position", ClosePositionRequest()))
    whole.wait(5.0)
    assert whole.fake.positions == {}
    assert [order for order in whole.fake.orders if order.is_open] == []


def test_crypto_is_covered_of_what_the_fee_left(whole: Whole) -> None:
    whole.enter(symbol="ETH/USD", quantity="2", stop_loss="2900", take_profit="3300")
    whole.wait(1.0)
    assert whole.protected("ETH/USD") == Decimal("1.995")
    assert whole.alerts == []
    whole.wait(200.0)
    assert whole.core.trading.status().state is TradingState.ACTIVE


def test_16_a_stop_that_a_resting_buy_keeps_away_is_placed_when_that_is_gone(
    whole: Whole,
) -> None:
    """However long it took, and without harm to the exits of anything else."""
    resting = whole.enter(
        symbol="ETH/USD", quantity="1", order_type=OrderType.LIMIT, limit_price="2990"
    )
    whole.wait()
    for _ in range(4):  # as many as would open a breaker
        whole.enter(symbol="ETH/USD", quantity="1", stop_loss="2800")
        whole.wait(1.0)
    assert whole.alerts
    whole.enter(quantity="2.5", stop_loss="220")
    whole.wait(2.0)
    assert whole.protected("AAPL") == Decimal("2.5")
    whole.wait(300.0)
    whole.ask(whole.core.desk.cancel(resting.id))
    whole.wait(120.0)
    assert whole.protected("ETH/USD") == whole.fake.positions["ETH/USD"]


def test_exits_of_fractions_are_placed_again_the_next_day(whole: Whole) -> None:
    whole.enter(quantity="2.5", stop_loss="220")
    whole.wait(2.0)
    assert whole.protected("AAPL") == Decimal("2.5")
    whole.fake.set_session("closed")
    whole.wait(30.0)
    whole.fake.set_session("regular")
    whole.wait(120.0)
    assert whole.protected("AAPL") == Decimal("2.5")


FAULTS = (
    lambda: html(502),
    lambda: html(502, accepted=True),
    drop,
    lambda: drop(accepted=True),
    lambda: reset(accepted=True),
    lambda: truncate(accepted=True),
    lambda: garble(accepted=True),
    stall,
    lambda: stall(accepted=True),
    lambda: slow(3.0),
)
CALLS = (("POST", "/v2/orders"), ("DELETE", "/v2/orders/*"), ("GET", "*"), ("PATCH", "*"))
NAMES = {"AAPL": "10", "ETH/USD": "0.5", "MSFT": "3"}
PRICES = {"AAPL": Decimal("231.40"), "ETH/USD": Decimal(3000), "MSFT": Decimal("411.10")}


class Day:
    """A bad day: orders, cancels, closes and prices, with whatever can go wrong."""

    def __init__(self, whole: Whole, seed: int) -> None:
        self.whole = whole
        self.random = random.Random(seed)
        self.answers: dict[str, list[Any]] = {}
        self.others: list[Deferred[Any]] = []
        self.prices = dict(PRICES)

    def run(self, steps: int = 25) -> None:
        for number in range(steps):
            doing = self.random.choice(
                [self._enter, self._enter, self._cancel, self._move, self._close, self._harm]
            )
            doing(number)
            self.whole.wait(self.random.choice([0.01, 0.3, 2.0, 12.0]))

    def _enter(self, number: int) -> None:
        symbol = self.random.choice(list(NAMES))
        price = self.prices[symbol]
        members: dict[str, Any] = {"symbol": symbol, "quantity": NAMES[symbol]}
        if self.random.random() < 0.4:
            near = (price * Decimal("0.999")).quantize(Decimal("0.01"))
            members |= {"order_type": OrderType.LIMIT, "limit_price": near}
        members["stop_loss"] = (price * Decimal("0.9")).quantize(Decimal("0.01"))
        if self.random.random() < 0.5:
            members["take_profit"] = (price * Decimal("1.1")).quantize(Decimal("0.01"))
        name = f"c{number}"
        answers = self.answers[name] = []
        wanted = request(client_order_id=name, **members)
        self.whole.core.desk.submit(wanted).addBoth(answers.append)

    def _cancel(self, _number: int) -> None:
        working = [order for order in self.whole.fake.orders if order.is_open]
        entries = [order for order in working if order.side == "buy"]
        if entries:
            self._ask(self.whole.core.desk.cancel(self.random.choice(entries).id))

    def _close(self, _number: int) -> None:
        held = list(self.whole.fake.positions)
        if held and self.random.random() < 0.5:
            name = self.random.choice(held).replace("/", "")
            wanted = ClosePositionRequest()
            self._ask(self.whole.core.desk.close_position(f"{name}_position", wanted))

    def _ask(self, work: Deferred[Any]) -> None:
        work.addErrback(lambda failure: failure.trap(GatewayError))
        self.others.append(work)

    def _move(self, _number: int) -> None:
        symbol = self.random.choice(list(NAMES))
        factor = Decimal(self.random.choice(["0.97", "0.995", "1.005", "1.03"]))
        price = self.prices[symbol] = (self.prices[symbol] * factor).quantize(Decimal("0.01"))
        self.whole.fake.set_quote(symbol, price - Decimal("0.01"), price + Decimal("0.01"))

    def _harm(self, _number: int) -> None:
        stream = self.whole.fake.trading_stream
        kind = self.random.randrange(6)
        if kind < 3:
            verb, path = self.random.choice(CALLS)
            self.whole.fake.faults.plan(self.random.choice(FAULTS)(), verb, path)
        elif kind == 3:
            stream.reset()
        elif kind == 4:
            stream.script.lose(self.random.randint(1, 3))
        else:
            stream.script.repeat(2, copies=3)

    def calm_down(self) -> None:
        self.whole.fake.faults.clear()
        self.whole.fake.trading_stream.script.clear()
        self.whole.wait(240.0)


@pytest.mark.parametrize("seed", range(30))
def test_after_a_bad_day_the_ledger_and_the_gateway_agree(seed: int) -> None:
    whole = Whole()
    whole.fake.set_quote("MSFT", "411.09", "411.11")
    whole.start()
    day = Day(whole, seed)
    day.run()
    day.calm_down()
    _one_order_at_most_for_each_intent(whole, day)
    _held_is_what_the_gateway_thinks(whole)
    _orders_are_as_they_were_told(whole)
    _what_is_held_is_covered(whole)
    _nothing_was_ended_wholesale(whole)
    whole.stop()


def _one_order_at_most_for_each_intent(whole: Whole, day: Day) -> None:
    ledger = Counter(order.client_order_id for order in whole.fake.orders)
    for name, answers in day.answers.items():
        assert ledger[name] <= 1, name
        assert len(answers) == 1, f"{name} was never answered"
        got = answers[0]
        if isinstance(got, OrderHandle):
            if got.outcome is None:
                assert ledger[name] == 1, name
        elif got.check(OrderRejected):
            assert ledger[name] == 0, name


def _held_is_what_the_gateway_thinks(whole: Whole) -> None:
    held = {symbol: whole.core.books.held(symbol) for symbol in whole.core.books.symbols()}
    assert held == whole.fake.positions
    status = whole.core.trading.status()
    is_distrusted = "does not tell of our orders" in (status.reason or "")  # it lost that much
    assert status.state is TradingState.ACTIVE or is_distrusted


def _orders_are_as_they_were_told(whole: Whole) -> None:
    working = {order.id for order in whole.fake.orders if order.is_open}
    told = {order.id for order in whole.core.blotter.told_working()}
    dormant = {order.id for order in whole.fake.orders if whole._is_dormant(order)}
    assert told - dormant == working - dormant
    for order in whole.fake.orders:
        known = whole.core.blotter.told(order.id)
        if known is not None and order.status == "filled":
            assert known.status is OrderStatus.FILLED


def _what_is_held_is_covered(whole: Whole) -> None:
    """Or it is shouted that it is not: Alpaca takes no stop as long as a buy of the same rests."""
    for symbol, quantity in whole.fake.positions.items():
        if quantity > 0 and whole.protected(symbol) != quantity:
            resting = [o for o in whole.fake.orders if o.is_open and o.side == "buy"]
            assert symbol in {order.asset.symbol for order in resting}, symbol
            recent = [
                alert
                for alert in whole.alerts
                if alert.timestamp > whole.now() - timedelta(seconds=90)
            ]
            assert symbol in {(alert.details or {}).get("symbol") for alert in recent}, symbol


def _nothing_was_ended_wholesale(whole: Whole) -> None:
    """Pitfall 58: Alpaca's own calls for that take no symbol, and end what others own as well."""
    deleted = {call.path for call in whole.fake.calls if call.verb == "DELETE"}
    assert all(path.startswith("/v2/orders/") for path in deleted)


def test_58_orders_of_one_symbol_are_cancelled_one_by_one(whole: Whole) -> None:
    for symbol, price in (("AAPL", "100"), ("AAPL", "101"), ("ETH/USD", "2000")):
        whole.enter(symbol=symbol, quantity="1", order_type=OrderType.LIMIT, limit_price=price)
    whole.wait()
    result = whole.ask(whole.core.desk.cancel_all("AAPL"))
    assert (result.cancelled_count, result.failed_count) == (2, 0)
    assert [order.asset.symbol for order in whole.fake.orders if order.is_open] == ["ETH/USD"]
    _nothing_was_ended_wholesale(whole)


def test_the_helpers_would_notice(whole: Whole) -> None:
    """An order by hand, of which the gateway hears nothing and that nobody protects."""
    whole.fake.trading_stream.script.lose(100)
    whole.fake.trade_outside("AAPL", "buy", 5)
    with pytest.raises(AssertionError):
        _held_is_what_the_gateway_thinks(whole)
    with pytest.raises(AssertionError):
        _what_is_held_is_covered(whole)
    assert whole.enter(side=Side.BUY, quantity="1").id


def test_30_a_pair_may_be_ordered_in_either_spelling(whole: Whole) -> None:
    asked = {"quantity": "0.5", "client_order_id": "c", "stop_loss": "1000"}
    handle = whole.enter(symbol="BTCUSD", **asked)
    assert whole.fake.orders[-1].asset.symbol == "BTC/USD"
    assert whole.enter(symbol="BTC/USD", **asked).id == handle.id
    whole.wait(5.0)
    assert whole.core.protection.position("BTCUSD").symbol == "BTC/USD"
    assert whole.ask(whole.core.reads.position("BTCUSD")).symbol == "BTC/USD"


def test_55_a_symbol_that_changes_overnight_is_shouted_about_and_loses_no_exit(
    whole: Whole,
) -> None:
    """Only the asset's id stays. Alpaca's own legs go with it; nothing new is opened in doubt."""
    whole.enter(stop_loss="220", take_profit="240", time_in_force=TimeInForce.GTC)
    whole.wait(1)
    whole.fake.rename("AAPL", "APPL")
    whole.wait(300)
    assert whole.protected("APPL") == TEN
    assert whole.core.trading.status().state is TradingState.REDUCE_ONLY
    told = [event.message for event in whole.sink.events if isinstance(event, AlertEvent)]
    assert any("AAPL: the broker holds 10 less" in each and "APPL" in each for each in told)
    positions = whole.ask(whole.broker.positions())
    assert [(one.symbol, one.quantity) for one in positions] == [("APPL", TEN)]
    whole.ask(whole.core.desk.close_position("APPL", ClosePositionRequest()))
    whole.wait(10)
    assert whole.fake.positions == {}
