"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "tradegw").rglob("*.py"))
EMPTY_NAMES = re.compile(r"(Manager|Handler|Engine|Processor|Helper|Utils?|Common|Base)$")
MONEY = re.compile(r"price|quantity|amount|balance|cash|pnl|fee|commission|notional", re.IGNORECASE)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_module(path: Path) -> None:
    """Not too long, no reactor but in tap, no clock but the injected one, no float near money."""
    text = path.read_text()
    tree = ast.parse(text)
    assert len(text.splitlines()) <= 400
    if path.name != "tap.py":
        reactors = [name for name in imported(tree) if name.endswith("internet.reactor")]
        assert not reactors
        clocks = ("time.time", "time.monotonic", "time.sleep", "datetime.now", "datetime.utcnow")
        assert not [call for call, _ in calls(tree) if call.endswith(clocks)]
    floats = [ast.unparse(node) for call, node in calls(tree) if call == "float"]
    assert not [found for found in floats if MONEY.search(found)]
    assert "inlineCallbacks" not in text
    classes = [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    assert not [name for name in classes if EMPTY_NAMES.search(name)]
    assert not re.search(r"\b(TODO|FIXME|XXX)\b", text)


def test_the_median_module_is_short() -> None:
    lengths = sorted(len(path.read_text().splitlines()) for path in MODULES)
    assert lengths[len(lengths) // 2] <= 130


def test_the_plugin_imports_nothing_of_ours() -> None:
    plugin = ROOT / "twisted" / "plugins" / "tradegw_plugin.py"
    assert not [name for name in imported(ast.parse(plugin.read_text())) if "tradegw" in name]
    assert not (ROOT / "twisted" / "plugins" / "__init__.py").exists()
    assert not (ROOT / "twisted" / "__init__.py").exists()
