"""What the account's stream of futures tells, letter by letter as Binance has it."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from msgspec import Struct

from ....model.money import ZERO
from . import wire


class OrderNews(Struct, frozen=True, kw_only=True):
    """What happened to an ordinary order; ``n`` and ``N`` are only there on fills."""

    s: str
    i: int
    x: str
    X: str
    c: str = ""
    S: str = ""
    o: str = ""
    ot: str = ""
    f: str = ""
    q: Decimal = ZERO
    p: Decimal = ZERO
    ap: Decimal = ZERO
    sp: Decimal = ZERO
    l: Decimal = ZERO  # noqa: E741  (its name on the wire)
    z: Decimal = ZERO
    L: Decimal = ZERO
    n: Decimal | None = None
    N: str | None = None
    T: int = 0
    t: int = 0
    m: bool | None = None
    R: bool = False
    ps: str = "BOTH"
    cp: bool = False
    er: str | int | None = None

    def order(self) -> wire.Order:
        """As a call would show it."""
        return wire.Order(
            symbol=self.s,
            order_id=self.i,
            client_order_id=self.c,
            status=self.X,
            side=self.S,
            position_side=self.ps,
            type=self.o,
            orig_type=self.ot,
            time_in_force=self.f,
            price=self.p,
            stop_price=self.sp,
            orig_qty=self.q,
            executed_qty=self.z,
            avg_price=self.ap,
            reduce_only=self.R,
            close_position=self.cp,
            update_time=self.T,
        )


class OrderUpdate(Struct, frozen=True, kw_only=True):
    """``ORDER_TRADE_UPDATE``."""

    o: OrderNews
    E: int = 0
    T: int = 0


class AlgoNews(Struct, frozen=True, kw_only=True):
    """What happened to an order that waits for a price."""

    aid: int
    s: str
    X: str
    caid: str = ""
    o: str = ""
    S: str = ""
    ps: str = "BOTH"
    f: str = ""
    q: Decimal = ZERO
    ai: int | None = None
    ap: Decimal = ZERO
    aq: Decimal = ZERO
    tp: Decimal = ZERO
    p: Decimal = ZERO
    cr: Decimal = ZERO
    cp: bool = False
    R: bool = False
    rm: str = ""

    def algo(self, at: int) -> wire.Algo:
        """As a call would show it, new or changed *at* that time."""
        return wire.Algo(
            algo_id=self.aid,
            symbol=self.s,
            client_algo_id=self.caid,
            order_type=self.o,
            side=self.S,
            position_side=self.ps,
            time_in_force=self.f,
            quantity=self.q,
            algo_status=self.X,
            trigger_price=self.tp,
            price=self.p,
            close_position=self.cp,
            reduce_only=self.R,
            callback_rate=self.cr,
            actual_order_id=self.ai,
            actual_price=self.ap,
            actual_qty=self.aq,
            create_time=at,
            update_time=at,
            reject_reason=self.rm,
        )


class AlgoUpdate(Struct, frozen=True, kw_only=True):
    """``ALGO_UPDATE``."""

    o: AlgoNews
    E: int = 0
    T: int = 0


class Balance(Struct, frozen=True, kw_only=True):
    """Of one asset: what there is, and ``bc``, what came or went but for gains and fees."""

    a: str
    wb: Decimal = ZERO
    bc: Decimal = ZERO


class Held(Struct, frozen=True, kw_only=True):
    """A position: signed amount, entry price, gain; it is over at nought."""

    s: str
    pa: Decimal = ZERO
    ep: Decimal = ZERO
    up: Decimal = ZERO
    cr: Decimal = ZERO
    mt: str = ""
    ps: str = "BOTH"


class Change(Struct, frozen=True, kw_only=True):
    """Why, and only what is another by now."""

    m: str = ""
    B: tuple[Balance, ...] = ()
    P: tuple[Held, ...] = ()


class AccountUpdate(Struct, frozen=True, kw_only=True):
    """``ACCOUNT_UPDATE``."""

    a: Change
    E: int = 0
    T: int = 0


class Leverage(Struct, frozen=True, kw_only=True):
    """What the leverage of a symbol was set to."""

    s: str
    l: int = 0  # noqa: E741  (its name on the wire)


class ConfigUpdate(Struct, frozen=True, kw_only=True):
    """``ACCOUNT_CONFIG_UPDATE``; ``ac`` is absent where something else was set."""

    ac: Leverage | None = None


class Kind(Struct, frozen=True):
    """What an event is; in an answer to a request there is none. Combined streams wrap it."""

    e: str = ""
    data: msgspec.Raw = msgspec.Raw(b"")
