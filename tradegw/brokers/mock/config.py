"""The mock broker's settings, from the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from ...config.environment import Environment
from ...config.settings import Settings
from ...model.enums import Platform
from ...model.money import ONE, ZERO
from ...model.subscription import EVERYTHING
from ...simulator.costs import Commission
from ...simulator.slippage import Slippage
from ...simulator.terms import Terms
from .chaos import Chaos
from .tapes import TapeFile, find_tapes

SEED: Final = 42
TICK_MS: Final = 500
_CURRENCY: Final = re.compile(r"[A-Z]{3,8}")
_RATIO: Final = re.compile(r"0?\.[0-9]{1,9}")


class MockSettings(Struct, frozen=True, kw_only=True):
    """*tapes* are empty for a random walk; *warnings* are to be logged at the start. *variables*
    are what all this was read from.

    *kept*: the account goes on where it was when the gateway last ran.
    """

    seed: int = SEED
    tick_ms: int = TICK_MS
    tapes: tuple[TapeFile, ...] = ()
    tape_speed: Decimal = ONE
    kept: bool = True
    chaos: Chaos | None = None
    terms: Terms = Terms(position_prefix="mock-pos-")
    warnings: tuple[str, ...] = ()
    variables: dict[str, str] = {}


def read_settings(environ: Mapping[str, str], settings: Settings) -> MockSettings:
    """Read the ``MOCK_`` variables, and the tapes they name from end to end.

    Raises :class:`ConfigError` with everything that is wrong. A bad ``MOCK_PARTIAL_FILL_RATIO`` is
    only warned of, as it always was.
    """
    read = Environment(environ)
    tapes = _tapes(read)
    life = read.choice("MOCK_ACCOUNT", "fresh" if tapes else "kept", ("kept", "fresh"))
    found = MockSettings(
        seed=read.integer("MOCK_SEED", SEED),
        tick_ms=read.integer("MOCK_TICK_MS", TICK_MS, minimum=1, maximum=3_600_000),
        tapes=tapes,
        tape_speed=read.decimal("MOCK_TAPE_SPEED", ONE, above=0, maximum=1_000_000),
        kept=life == "kept",
        chaos=_chaos(read),
        terms=Terms(
            cash=read.decimal("MOCK_CASH", Decimal(100_000), above=0, maximum=10**12),
            currency=_currency(read),
            leverage=read.decimal("MOCK_LEVERAGE", ONE, minimum=ONE, maximum=1000),
            commission=_commission(read),
            slippage=Slippage(read.decimal("MOCK_SLIPPAGE_BPS", ZERO, minimum=0, maximum=5000)),
            volume_limit=read.decimal("MOCK_VOLUME_LIMIT", ZERO, minimum=0, maximum=1),
            partial_ratio=_partial_ratio(read),
            native_brackets=read.boolean("MOCK_NATIVE_BRACKETS", default=False),
            exits_hold_quantity=read.boolean("MOCK_EXITS_HOLD_QUANTITY", default=False),
            one_exit=read.boolean("MOCK_ONE_EXIT", default=False),
            position_prefix="mock-pos-",
        ),
    )
    _warn_of_silence(read, found, settings)
    read.check()
    return replace(found, warnings=tuple(read.warnings), variables=read.shown)


def _tapes(read: Environment) -> tuple[TapeFile, ...]:
    names = read.text("MOCK_TAPE")
    if names is None:
        return ()
    tapes, problems = find_tapes([name.strip() for name in names.split(",") if name.strip()])
    for problem in problems:
        read.problem(f"MOCK_TAPE: {problem}")
    return tuple(tapes)


def _currency(read: Environment) -> str:
    currency = read.text("MOCK_CURRENCY", "USD")
    if not _CURRENCY.fullmatch(currency):
        read.problem(f"MOCK_CURRENCY must be a code such as USD, not {currency[:20]!r}")
    return currency


def _commission(read: Environment) -> Commission:
    text = read.text("MOCK_COMMISSION", "0")
    try:
        return Commission.parse(text)
    except ValueError as error:
        read.problem(f"MOCK_COMMISSION cannot be read: {error}")
        return Commission()


def _chaos(read: Environment) -> Chaos | None:
    text = read.text("MOCK_CHAOS")
    if text is None:
        return None
    try:
        chaos = Chaos.parse(text)
    except ValueError as error:
        read.problem(f"MOCK_CHAOS cannot be read: {error}")
        return None
    read.warn("MOCK_CHAOS is on: the simulated broker makes mistakes on purpose")
    return chaos


def _partial_ratio(read: Environment) -> Decimal | None:
    text = read.text("MOCK_PARTIAL_FILL_RATIO")
    if text is None:
        return None
    if _RATIO.fullmatch(text) and Decimal(text):
        return Decimal(text)
    read.warn(
        f"MOCK_PARTIAL_FILL_RATIO must be between 0 and 1, both excluded; {text[:20]!r} is ignored"
    )
    return None


def _warn_of_silence(read: Environment, found: MockSettings, settings: Settings) -> None:
    """Warn of subscriptions that no tape will ever serve."""
    if not found.tapes:
        return
    symbols = {tape.symbol for tape in found.tapes}
    for subscription in settings.subscriptions:
        wanted = subscription.instrument
        if subscription.platform is Platform.MOCK and wanted not in (EVERYTHING, *symbols):
            read.warn(f"SUBSCRIPTIONS asks for {wanted}, which no tape of MOCK_TAPE holds")
