"""What the stream tells of positions, money and funding."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

import pytest
from msgspec import structs
from twisted.internet.task import Clock

from tests.brokers.binance.stand import Notes
from tradegw.brokers.binance.futures import events, wire
from tradegw.brokers.binance.futures.aftermath import Aftermath
from tradegw.brokers.binance.futures.funding import Fundings
from tradegw.brokers.binance.futures.holdings import Holdings
from tradegw.brokers.binance.futures.instruments import Instruments
from tradegw.brokers.binance.futures.leverage import Leverages
from tradegw.brokers.binance.futures.venue import COIN_M, USD_M, Venue
from tradegw.brokers.binance.wire import read
from tradegw.errors import ProviderError, UnsupportedOperation
from tradegw.model.enums import AccountEventKind, MarginMode, PositionEventKind, PositionSide
from tradegw.model.events import AccountEvent, FinancingEvent, PositionEvent
from tradegw.testing.listener import Notebook

from .payloads import account_update, symbol

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
AT = 1767225804100

RISK = (
    b'[{"symbol":"SOLUSDT","positionSide":"BOTH","positionAmt":"-5","entryPrice":"131.48",'
    b'"breakEvenPrice":"131.4274","markPrice":"130.90210000","unRealizedProfit":"2.88950000",'
    b'"liquidationPrice":"201.334","isolatedMargin":"0","notional":"-654.51050000",'
    b'"marginAsset":"USDT","isolatedWallet":"0","initialMargin":"65.45105000",'
    b'"maintMargin":"3.27255250","adl":1,"updateTime":1767225804100},'
    b'{"symbol":"ETHUSDT","positionSide":"BOTH","positionAmt":"0","entryPrice":"0"}]'
)


class Exchange:
    def __init__(self) -> None:
        self.money = wire.Account(total_wallet_balance=Decimal(100))
        self.fails = 0
        self.asked = 0
        self.incomes: tuple[wire.Income, ...] = ()

    async def account(self) -> wire.Account:
        self.asked += 1
        if self.fails:
            self.fails -= 1
            raise ProviderError("Binance failed", "binance")
        return self.money

    async def positions(self, lane: Any) -> tuple[wire.Risk, ...]:
        return read(RISK, tuple[wire.Risk, ...])

    async def configs(self) -> tuple[wire.Config, ...]:
        return (wire.Config(symbol="SOLUSDT", margin_type="CROSSED", leverage=10),)

    async def fundings(self, since: int) -> tuple[wire.Income, ...]:
        return self.incomes


class Scene:
    def __init__(self, venue: Venue = USD_M, currency: str = "USDT") -> None:
        self.clock = Clock()
        self.exchange = cast("Any", Exchange())
        self.told = Notebook()
        instruments = Instruments(Notes())
        coin = symbol(symbol="BTCUSD_PERP", contractSize=100)
        instruments.learn([symbol(), coin])
        self.leverages = Leverages(self.exchange, venue)
        self.holdings = Holdings(
            self.exchange, venue, instruments, self.leverages, currency, lambda: NOON
        )
        fundings = Fundings(self.exchange, self.told, self.clock, lambda: self.holdings.currency)
        self.aftermath = Aftermath(self.holdings, fundings, self.told, lambda: NOON, self.clock)
        self.aftermath.saw([])

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            self.clock.advance(0.1)

    def all_of(self, kind: type) -> list[Any]:
        return [each for each in self.told.events if isinstance(each, kind)]

    @property
    def positions(self) -> list[tuple[PositionEventKind, str, Decimal]]:
        events = self.all_of(PositionEvent)
        return [(each.event, each.position.id, each.position.quantity) for each in events]


def ask(work: Any) -> Any:
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits")


def held(amount: str, **members: Any) -> dict[str, Any]:
    return {
        "s": "SOLUSDT",
        "pa": amount,
        "ep": "131.48",
        "up": "-0.11",
        "mt": "cross",
        "ps": "BOTH",
        **members,
    }


@pytest.fixture
def scene() -> Scene:
    return Scene()


OPENED, CHANGED = PositionEventKind.OPENED, PositionEventKind.MODIFIED
CLOSED = PositionEventKind.CLOSED


def test_a_position_is_told_as_it_opens_changes_and_closes(scene: Scene) -> None:
    for amount in ("5", "5", "3", "0", "0"):
        scene.aftermath.moved(account_update(P=[held(amount)]))
    assert scene.positions == [
        (OPENED, "SOLUSDT", Decimal(5)),
        (CHANGED, "SOLUSDT", Decimal(3)),
        (CLOSED, "SOLUSDT", Decimal(0)),
    ]


def test_what_an_older_connection_tells_late_is_left_out(scene: Scene) -> None:
    newest = account_update(P=[held("5")])
    scene.aftermath.moved(newest)
    scene.aftermath.moved(structs.replace(account_update(P=[held("3")]), T=newest.T - 1))
    assert scene.positions == [(OPENED, "SOLUSDT", Decimal(5))]


def test_its_price_follows_from_its_gain(scene: Scene) -> None:
    scene.aftermath.moved(account_update(P=[held("5")]))
    position = scene.all_of(PositionEvent)[0].position
    assert position.current_price == Decimal("131.458")
    assert position.margin_mode is MarginMode.CROSS


def test_a_position_that_is_turned_round_closes_and_opens(scene: Scene) -> None:
    scene.aftermath.moved(account_update(P=[held("5")]))
    scene.aftermath.moved(account_update(P=[held("-2")]))
    assert scene.positions[1:] == [
        (CLOSED, "SOLUSDT", Decimal(0)),
        (OPENED, "SOLUSDT", Decimal(2)),
    ]
    assert scene.all_of(PositionEvent)[-1].position.side is PositionSide.SHORT


def test_hedged_positions_are_two_and_the_third_row_is_none(scene: Scene) -> None:
    scene.holdings.hedging = True
    rows = [held("5", ps="LONG"), held("-3", ps="SHORT"), held("2", ps="BOTH")]
    scene.aftermath.moved(account_update(P=rows))
    assert scene.positions == [
        (OPENED, "SOLUSDT:LONG", Decimal(5)),
        (OPENED, "SOLUSDT:SHORT", Decimal(3)),
    ]


def test_nothing_is_told_before_it_is_known_what_was_held(scene: Scene) -> None:
    scene.aftermath.forget()
    scene.aftermath.moved(account_update())
    scene.wait(10)
    assert scene.told.events == []


def test_the_account_is_asked_soon_and_seldom(scene: Scene) -> None:
    for _ in range(20):
        scene.aftermath.moved(account_update())
        scene.wait(0.5)
    assert scene.exchange.asked == 2
    kinds = [each.event for each in scene.all_of(AccountEvent)]
    assert kinds == [AccountEventKind.BALANCE_UPDATED] * 2
    scene.aftermath.stop()


def test_a_margin_call_is_told_with_the_account_even_after_a_failure(scene: Scene) -> None:
    scene.exchange.fails = 1
    scene.aftermath.warned()
    scene.wait(10)
    kinds = [each.event for each in scene.all_of(AccountEvent)]
    assert kinds == [AccountEventKind.MARGIN_CALL]


def fee(amount: str, *rows: dict[str, Any]) -> events.AccountUpdate:
    balance = {"a": "USDT", "wb": "25110.77", "cw": "25110.77", "bc": amount}
    return account_update("FUNDING_FEE", B=[balance], P=list(rows))


def income(name: str, amount: str) -> wire.Income:
    return wire.Income(symbol=name, income=Decimal(amount), asset="USDT", time=AT - 100)


def test_funding_of_an_isolated_position_names_its_symbol(scene: Scene) -> None:
    scene.aftermath.moved(fee("-0.25", held("5", mt="isolated")))
    financing = scene.all_of(FinancingEvent)
    assert [(each.symbol, each.amount) for each in financing] == [("SOLUSDT", Decimal("-0.25"))]


def test_funding_across_positions_is_told_symbol_by_symbol(scene: Scene) -> None:
    scene.exchange.incomes = (income("SOLUSDT", "-0.25"), income("ETHUSDT", "0.10"))
    scene.aftermath.moved(fee("-0.15"))
    scene.aftermath.moved(fee("-0.15"))  # by another connection
    scene.wait(80)
    financing = [(each.symbol, each.amount) for each in scene.all_of(FinancingEvent)]
    assert financing == [("SOLUSDT", Decimal("-0.25")), ("ETHUSDT", Decimal("0.10"))]


def test_funding_that_does_not_add_up_is_told_as_it_came(scene: Scene) -> None:
    scene.exchange.incomes = (income("SOLUSDT", "-0.20"),)
    scene.aftermath.moved(fee("-0.15"))
    scene.wait(80)
    financing = [(each.symbol, each.amount) for each in scene.all_of(FinancingEvent)]
    assert financing == [("", Decimal("-0.15"))]


def test_positions_that_are_asked_for(scene: Scene) -> None:
    ask(scene.leverages.learn())
    found = ask(scene.holdings.positions())
    assert [(each.id, each.side, each.quantity) for each in found] == [
        ("SOLUSDT", PositionSide.SHORT, Decimal(5))
    ]
    assert (found[0].leverage, found[0].margin_mode) == (Decimal(10), MarginMode.CROSS)
    assert found[0].liquidation_price == Decimal("201.334")


def test_margin_used_is_what_binance_says_and_no_difference(scene: Scene) -> None:
    scene.exchange.money = wire.Account(
        total_wallet_balance=Decimal(100),
        total_margin_balance=Decimal(90),
        total_initial_margin=Decimal(20),
        available_balance=Decimal(60),
        total_unrealized_profit=Decimal(-10),
    )
    found = ask(scene.holdings.account())
    assert (found.balance, found.equity, found.margin_used) == (100, 90, 20)
    assert (found.margin_available, found.currency) == (60, "USDT")


def coins(**balances: str) -> wire.Account:
    assets = [
        wire.Asset(asset=name, wallet_balance=Decimal(held)) for name, held in balances.items()
    ]
    return wire.Account(assets=tuple(assets))


def test_on_coin_m_money_is_of_the_one_coin_there_is() -> None:
    scene = Scene(COIN_M)
    scene.exchange.money = coins(BTC="0", ETH="3.5")
    assert ask(scene.holdings.account()).currency == "ETH"
    scene = Scene(COIN_M)
    scene.exchange.money = coins(BTC="1", ETH="3.5")
    with pytest.raises(UnsupportedOperation, match="BINANCE_CURRENCY"):
        ask(scene.holdings.account())
    scene = Scene(COIN_M, "BTC")
    scene.exchange.money = coins(BTC="1", ETH="3.5")
    assert ask(scene.holdings.account()).balance == Decimal(1)


def test_on_coin_m_a_price_follows_from_a_gain_in_coins() -> None:
    scene = Scene(COIN_M)
    gain = 3 * 100 * (1 / Decimal(90000) - 1 / Decimal(91000))
    row = held("3", s="BTCUSD_PERP", ep="90000", up=str(gain))
    scene.aftermath.moved(account_update(P=[row]))
    position = scene.all_of(PositionEvent)[0].position
    assert position.quantity == Decimal(3)
    assert abs(position.current_price - 91000) < Decimal("0.001")
