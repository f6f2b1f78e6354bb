"""The Dockerfile, read and, as far as possible without an engine, run."""

from __future__ import annotations

import fnmatch
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest

from tradegw.config.read import read

ROOT = Path(__file__).parents[2]


class Instruction(NamedTuple):
    word: str
    text: str


def stages() -> list[list[Instruction]]:
    """The instructions of each stage; the first list is what stands before the first FROM."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    found: list[list[Instruction]] = [[]]
    for line in filter(str.strip, text.splitlines()):
        word, rest = line.split(None, 1)
        if word == "FROM":
            found.append([])
        found[-1].append(Instruction(word, rest.strip()))
    return found


IMAGE = stages()[-1]


def the(word: str) -> str:
    """The last instruction of that kind, which is the one that counts."""
    return [each.text for each in IMAGE if each.word == word][-1]


def variables() -> dict[str, str]:
    pairs = [pair for each in IMAGE if each.word == "ENV" for pair in each.text.split()]
    return dict(pair.split("=", 1) for pair in pairs)


def test_it_is_built_in_a_stage_of_its_own_on_slim_images() -> None:
    _, *built = stages()
    assert len(built) == 2
    assert all("-slim" in stage[0].text for stage in built)


def test_what_is_copied_exists_and_is_not_ignored() -> None:
    patterns = [
        line
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    for each in stages()[1]:
        if each.word == "COPY":
            for name in each.text.split()[:-1]:
                assert (ROOT / name).exists()
                matching = [p for p in patterns if fnmatch.fnmatch(name, p.lstrip("!"))]
                assert matching[-1] == f"!{name}"


def test_it_runs_as_nobody_in_particular() -> None:
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", the("USER"))
    user = next(n for n, each in enumerate(IMAGE) if each.word == "USER")
    assert not [each for each in IMAGE[user:] if each.word in ("RUN", "COPY")]


def test_twistds_cache_of_plugins_is_written_as_root_after_the_copy() -> None:
    words = [(each.word, each.text.split()[0]) for each in IMAGE]
    assert words.index(("COPY", "--from=build")) < words.index(("RUN", "twistd"))
    assert words.index(("RUN", "twistd")) < words.index(("USER", the("USER")))


def test_signals_reach_the_daemon_itself() -> None:
    assert json.loads(the("ENTRYPOINT")) == ["twistd", "--nodaemon", "--pidfile=", "tradegw"]
    assert the("STOPSIGNAL") == "SIGTERM"


def test_its_variables_are_settings_of_the_gateway() -> None:
    settings = read({**variables(), "GATEWAY_PROVIDER": "mock"})
    assert settings.warnings == ()
    assert (settings.host, settings.port) == ("0.0.0.0", int(the("EXPOSE")))
    assert [str(settings.state_dir)] == json.loads(the("VOLUME"))
    assert settings.exit_state_file.parent == settings.state_dir
    assert str(settings.state_dir) == the("WORKDIR")


class Probe(BaseHTTPRequestHandler):
    status = 200
    paths: list[str]

    def do_GET(self) -> None:
        self.paths.append(self.path)
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name
        pass


@pytest.fixture
def probe() -> Iterator[tuple[type[Probe], int]]:
    """A web server on loopback, and its port."""
    kind = type("Fresh", (Probe,), {"paths": []})
    with HTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield kind, server.server_port
        server.shutdown()
        thread.join()


def healthy(port: str) -> bool:
    options, command = the("HEALTHCHECK").split("CMD", 1)
    assert "--start-period" in options
    _, *arguments = json.loads(command)
    done = subprocess.run(
        [sys.executable, *arguments],
        env={"GATEWAY_PORT": port},
        capture_output=True,
        timeout=30,
        check=False,
    )
    return done.returncode == 0


def test_the_health_check_asks_whether_the_process_lives(
    probe: tuple[type[Probe], int],
) -> None:
    kind, port = probe
    assert healthy(str(port))
    assert kind.paths == ["/livez"]
    kind.status = 503
    assert not healthy(str(port))


def test_compose_gives_it_what_the_dockerfile_promises() -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    (service,) = yaml.safe_load(text)["services"].values()
    settings = read({**service["environment"], "GATEWAY_PROVIDER": "mock"})
    assert (settings.host, settings.port) == ("0.0.0.0", 8080)
    assert service["volumes"] == [f"state:{the('WORKDIR')}"]
    assert service["ports"] == ["127.0.0.1:8080:8080"]
    example = service["env_file"][0].split(":-")[1].rstrip("}")
    assert (ROOT / example).is_file()
