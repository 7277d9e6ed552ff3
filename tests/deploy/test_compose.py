"""docker-compose.yml names commands, settings and paths that exist, and starts them in order."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.test import Client

from portal.env import read
from portal.supervisor.plan import Plan
from tests.deploy.containers import KEYS, Container, check_command, queues
from tests.deployments.gateway.house import House
from tests.portal.polling import ROOT, free_ports

FILE = ROOT / "docker-compose.yml"
GAP = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
GIVEN = {"POSTGRES_PASSWORD": "secret"}
# They listen nowhere, or end by themselves.
NOT_ASKED = {"prepare", "machine", "runner", "models"}
PROBE = re.compile(r"http://localhost:(?:(\d+)|\{int\([^)]*\) \+ (\d)\})(/[\w/-]*)")


def filled(text: str) -> str:
    """What compose puts into the gaps."""

    def value(gap: re.Match[str]) -> str:
        name, kind, word = gap.groups()
        assert kind != "?" or name in GIVEN, f"{name} must be given"
        return GIVEN.get(name, word or "")

    return GAP.sub(value, text)


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(filled(FILE.read_text()))["services"]
    return found


def containers() -> Iterator[Container]:
    for name, service in services().items():
        if service["image"] == "signalbox":
            yield Container(
                name, tuple(service["command"]), frozenset(service.get("environment", ()))
            )


def probes() -> Iterator[tuple[str, int, str]]:
    """Container, port and path of each probe over HTTP."""
    for name, service in services().items():
        words = " ".join(service["healthcheck"].get("test", ()))
        for port, after, path in PROBE.findall(words):
            yield name, int(port or 8000 + int(after)), path


def test_compose_itself_takes_it() -> None:
    if not shutil.which("docker"):
        pytest.skip("no docker here")
    if subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        pytest.skip("this docker has no compose")
    done = subprocess.run(
        ["docker", "compose", "--file", str(FILE), "config", "--quiet"],
        env={**os.environ, **GIVEN},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_it_runs_every_process_of_a_portal(tmp_path) -> None:
    env = read({"DATA_DIR": str(tmp_path), "PORT": str(free_ports()), **KEYS})
    plan = Plan(env)
    try:
        programs = (
            *plan.servers(), *plan.web(), *plan.workers(), plan.beat(), *plan.data_plane(), *plan.mlflow(),
        )  # fmt: skip
        names = {re.sub(r"-\d+$", "", program.name) for program in programs} - {"fork-server"}
    finally:
        plan.close()
    assert names == {
        "postgres",
        "redis",
        "web",
        "worker",
        "long",
        "system",
        "beat",
        "gateway",
        "runner",
        "mlflow",
    }
    assert set(services()) - names == {"prepare", "machine", "models", "ollama", "prometheus"}
    assert names <= set(services())


@pytest.mark.parametrize("container", list(containers()), ids=lambda each: each.name)
def test_its_commands_and_settings_exist(container: Container) -> None:
    check_command(container.words)
    assert not container.unknown_settings()
    assert not container.missing_settings()


@pytest.mark.parametrize("name", sorted(set(services()) - NOT_ASKED))
def test_its_health_checks_can_be_run(name: str) -> None:
    check = services()[name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert {"interval", "timeout", "retries"} <= set(check)
    if services()[name]["image"] == "signalbox":
        check_command(tuple(check["test"][1:]))


def test_who_is_not_asked_says_so() -> None:
    silent = {name for name, each in services().items() if each["healthcheck"].get("disable")}
    assert silent == NOT_ASKED


def test_each_queue_has_a_worker() -> None:
    assert set().union(*map(queues, containers())) == set(settings.WORKER_QUEUES)


@pytest.mark.django_db
def test_the_paths_of_its_probes_answer(tmp_path) -> None:
    asked = {name: (port, path) for name, port, path in probes()}
    assert set(asked) == {"web", "gateway", "mlflow", "prometheus"}
    port, path = asked["web"]
    assert Client().get(path, headers={"host": "localhost"}).status_code == 200
    assert (port, asked["gateway"][0]) == (8000, 8001)
    assert asked["mlflow"] == (5000, "/health")  # as the supervisor asks it
    house = House(tmp_path)
    house.write()
    try:
        house.start()
        line = f"GET {asked['gateway'][1]} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
        assert house.ask(line.encode()).startswith(b"HTTP/1.1 200")
    finally:
        house.stop()


@pytest.mark.django_db
def test_prometheus_reads_what_the_portal_tells() -> None:
    given = yaml.safe_load((ROOT / "deploy" / "compose" / "prometheus.yml").read_text())
    (job,) = given["scrape_configs"]
    assert job["static_configs"] == [{"targets": ["localhost:8000"]}]
    # The command puts PORT in the place of this address.
    assert "s/localhost:8000/localhost:8000/" in services()["prometheus"]["command"][0]
    assert Client().get(job["metrics_path"], headers={"host": "localhost"}).status_code == 200


def test_each_starts_after_what_it_needs() -> None:
    found = services()

    def before(name: str) -> dict[str, str]:
        reached = {
            other: each["condition"] for other, each in found[name].get("depends_on", {}).items()
        }
        for other in list(reached):
            reached = {**before(other), **reached}
        return reached

    for name in ("web", "gateway", "runner", "worker", "long", "system", "beat"):
        reached = before(name)
        assert reached["postgres"] == reached["redis"] == reached["mlflow"] == "service_healthy", (
            name
        )
        assert reached["prepare"] == "service_completed_successfully", name
        assert name == "web" or reached["web"] == "service_healthy", name
    for name in found:
        assert name not in before(name), f"{name} waits for itself"


@pytest.mark.parametrize("name", services())
def test_it_is_closed_and_bounded(name: str) -> None:
    service = services()[name]
    assert service["user"].split(":")[0] not in {"root", "0"}
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert not service.get("privileged")


def test_database_queue_and_mlflow_are_reached_from_inside_alone() -> None:
    whole = yaml.safe_load(filled(FILE.read_text()))
    assert whole["networks"] == {"inside": {"internal": True}}
    for name in ("postgres", "redis", "mlflow"):
        assert whole["services"][name]["networks"] == ["inside"], name
        assert "ports" not in whole["services"][name], name


def test_mlflow_finds_the_database_that_is_made_for_it() -> None:
    made = (ROOT / "deploy" / "compose" / "mlflow.sql").read_text()
    uri = services()["mlflow"]["environment"]["MLFLOW_BACKEND_STORE_URI"]
    assert f"CREATE DATABASE {uri.rpartition('/')[2]};" in made
