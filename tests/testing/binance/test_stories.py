"""What happens to an account without its owner's doing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from .played import Played


def test_the_testnet_is_wiped() -> None:
    fake = Played()
    order = fake.place()["orderId"]
    fake.buy("1")
    fake.spot.wipe()
    _status, body = fake.call("GET", "/api/v3/order", symbol="SOLUSDC", orderId=order)
    assert body["code"] == -2013
    assert fake.spot.balances == {"USDC": 100_000, "USDT": 100_000}
    assert fake.spot.executions == []
    assert fake.place()["orderId"] > order


def test_somebody_trades_and_cancels_by_other_means() -> None:
    fake = Played()
    fake.place(newClientOrderId="mine")
    fake.client.take()
    fake.spot.trade_outside("SOLUSDC", "BUY", "0.0001")
    fake.spot.cancel_outside("mine")
    told = [(each["x"], each["c"][:4]) for each in fake.told if each["e"] == "executionReport"]
    assert told == [("NEW", "web_"), ("TRADE", "web_"), ("CANCELED", "web_")]


def test_deposits_are_told_as_they_are_and_in_sum() -> None:
    fake = Played()
    fake.spot.deposit("USDC", "250")
    [moved, money] = fake.told
    assert (moved["e"], moved["d"]) == ("balanceUpdate", "250.00000000")
    assert money["B"] == [{"a": "USDC", "f": "100250.00000000", "l": "0.00000000"}]


def test_a_symbol_that_is_halted_does_not_trade_until_it_does() -> None:
    fake = Played()
    order = fake.place()["orderId"]
    fake.spot.set_status("SOLUSDC", "HALT")
    fake.spot.set_quote("SOLUSDC", "80", "81")
    assert fake.status(order) == "NEW"
    fake.spot.set_status("SOLUSDC", "TRADING")
    assert fake.status(order) == "FILLED"


def test_fills_are_held_and_made_by_hand() -> None:
    fake = Played()
    fake.spot.hold_fills("SOLUSDC")
    order = fake.buy("3")["orderId"]
    assert fake.status(order) == "NEW"
    fake.spot.fill(order, "1", "101")
    assert fake.spot.executions[0].price == 101
    fake.spot.hold_fills("SOLUSDC", hold=False)
    assert fake.status(order) == "FILLED"
    with pytest.raises(ValueError, match="a fill needs"):
        fake.spot.fill(order)
    with pytest.raises(KeyError):
        fake.spot.order("nobody")


def test_the_engine_rejects_when_it_is_told_to() -> None:
    fake = Played()
    fake.spot.reject_next("SOLUSDC")
    assert fake.ask()[1]["code"] == -2010
    fake.place()
    fake.spot.world.placing.may_trade = False
    assert fake.ask()[1]["msg"] == "This action is disabled on this account."


def test_a_market_of_one_side_has_nothing_for_the_other() -> None:
    fake = Played()
    fake.spot.set_quote("SOLUSDC", "100", 0)
    assert fake.buy("1")["status"] == "EXPIRED"
    _status, told = fake.call("GET", "/api/v3/ticker/bookTicker", symbol="SOLUSDC")
    assert (told["askPrice"], told["askQty"]) == ("0.00000000", "0.00000000")
    assert fake.ask(symbol="ETHUSDT", type="MARKET", price=None)[1]["code"] == -2010


def test_the_ledger_is_whole_after_a_day_of_trading() -> None:
    fake = Played()
    for price in range(80, 120, 3):
        fake.spot.set_quote("SOLUSDC", price, price + 1)
        fake.ask(price=price + 1, quantity="1")
        fake.ask(side="SELL", price=price, quantity="0.9")
        fake.ask(price=price - 5, quantity="1")
    money = Decimal(100_000)
    for fill in fake.spot.executions:
        sign = -1 if fill.side == "BUY" else 1
        money += sign * fill.price * fill.qty
        money -= fill.commission if fill.commission_asset == "USDC" else 0
    assert fake.spot.balances["USDC"] == money
    locked = sum((order.need for order in fake.spot.orders if order.side == "BUY"), Decimal(0))
    assert fake.spot.locked("USDC") == locked > 0
