"""What a holding cost; nothing is invented."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as some

from tradegw.brokers.binance.spot import wire
from tradegw.brokers.binance.spot.costs import cost_of
from tradegw.model.money import ZERO

from .payloads import D, trade

DUST = D("0.001")


def test_one_buy() -> None:
    found = cost_of([trade(1, "2", "100", asset="USDC", fee="0.2")], D("2"), "SOL", DUST)
    assert found is not None
    assert (found.average, found.realized) == (D("100"), D("0"))


def test_22_a_fee_in_kind_leaves_less_for_the_same_money() -> None:
    found = cost_of([trade(1, "2", "100", fee="0.5")], D("1.5"), "SOL", DUST)
    assert found is not None
    assert found.average == D("133.333333333333333")


def test_a_sale_realizes_and_leaves_the_average() -> None:
    trades = [trade(1, "2", "100", asset="BNB"), trade(2, "2", "120"), trade(3, "-1", "130")]
    found = cost_of(trades, D("3"), "SOL", DUST)
    assert found is not None
    assert (found.average, found.realized) == (D("110"), D("20"))


def test_it_begins_where_nothing_was_held() -> None:
    trades = [trade(1, "5", "900"), trade(2, "-5", "800"), trade(3, "1", "100")]
    found = cost_of(trades, D("1"), "SOL", DUST)
    assert found is not None
    assert (found.average, found.realized, found.since) == (D("100"), D("0"), trades[2].time)


def test_what_is_left_over_as_dust_counts_as_nothing() -> None:
    trades = [trade(1, "5.0005", "900"), trade(2, "-5", "800"), trade(3, "1", "100")]
    found = cost_of(trades, D("1.0005"), "SOL", DUST)
    assert found is not None
    assert found.since == trades[2].time


def test_what_was_paid_in_has_no_known_cost() -> None:
    assert cost_of([trade(1, "1", "100")], D("3"), "SOL", DUST) is None
    assert cost_of([], D("3"), "SOL", DUST) is None


def test_what_was_paid_out_makes_it_unknown() -> None:
    assert cost_of([trade(1, "5", "100")], D("3"), "SOL", DUST) is None


@given(
    some.lists(
        some.tuples(some.integers(1, 50), some.integers(1, 200), some.booleans()), max_size=12
    )
)
def test_the_average_lies_between_the_prices_paid(steps: list[tuple[int, int, bool]]) -> None:
    trades: list[wire.Trade] = []
    held = ZERO
    for number, (quantity, price, buys) in enumerate(steps):
        if not buys and quantity > held:
            continue
        held += quantity if buys else -quantity
        trades.append(trade(number, str(quantity if buys else -quantity), str(price)))
    found = cost_of(trades, Decimal(held), "SOL", DUST)
    if held == ZERO:
        assert found is None
    else:
        assert found is not None
        paid = [each.price for each in trades if each.is_buyer]
        assert min(paid) - DUST <= found.average <= max(paid) + DUST
