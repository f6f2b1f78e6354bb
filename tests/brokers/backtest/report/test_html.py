"""``report.html``: well formed, on its own, safe with any name, small, and readable by all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.brokers.backtest.report import goog
from tests.brokers.backtest.report.test_document import busy
from tests.brokers.backtest.report.told import DAY, MONDAY, Tale, data_set
from tradegw.brokers.backtest.report.curve import EquityCurve
from tradegw.brokers.backtest.report.exact import micros
from tradegw.brokers.backtest.report.html import words
from tradegw.brokers.backtest.report.html.axes import time_ticks, value_ticks
from tradegw.brokers.backtest.report.html.hours import Hours
from tradegw.brokers.backtest.report.html.markup import Markup, tag, text
from tradegw.brokers.backtest.report.html.page import page
from tradegw.brokers.backtest.report.html.style import STYLE
from tradegw.brokers.backtest.report.html.thinning import thinned

steady = settings(derandomize=True, deadline=None)
HTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></style><svg onload=alert(1)>",
    "a&amp;b<&>'\"",
    "\x00\x0b\x1f\ud800",
    "\u202egnp.exe",
]


def written(tale: Tale, directory: Path, **setup: Any) -> str:
    tale.report(**setup).write(directory)
    return (directory / "report.html").read_text("utf-8")


def parsed(page: str) -> ET.Element:
    """The page as XML, which is stricter than HTML."""
    return ET.fromstring(page.removeprefix("<!DOCTYPE html>"))  # noqa: S314  (it is our own)


def texts(tree: ET.Element, name: str) -> list[str]:
    return ["".join(element.itertext()) for element in tree.iter(name)]


class TestWhole:
    @pytest.mark.parametrize("tale", [Tale(), busy()], ids=["empty", "busy"])
    def test_it_is_well_formed(self, tale: Tale, tmp_path: Path) -> None:
        tree = parsed(written(tale, tmp_path))
        assert tree.tag == f"{HTML}html"
        assert tree.get("lang") == "en"

    def test_it_needs_nothing_but_itself(self, tmp_path: Path) -> None:
        """No script, no link, no source; and the policy would not let it load any."""
        page = written(busy(), tmp_path)
        for element in parsed(page).iter():
            assert element.tag not in {f"{HTML}{name}" for name in ("script", "link", "img", "a")}
            assert not {"src", "href", "style", "srcset"} & set(element.attrib)
            assert not [name for name in element.attrib if name.startswith("on")]
        assert "url(" not in page
        assert "@import" not in page
        assert 'Content-Security-Policy" content="default-src &#x27;none&#x27;' in page

    def test_what_it_shows_is_what_the_document_says(self, tmp_path: Path) -> None:
        page = written(goog.told("0.001"), tmp_path)
        shown = dict(zip(texts(parsed(page), f"{HTML}dt"), _values(page), strict=False))
        assert shown["Net profit"] == "+11,620.44"
        assert shown["Total return"] == "+11.62\u202f%"
        assert shown["Max drawdown"] == "\u22121.94\u202f%"
        assert shown["Round trips"] == "94"
        assert "19 Aug 2004 to 1 Mar 2013" in page

    def test_every_drawing_is_described(self, tmp_path: Path) -> None:
        """Who cannot see it is told what it shows; headings go down one step at a time."""
        tree = parsed(written(busy(), tmp_path))
        drawings = list(tree.iter(f"{SVG}svg"))
        assert len(drawings) == 5
        for drawing in drawings:
            assert drawing.get("role") == "img"
            assert len(drawing.get("aria-label") or "") > 20
        levels = [int(element.tag[-1]) for element in tree.iter() if _is_heading(element)]
        assert levels[0] == 1
        assert all(later - level <= 1 for level, later in pairwise(levels))
        for table in tree.iter(f"{HTML}table"):
            assert table.find(f"{HTML}caption") is not None
        assert all(head.get("scope") for head in tree.iter(f"{HTML}th"))

    def test_light_and_dark_have_the_same_colours_by_name(self) -> None:
        light, dark = STYLE.split("prefers-color-scheme: dark")[:2]
        named = set(re.findall(r"--[a-z-]+(?=:)", dark.partition("* {")[0]))
        assert named == set(re.findall(r"--[a-z-]+(?=:)", light))
        assert STYLE.isascii()

    @pytest.mark.parametrize("scheme", [0, 1])
    def test_text_can_be_read_on_every_ground(self, scheme: int) -> None:
        """A contrast of 4.5 to 1, also on the deepest shades of the months."""
        part = STYLE.split("prefers-color-scheme: dark")[scheme]
        hexes = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", part))
        colour = {name: _rgb(value) for name, value in hexes.items()}
        for ground in ("page", "card"):
            for ink in ("ink", "soft"):
                assert _contrast(colour[ink], colour[ground]) >= 4.5
        assert _contrast(colour["ink"], colour["alarm"]) >= 4.5
        for name, shade in re.findall(r"--(up|down): (\d+, \d+, \d+)", part):
            over = [int(value) for value in shade.split(",")]
            mixed = [0.52 * a + 0.48 * b for a, b in zip(over, colour["card"], strict=True)]
            assert _contrast(colour["ink"], mixed) >= 4.5, name


class TestHostile:
    @pytest.mark.parametrize("name", HOSTILE)
    def test_names_are_text_and_nothing_else(self, name: str, tmp_path: Path) -> None:
        """As symbol, setting, kind of data, warning and run; the elements stay the same."""
        tame, wild = (self.page(each, tmp_path) for each in ("TAME", name))
        assert [e.tag for e in tame.iter()] == [e.tag for e in wild.iter()]
        assert [sorted(e.attrib) for e in tame.iter()] == [sorted(e.attrib) for e in wild.iter()]

    def page(self, name: str, directory: Path) -> ET.Element:
        tale = Tale()
        for number in range(6):
            tale.fill(-1 if number % 2 else 1, 100 + number, symbol=name)
            tale.bar(100 + number, symbol=name)
        tale.recorder.warned(name)
        tale.fill(1, 100, symbol=name)
        data = [data_set(symbol=name, kind=name, warnings=[name])]
        page = written(tale, directory, data=data, config={"A": name}, run_id=name, currency=name)
        assert "\u202e" not in page
        return parsed(page)

    def test_names_are_shown_as_they_are(self, tmp_path: Path) -> None:
        tale = Tale()
        tale.bar(100, symbol="A<B>&C")
        assert "A<B>&C, 1 Jan 2024 to 1 Jan 2024" in texts(
            parsed(written(tale, tmp_path)), f"{HTML}h1"
        )

    @given(st.text())
    @steady
    def test_any_text_survives_as_text(self, value: str) -> None:
        element = parsed(tag("p", value, title=value))
        shown = element.text or ""
        assert shown == (parsed(f"<p>{text(value)}</p>").text or "")
        assert not set("\x00\x0b\u202e") & set(shown)
        if value.isprintable():
            assert shown == value

    def test_markup_is_not_escaped_twice(self) -> None:
        assert tag("p", tag("b", "a&b"), None, Markup("<i/>")) == "<p><b>a&amp;b</b><i/></p>"


class TestSize:
    def test_half_a_million_points_are_a_small_file(self, tmp_path: Path) -> None:
        """A line has at most four points a pixel, whatever it is drawn of: here 20,000 bars."""
        tale = Tale(step=timedelta(minutes=1))
        for number in range(20_000):
            if number % 4 == 0:
                tale.fill(-1 if number % 8 else 1, 100 + number % 7)
            tale.bar(100 + number % 13, 120, 90, 100 + number % 11)
        page = written(tale, tmp_path)
        assert len(page) < 900_000
        longest = max(len(way) for way in re.findall(r' d="([^"]*)"', page))
        assert longest < 4 * 914 * 14

    def test_with_many_fills_the_last_bars_are_drawn_again(self, tmp_path: Path) -> None:
        tale = Tale(step=timedelta(minutes=1))
        for number in range(1000):
            tale.fill(-1 if number % 2 else 1, 100)
            tale.bar(100)
        titles = texts(parsed(written(tale, tmp_path)), f"{HTML}h3")
        assert "Trades in GOOG, the last 500 bars" in titles

    def test_only_the_symbols_that_were_traded_most_are_drawn(self, tmp_path: Path) -> None:
        tale = Tale()
        for number in range(11):
            tale.bar(100, symbol=f"S{number}", pauses=False)
        tale.fill(1, 100, symbol="S10")
        titles = texts(parsed(written(tale, tmp_path)), f"{HTML}h3")
        drawn = [title for title in titles if title.startswith("Trades in")]
        assert len(drawn) == 8
        assert drawn[0] == "Trades in S10"

    @given(
        st.lists(st.tuples(st.integers(0, 1000), st.integers(-50, 50)), max_size=200),
        st.integers(1, 20),
    )
    @steady
    def test_thinning_loses_no_extreme(self, some: list[tuple[int, int]], columns: int) -> None:
        points = sorted((time, float(value)) for time, value in some)
        kept = list(thinned(points, int, 1000, columns))
        assert len(kept) <= 4 * columns
        assert kept == [point for point in kept if point in points]
        assert [time for time, _ in kept] == sorted(time for time, _ in kept)
        for column in range(columns):
            inside = [p for p in points if min(columns - 1, p[0] * columns // 1000) == column]
            left = [p for p in kept if min(columns - 1, p[0] * columns // 1000) == column]
            if inside:
                values = [value for _, value in inside]
                assert {value for _, value in left} >= {min(values), max(values)}
                assert (left[0], left[-1]) == (inside[0], inside[-1])


class TestAnything:
    @given(
        st.lists(
            st.tuples(st.integers(-3, 3), st.decimals("0.00000001", 10**12, places=8)), max_size=12
        ),
        st.sampled_from([timedelta(microseconds=1), timedelta(minutes=1), DAY, 400 * DAY]),
        st.sampled_from(["0.01", "1000", "999999999999"]),
    )
    @settings(derandomize=True, deadline=None, max_examples=40)
    def test_every_run_has_a_page_and_a_document(
        self, told: list[tuple[int, Decimal]], step: timedelta, cash: str
    ) -> None:
        """Tiny and huge prices, no time at all and centuries, gains and ruin."""
        tale = Tale(cash, step=step)
        for quantity, price in told:
            if quantity:
                tale.fill(quantity, price)
            tale.bar(price)
        report = tale.report()
        ending = tale.ending()
        assert parsed("".join(page(report.document, tale.recorder, curve_of(tale), ending)))
        assert report.document["reconciliation"]["difference"] == "0"


def curve_of(tale: Tale) -> EquityCurve:
    return tale.recorder.curve.until(tale.time, tale.balance, tale.equity, tale.margin)


class TestAlarms:
    def notes(self, tale: Tale, directory: Path, **ending: Any) -> list[str]:
        setup = {"fills_current": ending.pop("fills_current", False)}
        tale.report(tale.ending(**ending), **setup).write(directory)
        tree = parsed((directory / "report.html").read_text("utf-8"))
        return [p for e in tree.iter() if e.get("role") == "note" for p in texts(e, f"{HTML}p")]

    def test_a_completed_run_has_none(self, tmp_path: Path) -> None:
        assert self.notes(busy(), tmp_path) == []

    def test_what_must_be_known_first_stands_first(self, tmp_path: Path) -> None:
        tale = busy()
        tale.recorder.interrupted(tale.time)
        stalled, current, unsure = self.notes(tale, tmp_path, status="stalled", fills_current=True)
        assert "did not complete, it was stalled" in stalled
        assert "BACKTEST_FILL=current" in current
        assert "cannot be reproduced" in unsure

    def test_figures_of_a_run_that_goes_on_are_so_far(self, tmp_path: Path) -> None:
        (note,) = self.notes(busy(), tmp_path, status="running")
        assert "so far" in note


class TestWords:
    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            ("-1234.567", "\u22121,234.57"),
            ("0", "0.00"),
            ("0.00012345", "0.0001234"),
            ("12", "12.00"),
            (None, "\u2013"),
        ],
    )
    def test_money(self, value: str | None, shown: str) -> None:
        assert words.money(value) == shown

    def test_signs(self) -> None:
        assert words.number(Decimal("0.001"), sign=True) == "0.00"
        assert words.number(2, sign=True) == "+2.00"
        assert words.percent(-0.0948) == "\u22129.48\u202f%"

    @pytest.mark.parametrize(
        ("seconds", "shown"),
        [
            (0, "0 s"),
            (59, "59 s"),
            (90, "1 min 30 s"),
            (3600, "1 h"),
            (3605, "1 h"),
            (90_000, "1 d 1 h"),
            (57_801_600, "669 d"),
            (None, "\u2013"),
        ],
    )
    def test_durations(self, seconds: int | None, shown: str) -> None:
        assert words.duration(seconds) == shown


class TestHours:
    SESSIONS = [100 * day + minute for day in range(4) for minute in range(1, 31)]
    """Thirty points a day, a night of 70 between."""

    def test_nights_take_no_room(self) -> None:
        hours = Hours.of(self.SESSIONS, 0, 330)
        assert hours.length == 120
        assert [hours.elapsed(time) for time in (0, 30, 60, 100, 101, 330)] == [
            0, 30, 30, 30, 31, 120,
        ]  # fmt: skip
        assert [hours.pauses_at(time) for time in (29, 30, 99, 100)] == [False, True, True, False]

    def test_a_part_begins_where_it_begins(self) -> None:
        """Also in the middle of a night."""
        hours = Hours.of(self.SESSIONS, 0, 330)
        assert (hours.since(110).length, hours.since(110).elapsed(210)) == (80, 30)
        assert hours.since(50).elapsed(101) == 1

    def test_weekends_of_daily_bars_stay(self) -> None:
        """They are not much longer than the usual distance."""
        days = [7 * week + day for week in range(20) for day in range(5)]
        assert Hours.of(days, 0, 140).length == 140

    def test_a_few_pauses_are_shown_as_they_are(self) -> None:
        times = [*range(1000), *range(1100, 2000)]
        assert Hours.of(times, 0, 2000).length == 2000

    @pytest.mark.parametrize("times", [[], [5], [5, 5, 5]])
    def test_without_two_moments_there_is_no_pause(self, times: list[int]) -> None:
        assert Hours.of(times, 0, 10).length == 10

    @given(st.lists(st.integers(0, 2000), max_size=60).map(sorted), st.integers(0, 2000))
    @steady
    def test_time_never_runs_back(self, times: list[int], since: int) -> None:
        for hours in (Hours.of(times, 0, 2000), Hours.of(times, 0, 2000).since(since)):
            shown = [hours.elapsed(time) for time in range(hours.start, 2001)]
            assert shown == sorted(shown)
            assert (shown[0], max(1, shown[-1])) == (0, hours.length)

    def test_the_day_after_a_night_is_marked(self, tmp_path: Path) -> None:
        """Minutes of four sessions: marks stand where a day's session begins."""
        tale = Tale(step=timedelta(minutes=1), start=MONDAY + timedelta(hours=14))
        for _ in range(4):
            for _ in range(390):
                tale.bar(100)
            tale.skip(timedelta(hours=17, minutes=30))
        tree = parsed(written(tale, tmp_path))
        marks = [e for e in tree.iter(f"{SVG}text") if "Jan" in (e.text or "")]
        assert [mark.text for mark in marks[:3]] == ["2 Jan", "3 Jan", "4 Jan"]


class TestAxes:
    @given(st.floats(-1e9, 1e9), st.floats(0, 1e9))
    @steady
    def test_values_lie_between_the_outer_ticks(self, low: float, room: float) -> None:
        first, last, ticks = value_ticks(low, low + room)
        slack = 1e-6 * max(1.0, abs(low), room)
        assert first <= low + slack
        assert last >= low + room - slack
        assert 2 <= len(ticks) <= 10
        assert ticks == sorted(set(ticks))

    @pytest.mark.parametrize(
        ("span", "labels"),
        [
            (timedelta(seconds=30), ["1 Jan", "00:00:05"]),
            (timedelta(minutes=30), ["1 Jan", "00:05"]),
            (timedelta(hours=9), ["1 Jan", "01:00"]),
            (9 * DAY, ["1 Jan", "2 Jan"]),
            (60 * DAY, ["4 Jan", "11 Jan"]),
            (250 * DAY, ["Jan 2024", "Feb 2024"]),
            (1500 * DAY, ["Jan 2024", "Jul 2024"]),
            (9 * 366 * DAY, ["2024", "2025"]),
            (90 * 366 * DAY, ["2030", "2040"]),
        ],
    )
    def test_times_are_marked_at_the_calendar(self, span: timedelta, labels: list[str]) -> None:
        ticks = time_ticks(micros(MONDAY), micros(MONDAY + span))
        assert [tick.label for tick in ticks[:2]] == labels
        assert len(ticks) <= 12

    def test_the_first_mark_within_a_day_says_the_day(self) -> None:
        noon = datetime(2024, 3, 12, 12, tzinfo=UTC)
        ticks = time_ticks(micros(noon), micros(noon + timedelta(hours=14)))
        labels = [tick.label for tick in ticks]
        assert labels == ["12 Mar 12:00", "15:00", "18:00", "21:00", "13 Mar"]


def _values(page: str) -> Iterator[str]:
    tree = parsed(page)
    for element in tree.iter(f"{HTML}dd"):
        if element.get("class") == "value":
            yield "".join(element.itertext())


def _is_heading(element: ET.Element) -> bool:
    return re.fullmatch(r"\{.*\}h[1-6]", element.tag) is not None


def _rgb(shown: str) -> list[float]:
    return [int(shown[place : place + 2], 16) for place in (1, 3, 5)]


def _contrast(one: list[float], other: list[float]) -> float:
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: list[float]) -> float:
    parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
