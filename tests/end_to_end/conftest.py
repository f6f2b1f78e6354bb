from __future__ import annotations

import gc
import sys
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
    hook = sys.unraisablehook
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        sys.unraisablehook = lambda _failed: None  # its socket may be gone already
        try:
            gc.collect()
        finally:
            sys.unraisablehook = hook
