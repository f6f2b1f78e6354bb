"""The frozen result of reading the environment."""

from __future__ import annotations

import enum
from pathlib import Path

from msgspec import Struct

from ..model.enums import Platform
from ..model.protection import UncoveredPolicy
from ..model.subscription import Subscription
from ..secrecy import Secret


class Provider(enum.StrEnum):
    """The values of ``GATEWAY_PROVIDER``; each names an entry point of ``tradegw.brokers``."""

    ALPACA = "alpaca"
    BINANCE = "binance"
    BINANCE_SPOT = "binance_spot"
    BINANCE_MARGIN = "binance_margin"
    BINANCE_FUTURES = "binance_futures"
    BINANCE_COIN_FUTURES = "binance_coin_futures"
    OANDA = "oanda"
    SAXO = "saxo"
    TEKTII = "tektii"
    MOCK = "mock"
    BACKTEST = "backtest"


class Mode(enum.StrEnum):
    """Whether real money is at stake."""

    PAPER = "paper"
    LIVE = "live"


class Reconnect(Struct, frozen=True, kw_only=True):
    """How a lost broker link is retried."""

    initial_backoff_ms: int = 1000
    max_backoff_ms: int = 60_000
    max_duration_secs: int = 300


class Settings(Struct, frozen=True, kw_only=True):
    """All that the environment says, apart from what belongs to one broker alone."""

    provider: Provider
    platform: Platform
    mode: Mode
    state_dir: Path
    host: str = "127.0.0.1"
    port: int = 8080
    api_key: Secret | None = None
    enable_swagger: bool = False
    subscriptions: tuple[Subscription, ...] = ()
    reconnect: Reconnect = Reconnect()
    sl_tp_ttl_hours: int = 0
    exit_max_uncovered_secs: int = 300
    exit_uncovered_policy: UncoveredPolicy = UncoveredPolicy.ALERT
    exit_state_file: Path = Path("./gateway-exit-state.json")
    journal_retention_days: int = 90
    journal_max_mb: int = 1024
    submit_wait_secs: int = 10
    reconcile_secs: int = 60
    log_level: str = "info"
    log_json: bool | None = None
    git_sha: str = "unknown"
    warnings: tuple[str, ...] = ()
