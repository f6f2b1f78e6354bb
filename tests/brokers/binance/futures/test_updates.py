"""Orders that wait and what they become: no order lost, none twice."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from tests.brokers.binance.stand import Notes
from tradegw.brokers.binance.futures import decoding, wire
from tradegw.brokers.binance.futures.children import REMEMBERED, Children
from tradegw.brokers.binance.futures.finding import Finding
from tradegw.brokers.binance.futures.ids import OrderId
from tradegw.brokers.binance.futures.instruments import Instruments
from tradegw.brokers.binance.futures.lineage import Lineage
from tradegw.brokers.binance.futures.updates import Updates
from tradegw.brokers.binance.sightings import SEEN_SECONDS
from tradegw.errors import OrderNotFound, ProviderError
from tradegw.model.enums import OrderEventKind, OrderStatus
from tradegw.model.events import AlertEvent, OrderEvent, TradeEvent
from tradegw.testing.listener import Notebook

from .payloads import algo, algo_update, child, update

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
WAITING = "algo:SOLUSDT:3004410021"
ORDINARY = "SOLUSDT:41200119000"


class Exchange:
    """Answers look-ups; ``listed`` are the algo orders of the symbol."""

    def __init__(self) -> None:
        self.listed: list[wire.Algo] = []
        self.single: dict[int, wire.Algo] = {}
        self.asked: list[str] = []
        self.fails = self.broken = 0

    async def algos(self, symbol: str, query: Any = ()) -> tuple[wire.Algo, ...]:
        self.asked.append(symbol)
        if self.fails:
            self.fails -= 1
            raise ProviderError("Binance failed", "binance")
        return tuple(self.listed)

    async def algo(self, order_id: OrderId, lane: Any) -> wire.Algo:
        self.asked.append(str(order_id))
        if self.broken:
            self.broken -= 1
            raise ProviderError("Binance failed", "binance")
        if order_id.number not in self.single:
            raise OrderNotFound(str(order_id))
        return self.single[order_id.number]

    async def order(self, order_id: OrderId, lane: Any) -> wire.Order:
        raise OrderNotFound(str(order_id))


class Scene:
    def __init__(self, memory: Notes | None = None) -> None:
        self.clock = Clock()
        self.memory = memory or Notes()
        self.exchange = cast("Any", Exchange())
        self.told = Notebook()
        self.heard: list[str] = []
        self.children = Children()
        self.finding = Finding(
            self.exchange, self.children, Instruments(self.memory), self.clock, lambda: NOON
        )
        self.lineage = Lineage(self.exchange, self.children, self.finding, self.memory)
        self.updates = Updates(
            self.children,
            self.lineage,
            self.finding,
            self.told,
            self.clock,
            lambda order: self.heard.append(order.id),
        )

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            self.clock.advance(0.1)

    @property
    def orders(self) -> list[tuple[str, OrderEventKind]]:
        events = [each for each in self.told.events if isinstance(each, OrderEvent)]
        return [(each.order.id, each.event) for each in events]

    @property
    def trades(self) -> list[tuple[str, str]]:
        events = [each for each in self.told.events if isinstance(each, TradeEvent)]
        return [(each.trade.order_id, each.trade.id) for each in events]


@pytest.fixture
def scene() -> Scene:
    return Scene()


CREATED, MODIFIED = OrderEventKind.CREATED, OrderEventKind.MODIFIED
FILLED = OrderEventKind.FILLED


def test_a_stop_that_is_triggered_stays_the_same_order(scene: Scene) -> None:
    scene.updates.waiting_told(algo_update())
    scene.updates.waiting_told(algo_update(1767225904000, X="TRIGGERED", ai="41200119000"))
    scene.updates.told(child(x="NEW", X="NEW", l="0", z="0", t=0))
    scene.updates.told(child())
    scene.updates.waiting_told(
        algo_update(1767225904200, X="FINISHED", ai="41200119000", aq="5", ap="124.9")
    )
    assert scene.orders == [(WAITING, CREATED), (WAITING, MODIFIED), (WAITING, FILLED)]
    assert scene.trades == [(WAITING, "551002400")]
    assert scene.exchange.asked == []


def test_a_child_that_is_told_of_first_waits_for_its_parent(scene: Scene) -> None:
    scene.updates.waiting_told(algo_update())
    scene.updates.told(child(x="NEW", X="NEW", l="0", z="0", t=0))
    scene.updates.told(child())
    assert scene.trades == []
    scene.updates.waiting_told(algo_update(1767225904000, X="TRIGGERED", ai="41200119000"))
    assert scene.orders == [(WAITING, CREATED), (WAITING, MODIFIED), (WAITING, FILLED)]
    scene.wait(5)
    assert scene.trades == [(WAITING, "551002400")]


def test_a_child_whose_parent_says_nothing_is_found_out_by_asking(scene: Scene) -> None:
    scene.updates.waiting_told(algo_update())
    scene.exchange.listed = [algo(algoStatus="FINISHED", actualOrderId="41200119000")]
    scene.updates.told(child(c="another-name"))
    scene.wait(1)
    assert scene.trades == [(WAITING, "551002400")]
    assert {order for order, _kind in scene.orders} == {WAITING}


def test_an_order_of_somebody_else_is_told_as_its_own_after_a_look(scene: Scene) -> None:
    scene.updates.told(update())
    assert scene.orders == []
    scene.wait(1)
    assert scene.orders == [("SOLUSDT:41200118233", FILLED)]
    scene.updates.told(update(t=551002312, T=1767225804200))
    assert len(scene.orders) == 2  # it is known now, and nothing is asked
    assert scene.exchange.asked == ["SOLUSDT"]


def test_whose_it_is_is_asked_again_when_that_fails(scene: Scene) -> None:
    scene.exchange.fails = 1
    scene.exchange.listed = [algo(algoStatus="TRIGGERED", actualOrderId="41200119000")]
    scene.updates.told(child())
    scene.wait(3)
    assert scene.trades == [(WAITING, "551002400")]


def test_an_order_is_told_even_if_nobody_can_say_whose_it_is(scene: Scene) -> None:
    scene.exchange.fails = 100
    scene.updates.told(child())
    scene.wait(10)
    assert scene.trades == [(ORDINARY, "551002400")]


def test_our_own_orders_are_told_at_once(scene: Scene) -> None:
    scene.finding.sent("gw-9a11", "SOLUSDT", waits=False)
    scene.updates.told(update())
    assert scene.orders == [("SOLUSDT:41200118233", FILLED)]
    assert scene.heard == ["SOLUSDT:41200118233"]


def test_what_is_told_twice_goes_no_further(scene: Scene) -> None:
    scene.finding.sent("gw-9a11", "SOLUSDT", waits=False)
    for _ in range(3):
        scene.updates.told(update())
        scene.updates.waiting_told(algo_update())
    assert len(scene.trades) == 1
    assert scene.orders == [("SOLUSDT:41200118233", FILLED), (WAITING, CREATED)]


def test_a_trailing_stop_that_is_activated_is_no_second_order(scene: Scene) -> None:
    scene.updates.waiting_told(algo_update(o="TRAILING_STOP_MARKET", ia=False))
    scene.updates.waiting_told(algo_update(1767225811000, o="TRAILING_STOP_MARKET", ia=True))
    assert scene.orders == [(WAITING, CREATED), (WAITING, MODIFIED)]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("CANCELED", OrderEventKind.CANCELLED),
        ("REJECTED", OrderEventKind.REJECTED),
        ("EXPIRED", OrderEventKind.EXPIRED),
    ],
)
def test_the_ends_of_what_waits_are_told(scene: Scene, word: str, kind: OrderEventKind) -> None:
    scene.updates.waiting_told(algo_update())
    scene.updates.waiting_told(algo_update(1767225812000, X=word))
    assert scene.orders == [(WAITING, CREATED), (WAITING, kind)]


def test_what_was_triggered_while_the_gateway_was_away_is_told_as_what_it_was() -> None:
    before = Scene()
    before.updates.waiting_told(algo_update())
    after = Scene(before.memory)
    after.exchange.single = {3004410021: algo(algoStatus="TRIGGERED", actualOrderId=41200119000)}
    after.updates.told(child())
    after.wait(1)
    assert after.trades == [(WAITING, "551002400")]


def test_what_could_not_be_asked_for_is_asked_for_again() -> None:
    before = Scene()
    before.updates.waiting_told(algo_update())
    after = Scene(before.memory)
    after.exchange.broken = 1
    after.exchange.single = {3004410021: algo(algoStatus="TRIGGERED", actualOrderId=41200119000)}
    after.updates.told(child())
    after.wait(3)
    assert after.trades == [(WAITING, "551002400")]
    assert after.memory.values["binance-futures:waiting"] == b"[]"


def test_a_child_is_told_as_one_although_its_parent_is_listed_late(scene: Scene) -> None:
    scene.exchange.listed = [algo()]
    scene.updates.told(child(ot="STOP_MARKET"))
    scene.wait(1)
    assert scene.trades == []
    scene.exchange.listed = [algo(algoStatus="TRIGGERED", actualOrderId=41200119000)]
    scene.wait(2)
    assert scene.trades == [(WAITING, "551002400")]


def test_a_child_whose_parent_is_never_shown_is_told_after_all(scene: Scene) -> None:
    scene.updates.told(child(ot="STOP_MARKET"))
    scene.wait(5)
    assert scene.trades == [(ORDINARY, "551002400")]


def test_a_stop_that_is_refused_after_it_was_triggered_is_told(scene: Scene) -> None:
    scene.updates.waiting_told(algo_update())
    scene.updates.waiting_told(algo_update(1767225904000, X="TRIGGERED", ai="41200119000"))
    refused = algo_update(1767225904100, X="REJECTED", rm="Margin is insufficient.")
    scene.updates.waiting_told(refused)
    assert scene.orders == [(WAITING, CREATED), (WAITING, OrderEventKind.REJECTED)]


def test_what_waits_long_is_known_however_much_came_since() -> None:
    children = Children()
    children.learn(algo())
    for number in range(REMEMBERED + 1):
        children.learn(algo(algoId=number + 1, algoStatus="CANCELED"))
    assert [each.algo_id for each in children.living()] == [3004410021]
    children.learn(algo(algoStatus="TRIGGERED", actualOrderId=7))
    assert children.living() == ()


def test_what_an_order_became_is_not_forgotten() -> None:
    children = Children()
    children.learn(algo(algoStatus="TRIGGERED", actualOrderId=7))
    children.learn(algo(algoStatus="TRIGGERED", updateTime=1767225999000))
    found = children.parent("SOLUSDT", 7)
    assert found is not None
    assert found.child == 7


def looked_up(scene: Scene, order_id: str, seconds: float = 3.0) -> Any:
    found: list[Any] = []
    Deferred.fromCoroutine(scene.finding.look_up(order_id)).addBoth(found.append)
    scene.wait(seconds)
    return getattr(found[0], "value", found[0])


def test_an_order_of_the_process_before_may_not_be_found_at_once(scene: Scene) -> None:
    scene.clock.callLater(0.4, scene.exchange.single.update, {3004410021: algo()})
    assert looked_up(scene, WAITING).id == WAITING


def test_what_is_no_order_is_not_asked_for_long(scene: Scene) -> None:
    scene.wait(60)
    assert isinstance(looked_up(scene, WAITING, 0.0), OrderNotFound)


def test_an_order_that_worked_a_moment_ago_is_not_believed_to_be_none(scene: Scene) -> None:
    scene.wait(60)
    scene.finding.sightings.seen(decoding.waiting_from(algo()))
    assert isinstance(looked_up(scene, WAITING), ProviderError)
    scene.wait(SEEN_SECONDS)
    assert isinstance(looked_up(scene, WAITING), OrderNotFound)


def test_of_an_order_that_was_seen_to_end_it_is_believed(scene: Scene) -> None:
    scene.wait(60)
    scene.finding.sightings.seen(decoding.waiting_from(algo()))
    scene.finding.sightings.seen(decoding.waiting_from(algo(algoStatus="CANCELED")))
    assert isinstance(looked_up(scene, WAITING), OrderNotFound)


def test_what_waits_no_more_is_not_remembered(scene: Scene) -> None:
    scene.updates.waiting_told(algo_update())
    assert b"3004410021" in scene.memory.values["binance-futures:waiting"]
    scene.updates.waiting_told(algo_update(1767225812000, X="CANCELED"))
    assert b"3004410021" not in scene.memory.values["binance-futures:waiting"]


@pytest.mark.parametrize(
    ("name", "cause"),
    [("autoclose-1767225900", "liquidation"), ("adl_autoclose", "deleveraging")],
)
def test_a_liquidation_is_alarmed_once(scene: Scene, name: str, cause: str) -> None:
    scene.updates.told(child(c=name, x="NEW", X="NEW", l="0", z="0", t=0, i=99))
    scene.updates.told(child(c=name, x="CALCULATED", i=99, t=7))
    scene.wait(1)
    alerts = [each for each in scene.told.events if isinstance(each, AlertEvent)]
    assert [each.details["cause"] for each in alerts if each.details] == [cause]
    assert (alerts[0].details or {})["order_id"] == "SOLUSDT:99"
    assert [order for order, _trade in scene.trades] == ["SOLUSDT:99"]


def test_a_fill_without_a_name_is_looked_up_and_not_invented(scene: Scene) -> None:
    scene.updates.told(child(c="autoclose-1", x="CALCULATED", i=99, t=0))
    scene.wait(1)
    assert scene.trades == []
    assert "suspicion" in scene.told.names()


def test_a_settlement_is_no_liquidation(scene: Scene) -> None:
    scene.updates.told(child(c="settlement_autoclose-1", i=99))
    scene.wait(1)
    assert not [each for each in scene.told.events if isinstance(each, AlertEvent)]


def test_news_that_cannot_be_told_are_suspicious(scene: Scene) -> None:
    scene.finding.sent("gw-9a11", "SOLUSDT", waits=False)
    scene.updates.told(update(S=""))
    scene.updates.waiting_told(algo_update(o="BLESSING"))
    assert scene.told.names().count("suspicion") == 2


def test_how_a_finished_order_ended_is_not_guessed_while_its_child_must_be_there(
    scene: Scene,
) -> None:
    finished = algo(algoStatus="FINISHED", actualOrderId="41200119000", updateTime=1767225904000)
    scene.exchange.single = {3004410021: finished}
    failures: list[Any] = []
    Deferred.fromCoroutine(scene.finding.look_up(WAITING)).addErrback(failures.append)
    assert isinstance(failures[0].value, ProviderError)
    old = algo(
        algoStatus="FINISHED",
        actualOrderId="41200119000",
        createTime=1766000000000,
        updateTime=1766000000000,
    )
    again = Scene()
    again.exchange.single = {3004410021: old}
    found = cast("Any", Deferred.fromCoroutine(again.finding.look_up(WAITING)).result)
    assert found.status is OrderStatus.CANCELLED


def test_a_child_that_was_cancelled_ends_the_order(scene: Scene) -> None:
    scene.updates.waiting_told(algo_update(1767225904000, X="TRIGGERED", ai="41200119000"))
    scene.updates.told(child(x="EXPIRED", X="EXPIRED", l="0", z="0", t=0))
    events = [each for each in scene.told.events if isinstance(each, OrderEvent)]
    assert [each.order.status for each in events] == [OrderStatus.EXPIRED]
    assert events[0].order.id == WAITING
