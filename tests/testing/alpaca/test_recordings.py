"""What the double says has the members, and their kinds, of what Alpaca was recorded to say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .stage import BRACKET, Played

RECORDED = Path(__file__).parents[4] / "shared" / "data" / "recorded" / "alpaca"


def recorded(name: str) -> Any:
    path = RECORDED / name
    if not path.exists():
        pytest.skip(f"the recorded payloads (shared/data/recorded/alpaca/{name}) are not here")
    return json.loads(path.read_text())


def kinds(told: dict[str, Any]) -> dict[str, str]:
    """The kind of each member; what may be null is of no kind when it is."""
    return {name: "null" if each is None else type(each).__name__ for name, each in told.items()}


def assert_alike(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert ours.keys() == theirs.keys()
    mine, yours = kinds(ours), kinds(theirs)
    both = {name for name in mine if "null" not in (mine[name], yours[name])}
    assert {name: mine[name] for name in both} == {name: yours[name] for name in both}


def test_orders() -> None:
    stage = Played()
    answer = stage.ask(type="market")
    theirs = recorded("tradepartner/buy_whole.json")
    assert_alike(answer.body, theirs["submit"])
    stage.clock.advance(0)
    assert_alike(stage.call("GET", f"/v2/orders/{answer.body['id']}").body, theirs["polls"][-1])
    assert answer.body["status"] == theirs["submit"]["status"]


def test_the_account() -> None:
    account = Played().call("GET", "/v2/account").body
    assert_alike(account, recorded("tradepartner/account_after.json"))


def test_positions_and_fills() -> None:
    stage = Played()
    stage.buy()
    [position] = stage.call("GET", "/v2/positions").body
    assert_alike(position, recorded("tradepartner/positions_held.json")[0])
    [fill] = stage.call("GET", "/v2/account/activities/FILL").body
    assert_alike(fill, recorded("tradepartner/fill_activities.json")[0])
    assert fill["id"].startswith("20260302104107000::")


@pytest.mark.parametrize("symbol", ["AAPL", "BTC%2FUSD"])
def test_assets(symbol: str) -> None:
    asset = Played().call("GET", f"/v2/assets/{symbol}").body
    if asset["class"] == "crypto":
        theirs = recorded("ccxt/ws_trade_updates_session.json")["assets_excerpt"][0]
        asset.pop("borrow_status")  # came later than that recording
    else:
        theirs = recorded("tradepartner/assets.json")[0]
    assert_alike(asset, theirs)


def test_events_of_a_market_order() -> None:
    stage = Played()
    stage.buy("0.01", symbol="BTC/USD", time_in_force="gtc")
    session = recorded("ccxt/ws_trade_updates_session.json")["messages"]
    theirs = [each["data"] for each in session if each["stream"] == "trade_updates"]
    assert [each["event"] for each in stage.told] == [each["event"] for each in theirs]
    for mine, yours in zip(stage.told, theirs, strict=True):
        assert_alike(mine, yours)
        assert_alike(mine["order"], yours["order"])


def test_the_refusal_of_too_much() -> None:
    stage = Played()
    stage.buy("0.557436865", time_in_force="day")
    answer = stage.ask(side="sell", type="market", qty="1.057436865")
    theirs = recorded("tradepartner/sell_above_held.json")["error"]
    assert answer.status == theirs["status_code"]
    assert {**answer.body, "symbol": "KO"} == json.loads(theirs["body"])


def test_the_refusal_of_a_known_id() -> None:
    stage = Played()
    stage.place(client_order_id="once")
    answer = stage.ask(client_order_id="once")
    theirs = recorded("tradepartner/duplicate_client_order_id.json")["error"]
    assert (answer.status, answer.body) == (theirs["status_code"], json.loads(theirs["body"]))


def test_the_refusal_of_fractions() -> None:
    answer = Played().ask(symbol="OCGN", qty="0.5", type="market")
    theirs = recorded("tradepartner/non_fractionable_sell_fractional.json")["error"]
    assert (answer.status, answer.body) == (theirs["status_code"], json.loads(theirs["body"]))


def test_legs_of_a_bracket_after_its_entry() -> None:
    stage = Played()
    order = stage.buy("4", **BRACKET)
    theirs = recorded("misc/bracket_live_shape_2026-09.json")["nested_order"]
    mine = stage.told_order(order)
    shown = ("side", "type", "status")
    assert [[leg[name] for name in shown] for leg in mine["legs"]] == [
        [leg[name] for name in shown] for leg in theirs["legs"]
    ]
    assert (mine["order_class"], mine["status"]) == (theirs["order_class"], theirs["status"])


def test_market_data() -> None:
    told: list[dict[str, Any]] = []
    stage = Played()
    stage.tell_data = lambda symbol, kind, **members: told.append(  # type: ignore[method-assign]
        {"T": kind, "S": symbol, **members}
    )
    stage.set_quote("AAPL", "100.5", "100.52")
    stage.halt("AAPL")
    theirs = {each["T"]: each for each in recorded("misc/ws_data_messages.json")["messages"]}
    assert [each["T"] for each in told] == ["q", "t", "s"]
    for mine in told:
        assert mine.keys() == theirs[mine["T"]].keys()
