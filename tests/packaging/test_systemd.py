"""The unit and its example of an environment."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tradegw.config.read import read
from tradegw.config.variables import KNOWN

UNITS = Path(__file__).parents[2] / "systemd"
UNIT = (UNITS / "tradegw.service").read_text(encoding="utf-8")


def value(name: str) -> str:
    (found,) = re.findall(rf"^{name}=(.*)$", UNIT, re.MULTILINE)
    return str(found)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_finds_nothing_to_say_about_the_unit(tmp_path: Path) -> None:
    # The tool wants the program to be there.
    program = Path(sys.executable).with_name("twistd")
    unit = tmp_path / "tradegw.service"
    unit.write_text(UNIT.replace("/opt/tradegw/bin/twistd", str(program)), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", str(unit)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_stop_is_given_the_time_it_may_take() -> None:
    assert value("KillSignal") == "SIGTERM"
    assert int(value("TimeoutStopSec")) > 30


def test_it_runs_in_the_foreground_without_rights_and_with_a_state_directory() -> None:
    assert value("Type") == "exec"
    assert value("ExecStart").split()[1:] == ["--nodaemon", "--pidfile=", "tradegw"]
    assert value("DynamicUser") == "yes"
    assert value("Restart") == "on-failure"
    assert read({"GATEWAY_PROVIDER": "mock", "STATE_DIRECTORY": "/var/lib/tradegw"}).state_dir == (
        Path("/var/lib") / value("StateDirectory")
    )


def test_the_example_starts_the_simulated_broker_as_it_stands() -> None:
    environ = assignments(r"^([A-Z_]+)=(.*)$")
    settings = read(environ)
    assert settings.platform.value == "mock"
    assert settings.warnings == ()


def test_the_example_names_no_variable_that_does_not_exist() -> None:
    known = {each.name for each in KNOWN}
    named = assignments(r"^#?([A-Z_]+)=(.*)$")
    assert set(named) <= known
    with_subscriptions = {
        "GATEWAY_PROVIDER": "mock",
        "SUBSCRIPTIONS": named["SUBSCRIPTIONS"].strip("'"),
    }
    assert read(with_subscriptions).subscriptions


def assignments(pattern: str) -> dict[str, str]:
    text = (UNITS / "tradegw.env.example").read_text(encoding="utf-8")
    return dict(re.findall(pattern, text, re.MULTILINE))
