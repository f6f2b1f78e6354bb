"""The closed vocabularies (protocol 1.3): clients break on a value they do not know."""

from __future__ import annotations

import enum

import pytest

from tradegw.model import enums, health
from tradegw.model.enums import (
    TERMINAL_STATUSES,
    WORKING_STATUSES,
    OrderEventKind,
    OrderStatus,
    Platform,
    PositionSide,
    Side,
    Timeframe,
    Word,
)

VOCABULARIES: dict[type[enum.Enum], str] = {
    enums.Side: "BUY SELL",
    enums.PositionSide: "LONG SHORT",
    enums.OrderType: "MARKET LIMIT STOP STOP_LIMIT TRAILING_STOP",
    enums.OrderStatus: "PENDING PENDING_CANCEL OPEN PARTIALLY_FILLED FILLED CANCELLED REJECTED"
    " EXPIRED",
    enums.TimeInForce: "GTC DAY IOC FOK",
    enums.TrailingType: "ABSOLUTE PERCENT",
    enums.MarginMode: "CROSS ISOLATED",
    enums.AssetClass: "STOCK FOREX CRYPTO FUTURES",
    enums.PositionMode: "NETTING HEDGING",
    enums.RejectReason: "INSUFFICIENT_MARGIN INSUFFICIENT_BALANCE INVALID_QUANTITY INVALID_PRICE"
    " SYMBOL_NOT_TRADEABLE MARKET_CLOSED REDUCE_ONLY_VIOLATED POST_ONLY_VIOLATED RATE_LIMITED"
    " UNKNOWN",
    enums.Timeframe: "1m 2m 5m 10m 15m 30m 1h 2h 4h 12h 1d 1w",
    enums.Platform: "alpaca-live alpaca-paper binance-live binance-testnet binance-futures-live"
    " binance-futures-testnet binance-margin-live binance-margin-testnet"
    " binance-coin-futures-live binance-coin-futures-testnet oanda-practice oanda-live saxo-sim"
    " saxo-live tektii mock backtest",
    enums.OrderEventKind: "ORDER_CREATED ORDER_MODIFIED ORDER_CANCELLED ORDER_REJECTED"
    " ORDER_FILLED ORDER_PARTIALLY_FILLED ORDER_EXPIRED BRACKET_ORDER_CREATED"
    " BRACKET_ORDER_MODIFIED",
    enums.PositionEventKind: "POSITION_OPENED POSITION_MODIFIED POSITION_CLOSED",
    enums.AccountEventKind: "BALANCE_UPDATED MARGIN_WARNING MARGIN_CALL",
    enums.TradeEventKind: "TRADE_FILLED",
    enums.ConnectionEventKind: "CONNECTED DISCONNECTING RECONNECTING BROKER_DISCONNECTED"
    " BROKER_RECONNECTED BROKER_CONNECTION_FAILED",
    enums.StalenessEventKind: "STALE FRESH",
    enums.RateLimitEventKind: "RATE_LIMIT_WARNING RATE_LIMIT_HIT",
    enums.AlertCode: "INVALID_MESSAGE INTERNAL_ERROR POSITION_UNPROTECTED LIQUIDATION"
    " OCO_DOUBLE_EXIT",
    enums.Unresolved: "unknown",
    health.OverallStatus: "connected degraded",
    health.BreakerState: "open closed",
}
WORDS = [kind for kind in VOCABULARIES if issubclass(kind, Word)]


@pytest.mark.parametrize("kind", VOCABULARIES, ids=lambda kind: kind.__name__)
def test_the_values_are_exactly_those_of_the_protocol(kind: type[enum.Enum]) -> None:
    assert [member.value for member in kind] == VOCABULARIES[kind].split()


def test_no_vocabulary_is_left_out() -> None:
    found = {
        kind
        for module in (enums, health)
        for kind in vars(module).values()
        if isinstance(kind, enum.EnumMeta) and kind.__module__ == module.__name__ and list(kind)
    }
    assert found == set(VOCABULARIES)


@pytest.mark.parametrize("kind", WORDS, ids=lambda kind: kind.__name__)
def test_api09_words_are_read_in_any_letter_case_and_written_in_one(kind: type[Word]) -> None:
    for member in kind:
        for text in (member.value, member.value.lower(), member.value.title()):
            assert kind(text) is member
        assert str(member) == f"{member}" == member.value


@pytest.mark.parametrize("kind", VOCABULARIES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("text", ["", "nothing", " BUY", 1, None])
def test_what_is_not_a_value_is_refused(kind: type[enum.Enum], text: object) -> None:
    with pytest.raises(ValueError, match="is not a valid"):
        kind(text)


@pytest.mark.parametrize(
    ("alias", "platform"),
    [
        ("binance-spot-live", Platform.BINANCE_LIVE),
        ("binance-spot-testnet", Platform.BINANCE_TESTNET),
    ],
)
def test_older_names_of_the_spot_platforms_are_read_but_not_written(
    alias: str, platform: Platform
) -> None:
    assert Platform(alias) is platform
    assert str(platform) != alias


@pytest.mark.parametrize("text", ["MOCK", "Alpaca-Paper", "BINANCE-SPOT-LIVE"])
def test_platforms_are_exact(text: str) -> None:
    with pytest.raises(ValueError, match="is not a valid"):
        Platform(text)


def test_every_status_is_either_working_or_terminal() -> None:
    assert {*TERMINAL_STATUSES, *WORKING_STATUSES} == set(OrderStatus)
    assert not TERMINAL_STATUSES & WORKING_STATUSES
    assert [status.value for status in OrderStatus if status.is_terminal] == [
        "FILLED",
        "CANCELLED",
        "REJECTED",
        "EXPIRED",
    ]


def test_sides_and_what_closes_them() -> None:
    assert (Side.BUY.opposite, Side.SELL.opposite) == (Side.SELL, Side.BUY)
    assert (Side.BUY.sign, Side.SELL.sign) == (1, -1)
    assert (PositionSide.LONG.closing, PositionSide.SHORT.closing) == (Side.SELL, Side.BUY)


def test_fills() -> None:
    assert [kind.value for kind in OrderEventKind if kind.is_fill] == [
        "ORDER_FILLED",
        "ORDER_PARTIALLY_FILLED",
    ]


def test_timeframes_know_their_length() -> None:
    assert [timeframe.seconds for timeframe in Timeframe] == [
        60,
        120,
        300,
        600,
        900,
        1800,
        3600,
        7200,
        14_400,
        43_200,
        86_400,
        604_800,
    ]
