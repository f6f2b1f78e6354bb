"""What is counted of the protection of positions."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge

from ..model.protection import ProtectionState


class ExitMeters:
    """The exits' part, under the names they use."""

    def __init__(self, registry: CollectorRegistry) -> None:
        plans = Gauge(
            "gateway_exit_plans",
            "Entries with exits that are in force, by how far their protection has come.",
            ("state",),
            registry=registry,
        )
        self._plans = {state: plans.labels(state.value) for state in ProtectionState}
        self._oldest = Gauge(
            "gateway_exit_uncovered_seconds",
            "For how long the oldest shortfall of protection has lasted; 0 if there is none.",
            registry=registry,
        )
        self._uncovered = Counter(
            "gateway_exit_uncovered_plan_seconds_total",
            "Seconds for which protection was missing, summed over all entries.",
            registry=registry,
        )

        moves = Counter(
            "gateway_trailing_stop_moves_total",
            "Moves of trailing stops, by whether the broker made them.",
            ("result",),
            registry=registry,
        )
        self._moved, self._not_moved = moves.labels("moved"), moves.labels("failed")

    def trailed(self, *, moved: bool) -> None:
        """The stops of a plan were moved on, or could not be."""
        (self._moved if moved else self._not_moved).inc()

    def plans(self, counted: Mapping[ProtectionState, int]) -> None:
        """So many entries with exits are in each state."""
        for state, gauge in self._plans.items():
            gauge.set(counted.get(state, 0))

    def oldest_shortfall(self, seconds: float) -> None:
        """It has lasted for so long; 0 if there is none."""
        self._oldest.set(seconds)

    def uncovered_for(self, seconds: float) -> None:
        """The protection of an entry was missing for *seconds* more."""
        self._uncovered.inc(max(0.0, seconds))
