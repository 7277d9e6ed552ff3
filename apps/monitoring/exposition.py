"""Figures as Prometheus scrapes them: the text format, version 0.0.4."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from apps.integrations.ports import Line
from apps.monitoring.figures import ABOUT


class _Lines(Collector):
    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """One family for each name, in the order of `ABOUT`."""
        for name, about in ABOUT.items():
            found = [line for line in self._lines if line.name == name]
            names = list(found[0].labels) if found else []
            family = GaugeMetricFamily(name, about, labels=names)
            for line in found:
                family.add_metric(list(line.labels.values()), line.sample.value)
            yield family


def text(lines: Sequence[Line]) -> bytes:
    """The body of a scrape. A scrape has its own time, so none is written."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Lines(lines))
    return generate_latest(registry)
