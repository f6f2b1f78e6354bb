"""The answer of a broker that does not want to speak WebSocket. Pure."""

from __future__ import annotations

import re
from typing import Final

from .conversation import UpgradeRefused

MAX_HEAD: Final = 16_384
"""Bytes of an answer's head."""

SWITCHING: Final = 101
_STATUS: Final = re.compile(rb"HTTP/1\.[01] (\d{3})(?: ([^\r\n]*))?")
_RETRY_AFTER: Final = re.compile(rb"\r\nretry-after:[ \t]*(\d{1,6})[ \t]*(?:\r\n|$)", re.IGNORECASE)
_SHOWN: Final = 100
"""Characters of the broker's reason."""


def refusal_in(head: bytes) -> UpgradeRefused | None:
    """What the *head* of an answer refuses; ``None`` if it may be an upgrade.

    A head that is none at all is for autobahn to refuse.
    """
    status = _STATUS.match(head)
    if status is None or int(status[1]) == SWITCHING:
        return None
    wait = _RETRY_AFTER.search(head)
    reason = (status[2] or b"").decode("ascii", "replace")[:_SHOWN]
    return UpgradeRefused(int(status[1]), reason, None if wait is None else float(wait[1]))
