"""Every form of time stamp, zones, and the days on which clocks change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.brokers.backtest.data.files import Folder, at
from tradegw.brokers.backtest.data.errors import BadRow
from tradegw.brokers.backtest.data.stamps import Stamps, bound
from tradegw.brokers.backtest.data.zones import micros, moment, zone

NEW_YORK = "America/New_York"
NOON = at("2024-01-02 12:00")


def read(*cells: str, tz: str = "UTC", strict: bool = True) -> list[str]:
    stamps = Stamps(zone(tz), strict=strict).texts(cells)
    return [moment(stamp).isoformat() for stamp in stamps]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-02T12:00:00Z", "2024-01-02T12:00:00+00:00"),
        ("2024-01-02T12:00:00.022Z", "2024-01-02T12:00:00.022000+00:00"),
        ("2024-01-02T12:00:00.123456789Z", "2024-01-02T12:00:00.123456+00:00"),
        ("2024-01-02T12:00:00+02:00", "2024-01-02T10:00:00+00:00"),
        ("2024-01-02 12:00:00-05:00", "2024-01-02T17:00:00+00:00"),
        ("2024-01-02", "2024-01-02T00:00:00+00:00"),
        ("2024-01-02 12:34", "2024-01-02T12:34:00+00:00"),
        ("2024-01-02 12:34:56", "2024-01-02T12:34:56+00:00"),
        (" 2024-01-02 12:34:56.5 ", "2024-01-02T12:34:56.500000+00:00"),
        ("1704196800", "2024-01-02T12:00:00+00:00"),
        ("1704196800022", "2024-01-02T12:00:00.022000+00:00"),
        ("1704196800022033", "2024-01-02T12:00:00.022033+00:00"),
        ("1704196800022033999", "2024-01-02T12:00:00.022033+00:00"),
        ("-86400", "1969-12-31T00:00:00+00:00"),
    ],
)
def test_a_stamp_of_each_form(text: str, expected: str) -> None:
    assert read(text) == [expected]


@pytest.mark.parametrize(
    ("cells", "index", "what"),
    [
        (["2024-01-02", "yesterday"], 1, "'yesterday' is not a time stamp"),
        (["2024-01-02", ""], 1, "the time stamp is empty"),
        (["", "2024-01-02"], 0, "the time stamp is empty"),
        (["2024-02-30"], 0, "is not a time stamp"),
        (["2024-01-02T00:00:00Z", "2024-01-02T00:00:01"], 1, "some time stamps have a zone"),
        (["2024-01-02T00:00:00", "2024-01-02T00:00:01Z"], 1, "some time stamps have a zone"),
        (["1704196800", "1704196801.5"], 1, "'1704196801.5' is not a time stamp"),
        (["20240102"], 0, "20240102 may be a date or seconds"),
        (["0001-01-01"], 0, "not of this age"),
        (["2024-01-01", "9999-01-01"], 1, "not of this age"),
        (["99999999999999999"], 0, "not of this age"),
    ],
)
def test_what_is_no_stamp_is_found(cells: list[str], index: int, what: str) -> None:
    with pytest.raises(BadRow, match=what) as bad:
        read(*cells)
    assert bad.value.index == index


@pytest.mark.parametrize("cell", ["9999-12-31", "0001-01-01", "0001-01-01T00:00:00+14:00"])
def test_the_ends_of_the_calendar_are_not_of_this_age_in_any_zone(cell: str) -> None:
    with pytest.raises(BadRow, match="not of this age"):
        read(cell, tz=NEW_YORK)


@pytest.mark.parametrize("name", ["", "America", "../UTC", "UTC/x", "Mars/Olympus"])
def test_what_is_no_zone(name: str) -> None:
    with pytest.raises(ValueError, match="is not a time zone"):
        zone(name)


def test_stamps_without_a_zone_are_of_the_zone_that_is_said() -> None:
    assert read("2024-01-02 09:30", "2024-07-02 09:30", tz=NEW_YORK) == [
        "2024-01-02T14:30:00+00:00",
        "2024-07-02T13:30:00+00:00",
    ]
    assert read("2024-01-02T09:30:00Z", tz=NEW_YORK) == ["2024-01-02T09:30:00+00:00"]


def test_an_hour_that_a_clock_change_repeats_is_told_twice() -> None:
    shown = ["2024-11-03 00:30", "2024-11-03 01:00", "2024-11-03 01:30"]
    shown += ["2024-11-03 01:00", "2024-11-03 01:30", "2024-11-03 02:00"]
    hours = [text[11:16] for text in read(*shown, tz=NEW_YORK)]
    assert hours == ["04:30", "05:00", "05:30", "06:00", "06:30", "07:00"]
    hourly = read("2024-11-03 01:00", "2024-11-03 01:00", tz=NEW_YORK)
    assert [text[11:16] for text in hourly] == ["05:00", "06:00"]
    ticks = read("2024-11-03 01:00", "2024-11-03 01:00", tz=NEW_YORK, strict=False)
    assert [text[11:16] for text in ticks] == ["05:00", "05:00"]


def test_a_stamp_that_a_clock_change_leaves_out_shows_that_the_zone_is_wrong() -> None:
    with pytest.raises(BadRow, match="there was no 2024-03-10T02:30:00 in America/New_York"):
        read("2024-03-10 01:30", "2024-03-10 02:30", tz=NEW_YORK)


@given(st.integers(0, 3_000_000_000), st.sampled_from([NEW_YORK, "Europe/Berlin", "Asia/Tokyo"]))
def test_the_wall_clock_of_a_zone_is_read_back(seconds: int, tz: str) -> None:
    here = moment(seconds * 1_000_000)
    there = here.astimezone(zone(tz))
    again = there.replace(fold=0).astimezone(zone("UTC"))
    assert read(f"{there:%Y-%m-%d %H:%M:%S}", tz=tz) == [again.isoformat()]


@given(st.integers(micros(at("1974-01-01")), micros(at("2200-01-01"))))
def test_integers_are_told_apart_by_their_size(instant: int) -> None:
    stamps = Stamps(zone("UTC"), strict=True)
    assert stamps.counted([instant]) == [instant]
    assert stamps.counted([instant * 1000]) == [instant]
    assert stamps.counted([instant // 1000]) == [instant // 1000 * 1000]
    second = instant // 1_000_000
    if not 19_000_000 <= second < 22_000_000:
        assert stamps.counted([second]) == [second * 1_000_000]


def test_the_bounds_of_a_run() -> None:
    assert bound("2024-01-02") == at("2024-01-02")
    assert bound("2024-01-02", closing=True) == at("2024-01-03")
    assert bound("2024-01-02T12:00:00Z", closing=True) == NOON
    assert bound("2024-01-02T14:00:00+02:00") == NOON
    for text in (
        "2024-01-02T12:00:00",
        "noon",
        "2024-13-01",
        "9999-12-31",
        "0001-01-01T00:00+14:00",
    ):
        with pytest.raises(ValueError, match=r"zone|Invalid|month|age"):
            bound(text, closing=True)


def test_rows_from_the_start_until_before_the_end_are_replayed(folder: Folder) -> None:
    lines = ["timestamp,price", *(f"2024-01-0{day},1" for day in range(1, 7))]
    item = folder.item("X", "trades", *lines)
    whole = folder.load(item)
    assert (whole.series[0].start, whole.series[0].stop) == (0, 6)
    assert (whole.begin, whole.end) == (at("2024-01-01"), at("2024-01-06"))
    part = folder.load(item, start=bound("2024-01-02"), end=bound("2024-01-04", closing=True))
    assert (part.series[0].start, part.series[0].stop) == (1, 4)
    assert (part.begin, part.end) == (at("2024-01-02"), at("2024-01-04"))
    early = folder.load(item, start=bound("2020-01-01"))
    assert early.begin == at("2024-01-01")
