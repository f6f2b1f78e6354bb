"""How futures are set up: leverage and margin mode, position mode, addresses, limits, routes."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from tests.brokers.binance.stand import Notes
from tradegw.brokers.binance import limits
from tradegw.brokers.binance.config import read_settings
from tradegw.brokers.binance.futures import events, wire
from tradegw.brokers.binance.futures.footing import Footing
from tradegw.brokers.binance.futures.identity import Identity
from tradegw.brokers.binance.futures.instruments import Instruments
from tradegw.brokers.binance.futures.leverage import Leverages
from tradegw.brokers.binance.futures.prices import routed
from tradegw.brokers.binance.futures.venue import COIN_M, USD_M
from tradegw.brokers.binance.keys import shared
from tradegw.brokers.binance.readiness import Readiness
from tradegw.brokers.binance.signing import Signer
from tradegw.brokers.call import Call, Reply
from tradegw.config.problems import ConfigError
from tradegw.config.settings import Mode, Provider, Settings
from tradegw.errors import (
    GatewayError,
    InvalidValue,
    NotSent,
    OrderRejected,
    ProviderError,
    Unauthorized,
)
from tradegw.model.enums import MarginMode, Platform
from tradegw.model.limits import Lane
from tradegw.secrecy import Secret

from .payloads import request, symbol


class Exchange:
    def __init__(self) -> None:
        self.done: list[tuple[str, object]] = []
        self.error: GatewayError | None = None
        self.hedged = False
        self.rows: tuple[wire.Balance, ...] = ()

    async def set_leverage(self, name: str, leverage: int, lane: Lane) -> None:
        self.done.append((name, leverage))
        if self.error is not None:
            raise self.error

    async def set_margin_type(self, name: str, margin_type: str, lane: Lane) -> None:
        self.done.append((name, margin_type))
        if self.error is not None:
            raise self.error

    async def configs(self) -> tuple[wire.Config, ...]:
        return (wire.Config(symbol="SOLUSDT", margin_type="CROSSED", leverage=10),)

    async def is_hedged(self) -> bool:
        return self.hedged

    async def has_many_margins(self) -> bool:
        return False

    async def exchange_info(self) -> wire.ExchangeInfo:
        return wire.ExchangeInfo(symbols=(symbol(),))

    async def balances(self) -> tuple[wire.Balance, ...]:
        return self.rows


@pytest.fixture
def exchange() -> Any:
    return Exchange()


def outcome(work: Any) -> Any:
    found: list[Any] = []
    Deferred.fromCoroutine(work).addBoth(found.append)
    if hasattr(found[0], "value"):
        raise found[0].value
    return found[0]


def test_leverage_and_mode_are_set_before_the_order(exchange: Any) -> None:
    leverages = Leverages(exchange, USD_M)
    outcome(leverages.learn())
    wanted = request(leverage="25", margin_mode=MarginMode.ISOLATED)
    for _ in range(2):
        outcome(leverages.prepare(wanted, Lane.ENTRY))
    assert exchange.done == [("SOLUSDT", "ISOLATED"), ("SOLUSDT", 25), ("SOLUSDT", "ISOLATED")]
    assert leverages.of("SOLUSDT") == (Decimal(25), MarginMode.ISOLATED)


def test_leverage_that_is_so_already_is_left_alone(exchange: Any) -> None:
    leverages = Leverages(exchange, USD_M)
    outcome(leverages.learn())
    outcome(leverages.prepare(request(leverage="10"), Lane.ENTRY))
    outcome(leverages.prepare(request(), Lane.ENTRY))
    assert exchange.done == []


def test_no_need_to_change_is_a_success(exchange: Any) -> None:
    exchange.error = OrderRejected("No need to change", "-4046", {"unchanged": True})
    leverages = Leverages(exchange, USD_M)
    outcome(leverages.prepare(request(margin_mode=MarginMode.CROSS), Lane.ENTRY))
    assert leverages.of("SOLUSDT").mode is MarginMode.CROSS


def test_when_leverage_is_in_doubt_the_order_was_not_sent(exchange: Any) -> None:
    exchange.error = ProviderError("Binance failed", "binance")
    leverages = Leverages(exchange, USD_M)
    with pytest.raises(NotSent):
        outcome(leverages.prepare(request(leverage="25"), Lane.ENTRY))
    assert leverages.of("SOLUSDT").leverage is None


def test_a_refused_leverage_refuses_the_order(exchange: Any) -> None:
    exchange.error = InvalidValue("Leverage 150 is not valid", "leverage", None)
    with pytest.raises(InvalidValue):
        outcome(Leverages(exchange, USD_M).prepare(request(leverage="150"), Lane.ENTRY))


def test_leverage_that_was_set_elsewhere_is_known(exchange: Any) -> None:
    leverages = Leverages(exchange, USD_M)
    leverages.told(events.ConfigUpdate(ac=events.Leverage(s="SOLUSDT", l=7)))
    leverages.told(events.ConfigUpdate())
    assert leverages.of("SOLUSDT").leverage == Decimal(7)


def test_leverage_is_set_anew_after_the_stream_was_away(exchange: Any) -> None:
    leverages = Leverages(exchange, USD_M)
    outcome(leverages.learn())
    leverages.doubt()
    assert leverages.of("SOLUSDT").leverage == Decimal(10)
    for _ in range(2):
        outcome(leverages.prepare(request(leverage="10"), Lane.ENTRY))
    assert exchange.done == [("SOLUSDT", 10)]


def test_leverage_that_was_told_of_since_is_known_again(exchange: Any) -> None:
    leverages = Leverages(exchange, USD_M)
    outcome(leverages.learn())
    leverages.doubt()
    leverages.told(events.ConfigUpdate(ac=events.Leverage(s="SOLUSDT", l=10)))
    outcome(leverages.prepare(request(leverage="10"), Lane.ENTRY))
    assert exchange.done == []


def identified(exchange: Any, memory: Notes, code: str, product: str = "usd-m") -> None:
    exchange.rows = (wire.Balance(account_alias=code), wire.Balance(account_alias=code))
    outcome(Identity(exchange, memory, product).check())


def test_the_keys_of_another_account_are_refused(exchange: Any) -> None:
    memory = Notes()
    for _ in range(2):
        identified(exchange, memory, "SgsR")
    with pytest.raises(Unauthorized, match="another account"):
        identified(exchange, memory, "dbL")
    with pytest.raises(Unauthorized, match="another account"):
        identified(exchange, memory, "SgsR", "coin-m")
    identified(exchange, memory, "SgsR")


def test_an_account_that_has_no_code_is_not_refused(exchange: Any) -> None:
    memory = Notes()
    identified(exchange, memory, "")
    assert memory.values == {}


def ready(exchange: Any, *, hedging: bool) -> Readiness:
    meter = limits.Meter(lambda: datetime(2026, 1, 1, tzinfo=UTC), limits.FUTURES)
    leverages = Leverages(exchange, USD_M)
    instruments, identity = Instruments(Notes()), Identity(exchange, Notes(), "usd-m")
    footing = Footing(exchange, identity, instruments, leverages, meter, hedging=hedging)
    return Readiness(footing, Clock())


@pytest.mark.parametrize("hedging", [False, True])
def test_an_account_that_keeps_positions_otherwise_is_refused(exchange: Any, hedging: bool) -> None:
    exchange.hedged = not hedging
    readiness = ready(exchange, hedging=hedging)
    failures: list[Any] = []
    readiness.sure().addErrback(failures.append)
    assert isinstance(failures[0].value, Unauthorized)
    assert "BINANCE_POSITION_MODE" in failures[0].value.message
    exchange.hedged = hedging
    assert readiness.sure().result is None


def test_a_doubt_about_the_mode_is_looked_into(exchange: Any) -> None:
    readiness = ready(exchange, hedging=False)
    assert readiness.sure().result is None
    exchange.hedged = True
    assert readiness.sure().result is None
    readiness.doubt()
    failures: list[Any] = []
    readiness.sure().addErrback(failures.append)
    assert isinstance(failures[0].value, Unauthorized)


def configured(provider: Provider, mode: Mode = Mode.PAPER, **environ: str) -> Any:
    settings = Settings(
        provider=provider,
        platform=Platform.BINANCE_FUTURES_TESTNET,
        mode=mode,
        state_dir=Path("unused"),
    )
    keys = {"BINANCE_API_KEY": "key", "BINANCE_API_SECRET": "secret"}
    return read_settings({**keys, **environ}, settings)


@pytest.mark.parametrize(
    ("provider", "mode", "rest", "streams"),
    [
        (Provider.BINANCE_FUTURES, Mode.LIVE, "fapi.binance.com", "fstream.binance.com"),
        (
            Provider.BINANCE_FUTURES,
            Mode.PAPER,
            "demo-fapi.binance.com",
            "fstream.binancefuture.com",
        ),
        (Provider.BINANCE_COIN_FUTURES, Mode.LIVE, "dapi.binance.com", "dstream.binance.com"),
    ],
)
def test_where_futures_are(provider: Provider, mode: Mode, rest: str, streams: str) -> None:
    own = configured(provider, mode)
    assert (own.rest.host, own.streams.host) == (rest, streams)


def test_the_position_mode_is_a_setting_of_futures() -> None:
    own = configured(Provider.BINANCE_FUTURES, BINANCE_POSITION_MODE="hedging")
    assert own.hedging
    assert not configured(Provider.BINANCE_FUTURES).hedging
    for provider, value in ((Provider.BINANCE, "hedging"), (Provider.BINANCE_FUTURES, "both")):
        with pytest.raises(ConfigError):
            configured(provider, BINANCE_POSITION_MODE=value)


@pytest.mark.parametrize("host", ["fapi.binance.com", "dapi.binance.com", "api1.binance.com"])
def test_practice_never_goes_where_real_money_is(host: str) -> None:
    with pytest.raises(ConfigError):
        configured(Provider.BINANCE_FUTURES, BINANCE_BASE_URL=f"https://{host}")


def test_a_listen_key_is_asked_for_with_the_key_alone() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    signer = Signer(Secret("key"), shared(Secret("secret")), lambda: at, "/fapi/v1")
    call = signer.call(Call(method="POST", path="/fapi/v1/listenKey", lane=Lane.QUERY))
    assert call.query == ()
    assert call.headers == (("X-MBX-APIKEY", "key"),)
    whole = signer.call(Call(method="GET", path="/fapi/v3/account", lane=Lane.QUERY))
    assert whole.query[-1][0] == "signature"


def test_what_was_used_is_read_by_the_limits_of_futures() -> None:
    meter = limits.Meter(lambda: datetime(2026, 1, 1, tzinfo=UTC), limits.FUTURES)
    headers = {
        "x-mbx-used-weight-1m": "400",
        "x-mbx-order-count-10s": "7",
        "x-mbx-order-count-1m": "50",
        "x-mbx-order-count-1d": "50",
    }
    told = meter.read(Reply(status=200, headers=headers, body=b"{}"))
    assert {(each.limit, each.left) for each in told.readings} == {
        (limits.WEIGHT, 2000),
        (limits.ORDERS, 293),
        (limits.ORDERS_MINUTE, 1150),
    }


def test_each_stream_is_asked_for_where_it_is() -> None:
    names = ("solusdt@bookTicker", "solusdt@miniTicker", "solusdt@kline_1m")
    assert routed(names, USD_M) == {
        "/public/stream": ("solusdt@bookTicker",),
        "/market/stream": ("solusdt@miniTicker", "solusdt@kline_1m"),
    }
    assert routed(names, COIN_M) == {"/stream": names}
