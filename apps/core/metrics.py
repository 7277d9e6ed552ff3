"""What Prometheus scrapes. Counts live per process; the scrape adds the processes up."""

from __future__ import annotations

import logging
import platform
from collections.abc import Callable, Iterable
from pathlib import Path

import django
from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse
from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from apps.core.machine import alive

logger = logging.getLogger(__name__)

REQUESTS = Counter(
    "signalbox_http_requests_total", "Requests answered.", ["method", "route", "status"]
)
SECONDS = Histogram("signalbox_http_request_seconds", "Time to answer.", ["method", "route"])
SOCKETS = Gauge("signalbox_websockets", "WebSockets that are open.", multiprocess_mode="livesum")
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

Samples = Iterable[tuple[dict[str, str], float]]
_gauges: dict[str, tuple[str, Callable[[], Samples]]] = {}


def gauge(name: str, help_text: str, read: Callable[[], Samples]) -> None:
    """Offer a number that is read at each scrape."""
    _gauges[name] = (help_text, read)


def observe(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    """Count one answered request under its route, never under its path: ids are without end."""
    match = request.resolver_match
    route = match.route if match and match.route is not None else "unknown"
    method = request.method if request.method in METHODS else "other"
    REQUESTS.labels(method, route, str(response.status_code)).inc()
    SECONDS.labels(method, route).observe(seconds)


class _Gauges(Collector):
    """The offered numbers. One that cannot be read now is left out, and the rest still arrives."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        failed = 0
        for name, (help_text, read) in _gauges.items():
            try:
                samples = list(read())
            except (Error, OSError) as error:
                logger.warning("No %s for this scrape: %s", name, error)
                failed += 1
                continue
            yield _family(name, help_text, samples)
        yield _family("signalbox_scrape_failures", "Numbers missing here.", [({}, failed)])


def _family(
    name: str, help_text: str, samples: list[tuple[dict[str, str], float]]
) -> GaugeMetricFamily:
    labels = list(samples[0][0]) if samples else []
    family = GaugeMetricFamily(name, help_text, labels=labels)
    for values, value in samples:
        family.add_metric([values[label] for label in labels], value)
    return family


def exposition() -> bytes:
    """All metrics of all processes in Prometheus' text form."""
    registry = CollectorRegistry()
    registry.register(_Gauges())
    if settings.METRICS_DIR is None:
        return generate_latest(REGISTRY) + generate_latest(registry)
    folder = Path(settings.METRICS_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    _forget_the_dead(folder)
    MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _forget_the_dead(folder: Path) -> None:
    """Live gauges of a process that was killed would count for ever."""
    for path in folder.glob("gauge_live*_*.db"):
        pid = path.stem.rpartition("_")[2]
        if pid.isdigit() and not alive(int(pid)):
            path.unlink(missing_ok=True)


def _build() -> Samples:
    versions = {
        "version": settings.VERSION,
        "python": platform.python_version(),
        "django": django.get_version(),
    }
    return [(versions, 1.0)]


gauge("signalbox_build_info", "What runs here.", _build)
