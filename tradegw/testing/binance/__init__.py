"""A fake Binance, to test clients of the real one: spot, margin and both futures, on loopback.

It keeps one account of each product in ledgers of its own, matches their orders against markets
that the test moves, and answers as Binance does: paths, statuses, codes, words, headers, frames.
It knows nothing of this project's gateway, and nothing of it leaves the machine.

**In a test of blocking code** it runs in a thread::

    from tradegw.testing.binance import running

    with running() as binance:
        binance.do(lambda fake: fake.spot.set_quote("SOLUSDC", "138.05", "138.06"))
        client = Client(binance.key, binance.secret, ping=False)
        client.API_URL = binance.http_url + "/api"
        client.order_market_buy(symbol="SOLUSDC", quantity="2.5")
        assert binance.do(lambda fake: fake.spot.balances["SOL"]) == Decimal("2.4975")

The double lives in that thread: all that looks at it or changes it goes through ``do``.

**In a test of Twisted code** it is a service: ``fake = FakeBinance(reactor)``, ``startService()``,
wait for ``fake.opened``, ``stopService()``; or its ``site`` is served in memory under a ``Clock``.
**By hand**: ``python -m tradegw.testing.binance --port 8090 --walk 1`` serves it with markets that
move, and says where.

**Where**: REST of all products at ``http_url`` (``/api``, ``/sapi``, ``/fapi``, ``/dapi``). At
``ws_url`` the market streams of spot (``/ws``, ``/stream``), of USD-M by class (``/public``,
``/market``, ``/private``, and what un-routed paths still carry below ``/fstream``), those of COIN-M
below ``/dstream``; and the WebSocket APIs ``/ws-api/v3``, ``/ws-fapi/v1``, ``/ws-dapi/v1``.

**Keys**: one of HMAC (``terms.key``, ``terms.secret``), one of Ed25519 (``terms.ed25519_key``,
``fake.ed25519_pem``), others by ``Terms(public_keys=...)``; ``fake.keys.revoke(name)``.
``fake.stamps.skew_ms`` is how far the server's clock is ahead.

**The stages** are ``spot``, ``margin``, ``usd_futures`` and ``coin_futures``. ``set_quote`` moves a
market: it is told on the streams, then orders meet it; sizes limit what can be had, ``set_book``
has several prices. ``hold_fills`` and ``fill`` do it by hand. ``world`` has the parts, with
switches: ``world.desk.fees.burns_bnb``, ``world.book.lag_seconds`` (how long a new order is
``-2013``), ``world.placing.may_trade``, ``world.pool.ban(seconds)``; symbols can be changed in
place, ``spot.symbol("SOLUSDC").max_algo_orders = 1``.

**What goes wrong** is planned, of HTTP calls and of requests to the WebSocket APIs::

    fake.faults.plan(timed_out(accepted=True), "POST", "/api/v3/order")  # taken, but who knows
    fake.faults.plan(stall(), "WS", "order.place")

with :func:`refuse`, :func:`timed_out`, :func:`unknown_execution`, :func:`overloaded`, :func:`html`,
:func:`stall`, :func:`slow`, :func:`drop`, :func:`reset`, :func:`truncate`, :func:`mistype` and
:func:`garble`; with ``accepted`` the work is done first. Of streams (``fake.ws_api``,
``fake.market_streams``, ``fake.futures_streams.private``, ``fake.coin_streams``)::

    stream.script.lose(1, "TRADE")        # or keep, repeat, delay, hold and release backwards
    stream.drop()                         # without a Close frame, or politely; or reset()
    stream.set_mood(Mood.FROZEN)          # half-open; MUTE: alive without events; DUMB: only pongs
    stream.mood_of_new = Mood.MUTE        # subscribed, and never told anything
    stream.say_raw(b"garbage")            # a frame as it is
    fake.ws_api.tell({"e": "unheardOf"})  # any event
    fake.ws_api.terminate()               # eventStreamTerminated
    fake.announce_shutdown()              # serverShutdown
    stream.life_seconds = 3               # instead of a day, for connections to come

Stories besides: ``wipe`` (the testnet's), ``deposit``, ``set_status``, ``reject_next``, ``end``,
``trade_outside``, ``cancel_outside``; of margin ``accrue``; of futures ``fund``, ``call_margin``,
``liquidate`` (which also comes of itself), ``world.listen_keys.expire()``.

**The judge** are the ledgers: ``orders``, ``executions``, ``balances``, ``locked``, ``lists``,
``algos``, ``positions``, ``owed``; ``world.pool.bans`` and ``refusals``; and ``calls``, every HTTP
call with what became of it.

Where what is known of Binance leaves something open, it is so here: a leg that another leg ends is
``EXPIRED``; exits for more than there is are ``REJECTED`` when their entry is filled; a reduce-only
order that is larger than its position fills that much and expires; a client's ids are unique within
the open orders of a symbol on spot, within all of them on futures.

Not in it: pegged and SOR orders, what self-trade prevention does, price ranges,
isolated margin, the margin risk stream, delivery, SBE, microseconds.
"""

from ..doubles.faults import Fault, drop, garble, html, mistype, reset, slow, stall, truncate
from ..doubles.wires import Mood
from .fake import FakeBinance
from .faults import overloaded, refuse, timed_out, unknown_execution
from .klines import Bar
from .terms import Terms
from .thread import Beside, running

__all__ = [
    "Bar",
    "Beside",
    "FakeBinance",
    "Fault",
    "Mood",
    "Terms",
    "drop",
    "garble",
    "html",
    "mistype",
    "overloaded",
    "refuse",
    "reset",
    "running",
    "slow",
    "stall",
    "timed_out",
    "truncate",
    "unknown_execution",
]
