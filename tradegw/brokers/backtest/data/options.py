"""What may be said of a data set beside its symbol, its kind and its file."""

from __future__ import annotations

import enum
from decimal import Decimal
from typing import Final

from msgspec import Struct

from ....model.enums import AssetClass, Timeframe
from ....model.money import ONE, is_sane
from .days import Calendar, Session
from .zones import zone


class Price(enum.StrEnum):
    """Which price single-price bars hold."""

    TRADE = "trade"
    MID = "mid"
    BID = "bid"
    ASK = "ask"


class Label(enum.StrEnum):
    """Which end of the bar its time stamp is."""

    START = "start"
    END = "end"


class Align(enum.StrEnum):
    """Where bars that are made of smaller ones begin."""

    EPOCH = "epoch"
    SESSION = "session"


class Options(Struct, frozen=True, kw_only=True):
    """Optional members of a data set; ``tick``, ``lot`` and ``min_qty`` are the instrument's.

    ``currency`` is the quote currency (``None``: the account's), ``fx`` the symbol whose price is
    account currency per quote currency, or its reciprocal as ``1/SYMBOL``. ``ValueError`` for what
    cannot be.
    """

    price: Price = Price.TRADE
    label: Label = Label.START
    tz: str = "UTC"
    session: str | None = None
    align: Align = Align.EPOCH
    asset_class: AssetClass = AssetClass.STOCK
    tick: Decimal | None = None
    lot: Decimal | None = None
    min_qty: Decimal | None = None
    multiplier: Decimal = ONE
    currency: str | None = None
    fx: str | None = None
    allow_negative: bool = False

    def __post_init__(self) -> None:
        for name in ("tick", "lot", "min_qty", "multiplier"):
            value: Decimal | None = getattr(self, name)
            if value is not None and not (is_sane(value) and value > 0):
                raise ValueError(f"{name} must be above zero")
        zone(self.tz)
        if self.session is not None:
            Session.parse(self.session)
        elif self.align is Align.SESSION:
            raise ValueError("align session needs a session such as 09:30-16:00")

    @property
    def calendar(self) -> Calendar:
        """The days and boundaries of its zone and session."""
        session = None if self.session is None else Session.parse(self.session)
        return Calendar(zone(self.tz), session, by_session=self.align is Align.SESSION)


QUOTES: Final = "quotes"
TRADES: Final = "trades"


class Item(Struct, frozen=True, kw_only=True):
    """One data set: *kind* is a timeframe's word, ``quotes`` or ``trades``."""

    symbol: str
    kind: str
    path: str
    options: Options = Options()

    def __post_init__(self) -> None:
        if not self.symbol:
            raise ValueError(f"{self.path}: a symbol is missing")
        if not self.path or "\0" in self.path:
            raise ValueError(f"{self.symbol}: the path is missing")
        if not is_kind(self.kind):
            words = ", ".join([*Timeframe, QUOTES, TRADES])
            raise ValueError(f"{self.symbol}: kind {self.kind!r} is none of {words}")

    @property
    def timeframe(self) -> Timeframe | None:
        """The length of its bars; ``None`` for quotes and trades."""
        return None if self.kind in (QUOTES, TRADES) else Timeframe(self.kind)

    @property
    def fineness(self) -> tuple[int, int]:
        """Sorts the data of one symbol: quotes, trades, short bars, long bars."""
        if self.timeframe is not None:
            return (2, self.timeframe.seconds)
        return (0 if self.kind == QUOTES else 1, 0)


def is_kind(word: str) -> bool:
    """Whether *word* tells what a file holds; exactly as it is written."""
    return word in (QUOTES, TRADES) or word in [frame.value for frame in Timeframe]


class Written(Options, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A data set as JSON has it."""

    symbol: str
    kind: str
    path: str

    def item(self) -> Item:
        """The same in two parts; raises ``ValueError``."""
        options = Options(**{name: getattr(self, name) for name in Options.__struct_fields__})
        return Item(symbol=self.symbol, kind=self.kind, path=self.path, options=options)
