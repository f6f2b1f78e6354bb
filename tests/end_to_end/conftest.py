from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from .daemon import Daemon


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A fresh gateway on the mock provider, ticking every 20 ms."""
    with Daemon(tmp_path) as running:
        yield running


@pytest.fixture(autouse=True)
def what_the_sdk_leaves_open() -> Iterator[None]:
    """Its event loops are never closed; they are collected here, before another test is blamed."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
