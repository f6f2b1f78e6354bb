"""The account of the simulated broker on disk, so that it outlives the gateway as a real one does.

A heading, then one line of JSON for every change, written in one call before the change is told or
answered. What was written survives the end of the process, however it ends; nothing is synced, so
a loss of power may take the last lines. At each start the file is written anew without what is
outdated. One process at a time may have it.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeVar
from uuid import uuid4

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from twisted.logger import Logger

from ...config.problems import ConfigError
from ...simulator.state import Change, added_up
from ...simulator.terms import Terms

T = TypeVar("T")

FILE: Final = "mock-account.jsonl"
LOCK: Final = "mock-account.lock"
FORMAT: Final = 1
LARGEST: Final = 64 * 2**20
"""In bytes; beyond it, and eight times what is worth keeping, the file is written anew."""

_PER_LINE: Final = 500


class Heading(Struct, frozen=True, kw_only=True):
    """The first line: which account it is, and those of its terms that hold for its life."""

    account: str
    cash: Decimal
    currency: str
    native_brackets: bool
    format: int = FORMAT

    @classmethod
    def of(cls, terms: Terms) -> Heading:
        """The heading of a new account."""
        return cls(
            account=f"mock:{uuid4()}",
            cash=terms.cash,
            currency=terms.currency,
            native_brackets=terms.native_brackets,
        )

    def differences(self, terms: Terms) -> list[str]:
        """What *terms* want otherwise; one warning each."""
        wanted = Heading.of(terms)
        names = {"cash": "CASH", "currency": "CURRENCY", "native_brackets": "NATIVE_BRACKETS"}
        return [
            f"MOCK_{variable} has no effect: the kept account was opened with "
            f"{getattr(self, name)}; MOCK_ACCOUNT=fresh opens another"
            for name, variable in names.items()
            if getattr(self, name) != getattr(wanted, name)
        ]


class Contents(Struct, frozen=True):
    """What a file holds: whose it is, and the state that its changes add up to, if any."""

    heading: Heading
    state: Change | None


def read(path: Path) -> Contents:
    """Read the file at *path*; a last line without an end was never told and does not count.

    Raises ``OSError`` or :class:`ConfigError`, which names file and line.
    """
    lines = path.read_bytes().split(b"\n")
    del lines[-1]
    if not lines:
        raise _unreadable(path, 1, "there is no heading")
    heading = _decoded(path, 1, lines[0], Heading)
    if heading.format != FORMAT:
        raise _unreadable(path, 1, f"format {heading.format} is not known to this version")
    changes = (_decoded(path, n, line, Change) for n, line in enumerate(lines[1:], 2))
    return Contents(heading, added_up(changes))


class KeptAccount:
    """The open file. :attr:`contents` is what it held; :meth:`write` takes every change."""

    log = Logger()

    def __init__(self, folder: Path, terms: Terms) -> None:
        """Take hold of the account in *folder*, or open one; raises :class:`ConfigError`."""
        self._path = folder / FILE
        self._encode = msgspec.json.Encoder().encode
        self._state: Callable[[], Change | None] = lambda: self.contents.state
        self._behind = False
        self._fd = self._lock = -1
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(folder / LOCK)
            is_new = not self._path.exists()
            self.contents = Contents(Heading.of(terms), None) if is_new else read(self._path)
            self._rewrite()
        except OSError as error:
            self.close()
            raise ConfigError([_unusable(folder, error)]) from error
        except ConfigError:
            self.close()
            raise

    @property
    def name(self) -> str:
        """Names the account."""
        return self.contents.heading.account

    def terms(self, wanted: Terms) -> Terms:
        """*wanted*, but what the account was opened with stays."""
        heading = self.contents.heading
        return replace(wanted, currency=heading.currency, native_brackets=heading.native_brackets)

    def follow(self, state: Callable[[], Change]) -> None:
        """*state* tells the whole of it from now on."""
        self._state = state

    def sign(self) -> None:
        """Say in the lock which process this is; it may be another than that which opened it."""
        os.pwrite(self._lock, b"%d\n" % os.getpid(), 0)

    def write(self, change: Change) -> None:
        """Append *change*; never raises.

        While that fails the account is behind, which is logged; with the first change that can be
        written again all of it is.
        """
        try:
            if self._behind:
                self._rewrite()
            else:
                self._append(self._encode(change) + b"\n")
        except OSError as error:
            if not self._behind:
                self.log.error(  # noqa: TRY400  (where in our code a disk is full helps nobody)
                    "the account cannot be kept in {path}: {reason}",
                    path=str(self._path),
                    reason=error.strerror or str(error),
                )
            self._behind = True
        else:
            if self._behind:
                self.log.info("the account is kept again")
                self._behind = False

    def close(self) -> None:
        """Let go of the file."""
        for fd in (self._fd, self._lock):
            if fd >= 0:
                os.close(fd)
        self._fd = self._lock = -1

    def _append(self, line: bytes) -> None:
        if os.write(self._fd, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._size += len(line)
        if self._size > self._limit:
            self._rewrite()

    def _rewrite(self) -> None:
        """Put a file in place that holds the state as it is, and nothing else."""
        state = self._state()
        new = self._path.with_suffix(".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(self._encode(self.contents.heading) + b"\n")
            if state is not None:
                file.writelines(self._encode(part) + b"\n" for part in _parts(state))
        fd = os.open(new, os.O_WRONLY | os.O_APPEND)
        new.replace(self._path)
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = fd
        self._size = os.fstat(fd).st_size
        self._limit = max(LARGEST, 8 * self._size)


def _parts(state: Change) -> Iterator[Change]:
    """*state* as changes of a length that one line may have."""
    yield replace(state, ended=(), trades=())
    bare = replace(state, ended=(), trades=(), orders=(), held=(), markets=())
    for first in range(0, len(state.ended), _PER_LINE):
        yield replace(bare, ended=state.ended[first : first + _PER_LINE])
    for first in range(0, len(state.trades), _PER_LINE):
        yield replace(bare, trades=state.trades[first : first + _PER_LINE])


def _locked(path: Path) -> int:
    """Keep others away by a lock that ends with the process; the file names who holds it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.read(fd, 20).decode(errors="replace").strip()
        holder = f"pid {pid}, which has its {path.name}" if pid else "unknown"
        os.close(fd)
        problem = (
            f"the state directory {path.parent} is in use by another gateway ({holder}); stop that"
            " one, or give this one a GATEWAY_STATE_DIR of its own"
        )
        raise ConfigError([problem]) from None
    os.ftruncate(fd, 0)
    return fd


def _unusable(folder: Path, error: OSError) -> str:
    """As the journal says it of the same directory (docs/journal.md)."""
    reasons = {errno.ENOSPC: "the disk is full", errno.EROFS: "the file system is read-only"}
    reason = reasons.get(error.errno or 0, error.strerror or str(error))
    return (
        f"the state directory {folder} cannot be used: {reason} ({FILE}); GATEWAY_STATE_DIR must"
        " be a directory that the gateway may write to"
    )


def _decoded(path: Path, number: int, line: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.MsgspecError, ValueError) as error:
        raise _unreadable(path, number, str(error)) from error


def _unreadable(path: Path, number: int, what: str) -> ConfigError:
    problem = (
        f"MOCK_ACCOUNT: {path}, line {number}: {what}. Nothing was changed. Move the file away to "
        "open a new account, or set MOCK_ACCOUNT=fresh"
    )
    return ConfigError([problem])
