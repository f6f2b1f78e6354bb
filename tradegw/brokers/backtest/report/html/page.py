"""The page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from ..curve import EquityCurve
from ..exact import micros, ratio
from ..facts import Ending, Fill
from ..outcome import trip_return
from ..recorder import Recorder
from . import words
from .again import meanings, settings
from .equity import drawdown_chart, equity_chart
from .figures import breakdown, measures, tiles
from .ground import alarms, ground
from .histogram import histogram
from .hours import Hours
from .markup import Child, Markup, join, tag
from .months import months
from .prices import price_charts
from .style import STYLE
from .trades import open_trades, trades

_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
_MOST_CHARTS: Final = 8
_FOOT: Final = (
    "Times are UTC; in the charts the nights and weekends of a market that closes take no room."
    " Exact figures are in report.json and the CSV files beside this one."
)


def page(
    document: dict[str, Any], recorder: Recorder, curve: EquityCurve, ending: Ending
) -> Iterator[str]:
    """The whole file, in pieces. *document* is what ``report.json`` holds."""
    title = _title(document, ending)
    times = (time for time, _ in curve.equities())
    hours = Hours.of(times, micros(ending.start), micros(ending.end))
    yield "<!DOCTYPE html>\n"
    yield '<html xmlns="http://www.w3.org/1999/xhtml" lang="en">'
    yield _head(title)
    yield "<body>"
    yield _header(document, title)
    yield "<main>"
    yield tiles(document)
    yield _section("Equity", _equity(document, recorder, curve, hours))
    yield _section("Trades", *_charts(recorder, hours))
    yield _section("Months", tag("div", months(document["monthly_returns"]), class_="wide"))
    yield _section("Measures", measures(document), breakdown(document))
    yield _section("Round trips", *_trips(document, recorder))
    yield _section("What this result rests on", ground(document))
    yield _section("To run it again", settings(document), meanings())
    yield "</main>"
    yield tag("footer", _FOOT)
    yield "</body></html>\n"


def _title(document: dict[str, Any], ending: Ending) -> str:
    symbols = list(document["by_symbol"])
    shown = ", ".join(symbols[:4]) + (f" and {len(symbols) - 4} more" if len(symbols) > 4 else "")
    until = words.day(words.last_day(ending.end))
    return f"{shown or 'Backtest'}, {words.day(ending.start)} to {until}"


def _head(title: str) -> Markup:
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"Backtest: {title}"),
        tag("style", Markup(STYLE)),
    )


def _header(document: dict[str, Any], title: str) -> Markup:
    account = document["account"]
    said = (
        f"Backtest {document['run_id']}. {words.money(account['cash'])} {account['currency']} at"
        f" the start, {words.money(account['equity'])} at the end."
    )
    status = tag("span", document["status"], class_="status")
    return tag("header", tag("h1", title), tag("p", status, said), alarms(document))


def _section(title: str, *parts: Child) -> Markup:
    shown = join(parts)
    return tag("section", tag("h2", title), shown) if shown else Markup("")


def _equity(
    document: dict[str, Any], recorder: Recorder, curve: EquityCurve, hours: Hours
) -> Markup:
    one = equity_chart(document, recorder, curve, hours)
    return join([one, drawdown_chart(document, recorder, curve, hours)])


def _charts(recorder: Recorder, hours: Hours) -> Iterator[Markup]:
    """Prices of the symbols that were traded most."""
    fills: dict[str, list[Fill]] = {symbol: [] for symbol in recorder.tracks}
    for fill in recorder.fills:
        fills.setdefault(fill.trade.symbol, []).append(fill)
    most = sorted(recorder.tracks, key=lambda symbol: -len(fills[symbol]))
    for symbol in most[:_MOST_CHARTS]:
        trips = [trip for trip in recorder.trips if trip.symbol == symbol]
        yield from price_charts(symbol, recorder.tracks[symbol], fills[symbol], trips, hours)
    if len(most) > _MOST_CHARTS:
        left = words.count(len(most) - _MOST_CHARTS, "more symbol")
        yield tag("p", f"{left} with fewer fills: see fills.csv.")


def _trips(document: dict[str, Any], recorder: Recorder) -> Iterator[Markup]:
    returns = [
        value
        for value in (ratio(trip_return(trip)) for trip in recorder.trips)
        if value is not None
    ]
    if returns:
        yield histogram(returns)
    yield trades(recorder.trips)
    yield open_trades(document["open_trades"], document["account"]["currency"])
