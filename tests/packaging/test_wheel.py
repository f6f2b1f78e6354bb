"""What is installed: the wheel by its names, and the plugin in a fresh environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import twisted

from tradegw import __version__

ROOT = Path(__file__).parents[2]
SOURCES = ["pyproject.toml", "setup.py", "README.md", "LICENSE", "tradegw", "twisted"]
LEFT_OUT = shutil.ignore_patterns("__pycache__", "dropin.cache", "*.egg-info")
TWISTD = "import sys; sys.argv[0] = 'twistd'; from twisted.scripts.twistd import run; run()"


def run(*command: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        command,
        cwd=cwd,
        env={**kept, "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", **variables},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the source distribution, and the wheel that was made from it."""
    tree = tmp_path_factory.mktemp("tree")
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=LEFT_OUT)
        else:
            shutil.copy(source, tree / name)
    # Not isolated: isolation would fetch setuptools, and the tests need no network.
    done = run(sys.executable, "-m", "build", "--no-isolation", cwd=tree)
    assert done.returncode == 0, done.stdout + done.stderr
    return tree / "dist"


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


class TestNames:
    def test_every_module_is_in_the_wheel_and_nothing_else_is(self, wheel: Path) -> None:
        with zipfile.ZipFile(wheel) as archive:
            names = set(archive.namelist())
        modules = {
            path.relative_to(ROOT).as_posix()
            for path in (ROOT / "tradegw").rglob("*")
            if path.is_file() and path.suffix != ".pyc"
        }
        info = f"tradegw-{__version__}.dist-info"
        assert {name for name in names if not name.startswith(info)} == {
            *modules,
            "twisted/plugins/tradegw_plugin.py",
        }
        assert f"{info}/licenses/LICENSE" in names
        assert "tradegw/py.typed" in names

    def test_nothing_of_twisteds_own_is_in_it(self, wheel: Path) -> None:
        with zipfile.ZipFile(wheel) as archive:
            ours = [name for name in archive.namelist() if name.startswith("twisted/")]
        assert ours == ["twisted/plugins/tradegw_plugin.py"]

    def test_brokers_are_its_entry_points(self, wheel: Path) -> None:
        declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        brokers = declared["project"]["entry-points"]["tradegw.brokers"]
        with zipfile.ZipFile(wheel) as archive:
            text = archive.read(f"tradegw-{__version__}.dist-info/entry_points.txt").decode()
        assert text.split() == ["[tradegw.brokers]"] + [
            word for name, target in sorted(brokers.items()) for word in (name, "=", target)
        ]

    def test_the_source_distribution_holds_what_the_wheel_is_made_of(self, built: Path) -> None:
        (archive,) = built.glob("*.tar.gz")
        with tarfile.open(archive) as opened:
            names = {name.split("/", 1)[-1] for name in opened.getnames()}
        assert {"pyproject.toml", "setup.py", "README.md", "LICENSE"} <= names
        assert "twisted/plugins/tradegw_plugin.py" in names
        assert "twisted/plugins/__init__.py" not in names


class Fresh:
    """An environment with Twisted in it, as if just installed, and pip."""

    def __init__(self, home: Path) -> None:
        venv.create(home, with_pip=True, symlinks=True)
        self.home = home
        self.python = home / "bin" / "python"
        (self.site,) = home.glob("lib/python*/site-packages")
        # Twisted itself is copied, since a wrong wheel would damage it; all else is borrowed.
        package = Path(twisted.__file__).parent
        shutil.copytree(package, self.site / "twisted", ignore=ignored_of_twisted)
        (self.site / "borrowed.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")

    def pip(self, *arguments: str | Path) -> None:
        done = run(self.python, "-m", "pip", "--quiet", *arguments, cwd=self.home)
        assert done.returncode == 0, done.stdout + done.stderr

    def twistd(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return run(self.python, "-c", TWISTD, *arguments, cwd=self.home, **variables)


def ignored_of_twisted(directory: str, names: list[str]) -> set[str]:
    return {name for name in names if name in ("test", "__pycache__", "dropin.cache")}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Iterator[Fresh]:
    """With the wheel installed for the module's tests, and taken out again after them."""
    found = Fresh(tmp_path_factory.mktemp("fresh") / "venv")
    assert "tradegw" not in found.twistd("--help").stdout
    found.pip("install", "--no-deps", "--ignore-installed", wheel)
    yield found
    found.pip("uninstall", "--yes", "tradegw")
    assert (found.site / "twisted" / "plugins" / "__init__.py").exists()
    assert not (found.site / "twisted" / "plugins" / "tradegw_plugin.py").exists()
    done = run(found.python, "-c", "import twisted.plugins", cwd=found.home)
    assert done.returncode == 0, done.stderr
    assert "tradegw" not in found.twistd("--help").stdout


class TestFreshEnvironment:
    def test_twistd_lists_the_plugin(self, fresh: Fresh) -> None:
        lines = [line.split()[:1] for line in fresh.twistd("--help").stdout.splitlines()]
        assert ["tradegw"] in lines

    def test_the_installed_package_is_the_one_that_runs(self, fresh: Fresh) -> None:
        done = run(fresh.python, "-c", "import tradegw; print(tradegw.__file__)", cwd=fresh.home)
        assert Path(done.stdout.strip()).parent == fresh.site / "tradegw"

    def test_it_tells_its_version(self, fresh: Fresh) -> None:
        assert fresh.twistd("tradegw", "--version").stdout == f"tradegw {__version__}\n"

    def test_it_would_run_on_the_simulated_broker(self, fresh: Fresh) -> None:
        done = fresh.twistd("tradegw", "--check-config", GATEWAY_PROVIDER="mock")
        assert (done.returncode, done.stderr) == (0, "")
        assert "mock" in done.stdout

    def test_every_module_of_it_can_be_imported(self, fresh: Fresh) -> None:
        code = (
            "import pkgutil, importlib, tradegw\n"
            "for each in pkgutil.walk_packages(tradegw.__path__, 'tradegw.'):\n"
            "    importlib.import_module(each.name)\n"
        )
        done = run(fresh.python, "-W", "error", "-c", code, cwd=fresh.home)
        assert done.returncode == 0, done.stderr
