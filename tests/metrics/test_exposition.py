"""A registry as text: as the client library writes it, but for counters without a suffix."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Enum,
    Gauge,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    Summary,
    disable_created_metrics,
    generate_latest,
)

from tradegw.metrics.counting import BareCounter
from tradegw.metrics.exposition import exposition


def test_everything_but_a_bare_counter_is_written_as_the_library_does() -> None:
    disable_created_metrics()
    registry = CollectorRegistry()
    Counter("a", "With \\ and\nline.", ("x",), registry=registry).labels('q"\\\n').inc(0.5)
    Counter("never_used", "No series yet.", ("x",), registry=registry)
    Gauge("b", "A gauge.", registry=registry).set(float("nan"))
    Histogram("c", "A histogram.", registry=registry, buckets=(1, 2.5)).observe(2)
    Summary("d", "A summary.", registry=registry).observe(1e21)
    Info("e", "An info.", registry=registry).info({"version": "1"})
    Enum("f", "A state.", registry=registry, states=["on", "off"]).state("off")
    PlatformCollector(registry)
    assert exposition(registry) == generate_latest(registry)


def test_a_bare_counter_keeps_its_name() -> None:
    registry = CollectorRegistry()
    counter = BareCounter("evictions", "Evicted.", registry)
    counter.inc()
    counter.inc()
    assert exposition(registry) == (
        b"# HELP evictions Evicted.\n# TYPE evictions counter\nevictions 2.0\n"
    )


def test_the_process_itself_can_be_shown() -> None:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    assert b"process_" in exposition(registry) or exposition(registry) == b""
