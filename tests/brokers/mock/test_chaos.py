"""MOCK_CHAOS: each fault does what the manual says, as often as asked, the same for a seed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.logger import LogLevel, capturedLogs
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from tests.brokers.mock.stand import BUY, LIMIT, MARKET, Stand, done, gateway_settings, refused
from tradegw.brokers.mock.chaos import CallFault, Chaos, Dice, EventFault
from tradegw.brokers.mock.chaotic_broker import ChaoticBroker
from tradegw.brokers.mock.config import read_settings
from tradegw.config.problems import ConfigError
from tradegw.errors import GatewayError, NotSent, OrderRejected, ProviderError, leaves_doubt
from tradegw.interfaces import IBroker
from tradegw.model.account import TradeQuery
from tradegw.model.enums import OrderStatus, Timeframe
from tradegw.model.events import (
    AccountEvent,
    Event,
    OrderEvent,
    PositionEvent,
    QuoteEvent,
    TradeEvent,
)
from tradegw.model.market import BarQuery
from tradegw.model.order import ClosePositionRequest, OrderChange, OrderQuery, OrderRequest

ALL = (
    "seed=7,drop_answer=0.05,late_answer=0.05,reset=0.02,reject=0.05,duplicate_event=0.05,"
    "lost_event=0.02,reorder=0.05,disconnect=0.01,stall=0.01"
)


def request(**members: Any) -> OrderRequest:
    wanted: dict[str, Any] = {"order_type": LIMIT, "limit_price": Decimal(100)} | members
    return OrderRequest(symbol="AAPL", side=BUY, quantity=Decimal(1), **wanted)


class Caller:
    """What came of a call, and when."""

    def __init__(self, stand: Stand, work: Deferred[Any]) -> None:
        self.answers: list[Any] = []
        self.at: float | None = None
        self._clock = stand.clock
        work.addBoth(self._take)

    def _take(self, result: Any) -> None:
        assert not self.answers, "answered twice"
        self.at = self._clock.seconds()
        self.answers.append(result.value if isinstance(result, Failure) else result)

    @property
    def error(self) -> GatewayError:
        (answer,) = self.answers
        assert isinstance(answer, GatewayError)
        return answer


def submitted(chaos: str, **environ: Any) -> tuple[Stand, Caller]:
    stand = Stand(MOCK_CHAOS=chaos, **environ)
    return stand, Caller(stand, stand.outer.submit(request(client_order_id="a")))


def known(stand: Stand) -> list[str | None]:
    return [order.client_order_id for order in done(stand.broker.open_orders())]


class TestSettings:
    def test_without_it_the_broker_is_the_plain_one(self) -> None:
        stand = Stand()
        assert stand.outer is stand.broker

    def test_the_example_of_the_manual(self) -> None:
        found = read_settings({"MOCK_CHAOS": ALL}, gateway_settings())
        assert found.chaos == Chaos(
            seed=7,
            drop_answer=0.05,
            late_answer=0.05,
            reset=0.02,
            reject=0.05,
            duplicate_event=0.05,
            lost_event=0.02,
            reorder=0.05,
            disconnect=0.01,
            stall=0.01,
        )

    def test_a_warning_says_that_it_is_on(self) -> None:
        with capturedLogs() as logs:
            Stand(MOCK_CHAOS="seed=1")
        warned = [e["warning"] for e in logs if e["log_level"] is LogLevel.warn]
        assert any("MOCK_CHAOS is on" in text for text in warned)

    @pytest.mark.parametrize(
        ("value", "what"),
        [
            ("explode=0.1", "explode=0.1' is not one of seed, drop_answer"),
            ("reset", "'reset' is not one of"),
            ("", None),
            (",", "'' is not one of"),
            ("reset=0.1,", "'' is not one of"),
            ("reset=1.1", "reset must be a probability"),
            ("reset=-0.1", "reset must be a probability"),
            ("reset=nan", "reset must be a probability"),
            ("reset=1e-3", "reset must be a probability"),
            ("reset=", "reset must be a probability"),
            ("seed=x", "seed must be a whole number"),
            ("seed=1.5", "seed must be a whole number"),
            ("reset=0.1,reset=0.1", "reset is given twice"),
            ("reset=0.6,stall=0.6", "add up to more than 1"),
            ("lost_event=0.6,disconnect=0.6", "add up to more than 1"),
        ],
    )
    def test_a_bad_value_is_an_error_that_names_the_variable(
        self, value: str, what: str | None
    ) -> None:
        if what is None:
            assert read_settings({"MOCK_CHAOS": value}, gateway_settings()).chaos is None
            return
        with pytest.raises(ConfigError, match="MOCK_CHAOS") as error:
            read_settings({"MOCK_CHAOS": value}, gateway_settings())
        assert what in str(error.value)

    @given(st.text(max_size=60))
    def test_no_text_breaks_it(self, value: str) -> None:
        with suppress(ValueError):  # and no other
            Chaos.parse(value)

    def test_spaces_do_not_matter(self) -> None:
        assert Chaos.parse(" seed = 3 , reset = .5") == Chaos(seed=3, reset=0.5)


class TestDice:
    def test_the_same_seed_throws_the_same_and_another_does_not(self) -> None:
        def throws(seed: int) -> list[Any]:
            dice = Dice(Chaos(seed=seed, reset=0.3, lost_event=0.3))
            return [(dice.call(), dice.event()) for _ in range(50)]

        assert throws(1) == throws(1)
        assert throws(1) != throws(2)

    def test_events_do_not_disturb_the_calls(self) -> None:
        chaos = Chaos(seed=1, reset=0.3, lost_event=0.3)
        one, other = Dice(chaos), Dice(chaos)
        for _ in range(17):
            other.event()
        assert [one.call() for _ in range(50)] == [other.call() for _ in range(50)]

    def test_what_befalls_a_call_does_not_shift_what_befalls_the_next(self) -> None:
        """So that a schedule stays comparable when one probability is changed."""
        often, seldom = Dice(Chaos(seed=1, stall=0.9)), Dice(Chaos(seed=1, stall=0.1))
        assert [often.call()[1:] for _ in range(50)] == [seldom.call()[1:] for _ in range(50)]

    def test_faults_are_as_frequent_as_asked(self) -> None:
        dice = Dice(Chaos.parse(ALL))
        calls = Counter(dice.call().fault for _ in range(20_000))
        events = Counter(dice.event().fault for _ in range(20_000))
        for fault, share in (
            (CallFault.DROP_ANSWER, 0.05),
            (CallFault.RESET, 0.02),
            (CallFault.STALL, 0.01),
            (CallFault.DISCONNECT, 0.01),
        ):
            assert calls[fault] / 20_000 == pytest.approx(share, rel=0.2)
        assert events[EventFault.DUPLICATE] / 20_000 == pytest.approx(0.05, rel=0.2)
        assert events[EventFault.LOST] / 20_000 == pytest.approx(0.02, rel=0.2)


class TestCalls:
    def test_it_keeps_the_brokers_promise(self) -> None:
        stand = Stand(MOCK_CHAOS="seed=1")
        assert isinstance(stand.outer, ChaoticBroker)
        assert verifyObject(IBroker, stand.outer)
        assert stand.outer.account_name == stand.broker.account_name
        assert stand.outer.capabilities() == stand.broker.capabilities()
        assert stand.outer.manages_exits(request()) is False
        assert stand.outer.instrument("AAPL") == stand.broker.instrument("AAPL") is not None

    def test_without_any_probability_all_goes_through(self) -> None:
        stand, caller = submitted("seed=1")
        assert caller.answers[0].status is OrderStatus.OPEN
        assert [e.event for e in stand.told(OrderEvent)] == ["ORDER_CREATED"]

    def test_a_dropped_answer_ends_as_a_time_out_and_the_order_is_there(self) -> None:
        stand, caller = submitted("drop_answer=1")
        assert known(stand) == ["a"]
        assert caller.answers == []
        stand.wait(1)
        assert isinstance(caller.error, ProviderError)
        assert leaves_doubt(caller.error)
        assert next(e.event for e in stand.told(OrderEvent)) == "ORDER_CREATED"

    def test_a_late_answer_comes_after_the_events(self) -> None:
        stand, caller = submitted("late_answer=1")
        assert known(stand) == ["a"]
        assert [e.event for e in stand.told(OrderEvent)] == ["ORDER_CREATED"]
        stand.wait(5)
        assert caller.answers[0].client_order_id == "a"
        assert caller.at is not None
        assert 1 <= caller.at <= 5

    def test_a_reset_comes_before_or_after_the_effect(self) -> None:
        stand = Stand(MOCK_CHAOS="seed=1,reset=1")
        for number in range(40):
            work = stand.outer.submit(request(client_order_id=f"c{number}"))
            assert leaves_doubt(refused(work, ProviderError))
        assert 10 < len(known(stand)) < 30

    def test_a_rejection_is_definite_and_nothing_was_done(self) -> None:
        stand = Stand()
        order = stand.send(BUY, 1, LIMIT, limit_price=100)
        stand, caller = submitted("reject=1")
        assert isinstance(caller.error, OrderRejected)
        assert caller.error.reject_code == "CHAOS"
        assert (known(stand), stand.told(OrderEvent)) == ([], [])
        order = stand.send(BUY, 1, LIMIT, limit_price=100)
        change = OrderChange(limit_price=Decimal(90))
        refused(stand.outer.replace(order.id, change), OrderRejected)
        assert stand.order(order.id) == order

    def test_a_close_can_be_rejected_but_no_cancel_and_no_read(self) -> None:
        stand = Stand(MOCK_CHAOS="reject=1")
        stand.send(BUY, 1, MARKET)
        stand.wait(1)
        (held,) = done(stand.outer.positions())
        refused(stand.outer.close(held, ClosePositionRequest(), "c"), OrderRejected)
        assert done(stand.outer.positions()) == done(stand.broker.positions()) != []
        order = stand.send(BUY, 1, LIMIT, limit_price=100)
        assert done(stand.outer.cancel(order.id)).status is OrderStatus.CANCELLED

    def test_a_stall_takes_effect_at_some_moment_and_answers_at_a_later_one(self) -> None:
        moments = []
        for seed in range(30):
            stand, caller = submitted(f"seed={seed},stall=1")
            assert (known(stand), caller.answers) == ([], [])
            effect = None
            while not caller.answers:
                stand.wait(0.1)
                if effect is None and known(stand):
                    effect = stand.clock.seconds()
            assert caller.answers[0].client_order_id == "a"
            assert effect is not None
            assert caller.at is not None
            assert effect <= caller.at + 0.1 <= 30.2
            moments.append((effect, caller.at))
        assert max(effect for effect, _ in moments) > 10, "after a gateway's deadline"
        assert min(at for _, at in moments) < 5

    def test_who_stops_waiting_does_not_stop_what_was_sent(self) -> None:
        for fault in ("stall", "late_answer", "drop_answer"):
            stand = Stand(MOCK_CHAOS=f"{fault}=1")
            work = stand.outer.submit(request(client_order_id="a"))
            caller = Caller(stand, work)
            work.cancel()
            stand.wait(31)
            assert known(stand) == ["a"]
            assert len(caller.answers) == 1

    @pytest.mark.parametrize("fault", ["drop_answer", "late_answer", "reset", "stall"])
    def test_cancels_replaces_and_closes_suffer_as_submits_do(self, fault: str) -> None:
        ended = Counter[str]()
        for seed in range(12):
            stand = Stand(MOCK_CHAOS=f"seed={seed},{fault}=1")
            order = stand.send(BUY, 1, LIMIT, limit_price=100)
            stand.send(BUY, 1, MARKET)
            stand.wait(1)
            (held,) = done(stand.broker.positions())
            change = OrderChange(limit_price=Decimal(90))
            for work in (
                stand.outer.replace(order.id, change),
                stand.outer.close(held, ClosePositionRequest(), "c"),
            ):
                Caller(stand, work)
            stand.wait(31)
            ended["replaced"] += stand.order(order.id).limit_price == 90
            ended["closed"] += done(stand.broker.positions()) == []
            Caller(stand, stand.outer.cancel(order.id))
            stand.wait(31)
            ended["cancelled"] += stand.order(order.id).status is OrderStatus.CANCELLED
        for count in ended.values():
            assert count == 12 or (fault == "reset" and 0 < count < 12)

    def test_reads_suffer_too(self) -> None:
        stand = Stand(MOCK_CHAOS="drop_answer=1")
        order = stand.send(BUY, 1, LIMIT, limit_price=100, client_order_id="a")
        broker = stand.outer
        reads: list[Callable[[], Deferred[Any]]] = [
            lambda: broker.order(order.id),
            lambda: broker.order_by_client_id("a"),
            broker.open_orders,
            lambda: broker.closed_orders(OrderQuery()),
            lambda: broker.trades(TradeQuery()),
            broker.positions,
            broker.account,
            lambda: broker.quote("AAPL"),
            lambda: broker.bars("AAPL", BarQuery(timeframe=Timeframe.M1)),
            broker.ping,
        ]
        callers = [Caller(stand, read()) for read in reads]
        stand.wait(1)
        assert all(isinstance(caller.error, ProviderError) for caller in callers)

    def test_a_refusal_of_the_exchange_gets_lost_and_late_as_an_answer_does(self) -> None:
        for fault, error in (("drop_answer", ProviderError), ("late_answer", OrderRejected)):
            stand = Stand(MOCK_CHAOS=f"{fault}=1")
            big = request(limit_price=Decimal(10**9))
            caller = Caller(stand, stand.outer.submit(big))
            stand.wait(6)
            assert isinstance(caller.error, error)


class TestTheLink:
    def test_a_call_that_finds_it_broken_was_not_sent(self) -> None:
        stand, caller = submitted("disconnect=1", SUBSCRIPTIONS="")
        assert isinstance(caller.error, NotSent)
        assert not leaves_doubt(caller.error)
        assert stand.links == ["up", "down"]
        assert known(stand) == []
        refused(stand.outer.account(), NotSent)
        assert stand.links == ["up", "down"]

    def test_it_comes_back_in_time_and_says_what_was_stale(self) -> None:
        for seed in range(20):
            stand = Stand(("AAPL", "quote"), MOCK_CHAOS=f"seed={seed},disconnect=1")
            refused(stand.outer.ping(), NotSent)
            assert stand.downs == [(("AAPL",), "MOCK_CHAOS broke the link")]
            while stand.links[-1] == "down":
                stand.wait(0.1)
            assert 0.2 <= stand.clock.seconds() <= 3.1

    def test_while_it_is_down_nothing_is_told_not_even_prices(self) -> None:
        stand = Stand(("AAPL", "*"), MOCK_CHAOS="seed=3,disconnect=1")
        stand.wait(1)
        assert stand.told(QuoteEvent)
        refused(stand.outer.ping(), NotSent)
        seen = len(stand.events)
        stand.send(BUY, 1, MARKET)
        while stand.links[-1] == "down":
            assert len(stand.events) == seen
            stand.wait(0.05)
        assert not stand.told(OrderEvent)
        stand.wait(1)
        assert len(stand.events) > seen

    def test_an_event_that_breaks_it_is_lost_with_it(self) -> None:
        stand = Stand(MOCK_CHAOS="disconnect=1")
        stand.send(BUY, 1, LIMIT, limit_price=100)
        assert stand.links == ["up", "down"]
        assert stand.told(OrderEvent) == []

    def test_answers_under_way_are_lost_but_not_what_was_sent(self) -> None:
        stand = Stand(MOCK_CHAOS="late_answer=1")
        assert isinstance(stand.outer, ChaoticBroker)
        caller = Caller(stand, stand.outer.submit(request(client_order_id="a")))
        stand.outer._link.lose(0.5)
        assert isinstance(caller.error, ProviderError)
        assert leaves_doubt(caller.error)
        stand.wait(6)
        assert known(stand) == ["a"]

    def test_stopping_leaves_no_timer_and_nobody_waiting(self) -> None:
        for chaos in ("stall=1", "late_answer=1", "drop_answer=1", "disconnect=1", "reorder=1"):
            stand, caller = submitted(chaos)
            done(stand.outer.stopService())
            assert stand.clock.getDelayedCalls() == []
            assert len(caller.answers) == 1


class TestEvents:
    KINDS = (OrderEvent, TradeEvent, PositionEvent, AccountEvent)

    def told(self, chaos: str) -> list[Event]:
        """What one market order leads to: four events after the first."""
        stand = Stand(MOCK_CHAOS=chaos)
        stand.send(BUY, 1, MARKET)
        stand.wait(2)
        return [event for event in stand.events if isinstance(event, self.KINDS)]

    def test_a_duplicate_is_the_same_event_again(self) -> None:
        plain, doubled = self.told("seed=1"), self.told("duplicate_event=1")
        assert [type(e) for e in doubled] == [type(e) for e in plain for _ in range(2)]
        assert doubled[::2] == doubled[1::2]

    def test_money_is_told_when_all_else_is_lost(self) -> None:
        assert [type(e) for e in self.told("lost_event=1")] == [AccountEvent]

    def test_some_of_the_lost_are_never_told(self) -> None:
        assert 0 < len(self.told("seed=2,lost_event=0.5")) < 5

    def test_reordered_events_all_come_within_a_second(self) -> None:
        plain = self.told("seed=1")
        for seed in range(10):
            mixed = self.told(f"seed={seed},reorder=0.5")
            assert Counter(type(e) for e in mixed) == Counter(type(e) for e in plain)
        all_held = self.told("reorder=1")
        assert len(all_held) == len(plain)

    def test_some_order_of_theirs_is_another_one(self) -> None:
        plain = [type(e) for e in self.told("seed=1")]
        orders = [[type(e) for e in self.told(f"seed={s},reorder=0.4")] for s in range(10)]
        assert any(order != plain for order in orders)

    def test_prices_are_neither_lost_nor_doubled(self) -> None:
        plain, bad = (
            Stand(("AAPL", "*"), MOCK_CHAOS=chaos)
            for chaos in ("seed=1", "lost_event=0.5,duplicate_event=0.5")
        )
        for stand in (plain, bad):
            stand.wait(10)
        assert len(plain.quotes("AAPL")) == len(bad.quotes("AAPL")) > 10
        assert plain.candles("AAPL") == bad.candles("AAPL") != []


def test_the_same_seed_and_calls_give_the_same_schedule() -> None:
    """Answers, their times and the events, over a long random session; another seed differs."""

    def session(seed: int) -> list[str]:
        rng = random.Random(5)
        stand = Stand(MOCK_CHAOS=ALL.replace("seed=7", f"seed={seed}"))
        ids: list[str] = []
        transcript: list[str] = []

        def note(result: Any, name: str) -> None:
            kind = type(result.value if isinstance(result, Failure) else result).__name__
            transcript.append(f"{stand.clock.seconds():.6f} {name} {kind}")

        for number in range(150):
            name = f"c{number}"
            members: dict[str, Any] = {"client_order_id": name}
            if rng.random() < 0.3:
                members |= {"order_type": MARKET, "limit_price": None}
            stand.outer.submit(request(**members)).addBoth(note, name)
            ids = [order.id for order in done(stand.broker.open_orders())]
            if ids and rng.random() < 0.4:
                stand.outer.cancel(rng.choice(ids)).addBoth(note, "cancel")
            stand.wait(rng.random())
        stand.wait(31)
        transcript += [type(event).__name__ for event in stand.events]
        transcript += [
            str(order.status) for order in done(stand.broker.closed_orders(OrderQuery()))
        ]
        return transcript + stand.links

    assert session(7) == session(7)
    assert session(7) != session(8)
