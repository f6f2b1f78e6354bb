"""What is asked at the double: positions, money, prices, history, and what that costs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from twisted.internet.defer import Deferred

from tests.brokers.binance.stand import MORNING, Stand, request
from tradegw.brokers.binance import paging
from tradegw.brokers.binance.times import number_of
from tradegw.errors import (
    GatewayError,
    ProviderError,
    RateLimited,
    SymbolNotFound,
    Unauthorized,
    leaves_doubt,
)
from tradegw.model.account import Position, TradeQuery
from tradegw.model.enums import OrderType, Side, Timeframe
from tradegw.model.market import BarQuery
from tradegw.model.order import OrderQuery
from tradegw.testing.binance import refuse


@pytest.fixture
def stand() -> Iterator[Stand]:
    stand = Stand()
    stand.start()
    yield stand
    stand.stop()


def positions(stand: Stand) -> dict[str, Position]:
    return {each.symbol: each for each in stand.ask(stand.broker.positions())}


# -- positions and money


def test_22_a_position_costs_what_was_paid_for_what_was_received(stand: Stand) -> None:
    stand.submit()
    stand.wait()
    held = positions(stand)["SOLUSDC"]
    assert (held.id, held.quantity) == ("SOLUSDC", Decimal("9.99"))
    assert held.average_entry_price == Decimal("2.01201201201201201")
    assert held.current_price == Decimal("2.00")
    assert held.unrealized_pnl == Decimal("-0.12")
    assert MORNING <= held.opened_at <= stand.now()


def test_what_was_paid_in_has_no_cost_and_no_gain(stand: Stand) -> None:
    stand.spot.deposit("SOL", "5")
    held = positions(stand)["SOLUSDC"]
    assert held.quantity == Decimal(5)
    assert (held.average_entry_price, held.unrealized_pnl) == (Decimal(0), Decimal(0))


def test_less_than_a_step_is_no_position(stand: Stand) -> None:
    stand.submit(quantity="10.005")
    stand.submit(side=Side.SELL, quantity="9.994")
    assert stand.spot.balances["SOL"] == Decimal("0.000995")
    assert positions(stand) == {}


def test_what_is_worth_too_little_to_be_sold_by_itself_is_held_all_the_same(stand: Stand) -> None:
    stand.submit()
    held = positions(stand)["SOLUSDC"]
    stand.submit(side=Side.SELL, quantity=held.quantity - Decimal(1))
    assert positions(stand)["SOLUSDC"].quantity == 1  # worth 2; less than 5 is not sold


def test_cash_and_what_is_traded_nowhere_is_no_position(stand: Stand) -> None:
    stand.spot.deposit("LDSOL", "5")
    assert positions(stand) == {}
    assert stand.ask(stand.broker.account()).balance == Decimal(100_000)


def test_a_position_is_told_in_the_symbol_it_was_bought_in(stand: Stand) -> None:
    stand.spot.set_quote("SOLUSDT", "2.00", "2.01")
    stand.submit(symbol="SOLUSDT")
    assert set(positions(stand)) == {"SOLUSDT"}


def test_money_is_told_in_one_currency(stand: Stand) -> None:
    stand.submit()
    stand.wait()
    account = stand.ask(stand.broker.account())
    assert account.currency == "USDC"
    assert account.balance == Decimal("99979.9")
    assert account.margin_available == Decimal("99979.9")
    assert account.margin_used == Decimal(0)
    assert account.unrealized_pnl == Decimal("-0.12")
    assert account.equity >= account.balance + Decimal("19.98")


def test_the_keys_of_another_account_do_nothing(stand: Stand) -> None:
    stand.memory.values["binance:account"] = b"1"
    stand.ask(stand.broker.stopService())
    stand.new_broker()
    stand.broker.startService()
    stand.wait(5.0)
    assert isinstance(stand.refused(stand.broker.submit(request())), Unauthorized)
    assert stand.spot.orders == []


# -- history


class Ledger:
    """Records one a minute, of which so many are shown at a time."""

    def __init__(self, count: int, most: int) -> None:
        self.times = [number_of(MORNING) - 60_000 * each for each in range(count, 0, -1)]
        self.most = most
        self.asked: list[tuple[tuple[str, str], ...]] = []

    async def ask(self, query: paging.Query) -> list[int]:
        self.asked.append(query)
        given = dict(query)
        if not given:
            return self.times[-self.most :]
        start, end = int(given["startTime"]), int(given["endTime"])
        assert end - start <= 86_400_000
        return [each for each in self.times if start <= each <= end][: self.most]


@pytest.mark.parametrize(("count", "most"), [(50, 100), (5000, 1000), (5000, 4000), (300, 7)])
def test_history_is_read_in_windows_of_a_day_and_is_whole(
    stand: Stand, count: int, most: int
) -> None:
    ledger = Ledger(count, most)
    since = MORNING - timedelta(minutes=min(count, 290))
    work = paging.history(ledger.ask, lambda each: each, lambda each: each, most, since)
    found = stand.ask(Deferred.fromCoroutine(work))
    wanted = [each for each in ledger.times if each >= number_of(since)]
    assert [each for each in found if each >= number_of(since)] == wanted


def test_more_at_one_moment_than_is_shown_is_said(stand: Stand) -> None:
    ledger = Ledger(10, 3)
    ledger.times = [number_of(MORNING) - 60_000] * 9 + [number_of(MORNING)] * 3
    work = paging.history(
        ledger.ask, lambda each: each, lambda each: each, 3, MORNING - 2 * paging.WINDOW
    )
    assert isinstance(stand.refused(Deferred.fromCoroutine(work)), ProviderError)


def test_what_is_asked_of_an_unknown_symbol_is_nothing(stand: Stand) -> None:
    assert stand.ask(stand.broker.trades(TradeQuery(symbol="NOSUCH"))) == []
    assert stand.ask(stand.broker.closed_orders(OrderQuery(symbol="NOSUCH"))) == []


# -- prices


def test_a_quote(stand: Stand) -> None:
    quote = stand.ask(stand.broker.quote("SOLUSDC"))
    assert (quote.bid, quote.ask) == (Decimal("2.00"), Decimal("2.01"))
    assert isinstance(stand.refused(stand.broker.quote("NOSUCH")), SymbolNotFound)


def test_the_unfinished_bar_is_left_out(stand: Stand) -> None:
    stand.spot.invent_bars("SOLUSDC", 600)
    bars = stand.ask(stand.broker.bars("SOLUSDC", BarQuery(timeframe=Timeframe.M1, limit=30)))
    assert 29 <= len(bars) <= 30
    assert bars[-1].timestamp + timedelta(minutes=1) <= stand.now()
    assert [bar.timestamp for bar in bars] == sorted(bar.timestamp for bar in bars)


@pytest.mark.parametrize(
    ("frame", "source"), [(Timeframe.M2, Timeframe.M1), (Timeframe.M10, Timeframe.M5)]
)
def test_bars_that_the_exchange_lacks_are_made_of_shorter_ones(
    stand: Stand, frame: Timeframe, source: Timeframe
) -> None:
    stand.spot.invent_bars("SOLUSDC", 600)
    made = stand.ask(stand.broker.bars("SOLUSDC", BarQuery(timeframe=frame, limit=5)))
    parts = stand.ask(stand.broker.bars("SOLUSDC", BarQuery(timeframe=source, limit=30)))
    assert 4 <= len(made) <= 5
    for bar in made:
        assert bar.timeframe is frame
        assert bar.timestamp.timestamp() % frame.seconds == 0
        end = bar.timestamp + timedelta(seconds=frame.seconds)
        inside = [each for each in parts if bar.timestamp <= each.timestamp < end]
        assert len(inside) == frame.seconds // source.seconds
        assert (bar.open, bar.close) == (inside[0].open, inside[-1].close)
        assert bar.volume == sum(each.volume for each in inside)


def test_many_bars_come_in_pages(stand: Stand) -> None:
    stand.spot.invent_bars("SOLUSDC", 2600)
    start = MORNING - timedelta(minutes=2500)
    query = BarQuery(timeframe=Timeframe.M1, start=start)
    bars = stand.ask(stand.broker.bars("SOLUSDC", query))
    assert len(bars) >= 2499
    assert bars[0].timestamp >= start
    gaps = {second.timestamp - first.timestamp for first, second in itertools.pairwise(bars)}
    assert gaps == {timedelta(minutes=1)}


# -- limits


def test_28_a_gateway_that_compares_every_minute_spends_little(stand: Stand) -> None:
    for _ in range(10):
        stand.ask(stand.broker.open_orders())
        stand.ask(stand.broker.positions())
        stand.ask(stand.broker.account())
        stand.ask(stand.broker.trades(TradeQuery()))
        stand.wait(60.0)
    weight = next(each for each in stand.broker.limits().limits if each.name == "weight")
    assert weight.capacity - weight.left < 300
    assert all(call.status not in (429, 418) for call in stand.fake.calls)


def test_28_a_greedy_caller_waits_and_is_not_banned(stand: Stand) -> None:
    work = [stand.broker.open_orders() for _ in range(200)]
    for each in work:
        each.addErrback(lambda failure: failure.trap(GatewayError) and None)
    stand.wait(200.0)
    assert all(call.status not in (429, 418) for call in stand.fake.calls)


def test_429_stops_everything_for_as_long_as_it_says(stand: Stand) -> None:
    stand.fake.faults.plan(
        refuse(429, -1003, "Too many requests.", retry_after=30), "GET", "/api/v3/account"
    )
    refusal = stand.refused(stand.broker.positions())
    assert isinstance(refusal, RateLimited)
    before = len(stand.fake.calls)
    assert isinstance(stand.refused(stand.broker.quote("SOLUSDC"), 5.0), RateLimited)
    sent = stand.refused(stand.broker.submit(request(order_type=OrderType.MARKET)), 5.0)
    assert isinstance(sent, RateLimited)
    assert not leaves_doubt(sent)
    assert len(stand.fake.calls) == before
    stand.wait(31.0)
    assert stand.ask(stand.broker.positions()) == []


def test_too_many_orders_do_not_keep_a_cancel_from_leaving(stand: Stand) -> None:
    order = stand.submit(order_type=OrderType.LIMIT, limit_price="1.5", client_order_id="c-1")
    stand.fake.faults.plan(
        refuse(429, -1015, "Too many new orders.", retry_after=9), "POST", "/api/v3/order"
    )
    assert isinstance(stand.refused(stand.broker.submit(request())), RateLimited)
    stand.wait(0.1)
    stand.ask(stand.broker.cancel(order.id), 1.0)


def test_limits_are_those_of_the_exchange(stand: Stand) -> None:
    stand.submit()
    shown = {each.name: each.capacity for each in stand.broker.limits().limits}
    assert shown["orders in 10 seconds"] == 100
    assert shown["weight"] == 6000
