"""What happens at one instant happens in a fixed order, and everything at its own time."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from .stand import Client, Message, Stand, at_candles

HOURLY = """\
2024-01-01T22:00:00Z,50,51,49,50.5,10
2024-01-01T23:00:00Z,50.6,52,50,51,10
2024-01-02T00:00:00Z,51.2,53,51,52,10
2024-01-02T01:00:00Z,52.1,53,51,52,10
"""
DAILY = """\
2024-01-01T00:00:00Z,100,105,95,102,1000
2024-01-02T00:00:00Z,103,110,99,108,1000
"""
HEAD = "timestamp,open,high,low,close,volume\n"


def two_symbols(folder: Path, **environ: str) -> Stand:
    """A trades by the day, B by the hour."""
    (folder / "a.csv").write_text(HEAD + DAILY)
    (folder / "b.csv").write_text(HEAD + HOURLY)
    data = f"A@1d={folder / 'a.csv'},B@1h={folder / 'b.csv'}"
    return Stand(folder, None, BACKTEST_DATA=data, **environ)


def told(client: Client) -> list[str]:
    """What was heard, in short."""
    lines = []
    for message in client.heard:
        what = message.get("event", "")
        symbol = (message.get("bar") or message.get("order") or {}).get("symbol", "")
        lines.append(f"{message['timestamp'][5:16]} {message['type']} {symbol} {what}".rstrip())
    return lines


def test_closes_come_before_opens_and_short_bars_before_long_ones(tmp_path: Path) -> None:
    def at_midnight(client: Client, message: Message) -> None:
        bar = message.get("bar", {})
        if bar.get("symbol") == "B" and bar["timestamp"] == "2024-01-01T23:00:00Z":
            client.stand.submit(symbol="B", quantity="1")
            client.stand.submit(symbol="A", quantity="1")

    client = two_symbols(tmp_path).run(at_midnight)
    lines = [line for line in told(client) if "trade" not in line and "account" not in line]
    assert [line for line in lines if "position" not in line] == [
        "01-01T23:00 candle B",
        "01-02T00:00 candle B",
        "01-02T00:00 order B ORDER_CREATED",
        "01-02T00:00 order A ORDER_CREATED",
        "01-02T00:00 candle A",
        "01-02T00:00 order A ORDER_FILLED",
        "01-02T00:00 order B ORDER_FILLED",
        "01-02T01:00 candle B",
        "01-02T02:00 candle B",
        "01-03T00:00 candle A",
        "01-03T00:00 backtest_complete",
    ]


def test_an_order_for_another_symbol_in_the_middle_of_its_bar_waits_for_the_next_open(
    tmp_path: Path,
) -> None:
    def in_the_day(client: Client, message: Message) -> None:
        if message["type"] == "candle" and message["timestamp"] == "2024-01-01T23:00:00Z":
            client.stand.submit(symbol="A", quantity="1")

    stand = two_symbols(tmp_path)
    stand.run(in_the_day)
    assert [time for _price, _quantity, time in stand.fills()] == ["02 00:00:00"]


def test_a_weekend_is_a_gap_between_a_candle_and_the_open_that_fills(tmp_path: Path) -> None:
    bars = "2024-01-05,100,105,95,102,1\n2024-01-08,90,97,88,95,1\n"
    stand = Stand(tmp_path, bars)
    client = stand.run(at_candles({0: lambda stand: stand.submit()}))
    assert client.heard[0]["timestamp"] == "2024-01-06T00:00:00Z"
    assert [(str(price), time) for price, _, time in stand.fills()] == [("90", "08 00:00:00")]


def test_a_pending_entry_with_exits_ages_in_simulated_hours(tmp_path: Path) -> None:
    stand = two_symbols(tmp_path, SL_TP_TTL_HOURS="2")

    def enter(stand: Stand) -> None:
        stand.submit(symbol="B", quantity="1", order_type="LIMIT", limit_price="40", stop_loss="30")

    client = stand.run(at_candles({0: enter}))
    cancelled = [m for m in client.told("order") if m["event"] == "ORDER_CANCELLED"]
    assert [m["timestamp"] for m in cancelled] == ["2024-01-02T01:00:00Z"]


def test_latency_moves_a_fill_to_the_first_point_after_it(tmp_path: Path) -> None:
    stand = two_symbols(tmp_path, BACKTEST_LATENCY_MS="60000")
    stand.run(at_candles({0: lambda stand: stand.submit(symbol="B", quantity="1")}))
    assert [time for _price, _quantity, time in stand.fills()] == ["02 00:00:00"]


def test_larger_candles_are_made_of_smaller_ones_and_told_after_them(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text(HEAD + HOURLY)
    stand = Stand(
        tmp_path,
        None,
        BACKTEST_DATA=f"B@1h={tmp_path / 'b.csv'}",
        SUBSCRIPTIONS='[{"platform":"backtest","instrument":"B",'
        '"events":["candle_1h","candle_2h","order_update"]}]',
    )
    client = stand.run(at_candles({0: lambda stand: stand.submit(symbol="B", quantity="1")}))
    candles = [(m["timestamp"][8:16], m["bar"]["timeframe"]) for m in client.told("candle")]
    assert candles == [
        ("01T23:00", "1h"),
        ("02T00:00", "1h"),
        ("02T00:00", "2h"),
        ("02T01:00", "1h"),
        ("02T02:00", "1h"),
        ("02T02:00", "2h"),
    ]
    kinds = {message["type"] for message in client.heard}
    assert kinds == {"candle", "order", "backtest_complete"}, "what is not subscribed is not sent"


def test_a_second_fill_at_one_open_waits_for_the_first_to_be_acknowledged(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    seen: list[int] = []

    def handle(client: Client, message: Message) -> None:
        if message["type"] == "candle" and client.candles == 0:
            client.stand.submit(quantity="1")
            client.stand.submit(quantity="2")
        if message.get("event") == "ORDER_FILLED":
            seen.append(len(client.stand.broker.exchange.trades()))

    stand.run(handle)
    assert seen == [1, 2]


def test_a_stop_that_is_sent_on_a_fill_inside_of_a_bar_can_fill_in_that_bar(
    tmp_path: Path,
) -> None:
    def handle(client: Client, message: Message) -> None:
        if message["type"] == "candle" and client.candles == 0:
            client.stand.submit(order_type="LIMIT", limit_price="100")
        if message.get("event") == "ORDER_FILLED" and message["order"].get("limit_price"):
            client.stand.submit(side="SELL", order_type="STOP", stop_price="99.5")
            client.stand.submit(side="BUY", quantity="1")

    stand = Stand(tmp_path, BACKTEST_PATH="olhc")
    stand.run(handle)
    fills = [(str(price), str(quantity), time[:2]) for price, quantity, time in stand.fills()]
    assert fills[0] == ("100", "10", "02")
    assert ("100", "1", "02") in fills, "a market order gets the price that was just shown"
    assert ("99.5", "10", "02") in fills


def test_a_stop_that_the_gateway_moves_follows_closes_and_costs_no_timers_in_between(
    tmp_path: Path,
) -> None:
    days = "".join(f"2024-01-{d:02},{d},{d + 0.5},{d - 0.5},{d},9\n" for d in range(11, 20))
    stand = Stand(tmp_path, days + "2024-01-25,18,18,10,11,9\n")
    clock = stand.broker.time.clock
    made: list[float] = []
    call_later = clock.callLater

    def counted(delay: float, *rest: Any, **kw: Any) -> Any:
        made.append(delay)
        return call_later(delay, *rest, **kw)

    clock.callLater = counted  # type: ignore[method-assign]  # only to be counted
    trail = {"distance": "2", "type": "ABSOLUTE"}
    client = stand.run(at_candles({0: lambda s: s.submit(trailing_stop=trail)}))
    stops = [m["order"]["stop_price"] for m in client.told("order") if m["order"]["side"] == "SELL"]
    assert stops == ["10", "11", "12", "13", "14", "15", "16", "17", "17"]
    price, _, time = stand.fills()[-1]
    assert (str(price), time) == ("17", "25 09:00:00")
    assert len(made) < 48 * 15, "asked for every few seconds of simulated time"


def test_exits_of_what_is_held_stay_when_the_data_of_its_symbol_end(tmp_path: Path) -> None:
    stand = two_symbols(tmp_path)

    def handle(client: Client, message: Message) -> None:
        if message["type"] == "candle" and client.candles == 0:
            client.stand.submit(symbol="B", quantity="1", stop_loss="20")
            client.stand.submit(symbol="B", quantity="2", order_type="LIMIT", limit_price="9")

    client = stand.run(handle)
    assert stand.broker.run.state == "completed"
    at_work = {o.client_order_id for o in stand.broker.exchange.open_orders()}
    assert at_work == {"bt-o1-sl"}, "what can never fill need not be placed again and again"
    assert stand.broker.report()["honesty"]["refused"] == 0
    assert not client.told("error")


def test_simulated_times_never_go_back(tmp_path: Path) -> None:
    stand = two_symbols(tmp_path)
    client = stand.run(
        at_candles(
            {0: lambda s: s.submit(symbol="B", quantity="1", stop_loss="49.5", take_profit="52.5")}
        )
    )
    times = [datetime.fromisoformat(message["timestamp"]) for message in client.heard]
    assert times == sorted(times)


def test_latency_delays_exits_and_their_siblings_too_and_nothing_waits_for_ever(
    tmp_path: Path,
) -> None:
    stand = Stand(tmp_path, BACKTEST_LATENCY_MS="1000")
    client = stand.run(
        at_candles({0: lambda stand: stand.submit(stop_loss="100", take_profit="109")})
    )
    told = [(m["event"], m["timestamp"][8:19]) for m in client.told("order")]
    assert told == [
        ("ORDER_CREATED", "02T00:00:00"),
        ("ORDER_FILLED", "03T00:00:00"),
        ("ORDER_CREATED", "03T00:00:00"),
        ("ORDER_CREATED", "03T00:00:00"),
        ("ORDER_FILLED", "03T00:00:01"),
        ("ORDER_CANCELLED", "03T00:00:02"),
    ]
