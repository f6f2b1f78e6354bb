"""What would run, as text for people, with secrets hidden."""

from __future__ import annotations

from msgspec import Struct

from .settings import Mode, Settings


def report(settings: Settings, broker_settings: object = None) -> str:
    """*settings* and the broker's own, line by line; the text of ``--check-config``."""
    rows: dict[str, object] = {
        "provider": settings.provider,
        "platform": settings.platform,
        "mode": _mode(settings),
        "address": _address(settings),
        "api key": "set" if settings.api_key else "NONE: whoever reaches the port can trade",
        "api description": "/swagger-ui/" if settings.enable_swagger else "off",
        "subscriptions": _subscriptions(settings),
        "reconnecting": (
            f"first pause {settings.reconnect.initial_backoff_ms} ms, longest "
            f"{settings.reconnect.max_backoff_ms} ms, alarm after "
            f"{settings.reconnect.max_duration_secs} s"
        ),
        "state directory": settings.state_dir.absolute(),
        "journal": (
            f"what is over is kept {settings.journal_retention_days} days, "
            f"sooner forgotten from {settings.journal_max_mb} MB on"
        ),
        "waiting": (
            f"for an outcome {settings.submit_wait_secs} s, "
            f"compared with the broker every {settings.reconcile_secs} s"
        ),
        "logs": f"{settings.log_level}, {_log_format(settings)}",
        "revision": settings.git_sha,
    }
    variables = [f"{name}={value}" for name, value in _variables(broker_settings).items()]
    warnings = [*settings.warnings, *getattr(broker_settings, "warnings", ())]
    lines = [f"{name + ':':<18} {value}" for name, value in (rows | _own(broker_settings)).items()]
    return "\n".join([*lines, *variables, *(f"warning: {warning}" for warning in warnings)])


def _variables(broker_settings: object) -> dict[str, str]:
    """The broker's settings as the environment would spell them, if it tells them so."""
    found: dict[str, str] = getattr(broker_settings, "variables", {})
    return found


def _own(broker_settings: object) -> dict[str, object]:
    """The broker's settings by name, if there is no better form; their ``repr`` shows no secret."""
    if _variables(broker_settings):
        return {}
    if not isinstance(broker_settings, Struct):
        return {} if broker_settings is None else {"broker settings": repr(broker_settings)}
    names = [name for name in broker_settings.__struct_fields__ if name != "warnings"]
    return {f"broker {name}": repr(getattr(broker_settings, name)) for name in names}


def _mode(settings: Settings) -> str:
    return "LIVE: REAL MONEY" if settings.mode is Mode.LIVE else "paper, no real money"


def _address(settings: Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


def _subscriptions(settings: Settings) -> str:
    if not settings.subscriptions:
        return "none, every event passes"
    return "; ".join(
        f"{each.instrument}: {', '.join(each.events)}" for each in settings.subscriptions
    )


def _log_format(settings: Settings) -> str:
    if settings.log_json is None:
        return "text on a terminal, else JSON lines"
    return "JSON lines" if settings.log_json else "text"
