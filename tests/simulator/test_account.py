"""Money: netting, margin, buying power, liquidation, costs."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulator.floor import BUY, LIMIT, SELL, START, STOP, Floor, shown, steady
from tradegw.errors import OrderRejected
from tradegw.model.enums import OrderStatus, RejectReason, Side
from tradegw.model.events import AlertEvent
from tradegw.simulator.costs import Bill, Commission
from tradegw.simulator.positions import Holding, net, opening_part
from tradegw.simulator.slippage import Slippage

prices = st.decimals(min_value="0.01", max_value=10_000, places=2)
quantities = st.decimals(min_value=-500, max_value=500, places=3).filter(bool)


class TestNetting:
    @given(st.lists(st.tuples(quantities, prices), min_size=1, max_size=30), prices)
    @steady
    def test_realised_plus_unrealised_is_what_was_got_minus_what_was_paid(
        self, fills: list[tuple[Decimal, Decimal]], mark: Decimal
    ) -> None:
        """Exactly, whatever the order of buying, selling and flipping."""
        holding: Holding | None = None
        realised = Decimal(0)
        for quantity, price in fills:
            netted = net(holding, quantity, price, START)
            realised += netted.realised
            holding = netted.after
        unrealised = Decimal(0) if holding is None else holding.unrealised(mark)
        held = Decimal(0) if holding is None else holding.quantity
        assert held == sum(quantity for quantity, _ in fills)
        flows = -sum(quantity * price for quantity, price in fills)
        assert realised + unrealised == flows + held * mark

    @given(st.lists(st.tuples(quantities, prices), min_size=1, max_size=30))
    @steady
    def test_the_average_stays_within_what_was_paid(
        self, fills: list[tuple[Decimal, Decimal]]
    ) -> None:
        holding: Holding | None = None
        for quantity, price in fills:
            holding = net(holding, quantity, price, START).after
        if holding is not None:
            paid = [price for _, price in fills]
            assert min(paid) <= holding.average <= max(paid)

    @given(quantities, quantities, prices)
    @steady
    def test_what_opens_is_told_alike_before_and_after(
        self, held: Decimal, quantity: Decimal, price: Decimal
    ) -> None:
        before = net(None, held, price, START).after
        assert opening_part(before, quantity) == net(before, quantity, price, START).opened

    def test_a_reduction_realises_against_the_average(self) -> None:
        first = net(None, Decimal(3), Decimal(100), START).after
        netted = net(first, Decimal(-1), Decimal(110), START)
        assert netted.after is not None
        assert shown(netted.realised, netted.after.average, netted.opened) == [10, 100, 0]

    def test_a_flip_closes_all_and_opens_the_rest_at_the_price(self) -> None:
        first = net(None, Decimal(-3), Decimal(100), START).after
        netted = net(first, Decimal(5), Decimal(90), START)
        assert netted.after is not None
        assert netted.closed is not None
        assert shown(netted.realised, netted.closed.realised) == [30, 30]
        assert shown(netted.after.quantity, netted.after.average, netted.opened) == [2, 90, 2]


class TestBuyingPower:
    def test_margin_is_notional_by_leverage(self) -> None:
        floor = Floor(cash=Decimal(1000), leverage=Decimal(4))
        floor.send(BUY, 30)
        floor.at(100)
        account = floor.exchange.account()
        assert shown(account.margin_used, account.margin_available) == [750, 250]
        floor.at(104)
        account = floor.exchange.account()
        assert shown(account.balance, account.equity, account.unrealized_pnl) == [1000, 1120, 120]
        assert shown(account.margin_used, account.margin_available) == [780, 340]

    def test_only_what_opens_must_be_paid_for(self) -> None:
        """With all the money in a position it can still be closed, and flipped."""
        floor = Floor(cash=Decimal(1000))
        floor.send(BUY, 10)
        floor.at(100)
        with pytest.raises(OrderRejected):
            floor.send(BUY, 1)
        sent = floor.send(SELL, 20)
        floor.at(100)
        assert floor.exchange.order(sent.id).status is OrderStatus.FILLED
        (position,) = floor.exchange.positions()
        assert shown(str(position.side), position.quantity) == ["SHORT", 10]

    def test_the_commission_must_be_paid_too(self) -> None:
        floor = Floor(cash=Decimal(1000), commission=Commission.parse("1/order"))
        floor.at(100)
        with pytest.raises(OrderRejected):
            floor.send(BUY, 10)
        floor.send(BUY, "9.99")

    def test_an_order_is_judged_by_its_own_price(self) -> None:
        floor = Floor(cash=Decimal(1000))
        floor.at(100)
        floor.send(BUY, 20, LIMIT, limit_price=50)
        with pytest.raises(OrderRejected):
            floor.send(BUY, 10, STOP, stop_price=101)

    def test_before_there_is_a_price_only_the_fill_can_judge(self) -> None:
        floor = Floor(cash=Decimal(1000))
        sent = floor.send(BUY, 11)
        floor.at(100)
        done = floor.exchange.order(sent.id)
        assert done.reject_reason is RejectReason.INSUFFICIENT_MARGIN
        assert floor.kinds == ["ORDER_CREATED", "ORDER_REJECTED"]
        assert floor.exchange.account().balance == 1000

    def test_a_flip_that_cannot_be_paid_for_closes_and_is_then_rejected(self) -> None:
        floor = Floor(cash=Decimal(1000))
        floor.send(BUY, 5)
        floor.at(100)
        sent = floor.send(SELL, 15)
        floor.at(120)
        done = floor.exchange.order(sent.id)
        assert shown(done.status, done.filled_quantity) == [OrderStatus.REJECTED, 5]
        assert floor.exchange.positions() == []
        assert floor.exchange.balance == 1100


class TestMargin:
    def test_a_warning_comes_once_until_use_has_fallen(self) -> None:
        floor = Floor(cash=Decimal(1000))
        floor.send(SELL, 7)
        floor.at(100)
        for price, warnings in ((104, 0), (110, 1), (112, 1), (108, 1), (90, 1), (110, 2)):
            floor.at(price)
            assert floor.kinds.count("MARGIN_WARNING") == warnings, price

    def test_both_bounds_may_just_be_reached(self) -> None:
        """800 of 1000 in use is no warning, and equity of half the margin no call."""
        floor = Floor(cash=Decimal(1000), leverage=Decimal(2))
        floor.send(BUY, 16)
        floor.at(100)
        assert "MARGIN_WARNING" not in floor.kinds
        floor.at(50)
        account = floor.exchange.account()
        assert shown(account.equity, account.margin_used) == [200, 400]
        assert "MARGIN_CALL" not in floor.kinds
        floor.at("49.99")
        assert "MARGIN_CALL" in floor.kinds

    def test_it_comes_again_after_everything_was_closed(self) -> None:
        floor = Floor(cash=Decimal(1000))
        for _ in range(2):
            floor.send(BUY, 9)
            floor.at(100)
            (position,) = floor.exchange.positions()
            assert position.quantity == 9
            floor.send(SELL, 9)
            floor.at(100)
        assert floor.kinds.count("MARGIN_WARNING") == 2

    def test_a_margin_call_closes_all_positions_and_then_cancels_all_orders(self) -> None:
        floor = Floor(cash=Decimal(1000), leverage=Decimal(5), slippage=Slippage(Decimal(100)))
        floor.send(BUY, 20)
        floor.exchange.submit(floor.request(SELL, 10, symbol="Y"), floor.time)
        floor.at(50, symbol="Y")
        floor.at(100)
        resting = floor.send(SELL, 20, STOP, stop_price=10)
        floor.forget()
        floor.at(59)
        assert floor.kinds == [
            "MARGIN_CALL",
            *["ORDER_CREATED", "LIQUIDATION", "ORDER_FILLED", "TRADE_FILLED", "POSITION_CLOSED"],
            "BALANCE_UPDATED",
            *["ORDER_CREATED", "LIQUIDATION", "ORDER_FILLED", "TRADE_FILLED", "POSITION_CLOSED"],
            "BALANCE_UPDATED",
            "ORDER_CANCELLED",
        ]
        assert floor.exchange.positions() == []
        assert floor.exchange.order(resting.id).status is OrderStatus.CANCELLED
        first, second = floor.told(AlertEvent)
        assert first.details is not None
        assert second.details is not None
        assert {first.details["symbol"], second.details["symbol"]} == {"X", "Y"}
        last = {t.symbol: t.price for t in floor.exchange.trades()}
        assert shown(last["X"], last["Y"]) == [Decimal("58.41"), Decimal("50.5")]

    def test_ruin_takes_no_more_orders(self) -> None:
        floor = Floor(cash=Decimal(1000), leverage=Decimal(10))
        floor.send(BUY, 90)
        floor.at(100)
        floor.at(50)
        account = floor.exchange.account()
        assert account.equity < 0
        assert account.margin_available == 0
        with pytest.raises(OrderRejected) as refusal:
            floor.send(BUY, 1)
        assert refusal.value.reject_code == "INSUFFICIENT_FUNDS"

    def test_a_call_while_a_call_is_carried_out_does_nothing_more(self) -> None:
        """A listener that closes the second position by itself when the first one goes."""
        floor = Floor(cash=Decimal(1000), leverage=Decimal(10))
        for symbol in ("X", "Y"):
            floor.exchange.submit(floor.request(BUY, 40, symbol=symbol), floor.time)
            floor.at(100, symbol=symbol)

        def listener(event: object) -> None:
            held = floor.exchange.position("Y")
            if isinstance(event, AlertEvent) and held is not None:
                request = floor.request(SELL, held.quantity, symbol="Y", reduce_only=True)
                floor.exchange.submit(request, floor.time, at_once=True)

        floor.listener = listener
        floor.at(70)
        assert floor.exchange.positions() == []
        assert floor.kinds.count("MARGIN_CALL") == 1
        assert floor.kinds.count("LIQUIDATION") == 1


@pytest.mark.parametrize(
    ("text", "fills", "expected"),
    [
        ("0.001", [(10, 103)], ["1.03"]),
        ("0.1%", [(10, 103)], ["1.03"]),
        ("10bps", [(10, 103)], ["1.03"]),
        ("0.005/unit", [(100, 50)], ["0.5"]),
        ("1/order", [(1, 50), (1, 50)], ["1", "0"]),
        ("0.005/unit+min1", [(100, 50), (50, 50), (100, 50)], ["1", "0", "0.25"]),
        ("1%+max20", [(10, 100), (10, 100), (10, 100)], ["10", "10", "0"]),
        ("1/order+0.5/unit+0.1%", [(2, 100)], ["2.2"]),
        ("-1bps", [(10, 100)], ["-0.1"]),
        ("0", [(10, 100)], ["0"]),
        ("min1+max1", [(10, 100), (10, 100)], ["1", "0"]),
        ("maker:0;taker:0.2%", [(10, 100)], ["2"]),
    ],
)
def test_commission_terms(text: str, fills: list[tuple[int, int]], expected: list[str]) -> None:
    commission, bill = Commission.parse(text), Bill()
    charged = [
        commission.charge(bill, Decimal(quantity), Decimal(price), maker=False)
        for quantity, price in fills
    ]
    assert [f"{amount:f}" for amount in charged] == expected


@pytest.mark.parametrize(
    "text",
    ["", "x", "1e-3", "0.1 %", "min1%", "min1+min2", "5", "100%", "min5+max1", "maker:1bps;x:1bps",
     "maker:1bps;maker:1bps", "1/trade", "+", "1bps+"],
)  # fmt: skip
def test_commission_terms_that_make_no_sense(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the message is for people, the type is the contract
        Commission.parse(text)


@pytest.mark.parametrize(("side", "price"), [(BUY, "100.05"), (SELL, "99.95")])
def test_slippage_is_against_us(side: Side, price: str) -> None:
    assert Slippage(Decimal(5)).against(side, Decimal(100)) == Decimal(price)


def test_slippage_never_touches_a_limit() -> None:
    floor = Floor(slippage=Slippage(Decimal(50)))
    floor.send(BUY, 1, LIMIT, limit_price=100)
    floor.send(BUY, 1)
    floor.at(100)
    assert [trade.price for trade in floor.exchange.trades()] == [100, Decimal("100.5")]
