"""What each trading state lets through, and that exposure cannot be raised past it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tradegw.errors import OrderDenied
from tradegw.model.enums import OrderStatus, OrderType, Side, TimeInForce
from tradegw.model.order import Order, OrderChange, OrderRequest
from tradegw.model.trading import StateSetter, TradingState, TradingStatus
from tradegw.risk.trading import Standing, TradingGate

NOON = datetime(2025, 1, 15, 12, tzinfo=UTC)
ACTIVE, REDUCE_ONLY, HALTED = TradingState
RESTRICTED = (REDUCE_ONLY, HALTED)
CODES = {REDUCE_ONLY: "TRADING_REDUCE_ONLY", HALTED: "TRADING_HALTED"}
ZERO = Decimal(0)
EXACT = Context(prec=200)


def gate(state: TradingState, reason: str | None = None) -> TradingGate:
    return TradingGate(Standing(operator=TradingStatus(state=state, since=NOON, reason=reason)))


def request(
    side: Side, quantity: object, order_type: OrderType = OrderType.MARKET, **members: Any
) -> OrderRequest:
    return OrderRequest(
        symbol="AAPL",
        side=side,
        quantity=Decimal(str(quantity)),
        order_type=order_type,
        **members,
    )


def working(side: Side, quantity: object, filled: object = 0, **members: Any) -> Order:
    whole, done = Decimal(str(quantity)), Decimal(str(filled))
    return Order(
        id="o",
        symbol="AAPL",
        side=side,
        order_type=OrderType.LIMIT,
        quantity=whole,
        filled_quantity=done,
        remaining_quantity=whole - done,
        limit_price=Decimal(100),
        status=OrderStatus.OPEN,
        time_in_force=TimeInForce.GTC,
        created_at=NOON,
        updated_at=NOON,
        **members,
    )


def denial(state: TradingState, asked: OrderRequest, held: Any, reducing: Any = 0) -> str | None:
    """Code and message of the refusal, if it is refused."""
    known = None if held is None else Decimal(held)
    try:
        gate(state).check(asked, known, Decimal(reducing))
    except OrderDenied as error:
        return f"{error.reject_code}: {error.message}"
    return None


def change_denial(
    state: TradingState, order: Order, change: OrderChange, held: Any, reducing: Any = 0
) -> str | None:
    known = None if held is None else Decimal(held)
    try:
        gate(state).check_change(order, change, known, Decimal(reducing))
    except OrderDenied as error:
        return f"{error.reject_code}: {error.message}"
    return None


# -- new orders ----------------------------------------------------------------------------------


@pytest.mark.parametrize("held", [None, 0, 5, -5])
def test_active_lets_everything_through(held: int | None) -> None:
    asked = request(Side.BUY, 10, stop_loss=Decimal(1))
    assert denial(ACTIVE, asked, held) is None
    assert (
        change_denial(ACTIVE, working(Side.BUY, 1), OrderChange(quantity=Decimal(9)), held) is None
    )


@pytest.mark.parametrize("state", RESTRICTED)
@pytest.mark.parametrize(
    ("side", "quantity", "held", "reducing", "passes"),
    [
        (Side.SELL, "10", 10, 0, True),
        (Side.SELL, "10.0000000001", 10, 0, False),
        (Side.SELL, "4", 10, 6, True),
        (Side.SELL, "4.01", 10, 6, False),
        (Side.SELL, "1", 10, 12, False),
        (Side.BUY, "10", -10, 0, True),
        (Side.BUY, "11", -10, 0, False),
        (Side.BUY, "1", 10, 0, False),
        (Side.SELL, "1", -10, 0, False),
        (Side.BUY, "1", 0, 0, False),
        (Side.SELL, "1", 0, 0, False),
        (Side.SELL, "1", None, 0, False),
    ],
)
def test_only_what_lowers_exposure_may_leave(
    state: TradingState, side: Side, quantity: str, held: Any, reducing: int, passes: bool
) -> None:
    asked = request(side, quantity, reduce_only=True)
    refusal = denial(state, asked, held, reducing)
    assert refusal is None if passes else str(refusal).startswith(CODES[state])


@pytest.mark.parametrize("state", RESTRICTED)
def test_the_last_digit_counts(state: TradingState) -> None:
    all_of_it = "1234567890123456789012345678"
    asked = request(Side.SELL, all_of_it, reduce_only=True)
    assert denial(state, asked, all_of_it, "1e-28") is not None
    order = working(Side.SELL, 1, filled="0.6", reduce_only=True)
    change = OrderChange(quantity=Decimal(all_of_it))
    assert change_denial(state, order, change, "1234567890123456789012345677") is not None
    assert change_denial(state, order, change, "1234567890123456789012345677.4") is None


@pytest.mark.parametrize("said", [None, False])
def test_halted_wants_the_reduction_said_and_reduce_only_does_not(said: bool | None) -> None:
    asked = request(Side.SELL, 10, reduce_only=said)
    assert denial(REDUCE_ONLY, asked, 10) is None
    assert "marked reduce_only" in str(denial(HALTED, asked, 10))


@pytest.mark.parametrize("said", [None, False])
@pytest.mark.parametrize("order_type", set(OrderType) - {OrderType.MARKET})
def test_what_rests_must_say_that_it_reduces_for_the_position_may_end_before_it(
    order_type: OrderType, said: bool | None
) -> None:
    for state in RESTRICTED:
        refusal = denial(state, request(Side.SELL, 10, order_type, reduce_only=said), 10)
        assert "marked reduce_only" in str(refusal)
        assert denial(state, request(Side.SELL, 10, order_type, reduce_only=True), 10) is None


@pytest.mark.parametrize("state", RESTRICTED)
def test_where_positions_are_kept_apart_one_must_be_named(state: TradingState) -> None:
    with pytest.raises(OrderDenied, match="position_id") as denied:
        gate(state).check_named(None)
    assert denied.value.reject_code == CODES[state]
    gate(state).check_named("p")
    gate(ACTIVE).check_named(None)


def test_a_mark_alone_lets_nothing_through() -> None:
    for state in RESTRICTED:
        for held in (None, 0, 10):
            assert denial(state, request(Side.BUY, 1, reduce_only=True), held) is not None


@pytest.mark.parametrize("state", RESTRICTED)
@pytest.mark.parametrize("name", ["stop_loss", "take_profit"])
def test_exits_attached_to_a_reduction_could_open_and_are_refused(
    state: TradingState, name: str
) -> None:
    exits: dict[str, Any] = {name: Decimal(5)}
    asked = request(Side.SELL, 10, reduce_only=True, **exits)
    assert "exits" in str(denial(state, asked, 10))


def test_the_refusal_names_state_reason_and_what_is_left() -> None:
    with pytest.raises(OrderDenied) as denied:
        gate(REDUCE_ONLY, "maintenance").check(request(Side.SELL, 9), Decimal(10), Decimal(4))
    assert denied.value.message == (
        "Trading is REDUCE_ONLY (maintenance): no more than 6 is left to reduce"
    )
    assert denied.value.details == {"reject_code": "TRADING_REDUCE_ONLY"}


# -- changes -------------------------------------------------------------------------------------

PRICES = ["limit_price", "stop_price", "trailing_distance"]


@pytest.mark.parametrize("state", RESTRICTED)
@pytest.mark.parametrize("held", [None, 0, 10, -10])
def test_a_quantity_may_always_be_lowered(state: TradingState, held: int | None) -> None:
    for side in Side:
        order = working(side, 10)
        assert change_denial(state, order, OrderChange(quantity=Decimal(3)), held) is None
        assert change_denial(state, order, OrderChange(quantity=Decimal(10)), held) is None
        assert change_denial(state, order, OrderChange(), held) is None


@pytest.mark.parametrize("state", RESTRICTED)
def test_an_order_that_does_not_reduce_is_not_made_larger_or_likelier(state: TradingState) -> None:
    order = working(Side.BUY, 10, reduce_only=True)
    for held in (None, 0, 10):
        refusal = change_denial(state, order, OrderChange(quantity=Decimal(11)), held)
        assert str(refusal).startswith(CODES[state])
        for name in PRICES:
            change = OrderChange(**dict[str, Any]({name: Decimal(7)}))
            assert change_denial(state, order, change, held) is not None
            lowered = replace(change, quantity=Decimal(1))
            assert change_denial(state, order, lowered, held) is not None


@pytest.mark.parametrize("state", RESTRICTED)
def test_a_reduction_may_grow_up_to_what_is_left_to_reduce(state: TradingState) -> None:
    order = working(Side.SELL, 6, filled=2, reduce_only=True)
    grown = OrderChange(quantity=Decimal(8))
    assert change_denial(state, order, grown, 6) is None
    assert change_denial(state, order, grown, 10, reducing=4) is None
    assert change_denial(state, order, grown, 5) is not None
    assert change_denial(state, order, grown, 10, reducing=5) is not None


@pytest.mark.parametrize("state", RESTRICTED)
def test_prices_of_a_reduction_may_be_moved_if_it_is_marked(state: TradingState) -> None:
    for name in PRICES:
        change = OrderChange(**dict[str, Any]({name: Decimal(7)}))
        assert change_denial(state, working(Side.SELL, 5), change, 5) is not None
        assert change_denial(state, working(Side.SELL, 5, reduce_only=True), change, 5) is None
        assert change_denial(state, working(Side.SELL, 6, reduce_only=True), change, 5) is not None


@pytest.mark.parametrize("state", RESTRICTED)
def test_an_exit_leg_is_moved_as_ever_and_grows_within_what_is_held(state: TradingState) -> None:
    leg = working(Side.SELL, 5, parent_order_id="e")
    for held in (None, 0, 5):
        assert change_denial(state, leg, OrderChange(stop_price=Decimal(7)), held) is None
    grown = OrderChange(quantity=Decimal(6))
    assert change_denial(state, leg, grown, 6) is None
    assert change_denial(state, leg, grown, 5) is not None
    assert change_denial(state, leg, grown, None) is not None


@pytest.mark.parametrize("state", RESTRICTED)
@pytest.mark.parametrize("name", ["stop_loss", "take_profit"])
def test_exits_are_moved_and_attached_where_they_can_only_protect(
    state: TradingState, name: str
) -> None:
    change = OrderChange(**dict[str, Any]({name: Decimal(7)}))
    entry, reduction = working(Side.BUY, 5), working(Side.SELL, 5, reduce_only=True)
    assert change_denial(state, entry, change, 0) is None
    assert change_denial(state, entry, change, 5) is None
    assert change_denial(state, entry, change, None) is not None
    assert change_denial(state, reduction, change, 5) is not None
    for had in ("stop_loss", "take_profit"):
        with_exits = replace(reduction, **{had: Decimal(9)})
        assert change_denial(state, with_exits, change, 5) is None


# -- who says so ---------------------------------------------------------------------------------


def status(state: TradingState, set_by: StateSetter, reason: str | None = None) -> TradingStatus:
    return TradingStatus(state=state, since=NOON, set_by=set_by, reason=reason)


def test_the_stricter_of_operator_and_reconciliation_holds_and_both_reasons_are_told() -> None:
    trading = gate(ACTIVE)
    trading.restrict("AAPL: 10 held, 12 expected", NOON + timedelta(minutes=1))
    assert trading.status == TradingStatus(
        state=REDUCE_ONLY,
        since=NOON + timedelta(minutes=1),
        set_by=StateSetter.RECONCILIATION,
        reason="AAPL: 10 held, 12 expected",
    )
    trading.set(status(HALTED, StateSetter.CLIENT, "lunch"))
    assert trading.status == status(
        HALTED, StateSetter.CLIENT, "lunch; reconciliation: AAPL: 10 held, 12 expected"
    )
    trading.set(status(REDUCE_ONLY, StateSetter.SIGNAL))
    assert trading.status == status(
        REDUCE_ONLY, StateSetter.SIGNAL, "reconciliation: AAPL: 10 held, 12 expected"
    )


def test_active_ends_both_and_a_lift_only_what_the_reconciliation_said() -> None:
    trading = gate(ACTIVE)
    trading.restrict("why", NOON)
    trading.set(status(ACTIVE, StateSetter.CLIENT))
    assert trading.is_open
    trading.set(status(HALTED, StateSetter.SIGNAL))
    trading.restrict("why", NOON)
    trading.lift()
    assert trading.status == status(HALTED, StateSetter.SIGNAL)
    trading.restrict("why", NOON)
    trading.set(status(ACTIVE, StateSetter.SIGNAL))
    trading.lift()
    assert trading.is_open


def test_distrust_of_the_stream_holds_until_an_operator_has_seen_it() -> None:
    """Positions that can be explained say nothing of the stream."""
    trading = gate(ACTIVE)
    trading.distrust("fills are missing", NOON)
    trading.restrict("AAPL: 10 held, 12 expected", NOON + timedelta(minutes=1))
    assert trading.status.since == NOON
    assert trading.status.reason == "AAPL: 10 held, 12 expected; fills are missing"
    trading.lift()
    assert trading.status == status(REDUCE_ONLY, StateSetter.RECONCILIATION, "fills are missing")
    trading.set(status(HALTED, StateSetter.SIGNAL))
    assert trading.status.reason == "liveness: fills are missing"
    trading.set(status(ACTIVE, StateSetter.CLIENT))
    assert trading.is_open


def test_a_restriction_that_is_repeated_began_when_it_began() -> None:
    trading = gate(ACTIVE)
    trading.restrict("one", NOON)
    trading.restrict("two", NOON + timedelta(hours=1))
    assert (trading.status.since, trading.status.reason) == (NOON, "two")


# -- exposure ------------------------------------------------------------------------------------

quantities = st.decimals(
    min_value=Decimal("1e-12"), max_value=Decimal("1e12"), allow_nan=False, places=12
) | st.sampled_from(
    [Decimal(n) for n in ("1", "2", "5", "10", "1e-28", "9999999999999999999999999999")]
)
steps = st.lists(
    st.tuples(
        st.sampled_from(["submit", "submit", "change", "price", "fill", "fill", "cancel"]),
        st.sampled_from(Side),
        quantities,
        st.integers(0, 5),
        st.integers(1, 4).map(lambda quarter: Decimal(quarter) / 4),
        st.booleans(),
    ),
    max_size=30,
)


class Market:
    """What is held of one symbol and what works; every order may fill, wholly or in part."""

    def __init__(self, state: TradingState, net: Decimal, orders: list[Order]) -> None:
        self.gate = gate(state)
        self.net = net
        self.orders = orders

    def waiting(self, side: Side, but: Order | None = None) -> Decimal:
        left = ZERO
        for order in self.orders:
            if order.side is side and order is not but:
                left = EXACT.add(left, order.remaining_quantity)
        return left

    @property
    def reach(self) -> tuple[Decimal, Decimal]:
        """How short and how long it can get by fills alone."""
        shortest = EXACT.subtract(self.net, self.waiting(Side.SELL))
        longest = EXACT.add(self.net, self.waiting(Side.BUY))
        return min(shortest, ZERO), max(longest, ZERO)

    def step(
        self, what: str, side: Side, quantity: Decimal, which: int, part: Decimal, marked: bool
    ) -> None:
        if what == "submit":
            self.submit(request(side, quantity, reduce_only=marked))
        elif which < len(self.orders):
            order = self.orders.pop(which)
            if what == "fill":
                self.fill(order, EXACT.multiply(order.remaining_quantity, part))
            elif what == "change":
                self.change(order, OrderChange(quantity=quantity))
            elif what == "price":
                self.change(order, OrderChange(limit_price=quantity))

    def submit(self, asked: OrderRequest) -> None:
        try:
            self.gate.check(asked, self.net, self.waiting(asked.side))
        except OrderDenied:
            return
        self.orders.append(working(asked.side, asked.quantity, reduce_only=asked.reduce_only))

    def change(self, order: Order, change: OrderChange) -> None:
        try:
            self.gate.check_change(order, change, self.net, self.waiting(order.side))
        except OrderDenied:
            self.orders.append(order)
            return
        quantity = order.quantity if change.quantity is None else change.quantity
        left = EXACT.subtract(quantity, order.filled_quantity)
        if left > 0:
            self.orders.append(replace(order, quantity=quantity, remaining_quantity=left))

    def fill(self, order: Order, quantity: Decimal) -> None:
        self.net = EXACT.add(self.net, EXACT.multiply(quantity, Decimal(order.side.sign)))
        left = EXACT.subtract(order.remaining_quantity, quantity)
        if left > 0:
            filled = EXACT.add(order.filled_quantity, quantity)
            self.orders.append(replace(order, remaining_quantity=left, filled_quantity=filled))


@given(state=st.sampled_from(RESTRICTED), net=quantities, short=st.booleans(), steps=steps)
def test_no_sequence_of_what_is_let_through_raises_the_exposure(
    state: TradingState, net: Decimal, short: bool, steps: list[Any]
) -> None:
    market = Market(state, net.copy_negate() if short else net, [])
    for step in steps:
        before = market.net
        market.step(*step)
        assert market.net.copy_abs() <= before.copy_abs()
        assert market.net == 0 or market.net.is_signed() == before.is_signed()


@given(
    state=st.sampled_from(RESTRICTED),
    net=quantities,
    short=st.booleans(),
    before=st.lists(st.tuples(st.sampled_from(Side), quantities), max_size=3),
    steps=steps,
)
def test_with_orders_of_better_days_at_work_it_gets_no_further_than_they_could(
    state: TradingState, net: Decimal, short: bool, before: list[Any], steps: list[Any]
) -> None:
    orders = [working(side, quantity) for side, quantity in before]
    market = Market(state, net.copy_negate() if short else net, orders)
    for step in steps:
        shortest, longest = market.reach
        market.step(*step)
        now = market.reach
        assert now[0] >= shortest
        assert now[1] <= longest


def test_the_property_would_see_a_gate_that_is_open() -> None:
    market = Market(ACTIVE, Decimal(1), [])
    market.step("submit", Side.BUY, Decimal(5), 0, Decimal(1), False)
    assert market.reach == (ZERO, Decimal(6))
