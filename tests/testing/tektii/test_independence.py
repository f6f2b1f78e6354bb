"""The double judges the adapter, so it must not stand on the gateway."""

from __future__ import annotations

from tests.testing.alpaca.test_independence import FOLDER, taken


def test_it_takes_nothing_of_the_project_but_what_doubles_share() -> None:
    found = {module for module, _ in taken(FOLDER / "tektii")}
    assert {module for module in found if not module.startswith("doubles.")} == set()
