"""The mock broker's variables: defaults, good values, bad values."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.brokers.mock.stand import gateway_settings, tape
from tradegw.brokers.mock.config import MockSettings, read_settings
from tradegw.config.problems import ConfigError
from tradegw.model.enums import Timeframe
from tradegw.simulator.costs import Commission
from tradegw.simulator.tape import Kind


def read(**environ: str) -> MockSettings:
    return read_settings(environ, gateway_settings())


def test_defaults() -> None:
    found = read()
    assert found == MockSettings(variables=found.variables)
    assert found.variables["MOCK_CASH"] == "100000"
    assert (found.seed, found.tick_ms, found.tapes, found.tape_speed) == (42, 500, (), Decimal(1))
    terms = found.terms
    assert (terms.cash, terms.currency) == (Decimal(100_000), "USD")
    assert (terms.leverage, terms.volume_limit) == (Decimal(1), Decimal(0))
    assert (terms.partial_ratio, terms.native_brackets) == (None, False)
    assert (terms.exits_hold_quantity, terms.one_exit) == (False, False)
    assert terms.position_prefix == "mock-pos-"


def test_empty_is_unset() -> None:
    names = ["SEED", "TICK_MS", "COMMISSION", "SLIPPAGE_BPS", "PARTIAL_FILL_RATIO", "TAPE"]
    names += ["TAPE_SPEED", "NATIVE_BRACKETS", "CASH", "CURRENCY", "LEVERAGE", "VOLUME_LIMIT"]
    assert read(**{f"MOCK_{name}": " " for name in names}) == read()


def test_good_values() -> None:
    found = read(
        MOCK_SEED="7",
        MOCK_TICK_MS="100",
        MOCK_COMMISSION="0.1%+min1",
        MOCK_SLIPPAGE_BPS="2.5",
        MOCK_PARTIAL_FILL_RATIO="0.25",
        MOCK_TAPE_SPEED="60",
        MOCK_NATIVE_BRACKETS="true",
        MOCK_EXITS_HOLD_QUANTITY="true",
        MOCK_ONE_EXIT="true",
        MOCK_CASH="5000",
        MOCK_CURRENCY="EUR",
        MOCK_LEVERAGE="4",
        MOCK_VOLUME_LIMIT="0.1",
    )
    assert (found.seed, found.tick_ms, found.tape_speed) == (7, 100, Decimal(60))
    terms = found.terms
    assert terms.commission == Commission.parse("0.1%+min1")
    assert (terms.slippage.bps, terms.partial_ratio) == (Decimal("2.5"), Decimal("0.25"))
    assert (terms.native_brackets, terms.currency) == (True, "EUR")
    assert terms.exits_hold_quantity
    assert terms.one_exit
    assert (terms.cash, terms.leverage) == (Decimal(5000), Decimal(4))
    assert terms.volume_limit == Decimal("0.1")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MOCK_SEED", "x"),
        ("MOCK_TICK_MS", "0"),
        ("MOCK_TICK_MS", "0.5"),
        ("MOCK_COMMISSION", "much"),
        ("MOCK_COMMISSION", "5"),
        ("MOCK_SLIPPAGE_BPS", "-1"),
        ("MOCK_TAPE_SPEED", "0"),
        ("MOCK_TAPE", "/nowhere/X.1m.csv"),
        ("MOCK_NATIVE_BRACKETS", "perhaps"),
        ("MOCK_CASH", "0"),
        ("MOCK_CURRENCY", "dollars"),
        ("MOCK_LEVERAGE", "0.5"),
        ("MOCK_VOLUME_LIMIT", "1.1"),
    ],
)
def test_a_bad_value_is_an_error_that_names_the_variable(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        read(**{name: value})


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as error:
        read(MOCK_SEED="x", MOCK_CASH="x", MOCK_TAPE="a.csv,b.csv")
    assert len(error.value.problems) == 4


@pytest.mark.parametrize("value", ["0", "1", "1.5", "-0.5", "half", "1e-1"])
def test_a_bad_partial_ratio_is_warned_of_and_ignored(value: str) -> None:
    found = read(MOCK_PARTIAL_FILL_RATIO=value)
    assert found.terms.partial_ratio is None
    (warning,) = found.warnings
    assert "MOCK_PARTIAL_FILL_RATIO" in warning


class TestTapes:
    BAR = "2024-01-01T00:00:00Z,1,1,1,1,5"

    def test_name_and_header_tell_what_a_file_holds(self, tmp_path: Path) -> None:
        bars = tape(tmp_path, "EUR%2FUSD.5m.anything.csv", [self.BAR])
        trades = tape(tmp_path, "IBM.trades.csv", ["2024-01-01T00:00:00Z,5"] * 2)
        first, second = read(MOCK_TAPE=f"{bars}, {trades}").tapes
        assert (first.symbol, first.kind) == ("EUR/USD", Kind.BARS)
        assert (first.timeframe, first.rows) == (Timeframe.M5, 1)
        assert (second.symbol, second.kind, second.timeframe) == ("IBM", Kind.TRADES, None)
        assert second.rows == 2

    @pytest.mark.parametrize(
        ("name", "rows", "what"),
        [
            ("X.csv", [BAR], "timeframe"),
            ("X.7m.csv", [BAR], "timeframe"),
            (".1m.csv", [BAR], "symbol"),
            ("X.1m.csv", [BAR, "2024-01-01T00:01:00Z,1,1,1,x,5"], "X.1m.csv, line 3: close"),
        ],
    )
    def test_a_bad_file_is_told_at_the_start(
        self, tmp_path: Path, name: str, rows: list[str], what: str
    ) -> None:
        with pytest.raises(ConfigError, match=f"MOCK_TAPE: .*{what}"):
            read(MOCK_TAPE=tape(tmp_path, name, rows))

    def test_a_file_without_rows_or_with_other_bytes(self, tmp_path: Path) -> None:
        empty, binary = tmp_path / "X.1m.csv", tmp_path / "Y.1m.csv"
        empty.write_text("timestamp,open,high,low,close\n")
        binary.write_bytes(b"\xff\xfe\x00")
        with pytest.raises(ConfigError, match="no rows"):
            read(MOCK_TAPE=str(empty))
        with pytest.raises(ConfigError, match="UTF-8"):
            read(MOCK_TAPE=str(binary))
        with pytest.raises(ConfigError, match="directory"):
            read(MOCK_TAPE=str(tmp_path))

    def test_the_same_thing_twice(self, tmp_path: Path) -> None:
        first = tape(tmp_path, "X.1m.csv", [self.BAR])
        second = tape(tmp_path, "X.1m.more.csv", [self.BAR])
        with pytest.raises(ConfigError, match="the same of X"):
            read(MOCK_TAPE=f"{first},{second}")

    def test_a_subscription_that_no_tape_serves_is_warned_of(self, tmp_path: Path) -> None:
        environ = {"MOCK_TAPE": tape(tmp_path, "X.1m.csv", [self.BAR])}
        found = read_settings(environ, gateway_settings(("X", "*"), ("*", "*"), ("Y", "quote")))
        (warning,) = found.warnings
        assert "Y" in warning
