"""A real Prometheus, where one is installed: what is written is read back."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from apps.core.errors import PortalError
from apps.core.http import Refused
from apps.integrations.connectors.prometheus import Prometheus
from apps.integrations.ports import Line, Sample
from apps.integrations.series import QueryRefused, SeveralSeries
from tests.portal.polling import free_ports, until

pytestmark = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="no prometheus on this machine (Debian has one)"
)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def server(tmp_path: Path, settings: Any) -> Iterator[Prometheus]:
    settings.HTTP_ALLOW = ["127.0.0.1"]
    (tmp_path / "prometheus.yml").write_text("global: {}\n")
    port = free_ports()
    command = [
        "prometheus", f"--config.file={tmp_path}/prometheus.yml",
        f"--storage.tsdb.path={tmp_path}/data", f"--web.listen-address=127.0.0.1:{port}",
        "--web.enable-remote-write-receiver",
    ]  # fmt: skip
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    made = Prometheus({"address": f"http://127.0.0.1:{port}"})
    try:
        until(lambda: _ready(made), seconds=240)
        yield made
    finally:
        running.terminate()
        running.wait(timeout=120)


def _ready(made: Prometheus) -> bool:
    try:
        return "vector" in made.check()
    except PortalError:
        return False


def test_what_is_written_is_read_back(server: Prometheus) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    first = now - 3 * MINUTE
    lines = [
        Line("signalbox_slo_budget_left", {"slo": name, "project": "fräud"}, Sample(first + n * MINUTE, value))
        for name, values in (("a", (0.5, 0.25, -1.5)), ("b", (1.0, 1.0, 1.0)))
        for n, value in enumerate(values)
    ]  # fmt: skip
    server.push(lines)
    with pytest.raises(Refused, match="out of order"):
        server.push(lines)  # older than what is there
    asked = {"since": first, "until": now, "step": MINUTE}
    found = server.series('signalbox_slo_budget_left{slo="a",project="fräud"}', **asked)  # type: ignore[arg-type]
    assert [sample.value for sample in found[:3]] == [0.5, 0.25, -1.5]
    assert found[0].at == first
    with pytest.raises(SeveralSeries, match="answers 2 series"):
        server.series("signalbox_slo_budget_left", **asked)  # type: ignore[arg-type]
    with pytest.raises(QueryRefused, match="parse error"):
        server.series("sum(", **asked)  # type: ignore[arg-type]
    assert server.series("nothing_of_that_name", **asked) == []  # type: ignore[arg-type]
