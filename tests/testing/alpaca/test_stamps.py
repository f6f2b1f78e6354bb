"""Times and ids as the broker writes them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tradegw.testing.alpaca.hours import expiry, settlement
from tradegw.testing.alpaca.stamps import Stamps, moment_of, new_york, read, zulu

MONDAY = moment_of(datetime(2026, 3, 2, 15, 41, 7, tzinfo=UTC))


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "2026-03-02T15:41:07Z"),
        (224_190_700, "2026-03-02T15:41:07.2241907Z"),
        (1, "2026-03-02T15:41:07.000000001Z"),
    ],
)
def test_times_have_up_to_nine_digits_and_are_read_again(nanoseconds: int, text: str) -> None:
    assert zulu(MONDAY + nanoseconds) == text
    assert read(text) == MONDAY + nanoseconds


def test_times_of_new_york_have_its_offset() -> None:
    assert new_york(MONDAY + 402_118_377) == "2026-03-02T10:41:07.402118377-05:00"
    assert read("2026-03-02T10:41:07-05:00") == MONDAY
    assert new_york(MONDAY + 130 * 86_400 * 10**9).endswith("-04:00")


@pytest.mark.parametrize("text", ["", "yesterday", "2026-03-02T10:41:07 05:00", "2026-13-02"])
def test_what_is_no_time_is_not_read(text: str) -> None:
    assert read(text) is None


def test_moments_and_event_ids_only_ever_rise() -> None:
    stamps = Stamps(lambda: datetime(2026, 3, 2, tzinfo=UTC), seed=1)
    moments = [stamps.take() for _ in range(50)]
    assert moments == sorted(set(moments))
    ids = [stamps.ulid(moments[0]) for _ in range(50)]
    assert ids == sorted(set(ids))
    assert {len(each) for each in ids} == {26}


def test_orders_expire_at_the_close_or_after_ninety_days() -> None:
    assert zulu(expiry(MONDAY, lasts=False)) == "2026-03-02T21:00:00Z"
    evening = MONDAY + 6 * 3600 * 10**9
    assert zulu(expiry(evening, lasts=False)) == "2026-03-03T21:00:00Z"
    assert zulu(expiry(MONDAY, lasts=True)) == "2026-06-01T20:15:00Z"


def test_coins_settle_at_once_and_stocks_on_the_next_trading_day() -> None:
    friday = MONDAY + 4 * 86_400 * 10**9
    assert settlement(friday, crypto=True) == "2026-03-06"
    assert settlement(friday, crypto=False) == "2026-03-09"
