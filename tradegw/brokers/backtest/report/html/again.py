"""What reproduces the run: settings, data, and the meaning of the measures."""

from __future__ import annotations

import shlex
from typing import Any, Final, TypeAlias

from . import words
from .markup import Markup, tag
from .table import pairs, table

Found: TypeAlias = "dict[str, Any]"

_MEANINGS: Final = (
    ("Equity", "balance and unrealised P&L, at every moment at which a bar closed"),
    ("Total return", "last equity / cash at the start \u2212 1"),
    ("CAGR", "(last equity / cash)^(1/years) \u2212 1; not below a week"),
    ("Daily return", "last equity of a UTC day / that of the day before \u2212 1"),
    ("Volatility", "standard deviation of daily returns \u00d7 \u221aperiods per year"),
    (
        "Sharpe",
        "average / standard deviation of returns above the risk-free \u00d7 \u221aperiods",
    ),
    ("Sortino", "the same over the root of the mean square of negative ones, all days counted"),
    ("Max drawdown", "the lowest equity / highest equity before it \u2212 1"),
    ("Calmar", "CAGR / max drawdown"),
    ("Time in the market", "bar closes with a position open / all"),
    ("Round trip", "what was opened first is closed first; P&L net of both commissions"),
    ("Profit factor", "sum of gains / sum of losses"),
    ("Expectancy", "average net P&L of a round trip"),
    ("MAE, MFE", "the worst and the best that a trip stood at on its way, before commissions"),
    ("Turnover", "all that was bought and sold / average equity"),
    ("Buy and hold", "last close / first open \u2212 1"),
    (words.NONE, "not defined, for example a ratio of nothing"),
)


def settings(document: Found) -> Markup:
    """The variables, ready to be used again, and what else pins the run."""
    lines = (f"{name}={shlex.quote(value)}" for name, value in document["config"].items())
    hashed = document["transcript_sha256"]
    rows = [
        ("Run", document["run_id"]),
        ("Gateway version", document["gateway_version"] or words.NONE),
        ("Status", document["status"]),
        ("Reproducible", "yes" if document["reproducible"] else "no"),
        ("Events told", f"{document['events']:,}"),
        ("Took", words.duration(document["wall_seconds"])),
        ("Transcript, SHA-256", tag("code", hashed) if hashed else words.NONE),
    ]
    return tag(
        "div",
        tag("div", pairs("The run", rows), _sums(document), class_="columns"),
        tag("h3", "Settings in force"),
        tag("pre", tag("code", "\n".join(lines)), tabindex=0),
        _data(document),
    )


def _data(document: Found) -> Markup:
    rows = (
        (
            tag("bdi", data["symbol"]),
            data["kind"],
            data["first"].replace("T", " ").removesuffix("Z"),
            data["last"].replace("T", " ").removesuffix("Z"),
            tag("code", data["sha256"]),
            f"{data['rows']:,}",
        )
        for data in document["data"]
    )
    return table("Data", ("Symbol", "Kind", "First", "Last", "SHA-256", "Rows"), rows, words=5)


def _sums(document: Found) -> Markup:
    found, currency = document["reconciliation"], document["account"]["currency"]
    return pairs(
        f"The sums, {currency}",
        [
            ("Round trips, net", words.money(found["trades_pnl"], sign=True)),
            ("Open positions, net", words.money(found["open_pnl"], sign=True)),
            ("Change of equity", words.money(found["equity_change"], sign=True)),
            ("Difference", words.money(found["difference"], sign=True)),
        ],
    )


def meanings() -> Markup:
    """How the measures are defined."""
    entries = [part for name, what in _MEANINGS for part in (tag("dt", name), tag("dd", what))]
    return tag(
        "details",
        tag("summary", "How the measures are defined"),
        tag("dl", *entries, class_="meanings"),
    )
