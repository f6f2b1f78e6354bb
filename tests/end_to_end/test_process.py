"""The process: how it starts, stops, fails, and what it never says."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import sqlite3
import subprocess
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from .daemon import TWISTD, Daemon, clean_environment, wait_until

CANARY = "canary-credential-7f3a9c1e5b8d2046-xyz"


def run(tmp_path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """``twistd tradegw`` to its end."""
    return subprocess.run(
        [TWISTD, "-n", "--pidfile=", "tradegw", *arguments],
        env=clean_environment(GATEWAY_STATE_DIR=str(tmp_path / "state"), **environment),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_with_exit_code_0(daemon: Daemon, with_signal: int) -> None:
    assert daemon.get("/readyz")["ready"] is True
    assert daemon.stop(with_signal) == 0


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    """A client that does not answer the Close frame is not waited for then."""
    with (
        Daemon(tmp_path) as daemon,
        socket.create_connection(("127.0.0.1", daemon.port)) as client,
    ):
        client.sendall(
            b"GET /v1/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: a2tra2tra2tra2tra2traw==\r\n\r\n"
        )
        assert client.recv(1000).startswith(b"HTTP/1.1 101")
        daemon.process.send_signal(signal.SIGTERM)
        daemon.line(lambda line: "stopping" in str(line))
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(1.5) != 0


def test_a_taken_port_is_one_clear_line_and_exit_code_1(daemon: Daemon, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    second = run(other, GATEWAY_PROVIDER="mock", GATEWAY_PORT=str(daemon.port))
    assert second.returncode == 1
    assert str(daemon.port) in second.stderr + second.stdout
    assert "Traceback" not in second.stderr + second.stdout


def test_a_second_gateway_on_a_kept_account_is_told_who_has_it(daemon: Daemon) -> None:
    second = run(daemon.state, GATEWAY_PROVIDER="mock", GATEWAY_PORT="0")
    assert second.returncode == 1
    holder = rf"in use by another gateway \(pid {daemon.process.pid} on \S+ since 20"
    assert re.search(holder, second.stderr)
    assert daemon.stop() == 0


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("DROP TABLE settings", "table settings is missing"),
        ("UPDATE plans SET body = '{'", "the table plans holds no JSON"),
        ("UPDATE plans SET body = '{}'", "the exit plan "),
        ("UPDATE orders SET body = '{}'", "the order "),
        ("UPDATE intents SET resolved = 0, body = '{}'", "intent "),
        ("UPDATE intents SET resolved = 0, kind = 'wish'", "the table intents makes no sense"),
    ],
)
def test_a_journal_that_cannot_be_gone_on_from_is_told_with_the_way_out(
    tmp_path: Path, statement: str, place: str
) -> None:
    body = (
        b'{"symbol":"A","side":"buy","quantity":1,"order_type":"limit","limit_price":1,'
        b'"stop_loss":"0.5"}'
    )
    with Daemon(tmp_path) as daemon:
        request = Request(  # noqa: S310  (the daemon's own address)
            daemon.url + "/v1/orders", body, {"Content-Type": "application/json"}
        )
        with urlopen(request, timeout=20) as answer:  # noqa: S310
            assert answer.status == 201
        assert daemon.stop() == 0
    with sqlite3.connect(tmp_path / "state" / "journal.sqlite3") as connection:
        connection.execute(statement)
    connection.close()
    ended = run(tmp_path, GATEWAY_PROVIDER="mock", GATEWAY_PORT="0")
    assert ended.returncode == 1
    assert "journal.sqlite3 is damaged: " in ended.stderr
    assert place in ended.stderr
    assert "Restore it from a backup" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_what_could_not_be_written_down_makes_the_exit_code_1(tmp_path: Path) -> None:
    with Daemon(tmp_path) as daemon:
        shutil.rmtree(tmp_path / "state")
        daemon.process.send_signal(signal.SIGUSR1)  # which is to be kept
        daemon.line(lambda line: "was removed while it was open" in str(line))
        assert daemon.stop() == 1
        assert any("not written to the journal" in str(line) for line in daemon.lines)


def test_without_a_provider_it_says_what_to_set(tmp_path: Path) -> None:
    ended = run(tmp_path)
    assert ended.returncode == 1
    for name in ("ALPACA_API_KEY", "BINANCE_API_KEY", "GATEWAY_PROVIDER=mock"):
        assert name in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_provider_that_is_not_installed_is_named(tmp_path: Path) -> None:
    ended = run(tmp_path, GATEWAY_PROVIDER="saxo", SAXO_APP_SECRET="s3cret-value")
    assert ended.returncode == 1
    assert "saxo" in ended.stderr
    assert "s3cret-value" not in ended.stderr + ended.stdout


def test_check_config_prints_what_would_run_and_hides_secrets(tmp_path: Path) -> None:
    good = run(tmp_path, "--check-config", GATEWAY_PROVIDER="mock", GATEWAY_API_KEY=CANARY)
    assert good.returncode == 0
    assert "mock" in good.stdout
    assert CANARY not in good.stdout + good.stderr
    bad = run(tmp_path, "--check-config", GATEWAY_PROVIDER="mock", GATEWAY_PORT="seventy")
    assert bad.returncode == 1
    assert "GATEWAY_PORT" in bad.stderr


def test_version_help_and_usage_errors(tmp_path: Path) -> None:
    assert run(tmp_path, "--version").stdout.startswith("tradegw ")
    helped = run(tmp_path, "--help")
    assert helped.returncode == 0
    assert "GATEWAY_PROVIDER" in helped.stdout
    assert run(tmp_path, "--nonsense").returncode == 2


def test_the_key_is_never_written(tmp_path: Path) -> None:
    """Not in the log, the answers, the metrics or any file, whatever clients send."""
    with Daemon(
        tmp_path, GATEWAY_API_KEY=CANARY, LOG_LEVEL="debug", ENABLE_SWAGGER="true"
    ) as daemon:
        authorized = {"Authorization": f"Bearer {CANARY}"}
        answers = [str(daemon.get(path, **authorized)) for path in ("/v1/account", "/health")]
        for path in (f"/v1/orders/{CANARY[:10]}", "/v1/nowhere"):
            with pytest.raises(HTTPError) as refused:
                daemon.get(path, **authorized)
            answers.append(refused.value.read().decode())
        with pytest.raises(HTTPError) as unauthorized:
            daemon.get("/v1/account", Authorization=f"Bearer {CANARY}x")
        answers.append(unauthorized.value.read().decode())
        assert daemon.stop() == 0
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert CANARY not in str(daemon.lines) + str(answers) + str(written)


def test_the_start_line_tells_where_and_what(daemon: Daemon) -> None:
    start = next(line for line in daemon.lines if "port" in line)
    assert "mock" in str(start)
    assert start["port"] == daemon.port
    warnings = [line for line in daemon.lines if "GATEWAY_API_KEY" in str(line)]
    assert warnings, "that anybody may trade is worth a warning"


def test_orders_survive_a_client_that_hangs_up(daemon: Daemon) -> None:
    """The request is cut off right after it was sent; the order is placed all the same."""
    body = (
        b'{"symbol":"AAPL","side":"buy","quantity":"1","order_type":"market","client_order_id":"x"}'
    )
    with socket.create_connection(("127.0.0.1", daemon.port)) as client:
        client.sendall(
            b"POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
    wait_until(lambda: daemon.get("/v1/orders/history?client_order_id=x"), "the order")
