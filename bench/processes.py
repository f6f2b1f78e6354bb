"""Servers of the benches, each in a process of its own, on a free port of loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass
class Server:
    """A running server; ``paths`` are those of its GET and of its POST."""

    name: str
    port: int
    process: subprocess.Popen[str]
    paths: tuple[bytes, bytes]
    ready_seconds: float

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def resident_megabytes(self) -> float:
        """Resident memory, from the kernel (Linux)."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return float("nan")


def gateway(state: str, **environment: str) -> Server:
    """The real daemon on the mock provider."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("GATEWAY_", "MOCK_"))}
    started = time.perf_counter()
    log = Path(state) / "log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("twistd")), "-n", "--pidfile=", "tradegw"],
            env={
                **plain,
                "GATEWAY_PROVIDER": "mock",
                "GATEWAY_PORT": "0",
                "GATEWAY_STATE_DIR": state,
                "LOG_FORMAT": "json",
                "LOG_LEVEL": "info",
                **environment,
            },
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=state,
        )
    port = _announced_port(log, process)
    return Server(
        "tradegw", port, process, (b"/v1/account", b"/v1/orders"), time.perf_counter() - started
    )


def script(
    file: str, name: str, paths: tuple[bytes, bytes] = (b"/get", b"/post"), **environment: str
) -> Server:
    """One of the servers for comparison; it prints its port."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, str(HERE / file)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    assert process.stdout is not None
    port = int(process.stdout.readline())
    return Server(name, port, process, paths, time.perf_counter() - started)


def _announced_port(log: Path, process: subprocess.Popen[str]) -> int:
    """From the line that says where the gateway serves."""
    while process.poll() is None:
        for line in log.read_text().splitlines():
            if '"port":' in line:
                return int(json.loads(line)["port"])
        time.sleep(0.01)
    raise SystemExit(f"the gateway did not start:\n{log.read_text()}")
