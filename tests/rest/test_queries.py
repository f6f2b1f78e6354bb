"""Query strings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from tests.rest.memory import Gateway
from tradegw.errors import InvalidRequest, InvalidValue
from tradegw.model.account import TradeQuery
from tradegw.model.enums import OrderStatus, Side, Timeframe
from tradegw.model.market import BarQuery
from tradegw.model.order import OrderQuery
from tradegw.rest.queries import BulkQuery, QueryReader, percent_decoded

orders = QueryReader(OrderQuery)
bars = QueryReader(BarQuery)
trades = QueryReader(TradeQuery)

OPEN, FILLED = OrderStatus.OPEN, OrderStatus.FILLED


@pytest.mark.parametrize("raw", ["", "&", "&&", "unknown=1", "=", "symbol=", "status=,%20,", "a"])
def test_nothing_asked_for_is_no_filter(raw: str) -> None:
    assert orders.read(raw.encode()) == OrderQuery()


@pytest.mark.parametrize(
    "raw",
    [
        "status=OPEN,FILLED",
        "status=OPEN&status=FILLED",
        "status=open,,%20Filled%20,",
        "status=OPEN%2CFILLED",
        "status=&status=FILLED,OPEN",
    ],
)
def test_statuses_come_as_list_or_repeated_in_any_case(raw: str) -> None:
    assert orders.read(raw.encode()).status == frozenset({OPEN, FILLED})


def test_every_filter_arrives() -> None:
    raw = (
        "symbol=BTC%2FUSD&side=buy&client_order_id=a+b&oco_group_id=g%26h&limit=0"
        "&since=2025-01-15T10:30:00Z&until=2025-01-15T10:30:00.5%2B01:00"
    )
    assert orders.read(raw.encode()) == OrderQuery(
        symbol="BTC/USD",
        side=Side.BUY,
        client_order_id="a b",
        oco_group_id="g&h",
        limit=0,
        since=datetime(2025, 1, 15, 10, 30, tzinfo=UTC),
        until=datetime(2025, 1, 15, 9, 30, 0, 500_000, tzinfo=UTC),
    )


@pytest.mark.parametrize("limit", ["0", "1", "007", "4294967295"])
def test_a_limit_is_an_unsigned_32_bit_number(limit: str) -> None:
    assert trades.read(f"limit={limit}".encode()).limit == int(limit)


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ("limit=-1", "limit"),
        ("limit=1.0", "limit"),
        ("limit=4294967296", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("limit=%D9%A1", "limit"),
        ("limit=1_0", "limit"),
        ("limit=%2B1", "limit"),
        ("limit=1&limit=1", "limit"),
        ("status=OPEN,NEW", "status"),
        ("side=LONG", "side"),
        ("since=2025-01-15", "since"),
        ("since=2025-01-15T10:30:00", "since"),
        ("since=2025-01-15T10:30Z", "since"),
        ("since=2025-13-15T10:30:00Z", "since"),
        ("since=2025-01-15T24:00:00Z", "since"),
        ("since=2025-01-15T10:30:00%2B25:00", "since"),
        ("since=0001-01-01T00:00:00%2B01:00", "since"),
        ("since=now", "since"),
        ("since=1736937000", "since"),
        ("until=2025-01-15T10:30:00Z%00", "until"),
        ("symbol=%zz", "symbol"),
        ("symbol=%", "symbol"),
        ("symbol=%4", "symbol"),
        ("symbol=%FF", "symbol"),
        ("symbol=A&symbol=B", "symbol"),
        ("%zz=1", "%zz"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(gateway: Gateway, raw: str, field: str) -> None:
    client = gateway.connect()
    reply = client.ask("GET", f"/v1/orders?{raw}")
    assert (reply.status, reply.code, reply.field) == (400, "INVALID_REQUEST", field)
    assert gateway.calls == []
    assert client.ask("GET", "/v1/orders").status == 200


@pytest.mark.parametrize(
    "text",
    [
        "2025-01-15T10:30:00Z",
        "2025-01-15t10:30:00z",
        "2025-01-15 10:30:00Z",
        "2025-01-15T10:30:00UTC",
        "2025-01-15 10:30:00 UTC",
        "2025-01-15T10:30:00+00:00",
        "2025-01-15T10:30:00-00:00",
        "2025-01-15T12:30:00+0200",
        "2025-01-15T05:00:00-05:30",
        "2025-01-15T10:30:00.000000000Z",
        "2025-01-15T10:30:00.0Z",
    ],
)
def test_timestamps_are_read_in_every_spelling_of_rfc_3339(text: str) -> None:
    query = trades.read(f"since={quote(text)}".encode())
    assert query.since == datetime(2025, 1, 15, 10, 30, tzinfo=UTC)
    assert query.since.tzinfo is UTC


def test_a_plus_that_was_not_encoded_is_still_a_plus() -> None:
    query = trades.read(b"since=2025-01-15T12:30:00+02:00")
    assert query.since == datetime(2025, 1, 15, 10, 30, tzinfo=UTC)


def test_nanoseconds_are_cut_not_rounded() -> None:
    query = trades.read(b"since=2025-01-15T10:30:00.123456999Z")
    assert query.since == datetime(2025, 1, 15, 10, 30, 0, 123456, tzinfo=UTC)


# Hypothesis wants its bounds without a zone; the ends of the calendar are out of reach of UTC.
EARLY = datetime(2, 1, 1, tzinfo=UTC).replace(tzinfo=None)
LATE = datetime(9998, 12, 31, tzinfo=UTC).replace(tzinfo=None)
zones = st.integers(-23 * 60, 23 * 60).map(lambda m: timezone(timedelta(minutes=m)))


@given(st.datetimes(EARLY, LATE, timezones=zones))
def test_every_aware_time_survives_the_way_the_sdk_sends_it(moment: datetime) -> None:
    raw = urlencode({"start": moment.isoformat(), "timeframe": "1m"}).encode()
    assert bars.read(raw).start == moment


@pytest.mark.parametrize("timeframe", list(Timeframe))
def test_timeframes_are_read(timeframe: Timeframe) -> None:
    assert bars.read(f"timeframe={timeframe.value}".encode()).timeframe is timeframe


@pytest.mark.parametrize("raw", ["", "timeframe=", "timeframe=1M", "timeframe=3m", "limit=5"])
def test_bars_need_a_known_timeframe(gateway: Gateway, raw: str) -> None:
    reply = gateway.ask("GET", f"/v1/bars/AAPL?{raw}")
    assert (reply.status, reply.code, reply.field) == (400, "INVALID_REQUEST", "timeframe")


@pytest.mark.parametrize("path", ["/v1/orders", "/v1/positions"])
def test_an_empty_symbol_never_widens_a_bulk_call_to_everything(
    gateway: Gateway, path: str
) -> None:
    reply = gateway.ask("DELETE", f"{path}?symbol=")
    assert (reply.status, reply.code) == (400, "INVALID_VALUE")
    assert reply.json["details"] == {"field": "symbol", "provided": ""}
    assert gateway.calls == []


def test_a_bulk_call_takes_a_symbol_or_none() -> None:
    reader = QueryReader(BulkQuery)
    assert reader.read(b"symbol=BTC%2FUSD").symbol == "BTC/USD"
    assert reader.read(b"").symbol is None
    with pytest.raises(InvalidValue):
        reader.read(b"symbol")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_percent_decoding_undoes_percent_encoding(text: str) -> None:
    assert percent_decoded(quote(text, safe="").encode(), "f") == text


def test_text_is_decoded_once() -> None:
    assert percent_decoded(b"%2525", "f") == "%25"


def test_raw_utf8_is_taken_as_it_is() -> None:
    assert percent_decoded("€".encode(), "f") == "€"
    with pytest.raises(InvalidRequest):
        percent_decoded(b"\xe2\x82", "f")


def test_a_misspelt_symbol_of_a_bulk_call_is_refused_and_not_read_as_all() -> None:
    with pytest.raises(InvalidRequest) as refused:
        QueryReader(BulkQuery).read(b"symbl=AAPL")
    assert refused.value.details == {"field": "symbl"}


class Paged(Struct, kw_only=True):
    since: Annotated[int, Meta(ge=0, le=2**53 - 1)] | None = None
    limit: Annotated[int, Meta(ge=0, le=1000)] = 100


pages = QueryReader(Paged)


@pytest.mark.parametrize(
    ("raw", "since", "limit"),
    [
        ("", None, 100),
        ("since=0&limit=0", 0, 0),
        ("since=9007199254740991&limit=1000", 2**53 - 1, 1000),
        ("since=1736937000123", 1736937000123, 100),
    ],
)
def test_a_whole_number_may_be_as_large_as_its_type_says(
    raw: str, since: int | None, limit: int
) -> None:
    assert pages.read(raw.encode()) == Paged(since=since, limit=limit)


@pytest.mark.parametrize(
    "raw",
    ["since=9007199254740992", "since=", "since", "since=-1", "since=1&since=1", "limit=1001"],
)
def test_a_number_out_of_its_bounds_and_an_empty_one_are_refused(raw: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        pages.read(raw.encode())
    assert refused.value.details == {"field": raw.partition("=")[0]}
