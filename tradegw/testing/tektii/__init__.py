"""A fake of the external backtest engine: REST and events, on two loopback ports.

It has a ledger of its own, replays candles that the test gives it, matches orders against them, and
moves its time only when what it told is acknowledged by its exact ids. It knows nothing of this
project's gateway. The engine itself is closed: the double is written from what is known of it by
others' clients (``docs/brokers/tektii.md`` says what of that is inference).

**Beside blocking code** it runs in a thread::

    from tradegw.testing.tektii import candles, running

    with running(candles("F:EURUSD", 1_709_283_600_000, "1.08", "1.09", "1.10")) as engine:
        environ = {"TEKTII_ENGINE_URL": engine.http_url, "TEKTII_ENGINE_WS_URL": engine.ws_url}
        ...
        assert engine.do(lambda fake: fake.run.state) == "completed"

**In Twisted code** it is a service: ``fake = FakeTektii(reactor, steps)``, ``startService()``, wait
for ``fake.opened``, ``stopService()``. **By hand**: ``python -m tradegw.testing.tektii``.

**The course** is a list of steps: candles (``candles`` makes them), ``Say`` (any batch of frames),
``Raw`` (a frame as it is), ``Do`` (something happens in the ledger, and is told), ``Break`` (the
connection ends without a last frame). After the last comes ``backtest_complete``, whose
acknowledgement is waited for. ``fake.run.paused`` stops it between two steps, ``go_on()``.

**Matching.** Market orders fill at the open of the next candle of their symbol; resting ones at
that open if it is beyond their price, else at their price if the candle reaches it. An order
without a ``position_id`` opens a position, as hedging accounts do. Each fill is a batch of order,
trade, account and position.

**Calls that go wrong** are planned as with the other doubles: ``fake.faults.plan(refuse(422, "no",
"invalid_order"), "POST", "/api/v1/orders")``; ``fake.stream_faults`` are those of upgrades.
``fake.exchange.rejects["AAPL"] = "insufficient_margin"`` has the next order rejected. ``Terms``
chooses between builds: windows, generations of the order list's filter, no news of orders at all.

**The judge**: ``orders``, ``trades``, ``positions``, ``calls``, ``run.acks``, ``run.late``,
``run.stray``, ``run.state``.
"""

from ..doubles.faults import Fault, drop, garble, html, mistype, reset, slow, stall, truncate
from ..doubles.thread import Beside
from .exchange import Exchange
from .fake import FakeTektii
from .market import Candle, candles
from .orders import Order
from .refusals import body, refuse
from .run import Break, Do, Raw, Say
from .terms import Terms
from .thread import running

__all__ = [
    "Beside",
    "Break",
    "Candle",
    "Do",
    "Exchange",
    "FakeTektii",
    "Fault",
    "Order",
    "Raw",
    "Say",
    "Terms",
    "body",
    "candles",
    "drop",
    "garble",
    "html",
    "mistype",
    "refuse",
    "reset",
    "running",
    "slow",
    "stall",
    "truncate",
]
