"""Starts the daemon as its users do, on a free port, and listens to its log."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.request import Request, urlopen

TWISTD = str(Path(sys.executable).with_name("twistd"))
PATIENCE = 20.0


def clean_environment(**ours: str) -> dict[str, str]:
    """This process's environment without anything that the gateway reads, plus *ours*."""
    prefixes = (
        "GATEWAY_",
        "MOCK_",
        "ALPACA_",
        "BINANCE_",
        "OANDA_",
        "SAXO_",
        "TEKTII_",
        "BACKTEST_",
        "RECONNECT_",
        "SL_TP_",
    )
    names = {"SUBSCRIPTIONS", "ENABLE_SWAGGER", "LOG_FORMAT", "LOG_LEVEL", "RUST_LOG", "GIT_SHA"}
    names |= {"STATE_DIRECTORY", "ENVIRONMENT", "K_SERVICE", "EXIT_STATE_FILE"}
    kept = {k: v for k, v in os.environ.items() if not k.startswith(prefixes) and k not in names}
    return kept | ours


class Daemon:
    """A running ``twistd tradegw`` on the mock provider; a context manager."""

    command: tuple[str, ...] = (TWISTD,)

    def __init__(self, state: Path, port: int = 0, **environment: str) -> None:
        self.state = state
        self._wanted_port = port
        self._environment = {
            "GATEWAY_PROVIDER": "mock",
            "GATEWAY_STATE_DIR": str(state / "state"),
            "MOCK_TICK_MS": "20",
            "LOG_FORMAT": "json",
            **environment,
        }
        self.lines: list[dict[str, Any]] = []
        self._incoming: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.port = 0

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [*self.command, "-n", "--pidfile=", "tradegw"],
            env=clean_environment(GATEWAY_PORT=str(self._wanted_port), **self._environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.state,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.port = int(self.line(lambda line: "port" in line)["port"])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for text in self.process.stdout:
            try:
                line = json.loads(text)
            except ValueError:
                line = {"unstructured": text}
            self.lines.append(line)
            self._incoming.put(line)
        self._incoming.put(None)

    def line(
        self, wanted: Callable[[dict[str, Any]], bool], patience: float = PATIENCE
    ) -> dict[str, Any]:
        """The next log line that is *wanted*; fails when the log ends or patience does."""
        deadline = time.monotonic() + patience
        while True:
            line = self._incoming.get(timeout=max(0.01, deadline - time.monotonic()))
            assert line is not None, f"the daemon ended; it said: {self.lines}"
            if wanted(line):
                return line

    def stop(self, with_signal: int = signal.SIGTERM) -> int:
        """Ask it to stop and wait; its exit code."""
        self.process.send_signal(with_signal)
        return self.process.wait(PATIENCE)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, **headers: str) -> Any:
        """The JSON answer to a GET."""
        with urlopen(Request(self.url + path, headers=headers), timeout=PATIENCE) as answer:  # noqa: S310
            return json.load(answer)


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    """The first true value of *condition*, asked again and again for a bounded time."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"in vain waited for {what}")
