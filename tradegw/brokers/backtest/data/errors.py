"""What is wrong with the data, as the user is told it."""

from __future__ import annotations

from typing import Final

VARIABLE: Final = "BACKTEST_DATA"


class DataError(ValueError):
    """The data cannot be used; the message names the variable, the file and the row."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{VARIABLE}: {what}")
        self.what = what
        """The message without the name of the variable."""


class BadRow(Exception):
    """Row number *index* of what is being read (from 0) cannot be used, and why."""

    def __init__(self, index: int, what: str) -> None:
        super().__init__(what)
        self.index = index
        self.what = what
