"""The real process, killed at labelled points: no order lost, none doubled, every stream resumed,
and what exits protect protected, no more and no less.

Each case is a chain of kills of one gateway, under strategies that go on as if nothing had been.
The judge is the ledger of the simulated broker, which outlives the process.
"""

from __future__ import annotations

import json
import signal
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from tradegw.exits.naming import LegName
from tradegw.model.enums import Side
from tradegw.model.order import Order

from .chains import STRATEGIES, Chain, Ended, differences
from .protected import (
    PAIRED,
    Closing,
    Pairing,
    Trailing,
    groups,
    not_closed,
    not_covered,
    not_trailed,
    not_withdrawn,
)
from .strategy import Strategy

AT_ONCE = 3

in_general = partial(Chain, Strategy, not_covered)
GENERAL = (
    in_general(("commit.before:1", "commit.after:1", "publish.before:1")),
    in_general(
        ("submit.before:1", "submit.after:1", "start/open_orders.after:1", "answer.before:1")
    ),
    in_general(("insert.before:2", "insert.after:3", "commit.before:4", "commit.after:6")),
    in_general(("cancel.before:1", "cancel.after:1", "replace.before:1", "replace.after:1")),
    in_general(("close.before:1", "account.before:2")),  # that close is in doubt for a minute
    in_general(("close.after:1", "account.after:3")),
    in_general(("publish.after:2", "publish.before:7", "answer.after:3", "answer.before:9")),
    in_general(("submit.before:8", "submit.after:9", "start/commit.before:1", "commit.after:20")),
    in_general(("account.after:9", "start/commit.after:1", "cancel.after:3", "submit.after:15")),
)

WATCHED = {
    "SUBSCRIPTIONS": json.dumps(
        [
            {"platform": "mock", "instrument": f"T{number}", "events": ["*"]}
            for number in range(STRATEGIES)
        ]
    )
}
"""There are prices for stops to follow."""
HELD = {"MOCK_EXITS_HOLD_QUANTITY": "true"}
"""What exits would sell nobody else can sell: they make way for every close."""

trailing = partial(Chain, Trailing, not_trailed)
closing = partial(Chain, Closing, not_closed)
pairing = partial(Chain, Pairing, not_withdrawn)
REFUSING = {"FAULTS": "close=refused"}
IN_HALVES = {"MOCK_PARTIAL_FILL_RATIO": "0.5"}
UNCHANGING = {"FAULTS": "replace=unsupported"}
"""A stop that trails is placed anew, and the old one cancelled then."""

EXITS = (
    # the mark of a trailing stop is written down; the stop is about to be moved; it was
    trailing(("mark.before:2", "mark.after:4", "tighten.before:1", "replace.before:1"), WATCHED),
    trailing(("replace.after:1", "tighten.after:2", "mark.after:9"), WATCHED),
    # the new stop rests, and the old one too
    trailing(("tighten.after:1", "cancel.before:1", "cancel.before:1"), WATCHED | UNCHANGING),
    trailing(("tighten.before:2", "cancel.after:1", "leg.after:5"), WATCHED | UNCHANGING),
    # legs are being taken away for a close, they are gone, the close is sent
    closing(("way.before:1", "cancel.before:1", "cancel.after:1", "close.before:1"), HELD),
    closing(("way.after:1", "close.after:1", "replace.before:1", "close.after:2"), HELD),
    # its answer is lost
    closing(("close.after:1", "commit.after:9", "close.after:3"), HELD | {"FAULTS": "close=lost"}),
    # it is refused, and the legs are put back
    closing(("restore.before:1", "leg.before:3", "leg.after:3"), HELD | REFUSING),
    closing(("close.after:1", "restore.after:2", "commit.before:9"), HELD | REFUSING),
    # half of an order executed, and is taken from another of its group; then all
    pairing(("withdraw.before:1", "replace.before:1", "replace.after:1"), IN_HALVES),
    pairing(
        ("withdraw.after:2", "cancel.before:1", "cancel.after:1", "account.after:9"), IN_HALVES
    ),
)


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Chain], Ended]]:
    """Plays the chains, some at a time, and gives each when it is asked for."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        played = {
            chain.name: threads.submit(Ended, tmp_path_factory.mktemp(f"chain{number}"), chain)
            for number, chain in enumerate((*GENERAL, *EXITS))
        }
        yield lambda chain: played[chain.name].result()
        threads.shutdown(cancel_futures=True)


@pytest.mark.parametrize("chain", GENERAL, ids=[chain.name for chain in GENERAL])
def test_killed_again_and_again(ended: Callable[[Chain], Ended], chain: Chain) -> None:
    nothing_is_lost_or_invented(ended(chain))


@pytest.mark.parametrize("chain", EXITS, ids=[chain.name for chain in EXITS])
def test_killed_while_exits_are_worked_on(ended: Callable[[Chain], Ended], chain: Chain) -> None:
    """What exits cover is what is held when all is quiet, and on the way nothing was sold twice."""
    played = ended(chain)
    nothing_is_lost_or_invented(played)
    nothing_is_sold_that_is_not_there(played)
    no_stop_goes_back(played)
    closes_are_done_once(played)
    groups_execute_once(played)


def nothing_is_lost_or_invented(played: Ended) -> None:
    assert played.codes == [-signal.SIGKILL] * len(played.chain.kills)
    no_order_is_lost_or_doubled(played)
    the_stream_is_whole(played)
    what_was_told_is_what_is(played)


def no_order_is_lost_or_doubled(played: Ended) -> None:
    """At most one order for each client order id, and exactly one where that was the answer."""
    ledger = played.ledger
    asked: dict[str, tuple[int, Any]] = {}
    for strategy in played.strategies:
        asked |= strategy.answers
    assert len(asked) >= STRATEGIES  # all deaths may come in the first cycle of each
    for client_order_id, (status, answer) in asked.items():
        found = ledger.bearing(client_order_id)
        assert len(found) <= 1, client_order_id
        assert status in (201, 202), (client_order_id, status, answer)
        if status == 201:
            assert [order.id for order in found] == [answer["id"]], client_order_id
    known = [order.client_order_id for order in ledger.orders]
    assert len(set(known)) == len(known)


def the_stream_is_whole(played: Ended) -> None:
    """What was heard on all connections, joined, is the log of what was told."""
    heard, told = played.listener.heard, played.told
    numbers = [message["seq"] for message in heard]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert heard == told
    assert len(played.listener.epochs) == 1


def what_was_told_is_what_is(played: Ended) -> None:
    """The last told state of each order is the ledger's; each execution was told once."""
    assert differences(played.ledger, played.told) == []
    orders = {e["order"]["id"] for e in played.told if e["type"] == "order"}
    assert orders == {order.id for order in played.ledger.orders}
    trades = [e["trade"]["id"] for e in played.told if e["type"] == "trade"]
    assert sorted(trades) == sorted(trade.id for trade in played.ledger.trades)


def nothing_is_sold_that_is_not_there(played: Ended) -> None:
    """Everybody only ever buys: no position was ever turned around."""
    held: dict[str, Decimal] = defaultdict(Decimal)
    for trade in sorted(played.ledger.trades, key=lambda trade: (trade.timestamp, trade.id)):
        held[trade.symbol] += trade.quantity if trade.side is Side.BUY else -trade.quantity
        assert held[trade.symbol] >= 0, trade
    assert {symbol: much for symbol, much in held.items() if much} == played.ledger.positions


def no_stop_goes_back(played: Ended) -> None:
    """Neither one that is moved in place, nor from one leg of an entry to the next."""
    if not isinstance(played.strategies[0], Trailing):
        return
    stops: dict[str, dict[int, list[Decimal]]] = defaultdict(lambda: defaultdict(list))
    for event in played.told:
        if event["type"] == "order" and (name := LegName.read(event["order"]["client_order_id"])):
            prices = stops[name.seed][name.number]
            prices.append(Decimal(event["order"]["stop_price"]))
    for seed, by_number in stops.items():
        prices = [price for _, leg in sorted(by_number.items()) for price in leg]
        assert prices == sorted(prices), seed
    assert any(len(set(p)) > 1 or len(legs) > 1 for legs in stops.values() for p in legs.values())


def closes_are_done_once(played: Ended) -> None:
    """Each close that was answered is there, and none besides."""
    answers = [
        answer
        for strategy in played.strategies
        if isinstance(strategy, Closing)
        for answer in strategy.closed.values()
    ]
    sent = [order.id for order in played.ledger.orders if is_close(order, played)]
    assert {status for status, _ in answers} <= {200, 202, 404, 422}
    done = [body["id"] for status, body in answers if status == 200]
    assert set(done) <= set(sent)
    assert len(set(done)) == len(done)
    assert len(sent) <= sum(status in (200, 202) for status, _ in answers)


def is_close(order: Order, played: Ended) -> bool:
    name = order.client_order_id or ""
    is_ours = any(name in strategy.answers for strategy in played.strategies)
    return not (is_ours or LegName.read(name))


def groups_execute_once(played: Ended) -> None:
    """What one of a group executed the other did not, and is not left to it."""
    for name, orders in groups(played.ledger).items():
        assert sum(order.filled_quantity for order in orders) <= PAIRED, name
        if any(order.filled_quantity for order in orders):
            assert all(order.status.is_terminal for order in orders), name
