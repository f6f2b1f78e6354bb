"""The data host: ``/v2/stocks`` and ``/v1beta3/crypto``."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from .assets import Asset, Listing
from .calls import Answer, Call, Routes
from .history import MINUTE, Bar, History
from .market import Market
from .quoting import quote_of, trade_of
from .refusals import Refused, plain
from .stamps import SECOND, Stamps

_PAIR: Final = re.compile(r"[A-Z]+/[A-Z]+")
_STOCK: Final = re.compile(r"[A-Z.]+")
_USUAL: Final = 1000
_MOST: Final = 10_000
_DELAY: Final = 900 * SECOND
_DAY: Final = 86_400 * SECOND

Look: TypeAlias = Callable[[Asset], dict[str, Any] | None]


class DataCalls:
    """Market data as the subscription *feed* allows: ``iex`` or ``sip``."""

    def __init__(
        self, feed: str, stamps: Stamps, listing: Listing, market: Market, history: History
    ) -> None:
        self._feed = feed
        self._stamps = stamps
        self._listing = listing
        self._market = market
        self._history = history

    def add_to(self, routes: Routes) -> None:
        """Answer the calls of this part."""
        latest: dict[str, Look] = {"quotes": self._quote, "trades": self._trade, "bars": self._bar}
        for kind, look in latest.items():
            self._add_latest(routes, kind, look)
        routes.add("GET", "/v2/stocks/bars", lambda call: self._bars(call, _STOCK))
        routes.add("GET", "/v2/stocks/{}/bars", self._bars_of_one)
        routes.add("GET", "/v2/stocks/snapshots", lambda call: self._all(call, self._snapshot))
        routes.add("GET", "/v2/stocks/{}/snapshot", self._snapshot_of_one)
        routes.add("GET", "/v1beta3/crypto/{}/bars", lambda call: self._bars(call, _PAIR))
        routes.add(
            "GET",
            "/v1beta3/crypto/{}/snapshots",
            lambda call: Answer(200, {"snapshots": self._found(call, _PAIR, self._snapshot)}),
        )

    def _add_latest(self, routes: Routes, kind: str, look: Look) -> None:
        routes.add(
            "GET",
            f"/v2/stocks/{kind}/latest",
            lambda call: Answer(200, {kind: self._found(call, _STOCK, look)}),
        )
        routes.add("GET", f"/v2/stocks/{{}}/{kind}/latest", lambda c: self._one(c, kind[:-1], look))
        routes.add(
            "GET",
            f"/v1beta3/crypto/{{}}/latest/{kind}",
            lambda call: Answer(200, {kind: self._found(call, _PAIR, look)}),
        )

    # -- the latest of something

    def _quote(self, asset: Asset) -> dict[str, Any] | None:
        quote = self._market.of(asset)
        return None if quote is None else quote_of(asset, quote)

    def _trade(self, asset: Asset) -> dict[str, Any] | None:
        quote = self._market.of(asset)
        return None if quote is None else trade_of(asset, quote, self._market.trades)

    def _bar(self, asset: Asset) -> dict[str, Any] | None:
        bars = self._history.bars(asset, MINUTE)
        return bars[-1].told() if bars else None

    def _snapshot(self, asset: Asset) -> dict[str, Any] | None:
        days = [bar.told() for bar in self._history.bars(asset, "1Day")[-2:]]
        if self._market.of(asset) is None and not days:
            return None
        return {
            "latestTrade": self._trade(asset),
            "latestQuote": self._quote(asset),
            "minuteBar": self._bar(asset),
            "dailyBar": days[-1] if days else None,
            "prevDailyBar": days[0] if len(days) > 1 else None,
        }

    def _found(self, call: Call, pattern: re.Pattern[str], look: Look) -> dict[str, Any]:
        """What there is of the symbols asked for; the others are just missing."""
        self._check_feed(call, self._stamps.take())
        looked = {asset.symbol: look(asset) for asset in self._asked(call, pattern)}
        return {symbol: told for symbol, told in looked.items() if told is not None}

    def _all(self, call: Call, look: Look) -> Answer:
        return Answer(200, self._found(call, _STOCK, look))

    def _one(self, call: Call, kind: str, look: Look) -> Answer:
        symbol, told = self._looked(call, look)
        if told is None:
            raise plain(404, f"no {kind} found for {symbol}")
        return Answer(200, {"symbol": symbol, kind: told})

    def _snapshot_of_one(self, call: Call) -> Answer:
        symbol, told = self._looked(call, self._snapshot)
        if told is None:
            raise plain(404, f"no snapshot found for {symbol}")
        return Answer(200, {"symbol": symbol, **told})

    def _looked(self, call: Call, look: Look) -> tuple[str, dict[str, Any] | None]:
        self._check_feed(call, self._stamps.take())
        asset = self._listing.find(call.names[0])
        return call.names[0], None if asset is None else look(asset)

    def _asked(self, call: Call, pattern: re.Pattern[str]) -> list[Asset]:
        symbols = call.words("symbols")
        if not symbols:
            raise plain(400, "symbols is required")
        for symbol in symbols:
            if pattern.fullmatch(symbol) is None:
                raise plain(400, f"invalid symbol: {symbol} does not match ^{pattern.pattern}$")
        found = (self._listing.find(symbol) for symbol in symbols)
        return [asset for asset in found if asset is not None]

    def _check_feed(self, call: Call, until: int) -> None:
        wanted = call.query.get("feed")
        recent = until > self._stamps.take() - _DELAY
        if wanted == "sip" and self._feed != "sip" and recent:
            message = "subscription does not permit querying recent SIP data"
            raise Refused(403, 42210000, message)  # the code of another status, and so recorded

    # -- bars

    def _bars_of_one(self, call: Call) -> Answer:
        call.query["symbols"] = symbol = call.names[0]
        found = self._bars(call, _STOCK).body
        bars = found["bars"].get(symbol)
        return Answer(
            200, {"bars": bars, "symbol": symbol, "next_page_token": found["next_page_token"]}
        )

    def _bars(self, call: Call, pattern: re.Pattern[str]) -> Answer:
        """A page of bars, symbol by symbol; the token names the last that was told."""
        frame = call.query.get("timeframe", "")
        start, end = self._span(call, coins=pattern is _PAIR)
        backwards = call.query.get("sort") == "desc"
        rows: list[tuple[str, Bar]] = []
        for asset in sorted(self._asked(call, pattern), key=lambda asset: asset.symbol):
            bars = self._history.bars(asset, frame)
            within = [bar for bar in bars if start <= bar.moment <= end]
            rows += [(asset.symbol, bar) for bar in (reversed(within) if backwards else within)]
        rows = rows[_begin(call, rows) :]
        limit = call.whole("limit", _USUAL, _MOST)
        told: dict[str, list[dict[str, Any]]] = {}
        for symbol, bar in rows[:limit]:
            told.setdefault(symbol, []).append(bar.told())
        token = _token(*rows[limit - 1]) if len(rows) > limit else None
        return Answer(200, {"bars": told, "next_page_token": token})

    def _span(self, call: Call, *, coins: bool) -> tuple[int, int]:
        """What is asked for: by default today, up to what may be seen."""
        now = self._stamps.take()
        delayed = not coins and self._feed != "sip" and call.query.get("feed") != "iex"
        end = call.moment("end")
        if not coins and end is not None:
            self._check_feed(call, end)
        start = call.moment("start")
        latest = now - _DELAY if delayed else now
        return now - now % _DAY if start is None else start, latest if end is None else end


def _token(symbol: str, bar: Bar) -> str:
    return urlsafe_b64encode(f"{symbol}|{bar.moment}".encode()).decode()


def _begin(call: Call, rows: list[tuple[str, Bar]]) -> int:
    token = call.query.get("page_token")
    if not token:
        return 0
    try:
        symbol, moment = urlsafe_b64decode(token).decode().split("|")
        return 1 + [(name, bar.moment) for name, bar in rows].index((symbol, int(moment)))
    except ValueError:
        raise plain(400, "invalid page_token") from None
