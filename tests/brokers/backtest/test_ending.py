"""How a run ends, what is left of it, and that the same inputs give the same run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from twisted.logger import capturedLogs

from tradegw.config.problems import ConfigError
from tradegw.model.backtest import RunState

from .stand import Handler, Stand, at_candles


def bracket(stand: Stand) -> object:
    return stand.submit(stop_loss="100", take_profit="109", client_order_id="c-1")


BRACKET: Handler = at_candles({0: bracket})


def test_the_end_is_told_once_with_its_id_and_names_the_run(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    client = stand.run()
    (end,) = client.told("backtest_complete")
    assert client.heard[-1] is end
    assert end["broker"] == "backtest"
    assert end["status"] == "completed"
    assert end["event_id"] == "evt-5"
    assert end["run_id"] == stand.broker.run_id
    assert len(end["transcript_sha256"]) == 64


def test_results_can_be_asked_for_until_the_client_has_gone(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    client = stand.run(BRACKET)
    for _ in range(20):
        stand.turn(1)
    assert stand.exit_code is None
    assert stand.asked(stand.core.reads.account).equity == stand.broker.exchange.equity
    client.leave()
    for _ in range(19):
        stand.turn(0.1)
    stand.asked(stand.core.reads.account)
    assert stand.exit_code is None, "the official client asks after its stream is closed"
    assert stand.finish() == 0


def test_a_client_that_stays_does_not_keep_the_process_for_ever(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    stand.run()
    for _ in range(2000):
        stand.turn(0.05)
    assert stand.exit_code == 0


def test_an_end_that_is_not_acknowledged_is_waited_for_less_long(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    client = stand.join(mute=True)
    for _ in range(5):
        while client.take_one():
            client.acknowledge(*[m["event_id"] for m in client.heard if m["type"] == "candle"])
        stand.turn()
    assert client.heard[-1]["type"] == "backtest_complete"
    for _ in range(210):
        stand.turn(0.05)
    assert stand.exit_code == 0


def test_with_exit_never_the_gateway_serves_on(tmp_path: Path) -> None:
    stand = Stand(tmp_path, BACKTEST_EXIT="never")
    stand.run()
    assert stand.finish() is None


def test_a_ruined_run_ends_with_code_2(tmp_path: Path) -> None:
    crash = "2024-01-01,100,105,95,102,1\n2024-01-02,103,110,99,108,1\n2024-01-03,50,60,40,55,1\n"
    stand = Stand(
        tmp_path, crash, BACKTEST_CASH="1000", BACKTEST_LEVERAGE="10", BACKTEST_MAINTENANCE="0.1"
    )
    client = stand.run(at_candles({0: lambda stand: stand.submit(quantity="80")}))
    assert client.heard[-1]["status"] == "ruined"
    assert stand.finish() == 2


def test_a_defect_ends_the_run_as_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand = Stand(tmp_path)

    def fail(_symbol: str) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(stand.broker.exchange, "leave", fail)
    with capturedLogs():
        client = stand.run()
    assert [m["type"] for m in client.heard] == ["error", "backtest_complete"]
    assert client.heard[-1]["status"] == "failed"
    assert stand.finish() == 3


def test_positions_may_be_closed_at_the_end(tmp_path: Path) -> None:
    stand = Stand(tmp_path, BACKTEST_CLOSE_AT_END="true")
    client = stand.run(at_candles({0: lambda stand: stand.submit()}))
    assert [(str(price), time) for price, _, time in stand.fills()] == [
        ("103", "02 00:00:00"),
        ("96", "05 00:00:00"),
    ]
    assert client.told("position")[-1]["event"] == "POSITION_CLOSED"
    assert client.heard[-1]["type"] == "backtest_complete"


def test_the_report_is_in_the_state_directory_or_where_it_is_wanted(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    stand.run(BRACKET)
    folder = tmp_path / "state" / "backtests" / stand.broker.run_id
    report = json.loads((folder / "report.json").read_text())
    assert report["status"] == "completed"
    assert report["transcript_sha256"] == stand.clients[0].heard[-1]["transcript_sha256"]
    assert report["config"]["BACKTEST_CASH"] == "100000"
    assert {file.name for file in folder.iterdir()} >= {
        "report.json",
        "report.html",
        "trades.csv",
        "fills.csv",
        "orders.csv",
        "equity.csv",
    }
    again = Stand(tmp_path, BACKTEST_REPORT=str(tmp_path / "wanted"))
    again.run(BRACKET)
    assert (tmp_path / "wanted" / "report.json").exists()


def test_a_gateway_that_is_stopped_leaves_a_report_of_an_interrupted_run(tmp_path: Path) -> None:
    stand = Stand(tmp_path, BACKTEST_REPORT=str(tmp_path / "report"))
    client = stand.join(mute=True)
    client.take_one()
    stand.turn()
    stand.broker.stopService()
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert report["status"] == "interrupted"
    assert stand.broker.status().state is RunState.INTERRUPTED


def test_the_transcript_can_be_kept_and_is_what_its_digest_says(tmp_path: Path) -> None:
    stand = Stand(tmp_path, BACKTEST_TRANSCRIPT="1", BACKTEST_REPORT=str(tmp_path / "report"))
    client = stand.run(BRACKET)
    lines = (tmp_path / "report" / "transcript.jsonl").read_bytes()
    assert hashlib.sha256(lines).hexdigest() == client.heard[-1]["transcript_sha256"]
    decoded = [json.loads(line) for line in lines.splitlines()]
    commands = [line for line in decoded if "method" in line]
    assert [(c["method"], c["result_id"]) for c in commands] == [
        ("POST", "bt-o1"),
        ("POST", "bt-o2"),
        ("POST", "bt-o3"),
        ("DELETE", "bt-o3"),
    ]
    assert len(decoded) - len(commands) == len(client.heard) - 1


def digest(stand: Stand, handler: Handler = BRACKET) -> str:
    text: str = stand.run(handler).heard[-1]["transcript_sha256"]
    return text


def test_the_same_inputs_give_the_same_transcript_and_the_same_messages(tmp_path: Path) -> None:
    first, second = Stand(tmp_path), Stand(tmp_path)
    second.turn(3600)  # the wall clock does not count
    assert digest(first) == digest(second)
    assert first.clients[0].heard[:-1] == second.clients[0].heard[:-1]


def test_another_strategy_or_other_costs_give_another_transcript(tmp_path: Path) -> None:
    assert digest(Stand(tmp_path)) != digest(Stand(tmp_path), at_candles({}))
    assert digest(Stand(tmp_path)) != digest(Stand(tmp_path, BACKTEST_COMMISSION="1bps"))


@pytest.mark.parametrize(("slippage", "same"), [("0", True), ("rand:5bps", False)])
def test_another_seed_matters_only_to_what_is_drawn(
    tmp_path: Path, slippage: str, same: bool
) -> None:
    def fills(seed: str) -> list[object]:
        stand = Stand(tmp_path, BACKTEST_SLIPPAGE=slippage, BACKTEST_SEED=seed)
        stand.run(BRACKET)
        return list(stand.fills())

    assert (fills("1") == fills("2")) is same
    assert fills("2") == fills("2")


GOLDEN_DIGEST = "c94853d826887ea5c1eea865e71e9a0e2a26797d24f2eae6b9bad5505786236f"


def test_the_digest_is_the_same_on_every_machine(tmp_path: Path) -> None:
    """If it changes, results of earlier versions can no longer be compared: say so in CHANGELOG."""
    assert digest(Stand(tmp_path)) == GOLDEN_DIGEST


@pytest.mark.parametrize(("wanted", "sim"), [("sim", True), ("wall", False)])
def test_messages_are_stamped_with_simulated_or_wall_time(
    tmp_path: Path, wanted: str, sim: bool
) -> None:
    stand = Stand(tmp_path, BACKTEST_TIMESTAMPS=wanted)
    client = stand.run(BRACKET)
    years = {message["timestamp"][:4] for message in client.heard}
    assert years == {"2024" if sim else "2026"}
    filled = client.told("trade")[0]["trade"]["timestamp"]
    assert filled == "2024-01-02T00:00:00Z"


def test_completed_runs_are_counted(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    stand.run()
    count: Callable[..., float | None] = stand.meters.registry.get_sample_value
    assert count("gateway_backtest_completions_total", {"platform": "backtest"}) == 1


def test_orders_to_a_run_that_waits_for_nobody_are_not_reproducible(tmp_path: Path) -> None:
    stand = Stand(tmp_path, BACKTEST_CLIENTS="0", BACKTEST_SPEED="86400")
    assert stand.broker.report()["reproducible"] is True
    stand.submit()
    for _ in range(50):
        stand.turn(0.1)
    assert len(stand.fills()) == 1
    assert stand.broker.report()["reproducible"] is False


def test_a_report_that_cannot_be_written_is_logged_and_the_run_ends_all_the_same(
    tmp_path: Path,
) -> None:
    stand = Stand(tmp_path, BACKTEST_REPORT=str(tmp_path / "report"))
    (tmp_path / "report").rmdir()
    (tmp_path / "report").write_text("not a directory")
    with capturedLogs() as logged:
        client = stand.run()
    assert client.heard[-1]["status"] == "completed"
    assert any("could not be made" in str(event.get("log_format")) for event in logged)
    assert stand.finish() == 0
    assert stand.broker.report()["status"] == "completed"


def test_a_directory_that_cannot_be_made_is_told_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    with pytest.raises(ConfigError, match="BACKTEST_REPORT"):
        Stand(tmp_path, BACKTEST_REPORT=str(tmp_path / "file"))


def test_the_report_names_every_variable_that_changes_what_comes_of_it(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    config = stand.broker.report()["config"]
    names = ("SUBSCRIPTIONS", "SL_TP_TTL_HOURS", "EXIT_MAX_UNCOVERED_SECS", "EXIT_UNCOVERED_POLICY")
    assert [config[name] for name in names] == ["[]", "0", "300", "alert"]
