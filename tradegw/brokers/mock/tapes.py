"""The files of ``MOCK_TAPE``: what their names say, and whether they can be read to the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

from msgspec import Struct

from ...model.enums import Timeframe
from ...simulator.tape import Kind, Row, Tape, TapeError


class TapeFile(Struct, frozen=True, kw_only=True):
    """A tape that was read once from end to end and found good."""

    path: Path
    symbol: str
    kind: Kind
    timeframe: Timeframe | None
    first: datetime
    rows: int

    @property
    def fineness(self) -> tuple[int, int]:
        """Sorts the tapes of a symbol: quotes, trades, short bars, long bars."""
        if self.timeframe is not None:
            return (2, self.timeframe.seconds)
        return (0 if self.kind is Kind.QUOTES else 1, 0)

    def rows_again(self) -> Iterator[Row]:
        """The rows, read as they are needed; raises :class:`TapeError` if the file was changed."""
        for row, _tape in _read(self.path, self.symbol, self.timeframe):
            yield row


def find_tapes(names: Sequence[str]) -> tuple[list[TapeFile], list[str]]:
    """Check the files *names*; the good ones, and what is wrong with the others."""
    tapes: list[TapeFile] = []
    problems: list[str] = []
    seen: dict[tuple[str, tuple[int, int]], Path] = {}
    for name in names:
        try:
            tape = _checked(Path(name).absolute())
        except TapeError as error:
            problems.append(str(error))
            continue
        other = seen.setdefault((tape.symbol, tape.fineness), tape.path)
        if other is not tape.path:
            problems.append(f"{name} holds the same of {tape.symbol} as {other.name}")
        tapes.append(tape)
    return tapes, problems


def _checked(path: Path) -> TapeFile:
    symbol, timeframe = _named(path)
    first: datetime | None = None
    rows = 0
    tape: Tape | None = None
    for row, tape in _read(path, symbol, timeframe):  # noqa: B007  (it is the same in every turn)
        first = first or row.time
        rows += 1
    if first is None or tape is None:
        raise TapeError(f"{path.name}: no rows")
    return TapeFile(
        path=path,
        symbol=symbol,
        kind=tape.kind,
        timeframe=timeframe if tape.kind is Kind.BARS else None,
        first=first,
        rows=rows,
    )


def _named(path: Path) -> tuple[str, Timeframe | None]:
    """``EUR%2FUSD.1m.bidask.csv`` holds EUR/USD, in bars of a minute if it holds bars."""
    parts = path.name.split(".")
    symbol = unquote(parts[0])
    if not symbol:
        raise TapeError(f"{path.name}: the file's name must begin with its symbol")
    words = [frame for frame in Timeframe if frame.value == parts[1]] if len(parts) > 1 else []
    return symbol, words[0] if words else None


def _read(path: Path, symbol: str, timeframe: Timeframe | None) -> Iterator[tuple[Row, Tape]]:
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            tape = Tape(lines, path.name, symbol, timeframe)
            for row in tape:
                yield row, tape
    except OSError as error:
        raise TapeError(f"{path.name}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise TapeError(f"{path.name}: not a text in UTF-8") from error
