"""The measures: the ones that are asked for first, then all."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, TypeAlias

from .....model.money import ZERO
from . import words
from .markup import Markup, join, tag
from .table import pairs, table

Figures: TypeAlias = "dict[str, Any]"


def tiles(document: Figures) -> Markup:
    """The eight that a reader looks for."""
    found, currency = document["metrics"], document["account"]["currency"]
    held = list(found["buy_and_hold"].values())
    beside = f"buy and hold {words.percent(held[0], 1, sign=True)}" if len(held) == 1 else ""
    per_year = f"volatility {words.percent(found['volatility'], 1)}"
    longest = words.duration(found["max_drawdown_duration_seconds"])
    wins = f"{found['wins']:,} of {found['trades']:,}"
    shown = (
        ("Net profit", words.money(found["net_profit"], sign=True), currency),
        ("Total return", words.percent(found["total_return"], sign=True), beside),
        ("CAGR", words.percent(found["cagr"], sign=True), per_year),
        ("Sharpe", words.number(found["sharpe"]), f"Sortino {words.number(found['sortino'])}"),
        ("Max drawdown", words.percent(found["max_drawdown"]), f"longest {longest}"),
        ("Win rate", words.percent(found["win_rate"], 1), wins),
        ("Profit factor", words.number(found["profit_factor"]), "gains / losses"),
        (
            "Round trips",
            f"{found['trades']:,}",
            f"in the market {words.percent(found['exposure'], 1)}",
        ),
    )
    return tag("dl", *(_tile(*each) for each in shown), class_="tiles")


def _tile(name: str, value: str, beside: str) -> Markup:
    return tag(
        "div",
        tag("dt", name),
        tag("dd", value, class_="value"),
        tag("dd", beside, class_="beside"),
    )


def measures(document: Figures) -> Markup:
    """All of them, in four tables."""
    found = document["metrics"]
    return tag("div", _growth(found), _risk(found), _trips(found), _costs(found), class_="columns")


def _growth(found: Figures) -> Markup:
    rows: list[tuple[str, str]] = [
        ("Net profit", words.money(found["net_profit"], sign=True)),
        ("Total return", words.percent(found["total_return"], sign=True)),
        ("CAGR", words.percent(found["cagr"], sign=True)),
        ("Time in the market", words.percent(found["exposure"])),
        ("Turnover (of average equity)", words.number(found["turnover"])),
    ]
    for symbol, value in list(found["buy_and_hold"].items())[:6]:
        rows.append((f"Buy and hold {symbol}", words.percent(value, sign=True)))
    return pairs("Growth", rows)


def _risk(found: Figures) -> Markup:
    recovery = found["max_drawdown_recovery"] or "not recovered"
    fell = found["max_drawdown_start"] is not None
    return pairs(
        "Risk",
        [
            ("Volatility per year", words.percent(found["volatility"])),
            ("Sharpe ratio", words.number(found["sharpe"])),
            ("Sortino ratio", words.number(found["sortino"])),
            ("Calmar ratio", words.number(found["calmar"])),
            ("Max drawdown", words.percent(found["max_drawdown"])),
            ("\u2003from", _time(found["max_drawdown_start"])),
            ("\u2003lowest", _time(found["max_drawdown_trough"])),
            ("\u2003recovered", _time(recovery) if fell else words.NONE),
            ("Longest drawdown", words.duration(found["max_drawdown_duration_seconds"])),
            ("Periods per year", f"{found['periods_per_year']}"),
            ("Risk-free rate", words.percent(found["risk_free"])),
        ],
    )


def _trips(found: Figures) -> Markup:
    return pairs(
        "Round trips",
        [
            ("Number", f"{found['trades']:,}"),
            ("Win rate", words.percent(found["win_rate"])),
            ("Profit factor", words.number(found["profit_factor"])),
            ("Expectancy", words.money(found["expectancy"], sign=True)),
            ("Average win", words.money(found["average_win"], sign=True)),
            ("Average loss", words.money(found["average_loss"], sign=True)),
            ("Best", words.money(found["best_trade"], sign=True)),
            ("Worst", words.money(found["worst_trade"], sign=True)),
            ("Average duration", words.duration(found["average_duration_seconds"])),
            ("Average bars", words.number(found["average_bars"], 1)),
            ("Longest losing streak", f"{found['longest_losing_streak']:,}"),
        ],
    )


def _costs(found: Figures) -> Markup:
    names = ("total_commission", "total_slippage", "total_spread_cost")
    total = sum((Decimal(found[name]) for name in names), ZERO)
    before = Decimal(found["net_profit"]) + total
    return pairs(
        "Costs, part of the result",
        [
            ("Commission", words.money(found["total_commission"])),
            ("Slippage", words.money(found["total_slippage"])),
            ("Half-spreads", words.money(found["total_spread_cost"])),
            ("All three", words.money(total)),
            ("Net profit without them", words.money(before, sign=True)),
            ("Traded, buys and sells", words.money(found["traded_notional"])),
        ],
    )


def breakdown(document: Figures) -> Markup:
    """By side, and by symbol if there are several."""
    parts = [_split("By side", document["by_side"].items())]
    symbols = document["by_symbol"]
    if len(symbols) > 1:
        parts.append(_split("By symbol", symbols.items()))
    return join(parts)


def _split(caption: str, groups: Iterable[tuple[str, Figures]]) -> Markup:
    columns = (
        "", "Round trips", "Net profit", "Win rate", "Profit factor", "Average win",
        "Average loss", "Worst", "Average duration",
    )  # fmt: skip
    rows = (
        (
            tag("bdi", name),
            f"{of['trades']:,}",
            words.money(of["net_profit"], sign=True),
            words.percent(of["win_rate"], 1),
            words.number(of["profit_factor"]),
            words.money(of["average_win"], sign=True),
            words.money(of["average_loss"], sign=True),
            words.money(of["worst_trade"], sign=True),
            words.duration(of["average_duration_seconds"]),
        )
        for name, of in groups
    )
    return table(caption, columns, rows)


def _time(stamp: str | None) -> str:
    """The day of a stamp, with the time of day if it is not midnight."""
    if stamp is None:
        return words.NONE
    return stamp.replace("T00:00:00Z", "").replace("T", " ").replace("Z", "")
