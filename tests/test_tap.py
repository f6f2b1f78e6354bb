"""``twistd tradegw`` as a process: its command line, its log, its signals, its exit codes.

The gateway itself is a stand-in here; the end-to-end tests run the real one.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from twisted.application.service import Application, MultiService
from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver
from twisted.python.components import Componentized

from tradegw import __version__, tap
from tradegw.brokers import registry
from tradegw.config.problems import ConfigError
from tradegw.config.read import read
from tradegw.config.settings import Provider
from tradegw.config.variables import KNOWN
from tradegw.daemon import Daemon
from tradegw.journal.lock import Lock

ROOT = Path(__file__).parents[1]
CANARY = "c4n4ry" * 6

STAND_IN = """
import logging, os, signal, sys, types, warnings
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.logger import Logger
from tradegw.brokers import registry
from tradegw.config.environment import Environment

log = Logger(namespace="tradegw.stand_in")

class Plugin:
    def configure(self, environ, settings):
        env = Environment(environ)
        env.integer("MOCK_SEED", 42, minimum=0)
        env.check()
        return {"seed": environ.get("MOCK_SEED", "42")}

class Gateway(MultiService):
    over = None

    def __init__(self, settings, plugin, own, reactor, now, seconds, open_journal):
        super().__init__()
        self.settings, self.reactor = settings, reactor
        assert now().tzinfo is not None and seconds() <= seconds()
        if settings.git_sha == "early":
            os.kill(os.getpid(), signal.SIGUSR1)

    def startService(self):
        super().startService()
        if self.settings.git_sha == "busy":
            raise CannotListenError("127.0.0.1", 8080, OSError("Address already in use"))
        self.reactor.callWhenRunning(self.told)

    def told(self):
        log.info("serving {key}", key=self.settings.api_key, correlation_id="c-1")
        log.debug("only when debugging")
        warnings.warn("old habit", DeprecationWarning, stacklevel=1)
        logging.getLogger("library").warning("from the library")
        print("printed")
        self.reactor.callLater(0, log.info, "up")

    def halt(self):
        log.info("no more")

    def stopService(self):
        log.info("goodbye")
        if self.settings.git_sha == "stuck":
            return Deferred()
        return super().stopService()

registry.find = lambda provider: Plugin() if provider == "mock" else None
service = types.ModuleType("tradegw.service")
service.Gateway = Gateway
sys.modules["tradegw.service"] = service
from twisted.scripts.twistd import run
sys.argv[0] = "twistd"
if os.environ.get("GIT_SHA") == "imported":
    import tradegw.tap
    for number in (signal.SIGHUP, signal.SIGUSR2, signal.SIGUSR1):
        os.kill(os.getpid(), number)
warnings.simplefilter("always")
run()
"""


OWN_LOGGER = """
import sys
from twisted.logger import textFileLogObserver

def observer():
    return textFileLogObserver(sys.stdout)
"""


def environment(**variables: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "GATEWAY_PROVIDER": "mock", **variables}


def twistd(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run to the end."""
    return subprocess.run(
        [sys.executable, "-c", STAND_IN, *arguments],
        env=environment(**variables),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextlib.contextmanager
def running(
    *options: str, cwd: Path, interrupt: signal.Handlers = signal.SIG_DFL, **variables: str
) -> Iterator[subprocess.Popen[str]]:
    """Run until the block ends, without a pid file; *interrupt* is what it inherits for SIGINT."""
    process = subprocess.Popen(
        [sys.executable, "-c", STAND_IN, "-n", "--pidfile=", *options, "tradegw"],
        env=environment(**variables),
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, interrupt),  # noqa: PLW1509  no threads here
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(process: subprocess.Popen[str], words: str) -> list[str]:
    """The lines it prints, up to the one that holds *words*."""
    lines: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return lines
    raise AssertionError(f"{words!r} was never said: {lines}")


def text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""


def eventually(condition: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    for _ in range(1500):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it never happened")


class TestCommandLine:
    def test_version(self, tmp_path: Path) -> None:
        done = twistd("tradegw", "--version", cwd=tmp_path)
        assert (done.returncode, done.stdout) == (0, f"tradegw {__version__}\n")

    def test_help_lists_purpose_options_and_every_variable(self, tmp_path: Path) -> None:
        done = twistd("tradegw", "--help", cwd=tmp_path)
        assert done.returncode == 0
        assert "trading API" in done.stdout
        assert "--check-config" in done.stdout
        assert "docs/configuration.md" in done.stdout
        assert all(each.name in done.stdout for each in KNOWN)

    def test_twistd_lists_the_plugin_without_loading_it(self, tmp_path: Path) -> None:
        done = twistd("--help", cwd=tmp_path)
        assert re.search(r"^\s+tradegw\s+One REST and WebSocket", done.stdout, re.MULTILINE)

    @pytest.mark.parametrize("wrong", [["--prot=1"], ["extra"], ["--check-config=yes"]])
    def test_a_wrong_command_line_exits_with_2(self, tmp_path: Path, wrong: list[str]) -> None:
        done = twistd("-n", "tradegw", *wrong, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr.startswith("twistd tradegw: ")
        assert len(done.stderr.splitlines()) == 1


class TestCheckConfig:
    def test_what_would_run_is_printed_with_secrets_hidden(self, tmp_path: Path) -> None:
        done = twistd("tradegw", "--check-config", cwd=tmp_path, GATEWAY_API_KEY=CANARY)
        assert done.returncode == 0
        assert re.search(r"^platform: +mock$", done.stdout, re.MULTILINE)
        assert re.search(r"^broker settings: +\{'seed': '42'\}$", done.stdout, re.MULTILINE)
        assert CANARY not in done.stdout + done.stderr
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("variables", "told"),
        [
            ({"GATEWAY_PROVIDER": ""}, "GATEWAY_PROVIDER=mock"),
            ({"GATEWAY_PORT": "x"}, "GATEWAY_PORT must be"),
            ({"MOCK_SEED": "x"}, "MOCK_SEED must be"),
            ({"GATEWAY_PROVIDER": "backtest"}, "has no broker backtest; brokers it has:"),
        ],
    )
    @pytest.mark.parametrize("command", [["tradegw", "--check-config"], ["-n", "tradegw"]])
    def test_what_cannot_run_is_told_in_plain_lines_and_exits_with_1(
        self, tmp_path: Path, command: list[str], variables: dict[str, str], told: str
    ) -> None:
        done = twistd(*command, cwd=tmp_path, **variables)
        assert done.returncode == 1
        assert done.stderr.startswith("tradegw cannot run:\n")
        assert told in done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout == ""


class TestLog:
    def test_lines_are_json_when_nobody_watches(self, tmp_path: Path) -> None:
        with running(cwd=tmp_path, GATEWAY_API_KEY=CANARY, GATEWAY_PROT="1") as process:
            lines = [json.loads(line) for line in until(process, '"up"')]
        (serving,) = [line for line in lines if line["message"].startswith("serving")]
        assert serving["correlation_id"] == "c-1"
        assert serving["namespace"] == "tradegw.stand_in"
        assert CANARY not in json.dumps(lines)
        messages = "\n".join(line["message"] for line in lines)
        assert "did you mean GATEWAY_PORT?" in messages
        assert "old habit" in messages
        assert "from the library" in messages
        assert "printed" in messages
        assert "only when debugging" not in messages

    def test_lines_are_text_when_asked_for(self, tmp_path: Path) -> None:
        with running(cwd=tmp_path, LOG_FORMAT="console", LOG_LEVEL="debug") as process:
            lines = until(process, ": up")
        assert any(line.endswith("stand_in: serving None\n") for line in lines)
        assert any("debug    stand_in: only when debugging" in line for line in lines)

    def test_lines_are_text_on_a_terminal(self, tmp_path: Path) -> None:
        ours, theirs = os.openpty()
        with subprocess.Popen(
            [sys.executable, "-c", STAND_IN, "-n", "--pidfile=", "tradegw"],
            env=environment(),
            cwd=tmp_path,
            stdout=theirs,
            stderr=theirs,
        ) as process:
            os.close(theirs)
            seen = b""
            while b"stand_in: up" not in seen:
                seen += os.read(ours, 4096)
            process.kill()
        os.close(ours)
        assert re.search(rb"Z info     stand_in: serving None\r\n", seen)

    def test_a_log_file_is_obeyed(self, tmp_path: Path) -> None:
        with running("--logfile=own.log", cwd=tmp_path) as process:
            assert process.stdout is not None
            eventually(lambda: '"up"' in text_of(tmp_path / "own.log"))
            process.terminate()
            assert process.wait(60) == 0
            assert process.stdout.read() == ""
        lines = text_of(tmp_path / "own.log").splitlines()
        assert all(json.loads(line)["time"].endswith("Z") for line in lines)

    def test_another_logger_of_twistd_is_left_alone(self) -> None:
        for name in ("logger", "syslog"):
            assert _observer_for({name: "something", "nodaemon": True}) is None
        assert _observer_for({"nodaemon": True}) is not None


def _observer_for(options: Mapping[str, Any]) -> Any:
    application = Application("tradegw")
    assert isinstance(application, Componentized)
    daemon = Daemon(read({"GATEWAY_PROVIDER": "mock"}), None, options)
    with _logging_restored():
        daemon.setServiceParent(application)  # type: ignore[arg-type]  # adapts to IServiceCollection
    return application.getComponent(ILogObserver, None)


@contextlib.contextmanager
def _logging_restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    root.handlers = []
    yield
    root.handlers = handlers
    root.setLevel(level)


class TestSignals:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_one_stops_the_gateway_and_the_exit_code_is_0(
        self, tmp_path: Path, number: signal.Signals
    ) -> None:
        with running(cwd=tmp_path) as process:
            until(process, '"up"')
            process.send_signal(number)
            lines = "".join(until(process, "Server Shut Down"))
            assert process.wait(60) == 0
        assert f"{number.name}: stopping" in lines
        assert "goodbye" in lines

    def test_a_second_one_ends_a_stop_that_hangs(self, tmp_path: Path) -> None:
        with running(cwd=tmp_path, GIT_SHA="stuck") as process:
            until(process, '"up"')
            process.terminate()
            until(process, "goodbye")
            assert process.poll() is None
            process.terminate()
            assert process.wait(60) == 128 + signal.SIGTERM

    def test_an_ignored_interrupt_stays_ignored(self, tmp_path: Path) -> None:
        if not Path("/proc/self/status").exists():
            pytest.skip("needs /proc to see what a process ignores")
        with running(cwd=tmp_path, interrupt=signal.SIG_IGN) as process:
            until(process, '"up"')
            ignored = re.search(
                r"^SigIgn:\s+(\w+)$", text_of(Path(f"/proc/{process.pid}/status")), re.MULTILINE
            )
        assert ignored is not None
        assert int(ignored.group(1), 16) & (1 << (signal.SIGINT - 1))

    @pytest.mark.parametrize("options", [[], ["--logfile=-"], ["--logger=own_logger.observer"]])
    def test_usr1_halts_trading_and_ends_nothing(self, tmp_path: Path, options: list[str]) -> None:
        (tmp_path / "own_logger.py").write_text(OWN_LOGGER, encoding="utf-8")
        with running(*options, cwd=tmp_path, PYTHONPATH=f"{ROOT}:{tmp_path}") as process:
            until(process, "up")
            for _ in range(2):
                process.send_signal(signal.SIGUSR1)
                assert any("SIGUSR1" in line for line in until(process, "no more"))
            process.terminate()
            assert process.wait(60) == 0

    def test_usr1_is_not_lost_while_the_gateway_is_built(self, tmp_path: Path) -> None:
        with running(cwd=tmp_path, GIT_SHA="early") as process:
            lines = until(process, "no more")
            process.terminate()
            assert process.wait(60) == 0
        assert not any("goodbye" in line for line in lines)

    @pytest.mark.parametrize("options", [[], ["--logfile=own.log"]])
    def test_none_is_lost_or_ends_anything_before_the_gateway_is_built(
        self, tmp_path: Path, options: list[str]
    ) -> None:
        """From the first line of ours that runs, while the rest is being imported."""
        with running(*options, cwd=tmp_path, GIT_SHA="imported") as process:
            if options:
                log = tmp_path / "own.log"
                eventually(lambda: '"no more"' in text_of(log))
                rotated = text_of(tmp_path / "own.log.1")
                assert "SIGHUP: nothing is done on it" in rotated
            else:
                said = "".join(until(process, "no more"))
                assert "SIGHUP: nothing is done on it" in said
                assert "SIGUSR2: there is no log file to begin anew" in said
            process.terminate()
            assert process.wait(60) == 0

    def test_a_hangup_ends_nothing(self, tmp_path: Path) -> None:
        with running(cwd=tmp_path) as process:
            until(process, '"up"')
            process.send_signal(signal.SIGHUP)
            until(process, "SIGHUP: nothing is done on it")
            process.send_signal(signal.SIGUSR2)
            until(process, "SIGUSR2: there is no log file")
            process.terminate()
            assert process.wait(60) == 0

    def test_with_a_log_file_usr2_begins_a_new_one_and_usr1_halts(self, tmp_path: Path) -> None:
        log = tmp_path / "own.log"
        with running("--logfile=own.log", cwd=tmp_path) as process:
            eventually(lambda: '"up"' in text_of(log))
            process.send_signal(signal.SIGUSR1)
            eventually(lambda: '"no more"' in text_of(log))
            assert sorted(path.name for path in tmp_path.glob("own.log*")) == ["own.log"]
            process.send_signal(signal.SIGUSR2)
            eventually((tmp_path / "own.log.1").exists)
            process.send_signal(signal.SIGUSR1)
            eventually(lambda: '"no more"' in text_of(log))
        assert '"up"' in text_of(tmp_path / "own.log.1")


class TestStart:
    def test_a_port_that_is_taken_is_told_in_one_line_and_exits_with_1(
        self, tmp_path: Path
    ) -> None:
        done = twistd("-n", "tradegw", cwd=tmp_path, GIT_SHA="busy")
        assert done.returncode == 1
        assert re.fullmatch(r"tradegw cannot run: .*8080.*Address already in use\.?\n", done.stderr)
        assert json.loads(done.stdout.splitlines()[-1])["level"] == "critical"
        assert not (tmp_path / "twistd.pid").exists()

    def test_a_daemon_logs_to_a_file_and_halts_and_stops_on_signals(self, tmp_path: Path) -> None:
        done = twistd("tradegw", cwd=tmp_path)
        assert done.returncode == 0
        pid = int((tmp_path / "twistd.pid").read_text(encoding="utf-8"))
        log = tmp_path / "twistd.log"
        try:
            eventually(lambda: '"up"' in text_of(log))
            os.kill(pid, signal.SIGUSR1)
            eventually(lambda: '"no more"' in text_of(log))
        finally:
            os.kill(pid, signal.SIGTERM)
        eventually(lambda: not (tmp_path / "twistd.pid").exists())
        assert "goodbye" in text_of(log)

    def test_a_directory_that_another_gateway_has_is_told_with_who_that_is(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "tradegw-state").mkdir()
        lock = Lock(tmp_path / "tradegw-state", lambda: datetime(2026, 1, 15, tzinfo=UTC))
        done = twistd("-n", "tradegw", cwd=tmp_path)
        lock.release()
        assert done.returncode == 1
        assert f"in use by another gateway (pid {os.getpid()} on " in done.stderr
        assert "since 2026-01-15" in done.stderr

    def test_a_directory_that_cannot_be_used_is_told_in_the_words_of_the_manual(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "tradegw-state").touch()
        done = twistd("-n", "tradegw", cwd=tmp_path)
        assert done.returncode == 1
        assert "tradegw-state cannot be used: it is not a directory" in done.stderr
        assert "Traceback" not in done.stderr

    def test_a_daemon_whose_port_is_taken_tells_who_started_it(self, tmp_path: Path) -> None:
        done = twistd("tradegw", cwd=tmp_path, GIT_SHA="busy")
        assert done.returncode == 1
        assert "CannotListenError" in done.stderr
        # The child tells its parent first and tidies up after that.
        eventually(lambda: not (tmp_path / "twistd.pid").exists())
        assert "Address already in use" in text_of(tmp_path / "twistd.log")


def test_making_the_service_wires_the_gateway_to_the_daemon(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: list[tuple[Any, ...]] = []
    caught: list[Daemon] = []
    halted: list[Gateway] = []

    over: Deferred[int] = Deferred()

    class Gateway(MultiService):
        def __init__(self, *arguments: Any) -> None:
            super().__init__()
            self.over = over
            made.append(arguments)
            assert caught, "the signal is caught before anything that takes time"

        def halt(self) -> None:
            halted.append(self)

    class Plugin:
        def configure(self, environ: Mapping[str, str], settings: Any) -> str:
            return "own"

    def catch(daemon: Daemon) -> None:
        caught.append(daemon)

    plugin = Plugin()
    service = type(sys)("tradegw.service")
    service.Gateway = Gateway  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tradegw.service", service)
    monkeypatch.setattr(registry, "find", lambda name: plugin)
    monkeypatch.setattr(Daemon, "catch_signals", catch)
    monkeypatch.setenv("GATEWAY_PROVIDER", "mock")
    monkeypatch.setenv("GATEWAY_STATE_DIR", str(tmp_path))
    monkeypatch.delenv("GATEWAY_MODE", raising=False)
    monkeypatch.setattr("twisted.internet.reactor.seconds", time.time)  # and put back in the end
    daemon = tap.makeService(tap.Options())
    assert isinstance(daemon, Daemon)
    (child,) = daemon.services
    assert isinstance(child, Gateway)
    assert caught == [daemon]
    assert daemon.halt is not None
    daemon.halt()
    assert halted == [child]
    stopped: list[str] = []
    monkeypatch.setattr(daemon, "_stop", stopped.append)
    over.callback(3)
    assert (daemon.exit_code, stopped) == (3, ["the run is over"])
    settings, its_plugin, own, reactor, now, seconds, open_journal = made[0]
    assert reactor.seconds is seconds is time.monotonic, "no timer jumps when the clock is set"
    assert callable(open_journal)
    assert settings.provider is Provider.MOCK
    assert its_plugin is plugin
    assert own == "own"
    assert now().utcoffset().total_seconds() == 0
    assert seconds() <= seconds()


def test_a_provider_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "find", lambda name: None)
    with pytest.raises(ConfigError, match=f"tradegw {__version__} has no broker backtest"):
        tap.configure({"GATEWAY_PROVIDER": "backtest"})
