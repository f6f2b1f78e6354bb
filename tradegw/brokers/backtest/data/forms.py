"""The three forms of ``BACKTEST_DATA``: items, a directory, JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import unquote

import msgspec

from .errors import DataError
from .options import Item, Written, is_kind

_ENDINGS: Final = (".csv", ".parquet")


def items(text: str) -> list[Item]:
    """The data sets that *text* names, in their order; raises ``DataError``.

    Paths are as they were written, or within the directory (of the JSON file) that was.
    """
    text = text.strip()
    found = _found(text)
    if not found:
        raise DataError("no data set is named")
    seen: dict[tuple[str, str], Item] = {}
    for item in found:
        other = seen.setdefault((item.symbol, item.kind), item)
        if other is not item:
            raise DataError(f"{item.path} holds the same of {item.symbol} as {other.path}")
    return found


def _found(text: str) -> list[Item]:
    path = Path(text)
    try:
        if text.startswith("["):
            return _of_json(text, None)
        if text and _is_directory(path):
            return _of_directory(path)
        if text.endswith(".json") and "=" not in text:
            return _of_json(path.read_text(encoding="utf-8-sig"), path.parent)
    except OSError as error:
        raise DataError(f"{text}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{text}: not a text in UTF-8") from error
    return [_of_words(words.strip()) for words in text.split(",") if words.strip()]


def _is_directory(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a long list of items is no name of anything
        return False


def _of_words(words: str) -> Item:
    """``SYMBOL@KIND=PATH``."""
    name, equals, path = words.partition("=")
    symbol, at, kind = name.rpartition("@")
    if not equals or not at:
        raise DataError(
            f"{words!r} is neither SYMBOL@KIND=PATH nor a directory, a JSON list or a .json file"
        )
    try:
        return Item(symbol=symbol.strip(), kind=kind.strip(), path=path.strip())
    except ValueError as error:
        raise DataError(f"{words!r}: {error}") from error


def _of_directory(directory: Path) -> list[Item]:
    """``<SYMBOL>.<KIND>[.anything].csv`` or ``.parquet``, by name; other files do not matter."""
    names = sorted(
        path.name
        for path in directory.iterdir()
        if path.suffix.lower() in _ENDINGS and not path.name.startswith(".")
    )
    if not names:
        raise DataError(f"{directory}: no file named SYMBOL.KIND.csv or SYMBOL.KIND.parquet")
    return [_of_name(directory, name) for name in names]


def _of_name(directory: Path, name: str) -> Item:
    parts = name.split(".")
    for place, part in enumerate(parts[1:-1], start=1):
        if is_kind(part):
            symbol = unquote(".".join(parts[:place]))
            return Item(symbol=symbol, kind=part, path=str(directory / name))
    raise DataError(
        f"{directory / name}: the name must say symbol and kind, as in GOOG.1d.csv, "
        "EURUSD.quotes.csv or IBM.trades.parquet"
    )


def _of_json(text: str, directory: Path | None) -> list[Item]:
    """A list of objects; relative paths begin in *directory*."""
    found: list[Item] = []
    try:
        listed = msgspec.json.decode(text, type=list[msgspec.Raw])
    except msgspec.MsgspecError as error:
        raise DataError(f"not a JSON list of data sets: {error}") from error
    for number, raw in enumerate(listed, start=1):
        try:
            item = msgspec.json.decode(raw, type=Written).item()
        except (msgspec.MsgspecError, ValueError) as error:
            raise DataError(f"data set {number}: {error}") from error
        path = item.path if directory is None else str(directory / item.path)
        found.append(msgspec.structs.replace(item, path=path))
    return found
