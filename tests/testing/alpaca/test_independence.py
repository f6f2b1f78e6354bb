"""The double judges the gateway, so it must not stand on it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import tradegw.testing

FOLDER = Path(tradegw.testing.__file__).parent


def taken(folder: Path) -> Iterator[tuple[str, str]]:
    """What the modules of *folder* take of the project, apart from one another."""
    for path in folder.rglob("*.py"):
        depth = len(path.relative_to(folder).parts)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                module = node.module or ""
                if node.level > depth or module.startswith("tradegw"):
                    yield from ((module, name.name) for name in node.names)


@pytest.mark.parametrize("double", ["alpaca", "binance", "doubles"])
def test_all_it_takes_of_the_project_is_the_type_of_a_clock(double: str) -> None:
    found = {each for each in taken(FOLDER / double) if not each[0].startswith("doubles.")}
    assert found == {("interfaces", "WallClock")}
