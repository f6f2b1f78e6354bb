"""Every metric of the gateway, behind methods in the trade's words.

Names, labels and buckets are part of the API (protocol section 4.1) and never change; only HTTP
durations, the reactor's lag and the queue depths are our own. What belongs to the running platform
exists from the start, at zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from ..model.enums import OrderEventKind, Platform, RateLimitEventKind
from ..model.trading import TradingState
from .counting import BareCounter
from .exits import ExitMeters

K = TypeVar("K")

BUCKETS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Meters:
    """Registers itself in *registry*, which is the caller's own and not the global one."""

    def __init__(self, registry: CollectorRegistry, platform: Platform) -> None:
        disable_created_metrics()
        self.registry = registry
        self.stream = StreamMeters(registry)
        self.exits = ExitMeters(registry)
        self._orders = _Orders(registry, platform)
        self._broker = _Broker(registry, platform)
        self._inner = _Inner(registry)

    def order_submitted(self) -> None:
        """The broker accepted an order that came through ``POST /v1/orders``."""
        self._orders.submitted.inc()

    def submit_took(self, seconds: float) -> None:
        """The broker answered a submit, well or badly, after *seconds*."""
        self._orders.submit_duration.observe(seconds)

    def outcome_unknown(self) -> None:
        """A submit or close ended without an answer: what became of it has to be found out."""
        self._orders.unknown.inc()

    def order_anomaly(self) -> None:
        """The broker told of an order what cannot follow from what it told before."""
        self._orders.anomalies.inc()

    def reconciled(self, missing: int) -> None:
        """The broker was asked how things stand, and *missing* events were found out."""
        self._orders.reconciliations.inc()
        self._orders.missing.inc(missing)

    def order_event(self, kind: OrderEventKind) -> None:
        """The broker told of an order."""
        self._orders.events[kind].inc()

    def oco_double_exit(self) -> None:
        """Both legs of a pair filled."""
        self._orders.double_exits.inc()

    def alert_dropped(self) -> None:
        """An alert about an unprotected position or a double exit reached nobody."""
        self._orders.alerts_dropped.inc()

    def backtest_completed(self) -> None:
        """A backtest came to its end."""
        self._orders.backtests.inc()

    def backtest_aborted(self) -> None:
        """A backtest ended before its end."""
        self._orders.aborts.inc()

    def broker_disconnected(self) -> None:
        """A stream of the broker was lost."""
        self._broker.disconnections.inc()

    def broker_reconnect_attempt(self) -> None:
        """A lost stream is tried again."""
        self._broker.attempts.inc()

    def broker_reconnected(self) -> None:
        """A lost stream is back."""
        self._broker.reconnections.inc()

    def broker_reconnect_failed(self) -> None:
        """A lost stream was given up."""
        self._broker.failures.inc()

    def rate_limit_event(self, kind: RateLimitEventKind) -> None:
        """The broker warned of a limit, or it was hit."""
        self._broker.rate_limits[kind].inc()

    def breakers_reset(self) -> None:
        """The circuit breakers were closed by hand."""
        self._inner.resets.inc()

    def trading_state(self, state: TradingState) -> None:
        """The trading state is *state* now."""
        for each, gauge in self._inner.trading_states.items():
            gauge.set(each is state)

    def release_depth(self, events: int) -> None:
        """So many *events* wait to be released to the strategies."""
        self._inner.release_depth.set(events)

    def reactor_lag(self, seconds: float) -> None:
        """The reactor called back *seconds* late."""
        self._inner.lag.observe(seconds)

    def http_answered(self, route: str, status: int, seconds: float) -> None:
        """*route*, the pattern and not the path that was asked for, was answered with *status*."""
        self._inner.http_child(route, status).observe(seconds)


class StreamMeters:
    """The WebSocket's part, under the names its fan-out uses."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._active = Gauge(
            "gateway_ws_connections_active", "Open WebSockets of strategies.", registry=registry
        )
        self._evictions = BareCounter(
            "gateway_ws_slow_consumer_disconnects",
            "WebSockets closed because their client read too slowly.",
            registry,
        )
        self._backlog = Gauge(
            "gateway_ws_queue_depth",
            "Messages waiting for the WebSocket client that is furthest behind.",
            registry=registry,
        )

    def connected(self) -> None:
        """A client's handshake is done."""
        self._active.inc()

    def disconnected(self) -> None:
        """Such a client is gone."""
        self._active.dec()

    def evicted(self) -> None:
        """A client read too slowly and is being closed."""
        self._evictions.inc()

    def backlog(self, messages: int) -> None:
        """So many *messages* wait for the client that is furthest behind."""
        self._backlog.set(messages)


class _Orders:
    def __init__(self, registry: CollectorRegistry, platform: Platform) -> None:
        self.submitted = _counter(
            registry,
            platform,
            "gateway_orders_submitted_total",
            "Orders accepted by the broker through POST /v1/orders.",
        )
        self.submit_duration = Histogram(
            "gateway_order_submit_duration_seconds",
            "Time the broker took to answer a submit, well or badly.",
            ("platform",),
            registry=registry,
            buckets=BUCKETS,
        ).labels(platform)
        self.events = _by_kind(
            registry,
            platform,
            "gateway_order_events_total",
            "Order events seen from the broker.",
            # ORDER_FILLED is filled, BRACKET_ORDER_CREATED is bracket_created.
            {kind: kind.value.replace("ORDER_", "").lower() for kind in OrderEventKind},
        )
        self.double_exits = _counter(
            registry, platform, "gateway_oco_double_exit_total", "Pairs of which both legs filled."
        )
        self.alerts_dropped = _counter(
            registry,
            platform,
            "gateway_critical_notifications_dropped_total",
            "Alerts about unprotected positions and double exits that reached nobody.",
        )
        self.unknown = _counter(
            registry,
            platform,
            "gateway_order_outcomes_unknown_total",
            "Orders and closes whose answer was missing.",
        )
        self.anomalies = _counter(
            registry,
            platform,
            "gateway_order_anomalies_total",
            "Order events that cannot follow from what was told before.",
        )
        self.reconciliations = _counter(
            registry, platform, "gateway_reconciliations_total", "Reconciliations that ended."
        )
        self.missing = _counter(
            registry,
            platform,
            "gateway_events_reconciled_total",
            "Events that were missed and found out by asking.",
        )
        self.backtests = _counter(
            registry, platform, "gateway_backtest_completions_total", "Backtests that ended."
        )
        self.aborts = _counter(
            registry,
            platform,
            "gateway_backtest_aborts_total",
            "Backtests that ended before their end.",
        )


class _Broker:
    def __init__(self, registry: CollectorRegistry, platform: Platform) -> None:
        self.disconnections = _counter(
            registry,
            platform,
            "gateway_broker_disconnections_total",
            "Losses of a stream of the broker.",
        )
        self.attempts = _counter(
            registry,
            platform,
            "gateway_broker_reconnect_attempts_total",
            "Tries to get a lost stream back.",
        )
        self.reconnections = _counter(
            registry,
            platform,
            "gateway_broker_reconnections_total",
            "Lost streams that came back.",
        )
        self.failures = _counter(
            registry,
            platform,
            "gateway_broker_reconnect_failures_total",
            "Lost streams that were given up.",
        )
        self.rate_limits = _by_kind(
            registry,
            platform,
            "gateway_rate_limit_events_total",
            "Warnings about and hits of the broker's rate limits.",
            {RateLimitEventKind.WARNING: "warning", RateLimitEventKind.HIT: "hit"},
        )


class _Inner:
    def __init__(self, registry: CollectorRegistry) -> None:
        self.resets = Counter(
            "gateway_circuit_breaker_resets_total",
            "Circuit breakers closed by hand.",
            registry=registry,
        )
        states = Gauge(
            "gateway_trading_state",
            "1 for the trading state that holds, 0 for the others.",
            ("state",),
            registry=registry,
        )
        self.trading_states = {each: states.labels(each.value) for each in TradingState}
        self.release_depth = Gauge(
            "gateway_release_queue_depth",
            "Events waiting to be released to the strategies.",
            registry=registry,
        )
        self.lag = Histogram(
            "gateway_reactor_lag_seconds",
            "How late the reactor called back, asked once a second.",
            registry=registry,
            buckets=BUCKETS,
        )
        self._http = Histogram(
            "http_request_duration_seconds",
            "Time from a request's arrival to its answer.",
            ("route", "status"),
            registry=registry,
            buckets=BUCKETS,
        )
        self._http_children: dict[tuple[str, int], Histogram] = {}

    def http_child(self, route: str, status: int) -> Histogram:
        """Kept, since ``labels`` costs as much again as counting."""
        child = self._http_children.get((route, status))
        if child is None:
            child = self._http_children[route, status] = self._http.labels(route, status)
        return child


def _counter(registry: CollectorRegistry, platform: Platform, name: str, text: str) -> Counter:
    return Counter(name, text, ("platform",), registry=registry).labels(platform)


def _by_kind(
    registry: CollectorRegistry,
    platform: Platform,
    name: str,
    text: str,
    event_types: Mapping[K, str],
) -> dict[K, Counter]:
    family = Counter(name, text, ("platform", "event_type"), registry=registry)
    return {kind: family.labels(platform, shown) for kind, shown in event_types.items()}
