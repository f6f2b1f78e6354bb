"""The broker's steps and minima: legs cover what can be covered, never more (W-06, W-55)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.logger import capturedLogs

from tests.exits.restarting import check_that_plans_are_kept, crashed, hold
from tests.exits.test_plan import a_leg, a_plan
from tests.orders.core import SYMBOL, Core, a_position, failure_of, ids, result_of
from tests.orders.samples import an_order
from tradegw.errors import OrderNotModifiable, UnsupportedOperation
from tradegw.exits.coverage import (
    Cancel,
    Place,
    Shrink,
    below_minimum,
    confirmed,
    covered,
    next_step,
    shortfall,
)
from tradegw.exits.leg import Leg
from tradegw.exits.plan import Plan
from tradegw.exits.quantity import leg_price, too_small, whole
from tradegw.model.enums import OrderStatus, OrderType, Side
from tradegw.model.market import Instrument
from tradegw.model.protection import ExitsChange, LegKind, ProtectionState

SL, TP = LegKind.STOP_LOSS, LegKind.TAKE_PROFIT
STOP, LIMIT = OrderType.STOP, OrderType.LIMIT
ZERO = Decimal(0)

quantities = st.decimals("0", "100000", places=9)
prices = st.decimals("0.0001", "200000", places=6).filter(bool)
steps = st.none() | st.sampled_from(["1e-9", "0.00001", "0.001", "0.25", "1", "100"]).map(Decimal)
instruments = st.builds(
    Instrument,
    quantity_step=steps,
    minimum_quantity=steps,
    minimum_notional=st.none() | st.sampled_from(["5", "10.5"]).map(Decimal),
    price_step=steps,
)


def coarse(**members: str) -> Instrument:
    """Steps of 0.01, and orders of 0.1 at least, with *members* instead."""
    values = {"quantity_step": "0.01", "minimum_quantity": "0.1", **members}
    rules: dict[str, Any] = {name: Decimal(value) for name, value in values.items()}
    return Instrument(**rules)


@pytest.mark.parametrize(
    ("wanted", "leg"), [("10", "10"), ("10.50", "10.50"), ("0.1234567891", "0.123456789")]
)
def test_quantities_are_written_as_their_client_wrote_them(wanted: str, leg: str) -> None:
    assert str(whole(Decimal(wanted), Instrument(quantity_step=Decimal("1e-9")))) == leg


@pytest.fixture
def core() -> Core:
    core = Core()
    core.broker.instruments[SYMBOL] = coarse()
    return core


def covers(core: Core, stop: str, limit: str | None = None) -> None:
    limit = stop if limit is None else limit
    assert (core.live(STOP), core.live(LIMIT)) == (Decimal(stop), Decimal(limit))


def reasons(core: Core) -> list[str]:
    """Of the alert that was raised last."""
    details = core.alerts()[-1].details
    assert details is not None
    return [exit_["error"] for exit_ in details["failed_exits"]]


# -- algebra ---------------------------------------------------------------------------------------


@given(quantities, instruments)
def test_w06_what_is_rounded_off_is_less_than_a_step_and_never_negative(
    quantity: Decimal, instrument: Instrument
) -> None:
    step = instrument.quantity_step
    rest = quantity - whole(quantity, instrument)
    assert rest == 0 if step is None else 0 <= rest < step
    assert step is None or whole(quantity, instrument) % step == 0


@given(quantities, quantities, instruments)
def test_w06_more_is_never_rounded_to_less(
    one: Decimal, other: Decimal, instrument: Instrument
) -> None:
    less, more = sorted([one, other])
    assert whole(less, instrument) <= whole(more, instrument)


@given(quantities, prices, instruments)
def test_without_rules_nothing_is_rounded_or_too_small(
    quantity: Decimal, price: Decimal, instrument: Instrument
) -> None:
    for nothing in (None, Instrument()):
        assert whole(quantity, nothing) == quantity
        assert too_small(quantity, price, nothing) is None
        assert leg_price(SL, price, Side.SELL, nothing) == price


@given(quantities, prices, instruments)
def test_w55_it_is_too_small_exactly_if_it_is_below_a_minimum(
    quantity: Decimal, price: Decimal, instrument: Instrument
) -> None:
    is_below = quantity < (instrument.minimum_quantity or ZERO)
    is_below = is_below or quantity * price < (instrument.minimum_notional or ZERO)
    assert (too_small(quantity, price, instrument) is not None) == is_below


@given(prices, st.sampled_from(Side), st.sampled_from(LegKind), instruments)
def test_prices_move_away_from_the_market_by_less_than_a_step(
    price: Decimal, exit_side: Side, kind: LegKind, instrument: Instrument
) -> None:
    """A stop is never closer than asked for, a take-profit never at a worse price."""
    rounded, step = leg_price(kind, price, exit_side, instrument), instrument.price_step
    is_down = (kind is SL) == (exit_side is Side.SELL)
    moved = price - rounded if is_down else rounded - price
    assert moved == 0 if step is None else 0 <= moved < step
    assert rounded > 0


def test_a_stop_below_the_first_step_is_left_as_it_is() -> None:
    assert leg_price(SL, Decimal("0.3"), Side.SELL, coarse(price_step="1")) == Decimal("0.3")
    assert leg_price(TP, Decimal("0.3"), Side.SELL, coarse(price_step="1")) == 1


@pytest.mark.parametrize("value", ["0", "-1", "NaN", "Infinity"])
def test_steps_and_minima_are_positive(value: str) -> None:
    for name in set(Instrument.__struct_fields__) - {"one_exit", "symbol"}:
        rule: dict[str, Any] = {name: Decimal(value)}
        with pytest.raises(ValueError, match=name):
            Instrument(**rule)


class Story:
    """An entry that fills, is charged and is closed, at an obedient broker."""

    def __init__(self, instrument: Instrument) -> None:
        self.plan: Plan = a_plan(quantity=1000)
        self.plan.instrument = instrument
        self.filled = ZERO

    def happen(self, what: str, much: Decimal) -> None:
        plan = self.plan
        if what == "fill":
            self.filled += much
            plan.take_entry(an_order("e1", quantity=10**9, filled=self.filled))
        elif what == "charge":
            plan.charge(f"t{len(plan.charges)}", min(much, plan.open_quantity))
        elif what == "close":
            plan.release(much)
        else:
            resting = list(plan.live_legs())
            if resting:
                self._execute(resting[0], min(much, resting[0].remaining))
        self._settle()

    def _execute(self, leg: Leg, much: Decimal) -> None:
        filled = leg.filled + much
        done = filled == leg.quantity
        status = OrderStatus.FILLED if done else OrderStatus.PARTIALLY_FILLED
        assert leg.order_id is not None
        order = an_order(leg.order_id, quantity=leg.quantity, filled=filled, status=status)
        self.plan.take_leg(leg, order)

    def _settle(self) -> None:
        for _ in range(50):
            step = next_step(self.plan)
            if isinstance(step, Place):
                assert whole(step.quantity, self.plan.instrument) == step.quantity
                price = self.plan.price(step.kind)
                assert too_small(step.quantity, price, self.plan.instrument) is None
                a_leg(self.plan, step.kind, step.quantity)
            elif isinstance(step, Shrink):
                assert step.leg.filled < step.quantity < step.leg.quantity
                step.leg.quantity = step.quantity
            elif isinstance(step, Cancel):
                step.leg.ended = True
            else:
                assert step is None
                return
        raise AssertionError("it goes on for ever")

    def check(self) -> None:
        """Never more than there is; what is missing is told, but for less than a step."""
        plan, missing = self.plan, shortfall(self.plan)
        for kind in plan.kinds:
            assert covered(plan, kind) <= plan.open_quantity
            dust = plan.open_quantity - covered(plan, kind) - missing.get(kind, ZERO)
            step = None if plan.instrument is None else plan.instrument.quantity_step
            assert dust == 0 if step is None else 0 <= dust < step
        assert missing.keys() == below_minimum(plan).keys()


events = st.tuples(st.sampled_from(["fill", "charge", "close", "execute"]), quantities)


@given(instruments, st.lists(events, max_size=12))
def test_w06_w55_legs_and_what_is_told_and_dust_are_what_is_open(
    instrument: Instrument, history: list[tuple[str, Decimal]]
) -> None:
    story = Story(instrument)
    for what, much in history:
        story.happen(what, much)
        story.check()


# -- the gateway -----------------------------------------------------------------------------------


def test_w06_legs_are_rounded_down_to_the_quantity_step(core: Core) -> None:
    core.entered("0.4567")
    covers(core, "0.45")
    assert core.alerts() == []


def test_what_was_rounded_off_goes_with_the_next_fill(core: Core) -> None:
    entry_id = core.entered("0.4567")
    core.broker.fill(entry_id, "0.6")
    covers(core, "0.6")
    assert [str(leg.quantity) for leg in core.legs()[2:]] == ["0.15", "0.15"]


def test_w55_what_is_below_the_minimum_is_told_with_the_reason(core: Core) -> None:
    core.entered("0.09")
    assert core.legs() == []
    core.wait(2)
    assert reasons(core) == ["0.09 is below the broker's minimum quantity of 0.1"] * 2
    (position,) = core.protection.positions()
    assert position.plans[0].state is ProtectionState.UNCOVERED
    assert [str(one.quantity) for one in position.plans[0].shortfalls] == ["0.09"] * 2
    assert "minimum" in str(position.plans[0].shortfalls[0].reason)


def test_w55_it_is_told_once_and_not_sent_in_vain(core: Core) -> None:
    core.entered("0.09")
    core.wait(50)
    assert core.legs() == []
    assert len(core.alerts()) == 1


def test_w55_it_is_joined_to_the_next_fill(core: Core) -> None:
    entry_id = core.entered("0.09")
    core.broker.fill(entry_id, "0.11")
    covers(core, "0.11")
    assert ids(core.legs()) == ["c1-sl", "c1-tp"]


def test_w55_a_remainder_below_the_minimum_is_told_too(core: Core) -> None:
    entry_id = core.entered("0.5")
    core.broker.fill(entry_id, "0.55")
    covers(core, "0.5")
    assert "0.05 is below" in reasons(core)[0]
    core.broker.fill(entry_id, "0.7")
    covers(core, "0.7")
    assert core.protection.positions()[0].plans[0].state is ProtectionState.COVERED


def test_w55_the_minimum_of_one_broker_is_not_that_of_another() -> None:
    core = Core()
    core.entered("0.0009")
    covers(core, "0.0009")


def test_w55_what_an_order_must_be_worth_counts_at_the_price_of_the_leg(core: Core) -> None:
    core.broker.instruments[SYMBOL] = Instrument(minimum_notional=Decimal(100))
    core.entered("1")
    covers(core, "0", "1")
    assert reasons(core) == ["1 at 90 is worth 90, which is below the broker's minimum of 100"]


def test_an_adapter_that_fails_to_tell_its_rules_ends_no_protection(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core.broker, "instruments", None)
    with capturedLogs() as logged:
        core.entered("0.4567")
    covers(core, "0.4567")
    assert any("rules" in str(event.get("log_format")) for event in logged)


def test_w55_rules_that_become_known_later_count_then(core: Core) -> None:
    core.entered("0.09")
    core.broker.instruments[SYMBOL] = coarse(minimum_quantity="0.01")
    core.wait(2)
    covers(core, "0.09")


def test_w18_a_leg_is_shrunk_on_the_step_when_the_other_executes_a_part(core: Core) -> None:
    core.entered("1")
    core.broker.fill(core.leg("c1-tp").id, "0.333")
    assert core.leg("c1-sl").quantity == Decimal("0.66")
    covers(core, "0.66", "0.667")


def test_w18_a_leg_that_would_be_below_the_minimum_goes_and_the_rest_is_told(core: Core) -> None:
    core.entered("1")
    core.broker.fill(core.leg("c1-tp").id, "0.95")
    covers(core, "0", "0.05")
    assert "0.05 is below" in reasons(core)[0]


def test_w18_where_orders_cannot_be_changed_the_new_leg_is_on_the_step(core: Core) -> None:
    core.entered("1")
    core.broker.plan("replace", *[UnsupportedOperation("replace", "here")] * 3)
    core.broker.fill(core.leg("c1-tp").id, "0.333")
    covers(core, "0.66", "0.667")


def test_a_plan_of_which_less_than_a_step_is_open_is_over(core: Core) -> None:
    core.entered("1.005", quantity="1.005")
    covers(core, "1")
    core.broker.fill(core.leg("c1-sl").id, "1")
    assert core.guards() == 0
    assert core.live_legs() == []
    core.wait(120)
    assert core.alerts() == []


def test_prices_of_legs_are_on_the_price_step(core: Core) -> None:
    core.broker.instruments[SYMBOL] = Instrument(price_step=Decimal("0.5"))
    core.entered("1", stop_loss="90.3", take_profit="110.3")
    assert core.leg("c1-sl").stop_price == 90
    assert core.leg("c1-tp").limit_price == Decimal("110.5")


def test_prices_of_a_short_entrys_legs_are_too(core: Core) -> None:
    core.broker.instruments[SYMBOL] = Instrument(price_step=Decimal("0.5"))
    core.entered("1", side=Side.SELL, stop_loss="110.3", take_profit="90.3")
    assert core.leg("c1-sl").stop_price == Decimal("110.5")
    assert core.leg("c1-tp").limit_price == 90


def test_a_leg_is_moved_to_the_price_step(core: Core) -> None:
    core.broker.instruments[SYMBOL] = Instrument(price_step=Decimal("0.5"))
    core.entered("1")
    moved = result_of(core.guardian.move(a_position(), ExitsChange(stop_loss=Decimal("95.3"))))
    assert core.leg("c1-sl").stop_price == 95
    assert moved.stop_loss is not None
    assert moved.stop_loss.trigger_price == 95


def test_w55_a_leg_too_small_to_be_placed_anew_is_not_taken_away_to_be_moved(core: Core) -> None:
    core.broker.instruments.clear()
    core.entered("0.09")
    core.broker.instruments[SYMBOL] = coarse()
    core.guardian.plans.inform(core.guardian.plans.all()[0].plan)
    core.broker.plan("replace", UnsupportedOperation("replace", "here"))
    change = ExitsChange(stop_loss=Decimal(95))
    refusal = failure_of(core.guardian.move(a_position(), change), OrderNotModifiable)
    assert "below the broker's minimum" in refusal.message
    covers(core, "0.09")


def test_w55_what_is_missing_for_its_size_is_told_after_a_restart_as_well(core: Core) -> None:
    core.entered("0.09")
    hold(core.broker, Decimal("0.09"))
    core.sink.events.clear()
    after = crashed(core)
    after.wait(3)
    assert after.legs() == []
    assert "0.09 is below" in reasons(after)[0]
    check_that_plans_are_kept(after)
    after.broker.fill("ord-1", "0.3")
    after.wait(2)
    covers(after, "0.3")


def test_confirmed_legs_and_what_is_told_are_what_is_open(core: Core) -> None:
    entry_id = core.entered("0.5")
    core.broker.fill(entry_id, "0.557")
    (guarded,) = core.guardian.plans.all()
    missing = shortfall(guarded.plan)
    assert confirmed(guarded.plan, SL) + missing[SL] == Decimal("0.55")
