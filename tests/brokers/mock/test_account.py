"""The account that the mock broker keeps: it outlives the process, and is never thrown away."""

from __future__ import annotations

import fcntl
import os
import resource
import signal
import stat
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from twisted.logger import LogLevel, capturedLogs

from tests.brokers.mock.stand import BUY, LIMIT, SELL, STOP, Stand, done, tape
from tradegw.brokers.mock.account import FILE, LOCK, KeptAccount, read
from tradegw.config.problems import ConfigError
from tradegw.errors import OrderRejected
from tradegw.model.account import TradeQuery
from tradegw.model.enums import OrderStatus
from tradegw.model.events import OrderEvent
from tradegw.model.order import OrderQuery
from tradegw.simulator.state import Change
from tradegw.simulator.terms import Terms
from tradegw.testing.ledger import read_ledger

ROOT = Path(__file__).parents[3]


def again(stand: Stand, folder: Path, **environ: Any) -> Stand:
    """The same account, after a clean stop."""
    done(stand.broker.stopService())
    return Stand(state=folder, **environ)


def killed(stand: Stand) -> None:
    """The process of *stand* is gone: its descriptors with it, and nothing was said."""
    kept = stand.broker._kept
    assert kept is not None
    kept.close()


def test_orders_trades_positions_and_money_outlive_a_restart(tmp_path: Path) -> None:
    stand = Stand(state=tmp_path)
    resting = stand.send(BUY, 2, LIMIT, limit_price=100, client_order_id="rests")
    filled = stand.send(BUY, 10, client_order_id="filled")
    stand.wait(1)
    cancelled = stand.send(SELL, 1, STOP, stop_price=100)
    done(stand.broker.cancel(cancelled.id))
    before = (
        stand.order(resting.id),
        stand.order(filled.id),
        stand.order(cancelled.id),
        done(stand.broker.trades(TradeQuery())),
        done(stand.broker.account()).balance,
    )
    (held,) = done(stand.broker.positions())
    name = stand.broker.account_name
    stand = again(stand, tmp_path)
    assert stand.broker.account_name == name
    assert (
        stand.order(resting.id),
        stand.order(filled.id),
        stand.order(cancelled.id),
        done(stand.broker.trades(TradeQuery())),
        done(stand.broker.account()).balance,
    ) == before
    (still,) = done(stand.broker.positions())
    assert (still.quantity, still.average_entry_price, still.opened_at) == (
        held.quantity,
        held.average_entry_price,
        held.opened_at,
    )
    assert done(stand.broker.order_by_client_id("rests")).id == resting.id
    done(stand.broker.stopService())


def test_what_was_answered_outlives_the_end_of_the_process(tmp_path: Path) -> None:
    """Nothing is left to write when a call has been answered or an event told."""
    stand = Stand(state=tmp_path)
    order = stand.send(BUY, 2, LIMIT, limit_price=100, client_order_id="a")
    killed(stand)
    ledger = read_ledger(tmp_path)
    assert ledger.bearing("a") == [order]
    stand = Stand(state=tmp_path)
    assert stand.order(order.id) == order
    done(stand.broker.cancel(order.id))
    killed(stand)
    assert [o.status for o in read_ledger(tmp_path / FILE).orders] == [OrderStatus.CANCELLED]


def test_an_event_is_told_after_it_was_written(tmp_path: Path) -> None:
    written: list[bool] = []

    def look(event: object) -> None:
        if isinstance(event, OrderEvent):
            written.append(read_ledger(tmp_path).order(event.order.id) == event.order)

    stand = Stand(state=tmp_path, react=look)
    stand.send(BUY, 1)
    stand.wait(1)
    assert written == [True, True]
    done(stand.broker.stopService())


def test_a_symbol_nobody_subscribed_has_prices_again_for_what_is_kept(tmp_path: Path) -> None:
    stand = Stand(state=tmp_path)
    sent = stand.send(BUY, 1, symbol="ODD")
    stand = again(stand, tmp_path)
    stand.wait(1)
    assert stand.order(sent.id).status is OrderStatus.FILLED
    done(stand.broker.stopService())


def test_a_clock_that_was_put_back_does_not_put_the_exchange_back(tmp_path: Path) -> None:
    stand = Stand(state=tmp_path)
    stand.late = timedelta(hours=5)
    stand.send(BUY, 1, LIMIT, limit_price=100)
    before = stand.broker.exchange.time
    stand = again(stand, tmp_path)
    assert stand.send(BUY, 1, LIMIT, limit_price=100).created_at >= before
    stand.wait(5)
    done(stand.broker.stopService())


def test_the_next_id_is_not_one_of_the_old(tmp_path: Path) -> None:
    stand = Stand(state=tmp_path)
    stand.send(BUY, 1, LIMIT, limit_price=100, client_order_id="a")
    stand = again(stand, tmp_path)
    with pytest.raises(OrderRejected):
        stand.send(BUY, 1, LIMIT, limit_price=100, client_order_id="a")
    stand.send(BUY, 1, LIMIT, limit_price=100)
    assert len({order.id for order in done(stand.broker.open_orders())}) == 2
    done(stand.broker.stopService())


class TestFresh:
    def test_begins_anew_under_another_name_and_leaves_the_kept_one_alone(
        self, tmp_path: Path
    ) -> None:
        stand = Stand(state=tmp_path)
        stand.send(BUY, 1, LIMIT, limit_price=100)
        name = stand.broker.account_name
        kept = (tmp_path / FILE).read_bytes()
        done(stand.broker.stopService())
        other = Stand(state=tmp_path, MOCK_ACCOUNT="fresh")
        assert done(other.broker.open_orders()) == []
        assert other.broker.account_name != name
        other.send(BUY, 1)
        assert (tmp_path / FILE).read_bytes() == kept
        done(other.broker.stopService())

    def test_is_the_default_with_tapes(self, tmp_path: Path) -> None:
        bars = tape(tmp_path, "X.1m.csv", ["2024-01-01T00:00:00Z,1,1,1,1,5"] * 1)
        stand = Stand(state=tmp_path, MOCK_TAPE=bars, MOCK_ACCOUNT="")
        assert not (tmp_path / FILE).exists()
        done(stand.broker.stopService())

    def test_tapes_may_have_a_kept_account_whose_time_does_not_go_back(
        self, tmp_path: Path
    ) -> None:
        rows = [f"2024-01-01T00:0{minute}:00Z,5,5,5,5,5" for minute in range(4)]
        environ: dict[str, Any] = {
            "MOCK_TAPE": tape(tmp_path, "X.1m.csv", rows),
            "MOCK_ACCOUNT": "kept",
        }
        stand = Stand(state=tmp_path, MOCK_TAPE_SPEED="60", **environ)
        stand.wait(2.5)
        sent = stand.send(BUY, 1, symbol="X")
        time = stand.broker.exchange.time
        stand = again(stand, tmp_path, **environ)
        assert stand.broker.exchange.time == time
        stand.wait(1)
        assert stand.order(sent.id).updated_at >= time
        done(stand.broker.stopService())


class TestTerms:
    def test_those_it_was_opened_with_stay_and_the_others_are_as_they_are_set_now(
        self, tmp_path: Path
    ) -> None:
        stand = Stand(state=tmp_path, MOCK_CASH="5000")
        stand.send(BUY, 1, LIMIT, limit_price=100)
        with capturedLogs() as logs:
            stand = again(
                stand,
                tmp_path,
                MOCK_CASH="7000",
                MOCK_CURRENCY="EUR",
                MOCK_NATIVE_BRACKETS="true",
                MOCK_LEVERAGE="4",
            )
        warned = [str(e["warning"]) for e in logs if e["log_level"] is LogLevel.warn]
        for name in ("MOCK_CASH", "MOCK_CURRENCY", "MOCK_NATIVE_BRACKETS"):
            assert any(name in warning and "MOCK_ACCOUNT=fresh" in warning for warning in warned)
        account = done(stand.broker.account())
        assert (account.balance, account.currency) == (Decimal(5000), "USD")
        assert stand.broker.capabilities().max_leverage == 4
        done(stand.broker.stopService())

    def test_the_same_ones_are_not_worth_a_warning(self, tmp_path: Path) -> None:
        stand = Stand(state=tmp_path, MOCK_CASH="5000.00")
        with capturedLogs() as logs:
            stand = again(stand, tmp_path, MOCK_CASH="5000")
        assert not [event for event in logs if event["log_level"] is LogLevel.warn]
        done(stand.broker.stopService())


class TestTheFile:
    def lines(self, folder: Path) -> list[bytes]:
        stand = Stand(state=folder)
        for number in range(3):
            stand.send(BUY, 1, LIMIT, limit_price=100, client_order_id=f"c{number}")
        killed(stand)
        return (folder / FILE).read_bytes().splitlines(keepends=True)

    def test_a_half_written_last_line_does_not_count(self, tmp_path: Path) -> None:
        lines = self.lines(tmp_path)
        for cut in (1, len(lines[-1]) // 2, len(lines[-1]) - 1):
            (tmp_path / FILE).write_bytes(b"".join(lines[:-1]) + lines[-1][:cut])
            stand = Stand(state=tmp_path)
            known = [order.client_order_id for order in done(stand.broker.open_orders())]
            assert known == ["c0", "c1"]
            killed(stand)

    @pytest.mark.parametrize("number", [1, 2, 3])
    @pytest.mark.parametrize("garbage", [b"\n", b"{}\n", b"null\n", b"\x00\xff\n", b'{"time"\n'])
    def test_garbage_elsewhere_is_a_refusal_that_names_the_line_and_changes_nothing(
        self, tmp_path: Path, number: int, garbage: bytes
    ) -> None:
        lines = self.lines(tmp_path)
        lines[number - 1] = garbage
        (tmp_path / FILE).write_bytes(b"".join(lines))
        for _ in range(2):
            with pytest.raises(ConfigError, match=f"{FILE}, line {number}: ") as refusal:
                Stand(state=tmp_path)
            assert "MOCK_ACCOUNT=fresh" in str(refusal.value)
        assert (tmp_path / FILE).read_bytes() == b"".join(lines)

    def test_an_empty_file_is_no_new_account(self, tmp_path: Path) -> None:
        (tmp_path / FILE).write_bytes(b"")
        with pytest.raises(ConfigError, match="line 1: there is no heading"):
            Stand(state=tmp_path)

    def test_a_format_of_another_version_is_refused(self, tmp_path: Path) -> None:
        lines = self.lines(tmp_path)
        heading = msgspec.json.decode(lines[0]) | {"format": 2}
        (tmp_path / FILE).write_bytes(msgspec.json.encode(heading) + b"\n")
        with pytest.raises(ConfigError, match="format 2"):
            Stand(state=tmp_path)

    def test_what_cannot_be_opened_is_a_refusal(self, tmp_path: Path) -> None:
        (tmp_path / FILE).mkdir()
        with pytest.raises(ConfigError, match=r"cannot be used: Is a directory \(mock-account"):
            Stand(state=tmp_path)
        file = tmp_path / "file"
        file.write_text("x")
        with pytest.raises(ConfigError, match=r"file cannot be used: .*GATEWAY_STATE_DIR must be"):
            Stand(state=file)

    def test_is_written_anew_at_each_start_without_what_is_outdated(self, tmp_path: Path) -> None:
        stand = Stand(state=tmp_path)
        sent = stand.send(BUY, 1, LIMIT, limit_price=100)
        for price in range(50, 100):
            stand.replace(sent.id, limit_price=price)
        grown = (tmp_path / FILE).stat().st_size
        stand = again(stand, tmp_path)
        assert (tmp_path / FILE).stat().st_size < grown / 10
        assert stand.order(sent.id).limit_price == 99
        done(stand.broker.stopService())

    def test_is_written_anew_when_it_has_grown_too_long(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tradegw.brokers.mock.account.LARGEST", 4000)
        stand = Stand(state=tmp_path)
        sent = stand.send(BUY, 1, LIMIT, limit_price=100)
        for price in range(1, 100):
            stand.replace(sent.id, limit_price=price)
            assert read_ledger(tmp_path).order(sent.id).limit_price == price
            assert (tmp_path / FILE).stat().st_size < 20_000
        killed(stand)

    def test_a_long_history_is_split_into_lines(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tradegw.brokers.mock.account._PER_LINE", 2)
        stand = Stand(state=tmp_path)
        for _ in range(5):
            stand.send(BUY, 1)
        stand.wait(1)
        before = stand.broker.exchange.state()
        stand = again(stand, tmp_path)
        assert len((tmp_path / FILE).read_bytes().splitlines()) == 1 + 1 + 3 + 3
        state = stand.broker.exchange.state()
        assert (state.ended, state.trades) == (before.ended, before.trades)
        assert done(stand.broker.closed_orders(OrderQuery())) == list(state.ended)
        done(stand.broker.stopService())


class TestOneProcess:
    def test_a_second_gateway_is_refused_and_told_who_has_it(self, tmp_path: Path) -> None:
        stand = Stand(state=tmp_path)
        kept = (tmp_path / FILE).read_bytes()
        with pytest.raises(ConfigError, match=rf"in use by another gateway \(pid {os.getpid()}, "):
            Stand(state=tmp_path)
        assert (tmp_path / FILE).read_bytes() == kept
        again(stand, tmp_path).broker.stopService()

    def test_a_holder_that_does_not_say_who_it_is(self, tmp_path: Path) -> None:
        with (tmp_path / LOCK).open("w") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            with pytest.raises(ConfigError, match=r"in use by another gateway \(unknown\)"):
                Stand(state=tmp_path)

    def test_a_refusal_lets_go_of_it(self, tmp_path: Path) -> None:
        (tmp_path / FILE).write_bytes(b"")
        with pytest.raises(ConfigError):
            Stand(state=tmp_path)
        (tmp_path / FILE).unlink()
        done(Stand(state=tmp_path).broker.stopService())


class TestAFullDisk:
    def test_nothing_is_lost_of_what_came_meanwhile_once_there_is_space(
        self, tmp_path: Path
    ) -> None:
        stand = Stand(state=tmp_path)
        stand.send(BUY, 1, LIMIT, limit_price=100, client_order_id="before")
        size = (tmp_path / FILE).stat().st_size
        with capturedLogs() as logs:
            ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            limits = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, limits[1]))
            try:
                for number in range(3):
                    stand.send(BUY, 1, LIMIT, limit_price=100, client_order_id=f"c{number}")
                meanwhile = read_ledger(tmp_path)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, limits)
                signal.signal(signal.SIGXFSZ, ignored)
            stand.send(BUY, 1, LIMIT, limit_price=100, client_order_id="after")
        assert [o.client_order_id for o in meanwhile.orders] == ["before"]
        known = [o.client_order_id for o in read_ledger(tmp_path).orders]
        assert known == ["before", "c0", "c1", "c2", "after"]
        assert [e["log_level"] for e in logs] == [LogLevel.error, LogLevel.info]
        killed(stand)


def test_what_a_killed_process_had_written_is_there(tmp_path: Path) -> None:
    """A real process, ended by the strongest signal right after the last answer."""
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from tests.brokers.mock.stand import *\n"
        "stand = Stand(state=Path(sys.argv[1]))\n"
        "for n in range(20):\n"
        "    stand.send(BUY, 1, LIMIT, limit_price=100, client_order_id=f'c{n}')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, capture_output=True, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    stand = Stand(state=tmp_path)
    known = [order.client_order_id for order in done(stand.broker.open_orders())]
    assert known == [f"c{number}" for number in range(20)]
    done(stand.broker.stopService())


def test_a_new_account_is_on_disk_before_anything_happens(tmp_path: Path) -> None:
    """So that its name is the same after a crash, and the journal still fits."""
    name = KeptAccount(tmp_path, Terms()).name
    contents = read(tmp_path / FILE)
    assert contents.heading.account == name
    assert contents.state is None
    assert read_ledger(tmp_path).orders == ()
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600  # nobody else's business


def test_a_change_is_small(tmp_path: Path) -> None:
    stand = Stand(state=tmp_path)
    for number in range(50):
        before = (tmp_path / FILE).stat().st_size
        stand.send(BUY, 1, LIMIT, limit_price=100, client_order_id=f"c{number}")
        assert (tmp_path / FILE).stat().st_size - before < 600
    line = (tmp_path / FILE).read_bytes().splitlines()[-1]
    assert len(msgspec.json.decode(line, type=Change).orders) == 1
    killed(stand)
