"""Writing files so that each is whole or not there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

Content: TypeAlias = Callable[[], Iterable[str]]


class ReportError(Exception):
    """Files of a report could not be written; the message names them and says why."""


def write_all(directory: Path, contents: Mapping[str, Content]) -> None:
    """Write every file of *contents* (name to its text, in pieces) into *directory*.

    A file is written beside its place, made durable, and moved there: an older one stays as it is
    until then. If one fails the others are written all the same, then :class:`ReportError` is
    raised. Nothing is left behind of what failed.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReportError(f"{directory} cannot be made: {_reason(error)}") from error
    problems: list[str] = []
    for name, content in contents.items():
        try:
            _write(directory / name, content())
        except OSError as error:
            problems.append(f"{directory / name} cannot be written: {_reason(error)}")
    try:
        _sync_directory(directory)
    except OSError as error:
        problems.append(f"{directory} cannot be made durable: {_reason(error)}")
    if problems:
        raise ReportError("; ".join(problems))


def _write(path: Path, pieces: Iterable[str]) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(descriptor, "w", encoding="utf-8", errors="replace", newline="") as file:  # noqa: PTH123  (of a descriptor)
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
