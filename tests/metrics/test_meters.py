"""Names, types, labels and buckets of the metrics are the API's."""

from __future__ import annotations

import re

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from tradegw.metrics.exposition import exposition
from tradegw.metrics.meters import Meters
from tradegw.model.enums import OrderEventKind, Platform, RateLimitEventKind
from tradegw.model.protection import ProtectionState
from tradegw.model.trading import TradingState
from tradegw.stream.meters import StreamMeters

ORDER_KINDS = {
    "created",
    "modified",
    "cancelled",
    "rejected",
    "filled",
    "partially_filled",
    "expired",
    "bracket_created",
    "bracket_modified",
}


class Page:
    """The metrics of a gateway on alpaca-paper, as they would be scraped."""

    def __init__(self) -> None:
        self.meters = Meters(CollectorRegistry(), Platform.ALPACA_PAPER)

    @property
    def text(self) -> str:
        return exposition(self.meters.registry).decode()

    def value(self, sample: str) -> float:
        (found,) = re.findall(rf"^{re.escape(sample)} (\S+)$", self.text, re.MULTILINE)
        return float(found)


@pytest.fixture
def page() -> Page:
    return Page()


P = '{platform="alpaca-paper"}'


def test_types_of_all_metrics(page: Page) -> None:
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", page.text, re.MULTILINE))
    assert types == {
        "gateway_orders_submitted_total": "counter",
        "gateway_order_submit_duration_seconds": "histogram",
        "gateway_order_events_total": "counter",
        "gateway_oco_double_exit_total": "counter",
        "gateway_trailing_stop_moves_total": "counter",
        "gateway_ws_connections_active": "gauge",
        "gateway_ws_slow_consumer_disconnects": "counter",
        "gateway_critical_notifications_dropped_total": "counter",
        "gateway_broker_disconnections_total": "counter",
        "gateway_broker_reconnect_attempts_total": "counter",
        "gateway_broker_reconnections_total": "counter",
        "gateway_broker_reconnect_failures_total": "counter",
        "gateway_rate_limit_events_total": "counter",
        "gateway_circuit_breaker_resets_total": "counter",
        "gateway_trading_state": "gauge",
        "gateway_order_outcomes_unknown_total": "counter",
        "gateway_order_anomalies_total": "counter",
        "gateway_reconciliations_total": "counter",
        "gateway_events_reconciled_total": "counter",
        "gateway_backtest_completions_total": "counter",
        "gateway_backtest_aborts_total": "counter",
        "gateway_exit_plans": "gauge",
        "gateway_exit_uncovered_seconds": "gauge",
        "gateway_exit_uncovered_plan_seconds_total": "counter",
        "gateway_ws_queue_depth": "gauge",
        "gateway_release_queue_depth": "gauge",
        "gateway_reactor_lag_seconds": "histogram",
        "http_request_duration_seconds": "histogram",
    }


def test_every_metric_explains_itself(page: Page) -> None:
    helped = re.findall(r"^# HELP (\S+) \S.*\.$", page.text, re.MULTILINE)
    assert helped == re.findall(r"^# TYPE (\S+) ", page.text, re.MULTILINE)


def test_series_of_the_running_platform_start_at_zero(page: Page) -> None:
    for name in (
        "gateway_orders_submitted_total",
        "gateway_order_submit_duration_seconds_count",
        "gateway_oco_double_exit_total",
        "gateway_critical_notifications_dropped_total",
        "gateway_broker_disconnections_total",
        "gateway_broker_reconnect_attempts_total",
        "gateway_broker_reconnections_total",
        "gateway_broker_reconnect_failures_total",
        "gateway_backtest_completions_total",
        "gateway_backtest_aborts_total",
    ):
        assert page.value(name + P) == 0
    for name in (
        "gateway_ws_connections_active",
        "gateway_ws_slow_consumer_disconnects",
        "gateway_circuit_breaker_resets_total",
        "gateway_release_queue_depth",
        "gateway_reactor_lag_seconds_count",
    ):
        assert page.value(name) == 0
    kinds = re.findall(r'gateway_order_events_total\{event_type="(\w+)"', page.text)
    assert set(kinds) == ORDER_KINDS
    kinds = re.findall(r'gateway_rate_limit_events_total\{event_type="(\w+)"', page.text)
    assert set(kinds) == {"warning", "hit"}


def test_buckets_of_the_submit_duration(page: Page) -> None:
    page.meters.submit_took(0.03)
    les = re.findall(r'submit_duration_seconds_bucket\{le="(\S+?)"', page.text)
    assert " ".join(les) == "0.001 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1.0 2.5 5.0 10.0 +Inf"
    bucket = 'gateway_order_submit_duration_seconds_bucket{le="%s",platform="alpaca-paper"}'
    assert page.value(bucket % "0.025") == 0
    assert page.value(bucket % "0.05") == 1
    assert page.value("gateway_order_submit_duration_seconds_sum" + P) == 0.03


@pytest.mark.parametrize("kind", OrderEventKind)
def test_order_events_are_told_apart(page: Page, kind: OrderEventKind) -> None:
    page.meters.order_event(kind)
    counts = dict(
        re.findall(r'gateway_order_events_total\{event_type="(\w+)".*\} (\S+)', page.text)
    )
    name = kind.value.lower().replace("order_", "")
    assert counts == {each: "1.0" if each == name else "0.0" for each in ORDER_KINDS}


def test_each_word_counts_its_own_metric(page: Page) -> None:
    meters = page.meters
    words = {
        "gateway_orders_submitted_total" + P: meters.order_submitted,
        "gateway_oco_double_exit_total" + P: meters.oco_double_exit,
        "gateway_critical_notifications_dropped_total" + P: meters.alert_dropped,
        "gateway_broker_disconnections_total" + P: meters.broker_disconnected,
        "gateway_broker_reconnect_attempts_total" + P: meters.broker_reconnect_attempt,
        "gateway_broker_reconnections_total" + P: meters.broker_reconnected,
        "gateway_broker_reconnect_failures_total" + P: meters.broker_reconnect_failed,
        "gateway_backtest_completions_total" + P: meters.backtest_completed,
        "gateway_backtest_aborts_total" + P: meters.backtest_aborted,
        "gateway_circuit_breaker_resets_total": meters.breakers_reset,
        "gateway_ws_slow_consumer_disconnects": meters.stream.evicted,
        "gateway_ws_connections_active": meters.stream.connected,
    }
    for count, say in enumerate(words.values(), start=1):
        for _ in range(count):
            say()
    for count, sample in enumerate(words, start=1):
        assert page.value(sample) == count


def test_one_trading_state_holds_at_a_time(page: Page) -> None:
    for state in (*TradingState, TradingState.ACTIVE):
        page.meters.trading_state(state)
        for each in TradingState:
            sample = f'gateway_trading_state{{state="{each.value}"}}'
            assert page.value(sample) == (each is state)


def test_rate_limit_events(page: Page) -> None:
    page.meters.rate_limit_event(RateLimitEventKind.HIT)
    name = 'gateway_rate_limit_events_total{event_type="%s",platform="alpaca-paper"}'
    assert page.value(name % "hit") == 1
    assert page.value(name % "warning") == 0


def test_connections_go_up_and_down_and_depths_are_what_they_are(page: Page) -> None:
    stream: StreamMeters = page.meters.stream
    stream.connected()
    stream.connected()
    stream.disconnected()
    stream.backlog(17)
    page.meters.release_depth(3)
    assert page.value("gateway_ws_connections_active") == 1
    assert page.value("gateway_ws_queue_depth") == 17
    assert page.value("gateway_release_queue_depth") == 3


def test_http_durations_by_route_and_status(page: Page) -> None:
    page.meters.http_answered("/v1/orders", 201, 0.002)
    page.meters.http_answered("/v1/orders", 201, 0.004)
    page.meters.http_answered('/v1/"odd"\\\n', 404, 0.1)
    name = 'http_request_duration_seconds_count{route="%s",status="%s"}'
    assert page.value(name % ("/v1/orders", "201")) == 2
    assert page.value(name % (r"/v1/\"odd\"\\\n", "404")) == 1


def test_the_text_is_understood_by_prometheus_own_parser(page: Page) -> None:
    page.meters.http_answered('a"b\\c\nd', 200, 0.5)
    page.meters.reactor_lag(0.2)
    families = {family.name: family for family in text_string_to_metric_families(page.text)}
    labels = families["http_request_duration_seconds"].samples[0].labels
    assert labels["route"] == 'a"b\\c\nd'
    assert "_created{" not in page.text
    assert families["gateway_reactor_lag_seconds"].type == "histogram"


def test_two_gateways_in_one_process_count_apart() -> None:
    one, other = Page(), Page()
    one.meters.order_submitted()
    assert other.value("gateway_orders_submitted_total" + P) == 0


def test_protection_is_counted_by_state_and_by_time(page: Page) -> None:
    assert page.value('gateway_exit_plans{state="UNCOVERED"}') == 0
    page.meters.exits.plans({ProtectionState.UNCOVERED: 2, ProtectionState.PENDING: 1})
    page.meters.exits.plans({ProtectionState.COVERED: 3})
    states = re.findall(r'gateway_exit_plans\{state="(\w+)"\} (\S+)', page.text)
    assert dict(states) == {
        "PENDING": "0.0",
        "COVERED": "3.0",
        "UNCOVERED": "0.0",
        "ENDING": "0.0",
    }
    page.meters.exits.oldest_shortfall(12.5)
    page.meters.exits.oldest_shortfall(2.5)
    assert page.value("gateway_exit_uncovered_seconds") == 2.5
    page.meters.exits.uncovered_for(2)
    page.meters.exits.uncovered_for(-1)
    page.meters.exits.uncovered_for(1.5)
    assert page.value("gateway_exit_uncovered_plan_seconds_total") == 3.5
