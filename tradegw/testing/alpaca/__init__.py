"""A fake Alpaca, to test clients of the real one: trading, market data and streams, on loopback.

It keeps one account, paper or live, in a ledger of its own, matches its orders against a market
that the test moves, and answers as Alpaca does: paths, statuses, codes, words, headers, pages,
frames. It knows nothing of this project's gateway, and nothing of it leaves the machine.

**In a test of blocking code** it runs in a thread::

    from tradegw.testing.alpaca import running

    with running() as alpaca:
        alpaca.do(lambda fake: fake.set_quote("AAPL", "231.39", "231.41"))
        client = TradingClient(alpaca.key, alpaca.secret, url_override=alpaca.http_url)
        client.submit_order(MarketOrderRequest(symbol="AAPL", qty=5, side="buy", ...))
        assert alpaca.do(lambda fake: fake.positions) == {"AAPL": 5}

The double lives in that thread: all that looks at it or changes it goes through ``do``.

**In a test of Twisted code** it is a service: ``fake = FakeAlpaca(reactor)``, ``startService()``,
wait for ``fake.opened``, ``stopService()``. **By hand**: ``python -m tradegw.testing.alpaca
--port 8090 --walk 1`` serves it with a market that moves, and says where.

**Where**: trading and data REST at ``http_url``, streams at ``ws_url`` with the paths
``/stream``, ``/v2/iex`` (``sip``, ``delayed_sip``, ``test``) and ``/v1beta3/crypto/us``.
Official SDKs take these as ``url_override``, in plain ``http`` and ``ws``.

**The market** is what ``set_quote`` says, one symbol at a time: it is told on the streams, then
orders meet it. Stocks trade while the session is regular, as it is to begin with
(``set_session``), coins always. Sizes limit what a quote can fill, so small ones make partial
fills; ``hold_fills`` and ``fill`` do it by hand.

**The venue** takes an order right after the answer to its ``POST``, which therefore says
``pending_new``; a cancel or a replace likewise. ``world.desk.venue_seconds`` makes it slower, and
with ``None`` it waits for ``world.desk.act()``.

**What goes wrong** is planned. Of calls::

    fake.faults.plan(html(502, accepted=True), "POST", "/v2/orders")  # taken, but it looks failed
    fake.faults.plan(stall(), path="/v2/positions*", times=3)

with :func:`refuse`, :func:`html`, :func:`stall`, :func:`slow`, :func:`drop`, :func:`reset`,
:func:`truncate`, :func:`mistype` and :func:`garble`; with ``accepted`` the work is done first. Of
streams (``fake.trading_stream``, ``fake.data_streams["/v2/iex"]``)::

    stream.script.lose(1, "fill")         # or keep, repeat, delay, hold and release backwards
    stream.drop()                         # without a Close frame, or politely; or reset()
    stream.set_mood(Mood.FROZEN)          # half-open; MUTE: alive without events; DUMB: only pongs
    stream.mood_of_new = Mood.MUTE        # subscribed, and never told anything
    stream.say_raw(b"garbage")            # a frame as it is
    stream.lingers_seconds = 90           # a place stays taken when its owner is gone
    fake.tell("restated", order_id)       # any event of an order
    fake.tell_data("AAPL", "zz")          # any type of market data

Stories besides: ``halt``, ``end``, ``reject_next``, ``adjust``, ``trade_outside``,
``cancel_outside``, the flags of ``world.account``, ``world.desk.replaces_stop_legs`` and
``tells_held_cancels``, ``world.replacing.carries_fills``, ``world.day.day_orders_end``.

**The judge** is the ledger: ``orders``, ``executions``, ``positions``, ``cash``; and ``calls``,
every HTTP call with what became of it.

Not in it: options, news, SSE, watchlists, account configurations, historic quotes and trades,
dividends, interest, regulatory fees, holidays.
"""

from ..doubles.faults import Fault, drop, garble, html, mistype, reset, slow, stall, truncate
from ..doubles.wires import Mood
from .assets import USUAL, Asset
from .fake import FakeAlpaca
from .faults import refuse
from .history import Bar
from .hours import Session
from .thread import Beside, running
from .world import Terms

__all__ = [
    "USUAL",
    "Asset",
    "Bar",
    "Beside",
    "FakeAlpaca",
    "Fault",
    "Mood",
    "Session",
    "Terms",
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
