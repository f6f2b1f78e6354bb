"""Client order ids: what a broker takes."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

LONGEST: Final = 64
"""What the Trading API lets a client choose."""


class ClientOrderIdRule(Struct, frozen=True, kw_only=True):
    """How long a client order id may be at a broker, and of which characters (a regular
    expression for one of them). ``unique``: one that was used is refused when it is sent again, by
    whichever of two copies comes second.
    """

    longest: int = LONGEST
    character: str = r"[ -~]"
    unique: bool = True

    def fits(self, text: str, spare: int = 0) -> bool:
        """Whether *text* can be sent as it is, with *spare* characters more behind it."""
        short_enough = 0 < len(text) <= self.longest - spare
        return short_enough and re.fullmatch(f"(?:{self.character})+", text) is not None
