"""COIN-M: contracts of dollars, money in coins, lists where others have one row."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from .played import Played

PERP = {"symbol": "BTCUSD_PERP"}


@pytest.fixture
def fake() -> Played:
    fake = Played()
    fake.coin_futures.set_quote("BTCUSD_PERP", "50000", "50000", "50000")
    return fake


def dcall(fake: Played, verb: str, path: str, **params: Any) -> Any:
    status, body = fake.call(verb, f"/dapi/v1/{path}", **params)
    assert status == 200, body
    return body


def market(fake: Played, side: str, qty: str, **params: Any) -> Any:
    return dcall(fake, "POST", "order", **PERP, side=side, type="MARKET", quantity=qty, **params)


def test_profit_is_in_coins(fake: Played) -> None:
    told = market(fake, "BUY", "100", newOrderRespType="RESULT")
    assert (told["pair"], told["status"], told["executedQty"]) == ("BTCUSD", "FILLED", "100")
    assert "cumBase" not in told
    fake.coin_futures.set_quote("BTCUSD_PERP", "62500", "62500")
    market(fake, "SELL", "100")
    fill = fake.coin_futures.executions[-1]
    assert fill.realized == Decimal("0.04")  # 10000 dollars, 0.2 coins then and 0.16 now
    assert fill.commission == Decimal("0.000064")
    assert fake.coin_futures.balances["BTC"] == 2 + Decimal("0.04") - Decimal("0.000144")


def test_the_average_is_the_harmonic_mean(fake: Played) -> None:
    market(fake, "BUY", "100")
    fake.coin_futures.set_quote("BTCUSD_PERP", "62500", "62500")
    market(fake, "BUY", "100")
    [position] = fake.coin_futures.world.wallet.held()
    assert position.entry.quantize(Decimal("0.01")) == Decimal("55555.56")


def test_there_are_no_totals_and_no_notional(fake: Played) -> None:
    market(fake, "BUY", "100")
    account = dcall(fake, "GET", "account")
    assert not [name for name in account if name.startswith("total")]
    assert account["assets"][0]["asset"] == "BTC"
    row = dcall(fake, "GET", "positionRisk", pair="BTCUSD")[0]
    assert (row["positionAmt"], row["leverage"]) == ("100", "20")
    assert "notional" not in row
    assert len(dcall(fake, "GET", "positionRisk", symbol="BTCUSD_PERP")) == 3


def test_even_one_row_is_a_list(fake: Played) -> None:
    [row] = dcall(fake, "GET", "ticker/bookTicker", **PERP)
    assert (row["symbol"], row["pair"]) == ("BTCUSD_PERP", "BTCUSD")
    info = dcall(fake, "GET", "exchangeInfo")["symbols"][0]
    assert (info["contractStatus"], info["contractSize"]) == ("TRADING", 100)


def test_stops_go_the_way_of_conditional_orders(fake: Played) -> None:
    market(fake, "BUY", "100")
    dcall(fake, "POST", "algoOrder", **PERP, algoType="CONDITIONAL", side="SELL",
          type="STOP_MARKET", triggerPrice="45000", closePosition="true")  # fmt: skip
    fake.coin_futures.set_quote("BTCUSD_PERP", "44000", "44001")
    assert fake.coin_futures.positions == {}
    assert fake.call("POST", "/dapi/v1/order", **PERP, side="SELL", type="STOP_MARKET",
                     quantity="1", stopPrice="40000")[1]["code"] == -4120  # fmt: skip


def test_trades_are_asked_for_by_symbol_or_pair(fake: Played) -> None:
    market(fake, "BUY", "100")
    [row] = dcall(fake, "GET", "userTrades", pair="BTCUSD")
    assert (row["baseQty"], row["marginAsset"]) == ("0.20000000", "BTC")
    assert fake.call("GET", "/dapi/v1/userTrades")[1]["code"] == -1102
