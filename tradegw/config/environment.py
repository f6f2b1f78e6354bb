"""Environment variables read one by one, each against its limits; the faults are collected.

A broker's ``configure`` uses it as the gateway itself does::

    read = Environment(environ)
    seed = read.integer("MOCK_SEED", 42, minimum=0)
    key = read.secret("ALPACA_API_KEY")
    read.check()
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Final, TypeVar, overload

from ..secrecy import Secret
from .problems import ConfigError

D = TypeVar("D")

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})")
_TRUE: Final = frozenset({"true", "1", "yes", "on"})
_FALSE: Final = frozenset({"false", "0", "no", "off"})
_SHOWN: Final = 60


class Environment:
    """Reads variables; what is not allowed goes to :attr:`problems`, and the default is used.

    Space around a value is dropped, and an empty value counts as unset.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self.shown: dict[str, str] = {}
        """What was read so far, by variable, as it counts: given, or else the default."""

    def check(self) -> None:
        """Raise :class:`ConfigError` if anything read so far was wrong."""
        if self.problems:
            raise ConfigError(self.problems)

    def problem(self, text: str) -> None:
        """Note what is wrong; *text* names the variable and shows no secret."""
        self.problems.append(text)

    def warn(self, text: str) -> None:
        """Note what is odd but harmless; the daemon logs :attr:`warnings` when it starts."""
        self.warnings.append(text)

    @overload
    def text(self, name: str) -> str | None: ...
    @overload
    def text(self, name: str, default: D) -> str | D: ...
    def text(self, name: str, default: object = None) -> object:
        """The value of *name* as it stands."""
        value = self._environ.get(name, "").strip()
        self._show(name, value or default)
        return value or default

    @overload
    def integer(
        self, name: str, default: None, minimum: int | None = None, maximum: int | None = None
    ) -> int | None: ...
    @overload
    def integer(
        self, name: str, default: int, minimum: int | None = None, maximum: int | None = None
    ) -> int: ...
    def integer(
        self,
        name: str,
        default: int | None,
        minimum: int | None = None,
        maximum: int | None = None,
    ) -> int | None:
        """A whole number from *minimum* to *maximum*, both allowed."""
        value = self.text(name)
        if value is None:
            self._show(name, default)
            return default
        number = int(value) if _INTEGER.fullmatch(value) else None
        if number is None or _outside(number, minimum, None, maximum):
            self._refuse(name, value, "a whole number" + _limits(minimum, None, maximum))
            return default
        return number

    @overload
    def decimal(
        self,
        name: str,
        default: None,
        minimum: Decimal | int | None = None,
        above: Decimal | int | None = None,
        maximum: Decimal | int | None = None,
    ) -> Decimal | None: ...
    @overload
    def decimal(
        self,
        name: str,
        default: Decimal,
        minimum: Decimal | int | None = None,
        above: Decimal | int | None = None,
        maximum: Decimal | int | None = None,
    ) -> Decimal: ...
    def decimal(
        self,
        name: str,
        default: Decimal | None,
        minimum: Decimal | int | None = None,
        above: Decimal | int | None = None,
        maximum: Decimal | int | None = None,
    ) -> Decimal | None:
        """An exact number from *minimum*, or more than *above*, to *maximum*; no exponents."""
        value = self.text(name)
        if value is None:
            self._show(name, default)
            return default
        number = Decimal(value) if _DECIMAL.fullmatch(value) else None
        if number is None or _outside(number, minimum, above, maximum):
            self._refuse(name, value, "a number" + _limits(minimum, above, maximum))
            return default
        return number

    @overload
    def boolean(self, name: str, default: bool) -> bool: ...
    @overload
    def boolean(self, name: str, default: None) -> bool | None: ...
    def boolean(self, name: str, default: bool | None) -> bool | None:
        """``true``, ``1``, ``yes``, ``on`` or their opposites, in any case."""
        value = self.text(name)
        if value is None:
            self._show(name, default)
            return default
        if value.lower() in _TRUE:
            return True
        if value.lower() in _FALSE:
            return False
        self._refuse(name, value, "true or false")
        return default

    @overload
    def choice(self, name: str, default: str, choices: Collection[str]) -> str: ...
    @overload
    def choice(self, name: str, default: None, choices: Collection[str]) -> str | None: ...
    def choice(self, name: str, default: str | None, choices: Collection[str]) -> str | None:
        """One of *choices*, exactly as written there."""
        value = self.text(name)
        if value is None:
            self._show(name, default)
            return default
        if value in choices:
            return value
        self._refuse(name, value, "one of " + ", ".join(choices))
        return default

    def secret(self, name: str) -> Secret | None:
        """A value that never prints itself."""
        value = self.text(name)
        self._show(name, None if value is None else "set")
        return None if value is None else Secret(value)

    def _show(self, name: str, value: object) -> None:
        text = "none" if value is None else str(value)
        self.shown[name] = text.lower() if isinstance(value, bool) else text

    def _refuse(self, name: str, value: str, allowed: str) -> None:
        shown = value if len(value) <= _SHOWN else value[:_SHOWN] + "..."
        self.problem(f"{name} must be {allowed}, not {shown!r}")


def _outside(
    number: Decimal | int,
    minimum: Decimal | int | None,
    above: Decimal | int | None,
    maximum: Decimal | int | None,
) -> bool:
    return (
        (minimum is not None and number < minimum)
        or (above is not None and number <= above)
        or (maximum is not None and number > maximum)
    )


def _limits(
    minimum: Decimal | int | None, above: Decimal | int | None, maximum: Decimal | int | None
) -> str:
    lower = f"of at least {minimum}" if minimum is not None else ""
    if above is not None:
        lower = f"above {above}"
    upper = f"at most {maximum}" if maximum is not None else ""
    between = " and " if lower and upper else ""
    return f" {lower}{between}{upper}" if lower or upper else ""
