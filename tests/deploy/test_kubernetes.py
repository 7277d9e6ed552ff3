"""deploy/kubernetes/ names commands, settings, ports and objects that exist; every pod is closed and bounded."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.test import Client

from tests.contract.swagger import SHARED, Swagger
from tests.deploy.containers import Container, check_command, queues, settings_of_the_portal
from tests.portal.polling import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
DOCUMENT = SHARED / "kubernetes-1.20.trim.json"
PAGE = ROOT / "docs" / "operations" / "many-machines.md"
CONTROLLERS = {"Deployment", "StatefulSet", "Job"}
# What the document tells of, by kind; of a StatefulSet it knows the pod alone.
SCHEMAS = {
    "Namespace": "io.k8s.api.core.v1.Namespace",
    "ConfigMap": "io.k8s.api.core.v1.ConfigMap",
    "Service": "io.k8s.api.core.v1.Service",
    "Deployment": "io.k8s.api.apps.v1.Deployment",
    "Job": "io.k8s.api.batch.v1.Job",
}
POD = "io.k8s.api.core.v1.PodTemplateSpec"
Object = dict[str, Any]


def objects() -> list[Object]:
    """Everything that the kustomization applies."""
    named = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    return [each for name in named for each in yaml.safe_load_all((FOLDER / name).read_text())]


def of(*kinds: str) -> list[Object]:
    return [each for each in objects() if each["kind"] in kinds]


def name_of(each: Object) -> str:
    return str(each["metadata"]["name"])


def pods() -> dict[str, Object]:
    """The pods by the name of what makes them."""
    return {name_of(each): each["spec"]["template"]["spec"] for each in of(*CONTROLLERS)}


def secret_keys() -> set[str]:
    """What the page makes the Secret of."""
    return set(re.findall(r"--from-literal=(\w+)=", PAGE.read_text()))


def containers() -> Iterator[Container]:
    (shared,) = of("ConfigMap")
    for name, pod in pods().items():
        (container,) = pod["containers"]
        names = {each["name"] for each in container.get("env", ())}
        if "envFrom" in container:
            names |= set(shared["data"]) | (secret_keys() & settings_of_the_portal())
        yield Container(name, tuple(container["args"]), frozenset(names))


def probes(pod: Object) -> Iterator[Object]:
    (container,) = pod["containers"]
    for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
        if kind in container:
            yield container[kind]


def test_every_file_is_applied() -> None:
    named = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    assert {path.name for path in FOLDER.glob("*.yaml")} == {*named, "kustomization.yaml"}


def test_kubectl_builds_it() -> None:
    if not shutil.which("kubectl"):
        pytest.skip("no kubectl here")
    done = subprocess.run(["kubectl", "kustomize", str(FOLDER)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(list(yaml.safe_load_all(done.stdout))) == len(objects())


@pytest.mark.skipif(not DOCUMENT.exists(), reason=f"no {DOCUMENT}: set VENDOR_SPECS")
def test_the_published_document_knows_every_field() -> None:
    document = Swagger(DOCUMENT)
    faults = []
    for each in objects():
        if name := SCHEMAS.get(each["kind"]):
            found = document.misfits({"$ref": f"#/definitions/{name}"}, each)
            faults += [f"{each['kind']} {name_of(each)}: {fault}" for fault in found]
        elif each["kind"] in CONTROLLERS:
            found = document.misfits({"$ref": f"#/definitions/{POD}"}, each["spec"]["template"])
            faults += [f"the pod of {name_of(each)}: {fault}" for fault in found]
    assert not faults, "\n".join(faults)


@pytest.mark.skipif(not DOCUMENT.exists(), reason=f"no {DOCUMENT}: set VENDOR_SPECS")
def test_the_published_document_would_refuse_a_misspelt_field() -> None:
    (web,) = [each for each in of("Deployment") if name_of(each) == "web"]
    web["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    assert Swagger(DOCUMENT).misfits({"$ref": f"#/definitions/{SCHEMAS['Deployment']}"}, web)


def test_it_runs_every_process_that_a_cluster_needs() -> None:
    # Model servers are the cluster's own there, so no runner keeps them.
    assert set(pods()) == {
        "web",
        "gateway",
        "worker",
        "long",
        "system",
        "beat",
        "mlflow",
        "prepare",
    }
    assert set().union(*map(queues, containers())) == set(settings.WORKER_QUEUES)


@pytest.mark.parametrize("container", list(containers()), ids=lambda each: each.name)
def test_its_commands_and_settings_exist(container: Container) -> None:
    check_command(container.words)
    assert not container.unknown_settings()
    assert not container.missing_settings()


def test_the_secret_that_the_page_makes_is_what_the_pods_read() -> None:
    taken = {
        each["valueFrom"]["secretKeyRef"]["key"]
        for pod in pods().values()
        for each in pod["containers"][0].get("env", ())
        if "valueFrom" in each
    }
    assert secret_keys() - settings_of_the_portal() == taken
    assert "DATABASE_URL" in secret_keys()


@pytest.mark.parametrize("name", sorted(pods()))
def test_it_is_closed_and_bounded(name: str) -> None:
    pod = pods()[name]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    for container in pod["containers"]:
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["allowPrivilegeEscalation"] is False
        assert set(container["resources"]["limits"]) == {"cpu", "memory"}
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}
        assert name == "prepare" or "livenessProbe" in container


@pytest.mark.parametrize("name", sorted(pods()))
def test_its_probes_ask_what_there_is(name: str) -> None:
    (container,) = pods()[name]["containers"]
    named = {port["name"]: port["containerPort"] for port in container.get("ports", ())}
    for probe in probes(pods()[name]):
        if asked := probe.get("httpGet"):
            assert asked["port"] in named
        else:
            words = probe["exec"]["command"]
            check_command(tuple(words[2].split()) if words[0] == "sh" else tuple(words))
    if "--port" in container["args"]:
        assert str(named["http"]) == container["args"][container["args"].index("--port") + 1]


@pytest.mark.django_db
def test_the_paths_of_the_web_probes_answer() -> None:
    asked = {probe["httpGet"]["path"] for probe in probes(pods()["web"])}
    assert asked == {"/healthz", "/readyz"}
    for path in asked:
        answer = Client().get(path, headers={"host": "localhost"})
        assert answer.json()["status"] in {"alive", "ready", "not ready"}


def test_services_and_policies_name_pods_and_ports_that_are_there() -> None:
    labels = pods()
    for service in of("Service"):
        part = service["spec"]["selector"]["part"]
        names = {port["name"] for port in labels[part]["containers"][0]["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= names
    for policy in of("NetworkPolicy"):
        named = re.findall(r"'part': '(\w+)'|'values': \[(.*?)\]", str(policy["spec"]))
        for said in re.findall(r"\w+", " ".join(" ".join(each) for each in named)):
            assert said in labels, name_of(policy)
    for autoscaler in of("HorizontalPodAutoscaler"):
        assert autoscaler["spec"]["scaleTargetRef"]["name"] in labels


def test_nothing_is_reached_but_what_is_named() -> None:
    (closed,) = [each for each in of("NetworkPolicy") if name_of(each) == "closed"]
    assert closed["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    reached = {
        each["spec"]["podSelector"]["matchLabels"]["part"]: each["spec"]["ingress"][0]
        for each in of("NetworkPolicy")
        if "ingress" in each["spec"]
    }
    assert set(reached) == {"web", "gateway", "mlflow"}
    for part, rule in reached.items():
        (container,) = pods()[part]["containers"]
        assert [port["port"] for port in rule["ports"]] == [container["ports"][0]["containerPort"]]
        assert rule["from"], part


def test_the_ingress_leads_to_services_under_the_portals_own_name() -> None:
    (ingress,) = of("Ingress")
    (shared,) = of("ConfigMap")
    services = {
        name_of(each): {port["name"] for port in each["spec"]["ports"]} for each in of("Service")
    }
    (rule,) = ingress["spec"]["rules"]
    assert rule["host"] in shared["data"]["ALLOWED_HOSTS"].split(",")
    assert shared["data"]["PUBLIC_URL"] == f"https://{rule['host']}"
    led = {each["path"]: each["backend"]["service"] for each in rule["http"]["paths"]}
    assert led["/serve/"]["name"] == "gateway"
    assert led["/"]["name"] == "web"
    assert all(each["port"]["name"] in services[each["name"]] for each in led.values())


def test_the_journal_of_a_gateway_outlives_its_pod() -> None:
    (gateway,) = of("StatefulSet")
    (claim,) = gateway["spec"]["volumeClaimTemplates"]
    mounts = {
        each["mountPath"]: each["name"]
        for each in pods()["gateway"]["containers"][0]["volumeMounts"]
    }
    assert mounts["/data"] == name_of(claim)
