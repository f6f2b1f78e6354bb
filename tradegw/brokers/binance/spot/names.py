"""Client order ids that Binance does not take, under others that it does.

Clients choose ids that fit. Those of exits may be made of an order's id, which does not: such a
one leaves as a digest of itself, so that whoever knows it finds it again, in another process, too.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Final

from .ids import CLIENT_IDS

MOST: Final = 5000
_MARK: Final = "tgwz-"
_DIGEST: Final = 28


class Names:
    """Knows what was sent under which digest; the oldest are forgotten, and shown as digests."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, str] = OrderedDict()

    def sent(self, name: str) -> str:
        """What *name* is at Binance."""
        if CLIENT_IDS.fits(name):
            return name
        digest = _MARK + hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
        self._known[digest] = name
        if len(self._known) > MOST:
            self._known.popitem(last=False)
        return digest

    def shown(self, name: str) -> str:
        """What Binance's *name* is here."""
        return self._known.get(name, name)
