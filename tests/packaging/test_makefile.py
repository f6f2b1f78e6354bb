"""The two commands of the README, and their sisters."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="no make here")


def make(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=ROOT,
        env={**kept, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_make_alone_tells_every_target() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    told = re.findall(r"^make (\w+)", make().stdout, re.MULTILINE)
    assert set(told) == set(phony.split()) - {"help"}


def fake_environment(home: Path) -> None:
    """One that looks installed, with a twistd that shows its environment."""
    (home / "bin").mkdir(parents=True)
    for name in ("bin/python", ".installed", ".installed-for-tests"):
        (home / name).touch()
    twistd = home / "bin" / "twistd"
    twistd.write_text("#!/bin/sh\nenv; echo arguments: $*\n", encoding="utf-8")
    twistd.chmod(0o755)


def test_run_starts_the_simulated_broker_with_the_api_page(tmp_path: Path) -> None:
    fake_environment(tmp_path / "v")
    done = make("run", f"VENV={tmp_path / 'v'}", GATEWAY_PORT="8081")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "GATEWAY_PROVIDER=mock" in lines
    assert "ENABLE_SWAGGER=true" in lines
    assert "GATEWAY_PORT=8081" in lines
    assert lines[-1] == "arguments: --nodaemon --pidfile= tradegw"


def test_run_leaves_what_is_set_alone(tmp_path: Path) -> None:
    fake_environment(tmp_path / "v")
    done = make("run", f"VENV={tmp_path / 'v'}", GATEWAY_PROVIDER="alpaca", ENABLE_SWAGGER="false")
    lines = done.stdout.splitlines()
    assert "GATEWAY_PROVIDER=alpaca" in lines
    assert "ENABLE_SWAGGER=false" in lines


def test_nothing_is_installed_twice(tmp_path: Path) -> None:
    fake_environment(tmp_path / "v")
    assert "pip" not in make("--dry-run", "test", f"VENV={tmp_path / 'v'}").stdout


def test_a_changed_pyproject_is_installed_again(tmp_path: Path) -> None:
    fake_environment(tmp_path / "v")
    old = (ROOT / "pyproject.toml").stat().st_mtime - 10
    os.utime(tmp_path / "v" / ".installed", (old, old))
    assert "pip" in make("--dry-run", "run", f"VENV={tmp_path / 'v'}").stdout


def test_a_python_that_is_too_old_is_refused_in_words(tmp_path: Path) -> None:
    old = tmp_path / "old-python"
    old.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    old.chmod(0o755)
    done = make("run", f"VENV={tmp_path / 'v'}", f"PYTHON={old}")
    assert done.returncode != 0
    assert "Python 3.11 or newer" in done.stderr


def test_test_ends_with_pytest() -> None:
    steps = [line for line in make("--dry-run", "test").stdout.splitlines() if line.strip()]
    assert steps[-1].endswith("bin/pytest")
    for tool in ("ruff check", "ruff format --check", "mypy", "lint-imports", "pydoctor"):
        assert any(f"bin/{tool}" in step for step in steps)
