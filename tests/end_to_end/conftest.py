from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .daemon import Daemon


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A fresh gateway on the mock provider, ticking every 20 ms."""
    with Daemon(tmp_path) as running:
        yield running
