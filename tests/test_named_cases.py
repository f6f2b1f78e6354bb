"""Every case that protection must withstand has a test that is named after it.

The numbers are those of the failure catalogue and of the checklists: ``W-07`` is in the name of a
test as ``w07``, ``EX-P03`` as ``exp03``. What a checklist without numbers asks for is listed here,
with what shows it.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent

CRITICAL_OR_HIGH = (3, *range(5, 16), *range(17, 30), 53, 54, 55, 56, 58, 61, 62)
"""Of W-03, W-05 to W-29 and W-53 to W-62."""

CHECKLISTS = {
    "exr": 10,
    "exp": 12,
    "exc": 5,
    "exx": 9,
    "exm": 14,
    "lk": 8,
    "cb": 11,
    "ts": 21,
}
"""Sections 20.4 to 20.11 of the order lifecycle: how many items each has."""

EXITS = {
    "submit registers": ("exr01", "exr06", "exr07", "exr08"),
    "a fill places both legs, further ones add": ("exp01", "exp02", "exp05"),
    "a fill before the answer": ("exp09", "exp10"),
    "a leg's fill cancels the other": ("exx01",),
    "a leg's partial fill": ("exx03", "w18"),
    "a failed cancel is kept": ("exx02",),
    "a close cancels the legs": ("exx04",),
    "an order id twice": ("exr10",),
    "always somebody who guards": ("exr09",),
    "legs target the position": ("exp06", "exp08"),
    "parent_order_id": ("lk01", "lk03", "lk04", "lk06", "lk07"),
    "PATCH, all outcomes": tuple(f"exm{number:02}" for number in range(1, 15)),
}
"""Section 9.11 of the protocol, and the names of what shows it."""


def names() -> list[str]:
    """The names of all tests."""
    return [
        node.name
        for path in HERE.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


ALL = names()
NAMED = {
    token for name in ALL for token in name.split("_") if re.fullmatch(r"[a-z]{1,3}\d\d", token)
}


@pytest.mark.parametrize("number", CRITICAL_OR_HIGH)
def test_every_serious_weakness_has_a_test_of_its_name(number: int) -> None:
    assert f"w{number:02}" in NAMED


@pytest.mark.parametrize(("prefix", "items"), CHECKLISTS.items())
def test_every_item_of_the_checklists_has_a_test_of_its_name(prefix: str, items: int) -> None:
    wanted = {f"{prefix}{number:02}" for number in range(1, items + 1)}
    assert sorted(wanted - NAMED) == []


@pytest.mark.parametrize("asked", EXITS)
def test_what_the_protocol_asks_of_exits_has_tests(asked: str) -> None:
    assert sorted(set(EXITS[asked]) - NAMED) == []
