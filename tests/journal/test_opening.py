"""Opening: what is there is taken up or refused with a reason, and never changed by a refusal."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from twisted.internet.defer import execute
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from tests.journal import samples
from tests.journal.samples import ACCOUNT, AT, Shelf, intent, told
from tradegw.errors import JournalUnavailable
from tradegw.journal import making, opening, problems, schema
from tradegw.journal.durable import Journal
from tradegw.journal.opening import open_journal
from tradegw.journal.store import Store

results = SynchronousTestCase()


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    made = Shelf(tmp_path / "state")
    yield made
    made.journal.drop()


def closed(shelf: Shelf, entries: int = 0) -> Path:
    """The file of a journal with some content that nobody has open."""
    for number in range(entries):
        shelf.journal.write(intent(f"i{number}", body=b'"' + b"x" * 2000 + b'"'))
    shelf.turn()
    results.successResultOf(shelf.journal.stop())
    return shelf.file


def contents(directory: Path) -> dict[str, bytes]:
    """All files, but for empty ones and those that only say who is there now."""
    unimportant = ("journal.lock", "journal.sqlite3-shm")
    files = (each for each in directory.iterdir() if each.name not in unimportant)
    return {each.name: found for each in files if (found := each.read_bytes())}


def refused(shelf: Shelf, kind: type[problems.JournalError], account: str = ACCOUNT) -> str:
    """Opening fails, changes nothing, and leaves the door open for the next."""
    before = contents(shelf.directory)
    with pytest.raises(kind) as caught:
        shelf.open(account)
    assert contents(shelf.directory) == before
    with pytest.raises(kind):
        shelf.open(account)
    return str(caught.value)


def test_a_new_journal_counts_from_the_time_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "a" / "state")
    span = shelf.journal.span()
    assert span.epoch == "epoch-1"
    assert span.oldest == int(AT.timestamp() * 1000) == 1768473000123
    assert span.newest == span.oldest - 1
    shelf.journal.write(intent("i1"))
    shelf.turn()
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in shelf.directory.iterdir()} | {
        "": stat.S_IMODE(shelf.directory.stat().st_mode)
    }
    assert modes == {
        "": 0o700,
        "journal.lock": 0o600,
        "journal.sqlite3": 0o600,
        "journal.sqlite3-shm": 0o600,
        "journal.sqlite3-wal": 0o600,
    }
    shelf.journal.drop()


def test_every_new_journal_has_a_name_of_its_own(tmp_path: Path) -> None:
    def opened(name: str) -> str:
        journal = open_journal(tmp_path / name, "a", Clock(), lambda: datetime.now(UTC), execute)
        epoch = journal.span().epoch
        journal.drop()
        return epoch

    assert opened("one") == opened("one")
    assert opened("one") != opened("two")


def test_commits_survive_the_loss_of_power_unless_asked_otherwise(tmp_path: Path) -> None:
    """WAL and synchronous=FULL, and nothing reaches the disk before the commit."""
    shelf = Shelf(tmp_path / "state", fsync=True)

    def pragma(name: str) -> object:
        return shelf.journal._store.writer.execute(f"PRAGMA {name}").fetchone()[0]

    assert (pragma("journal_mode"), pragma("synchronous")) == ("wal", 2)
    assert (pragma("wal_autocheckpoint"), pragma("auto_vacuum")) == (0, 2)
    assert pragma("cache_spill") == 0
    shelf.journal.drop()


def test_a_second_gateway_is_refused_and_told_who_is_there(shelf: Shelf) -> None:
    with pytest.raises(problems.JournalLocked) as caught:
        open_journal(shelf.directory, ACCOUNT, shelf.clock, shelf.now, shelf.disk.run)
    message = str(caught.value)
    assert f"pid {os.getpid()} on " in message
    assert "since 2026-01-15T10:30:00+00:00" in message
    assert "GATEWAY_STATE_DIR" in message
    shelf.journal.write(intent("i1"))
    shelf.turn()
    assert shelf.journal.intent("i1") is not None, "the first is not disturbed"
    shelf.died()


def test_the_lock_ends_with_the_process_that_held_it(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from datetime import *;"
        "from tradegw.journal.lock import Lock;"
        "lock = Lock(Path(sys.argv[1]), lambda: datetime.now(timezone.utc));"
        "print('held', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(problems.JournalLocked, match=f"pid {process.pid} on"):
            Shelf(tmp_path)
        process.kill()
    Shelf(tmp_path).journal.drop()


def test_another_account_is_refused(shelf: Shelf) -> None:
    closed(shelf, 1)
    message = refused(shelf, problems.OtherAccount, "oanda-live 101-001")
    assert f"belongs to the account {ACCOUNT}, not to oanda-live 101-001" in message
    shelf.open()


def test_the_journal_of_a_run_that_is_over_is_not_kept_and_any_other_is(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "state", set_aside=True, passing="backtest:")
    shelf.journal.drop()  # of an account that lives on
    shelf.open("backtest:1").drop()
    assert sum(each.name.startswith("journal-") for each in shelf.directory.iterdir()) == 1
    with capturedLogs() as logged:
        shelf.open("backtest:2").drop()
    assert sum(each.name.startswith("journal-") for each in shelf.directory.iterdir()) == 1
    assert [event["log_level"].name for event in logged] == ["info"]


def test_the_journal_of_another_simulated_account_is_set_aside_whole(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "state", set_aside=True)
    shelf.journal.write(intent("i1"))
    shelf.turn()
    shelf.journal.drop()
    with capturedLogs() as logged:
        journal = shelf.open("mock seed 7")
    assert journal.intent("i1") is None
    aside = [each for each in shelf.directory.iterdir() if each.name.startswith("journal-")]
    assert [each.name for each in aside] == ["journal-20260115T103000.124456Z.sqlite3"]
    with sqlite3.connect(aside[0]) as connection:
        assert connection.execute("SELECT id FROM intents").fetchall() == [("i1",)]
    connection.close()
    assert any(str(aside[0]) in str(each.get("aside")) for each in logged)
    shelf.journal.drop()
    with pytest.raises(problems.PlaceUnusable, match="is there already"):
        shelf.open("mock seed 8")  # in the same microsecond: never over another one
    shelf.open("mock seed 7").drop()


def test_a_newer_schema_is_refused(shelf: Shelf) -> None:
    file = closed(shelf)
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 7")
    connection.close()
    message = refused(shelf, problems.JournalTooNew)
    assert f"schema 7, this version knows {len(schema.STEPS)}" in message


def test_an_older_schema_is_brought_up_to_date_step_by_step(tmp_path: Path) -> None:
    file = tmp_path / "old.sqlite3"
    steps = (("CREATE TABLE a (x)",), ("CREATE TABLE b (x)", "INSERT INTO b VALUES (1)"))
    connection = sqlite3.connect(file, isolation_level=None)
    schema.bring_up_to_date(connection, steps[:1])
    connection.execute("INSERT INTO a VALUES (5)")
    with pytest.raises(problems.JournalTooNew):
        schema.examine(connection, file, ())
    schema.examine(connection, file, steps)
    schema.bring_up_to_date(connection, steps)
    schema.bring_up_to_date(connection, steps)
    found = connection.execute("SELECT a.x, b.x FROM a, b").fetchall()
    assert found == [(5, 1)]
    assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    connection.close()


def test_a_step_that_fails_is_not_taken_at_all(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "old.sqlite3", isolation_level=None)
    with pytest.raises(sqlite3.OperationalError):
        schema.bring_up_to_date(connection, (("CREATE TABLE a (x)", "CREATE NONSENSE"),))
    assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == []
    assert connection.execute("PRAGMA user_version").fetchone() == (0,)
    assert not connection.in_transaction
    connection.close()


def test_a_file_that_is_no_database_is_refused(shelf: Shelf) -> None:
    closed(shelf).write_bytes(b"not a database " * 1000)
    message = refused(shelf, problems.JournalDamaged)
    assert "it is not an SQLite database" in message
    assert "backup" in message
    assert ".recover" in message


def test_a_database_of_something_else_is_refused(shelf: Shelf) -> None:
    closed(shelf).unlink()
    with sqlite3.connect(shelf.file) as connection:
        connection.execute("CREATE TABLE photos (name)")
    connection.close()
    assert "not a journal of tradegw" in refused(shelf, problems.JournalDamaged)


@pytest.mark.parametrize("place", [0.3, 0.6, 0.95])
def test_a_damaged_page_is_refused(shelf: Shelf, place: float) -> None:
    file = closed(shelf, 200)
    whole = bytearray(file.read_bytes())
    page = int(len(whole) * place) // 4096 * 4096
    whole[page : page + 4096] = b"\xa5" * 4096
    file.write_bytes(whole)
    refused(shelf, problems.JournalDamaged)


def test_a_truncated_file_is_refused(shelf: Shelf) -> None:
    file = closed(shelf, 200)
    os.truncate(file, file.stat().st_size // 2)
    refused(shelf, problems.JournalDamaged)


def test_damage_is_found_behind_a_log_that_is_left_alone(shelf: Shelf) -> None:
    """Closing after a refusal must not move the log of a killed process into a broken file."""
    for number in range(200):
        shelf.journal.write(intent(f"i{number}", body=b'"' + b"x" * 2000 + b'"'))
    shelf.turn()
    shelf.journal._store.checkpoint()
    shelf.journal.write(intent("last"))
    shelf.turn()
    copy = Shelf.__new__(Shelf)
    copy.__dict__ |= vars(shelf)
    copy.directory = shelf.directory.parent / "copy"
    shutil.copytree(shelf.directory, copy.directory)
    whole = bytearray(copy.file.read_bytes())
    whole[4096 * 20 : 4096 * 80] = b"\xa5" * 4096 * 60
    copy.file.write_bytes(whole)
    refused(copy, problems.JournalDamaged)
    assert copy.file.with_name("journal.sqlite3-wal").stat().st_size > 0


def test_a_log_without_its_database_is_refused(shelf: Shelf) -> None:
    """SQLite would delete it, and with it what was written last."""
    shelf.journal.write(intent("i1"))
    shelf.turn()
    copy = shelf.directory.parent / "copy"
    shutil.copytree(shelf.directory, copy)
    shelf.journal.drop()
    shutil.rmtree(shelf.directory)
    copy.rename(shelf.directory)
    shelf.file.rename(shelf.directory / "elsewhere")
    assert "journal.sqlite3-wal is there" in refused(shelf, problems.JournalIncomplete)
    shelf.file.touch()
    message = refused(shelf, problems.JournalIncomplete)
    assert "journal.sqlite3 is there, but empty" in message
    assert "missing" not in message
    (shelf.directory / "elsewhere").replace(shelf.file)
    assert shelf.open().intent("i1") is not None


@pytest.mark.parametrize("cut", [0, 10, 1000, 4120, 9999, 30_000])
def test_a_truncated_log_loses_its_end_and_nothing_else(shelf: Shelf, cut: int) -> None:
    """Which a power failure may leave of what was not yet acknowledged."""
    for number in range(30):
        shelf.journal.keep(told(shelf.journal.next_seq()), samples.setting("n", b"%d" % number))
        shelf.turn()
    copy = shelf.directory.parent / "copy"
    shutil.copytree(shelf.directory, copy)
    shelf.journal.drop()
    log = copy / "journal.sqlite3-wal"
    os.truncate(log, log.stat().st_size - cut)
    again = Shelf(copy)
    span = again.journal.span()
    count = span.newest - span.oldest + 1
    assert len(again.journal.events(0, 100)) == count
    assert count == 30 if cut == 0 else 20 < count < 30
    assert again.journal.setting("n") == samples.setting("n", b"%d" % (count - 1))
    again.journal.drop()


def test_an_empty_file_is_damage(shelf: Shelf) -> None:
    """Taken for a new journal it would let the order of a known idempotency key out again."""
    closed(shelf).write_bytes(b"")
    message = refused(shelf, problems.JournalDamaged)
    assert "it is empty, and a journal never is" in message
    assert "backup" in message
    assert shelf.file.exists()


def test_a_new_journal_is_said_to_be_one(tmp_path: Path) -> None:
    def said(open_it: Callable[[], object]) -> list[str]:
        with capturedLogs() as logged:
            open_it()
        return [str(each["log_format"]) for each in logged if "journal" in each["log_format"]]

    begun: list[Shelf] = []
    assert said(lambda: begun.append(Shelf(tmp_path))) == [
        "a new journal is begun: no orders are known from before"
    ]
    begun[0].journal.drop()
    assert said(begun[0].open) == ["journal {epoch} opened: {file}"]
    begun[0].journal.drop()


@pytest.mark.parametrize("end", ["make", "rename"])
def test_a_journal_that_was_just_being_made_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """Whenever the process ends, nothing stands under the journal's name that is not whole."""

    def killed(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as until:
        if end == "make":
            until.setattr(making, "bring_up_to_date", killed)
        else:
            until.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            Shelf(tmp_path)
    assert not (tmp_path / "journal.sqlite3").exists()
    assert (tmp_path / "journal.sqlite3-new").exists()
    shelf = Shelf(tmp_path)
    assert shelf.journal.span().epoch == "epoch-1"
    assert not (tmp_path / "journal.sqlite3-new").exists()
    shelf.journal.drop()


def test_a_new_journal_is_synced_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[tuple[str, bool]] = []

    def sync(fd: int) -> None:
        name = Path(f"/proc/self/fd/{fd}").readlink().name
        there.append((name, (tmp_path / "state" / "journal.sqlite3").exists()))

    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc to see which file is synced")
    monkeypatch.setattr(os, "fsync", sync)
    Shelf(tmp_path / "state", fsync=True).journal.drop()
    assert there == [("journal.sqlite3-new", False), ("state", True)]


def altered(shelf: Shelf, *statements: str) -> None:
    """The journal after somebody else's hand was on it."""
    with sqlite3.connect(closed(shelf)) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DROP TABLE settings", "table settings is missing"),
        ("DROP INDEX intents_unresolved", "index intents_unresolved is missing"),
        ("DROP VIEW open_orders", "view open_orders is missing"),
        ("ALTER TABLE steps RENAME COLUMN detail TO details", "table steps is not as it was made"),
        ("DELETE FROM about WHERE name = 'epoch'", "the row epoch of the table about is missing"),
        ("UPDATE about SET value = 'x' WHERE name = 'oldest'", "is no number: 'x'"),
        ("UPDATE about SET value = '9999999999999' WHERE name = 'oldest'", "older than its oldest"),
        ("PRAGMA user_version = 0", "its schema is 0, which no journal has"),
        ("PRAGMA user_version = -3", "its schema is -3, which no journal has"),
        ("UPDATE intents SET body = '{' WHERE id = 'i2'", "row i2 of the table intents holds no"),
        ("UPDATE orders SET body = 'x'", "row o1 of the table orders holds no JSON"),
        ("UPDATE orders SET links = '{'", "row o1 of the table orders holds no JSON"),
        ("UPDATE plans SET body = ''", "row p1 of the table plans holds no JSON"),
    ],
)
def test_what_is_not_as_it_was_left_is_damage_with_its_place(
    shelf: Shelf, statement: str, said: str
) -> None:
    shelf.journal.write(intent("i1"), intent("i2"))
    shelf.journal.keep(
        samples.order("o1"), samples.plan("p1"), told(shelf.journal.next_seq(), "o1")
    )
    shelf.turn()
    altered(shelf, statement)
    message = refused(shelf, problems.JournalDamaged)
    assert said in message
    assert "Restore it from a backup" in message


def test_what_others_added_and_what_is_over_keeps_nobody_from_starting(shelf: Shelf) -> None:
    shelf.journal.write(intent("i1"))
    shelf.journal.keep(
        samples.outcome("i1"),
        samples.order("o1", terminal=True, links=b""),
        samples.order("o2", links=b""),
        samples.plan("p1", over=True),
    )
    shelf.turn()
    altered(
        shelf,
        "CREATE INDEX mine ON intents (at)",
        "UPDATE intents SET body = 'x'",
        "UPDATE plans SET body = 'x'",
        "UPDATE orders SET body = 'x' WHERE terminal = 1",
    )
    assert shelf.open().intent("i1") is not None


def test_a_row_that_makes_no_sense_is_named_when_it_is_read(shelf: Shelf) -> None:
    shelf.journal.write(intent("i1"))
    shelf.journal.keep(samples.position("AAPL", "5"), samples.setting("n", b"1"))
    shelf.turn()
    altered(
        shelf,
        "UPDATE intents SET kind = 'wish'",
        "UPDATE positions SET quantity = 'many'",
        "UPDATE settings SET at = 'now'",
    )
    journal = shelf.open()
    with pytest.raises(JournalUnavailable, match="row i1 of the table intents makes no sense"):
        journal.unresolved()
    with pytest.raises(JournalUnavailable, match="row AAPL of the table positions makes no sense"):
        journal.net_positions()
    with pytest.raises(JournalUnavailable, match="row n of the table settings makes no sense"):
        journal.setting("n")


def read_through(journal: Journal) -> None:
    """What the gateway reads when it starts."""
    with contextlib.suppress(JournalUnavailable):
        journal.unresolved()
        journal.untold()
        journal.plans()
        journal.net_positions()
        journal.setting("n")
        journal.events(0, 100)
        journal.orders(terminal=False, newest=100)


def test_flipped_bytes_are_opened_or_refused_and_never_anything_else(shelf: Shelf) -> None:
    """At 200 places: one byte, or thirty, anywhere or among the first pages."""
    for number in range(12):
        name = f"{number}"
        shelf.journal.write(intent(f"i{name}", client_order_id=name))
        shelf.journal.keep(
            *(told(shelf.journal.next_seq(), name), samples.order(name), samples.plan(f"i{name}")),
            *(samples.position(name, "5"), samples.setting(name, b"1"), samples.execution(name)),
        )
        shelf.turn()
    whole = closed(shelf).read_bytes()
    found: Counter[str] = Counter()
    for seed in range(200):
        chance = random.Random(seed)
        flipped = bytearray(whole)
        for _ in range(chance.choice((1, 1, 30))):
            limit = chance.choice((100, 8192, len(whole)))
            flipped[chance.randrange(limit)] ^= chance.choice((0xFF, 1 << chance.randrange(8)))
        shelf.file.write_bytes(flipped)
        try:
            journal = shelf.open()
        except (problems.JournalDamaged, problems.JournalTooNew, problems.OtherAccount) as refusal:
            assert shelf.file.read_bytes() == flipped, seed
            found[type(refusal).__name__] += 1
        else:
            read_through(journal)
            journal.drop()
            found["opened"] += 1
        for beside in ("-wal", "-shm"):
            shelf.file.with_name(f"{shelf.file.name}{beside}").unlink(missing_ok=True)
    assert found["JournalDamaged"] > 50, found
    assert found["opened"] > 30, found


def test_a_state_directory_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(problems.PlaceUnusable, match="it is not a directory"):
        Shelf(tmp_path / "state")
    with pytest.raises(problems.PlaceUnusable, match="GATEWAY_STATE_DIR"):
        Shelf(tmp_path / "state" / "below")


def test_a_journal_that_is_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite3").mkdir()
    with pytest.raises(problems.PlaceUnusable):
        Shelf(tmp_path)


def test_a_directory_that_may_not_be_written_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked of the system, since the superuser may write everywhere."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(problems.PlaceUnusable, match="it cannot be written to"):
        Shelf(tmp_path)


def test_another_program_that_writes_is_named_as_the_reason(shelf: Shelf) -> None:
    file = closed(shelf)
    with sqlite3.connect(file, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(problems.PlaceUnusable, match="another program is writing"):
            shelf.open()
    other.close()


def test_a_full_disk_is_named_as_the_reason(tmp_path: Path) -> None:
    """With the real error of a real system: files may not grow beyond 8 kB in the child."""
    code = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from tests.journal.samples import Shelf\n"
        "from tradegw.journal.problems import PlaceUnusable\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))\n"
        "try:\n"
        "    Shelf(Path(sys.argv[1]))\n"
        "except PlaceUnusable as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert "cannot be used: the disk" in done.stdout
    Shelf(tmp_path).journal.drop()


def test_a_file_system_without_room_or_for_reading_only_is_called_that(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite calls the one a failing disk, and the other a file that cannot be opened."""

    def failing(*_arguments: object, **_named: object) -> Store:
        raise io_error

    io_error = sqlite3.OperationalError("disk I/O error")
    io_error.sqlite_errorname = "SQLITE_IOERR_WRITE"
    closed(shelf)
    monkeypatch.setattr(opening, "Store", failing)
    with pytest.raises(problems.PlaceUnusable, match="the disk fails"):
        shelf.open()
    found = list(os.statvfs(shelf.directory))
    found[4] = 3  # blocks that are free for us
    monkeypatch.setattr(os, "statvfs", lambda _path: os.statvfs_result(found))
    with pytest.raises(problems.PlaceUnusable, match="the disk is full"):
        shelf.open()
    found[8] |= os.ST_RDONLY
    with pytest.raises(problems.PlaceUnusable, match="the file system is read-only"):
        shelf.open()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device"), "the disk is full"),
        (OSError(30, "Read-only file system"), "the file system is read-only"),
        (PermissionError(13, "Permission denied"), "Permission denied"),
        (ValueError(), "ValueError"),
    ],
)
def test_what_an_operator_reads_of_an_error(error: Exception, said: str) -> None:
    assert said in problems.why(error)
