"""The closed vocabularies of the Trading API (protocol section 1.3).

Names are accepted in any letter case and written in their canonical spelling. Clients break on
values they do not know: never add one to an existing enum.
"""

from __future__ import annotations

import enum


class Word(enum.StrEnum):
    """An enum whose members are read in any letter case."""

    @classmethod
    def _missing_(cls, value: object) -> Word | None:
        if not isinstance(value, str):
            return None
        found = cls._value2member_map_.get(value.upper())  # the values are upper case
        return found if isinstance(found, Word) else None


class Side(Word):
    BUY = "BUY"
    SELL = "SELL"

    @property
    def opposite(self) -> Side:
        return Side.SELL if self is Side.BUY else Side.BUY

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self is Side.BUY else -1


class PositionSide(Word):
    LONG = "LONG"
    SHORT = "SHORT"

    @property
    def closing(self) -> Side:
        """The order side that reduces such a position."""
        return Side.SELL if self is PositionSide.LONG else Side.BUY


class OrderType(Word):
    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP = "STOP"
    STOP_LIMIT = "STOP_LIMIT"
    TRAILING_STOP = "TRAILING_STOP"


class OrderStatus(Word):
    PENDING = "PENDING"
    PENDING_CANCEL = "PENDING_CANCEL"
    OPEN = "OPEN"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"

    @property
    def is_terminal(self) -> bool:
        return self in TERMINAL_STATUSES


TERMINAL_STATUSES = frozenset(
    {OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.EXPIRED}
)
WORKING_STATUSES = frozenset(OrderStatus) - TERMINAL_STATUSES


class TimeInForce(Word):
    GTC = "GTC"
    DAY = "DAY"
    IOC = "IOC"
    FOK = "FOK"


class TrailingType(Word):
    ABSOLUTE = "ABSOLUTE"
    PERCENT = "PERCENT"


class MarginMode(Word):
    CROSS = "CROSS"
    ISOLATED = "ISOLATED"


class AssetClass(Word):
    STOCK = "STOCK"
    FOREX = "FOREX"
    CRYPTO = "CRYPTO"
    FUTURES = "FUTURES"


class PositionMode(Word):
    NETTING = "NETTING"
    HEDGING = "HEDGING"


class RejectReason(Word):
    INSUFFICIENT_MARGIN = "INSUFFICIENT_MARGIN"
    INSUFFICIENT_BALANCE = "INSUFFICIENT_BALANCE"
    INVALID_QUANTITY = "INVALID_QUANTITY"
    INVALID_PRICE = "INVALID_PRICE"
    SYMBOL_NOT_TRADEABLE = "SYMBOL_NOT_TRADEABLE"
    MARKET_CLOSED = "MARKET_CLOSED"
    REDUCE_ONLY_VIOLATED = "REDUCE_ONLY_VIOLATED"
    POST_ONLY_VIOLATED = "POST_ONLY_VIOLATED"
    RATE_LIMITED = "RATE_LIMITED"
    UNKNOWN = "UNKNOWN"


class Timeframe(enum.StrEnum):
    """Bar lengths; spelled exactly, ``1m`` and ``1M`` are not the same."""

    M1 = "1m"
    M2 = "2m"
    M5 = "5m"
    M10 = "10m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    H2 = "2h"
    H4 = "4h"
    H12 = "12h"
    D1 = "1d"
    W1 = "1w"

    @property
    def seconds(self) -> int:
        return int(self.value[:-1]) * _UNIT_SECONDS[self.value[-1]]


_UNIT_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class Platform(enum.StrEnum):
    """A concrete broker and environment, exact kebab case (protocol section 6)."""

    ALPACA_LIVE = "alpaca-live"
    ALPACA_PAPER = "alpaca-paper"
    BINANCE_LIVE = "binance-live"
    BINANCE_TESTNET = "binance-testnet"
    BINANCE_FUTURES_LIVE = "binance-futures-live"
    BINANCE_FUTURES_TESTNET = "binance-futures-testnet"
    BINANCE_MARGIN_LIVE = "binance-margin-live"
    BINANCE_MARGIN_TESTNET = "binance-margin-testnet"
    BINANCE_COIN_FUTURES_LIVE = "binance-coin-futures-live"
    BINANCE_COIN_FUTURES_TESTNET = "binance-coin-futures-testnet"
    OANDA_PRACTICE = "oanda-practice"
    OANDA_LIVE = "oanda-live"
    SAXO_SIM = "saxo-sim"
    SAXO_LIVE = "saxo-live"
    TEKTII = "tektii"
    MOCK = "mock"
    BACKTEST = "backtest"

    @classmethod
    def _missing_(cls, value: object) -> Platform | None:
        """Accept the older spellings of the Binance spot platforms."""
        aliases = {
            "binance-spot-live": cls.BINANCE_LIVE,
            "binance-spot-testnet": cls.BINANCE_TESTNET,
        }
        return aliases.get(value) if isinstance(value, str) else None


class OrderEventKind(Word):
    CREATED = "ORDER_CREATED"
    MODIFIED = "ORDER_MODIFIED"
    CANCELLED = "ORDER_CANCELLED"
    REJECTED = "ORDER_REJECTED"
    FILLED = "ORDER_FILLED"
    PARTIALLY_FILLED = "ORDER_PARTIALLY_FILLED"
    EXPIRED = "ORDER_EXPIRED"
    BRACKET_CREATED = "BRACKET_ORDER_CREATED"
    BRACKET_MODIFIED = "BRACKET_ORDER_MODIFIED"

    @property
    def is_fill(self) -> bool:
        return self in (OrderEventKind.FILLED, OrderEventKind.PARTIALLY_FILLED)


class PositionEventKind(Word):
    OPENED = "POSITION_OPENED"
    MODIFIED = "POSITION_MODIFIED"
    CLOSED = "POSITION_CLOSED"


class AccountEventKind(Word):
    BALANCE_UPDATED = "BALANCE_UPDATED"
    MARGIN_WARNING = "MARGIN_WARNING"
    MARGIN_CALL = "MARGIN_CALL"


class TradeEventKind(Word):
    FILLED = "TRADE_FILLED"


class ConnectionEventKind(Word):
    CONNECTED = "CONNECTED"
    DISCONNECTING = "DISCONNECTING"
    RECONNECTING = "RECONNECTING"
    BROKER_DISCONNECTED = "BROKER_DISCONNECTED"
    BROKER_RECONNECTED = "BROKER_RECONNECTED"
    BROKER_CONNECTION_FAILED = "BROKER_CONNECTION_FAILED"


class StalenessEventKind(Word):
    STALE = "STALE"
    FRESH = "FRESH"


class RateLimitEventKind(Word):
    WARNING = "RATE_LIMIT_WARNING"
    HIT = "RATE_LIMIT_HIT"


class AlertCode(Word):
    INVALID_MESSAGE = "INVALID_MESSAGE"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    POSITION_UNPROTECTED = "POSITION_UNPROTECTED"
    LIQUIDATION = "LIQUIDATION"
    OCO_DOUBLE_EXIT = "OCO_DOUBLE_EXIT"


class Unresolved(enum.StrEnum):
    """Said where nobody can know yet what became of a request; absent where it is known."""

    UNKNOWN = "unknown"
