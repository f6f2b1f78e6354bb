"""The double as a service: every product of Binance behind one port."""

from __future__ import annotations

from typing import Any

from ...interfaces import WallClock
from ..doubles.endpoints import Endpoint
from ..doubles.service import Served, wall
from . import methods
from .calls import Adding, Routes
from .futures.contracts import Listing as Contracts
from .futures.contracts import usual_inverse, usual_linear
from .futures.listen_keys import FuturesStreams
from .futures.routes import FuturesRoutes, futures
from .futures.wallet import Mode
from .gate import Gate
from .keys import ApiKey, Keys, ed25519_pem
from .margin.stage import Stage as Margin
from .site import Door
from .spot.pairs import Pairs
from .spot.stage import Stage
from .spot.symbols import Listing, usual
from .spot.world import World
from .stamps import Stamps
from .streams import MarketStreams
from .terms import Terms
from .ws_api import WsApi


class FakeBinance(Served):
    """Accounts at Binance, on ``127.0.0.1``.

    *reactor* is a real one; *port* 0 takes a free one. ``opened`` fires with the port's number when
    it is served; ``site`` can be served otherwise, too. ``faults`` are those of HTTP and of the
    WebSocket APIs (verb ``WS``), the streams have theirs. ``spot``, ``margin``,
    ``usd_futures`` and ``coin_futures`` are the stages of the accounts.
    """

    def __init__(
        self,
        reactor: Any,
        terms: Terms | None = None,
        *,
        port: int = 0,
        now: WallClock | None = None,
    ) -> None:
        self.terms = terms = terms or Terms()
        self.stamps = stamps = Stamps(now or wall(reactor), terms.seed)
        self.keys = Keys()
        self.ed25519_pem, public = ed25519_pem(terms.seed)
        self.keys.add(ApiKey(terms.key, secret=terms.secret))
        for name, pem in {terms.ed25519_key: public, **terms.public_keys}.items():
            self.keys.add(ApiKey(name, public_pem=pem))
        routes = Routes()
        self.gate = gate = Gate(routes, self.keys, stamps)
        spot_pool, futures_pool = terms.spot_pool(stamps.ms), terms.futures_pool(stamps.ms)
        self.market_streams = MarketStreams(reactor)
        self.ws_api = WsApi(reactor, gate, stamps, spot_pool, methods.SPOT)
        pairs = Pairs(stamps, Listing(usual()), self.market_streams.tell)
        world = World(reactor, stamps, pairs, terms.balances, spot_pool, self.ws_api.tell)
        world.add_to(Adding(routes, "/api/v3", spot_pool))
        self.spot = Stage(world)
        margin_pool = terms.margin_pool(stamps.ms)
        self.margin = Margin(
            reactor, stamps, pairs, terms.margin_balances, margin_pool, self._tell_margin
        )
        self.margin.add_to(routes)
        self.ws_api.redeem = self.margin.calls.redeem
        self.futures_streams = FuturesRoutes(reactor)
        mode = Mode()
        self.usd_futures = futures(
            reactor,
            stamps,
            Contracts(usual_linear()),
            terms.futures_balances,
            mode,
            futures_pool,
            (self.futures_streams.tell, self.futures_streams.private),
        )
        self.usd_futures.world.add_to(Adding(routes, "/fapi", futures_pool))
        self.coin_streams = FuturesStreams(reactor)
        self.coin_futures = futures(
            reactor,
            stamps,
            Contracts(usual_inverse()),
            terms.coin_balances,
            mode,
            futures_pool,
            (self.coin_streams.tell, self.coin_streams),
        )
        self.coin_futures.world.add_to(Adding(routes, "/dapi", futures_pool))
        apis = {
            f"/ws-{name}/v1": WsApi(
                reactor, gate, stamps, futures_pool, methods.futures(f"/{name}")
            )
            for name in ("fapi", "dapi")
        }
        self._endpoints: dict[str, Endpoint] = {
            "/ws": self.market_streams,
            "/stream": self.market_streams,
            "/ws-api/v3": self.ws_api,
            **self.futures_streams.paths(),
            "/dstream": self.coin_streams,
            **apis,
        }
        pools = {
            "/api": spot_pool,
            "/sapi": margin_pool,
            "/fapi": futures_pool,
            "/dapi": futures_pool,
        }
        door = Door(reactor, gate, pools, self._endpoints)
        self.ws_api.faults = door.faults
        for api in apis.values():
            api.faults = door.faults
            api.ping_seconds, api.pong_seconds = 180.0, 600.0
        super().__init__(reactor, door, port)

    def _tell_margin(self, event: dict[str, Any]) -> None:
        self.ws_api.tell(event, of_token=True)

    @property
    def streams(self) -> list[Endpoint]:
        """All of them, the WebSocket APIs included."""
        return list(dict.fromkeys(self._endpoints.values()))

    def announce_shutdown(self) -> None:
        """``serverShutdown`` on all streams of spot."""
        self.ws_api.announce_shutdown()
        self.market_streams.announce_shutdown(self.stamps.ms())
