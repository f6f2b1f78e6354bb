"""A registry as text, in Prometheus' exposition format 0.0.4.

``prometheus_client.generate_latest`` would do but for one thing: it renames a counter that lacks
the suffix ``_total``, and one of ours does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_TYPES: Final = {"unknown": "untyped", "info": "gauge", "stateset": "gauge"}


def exposition(registry: CollectorRegistry) -> bytes:
    """Every metric of *registry*: HELP, TYPE and its samples, each on a line."""
    return "".join(line for metric in registry.collect() for line in _lines(metric)).encode()


def _lines(metric: Metric) -> Iterator[str]:
    name = _shown_name(metric)
    text = metric.documentation.replace("\\", r"\\").replace("\n", r"\n")
    yield f"# HELP {name} {text}\n"
    yield f"# TYPE {name} {_TYPES.get(metric.type, metric.type)}\n"
    for sample in metric.samples:
        yield f"{sample.name}{_labels(sample)} {floatToGoString(sample.value)}\n"


def _shown_name(metric: Metric) -> str:
    """The name its samples go by: counters and infos have a suffix that the family lacks."""
    if metric.type == "info":
        return f"{metric.name}_info"
    bare = any(sample.name == metric.name for sample in metric.samples)
    return f"{metric.name}_total" if metric.type == "counter" and not bare else metric.name


def _labels(sample: Sample) -> str:
    if not sample.labels:
        return ""
    pairs = (f'{name}="{_escape(value)}"' for name, value in sorted(sample.labels.items()))
    return "{" + ",".join(pairs) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
