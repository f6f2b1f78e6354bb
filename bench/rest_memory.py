"""The gateway on the simulated broker with a journal in memory; what the real one takes longer is
what durability costs.
"""

from __future__ import annotations

import gc
import os
import time
from datetime import UTC, datetime
from typing import Any

from twisted.internet import reactor as installed

from tradegw.daemon import GARBAGE_LOOKS
from tradegw.service import Gateway
from tradegw.tap import configure
from tradegw.testing.journal import MemoryJournal

reactor: Any = installed
found = configure({**os.environ, "GATEWAY_PROVIDER": "mock", "GATEWAY_PORT": "0"})
gateway = Gateway(
    found.settings,
    found.plugin,
    found.broker_settings,
    reactor,
    lambda: datetime.now(UTC),
    time.monotonic,
    lambda _account: MemoryJournal(),
)
gateway.startService()
port: Any = gateway._port._port  # noqa: SLF001  (no one else wants to know it)
print(port.getHost().port, flush=True)
gc.collect()  # as the daemon does
gc.freeze()
gc.set_threshold(GARBAGE_LOOKS, 20, 20)
reactor.run()
