"""Single variables against their limits."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradegw.config.environment import Environment
from tradegw.config.problems import ConfigError
from tradegw.secrecy import Secret


def env(**variables: str) -> Environment:
    return Environment(variables)


def test_unset_and_empty_mean_the_default() -> None:
    for read in (env(), env(X=""), env(X="  ")):
        assert read.text("X") is None
        assert read.text("X", "d") == "d"
        assert read.integer("X", 7, minimum=10) == 7
        assert read.integer("X", None) is None
        assert read.decimal("X", Decimal("0.5")) == Decimal("0.5")
        assert read.boolean("X", True) is True
        assert read.boolean("X", None) is None
        assert read.choice("X", "a", ["a", "b"]) == "a"
        assert read.secret("X") is None
        read.check()


def test_space_around_a_value_is_dropped() -> None:
    read = env(X=" 8080 ")
    assert read.text("X") == "8080"
    assert read.integer("X", 0) == 8080
    assert read.problems == []


@pytest.mark.parametrize("text", ["abc", "1.5", "1e3", "0x10", "1_000", "--1", "9", "101", "٣"])
def test_a_bad_integer_is_told_with_its_limits(text: str) -> None:
    read = env(PORT=text)
    assert read.integer("PORT", 50, minimum=10, maximum=100) == 50
    assert read.problems == [
        f"PORT must be a whole number of at least 10 and at most 100, not {text!r}"
    ]


@pytest.mark.parametrize(("text", "number"), [("10", 10), ("100", 100), ("+42", 42), ("007", 7)])
def test_limits_of_an_integer_are_allowed(text: str, number: int) -> None:
    read = env(N=text)
    assert read.integer("N", 0, minimum=7, maximum=100) == number
    assert read.problems == []


@given(st.integers(min_value=-(10**17), max_value=10**17))
def test_every_integer_reads_back(number: int) -> None:
    assert env(N=str(number)).integer("N", None) == number


@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-1000, max_value=1000)
)
def test_every_plain_decimal_reads_back_exactly(number: Decimal) -> None:
    read = env(D=f"{number:f}")
    assert read.decimal("D", None) == number
    assert read.problems == []


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e-2", "1,5", ".", "", "0", "1", "-0.5"])
def test_a_bad_decimal_is_told_with_its_limits(text: str) -> None:
    read = env(RATIO=text)
    found = read.decimal("RATIO", Decimal("0.5"), above=0, maximum=Decimal("0.9"))
    assert found == Decimal("0.5")
    wanted = "RATIO must be a number above 0 and at most 0.9"
    assert read.problems == ([f"{wanted}, not {text!r}"] if text else [])


@pytest.mark.parametrize("text", [".5", "0.5", "+0.5", "00.50", "0.9"])
def test_plain_decimals_are_read(text: str) -> None:
    assert env(D=text).decimal("D", None, minimum=Decimal("0.5")) == Decimal(text)


@pytest.mark.parametrize("text", ["true", "TRUE", "1", "yes", "on"])
def test_words_for_true(text: str) -> None:
    assert env(B=text).boolean("B", False) is True


@pytest.mark.parametrize("text", ["false", "False", "0", "no", "off"])
def test_words_for_false(text: str) -> None:
    assert env(B=text).boolean("B", True) is False


def test_another_word_is_no_boolean() -> None:
    read = env(B="maybe")
    assert read.boolean("B", True) is True
    assert read.problems == ["B must be true or false, not 'maybe'"]


def test_a_choice_is_exact() -> None:
    read = env(C="LIVE")
    assert read.choice("C", "paper", ["paper", "live"]) == "paper"
    assert read.problems == ["C must be one of paper, live, not 'LIVE'"]
    assert env(C="live").choice("C", None, ["paper", "live"]) == "live"


def test_a_secret_never_shows_itself() -> None:
    secret = env(KEY="canary").secret("KEY")
    assert secret == Secret("canary")
    assert "canary" not in f"{secret} {secret!r}"


def test_a_long_value_is_cut_in_the_message() -> None:
    read = env(N="x" * 5000)
    read.integer("N", 1)
    assert len(read.problems[0]) < 150


def test_all_problems_are_told_at_once() -> None:
    read = env(A="x", B="y")
    read.integer("A", 1)
    read.boolean("B", None)
    with pytest.raises(ConfigError) as caught:
        read.check()
    assert len(caught.value.problems) == 2
    assert str(caught.value) == "\n".join(caught.value.problems)
