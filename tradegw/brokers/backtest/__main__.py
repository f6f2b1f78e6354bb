"""A backtest in one command: ``python -m tradegw.brokers.backtest DATA STRATEGY [arguments]``.

Starts the gateway on DATA (as ``BACKTEST_DATA``) and a free port, runs the strategy, a Python file,
against it, and says what came of it. All other settings are environment variables. The strategy
finds the gateway by ``TRADING_GATEWAY_URL``; ``SYMBOL`` is the first symbol of DATA, if unset. The
exit code is the strategy's if that failed, else that of the run; 130 if it was stopped (Ctrl-C).
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

START_SECONDS: Final = 600.0
"""Large files take their time to be read and checked."""

END_SECONDS: Final = 120.0
"""For the report, after the strategy has ended."""

WRONG_USAGE: Final = 2
STOPPED: Final = 130
STOP_SECONDS: Final = 2.0
"""For the strategy, when all is stopped."""

LOOK_SECONDS: Final = 0.1

SHOWN: Final = ("total_return", "sharpe", "max_drawdown", "trades", "win_rate", "profit_factor")


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run it; the exit code."""
    if len(arguments) < 2:
        sys.stderr.write(f"{(__doc__ or '').strip()}\n")
        return WRONG_USAGE
    data, strategy, *more = arguments
    if not Path(strategy).is_file():
        sys.stderr.write(f"there is no strategy {strategy}\n")
        return WRONG_USAGE
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="tradegw-backtest-") as state:
        settings = gateway_environment(environ, data, state)
        gateway = subprocess.Popen(  # noqa: S603  (our own program)
            [str(Path(sys.executable).with_name("twistd")), "--nodaemon", "--pidfile=", "tradegw"],
            env=settings,
            process_group=0,  # Ctrl-C is for us and the strategy: what it still asks is answered
        )
        try:
            if not is_ready(gateway, f"http://127.0.0.1:{settings['GATEWAY_PORT']}/readyz"):
                return gateway.wait(END_SECONDS) or 1
            failed = run(
                [sys.executable, strategy, *more], strategy_environment(environ, settings, data)
            )
            code = ended(gateway, is_failed=failed != 0)
        except KeyboardInterrupt:
            failed = code = STOPPED
        finally:
            gateway.terminate()
            gateway.wait(END_SECONDS)
        show(kept_report(environ, Path(state)))
    return failed or code


def gateway_environment(environ: Mapping[str, str], data: str, state: str) -> dict[str, str]:
    """What the gateway is started with. Its journal, which nobody needs afterwards, is in *state*,
    so that several can run at a time.
    """
    defaults = {"LOG_LEVEL": "warn", "GATEWAY_API_KEY": secrets.token_hex(32)}
    ours = {
        "GATEWAY_PROVIDER": "backtest",
        "GATEWAY_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(_free_port()),
        "GATEWAY_STATE_DIR": state,
        "BACKTEST_DATA": data,
        "BACKTEST_EXIT": "auto",
    }
    given = {variable: value for variable, value in environ.items() if value}
    return {**defaults, **given, **ours}


def kept_report(environ: Mapping[str, str], state: Path) -> Path | None:
    """Where the report is, moved out of *state* to where a gateway would keep it."""
    if environ.get("BACKTEST_REPORT"):
        return Path(environ["BACKTEST_REPORT"]).absolute()
    kept = Path(environ.get("GATEWAY_STATE_DIR") or "tradegw-state").absolute() / "backtests"
    kept.mkdir(parents=True, exist_ok=True)
    for made in (state / "backtests").glob("*"):
        return Path(shutil.move(made, kept / made.name))
    return None


def strategy_environment(
    environ: Mapping[str, str], settings: Mapping[str, str], data: str
) -> dict[str, str]:
    """What the strategy is started with."""
    own = {
        "TRADING_GATEWAY_URL": f"http://127.0.0.1:{settings['GATEWAY_PORT']}",
        "TRADING_GATEWAY_API_KEY": settings["GATEWAY_API_KEY"],
    }
    first = data.split("=", maxsplit=1)[0]
    if "@" in first and "SYMBOL" not in environ:
        own["SYMBOL"] = first.rpartition("@")[0]
    return {**environ, **own}


def is_ready(gateway: subprocess.Popen[bytes], address: str) -> bool:
    """Wait until it can take orders; ``False`` if it has ended instead."""
    for _ in range(int(START_SECONDS / LOOK_SECONDS)):
        with contextlib.suppress(subprocess.TimeoutExpired):
            gateway.wait(LOOK_SECONDS)
            return False
        with (
            contextlib.suppress(OSError, HTTPException, ValueError),
            urlopen(address, timeout=5) as answer,  # noqa: S310  (our own address)
        ):
            return bool(json.load(answer)["ready"])
    return False


def run(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the strategy; the exit code. One that is interrupted is given a moment to end."""
    strategy = subprocess.Popen(command, env=environ)  # noqa: S603  (what the user wants to be run)
    try:
        return strategy.wait()
    except KeyboardInterrupt:
        for stop in (strategy.terminate, strategy.kill):
            with contextlib.suppress(subprocess.TimeoutExpired):
                strategy.wait(STOP_SECONDS)
                break
            stop()
        raise


def ended(gateway: subprocess.Popen[bytes], *, is_failed: bool) -> int:
    """The exit code of the run; one whose strategy has gone is not waited for if that failed."""
    if is_failed:
        gateway.terminate()
    return gateway.wait()


def show(folder: Path | None) -> None:
    """Say what came of it."""
    if folder is None or not (folder / "report.json").exists():
        sys.stdout.write("there is no report\n")
        return
    report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    metrics = report["metrics"]
    figures = "  ".join(f"{name} {metrics.get(name)}" for name in SHOWN)
    account = report["account"]
    sys.stdout.write(
        f"{report['status']}: equity {account['equity']} {account['currency']}  {figures}\n"
        f"report: {folder / 'report.html'}\n"
    )


def _free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:], os.environ))
