"""The double judges the gateway, so it must not stand on it."""

from __future__ import annotations

import ast
from pathlib import Path

import tradegw.testing.alpaca


def test_all_it_takes_of_the_project_is_the_type_of_a_clock() -> None:
    folder = Path(tradegw.testing.alpaca.__file__).parent
    taken = {
        (path.name, node.module, name.name)
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        for name in node.names
        if node.level > 1 or (node.module or "").startswith("tradegw")
    }
    assert {(module, name) for _path, module, name in taken} == {("interfaces", "WallClock")}
