"""The pure parts of liveness: echoes, quiet symbols, silence, and the ladder of steps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradegw.brokers.link.attention import Attention
from tradegw.brokers.link.echoes import MOST, Echoes
from tradegw.brokers.link.ladder import MEMORY_SECONDS, SETTLE_SECONDS, Ladder, Step
from tradegw.brokers.link.quiet import QuietSymbols
from tradegw.brokers.link.silence import Silence

# -- echoes


def test_an_order_that_is_mentioned_in_time_is_not_overdue() -> None:
    echoes = Echoes(10)
    echoes.expect("a", echoes.mark(), at=0)
    echoes.mentioned("a")
    assert echoes.overdue(100) == []


def test_an_order_that_is_not_mentioned_is_overdue_once() -> None:
    echoes = Echoes(10)
    echoes.expect("a", echoes.mark(), at=0)
    assert echoes.overdue(9.9) == []
    assert echoes.overdue(10) == ["a"]
    assert echoes.overdue(20) == []


def test_an_order_that_was_mentioned_before_the_answer_is_not_awaited() -> None:
    echoes = Echoes(10)
    since = echoes.mark()
    echoes.mentioned("a")
    echoes.expect("a", since, at=0)
    assert echoes.overdue(100) == []


def test_what_was_mentioned_before_the_call_does_not_count() -> None:
    """An order that was mentioned when it was accepted must be again when it is cancelled."""
    echoes = Echoes(10)
    echoes.mentioned("a")
    echoes.expect("a", echoes.mark(), at=0)
    assert echoes.overdue(10) == ["a"]


def test_expecting_again_gives_no_more_time() -> None:
    echoes = Echoes(10)
    echoes.expect("a", echoes.mark(), at=0)
    echoes.expect("a", echoes.mark(), at=9)
    assert echoes.overdue(10) == ["a"]


def test_a_lost_stream_owes_nothing() -> None:
    echoes = Echoes(10)
    echoes.expect("a", echoes.mark(), at=0)
    echoes.forget()
    assert echoes.overdue(100) == []


def test_nor_for_calls_that_left_before_it_was_back() -> None:
    echoes = Echoes(10)
    before = echoes.mark()
    echoes.forget()
    between = echoes.mark()
    echoes.forget()
    echoes.expect("a", before, at=0)
    echoes.expect("b", between, at=0)
    echoes.expect("c", echoes.mark(), at=0)
    assert echoes.overdue(10) == ["c"]


def test_what_is_remembered_is_bounded() -> None:
    echoes = Echoes(10)
    for number in range(MOST + 10):
        echoes.mentioned(f"m{number}")
        echoes.expect(f"e{number}", echoes.mark(), at=number)
    assert len(echoes._mentions) == len(echoes._awaited) == MOST
    assert echoes.overdue(1e9)[0] == "e10"


CALLS = st.lists(st.tuples(st.sampled_from(["call", "mention"]), st.sampled_from("abc")))


@given(CALLS)
def test_overdue_is_who_was_not_mentioned_after_its_call(calls: list[tuple[str, str]]) -> None:
    """Whether the mention comes before or after the answer, one after the call settles it."""
    echoes = Echoes(1)
    open_calls: dict[str, int] = {}
    for at, (what, order_id) in enumerate(calls):
        if what == "mention":
            echoes.mentioned(order_id)
            open_calls.pop(order_id, None)
        else:
            echoes.expect(order_id, echoes.mark(), at=0)
            open_calls.setdefault(order_id, at)
    assert set(echoes.overdue(1)) == set(open_calls)


# -- quiet symbols


def quiet(*symbols: str, closed: set[str] | None = None) -> QuietSymbols:
    shut = set() if closed is None else closed
    following = QuietSymbols(lambda symbol: symbol not in shut)
    for symbol in symbols:
        following.follow(symbol, 60)
    return following


def test_a_symbol_without_a_price_for_too_long_is_told_once() -> None:
    following = quiet("AAPL", "MSFT")
    told = []
    for _ in range(120):
        following.ticked("MSFT")
        told += following.pass_time(1)
    assert told == ["AAPL"]
    assert not following.are_all_quiet


def test_it_is_told_again_after_prices_came() -> None:
    following = quiet("AAPL")
    assert following.pass_time(60) == ["AAPL"]
    following.ticked("AAPL")
    assert following.pass_time(60) == []
    assert following.pass_time(60) == ["AAPL"]


def test_a_closed_market_is_quiet_and_opens_with_full_patience() -> None:
    closed = {"AAPL"}
    following = quiet("AAPL", closed=closed)
    assert following.pass_time(10_000) == []
    assert not following.are_all_quiet
    closed.clear()
    assert following.pass_time(59) == []
    closed.add("AAPL")
    assert following.pass_time(1) == []
    closed.clear()
    assert following.pass_time(59) == []
    assert following.pass_time(1) == ["AAPL"]


def test_each_symbol_has_its_own_patience() -> None:
    following = quiet("AAPL")
    following.follow("BARS", 180)
    assert following.pass_time(100) == ["AAPL"]
    assert following.pass_time(80) == ["BARS"]
    assert following.are_all_quiet


def test_what_nobody_wants_any_more_is_not_missed() -> None:
    following = quiet("AAPL")
    following.unfollow("AAPL")
    assert following.pass_time(100) == []


def test_a_new_connection_gives_new_time() -> None:
    following = quiet("AAPL")
    following.pass_time(59)
    following.begin()
    assert following.pass_time(59) == []
    assert following.pass_time(1) == ["AAPL"]


def test_a_price_of_what_is_not_followed_is_no_trouble() -> None:
    following = quiet("AAPL")
    following.ticked("MSFT")
    assert following.pass_time(60) == ["AAPL"]


# -- silence


def test_a_contract_is_broken_after_its_time_without_a_sign() -> None:
    silence = Silence(10)
    assert not silence.look(0, heard=False)
    silence.begin(100)
    assert not silence.look(109.9, heard=False)
    assert silence.look(110, heard=False)


def test_each_sign_begins_the_time_anew() -> None:
    silence = Silence(10)
    silence.begin(0)
    assert not silence.look(9, heard=True)
    assert not silence.look(18.9, heard=False)
    assert silence.look(19, heard=False)


@pytest.mark.parametrize("seconds", [None, 10])
def test_no_contract_or_no_stream_owes_nothing(seconds: float | None) -> None:
    silence = Silence(seconds)
    silence.begin(0)
    if seconds is not None:
        silence.end()
    assert not silence.look(1e9, heard=False)


# -- the ladder


def test_evidence_that_goes_on_leads_from_asking_to_distrust() -> None:
    ladder = Ladder()
    steps = [ladder.climb(at, Step.ASK) for at in (0.0, 20.0, 40.0, 60.0)]
    assert steps == [Step.ASK, Step.RENEW, Step.DISTRUST, Step.DISTRUST]


def test_evidence_of_the_same_moment_is_one() -> None:
    ladder = Ladder()
    assert ladder.climb(0) is Step.ASK
    assert ladder.climb(SETTLE_SECONDS - 0.1) is None
    assert ladder.climb(SETTLE_SECONDS) is Step.RENEW


def test_after_a_long_time_without_evidence_it_begins_anew() -> None:
    ladder = Ladder()
    ladder.climb(0)
    ladder.climb(20)
    assert ladder.is_standing(20 + MEMORY_SECONDS - 0.1)
    assert not ladder.is_standing(20 + MEMORY_SECONDS)
    assert ladder.climb(20 + MEMORY_SECONDS) is Step.ASK


def test_some_evidence_skips_the_question() -> None:
    ladder = Ladder()
    assert ladder.climb(0, Step.RENEW) is Step.RENEW
    assert ladder.climb(20, Step.RENEW) is Step.DISTRUST


# -- the time that counts


def test_time_counts_as_it_passes_and_a_long_absence_for_little() -> None:
    at = 100.0
    attention = Attention(lambda: at, 2)
    began = attention.seconds()
    for _ in range(10):
        at += 1
        attention.look()
    at += 0.5
    assert attention.seconds() - began == pytest.approx(10.5)
    at += 3600
    assert attention.seconds() - began == pytest.approx(12)
    attention.look()
    at += 1
    assert attention.seconds() - began == pytest.approx(13)
