"""Futures: positions, conditional orders, modes, margin, and the streams by class."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

import pytest

from tradegw.testing.binance.wires import Wire

from .played import Client, Played

BTC: dict[str, Any] = {"symbol": "BTCUSDT"}
STOP: dict[str, Any] = {
    "algoType": "CONDITIONAL",
    "symbol": "BTCUSDT",
    "side": "SELL",
    "type": "STOP_MARKET",
    "triggerPrice": "49000",
    "quantity": "0.1",
    "clientAlgoId": "stop",
}


class Future(Played):
    """The same, with a listener to the private stream of USD-M."""

    def __init__(self, **terms: Any) -> None:
        super().__init__(**terms)
        self.usd_futures.set_quote("BTCUSDT", "50000", "50001", "50000")
        self.key = self.fcall("POST", "listenKey")[1]["listenKey"]
        self.private = Client(f"/private/ws/{self.key}")
        self.futures_streams.private.joined(cast("Wire", self.private))

    def fcall(self, verb: str, path: str, version: int = 1, **params: Any) -> tuple[int, Any]:
        return self.call(verb, f"/fapi/v{version}/{path}", **params)

    def order(self, **params: Any) -> dict[str, Any]:
        status, body = self.forder(**params)
        assert status == 200, body
        return cast("dict[str, Any]", body)

    def forder(self, **params: Any) -> tuple[int, Any]:
        wanted: dict[str, Any] = {**BTC, "side": "BUY", "type": "MARKET", "quantity": "0.1"}
        if params.get("type") == "LIMIT":
            wanted |= {"timeInForce": "GTC", "price": "49500"}
        return self.fcall("POST", "order", **(wanted | params))

    def algo(self, **params: Any) -> dict[str, Any]:
        status, body = self.fcall("POST", "algoOrder", **{**STOP, **params})
        assert status == 200, body
        return cast("dict[str, Any]", body)

    @property
    def held(self) -> dict[tuple[str, str], Decimal]:
        return self.usd_futures.positions

    def events(self) -> list[tuple[str, str]]:
        """The kind of each event since, and what it says of its subject."""
        return [
            (each["e"], each["o"]["X"] if "o" in each else each.get("a", {}).get("m", ""))
            for each in self.private.take()
        ]


def test_an_acknowledgement_does_not_know_what_became_of_the_order() -> None:
    fake = Future()
    told = fake.order()
    assert (told["status"], told["executedQty"], fake.held) == (
        "NEW", "0", {("BTCUSDT", "BOTH"): Decimal("0.1")},
    )  # fmt: skip
    assert "avgPrice" not in told
    assert "time" not in told
    assert fake.order(newOrderRespType="RESULT")["status"] == "FILLED"
    _status, found = fake.fcall("GET", "order", **BTC, orderId=told["orderId"])
    assert (found["avgPrice"], found["status"]) == ("50001.00000", "FILLED")


def test_a_fill_is_told_thrice_and_changes_the_money() -> None:
    fake = Future()
    fake.order()
    assert fake.events() == [
        ("ORDER_TRADE_UPDATE", "NEW"),
        ("TRADE_LITE", ""),
        ("ORDER_TRADE_UPDATE", "FILLED"),
        ("ACCOUNT_UPDATE", "ORDER"),
    ]
    fake.usd_futures.set_quote("BTCUSDT", "51001", "51002")
    fake.order(side="SELL")
    fill = fake.usd_futures.executions[-1]
    assert (fill.realized, fill.commission) == (Decimal(100), Decimal("2.04004"))
    closed = fake.private.take()[-1]["a"]["P"][0]
    assert (closed["pa"], closed["ep"], closed["cr"]) == ("0", "0.00000", "100.00000000")
    assert fake.held == {}
    _status, [_entry, exit_] = fake.fcall("GET", "userTrades", **BTC)
    assert exit_["realizedPnl"] == "100.00000000"


def test_a_position_turns_over() -> None:
    fake = Future()
    fake.order()
    fake.order(side="SELL", quantity="0.3")
    [position] = fake.usd_futures.world.wallet.held()
    assert (position.amount, position.entry) == (Decimal("-0.2"), Decimal(50_000))


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"type": "STOP_MARKET", "stopPrice": "49000"}, -4120),
        ({"type": "TRAILING_STOP_MARKET"}, -4120),
        ({"type": "LIMIT_MAKER"}, -1116),
        ({"type": "LIMIT", "price": None}, -1102),
        ({"type": "LIMIT", "price": "49500.05"}, -4014),
        ({"type": "LIMIT", "price": "53000"}, -4016),
        ({"type": "LIMIT", "side": "SELL", "price": "47000"}, -4024),
        ({"type": "LIMIT", "price": "51000", "timeInForce": "GTX"}, -5022),
        ({"type": "LIMIT", "timeInForce": "GTD", "goodTillDate": "1772466600000"}, -5040),
        ({"quantity": "0.0001"}, -4004),
        ({"quantity": "0.0015"}, -1111),
        ({"quantity": "500"}, -4005),
        ({"quantity": "0.001"}, -4164),
        ({"quantity": "12"}, -2019),
        ({"reduceOnly": "true"}, -2022),
        ({"positionSide": "LONG"}, -4061),
        ({"newClientOrderId": "what?"}, -4015),
        ({"symbol": "NOPE"}, -1121),
        ({"price": "50000"}, -1106),
    ],
)
def test_what_is_wrong_is_refused(params: dict[str, Any], code: int) -> None:
    fake = Future()
    status, body = fake.forder(**params)
    assert (status, body["code"]) == (400, code)
    assert not fake.usd_futures.orders


def test_client_ids_are_unique_among_open_orders() -> None:
    fake = Future()
    fake.order(type="LIMIT", newClientOrderId="a/b:1.2")
    assert fake.forder(newClientOrderId="a/b:1.2")[1]["code"] == -4116
    fake.usd_futures.fill("a/b:1.2")
    fake.order(newClientOrderId="a/b:1.2")


def test_orders_are_modified_in_place() -> None:
    fake = Future()
    order = fake.order(type="LIMIT")["orderId"]
    modify = {**BTC, "orderId": order, "side": "BUY"}
    assert fake.fcall("PUT", "order", **modify, quantity="0.2")[1]["code"] == -1102
    status, told = fake.fcall("PUT", "order", **modify, quantity="0.2", price="49400")
    assert (status, told["orderId"], told["origQty"]) == (200, order, "0.2")
    assert fake.private.take()[-1]["o"]["x"] == "AMENDMENT"
    same = fake.fcall("PUT", "order", **modify, quantity="0.2", price="49400")
    assert same[1]["code"] == -5027
    fake.usd_futures.fill(order, "0.15")
    less = fake.fcall("PUT", "order", **modify, quantity="0.15", price="49400")
    assert less[1]["status"] == "CANCELED"


def test_orders_are_cancelled_one_by_one_and_all_at_once() -> None:
    fake = Future()
    order = fake.order(type="LIMIT")["orderId"]
    assert fake.fcall("DELETE", "order", **BTC, orderId=order)[1]["status"] == "CANCELED"
    assert fake.fcall("DELETE", "order", **BTC, orderId=order)[1]["code"] == -2011
    fake.order(type="LIMIT")
    fake.algo()
    assert fake.fcall("DELETE", "allOpenOrders", **BTC)[1]["code"] == 200
    assert fake.fcall("GET", "openOrders")[1] == []
    assert len(fake.fcall("GET", "openAlgoOrders")[1]) == 1
    assert fake.fcall("DELETE", "algoOpenOrders", **BTC)[1]["code"] == 200
    assert fake.fcall("GET", "openAlgoOrders")[1] == []


def test_a_batch_answers_each_by_itself() -> None:
    fake = Future()
    good = '{"symbol":"BTCUSDT","side":"BUY","type":"MARKET","quantity":"0.1"}'
    status, [one, other] = fake.fcall(
        "POST", "batchOrders", batchOrders=f"[{good},{good.replace('MARKET', 'STOP')}]"
    )
    assert (status, one["status"], other["code"]) == (200, "NEW", -4120)


def test_a_stop_waits_outside_of_the_book_and_becomes_an_order() -> None:
    fake = Future()
    fake.order()
    told = fake.algo(reduceOnly="true")
    assert (told["algoStatus"], told["triggerPrice"]) == ("NEW", "49000.000")
    assert fake.fcall("GET", "openOrders")[1] == []
    fake.events()
    fake.usd_futures.set_quote("BTCUSDT", "48990", "48991")
    assert fake.held == {}
    assert [each for each in fake.events() if each[0] == "ALGO_UPDATE"] == [
        ("ALGO_UPDATE", "TRIGGERING"),
        ("ALGO_UPDATE", "TRIGGERED"),
        ("ALGO_UPDATE", "FINISHED"),
    ]
    _status, found = fake.fcall("GET", "algoOrder", clientAlgoId="stop")
    child = fake.usd_futures.order(int(found["actualOrderId"]))
    assert (found["algoStatus"], found["actualQty"]) == ("FINISHED", "0.1")
    assert (child.type, child.original, child.client_id) == ("MARKET", "STOP_MARKET", "stop")


def test_whether_there_is_anything_to_close_is_asked_when_it_triggers() -> None:
    fake = Future()
    fake.algo(reduceOnly="true")
    fake.usd_futures.set_quote("BTCUSDT", "48990", "48991")
    algo = fake.usd_futures.algo("stop")
    assert (algo.status, algo.reject_reason) == ("REJECTED", "ReduceOnly Order is rejected.")


def test_a_stop_may_close_all_there_is() -> None:
    fake = Future()
    fake.order(quantity="0.3")
    fake.algo(closePosition="true", quantity=None, workingType="MARK_PRICE")
    fake.usd_futures.set_quote("BTCUSDT", "48990", "48991", mark="50000")
    assert fake.held
    fake.usd_futures.set_quote("BTCUSDT", "48990", "48991")
    assert fake.held == {}


def test_a_trailing_stop_is_told_of_twice() -> None:
    fake = Future()
    fake.order()
    trailing = {"type": "TRAILING_STOP_MARKET", "triggerPrice": None, "callbackRate": "1"}
    fake.algo(**trailing, activatePrice="51000", reduceOnly="true")
    fake.usd_futures.set_quote("BTCUSDT", "51500", "51501", "51500")
    news = [each["o"]["ia"] for each in fake.private.take() if each["e"] == "ALGO_UPDATE"]
    assert news == [False, True]
    fake.usd_futures.set_quote("BTCUSDT", "50990", "50991", "50990")
    assert fake.held
    fake.usd_futures.set_quote("BTCUSDT", "50980", "50981", "50980")
    assert fake.held == {}


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"triggerPrice": "50500"}, -2021),
        ({"stopPrice": "49000"}, -1106),
        ({"type": "STOP"}, -1102),
        ({"type": "LIMIT"}, -1116),
        ({"quantity": None}, -1102),
        ({"closePosition": "true"}, -4137),
        ({"type": "TRAILING_STOP_MARKET", "callbackRate": "30"}, -4136),
        ({"algoType": None}, -1102),
    ],
)
def test_conditions_that_make_no_sense_are_refused(params: dict[str, Any], code: int) -> None:
    assert Future().fcall("POST", "algoOrder", **{**STOP, **params})[1]["code"] == code


def test_a_conditional_order_is_cancelled_without_its_symbol() -> None:
    fake = Future()
    algo = fake.algo()
    told = fake.fcall("DELETE", "algoOrder", algoId=algo["algoId"])[1]
    assert (told["code"], told["clientAlgoId"]) == ("200", "stop")
    assert fake.fcall("DELETE", "algoOrder", algoId=algo["algoId"])[1]["code"] == -2011


def test_a_hedge_is_two_positions() -> None:
    fake = Future()
    assert fake.fcall("POST", "positionSide/dual", dualSidePosition="false")[1]["code"] == -4059
    assert fake.fcall("POST", "positionSide/dual", dualSidePosition="true")[0] == 200
    assert fake.call("GET", "/dapi/v1/positionSide/dual")[1] == {"dualSidePosition": True}
    assert fake.forder()[1]["code"] == -4061
    assert fake.forder(positionSide="LONG", reduceOnly="true")[1]["code"] == -1106
    fake.order(positionSide="LONG")
    fake.order(positionSide="SHORT", side="SELL", quantity="0.2")
    assert fake.held == {
        ("BTCUSDT", "LONG"): Decimal("0.1"),
        ("BTCUSDT", "SHORT"): Decimal("-0.2"),
    }
    _status, rows = fake.fcall("GET", "positionRisk", version=3)
    assert [each["positionAmt"] for each in rows] == ["0.1", "-0.2"]
    assert fake.forder(positionSide="LONG", side="SELL", quantity="0.2")[1]["code"] == -2022
    fake.order(positionSide="LONG", side="SELL")
    assert fake.fcall("POST", "positionSide/dual", dualSidePosition="false")[1]["code"] == -4068


def test_leverage_and_margin_types_are_set() -> None:
    fake = Future()
    assert fake.fcall("POST", "leverage", **BTC, leverage="10")[1]["leverage"] == 10
    assert fake.private.take()[-1]["ac"] == {"s": "BTCUSDT", "l": 10}
    assert fake.fcall("POST", "leverage", **BTC, leverage="200")[1]["code"] == -4028
    assert fake.fcall("POST", "marginType", **BTC, marginType="CROSSED")[1]["code"] == -4046
    assert fake.fcall("POST", "marginType", **BTC, marginType="ISOLATED")[1]["code"] == 200
    _status, [row] = fake.fcall("GET", "symbolConfig", **BTC)
    assert (row["marginType"], row["leverage"]) == ("ISOLATED", 10)
    fake.order()
    assert fake.fcall("POST", "marginType", **BTC, marginType="CROSSED")[1]["code"] == -4048
    _status, [row] = fake.fcall("GET", "positionRisk", version=3)
    assert row["isolatedMargin"] == "500.00000000"
    assert "leverage" not in row
    _status, rows = fake.fcall("GET", "positionRisk", version=2)
    assert rows[0]["leverage"] == "10"
    assert len(rows) == 4


def test_the_account_adds_up() -> None:
    fake = Future()
    fake.order(quantity="1")
    fake.usd_futures.set_quote("BTCUSDT", "50500", "50502", mark="50501")
    _status, told = fake.fcall("GET", "account", version=3)
    fee = Decimal(50001) * Decimal("0.0004")
    assert Decimal(told["totalWalletBalance"]) == 25_000 - fee
    assert told["totalUnrealizedProfit"] == "500.00000000"
    assert Decimal(told["totalMarginBalance"]) == 25_500 - fee
    assert told["totalInitialMargin"] == "2525.05000000"


def test_funding_is_paid_and_told() -> None:
    fake = Future()
    fake.order()
    fake.private.take()
    fake.usd_futures.fund("BTCUSDT", "0.0001")
    [event] = fake.private.take()
    assert (event["a"]["m"], event["a"]["B"][0]["bc"], event["a"]["P"]) == (
        "FUNDING_FEE", "-0.50000000", [],
    )  # fmt: skip
    _status, [row] = fake.fcall("GET", "income", incomeType="FUNDING_FEE")
    assert (row["income"], row["symbol"]) == ("-0.50000000", "BTCUSDT")


def test_who_runs_out_of_money_is_liquidated() -> None:
    fake = Future()
    fake.order(quantity="9")
    fake.usd_futures.call_margin("BTCUSDT")
    assert fake.private.take()[-1]["e"] == "MARGIN_CALL"
    fake.usd_futures.set_quote("BTCUSDT", "47000", "47001")
    assert fake.held == {}
    told = [each["o"] for each in fake.private.take() if each["e"] == "ORDER_TRADE_UPDATE"]
    assert told[-1]["c"].startswith("autoclose-")
    assert (told[-1]["x"], told[-1]["X"]) == ("CALCULATED", "FILLED")


def test_a_dead_mans_switch_cancels_orders() -> None:
    fake = Future()
    order = fake.order(type="LIMIT")["orderId"]
    fake.fcall("POST", "countdownCancelAll", **BTC, countdownTime="5000")
    fake.clock.advance(4)
    fake.fcall("POST", "countdownCancelAll", **BTC, countdownTime="5000")
    fake.clock.advance(4)
    assert fake.usd_futures.order(order).status == "NEW"
    fake.clock.advance(1)
    assert fake.usd_futures.order(order).status == "CANCELED"


def test_an_order_may_have_a_date_on_which_it_ends() -> None:
    fake = Future()
    until = fake.stamps.ms() + 700_000
    order = fake.order(type="LIMIT", timeInForce="GTD", goodTillDate=until)["orderId"]
    fake.clock.advance(699)
    assert fake.usd_futures.order(order).status == "NEW"
    fake.clock.advance(1)
    assert fake.usd_futures.order(order).status == "EXPIRED"


def test_a_listen_key_lives_an_hour() -> None:
    fake = Future()
    fake.clock.advance(3000)
    assert fake.fcall("PUT", "listenKey")[0] == 200
    assert fake.fcall("POST", "listenKey")[1]["listenKey"] == fake.key
    fake.clock.advance(3599)
    assert fake.events() == []
    fake.clock.advance(1)
    assert fake.private.take()[0]["e"] == "listenKeyExpired"
    assert fake.fcall("PUT", "listenKey")[1]["code"] == -1125
    fake.fcall("POST", "listenKey")
    fake.order()
    assert fake.events() == []  # the old connection listens to the old key


def test_private_events_may_be_chosen_and_wrapped() -> None:
    fake = Future()
    chosen = Client("/private/ws", listenKey=fake.key, events="ACCOUNT_UPDATE")
    wrapped = Client("/private/stream", streams=fake.key)
    for client in (chosen, wrapped):
        fake.futures_streams.private.joined(cast("Wire", client))
    fake.order()
    assert [each["e"] for each in chosen.take()] == ["ACCOUNT_UPDATE"]
    assert {each["stream"] for each in wrapped.take()} == {fake.key}


def test_streams_of_another_class_are_silent() -> None:
    fake = Future()
    routes, wanted = fake.futures_streams, "btcusdt@bookTicker/btcusdt@markPrice"
    clients = {
        name: Client(f"/{name}/stream", streams=wanted) for name in ("public", "market", "unrouted")
    }
    for name, client in clients.items():
        getattr(routes, name).joined(cast("Wire", client))
    fake.usd_futures.set_quote("BTCUSDT", "50000", "50001")
    heard = {name: {each["data"]["e"] for each in it.take()} for name, it in clients.items()}
    assert heard == {
        "public": {"bookTicker"},
        "market": {"markPriceUpdate"},
        "unrouted": {"bookTicker"},
    }


def test_both_products_share_their_limits() -> None:
    fake = Future()
    pool = fake.usd_futures.world.pool
    before = pool.weights[0].used
    fake.call("GET", "/dapi/v1/openOrders")
    assert pool.weights[0].used == before + 40


def test_market_data_of_futures() -> None:
    fake = Future()
    fake.usd_futures.invent_bars("BTCUSDT", 30)
    assert fake.fcall("GET", "ticker/bookTicker", **BTC)[1]["bidPrice"] == "50000"
    assert fake.fcall("GET", "premiumIndex", **BTC)[1]["markPrice"] == "50000"
    assert fake.fcall("GET", "ticker/24hr", **BTC)[1]["lastPrice"] == "50000"
    assert len(fake.fcall("GET", "klines", **BTC, interval="5m", limit="3")[1]) == 3
    assert fake.fcall("GET", "klines", **BTC, interval="1s")[1]["code"] == -1120
    _status, info = fake.fcall("GET", "exchangeInfo")
    names = {each["filterType"] for each in info["symbols"][0]["filters"]}
    assert "MIN_NOTIONAL" in names
    assert "MAX_NUM_ALGO_ORDERS" not in names


def test_calls_by_websocket_are_the_same() -> None:
    fake = Future()
    api = cast("Any", fake.streams)[-2]
    client = Client("/ws-fapi/v1")
    api.joined(client)
    api.heard(
        client, {"id": 1, "method": "userDataStream.start", "params": {"apiKey": fake.terms.key}}
    )
    assert client.take()[0]["result"]["listenKey"] == fake.key
    api.heard(client, {"id": 2, "method": "time"})
    assert client.take()[0]["status"] == 200
