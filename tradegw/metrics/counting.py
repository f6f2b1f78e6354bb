"""A counter under its bare name.

``prometheus_client`` puts ``_total`` behind the name of every counter of its own, and one metric of
the API has always been without.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.registry import Collector


class BareCounter(Collector):
    """Counts up from zero; shown as ``name``, without a suffix."""

    def __init__(self, name: str, documentation: str, registry: CollectorRegistry) -> None:
        self._name = name
        self._documentation = documentation
        self._count = 0
        registry.register(self)

    def inc(self) -> None:
        """One more."""
        self._count += 1

    def collect(self) -> Iterator[Metric]:
        """What ``prometheus_client`` asks each collector for."""
        metric = Metric(self._name, self._documentation, "counter")
        metric.add_sample(self._name, {}, self._count)
        yield metric
