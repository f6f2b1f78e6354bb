"""The three forms of BACKTEST_DATA and what they leave out."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.brokers.backtest.data.files import TRADES, Folder, minutes
from tradegw.brokers.backtest.data.errors import DataError
from tradegw.brokers.backtest.data.forms import items
from tradegw.brokers.backtest.data.load import load
from tradegw.brokers.backtest.data.options import Align, Item, Label, Options, Price
from tradegw.model.enums import AssetClass, Timeframe


def named(text: str) -> list[tuple[str, str, str]]:
    return [(item.symbol, item.kind, item.path) for item in items(text)]


def test_items_are_split_at_the_first_equals_sign_and_the_last_at_left_of_it() -> None:
    assert named("GOOG@1d=/data/goog.csv, A@B@quotes=x@y=z.csv ,EUR/USD@1h=e.parquet,") == [
        ("GOOG", "1d", "/data/goog.csv"),
        ("A@B", "quotes", "x@y=z.csv"),
        ("EUR/USD", "1h", "e.parquet"),
    ]
    assert named("BTC:PERP@1m=dir/b.csv") == [("BTC:PERP", "1m", "dir/b.csv")]
    assert items("A@1w=a.csv")[0].options == Options()
    assert items("A@1w=a.csv")[0].timeframe is Timeframe.W1
    assert items("A@trades=a.csv")[0].timeframe is None


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "no data set is named"),
        (" , ", "no data set is named"),
        ("goog.csv", "'goog.csv' is neither SYMBOL@KIND=PATH nor a directory"),
        ("GOOG=goog.csv", "is neither SYMBOL@KIND=PATH"),
        ("GOOG@3d=goog.csv", "GOOG: kind '3d' is none of 1m, 2m"),
        ("GOOG@1D=goog.csv", "kind '1D' is none of"),
        ("@1d=goog.csv", "a symbol is missing"),
        ("GOOG@1d=", "the path is missing"),
        ("A@1d=a.csv,A@1d=b.csv", "b.csv holds the same of A as a.csv"),
        ("nowhere.json", "nowhere.json: No such file"),
        ("[1", "not a JSON list of data sets"),
        ("[]", "no data set is named"),
        ('[{"symbol":"A","kind":"1d"}]', "data set 1: .*`path`"),
        ('[{"symbol":"A","kind":"1d","path":"a","lable":"end"}]', "data set 1: .*`lable`"),
        ('[{"symbol":"A","kind":"1d","path":"a","label":"ends"}]', "data set 1: .*'ends'"),
        ('[{"symbol":"A","kind":"1d","path":"a","tz":"Mars"}]', "'Mars' is not a time zone"),
        ('[{"symbol":"A","kind":"1d","path":"a","session":"9-5"}]', "session '9-5' is not of"),
        ('[{"symbol":"A","kind":"1d","path":"a","session":"09:30-25:00"}]', "is not of the form"),
        ('[{"symbol":"A","kind":"1d","path":"a","align":"session"}]', "needs a session"),
        ('[{"symbol":"A","kind":"1d","path":"a","tick":"0"}]', "tick must be above zero"),
        ('[{"symbol":"A","kind":"1d","path":"a","multiplier":-1}]', "multiplier must be above"),
        ('[{"symbol":"A","kind":"day","path":"a"}]', "data set 1: A: kind 'day' is none of"),
        (r'[{"symbol":"A","kind":"1d","path":"a\u0000b"}]', "the path is missing"),
        ('[{"symbol":"","kind":"1d","path":"a"}]', "a symbol is missing"),
    ],
)
def test_what_cannot_be_read_is_told(text: str, what: str) -> None:
    with pytest.raises(DataError, match=what):
        items(text)


def test_a_list_of_items_may_be_long() -> None:
    text = ",".join(f"S{number}@1d=some/where/{number}.csv" for number in range(500))
    assert len(items(text)) == 500


def test_the_files_of_a_directory_are_named_for_what_they_hold(folder: Folder) -> None:
    for name in ("GOOG.1d.csv", "EUR%2FUSD.1m.bidask.csv", "BTC%3AX.quotes.PARQUET"):
        folder.write(name)
    for name in ("BRK.B.1d.adjusted.v2.csv", "README.md", ".hidden.csv", "Z.trades.csv"):
        folder.write(name)
    assert named(str(folder.path)) == [
        ("BRK.B", "1d", str(folder.path / "BRK.B.1d.adjusted.v2.csv")),
        ("BTC:X", "quotes", str(folder.path / "BTC%3AX.quotes.PARQUET")),
        ("EUR/USD", "1m", str(folder.path / "EUR%2FUSD.1m.bidask.csv")),
        ("GOOG", "1d", str(folder.path / "GOOG.1d.csv")),
        ("Z", "trades", str(folder.path / "Z.trades.csv")),
    ]


def test_a_directory_without_a_kind_in_a_name_or_without_data_is_refused(folder: Folder) -> None:
    with pytest.raises(DataError, match=r"no file named SYMBOL\.KIND\.csv"):
        items(str(folder.path))
    folder.write("notes.csv")
    with pytest.raises(DataError, match=r"notes\.csv: the name must say symbol and kind"):
        items(str(folder.path))


def test_json_has_all_options_in_the_variable_or_in_a_file(folder: Folder) -> None:
    text = """[{"symbol":"ES","kind":"1h","path":"es.csv","price":"bid","label":"end",
        "tz":"America/New_York","session":"09:30-16:00","align":"session","asset_class":"FUTURES",
        "tick":"0.25","lot":1,"min_qty":2,"multiplier":50,"currency":"EUR","fx":"1/EURUSD",
        "allow_negative":true},
       {"symbol":"EURUSD","kind":"quotes","path":"/data/e.csv","tick":null}]"""
    expected = Options(
        price=Price.BID,
        label=Label.END,
        tz="America/New_York",
        session="09:30-16:00",
        align=Align.SESSION,
        asset_class=AssetClass.FUTURES,
        tick=Decimal("0.25"),
        lot=Decimal(1),
        min_qty=Decimal(2),
        multiplier=Decimal(50),
        currency="EUR",
        fx="1/EURUSD",
        allow_negative=True,
    )
    one, other = items(text)
    assert one == Item(symbol="ES", kind="1h", path="es.csv", options=expected)
    assert other.options == Options()
    path = folder.write("data.json", text)
    one, other = items(path)
    assert one.options == expected
    assert one.path == str(folder.path / "es.csv")
    assert other.path == "/data/e.csv"


def test_the_faults_of_all_files_are_told_at_once(folder: Folder, tmp_path: Path) -> None:
    folder.write("A.1d.csv", "a,b")
    folder.write("B.1d.csv", *minutes(1, 2, length=1440))
    folder.write("C.trades.csv", TRADES)
    with pytest.raises(DataError) as error:
        load(str(tmp_path))
    first, second = str(error.value).splitlines()
    assert "A.1d.csv: no column timestamp, open" in first
    assert first.startswith("BACKTEST_DATA: ")
    assert second.startswith("BACKTEST_DATA: ")
    assert second.endswith("C.trades.csv: no rows")


def test_a_file_that_is_not_there_or_no_text_is_named(folder: Folder) -> None:
    with pytest.raises(DataError, match=r"BACKTEST_DATA: gone\.csv: No such file or directory"):
        load("A@1d=gone.csv")
    (folder.path / "b.csv").write_bytes(b"timestamp,price\n\xff\xfe")
    with pytest.raises(DataError, match=r"b\.csv: not a text in UTF-8"):
        load(f"A@trades={folder.path / 'b.csv'}")
