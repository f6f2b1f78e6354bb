from __future__ import annotations

import pytest

from tests.rest.memory import Gateway


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()
