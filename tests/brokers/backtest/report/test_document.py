"""``report.json`` and the CSV files: their shape, and that they agree."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.brokers.backtest.report.told import DAY, MONDAY, Tale, data_set, order
from tradegw.brokers.backtest.report.facts import Where
from tradegw.brokers.backtest.report.files import ReportError
from tradegw.model.account import Position
from tradegw.model.enums import OrderStatus, PositionSide, RejectReason

RATIO = {"type": ["number", "null"]}
MONEY = {"type": "string", "pattern": r"^-?\d+(\.\d*[1-9])?$"}
MAYBE_MONEY = {"anyOf": [MONEY, {"type": "null"}]}
COUNT = {"type": "integer", "minimum": 0}
TIME = {"type": ["string", "null"], "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"}


def members(kind: dict[str, Any], *names: str) -> dict[str, Any]:
    return dict.fromkeys(names, kind)


METRICS = (
    members(RATIO, "total_return", "cagr", "volatility", "sharpe", "sortino", "max_drawdown")
    | members(RATIO, "calmar", "exposure", "win_rate", "profit_factor", "turnover", "risk_free")
    | members(RATIO, "average_duration_seconds", "average_bars")
    | members(MONEY, "net_profit", "traded_notional", "total_commission", "total_slippage")
    | members(MONEY, "total_spread_cost")
    | members(MAYBE_MONEY, "expectancy", "average_win", "average_loss", "best_trade", "worst_trade")
    | members(COUNT, "trades", "wins", "losses", "longest_losing_streak", "days")
    | members(COUNT, "periods_per_year", "max_drawdown_duration_seconds")
    | members(TIME, "max_drawdown_start", "max_drawdown_trough", "max_drawdown_recovery")
    | {"buy_and_hold": {"type": "object", "additionalProperties": RATIO}}
)
SCHEMA = {
    "type": "object",
    "required": [
        "run_id", "status", "reproducible", "config", "data", "clock", "account", "metrics",
        "monthly_returns", "by_symbol", "by_side", "open_trades", "reconciliation", "honesty",
        "events", "wall_seconds", "transcript_sha256",
    ],
    "properties": {
        "config": {"type": "object", "additionalProperties": {"type": "string"}},
        "clock": {"type": "object", "properties": {"start": TIME, "end": TIME}},
        "account": {
            "type": "object",
            "required": ["cash", "balance", "equity", "currency"],
            "properties": members(MONEY, "cash", "balance", "equity"),
        },
        "metrics": {
            "type": "object",
            "required": sorted(METRICS),
            "properties": METRICS,
            "additionalProperties": False,
        },
        "monthly_returns": {"type": "object", "additionalProperties": RATIO},
        "reconciliation": {"type": "object", "additionalProperties": MONEY},
    },
}  # fmt: skip


def busy() -> Tale:
    """Long and short, won and lost, two symbols, something open, orders of all kinds."""
    tale = Tale()
    for number in range(12):
        tale.fill(5 if number % 2 else -5, 100 + number, "0.75", slippage=Decimal("0.01"))
        tale.bar(100, 120, 90, 100 + number, pauses=False)
        tale.bar(50, symbol="MSFT")
    tale.fill("2.5", "55.5", 1, symbol="MSFT", where=Where.INSIDE, touch_only=True)
    tale.bar(101, pauses=False)
    tale.bar(51, symbol="MSFT")
    tale.recorder.ended(order())
    rejected = {"status": OrderStatus.REJECTED, "reject_reason": RejectReason.INSUFFICIENT_MARGIN}
    tale.recorder.ended(order(id="bt-o2", **rejected))
    return tale


def rows(directory: Path, name: str) -> list[dict[str, str]]:
    with (directory / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class TestDocument:
    @pytest.mark.parametrize("tale", [Tale(), busy()], ids=["empty", "busy"])
    def test_it_has_its_shape(self, tale: Tale) -> None:
        """Money is text, ratios are numbers, and what is undefined is null."""
        jsonschema.validate(json.loads(json.dumps(tale.report().document)), SCHEMA)

    def test_parts_add_up_to_the_whole(self) -> None:
        found = busy().report().document
        whole = Decimal(found["reconciliation"]["trades_pnl"])
        for split in (found["by_symbol"], found["by_side"]):
            parts = split.values()
            assert sum(Decimal(part["net_profit"]) for part in parts) == whole
            assert sum(part["trades"] for part in parts) == found["metrics"]["trades"]
        for name in ("total_commission", "total_slippage", "traded_notional"):
            parts = found["by_symbol"].values()
            assert sum(Decimal(part[name]) for part in parts) == Decimal(found["metrics"][name])
        assert found["reconciliation"]["difference"] == "0"

    def test_what_reproduces_it_is_in_it(self) -> None:
        tale = busy()
        ending = tale.ending(transcript_sha256="ab" * 32, events=77, wall_seconds=1.23456)
        report = tale.report(
            ending, config={"BACKTEST_SEED": "0"}, data=[data_set(warnings=["a jump"])]
        )
        found = report.document
        assert found["config"] == {"BACKTEST_SEED": "0"}
        assert found["data"][0]["sha256"] == "c8be60" * 10
        assert found["honesty"]["data_warnings"] == ["a jump"]
        assert (found["transcript_sha256"], found["events"]) == ("ab" * 32, 77)
        assert found["wall_seconds"] == 1.235
        assert found["clock"] == {"start": "2024-01-01T00:00:00Z", "end": "2024-01-14T00:00:00Z"}

    def test_the_honesty_block_counts(self) -> None:
        tale = busy()
        recorder = tale.recorder
        recorder.refused(tale.time, "INSUFFICIENT_FUNDS")
        recorder.refused(tale.time, "INSUFFICIENT_FUNDS")
        recorder.ambiguous("GOOG", tale.time, Decimal("21.9"))
        recorder.ambiguous("GOOG", tale.time, Decimal("0.1"))
        recorder.interrupted(tale.time)
        recorder.warned("no volume")
        recorder.warned("no volume")
        position = Position(
            id="bt-pos-MSFT", symbol="MSFT", side=PositionSide.LONG, quantity=Decimal("2.5"),
            average_entry_price=Decimal("55.5"), current_price=Decimal(60),
            unrealized_pnl=Decimal("11.25"), realized_pnl=Decimal(0), opened_at=tale.time,
            updated_at=tale.time,
        )  # fmt: skip
        left = order(id="bt-o9", status=OrderStatus.OPEN)
        ending = tale.ending(positions=[position], orders=[left], never_active=["bt-o9"])
        report = tale.report(ending, fills_current=True).document
        found = report["honesty"]
        assert (found["ambiguous_bars"], found["ambiguous_at_stake"]) == (2, "22")
        assert (found["fills"], found["fills_at_open"]) == (13, 12)
        assert found["fills_by_place"]["inside"] == found["touch_only_limit_fills"] == 1
        assert (found["rejected"], found["rejected_reasons"]) == (1, {"INSUFFICIENT_MARGIN": 1})
        assert (found["refused"], found["refused_reasons"]) == (2, {"INSUFFICIENT_FUNDS": 2})
        assert (found["open_at_end"], found["resting_at_end"]) == (1, 1)
        assert found["unfilled_at_end"] == ["bt-o9"]
        assert (found["interruptions"], report["reproducible"]) == (1, False)
        assert (found["fill_current"], found["warnings"]) == (True, ["no volume"])
        assert report["open_trades"][-1]["mark"] == "60"

    def test_a_report_of_a_run_that_goes_on_changes_nothing(self) -> None:
        """Asked for in between, the run ends as if it had not been."""
        tale, quiet = busy(), busy()
        tale.report(tale.ending(status="running", end=tale.time - timedelta(hours=1)))
        for each in (tale, quiet):
            each.bar(102, pauses=False)
            each.bar(52, symbol="MSFT")
        assert tale.report().document == quiet.report().document

    def test_rates_of_exchange_that_move_are_a_difference(self) -> None:
        """The account converts what was realised; the lot was paid for at another rate."""
        tale = Tale()
        tale.fill(1, 100)
        tale.bar(100)
        report = tale.report(tale.ending(equity=Decimal(100_007)))
        assert report.document["reconciliation"]["difference"] == "7"


class TestFiles:
    def test_they_agree_with_the_document(self, tmp_path: Path) -> None:
        tale = busy()
        report = tale.report()
        report.write(tmp_path / "made" / "for" / "it")
        directory = tmp_path / "made" / "for" / "it"
        found = json.loads((directory / "report.json").read_text("utf-8"))
        assert found == report.document
        trips, fills = rows(directory, "trades.csv"), rows(directory, "fills.csv")
        total = sum(Decimal(trip["pnl"]) for trip in trips)
        assert total == Decimal(found["reconciliation"]["trades_pnl"])
        assert len(trips) == found["metrics"]["trades"]
        paid = sum(Decimal(fill["commission"]) for fill in fills)
        assert paid == Decimal(found["metrics"]["total_commission"])
        assert [one["status"] for one in rows(directory, "orders.csv")] == ["EXPIRED", "REJECTED"]
        curve = rows(directory, "equity.csv")
        assert curve[-1]["equity"] == found["account"]["equity"]
        assert len(curve) == 13
        assert curve[0]["timestamp"] == "2024-01-02T00:00:00Z"

    def test_exposure_is_what_is_held(self, tmp_path: Path) -> None:
        """Margin times leverage; nothing while flat."""
        tale = Tale()
        tale.bar(100)
        tale.fill(3, 100)
        tale.bar(110)
        tale.report(leverage=Decimal(4)).write(tmp_path)
        assert [row["exposure"] for row in rows(tmp_path, "equity.csv")] == ["0", "1320"]

    def test_cells_say_what_is_absent_by_nothing(self, tmp_path: Path) -> None:
        tale = Tale()
        tale.recorder.ended(order(reduce_only=True))
        tale.report().write(tmp_path)
        (row,) = rows(tmp_path, "orders.csv")
        assert (row["reduce_only"], row["stop_price"], row["post_only"]) == ("true", "", "")
        assert (row["limit_price"], row["created_at"]) == ("99", "2024-01-01T00:00:00Z")

    @pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"])
    def test_text_that_looks_like_a_formula_is_none(self, tmp_path: Path, name: str) -> None:
        tale = Tale()
        tale.fill(1, 100, symbol=name)
        tale.recorder.ended(order(client_order_id=name))
        tale.report().write(tmp_path)
        assert rows(tmp_path, "fills.csv")[0]["symbol"] == f"'{name}"
        assert rows(tmp_path, "orders.csv")[0]["client_order_id"] == f"'{name}"

    def test_quotes_commas_and_line_ends_stay_in_their_cell(self, tmp_path: Path) -> None:
        tale = Tale()
        tale.fill(1, 100, symbol='a,"b"\nc')
        tale.report().write(tmp_path)
        assert rows(tmp_path, "fills.csv")[0]["symbol"] == 'a,"b"\nc'

    def test_many_rows_are_all_there(self, tmp_path: Path) -> None:
        """They are written in batches."""
        tale = Tale(step=timedelta(minutes=1))
        for number in range(2500):
            tale.fill(1 if number % 2 else -1, 100)
            tale.bar(100)
        tale.report().write(tmp_path)
        counts = [len(rows(tmp_path, f"{name}.csv")) for name in ("equity", "fills", "trades")]
        assert counts == [2500, 2500, 1250]

    def test_the_same_run_gives_the_same_bytes(self, tmp_path: Path) -> None:
        for name in ("one", "other"):
            busy().report().write(tmp_path / name)
        for file in sorted((tmp_path / "one").iterdir()):
            assert file.read_bytes() == (tmp_path / "other" / file.name).read_bytes()


class TestErrors:
    def test_a_directory_that_cannot_be_made_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(ReportError, match=r"file/run cannot be made: Not a directory"):
            busy().report().write(tmp_path / "file" / "run")

    def test_one_file_that_fails_loses_nothing_else(self, tmp_path: Path) -> None:
        """What stands in the way of fills.csv is named, and everything else is written."""
        (tmp_path / "fills.csv").mkdir()
        with pytest.raises(ReportError, match=r"fills\.csv cannot be written: Is a directory"):
            busy().report().write(tmp_path)
        names = ["equity.csv", "fills.csv", "orders.csv", "report.html", "report.json"]
        assert sorted(file.name for file in tmp_path.iterdir()) == [*names, "trades.csv"]

    def test_a_full_disk_leaves_the_older_report(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What was written before stays whole, and nothing half-written is left."""
        Tale().report().write(tmp_path)
        before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}

        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(ReportError, match=r"report\.json cannot be written: No space left"):
            busy().report().write(tmp_path)
        assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_times_keep_their_microseconds() -> None:
    tale = Tale(step=timedelta(milliseconds=1500))
    tale.bar(100)
    assert tale.report().document["clock"]["end"] == "2024-01-01T00:00:01.500000Z"
    assert tale.time < DAY + MONDAY
