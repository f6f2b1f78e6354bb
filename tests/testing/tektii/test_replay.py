"""The double without its wire: matching, batches, windows, halts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from twisted.internet.task import Clock

from tradegw.testing.tektii import Do, FakeTektii, Say, Terms, candles
from tradegw.testing.tektii.refusals import Refused

START = 1_704_067_200_000
SYMBOL = "F:EURUSD"


class Played(FakeTektii):
    """A run that is acknowledged by hand."""

    def __init__(self, *rows: str, **terms: Any) -> None:
        self.clock = Clock()
        super().__init__(self.clock, candles(SYMBOL, START, *rows), Terms(**terms))

    def ask(self, kind: str = "market", **members: Any) -> Any:
        asked = {"symbol": SYMBOL, "side": "buy", "order_type": kind, "quantity": "10", **members}
        order, news = self.exchange.submit(asked)
        self.run.tell(news)
        return order

    def acknowledge(self) -> list[str]:
        """All that is waited for; what it was."""
        kinds = [each["type"] for each in self.run.told if each["event_id"] in self.run.awaiting]
        self.run.heard(self.run.awaiting)
        return kinds

    def play(self) -> None:
        """To the end."""
        self.run.begin()
        while self.run.awaiting:
            self.acknowledge()


# -- matching


@pytest.mark.parametrize(
    ("members", "price"),
    [
        ({"kind": "market"}, "100"),  # the open
        ({"kind": "limit", "limit_price": "101"}, "100"),  # better than its limit
        ({"kind": "limit", "limit_price": "97"}, "97"),  # reached
        ({"kind": "limit", "limit_price": "94"}, None),
        ({"kind": "stop", "stop_price": "99"}, "100"),  # the market is beyond it
        ({"kind": "stop", "stop_price": "104"}, "104"),
        ({"kind": "stop", "stop_price": "106"}, None),
        ({"kind": "stop_limit", "stop_price": "104", "limit_price": "104.5"}, "104.5"),
        ({"kind": "stop_limit", "stop_price": "104", "limit_price": "94"}, None),
        ({"kind": "stop_limit", "stop_price": "99", "limit_price": "99.5"}, "99.5"),
    ],
)
def test_what_an_order_executes_at(members: dict[str, str], price: str | None) -> None:
    """Bought in a candle of 100 105 95 102."""
    played = Played("100 105 95 102")
    order = played.ask(**members)
    played.play()
    paid = order.value / order.filled if order.filled else None
    assert paid == (None if price is None else Decimal(price))
    mirrored = {
        name: str(200 - Decimal(value)) for name, value in members.items() if name != "kind"
    }
    played = Played("100 105 95 98")
    order = played.ask(members["kind"], side="sell", **mirrored)
    played.play()
    paid = order.value / order.filled if order.filled else None
    assert paid == (None if price is None else 200 - Decimal(price))


def test_an_order_for_now_or_never_ends_at_the_next_open() -> None:
    played = Played("100 105 95 102")
    order = played.ask("limit", limit_price="97", time_in_force="ioc")
    played.play()
    assert order.status == "cancelled"


def test_an_order_sent_in_answer_to_a_candle_meets_the_next_open() -> None:
    played = Played("100", "103", "104")
    played.run.begin()
    order = played.ask()
    played.play()
    assert order.value / order.filled == 103
    assert order.executed_at == START + 60_000


def test_an_exit_sent_in_answer_to_a_fill_works_within_the_same_candle() -> None:
    played = Played("100", "100 105 95 102")
    played.run.begin()
    played.ask()
    played.acknowledge()
    assert played.run.told[-1]["type"] == "position"
    leg = played.ask("stop", side="sell", stop_price="96", position_id="pos-1", reduce_only=True)
    assert not leg.filled
    played.acknowledge()
    assert (leg.status, leg.value / leg.filled) == ("filled", 96)


def test_positions_are_kept_apart_and_an_exit_closes_its_own() -> None:
    played = Played("100", "102")
    first, second = played.ask(), played.ask(side="sell")
    played.play()
    assert [(p.id, p.side) for p in played.positions] == [("pos-1", "long"), ("pos-2", "short")]
    assert (first.position_id, second.position_id) == ("pos-1", "pos-2")
    bare = Played("100", "102", "104")
    bare.run.begin()
    bare.ask()
    bare.acknowledge()
    bare.acknowledge()
    exit_order = bare.ask(side="sell", position_id="pos-1", reduce_only=True, quantity="99")
    bare.play()
    assert (bare.positions, exit_order.filled) == ([], 10)
    assert bare.exchange.ledger.realized == 20


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"position_id": "pos-9"}, "position_not_found"),
        ({"reduce_only": True}, "reduce_only_violated"),
        ({"quantity": "99999999"}, "insufficient_margin"),
    ],
)
def test_some_orders_are_taken_and_rejected(members: dict[str, Any], reason: str) -> None:
    played = Played("100", "100")
    played.run.begin()
    order = played.ask(**members)
    assert (order.status, order.reject_reason) == ("rejected", reason)
    assert played.run.told[-1]["event"] == "rejected"


def test_money_adds_up() -> None:
    played = Played("100", "100", "110", commission_rate=Decimal("0.001"))
    played.run.begin()
    played.ask()
    played.play()
    account = played.exchange.ledger.account()
    assert (account["balance"], account["equity"]) == ("99999", "100099")
    assert account["total_commission"] == "1"


def test_a_liquidation_is_an_order_of_the_engines_own() -> None:
    played = Played("100")
    order = played.ask()
    played.add([played.liquidating("pos-1", 90)])
    played.play()
    assert (order.filled, played.positions) == (10, [])
    trade = next(e for e in played.run.told if e["type"] == "trade" and "90" in e["trade"]["price"])
    assert trade["trade"]["liquidation"] is True
    money = [e["event"] for e in played.run.told if e["type"] == "account"]
    assert money == ["balance_updated", "margin_call"]


# -- pacing


def test_each_fill_is_a_batch_and_all_of_its_ids_are_waited_for() -> None:
    played = Played("100", "100")
    played.ask()
    played.ask()
    played.run.begin()
    assert len(played.run.awaiting) == 4
    played.run.heard(played.run.awaiting[1:])
    assert len(played.run.awaiting) == 1
    assert played.acknowledge() == ["order"]
    assert played.acknowledge() == ["order", "trade", "account", "position"]
    assert played.acknowledge() == ["candle"]


def test_time_goes_on_without_an_acknowledgement_after_the_window() -> None:
    played = Played("100", "100")
    played.run.begin()
    played.clock.advance(4.9)
    assert len(played.run.told) == 1
    played.clock.advance(0.1)
    assert len(played.run.told) == 2
    assert played.run.late == [("evt-0",)]
    played.run.heard(("evt-0",))
    assert played.run.stray == ["evt-0"]


@pytest.mark.parametrize(("acknowledged", "windows"), [(0, 24), (1, 5)])
def test_it_halts_after_so_many_windows_in_vain(acknowledged: int, windows: int) -> None:
    played = Played(*["100"] * 40)
    played.run.begin()
    for _ in range(acknowledged):
        played.acknowledge()
    played.clock.pump([5.0] * (windows - 1))
    assert played.run.state == "running"
    played.clock.advance(5.0)
    assert played.run.state == "halted"


def test_a_matching_acknowledgement_begins_the_count_anew() -> None:
    played = Played(*["100"] * 40)
    played.run.begin()
    played.acknowledge()
    for _ in range(3):
        played.clock.pump([5.0] * 4)
        played.acknowledge()
    assert played.run.state == "running"
    played.run.heard(("evt-0", "nonsense"))
    played.clock.pump([5.0] * 5)
    assert played.run.state == "halted"


def test_the_end_is_waited_for_longer() -> None:
    played = Played("100")
    played.run.begin()
    played.acknowledge()
    assert played.run.told[-1]["type"] == "backtest_complete"
    played.clock.advance(9.9)
    assert played.run.state == "flushing"
    played.clock.advance(0.1)
    assert played.run.state == "unflushed"


def test_a_build_may_tell_nothing_of_orders() -> None:
    played = Played("100", "100", tells_orders=False)
    order = played.ask()
    played.play()
    assert order.status == "filled"
    assert {each["type"] for each in played.run.told} == {"candle", "backtest_complete"}


def test_a_build_may_leave_out_positions_that_are_gone() -> None:
    played = Played("100", "100", tells_closed=False)
    played.ask()
    played.add([Do(lambda exchange: exchange.fill(_closing(played), Decimal(10), Decimal(100)))])
    played.play()
    assert [e["position"]["quantity"] for e in played.run.told if e["type"] == "position"] == ["10"]


def _closing(played: Played) -> Any:
    return played.exchange.submit(
        {
            "symbol": SYMBOL,
            "side": "sell",
            "order_type": "market",
            "quantity": "10",
            "position_id": "pos-1",
            "reduce_only": True,
        }
    )[0]


def test_it_can_be_stopped_between_two_steps() -> None:
    played = Played("100", "100")
    played.run.paused = True
    played.run.begin()
    assert played.run.told == []
    played.run.go_on()
    assert len(played.run.told) == 1


def test_a_frame_may_have_an_id_of_its_own_and_a_pong_has_none() -> None:
    played = Played()
    played.add([Say([{"type": "error", "event_id": "mine"}, {"type": "pong"}])])
    played.run.begin()
    assert played.run.awaiting == ("mine",)


def test_what_is_over_cannot_be_cancelled() -> None:
    played = Played("100")
    order = played.ask()
    played.play()
    with pytest.raises(Refused, match="is filled"):
        played.exchange.cancel(order.id)
    with pytest.raises(Refused, match="order not found"):
        played.exchange.cancel("o-9")
