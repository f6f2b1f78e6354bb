"""What must be held after all executions (W-09, W-62)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.orders.core import a_position
from tests.orders.samples import a_trade, an_order
from tradegw.model.enums import OrderStatus, PositionSide, Side
from tradegw.model.money import ZERO
from tradegw.model.order import Order
from tradegw.orders import books as module
from tradegw.orders.books import Books, net_of


def filled(
    order_id: str, quantity: str | int, side: Side = Side.BUY, symbol: str = "AAPL"
) -> Order:
    return an_order(order_id, quantity=100, filled=quantity, side=side, symbol=symbol)


def ended(order_id: str, quantity: int, symbol: str = "AAPL") -> Order:
    """It executed as much, and will execute no more."""
    return replace(filled(order_id, quantity, symbol=symbol), status=OrderStatus.CANCELLED)


@pytest.fixture
def books() -> Books:
    return Books()


def test_nothing_is_held_to_begin_with(books: Books) -> None:
    assert books.held("AAPL") == 0
    assert books.symbols() == set()


def test_w09_cumulative_fills_are_not_added_up(books: Books) -> None:
    for quantity in ("0.4", "1.0", "1.0", "0.4"):
        books.execute(filled("o1", quantity))
    assert books.held("AAPL") == 1
    books.execute(filled("o2", "1.0", Side.SELL))
    assert books.symbols() == set()


def test_whether_anything_was_executed_is_said(books: Books) -> None:
    assert not books.execute(filled("o1", 0))
    assert books.execute(filled("o1", 2))
    assert not books.execute(filled("o1", 2))
    assert not books.execute(filled("o1", 1))


def test_w62_a_flip_is_seen(books: Books) -> None:
    books.execute(filled("o1", 10))
    books.execute(filled("o2", 20, Side.SELL))
    assert books.held("AAPL") == -10


def test_what_was_counted_before_is_not_counted_again(books: Books) -> None:
    books.count(filled("o1", 3))
    books.set("AAPL", Decimal(3))
    books.execute(filled("o1", 5))
    assert books.held("AAPL") == 5


orders = st.builds(
    filled,
    st.sampled_from(["a", "b", "c"]),
    st.integers(0, 9),
)


@given(st.lists(orders).flatmap(st.permutations))
def test_only_the_most_that_each_order_showed_counts(seen: list[Order]) -> None:
    books = Books()
    for order in seen:
        books.execute(order)
    most: dict[str, Decimal] = {}
    for order in seen:
        most[order.id] = max(most.get(order.id, ZERO), order.filled_quantity)
    assert books.held("AAPL") == sum(most.values())


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(Side), st.sampled_from("XY"))))
def test_sides_and_symbols_are_kept_apart(executed: list[tuple[int, Side, str]]) -> None:
    books = Books()
    for number, (quantity, side, symbol) in enumerate(executed):
        books.execute(filled(f"o{number}", quantity, side, symbol))
    for symbol in "XY":
        mine = [side.sign * quantity for quantity, side, where in executed if where == symbol]
        assert books.held(symbol) == sum(mine)
        assert (symbol in books.symbols()) == (sum(mine) != 0)


# -- an order under another id


@pytest.mark.parametrize("carries", [True, False], ids=["shows them", "starts anew"])
@pytest.mark.parametrize("event_first", [True, False])
def test_what_was_executed_before_a_renaming_counts_once(
    books: Books, carries: bool, event_first: bool
) -> None:
    books.execute(filled("old", 4))
    successor = filled("new", 4 if carries else 0)
    if event_first:
        books.execute(successor)
    books.renamed("old", successor)
    books.execute(successor)
    assert books.held("AAPL") == 4
    books.execute(filled("new", 6 if carries else 2))
    assert books.held("AAPL") == 6


def test_a_renaming_that_is_found_out_twice_counts_once(books: Books) -> None:
    """Two changes of one order were in doubt, and each finds what took its place."""
    books.execute(filled("old", 4))
    books.execute(filled("new", 4))
    for _ in range(2):
        books.renamed("old", filled("new", 4))
    assert books.held("AAPL") == 4


def test_a_renamed_order_of_which_nothing_was_executed_is_as_any_other(books: Books) -> None:
    books.renamed("old", filled("new", 0))
    books.execute(filled("new", 3, Side.SELL))
    assert books.held("AAPL") == -3


def test_orders_are_remembered_for_long_but_not_for_ever(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REMEMBERED_ORDERS", 3)
    for number in range(10):
        books.execute(ended(f"o{number}", 1))
        books.execute(filled("busy", number + 1))
    assert len(books._counted) == 3 + 1
    assert books.held("AAPL") == 20


def test_an_order_that_works_is_remembered_whatever_ends_meanwhile(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REMEMBERED_ORDERS", 3)
    books.execute(filled("gtc", 5))
    books.execute(filled("was", 2))
    books.renamed("was", filled("is", 2))
    for number in range(10):
        books.execute(ended(f"o{number}", 1, symbol="MSFT"))
    books.execute(filled("gtc", 6))
    books.execute(filled("is", 3))
    assert books.held("AAPL") == 9


def test_an_order_that_was_cancelled_in_part_does_not_stay_for_ever(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REMEMBERED_ORDERS", 3)
    for number in range(10):
        books.execute(filled(f"o{number}", 1))
        books.execute(ended(f"o{number}", 1))
    assert len(books._counted) == 3


# -- commissions


@pytest.mark.parametrize(
    ("symbol", "currency", "left"),
    [
        ("BTCUSDT", "BTC", "0.999"),
        ("BTC/USDT", "BTC", "0.999"),
        ("BTCUSDT", "USDT", "1"),
        ("BTCUSDT", "BNB", "1"),
        ("AAPL", "USD", "1"),
        ("USD", "USD", "1"),
        ("AAPL", "", "1"),
    ],
)
def test_a_commission_in_what_was_traded_is_taken_off(
    books: Books, symbol: str, currency: str, left: str
) -> None:
    books.execute(filled("o1", 1, symbol=symbol))
    trade = a_trade(symbol=symbol, commission=Decimal("0.001"), commission_currency=currency)
    assert books.charge(trade) == (left != "1")
    assert books.held(symbol) == Decimal(left)


@pytest.mark.parametrize("symbol", ["USD_JPY", "USDJPY"])
def test_a_commission_in_the_accounts_currency_is_not_taken_off(books: Books, symbol: str) -> None:
    trade = a_trade(symbol=symbol, commission=Decimal(2), commission_currency="USD")
    assert not books.charge(trade)


def test_the_net_of_positions_is_signed_and_summed_up() -> None:
    positions = [
        a_position(id="1", quantity=Decimal(5)),
        a_position(id="2", quantity=Decimal(2), side=PositionSide.SHORT),
        a_position(id="3", quantity=Decimal(7), side=PositionSide.SHORT, symbol="MSFT"),
        a_position(id="4", quantity=Decimal(1), symbol="FLAT"),
        a_position(id="5", quantity=Decimal(1), symbol="FLAT", side=PositionSide.SHORT),
    ]
    assert net_of(positions) == {"AAPL": 3, "MSFT": -7}


@pytest.mark.parametrize("first", ["old", "new"])
def test_a_fill_told_late_of_an_order_that_was_replaced_counts_once(first: str) -> None:
    """The order in its place shows the executions of both."""
    books = Books()
    books.execute(an_order("old", quantity=Decimal(5)))
    successor = an_order("new", quantity=Decimal(5), filled_quantity=Decimal(2))
    books.renamed("old", successor)
    late = an_order("old", quantity=Decimal(5), filled_quantity=Decimal(2))
    for order in (late, successor) if first == "old" else (successor, late):
        books.execute(order)
    assert books.held("AAPL") == 2
    books.execute(an_order("new", quantity=Decimal(5), filled_quantity=Decimal(3)))
    assert books.held("AAPL") == 3


def test_a_fill_told_late_of_an_order_whose_successor_began_anew_counts_beside_it() -> None:
    books = Books()
    books.execute(an_order("old", quantity=Decimal(5)))
    books.renamed("old", an_order("new", quantity=Decimal(3)))
    books.execute(an_order("old", quantity=Decimal(5), filled_quantity=Decimal(2)))
    books.execute(an_order("new", quantity=Decimal(3), filled_quantity=Decimal(2)))
    assert books.held("AAPL") == 4


def test_what_is_told_late_of_a_chain_of_replacements_counts_once() -> None:
    books = Books()
    for previous, name in (("a", "b"), ("b", "c")):
        books.renamed(previous, an_order(name, quantity=Decimal(9), filled_quantity=Decimal(6)))
    for name in "abc":
        books.execute(an_order(name, quantity=Decimal(9), filled_quantity=Decimal(6)))
    assert books.held("AAPL") == 6
