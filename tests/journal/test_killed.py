"""Real processes: one that is killed while it writes, one whose disk is full for a while."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.journal.samples import Shelf
from tradegw.model.journal import Verdict

ROOT = Path(__file__).parents[2]


def test_what_was_acknowledged_is_there_after_sigkill(tmp_path: Path) -> None:
    """Four times over on the same journal; its count goes on and has no gap."""
    acknowledged: list[int] = []
    for lines in (1, 20, 50, 110):
        with subprocess.Popen(
            [sys.executable, "-m", "tests.journal.writer", str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        ) as process:
            assert process.stdout is not None
            acknowledged += [int(process.stdout.readline()) for _ in range(lines)]
            process.kill()
            acknowledged += [int(line) for line in process.stdout if line.endswith("\n")]
        shelf = Shelf(tmp_path)
        journal, span = shelf.journal, shelf.journal.span()
        events = [seq for seq, _body in journal.events(0, 1_000_000)]
        assert events == list(range(span.oldest, span.newest + 1))
        assert set(acknowledged) <= set(events)
        assert acknowledged == sorted(set(acknowledged)), "no number is given twice"
        assert len(events) - len(acknowledged) <= 4, "one a round may not have been acknowledged"
        for seq in acknowledged:
            recorded = journal.intent(f"i{seq}")
            assert recorded is not None
            assert recorded.outcome is not None
            assert recorded.outcome.verdict is Verdict.ACCEPTED
            assert journal.order(f"{seq}") is not None
        assert len(journal.unresolved()) <= 4
        journal.drop()


def test_a_disk_that_is_full_for_a_while(tmp_path: Path) -> None:
    """SQLite's own failing commit: its files may not grow, then they may again.

    No refused intent is there, neither to the process that goes on nor to one that comes after a
    kill in the midst of it, and all that was to be kept is.
    """
    code = """
import os, resource, signal, sys
from pathlib import Path
from tests.journal.samples import Shelf, intent, step

shelf = Shelf(Path(sys.argv[1]))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
size = shelf.file.with_name("journal.sqlite3-wal").stat().st_size
unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 150_000, unlimited[1]))
answers = []
for number in range(40):
    done = shelf.journal.write(intent(f"i{number}", body=b'"%s"' % (b"x" * 498)))
    done.addCallbacks(lambda _: answers.append("yes"), lambda _: answers.append("no"))
    shelf.journal.keep(step("s", f"{number}"))
    shelf.turn()
assert "the disk" in shelf.journal.problem, shelf.journal.problem
assert "yes" in answers and "no" in answers, answers
if sys.argv[2] == "die":
    print(*answers)
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGKILL)
shelf.clock.pump([1.0] * 3)
assert shelf.journal.problem is not None
resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
shelf.clock.advance(1)
assert shelf.journal.problem is None, shelf.journal.problem
shelf.journal.drop()
print(*answers)
"""
    for ending in ("die", "go on"):
        directory = tmp_path / ending
        done = subprocess.run(
            [sys.executable, "-c", code, str(directory), ending],
            capture_output=True,
            text=True,
            timeout=30,
            cwd=ROOT,
            check=False,
        )
        answers = done.stdout.split()
        assert len(answers) == 40, done.stderr
        journal = Shelf(directory).journal
        there = ["yes" if journal.intent(f"i{n}") else "no" for n in range(40)]
        assert there == answers
        kept = [each.name for each in journal.steps(["s"])]
        assert kept == [f"{n}" for n in range(40 if ending == "go on" else len(kept))]
        assert len(kept) >= answers.count("yes")
        journal.drop()
