"""The backtest's settings, from the environment."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeVar

from msgspec import Struct

from ...config.environment import Environment
from ...config.settings import Settings
from ...model.money import ONE, ZERO
from ...simulator.costs import Commission
from ...simulator.paths import Path as PathRule
from ...simulator.slippage import Slippage
from ...simulator.spread import Spread
from ...simulator.terms import Terms
from ..pacing.acks import Pace
from .data.deliveries import Deliveries, deliveries
from .data.errors import DataError
from .data.load import load
from .data.loaded import DataSets
from .data.stamps import bound

T = TypeVar("T")

POSITION_PREFIX: Final = "bt-pos-"
WORKING: Final = 1_000_000
REMEMBERED: Final = 10**12
"""All of a run is remembered: nothing is left out of a list, or a report."""

_CURRENCY: Final = re.compile(r"[A-Z]{3,8}")
_LONGEST: Final = 10**9


class Timestamps(enum.StrEnum):
    """What the top-level ``timestamp`` of an event tells."""

    SIM = "sim"
    WALL = "wall"


class Exit(enum.StrEnum):
    """What becomes of the process after the run."""

    AUTO = "auto"
    NEVER = "never"


class Conduct(Struct, frozen=True, kw_only=True):
    """How the run is conducted; times are wall seconds.

    ``clients``  how many must be there before the run starts; 0 waits for nobody, ever
    ``speed``    simulated seconds per wall second at most; 0 is no limit
    """

    clients: int = 1
    pace: Pace = Pace.ALL
    ack_seconds: int = 60
    reconnect_seconds: int = 60
    speed: Decimal = ZERO
    timestamps: Timestamps = Timestamps.SIM
    close_at_end: bool = False
    exit: Exit = Exit.AUTO


class Reported(Struct, frozen=True, kw_only=True):
    """What is reported of it, and where; no ``directory`` is one of its own for each run."""

    directory: Path | None = None
    transcript: bool = False
    risk_free: Decimal = ZERO
    periods: int | None = None


class BacktestSettings(Struct, frozen=True, kw_only=True):
    """What is run, and how. *variables* are what all this was read from, *others* those variables
    of the gateway that change what comes of it.
    """

    data: DataSets
    deliveries: Deliveries
    terms: Terms
    spread: Spread
    conduct: Conduct
    reported: Reported
    others: dict[str, str] = {}
    variables: dict[str, str] = {}
    warnings: tuple[str, ...] = ()


def read_settings(environ: Mapping[str, str], settings: Settings) -> BacktestSettings:
    """Read the ``BACKTEST_`` variables and the data that they name.

    Raises :class:`ConfigError` with everything that is wrong.
    """
    read = Environment(environ)
    text = read.text("BACKTEST_DATA")
    currency = _currency(read)
    start, end = _instant(read, "BACKTEST_START"), _instant(read, "BACKTEST_END", closing=True)
    terms, conduct, reported = _terms(read, currency), _conduct(read), _reported(read)
    spread = _parsed(read, "BACKTEST_SPREAD", "0", Spread.parse)
    data = _data(read, text, start, end, currency)
    _check_steps(read, data, terms, spread)
    read.check()
    assert data is not None
    told = deliveries(data, settings.subscriptions)
    _warn_of_spread(read, data)
    return BacktestSettings(
        data=data,
        deliveries=told,
        terms=terms,
        spread=spread,
        conduct=conduct,
        reported=reported,
        others={
            "SUBSCRIPTIONS": environ.get("SUBSCRIPTIONS", "").strip() or "[]",
            "SL_TP_TTL_HOURS": str(settings.sl_tp_ttl_hours),
            "EXIT_MAX_UNCOVERED_SECS": str(settings.exit_max_uncovered_secs),
            "EXIT_UNCOVERED_POLICY": settings.exit_uncovered_policy.value,
        },
        variables=read.shown,
        warnings=(*data.warnings, *told.impossible, *read.warnings),
    )


def _conduct(read: Environment) -> Conduct:
    return Conduct(
        clients=read.integer("BACKTEST_CLIENTS", 1, minimum=0, maximum=1000),
        pace=Pace(read.choice("BACKTEST_PACE", Pace.ALL, tuple(Pace))),
        ack_seconds=read.integer("BACKTEST_ACK_TIMEOUT", 60, minimum=0, maximum=_LONGEST),
        reconnect_seconds=read.integer(
            "BACKTEST_RECONNECT_TIMEOUT", 60, minimum=0, maximum=_LONGEST
        ),
        speed=read.decimal("BACKTEST_SPEED", ZERO, minimum=0, maximum=_LONGEST),
        timestamps=Timestamps(
            read.choice("BACKTEST_TIMESTAMPS", Timestamps.SIM, tuple(Timestamps))
        ),
        close_at_end=read.boolean("BACKTEST_CLOSE_AT_END", default=False),
        exit=Exit(read.choice("BACKTEST_EXIT", Exit.AUTO, tuple(Exit))),
    )


def _reported(read: Environment) -> Reported:
    directory = read.text("BACKTEST_REPORT")
    return Reported(
        directory=None if directory is None else Path(directory),
        transcript=read.boolean("BACKTEST_TRANSCRIPT", default=False),
        risk_free=read.decimal("BACKTEST_RISK_FREE", ZERO, above=-1, maximum=10),
        periods=read.integer("BACKTEST_PERIODS", None, minimum=1, maximum=1_000_000),
    )


def _terms(read: Environment, currency: str) -> Terms:
    rule = read.choice("BACKTEST_PATH", "worst", tuple(rule.value for rule in PathRule))
    milliseconds = read.integer("BACKTEST_LATENCY_MS", 0, minimum=0, maximum=_LONGEST)
    mode = read.choice("BACKTEST_POSITION_MODE", "netting", ("netting", "hedging"))
    return Terms(
        cash=read.decimal("BACKTEST_CASH", Decimal(100_000), above=0, maximum=10**12),
        currency=currency,
        commission=_parsed(read, "BACKTEST_COMMISSION", "0", Commission.parse),
        slippage=_parsed(read, "BACKTEST_SLIPPAGE", "0", Slippage.parse),
        fill_current=read.choice("BACKTEST_FILL", "next", ("next", "current")) == "current",
        path=PathRule(rule),
        limit_through=read.choice("BACKTEST_LIMIT_FILL", "touch", ("touch", "through"))
        == "through",
        volume_limit=read.decimal("BACKTEST_VOLUME_LIMIT", ZERO, minimum=0, maximum=1),
        latency=timedelta(milliseconds=milliseconds),
        leverage=read.decimal("BACKTEST_LEVERAGE", ONE, minimum=ONE, maximum=1000),
        maintenance=read.decimal("BACKTEST_MAINTENANCE", Decimal("0.5"), minimum=0, maximum=1),
        short=read.boolean("BACKTEST_SHORT", default=True),
        hedging=mode == "hedging",
        strict=True,
        seed=read.integer("BACKTEST_SEED", 0),
        position_prefix=POSITION_PREFIX,
        most_working=WORKING,
        retained=REMEMBERED,
    )


def _currency(read: Environment) -> str:
    currency = read.text("BACKTEST_CURRENCY", "USD")
    if not _CURRENCY.fullmatch(currency):
        read.problem(f"BACKTEST_CURRENCY must be a code such as USD, not {currency[:20]!r}")
    return currency


def _parsed(read: Environment, name: str, default: str, parse: Callable[[str], T]) -> T:
    text = read.text(name, default)
    try:
        return parse(text)
    except ValueError as error:
        read.problem(f"{name} cannot be read: {error}")
        return parse(default)


def _instant(read: Environment, name: str, *, closing: bool = False) -> datetime | None:
    text = read.text(name)
    if text is None:
        return None
    try:
        return bound(text, closing=closing)
    except ValueError as error:
        read.problem(f"{name} must be a date or an instant (RFC 3339), not {text[:40]!r}: {error}")
        return None


def _data(
    read: Environment,
    text: str | None,
    start: datetime | None,
    end: datetime | None,
    currency: str,
) -> DataSets | None:
    if text is None:
        read.problem("BACKTEST_DATA must name what is to be replayed: SYMBOL@1d=prices.csv, ...")
        return None
    if start is not None and end is not None and start >= end:
        read.problem("BACKTEST_START must be before BACKTEST_END")
        return None
    try:
        return load(text, start=start, end=end, currency=currency)
    except DataError as error:
        read.problem(str(error))
        return None


def _check_steps(read: Environment, data: DataSets | None, terms: Terms, spread: Spread) -> None:
    """What is counted in price steps needs to know them."""
    symbols = () if data is None else data.symbols
    unknown = [s for s in symbols if data is not None and data.options(s).tick is None]
    needing: dict[str, Slippage | Spread] = {
        "BACKTEST_SLIPPAGE": terms.slippage,
        "BACKTEST_SPREAD": spread,
    }
    for name, cost in needing.items():
        if cost.needs_step and unknown:
            read.problem(
                f"{name} is in ticks, and BACKTEST_DATA tells no tick of {', '.join(unknown)}"
            )


def _warn_of_spread(read: Environment, data: DataSets) -> None:
    sided = [one.symbol for one in data.series if one.two_sided or one.kind == "quotes"]
    if read.shown["BACKTEST_SPREAD"] != "0" and sided:
        names = ", ".join(dict.fromkeys(sided))
        read.warn(f"BACKTEST_SPREAD has no effect on {names}: the data have both sides")
