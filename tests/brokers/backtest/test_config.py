"""Every variable: its default, what it takes, what it refuses, and that empty is unset."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tradegw.brokers.backtest.config import BacktestSettings, read_settings
from tradegw.brokers.backtest.plugin import plugin
from tradegw.config.problems import ConfigError
from tradegw.config.read import read
from tradegw.config.report import report
from tradegw.config.variables import BACKTEST
from tradegw.simulator.costs import Commission
from tradegw.simulator.slippage import Slippage
from tradegw.simulator.spread import Spread

from .stand import GOLDEN, HEAD


@pytest.fixture
def bars(tmp_path: Path) -> str:
    file = tmp_path / "bars.csv"
    file.write_text(f"{HEAD}\n{GOLDEN}")
    return f"X@1d={file}"


def settings(bars: str | None, **environ: str) -> BacktestSettings:
    if bars is not None:
        environ.setdefault("BACKTEST_DATA", bars)
    found = read({"GATEWAY_PROVIDER": "backtest", **environ})
    return read_settings(environ, found)


def value(own: Any, path: str) -> Any:
    for name in path.split("."):
        own = getattr(own, name)
    return getattr(own, "value", own)


CASES: list[tuple[str, str, object, str, object, tuple[str, ...]]] = [
    ("CASH", "terms.cash", Decimal(100000), "2.5", Decimal("2.5"), ("0", "-1", "1e5", "much")),
    ("CURRENCY", "terms.currency", "USD", "EUR", "EUR", ("usd", "U", "1")),
    (
        "COMMISSION",
        "terms.commission",
        Commission(),
        "0.1%+min1",
        Commission.parse("0.1%+min1"),
        ("free", "-", "min"),
    ),
    (
        "SLIPPAGE",
        "terms.slippage",
        Slippage(),
        "5bps",
        Slippage(bps=Decimal(5)),
        ("5percent", "-1", "rand:5", "2ticks"),
    ),
    ("SPREAD", "spread", Spread(), "0.2", Spread(amount=Decimal("0.2")), ("wide", "-1", "1tick")),
    ("FILL", "terms.fill_current", False, "current", True, ("now",)),
    ("PATH", "terms.path", "worst", "ohlc", "ohlc", ("random", "WORST")),
    ("LIMIT_FILL", "terms.limit_through", False, "through", True, ("beyond",)),
    ("VOLUME_LIMIT", "terms.volume_limit", Decimal(0), "0.25", Decimal("0.25"), ("-0.1", "1.01")),
    ("LATENCY_MS", "terms.latency.microseconds", 0, "250", 250_000, ("-1", "0.5")),
    ("LEVERAGE", "terms.leverage", Decimal(1), "30", Decimal(30), ("0.5", "1001")),
    ("MAINTENANCE", "terms.maintenance", Decimal("0.5"), "1", Decimal(1), ("-0.1", "1.1")),
    ("SHORT", "terms.short", True, "false", False, ("perhaps",)),
    ("POSITION_MODE", "terms.hedging", False, "hedging", True, ("both",)),
    ("CLIENTS", "conduct.clients", 1, "0", 0, ("-1", "1001", "many")),
    ("PACE", "conduct.pace", "all", "any", "any", ("first",)),
    ("ACK_TIMEOUT", "conduct.ack_seconds", 60, "0", 0, ("-1", "0.5")),
    ("RECONNECT_TIMEOUT", "conduct.reconnect_seconds", 60, "5", 5, ("-1",)),
    ("SPEED", "conduct.speed", Decimal(0), "0.5", Decimal("0.5"), ("-1", "fast")),
    ("TIMESTAMPS", "conduct.timestamps", "sim", "wall", "wall", ("utc",)),
    ("SEED", "terms.seed", 0, "-7", -7, ("x", "1.5")),
    ("CLOSE_AT_END", "conduct.close_at_end", False, "1", True, ("maybe",)),
    ("REPORT", "reported.directory", None, "out", Path("out"), ()),
    ("TRANSCRIPT", "reported.transcript", False, "1", True, ("2",)),
    ("EXIT", "conduct.exit", "auto", "never", "never", ("always",)),
    ("RISK_FREE", "reported.risk_free", Decimal(0), "0.02", Decimal("0.02"), ("-1", "2%")),
    ("PERIODS", "reported.periods", None, "252", 252, ("0", "a year")),
]


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_a_variable_has_its_default_takes_what_is_good_and_refuses_the_rest(
    bars: str, case: tuple[str, str, object, str, object, tuple[str, ...]]
) -> None:
    name, path, default, good, meaning, bad = case
    variable = f"BACKTEST_{name}"
    assert value(settings(bars), path) == default
    assert value(settings(bars, **{variable: "  "}), path) == default
    assert value(settings(bars, **{variable: good}), path) == meaning
    for text in bad:
        with pytest.raises(ConfigError, match=variable):
            settings(bars, **{variable: text})


def test_the_cases_are_all_there_are() -> None:
    tested = {f"BACKTEST_{case[0]}" for case in CASES}
    others = {"BACKTEST_DATA", "BACKTEST_START", "BACKTEST_END"}
    assert {each.name for each in BACKTEST} == tested | others


def test_start_and_end_are_dates_or_instants_and_a_last_day_is_whole(bars: str) -> None:
    own = settings(bars, BACKTEST_START="2024-01-02", BACKTEST_END="2024-01-03")
    assert own.data.begin == datetime(2024, 1, 2, tzinfo=UTC)
    assert own.data.end == datetime(2024, 1, 4, tzinfo=UTC)
    assert settings(bars, BACKTEST_START="2024-01-02T00:00:00Z").data.begin == own.data.begin
    for name in ("BACKTEST_START", "BACKTEST_END"):
        with pytest.raises(ConfigError, match=name):
            settings(bars, **{name: "yesterday"})
    with pytest.raises(ConfigError, match="before"):
        settings(bars, BACKTEST_START="2024-01-03", BACKTEST_END="2024-01-02")


def test_the_data_are_required_and_what_is_wrong_with_them_is_told(
    bars: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="BACKTEST_DATA must name"):
        settings(None)
    with pytest.raises(ConfigError, match=r"none\.csv"):
        settings(f"X@1d={tmp_path / 'none.csv'}")
    (tmp_path / "bad.csv").write_text(f"{HEAD}\n2024-01-01,1,2,3,4,5\n")
    with pytest.raises(ConfigError, match=r"bad\.csv.*2"):
        settings(f"X@1d={tmp_path / 'bad.csv'}")


def test_all_that_is_wrong_is_told_at_once(bars: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings(bars, BACKTEST_CASH="0", BACKTEST_PATH="x", BACKTEST_SPEED="-1")
    text = str(caught.value)
    assert all(name in text for name in ("BACKTEST_CASH", "BACKTEST_PATH", "BACKTEST_SPEED"))


def test_ticks_are_taken_where_the_data_tell_them(tmp_path: Path, bars: str) -> None:
    path = bars.partition("=")[2]
    text = f'[{{"symbol":"X","kind":"1d","path":"{path}","tick":"0.01"}}]'
    own = settings(text, BACKTEST_SLIPPAGE="2ticks", BACKTEST_SPREAD="1tick")
    assert own.terms.slippage == Slippage(ticks=Decimal(2))


def test_a_subscription_that_cannot_be_served_is_warned_of(bars: str) -> None:
    wanted = '[{"platform":"backtest","instrument":"Y","events":["candle_1d"]}]'
    assert any("Y" in text for text in settings(bars, SUBSCRIPTIONS=wanted).warnings)


def test_a_spread_that_has_no_effect_is_warned_of(tmp_path: Path) -> None:
    file = tmp_path / "quotes.csv"
    file.write_text("timestamp,bid,ask\n2024-01-01T00:00:00Z,1,1.1\n")
    own = settings(f"X@quotes={file}", BACKTEST_SPREAD="0.1")
    assert any("BACKTEST_SPREAD" in text for text in own.warnings)


def test_check_config_shows_every_variable(bars: str) -> None:
    environ = {"GATEWAY_PROVIDER": "backtest", "BACKTEST_DATA": bars, "BACKTEST_CASH": "5"}
    found = read(environ)
    text = report(found, plugin.configure(environ, found))
    assert all(f"{each.name}=" in text for each in BACKTEST)
    assert "BACKTEST_CASH=5" in text
    assert "BACKTEST_PATH=worst" in text
