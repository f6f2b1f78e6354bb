"""Every command that the documents show is run, or it is said here why it cannot be."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from .daemon import PATIENCE, Daemon, clean_environment, wait_until

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "examples" / "curl.md"]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)

ELSEWHERE = {
    "pip install tektii": "the SDK is a test dependency: tests/end_to_end/test_sdk_surface.py",
    "python3 -m venv /opt": "by hand, as docs/deploying.md says",
    "/opt/tradegw/bin/": "by hand, as docs/deploying.md says",
    "install -D": "the unit and its example are checked in tests/packaging/test_systemd.py",
    "systemctl": "needs a running systemd",
    "journalctl": "needs a running systemd",
    "docker": "needs a Docker engine; the file is checked in tests/packaging/test_container.py",
    "GATEWAY_PROVIDER=mock /opt": "by hand, as docs/deploying.md says",
    'python3 -c "import sqlite3': "test_the_backup_that_is_shown_is_a_whole_journal, below",
}


def commands(page: Path) -> list[str]:
    """The commands of the page's ``sh`` blocks, continued lines joined."""
    found: list[str] = []
    for language, block in BLOCK.findall(page.read_text()):
        if language == "sh":
            found.extend(_split(block))
    return found


def _split(block: str) -> list[str]:
    """One text per command: a quoted body and a trailing backslash go on in the next line."""
    whole: list[str] = []
    for line in block.splitlines():
        if whole and (whole[-1].count("'") % 2 or whole[-1].endswith("\\")):
            whole[-1] += "\n" + line
        elif line.strip() and not line.startswith("#"):
            whole.append(line)
    return whole


ALL = [(page, command) for page in PAGES for command in commands(page)]


def test_there_are_commands_on_the_main_pages() -> None:
    assert {page.name for page, _ in ALL} >= {"README.md", "curl.md", "configuration.md"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_curl_commands_of_a_page_work_in_order(page: Path, tmp_path: Path) -> None:
    """Each answers with JSON, and with an error only where the page says so."""
    asked = [command for command in commands(page) if command.startswith(("curl", "sleep"))]
    if not asked:
        return
    with Daemon(tmp_path) as daemon:
        for command in asked:
            here = command.replace("http://127.0.0.1:8080", daemon.url)
            done = subprocess.run(
                ["bash", "-c", here], capture_output=True, text=True, timeout=20, check=True
            )
            if not command.startswith("curl"):
                continue
            answer = json.loads(done.stdout)
            is_mistake = '"-1"' in command
            assert isinstance(answer, dict) and "code" in answer if is_mistake else True
            assert is_mistake or not (isinstance(answer, dict) and "code" in answer), answer


@pytest.mark.parametrize(
    ("page", "command"), ALL, ids=lambda v: v[:50] if isinstance(v, str) else v.name
)
def test_every_other_command_is_known(page: Path, command: str, tmp_path: Path) -> None:
    """``make`` targets exist, ``twistd tradegw`` does what is shown, the rest is accounted for."""
    first = command.split("#", maxsplit=1)[0].strip()
    if first.startswith(("curl", "sleep")):
        return
    if re.fullmatch(r"SUBSCRIPTIONS='.*'", first, re.DOTALL):
        _run(f"{first} twistd tradegw --check-config", tmp_path)
        return
    words = [word for word in first.split() if "=" not in word]
    if words[:1] == ["make"]:
        subprocess.run(["make", "-n", *words[1:]], cwd=ROOT, check=True, capture_output=True)
        return
    if words[:2] == ["twistd", "tradegw"] or words[:1] == ["python"]:
        _run(first, tmp_path)
        return
    assert [known for known in ELSEWHERE if first.startswith(known)], f"{page.name}: {command}"


def test_the_backup_that_is_shown_is_a_whole_journal(tmp_path: Path) -> None:
    """Made while the gateway runs, by the command of docs/journal.md; another starts on it."""
    [command] = [found for found in commands(ROOT / "docs" / "journal.md") if "backup" in found]
    copy = tmp_path / "copy" / "state"
    copy.mkdir(parents=True)
    with Daemon(tmp_path) as daemon:
        order = b'{"symbol":"AAPL","side":"buy","quantity":"1","order_type":"market"}'
        wanted = Request(  # noqa: S310  (our own daemon)
            f"{daemon.url}/v1/orders", order, {"Content-Type": "application/json"}, method="POST"
        )
        with urlopen(wanted, timeout=PATIENCE):  # noqa: S310  (our own daemon)
            pass
        told = wait_until(lambda: daemon.get("/v1/events?since=0")["events"], "events")
        _run(command.replace("/somewhere/else", str(copy)), tmp_path, cwd=tmp_path / "state")
    shutil.copy(tmp_path / "state" / "mock-account.jsonl", copy)
    with Daemon(copy.parent) as again:
        assert again.get("/v1/events?since=0")["events"][: len(told)] == told


NAMED = re.compile(r"`((?:tests|bench)/[\w/.]*|test_\w+\.py)`")
LINK = re.compile(r"\]\(([^)#]+)?(?:#([\w-]+))?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_w77_what_a_page_names_is_there(page: Path) -> None:
    """Tests and benches that are to show something, and what is linked to."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    there = {path.name for path in (ROOT / "tests").rglob("*.py")}
    for name in NAMED.findall(text):
        assert (ROOT / name).exists() if "/" in name else name in there, name
    for target, heading in LINK.findall(text):
        if target.startswith("http"):
            continue
        linked = page.parent / target if target else page
        assert linked.exists(), target
        assert not heading or heading in _anchors(linked), f"{target}#{heading}"


def _anchors(page: Path) -> set[str]:
    """How the headings of *page* are linked to."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def _run(command: str, tmp_path: Path, cwd: Path = ROOT) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=cwd,
        env=clean_environment(PATH=path, GATEWAY_PROVIDER="mock", GATEWAY_STATE_DIR=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
