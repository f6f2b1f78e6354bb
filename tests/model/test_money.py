"""Exact decimals (protocol 1.1, 1.2)."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradegw.model.money import MAX_DIGITS, MAX_SCALE, floor_to_step, is_sane, plain, trimmed

NINES = "9" * 28


@st.composite
def sane_decimals(draw: st.DrawFn) -> Decimal:
    """Any decimal within our limits, trailing zeros and negative zeros included."""
    digits = draw(st.integers(0, 10**MAX_DIGITS - 1))
    exponent = draw(st.integers(-MAX_SCALE, MAX_SCALE))
    value = Decimal((draw(st.integers(0, 1)), tuple(map(int, str(digits))), exponent))
    return value if is_sane(value) else Decimal(digits)


steps = sane_decimals().filter(lambda step: step > 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", True),
        ("-1.50", True),
        (NINES, True),
        (f"0.{NINES}", True),
        ("1E-28", True),
        ("1E+28", True),
        ("1E+29", False),
        ("0E+29", False),
        ("1E-29", False),
        (f"{NINES}0", False),
        ("NaN", False),
        ("sNaN", False),
        ("Infinity", False),
        ("-Infinity", False),
    ],
)
def test_what_is_sane(text: str, expected: bool) -> None:
    assert is_sane(Decimal(text)) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("150.00", "150.00"),
        ("150", "150"),
        ("1E+3", "1000"),
        ("1E-7", "0.0000001"),
        ("0E-8", "0.00000000"),
        ("-0.5", "-0.5"),
        ("-0", "0"),
        ("-0.00", "0.00"),
    ],
)
def test_plain_notation(text: str, expected: str) -> None:
    assert plain(Decimal(text)) == expected


@given(sane_decimals())
def test_plain_is_exact_and_has_neither_exponent_nor_a_minus_before_zero(value: Decimal) -> None:
    text = plain(value)
    assert re.fullmatch(r"-?\d+(\.\d+)?", text)
    assert Decimal(text) == value
    assert text.startswith("-") == (value < 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("150.00", "150"), ("1.50", "1.5"), ("1E+28", "1" + "0" * 28), ("100", "100"), ("0.00", "0")],
)
def test_trimmed(text: str, expected: str) -> None:
    assert str(trimmed(Decimal(text))) == expected


@given(sane_decimals())
def test_trimmed_is_exact_and_has_no_zero_to_spare(value: Decimal) -> None:
    short = trimmed(value)
    assert short == value
    assert not re.search(r"\.\d*0$", plain(short))


@pytest.mark.parametrize(
    ("value", "step", "expected"),
    [
        ("1.79", "0.5", "1.5"),
        ("-1.79", "0.5", "-1.5"),
        ("0.4", "0.5", "0"),
        ("3", "1", "3"),
        ("8.999999999999999999999999999", "3", "6"),
        ("1E+28", "1E-28", "1E+28"),
    ],
)
def test_floor_to_step(value: str, step: str, expected: str) -> None:
    assert floor_to_step(Decimal(value), Decimal(step)) == Decimal(expected)


@given(sane_decimals(), steps)
def test_floor_to_step_is_the_nearest_multiple_towards_zero(value: Decimal, step: Decimal) -> None:
    wanted = abs(Fraction(value)) // Fraction(step) * Fraction(step)
    assert abs(Fraction(floor_to_step(value, step))) == wanted
