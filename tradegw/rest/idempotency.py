"""The header ``Idempotency-Key``: two requests that bear the same one mean the same order."""

from __future__ import annotations

import re
from typing import Final

from twisted.web.http_headers import Headers

from ..errors import InvalidRequest

HEADER: Final = "Idempotency-Key"
LONGEST: Final = 255
PATTERN: Final = f"^[!-~]{{1,{LONGEST}}}$"

_RAW: Final = HEADER.encode()
_KEY: Final = re.compile(PATTERN[1:-1].encode())


def idempotency_key(headers: Headers) -> str | None:
    """The key, if there is one; raises ``InvalidRequest`` for two, and for one that is none."""
    given = headers.getRawHeaders(_RAW)
    if given is None:
        return None
    if len(given) > 1:
        raise InvalidRequest(f"{HEADER} is given twice", HEADER)
    if _KEY.fullmatch(given[0]) is None:
        raise InvalidRequest(f"{HEADER} must be 1 to {LONGEST} visible ASCII characters", HEADER)
    return given[0].decode("ascii")
