"""The names of legs can be read back, whatever the entry is called."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradegw.exits.naming import LegName
from tradegw.model.protection import LegKind

SL, TP = LegKind.STOP_LOSS, LegKind.TAKE_PROFIT


@given(st.text(min_size=1), st.sampled_from(LegKind), st.integers(0, 10**6))
def test_what_is_named_is_read_as_such(seed: str, kind: LegKind, number: int) -> None:
    name = LegName(seed, kind, number)
    assert LegName.read(str(name)) == name


@given(st.text())
def test_what_is_read_is_named_so(text: str) -> None:
    name = LegName.read(text)
    assert name is None or str(name) == text


def test_the_first_leg_has_no_number() -> None:
    assert str(LegName("c1", SL, 0)) == "c1-sl"
    assert str(LegName("c1-sl", TP, 2)) == "c1-sl-tp-2"


@pytest.mark.parametrize("text", ["", "c1", "-sl", "c1-sl-0", "c1-sl-01", "c1-sl-1x", "c1-SL"])
def test_other_names_are_none(text: str) -> None:
    assert LegName.read(text) is None
