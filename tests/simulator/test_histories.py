"""Random histories: whatever is sent, cancelled, changed and ticked, the books stay right."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulator.floor import Floor, order
from tradegw.errors import GatewayError
from tradegw.model import wire
from tradegw.model.enums import OrderType, Side, TimeInForce, TrailingType
from tradegw.model.events import AccountEvent, Event, OrderEvent, TradeEvent
from tradegw.model.order import Order, OrderChange
from tradegw.simulator.costs import Commission
from tradegw.simulator.slippage import Slippage

CASH = Decimal(20_000)

price = st.decimals(min_value=80, max_value=120, places=1)
quantity = st.decimals(min_value="0.1", max_value=60, places=1)
symbol = st.sampled_from(["X", "Y"])


@st.composite
def sending(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    kind = draw(st.sampled_from(OrderType))
    members: dict[str, Any] = {
        "side": draw(st.sampled_from(Side)),
        "quantity": draw(quantity),
        "order_type": kind,
        "symbol": draw(symbol),
        "reduce_only": draw(st.sampled_from([None, None, None, True])),
    }
    if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT):
        members["limit_price"] = draw(price)
        members["post_only"] = draw(st.sampled_from([None, None, True]))
    if kind in (OrderType.STOP, OrderType.STOP_LIMIT):
        members["stop_price"] = draw(price)
    if kind is OrderType.TRAILING_STOP:
        members["trailing_distance"] = draw(st.decimals(min_value=1, max_value=20, places=1))
        members["trailing_type"] = draw(st.sampled_from(TrailingType))
    if kind in (OrderType.MARKET, OrderType.LIMIT):
        members["time_in_force"] = draw(st.sampled_from(TimeInForce))
        members["stop_loss"] = draw(st.none() | price)
        members["take_profit"] = draw(st.none() | price)
        members["oco_group_id"] = draw(st.sampled_from([None, None, "g"]))
    return "send", members


ticking = st.tuples(
    st.just("tick"),
    st.fixed_dictionaries(
        {
            "price": price,
            "symbol": symbol,
            "spread": st.sampled_from([0, 0, 1]),
            "continuous": st.booleans(),
            "volume": st.sampled_from([None, Decimal(0), Decimal(20), Decimal(1000)]),
        }
    ),
)
index = st.integers(0, 20)
cancelling = st.tuples(st.just("cancel"), st.fixed_dictionaries({"index": index}))
changing = st.tuples(
    st.just("replace"),
    st.fixed_dictionaries(
        {
            "index": index,
            "limit_price": st.none() | price,
            "stop_price": st.none() | price,
            "quantity": st.none() | quantity,
        }
    ),
)
closing = st.tuples(st.just("close"), st.fixed_dictionaries({"symbol": symbol}))
histories = st.lists(
    st.one_of(sending(), ticking, ticking, ticking, cancelling, changing, closing), max_size=60
)
terms = st.fixed_dictionaries(
    {
        "cash": st.just(CASH),
        "leverage": st.sampled_from([Decimal(1), Decimal(3), Decimal(10)]),
        "commission": st.sampled_from([Commission(), Commission.parse("5bps+0.1/order+min1")]),
        "slippage": st.sampled_from([Slippage(), Slippage(Decimal(7))]),
        "volume_limit": st.sampled_from([Decimal(0), Decimal("0.3")]),
        "partial_ratio": st.sampled_from([None, Decimal("0.3")]),
        "native_brackets": st.booleans(),
        "limit_through": st.booleans(),
    }
)


class History:
    """Plays commands, and checks after each event what must always hold."""

    def __init__(self, **options: Any) -> None:
        self.floor = Floor(self.check, **options)
        self.sent: list[str] = []
        self.latest: dict[str, Order] = {}
        self.fills: dict[str, list[tuple[Decimal, Decimal]]] = {}
        self.limit = options.get("volume_limit")

    def play(self, commands: list[tuple[str, dict[str, Any]]]) -> None:
        for name, members in commands:
            try:
                getattr(self, name)(**members)
            except GatewayError:
                if name == "tick":
                    raise
            self.check_ledger()

    def send(self, side: Side, quantity: Decimal, **members: Any) -> None:
        request = order(side, quantity, **members)
        self.sent.append(self.floor.exchange.submit(request, self.floor.time).id)

    def tick(self, price: Decimal, **members: Any) -> None:
        self.floor._tick(price, **members)

    def cancel(self, index: int) -> None:
        if self.sent:
            self.floor.exchange.cancel(self.sent[index % len(self.sent)], self.floor.time)

    def replace(self, index: int, **members: Any) -> None:
        if self.sent:
            wanted = OrderChange(**members)
            self.floor.exchange.replace(self.sent[index % len(self.sent)], wanted, self.floor.time)

    def close(self, symbol: str) -> None:
        held = self.floor.exchange.position(symbol)
        if held is not None:
            request = order(held.side.closing, held.quantity, symbol=symbol, reduce_only=True)
            self.floor.exchange.submit(request, self.floor.time, at_once=True)

    def check(self, event: Event) -> None:
        if isinstance(event, OrderEvent):
            self.check_order(event.order)
        elif isinstance(event, TradeEvent):
            trade = event.trade
            self.fills.setdefault(trade.order_id, []).append((trade.quantity, trade.price))
            assert trade.quantity > 0
        elif isinstance(event, AccountEvent):
            account = event.account
            assert account.equity == account.balance + account.unrealized_pnl
            assert account.margin_available >= 0

    def check_order(self, told: Order) -> None:
        before = self.latest.get(told.id)
        if before is not None:
            assert not before.status.is_terminal
            assert told.filled_quantity >= before.filled_quantity
            assert told.updated_at >= before.updated_at
        self.latest[told.id] = told
        assert 0 <= told.filled_quantity <= told.quantity
        assert told.remaining_quantity == told.quantity - told.filled_quantity

    def check_ledger(self) -> None:
        exchange = self.floor.exchange
        for told in self.latest.values():
            kept = exchange.order(told.id)
            assert kept == told or kept.order_type is OrderType.TRAILING_STOP
            fills = self.fills.get(told.id, [])
            assert sum(amount for amount, _ in fills) == kept.filled_quantity
            if fills:
                paid = [at for _, at in fills]
                assert kept.average_fill_price is not None
                assert min(paid) <= kept.average_fill_price <= max(paid)
        self.check_money()

    def check_money(self) -> None:
        """Equity is the cash, plus what all trades brought in, plus what is held, at the marks."""
        exchange = self.floor.exchange
        flows = sum(
            (-t.side.sign * t.quantity * t.price - t.commission for t in exchange.trades()),
            Decimal(0),
        )
        held: dict[str, Decimal] = {}
        for trade in exchange.trades():
            held.setdefault(trade.symbol, Decimal(0))
            held[trade.symbol] += trade.side.sign * trade.quantity
        worth = Decimal(0)
        for position in exchange.positions():
            sign = 1 if position.side.closing is Side.SELL else -1
            assert sign * position.quantity == held.pop(position.symbol)
            assert position.quantity > 0
            worth += sign * position.quantity * position.current_price
        assert not any(held.values())
        account = exchange.account()
        assert abs(account.equity - (CASH + flows + worth)) < Decimal("1e-9")


def dealt(seed: int, length: int) -> list[tuple[str, dict[str, Any]]]:
    """A long history, as hypothesis would hardly draw it: mostly ticks, prices close together."""
    rng = random.Random(seed)

    def near(step: int = 0) -> Decimal:
        return Decimal(rng.randint(960, 1040) + step) / 10

    def a_tick() -> dict[str, Any]:
        return {
            "price": near(),
            "symbol": rng.choice("XXXY"),
            "spread": rng.choice((0, 0, 1)),
            "continuous": rng.random() < 0.5,
            "volume": rng.choice((None, Decimal(0), Decimal(20), Decimal(1000))),
        }

    def a_send() -> dict[str, Any]:
        kind = rng.choice(list(OrderType))
        is_plain = kind in (OrderType.MARKET, OrderType.LIMIT)
        has_limit = kind in (OrderType.LIMIT, OrderType.STOP_LIMIT)
        has_stop = kind in (OrderType.STOP, OrderType.STOP_LIMIT)
        trails = kind is OrderType.TRAILING_STOP
        return {
            "side": rng.choice(list(Side)),
            "quantity": Decimal(rng.randint(1, 300)) / 10,
            "order_type": kind,
            "symbol": rng.choice("XXXY"),
            "limit_price": near() if has_limit else None,
            "stop_price": near() if has_stop else None,
            "trailing_distance": Decimal(rng.randint(1, 30)) / 10 if trails else None,
            "trailing_type": rng.choice(list(TrailingType)) if trails else None,
            "time_in_force": rng.choice(list(TimeInForce)) if is_plain else None,
            "stop_loss": near() if is_plain and rng.random() < 0.3 else None,
            "take_profit": near() if is_plain and rng.random() < 0.3 else None,
            "reduce_only": rng.random() < 0.2 or None,
            "post_only": (has_limit and rng.random() < 0.2) or None,
            "oco_group_id": rng.choice((None, None, "g", "h")),
        }

    def a_change() -> dict[str, Any]:
        member = rng.choice(("limit_price", "stop_price", "quantity"))
        return {"index": rng.randint(0, 400), member: near() if "p" in member else near() - 60}

    makers: dict[str, Callable[[], dict[str, Any]]] = {
        "tick": a_tick,
        "send": a_send,
        "replace": a_change,
        "cancel": lambda: {"index": rng.randint(0, 400)},
        "close": lambda: {"symbol": rng.choice("XY")},
    }
    names = rng.choices(list(makers), weights=(50, 30, 10, 8, 2), k=length)
    return [(name, makers[name]()) for name in names]


@pytest.mark.parametrize("seed", range(12))
def test_long_histories_agree_too(seed: int) -> None:
    rng = random.Random(seed)
    options = {
        "cash": CASH,
        "leverage": Decimal(rng.choice((1, 3, 10))),
        "commission": rng.choice((Commission(), Commission.parse("5bps+0.1/order+min1"))),
        "slippage": Slippage(Decimal(rng.choice((0, 7)))),
        "volume_limit": rng.choice((Decimal(0), Decimal("0.3"))),
        "partial_ratio": rng.choice((None, Decimal("0.3"))),
        "native_brackets": rng.random() < 0.5,
        "limit_through": rng.random() < 0.5,
    }
    history = History(**options)
    history.play(dealt(seed, 250))
    assert len(history.floor.exchange.trades()) > 10


@given(terms, histories)
@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
def test_orders_trades_positions_and_money_always_agree(
    options: dict[str, Any], commands: list[tuple[str, dict[str, Any]]]
) -> None:
    history = History(**options)
    history.play(commands)


@given(terms, histories)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_the_same_calls_give_the_same_events_to_the_byte(
    options: dict[str, Any], commands: list[tuple[str, dict[str, Any]]]
) -> None:
    transcripts = []
    for _ in range(2):
        history = History(**options)
        history.play(commands)
        transcripts.append([wire.encode(event) for event in history.floor.events])
    assert transcripts[0] == transcripts[1]


@given(histories)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_a_tick_never_trades_more_than_its_share_of_volume(
    commands: list[tuple[str, dict[str, Any]]],
) -> None:
    history = History(cash=CASH, volume_limit=Decimal("0.3"))
    for name, members in commands:
        if name == "close":
            continue
        before = len(history.floor.exchange.trades())
        history.play([(name, members)])
        if name == "tick" and not members["continuous"] and members["volume"] is not None:
            traded = history.floor.exchange.trades()[before:]
            assert sum(t.quantity for t in traded) <= members["volume"] * Decimal("0.3")
