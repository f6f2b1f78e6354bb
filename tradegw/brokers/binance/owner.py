"""Whose account it is: the journal belongs to one, and with the keys of another nothing is done."""

from __future__ import annotations

from ...errors import Unauthorized
from ...interfaces import IMemory


def check_owner(memory: IMemory, remembered_as: str, shown: str) -> None:
    """Remember the account that is *shown*; raise ``Unauthorized`` if it was another before."""
    known, now = memory.recall(remembered_as), shown.encode()
    if known not in (None, now):
        raise Unauthorized(
            "The keys are of another account than the one that this state directory belongs to: use"
            " its keys and its GATEWAY_PROVIDER, or another GATEWAY_STATE_DIR",
            "OTHER_ACCOUNT",
        )
    memory.remember(remembered_as, now)
