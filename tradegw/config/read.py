"""The environment as a whole."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ..model.enums import Platform
from ..model.protection import UncoveredPolicy
from ..secrecy import Secret
from . import address, provider, verbosity
from .environment import Environment
from .settings import Mode, Provider, Reconnect, Settings
from .subscriptions import subscriptions
from .variables import misspelt

SHORTEST_API_KEY: Final = 32
_VISIBLE: Final = re.compile("[ -~]+")
EXIT_STATE_FILE: Final = "gateway-exit-state.json"

_DEFAULT: Final = Settings(
    provider=Provider.MOCK,
    platform=Platform.MOCK,
    mode=Mode.PAPER,
    state_dir=Path("tradegw-state"),
)
_DAY_MS: Final = 24 * 60 * 60 * 1000
_TEN_YEARS_HOURS: Final = 10 * 365 * 24


def read(environ: Mapping[str, str]) -> Settings:
    """The settings that *environ* asks for; raises ``ConfigError`` with all that is wrong."""
    env = Environment(environ)
    chosen = provider.choose(env)
    mode = Mode.PAPER if chosen is None else provider.mode(env, chosen)
    platform = None if chosen is None else provider.platform(env, chosen, mode)
    state_dir = _state_dir(env)
    found = Settings(
        provider=chosen or _DEFAULT.provider,
        platform=platform or _DEFAULT.platform,
        mode=mode,
        state_dir=state_dir or _DEFAULT.state_dir,
        host=address.host(env, _DEFAULT.host),
        port=address.port(env, _DEFAULT.port),
        api_key=_api_key(env),
        enable_swagger=_enable_swagger(env),
        subscriptions=subscriptions(env, platform),
        reconnect=_reconnect(env),
        sl_tp_ttl_hours=env.integer(
            "SL_TP_TTL_HOURS", _DEFAULT.sl_tp_ttl_hours, minimum=0, maximum=_TEN_YEARS_HOURS
        ),
        exit_max_uncovered_secs=env.integer(
            "EXIT_MAX_UNCOVERED_SECS", _DEFAULT.exit_max_uncovered_secs, minimum=5, maximum=86_400
        ),
        exit_uncovered_policy=UncoveredPolicy(
            env.choice(
                "EXIT_UNCOVERED_POLICY", _DEFAULT.exit_uncovered_policy, tuple(UncoveredPolicy)
            )
        ),
        exit_state_file=_exit_state_file(env, state_dir),
        journal_retention_days=env.integer(
            "JOURNAL_RETENTION_DAYS", _DEFAULT.journal_retention_days, minimum=1, maximum=3650
        ),
        journal_max_mb=env.integer(
            "JOURNAL_MAX_MB", _DEFAULT.journal_max_mb, minimum=16, maximum=1_000_000
        ),
        submit_wait_secs=env.integer(
            "SUBMIT_WAIT_SECS", _DEFAULT.submit_wait_secs, minimum=1, maximum=300
        ),
        reconcile_secs=env.integer(
            "RECONCILE_SECS", _DEFAULT.reconcile_secs, minimum=1, maximum=3600
        ),
        log_level=verbosity.level(env, _DEFAULT.log_level),
        log_json=verbosity.json_lines(env),
        git_sha=env.text("GIT_SHA", _DEFAULT.git_sha),
        warnings=(*misspelt(environ), *env.warnings),
    )
    env.check()
    return found


def _state_dir(env: Environment) -> Path | None:
    own = env.text("GATEWAY_STATE_DIR")
    if own is not None:
        return Path(own)
    # systemd separates several by colons; the first is ours.
    given = env.text("STATE_DIRECTORY", "").split(":")[0]
    return Path(given) if given else None


def _exit_state_file(env: Environment, state_dir: Path | None) -> Path:
    """Beside the other state if that was given a place: the working directory may not last."""
    named = env.text("EXIT_STATE_FILE")
    if named is not None:
        return Path(named)
    return _DEFAULT.exit_state_file if state_dir is None else state_dir / EXIT_STATE_FILE


def _api_key(env: Environment) -> Secret | None:
    key = env.secret("GATEWAY_API_KEY")
    if key is None:
        return None
    if _VISIBLE.fullmatch(key.reveal()) is None:
        env.problem("GATEWAY_API_KEY must be printable ASCII: no header can carry another")
    elif len(key) < SHORTEST_API_KEY:
        env.problem(f"GATEWAY_API_KEY must be at least {SHORTEST_API_KEY} bytes long")
    return key


def _enable_swagger(env: Environment) -> bool:
    text = env.text("ENABLE_SWAGGER", "false")
    if text not in ("true", "1", "false", "0"):
        env.warn("ENABLE_SWAGGER is on only for true or 1; it is off")
    return text in ("true", "1")


def _reconnect(env: Environment) -> Reconnect:
    default = _DEFAULT.reconnect
    first = env.integer(
        "RECONNECT_INITIAL_BACKOFF_MS", default.initial_backoff_ms, minimum=1, maximum=_DAY_MS
    )
    longest = env.integer(
        "RECONNECT_MAX_BACKOFF_MS", default.max_backoff_ms, minimum=1, maximum=_DAY_MS
    )
    if longest < first:
        env.problem(
            f"RECONNECT_MAX_BACKOFF_MS ({longest}) must not be less than "
            f"RECONNECT_INITIAL_BACKOFF_MS ({first})"
        )
    duration = env.integer(
        "RECONNECT_MAX_DURATION_SECS",
        default.max_duration_secs,
        minimum=0,
        maximum=_TEN_YEARS_HOURS * 3600,
    )
    return Reconnect(initial_backoff_ms=first, max_backoff_ms=longest, max_duration_secs=duration)
