"""Commissions that are taken from what was bought shrink what can be sold (W-06)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.exits.restarting import check_that_plans_are_kept, crashed, hold
from tests.exits.test_plan import a_plan
from tests.orders.core import Core, order_request
from tests.orders.samples import a_trade, an_order
from tradegw.errors import OrderRejected
from tradegw.exits.charges import MAX_EARLY, Charges
from tradegw.exits.holdings import Holdings
from tradegw.exits.plan import Plan
from tradegw.exits.plans import Plans
from tradegw.model.commission import in_kind
from tradegw.model.enums import OrderType, Side, TradeEventKind
from tradegw.model.events import TradeEvent
from tradegw.model.market import Instrument
from tradegw.testing.broker import EPOCH

PAIR = "BTCUSDT"
STOP, LIMIT = OrderType.STOP, OrderType.LIMIT
TOO_MUCH = OrderRejected("Account has insufficient balance", "INSUFFICIENT_FUNDS")


@pytest.fixture
def core() -> Core:
    core = Core()
    core.broker.instruments[PAIR] = Instrument(quantity_step=Decimal("0.0001"))
    return core


def bought(core: Core, fill: str | None = "1") -> str:
    return core.entered(fill, symbol=PAIR)


def charged(core: Core, entry_id: str, commission: str, name: str = "t1", **members: str) -> None:
    """The broker tells an execution of the entry, which cost that."""
    values: dict[str, Any] = {
        "commission_currency": "BTC",
        "symbol": PAIR,
        "order_id": entry_id,
        **members,
    }
    trade = a_trade(name, commission=Decimal(commission), **values)
    core.broker.executions.append(trade)
    core.intake.on_event(TradeEvent(timestamp=EPOCH, trade=trade, event=TradeEventKind.FILLED))


def covers(core: Core, quantity: str) -> None:
    assert (core.live(STOP), core.live(LIMIT)) == (Decimal(quantity), Decimal(quantity))


def plan_of(core: Core) -> Plan:
    (guarded,) = core.guardian.plans.all()
    return guarded.plan


def hold_pair(core: Core, quantity: str) -> None:
    hold(core.broker, Decimal(quantity))
    held = core.broker.held.items()
    core.broker.held = {name: replace(position, symbol=PAIR) for name, position in held}


def test_w06_legs_cover_what_the_commission_left_on_the_step(core: Core) -> None:
    charged(core, bought(core), "0.00105")
    covers(core, "0.9989")
    assert core.alerts() == []


def test_w06_a_commission_told_before_the_fill_counts(core: Core) -> None:
    entry_id = bought(core, None)
    charged(core, entry_id, "0.001")
    core.broker.fill(entry_id, "1")
    covers(core, "0.999")
    assert {leg.quantity for leg in core.legs()} == {Decimal("0.999")}


def test_w06_a_commission_told_before_the_order_is_known_counts() -> None:
    plans = Plans()
    charges = Charges(plans, Holdings(nets=True))
    trade = a_trade(order_id="o9", symbol=PAIR, commission_currency="BTC", commission=Decimal(1))
    assert charges.take(trade) is None
    guarded = plans.add(Plan.of("i1", order_request(stop_loss="90"), "c1"))
    charges.catch_up(guarded)
    plans.bind("i1", "o9")
    charges.catch_up(guarded)
    assert guarded.plan.commission == 1


def test_commissions_of_orders_that_never_come_are_forgotten() -> None:
    charges = Charges(Plans(), Holdings(nets=True))
    trade: dict[str, Any] = {"symbol": PAIR, "commission_currency": "BTC", "commission": Decimal(1)}
    for number in range(MAX_EARLY + 5):
        charges.take(a_trade(order_id=f"o{number}", **trade))
    assert len(charges._early) == MAX_EARLY


def test_w06_every_execution_is_charged_and_none_twice(core: Core) -> None:
    entry_id = bought(core, "0.4")
    charged(core, entry_id, "0.0004")
    core.broker.fill(entry_id, "1")
    charged(core, entry_id, "0.0006", "t2")
    charged(core, entry_id, "0.0006", "t2")
    covers(core, "0.999")


def test_a_commission_in_money_takes_nothing(core: Core) -> None:
    charged(core, bought(core), "1.5", commission_currency="USDT")
    covers(core, "1")
    assert plan_of(core).commission == 0


def test_a_rebate_is_not_protected(core: Core) -> None:
    charged(core, bought(core), "-0.001")
    covers(core, "1")


def test_w06_when_all_that_could_be_sold_is_sold_the_plan_is_over(core: Core) -> None:
    charged(core, bought(core), "0.00105")
    core.broker.fill(core.leg("c1-sl").id, "0.9989")
    assert core.guards() == 0
    assert core.live_legs() == []
    assert core.alerts() == []


def test_the_next_entry_after_that_is_protected_in_full(core: Core) -> None:
    charged(core, bought(core), "0.001")
    core.broker.fill(core.leg("c1-sl").id, "0.999")
    core.entered(
        "1", symbol=PAIR, client_order_id="c2", side=Side.SELL, stop_loss="110", take_profit="90"
    )
    covers(core, "1")


def test_w06_a_leg_refused_as_too_much_is_right_as_soon_as_the_commission_is_told(
    core: Core,
) -> None:
    entry_id = bought(core, None)
    core.broker.plan("submit", TOO_MUCH, TOO_MUCH)
    core.broker.fill(entry_id, "1")
    assert core.live_legs() == []
    charged(core, entry_id, "0.001")
    covers(core, "0.999")


def test_w06_a_leg_refused_as_too_much_has_the_broker_asked_what_there_is(core: Core) -> None:
    """Nobody told of the commission: it is found in the list of executions."""
    entry_id = bought(core, None)
    core.broker.plan("submit", TOO_MUCH, TOO_MUCH)
    core.broker.fill(entry_id, "1")
    core.broker.executions.append(
        a_trade(
            order_id=entry_id, symbol=PAIR, commission_currency="BTC", commission=Decimal("0.001")
        )
    )
    hold_pair(core, "0.999")
    assert core.broker.asked("trades") == []
    core.wait(0.9)
    assert len(core.broker.asked("trades")) == 1
    covers(core, "0.999")


def test_another_refusal_causes_no_look(core: Core) -> None:
    entry_id = bought(core, None)
    core.broker.plan("submit", OrderRejected("no", "INVALID_PRICE"))
    core.broker.fill(entry_id, "1")
    core.wait(0.9)
    assert core.broker.asked("positions") == []


def test_w06_what_was_found_gone_is_not_taken_off_twice(core: Core) -> None:
    """The position shows the commission before the execution does."""
    entry_id = bought(core)
    plan_of(core).release(Decimal("0.001"))
    charged(core, entry_id, "0.001")
    covers(core, "0.999")


def test_what_a_later_fill_costs_is_taken_off_all_the_same() -> None:
    plan = a_plan()
    plan.take_entry(an_order("e1", filled="0.4"))
    plan.release(Decimal("0.1"))
    plan.take_entry(an_order("e1", filled="1"))
    plan.charge("t2", Decimal("0.006"))
    assert plan.open_quantity == Decimal("0.894")


def test_w06_commissions_outlive_the_process(core: Core) -> None:
    entry_id = bought(core, "0.4")
    charged(core, entry_id, "0.0004")
    hold_pair(core, "0.3996")
    after = crashed(core)
    check_that_plans_are_kept(after)
    covers(after, "0.3996")
    charged(after, entry_id, "0.0004")
    after.broker.fill(entry_id, "1")
    after.wait(2)
    covers(after, "0.9996")


def test_w06_a_commission_that_nobody_was_told_of_is_found_after_a_restart(core: Core) -> None:
    entry_id = bought(core)
    core.broker.executions.append(
        a_trade(
            order_id=entry_id, symbol=PAIR, commission_currency="BTC", commission=Decimal("0.001")
        )
    )
    hold_pair(core, "0.999")
    after = crashed(core)
    covers(after, "0.999")
    assert plan_of(after).commission == Decimal("0.001")


def test_what_is_taken_in_kind_is_of_the_base_only() -> None:
    trade: dict[str, Any] = {"symbol": "BTC/USDT", "commission": Decimal("0.1")}
    assert in_kind(a_trade(commission_currency="BTC", **trade)) == Decimal("0.1")
    assert in_kind(a_trade(commission_currency="USDT", **trade)) == 0


class Account:
    """One entry at a broker with steps of 0.01 and a minimum of 0.1, and what really is held."""

    def __init__(self) -> None:
        self.core = Core()
        self.core.broker.instruments[PAIR] = Instrument(
            quantity_step=Decimal("0.01"), minimum_quantity=Decimal("0.1")
        )
        self.entry_id = self.core.entered(symbol=PAIR, quantity="10")
        self.filled = self.taken = Decimal(0)
        self.charges = 0

    @property
    def free(self) -> Decimal:
        return self.filled - self.taken - sum(leg.filled_quantity for leg in self.core.legs())

    def happen(self, what: str, much: Decimal) -> None:
        if what == "fill" and self.filled + much <= 10:
            self.filled += much
            self.core.broker.fill(self.entry_id, self.filled)
            self._charge(much / 1000)
        elif what == "leg" and (resting := self.core.live_legs()):
            leg = resting[int(much * 7) % len(resting)]
            self.core.broker.fill(leg.id, leg.filled_quantity + min(much, leg.remaining_quantity))
        elif what == "die":
            hold_pair(self.core, str(self.free))
            self.core = crashed(self.core)
        self.core.wait(2)

    def _charge(self, commission: Decimal) -> None:
        self.taken += commission
        self.charges += 1
        charged(self.core, self.entry_id, str(commission), f"t{self.charges}")

    def check(self) -> None:
        for kind in (STOP, LIMIT):
            missing = self.free - self.core.live(kind)
            assert missing >= 0
            assert missing < Decimal("0.1")
            if missing >= Decimal("0.01"):
                assert "minimum" in str(self.core.alerts()[-1].details)
        for leg in self.core.broker.asked("submit")[1:]:
            assert leg.quantity >= Decimal("0.1")
            assert leg.quantity % Decimal("0.01") == 0


parts = st.decimals("0.001", "3", places=3)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.sampled_from(["fill", "fill", "leg", "die"]), parts), max_size=8))
@example(
    [("fill", Decimal(one)) for one in ("0.211", "0.16")]
    + [("leg", Decimal("0.101"))]
    + [("fill", Decimal(one)) for one in ("0.001", "2.67")]
    + [("leg", Decimal("0.286"))]
)
def test_w06_w18_whatever_happens_legs_cover_what_can_be_sold_and_the_rest_is_told(
    history: list[tuple[str, Decimal]],
) -> None:
    account = Account()
    for what, much in history:
        account.happen(what, much)
        account.check()
