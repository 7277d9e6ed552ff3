"""Kubernetes: what is applied fits the published document, and what is refused says what to do."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from apps.core.errors import Conflict, Invalid
from apps.core.http import BadAnswer, Busy, Denied, Retry, TimedOut, Timeout, Unreachable
from apps.integrations.connectors.kubernetes import Kubernetes
from apps.integrations.errors import NotOurs, RightMissing, WrongAtService
from apps.integrations.ports import Workload
from tests.core.loopback import Asked, Loopback, answer, loopback, rudely
from tests.integrations.connectors.cluster import HAVE_DOCUMENT, TOKEN, Cluster, said

WORKLOAD = Workload(
    name="m-churn-7",
    model="churn",
    version="3",
    command=("python", "-m", "apps.deployments.server", "--port", "8080"),
    environ={"MLFLOW_TRACKING_URI": "https://portal.example.org/mlflow"},
    labels={"signalbox/portal": "portal.example.org", "signalbox/deployment": "churn-live"},
    replicas=2,
    memory_mb=2048,
    cpu="1000m",
)
IMAGE = "registry.example.org/signalbox:1"
SECRET = "sbx_abc_def"
DEPLOYMENT = ("deployments", "default", WORKLOAD.name)
needs_document = pytest.mark.skipif(
    not HAVE_DOCUMENT, reason="the vendor's document is not at hand (VENDOR_SPECS)"
)


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def server(cluster: Cluster, settings: Any) -> Iterator[Loopback]:
    settings.HTTP_ALLOW = ["127.0.0.1"]
    with loopback(cluster) as running:
        yield running
    assert cluster.faults == []


def kubernetes(server: Loopback, **values: Any) -> Kubernetes:
    given = {"server": server.url, "token": TOKEN, "image": IMAGE, "portal_token": SECRET}
    made = Kubernetes(given | values)
    made.http.retry = Retry(times=1, base=0.0)
    return made


def test_it_deploys_and_says_what_runs(server: Loopback, cluster: Cluster) -> None:
    connector = kubernetes(server)
    assert connector.observe(WORKLOAD) is None
    connector.apply(WORKLOAD)
    cluster.settle()
    found = connector.observe(WORKLOAD)

    assert found is not None
    assert (found.replicas, found.most_replicas, found.image) == (2, 0, IMAGE)
    assert (found.memory_mb, found.cpu) == (2048, "1000m")
    assert (found.command, found.environ) == (WORKLOAD.command, WORKLOAD.environ)
    assert [(each.host, each.port, each.ready) for each in found.servers] == [
        ("10.1.0.1", 8080, True),
        ("10.1.0.2", 8080, True),
    ]
    pod = cluster.objects[DEPLOYMENT]["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["containers"][0]["readinessProbe"]["httpGet"]["path"] == "/ping"
    labels = cluster.objects[DEPLOYMENT]["metadata"]["labels"]
    assert labels["app.kubernetes.io/managed-by"] == "signalbox"


def test_the_portals_token_lies_in_a_secret_alone(server: Loopback, cluster: Cluster) -> None:
    kubernetes(server).apply(WORKLOAD)
    kept = cluster.objects["secrets", "default", "m-churn-7-portal"]["data"]
    assert base64.b64decode(kept["MLFLOW_TRACKING_TOKEN"]).decode() == SECRET
    rest = [row for key, row in cluster.objects.items() if key[0] != "secrets"]
    assert SECRET not in json.dumps(rest)


def test_applying_twice_changes_nothing(server: Loopback, cluster: Cluster) -> None:
    connector = kubernetes(server)
    connector.apply(WORKLOAD)
    before = json.dumps(sorted(map(str, cluster.objects.items())))
    connector.apply(WORKLOAD)
    assert json.dumps(sorted(map(str, cluster.objects.items()))) == before


def test_what_was_changed_by_hand_is_seen_and_taken_back(
    server: Loopback, cluster: Cluster
) -> None:
    connector = kubernetes(server)
    connector.apply(WORKLOAD)
    inside = "spec.template.spec.containers.0"
    cluster.change("deployments", WORKLOAD.name, "spec.replicas", 5)
    cluster.change("deployments", WORKLOAD.name, f"{inside}.image", "evil:1")
    found = connector.observe(WORKLOAD)
    assert found is not None
    assert (found.replicas, found.image) == (5, "evil:1")

    with pytest.raises(Conflict, match='conflict with "kubectl".*replicas'):
        connector.apply(WORKLOAD)
    connector.apply(WORKLOAD, force=True)
    found = connector.observe(WORKLOAD)
    assert found is not None
    assert (found.replicas, found.image) == (2, IMAGE)


def test_a_variable_from_elsewhere_is_seen_without_its_value(
    server: Loopback, cluster: Cluster
) -> None:
    connector = kubernetes(server)
    connector.apply(WORKLOAD)
    container = cluster.objects[DEPLOYMENT]["spec"]["template"]["spec"]["containers"][0]
    container["env"].append({"name": "DEBUG", "valueFrom": {"secretKeyRef": {"name": "x"}}})
    found = connector.observe(WORKLOAD)
    assert found is not None
    assert found.environ is not None
    assert set(found.environ) == {"MLFLOW_TRACKING_URI", "DEBUG"}


def test_another_number_scales_and_an_autoscaler_takes_over_without_a_dip(
    server: Loopback, cluster: Cluster
) -> None:
    connector = kubernetes(server)
    connector.apply(WORKLOAD)
    connector.apply(replace(WORKLOAD, replicas=4))
    assert cluster.objects[DEPLOYMENT]["spec"]["replicas"] == 4

    scaled = replace(WORKLOAD, replicas=3, most_replicas=9)
    connector.apply(scaled)
    assert cluster.objects[DEPLOYMENT]["spec"]["replicas"] == 4
    cluster.change("deployments", WORKLOAD.name, "spec.replicas", 7, by="autoscaler")
    connector.apply(scaled)
    found = connector.observe(scaled)
    assert found is not None
    assert (found.replicas, found.most_replicas) == (3, 9)
    assert cluster.objects[DEPLOYMENT]["spec"]["replicas"] == 7

    connector.apply(WORKLOAD)
    assert cluster.objects[DEPLOYMENT]["spec"]["replicas"] == 2
    assert ("horizontalpodautoscalers", "default", WORKLOAD.name) not in cluster.objects


def test_what_is_somebody_elses_is_left_alone(server: Loopback, cluster: Cluster) -> None:
    connector = kubernetes(server)
    connector.apply(WORKLOAD)
    cluster.objects[DEPLOYMENT]["metadata"]["labels"]["signalbox/portal"] = "another.example.org"
    with pytest.raises(NotOurs, match="m-churn-7 exists there"):
        connector.apply(WORKLOAD)
    with pytest.raises(NotOurs):
        connector.restart(WORKLOAD)
    connector.remove(WORKLOAD)
    assert connector.observe(WORKLOAD) is None
    assert DEPLOYMENT in cluster.objects


def test_it_restarts_and_removes(server: Loopback, cluster: Cluster) -> None:
    connector = kubernetes(server)
    connector.apply(WORKLOAD)
    connector.restart(WORKLOAD)
    written = cluster.objects[DEPLOYMENT]["spec"]["template"]["metadata"]["annotations"]
    assert list(written) == ["kubectl.kubernetes.io/restartedAt"]
    connector.apply(WORKLOAD)
    assert cluster.objects[DEPLOYMENT]["spec"]["template"]["metadata"]["annotations"] == written

    connector.remove(WORKLOAD)
    connector.remove(WORKLOAD)
    assert cluster.objects == {}


def test_logs_go_on_where_they_ended(server: Loopback, cluster: Cluster) -> None:
    connector = kubernetes(server)
    connector.apply(WORKLOAD)
    cluster.settle()
    cluster.log = "2026-11-27T05:00:00.5Z one\n2026-11-27T05:00:00.75Z two\n"
    part = connector.logs(WORKLOAD, "m-churn-7-0")
    assert part.lines == ("one", "two")
    cluster.log += "2026-11-27T05:00:01.000000001Z three\n"
    part = connector.logs(WORKLOAD, "m-churn-7-0", since=part.until)
    assert part.lines == ("three",)
    assert connector.logs(WORKLOAD, "m-churn-7-0", since=part.until).lines == ()


def test_it_says_why_a_pod_does_not_run(server: Loopback, cluster: Cluster) -> None:
    connector = kubernetes(server)
    connector.apply(WORKLOAD)
    cluster.settle(ready=False, reason="ImagePullBackOff")
    found = connector.observe(WORKLOAD)
    assert found is not None
    assert {each.ready for each in found.servers} == {False}
    assert found.servers[0].note == "ImagePullBackOff: it says why"


def test_long_lists_come_in_pages_and_an_expired_page_begins_anew(
    server: Loopback, cluster: Cluster
) -> None:
    connector = kubernetes(server)
    connector.apply(replace(WORKLOAD, replicas=7))
    cluster.settle()
    cluster.page, cluster.expired = 3, 1
    found = connector.observe(WORKLOAD)
    assert found is not None
    assert len(found.servers) == 7
    cluster.expired = 9
    with pytest.raises(BadAnswer, match="pages expire"):
        connector.observe(WORKLOAD)


@pytest.mark.parametrize("reach", ["service", "load_balancer"])
def test_one_address_may_stand_for_all_pods(server: Loopback, cluster: Cluster, reach: str) -> None:
    connector = kubernetes(server, reach=reach)
    connector.apply(WORKLOAD)
    cluster.settle()
    service = cluster.objects["services", "default", WORKLOAD.name]
    service["status"] = {"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}]}}
    found = connector.observe(WORKLOAD)
    assert found is not None
    where = {"service": "m-churn-7.default.svc", "load_balancer": "192.0.2.9"}[reach]
    assert {each.host for each in found.servers} == {where}


def test_kserve_gets_its_own_kind(settings: Any) -> None:
    settings.HTTP_ALLOW = ["127.0.0.1"]
    cluster = Cluster(kserve=True)
    with loopback(cluster) as server:
        connector = kubernetes(server, kind="kserve", reach="service")
        assert "v1.20.2" in connector.check()
        connector.apply(replace(WORKLOAD, most_replicas=4))
        cluster.settle()
        found = connector.observe(WORKLOAD)
        assert found is not None
        assert (found.replicas, found.most_replicas, found.image) == (2, 4, IMAGE)
        assert found.servers[0].host == "m-churn-7-predictor.default.svc"
        assert ("deployments", "default", WORKLOAD.name) not in cluster.objects
        connector.restart(WORKLOAD)
        connector.remove(WORKLOAD)
        assert [key for key in cluster.objects if key[0] != "pods"] == []


def test_kserve_is_refused_where_the_cluster_does_not_know_it(server: Loopback) -> None:
    with pytest.raises(Invalid, match="kind: the cluster does not know"):
        kubernetes(server, kind="kserve").check()


def test_check_names_what_the_account_lacks(server: Loopback, cluster: Cluster) -> None:
    assert kubernetes(server).check() == "Kubernetes v1.20.2; may deploy in default."
    cluster.denied.add(("patch", "deployments"))
    with pytest.raises(Invalid, match="namespaces: the account may not deploy in default"):
        kubernetes(server).check()
    with pytest.raises(RightMissing, match="cannot patch resource"):
        kubernetes(server).apply(WORKLOAD)


def test_places_and_images_that_the_connection_does_not_allow_are_refused(
    server: Loopback, cluster: Cluster
) -> None:
    with pytest.raises(Invalid, match="namespace: the connection allows default"):
        kubernetes(server).apply(replace(WORKLOAD, namespace="kube-system"))
    with pytest.raises(Invalid, match="image: the connection does not allow"):
        kubernetes(server).apply(replace(WORKLOAD, image="evil:1"))
    own = replace(WORKLOAD, image="registry.example.org/teams/a:2")
    kubernetes(server, images=["registry.example.org/teams/"]).apply(own)
    assert len([key for key in cluster.objects if key[0] == "deployments"]) == 1


def test_what_the_cluster_finds_wrong_is_said_in_its_words(server: Loopback) -> None:
    server.script.first.append(said(422, {"message": "spec.replicas: Invalid value: -1"}))
    with pytest.raises(WrongAtService, match=r"spec\.replicas: Invalid value: -1"):
        kubernetes(server).apply(WORKLOAD)


def test_a_refused_token_says_so(server: Loopback) -> None:
    with pytest.raises(Denied, match="Enter new ones"):
        kubernetes(server, token="another").check()


def test_it_waits_as_long_as_a_busy_cluster_asks(server: Loopback, cluster: Cluster) -> None:
    cluster.first.append(said(429, {"message": "slow down"}, retry_after="0"))
    kubernetes(server).apply(WORKLOAD)
    cluster.first += [said(429, {}, retry_after="3600"), said(429, {}, retry_after="3600")]
    with pytest.raises(Busy) as busy:
        kubernetes(server).observe(WORKLOAD)
    assert busy.value.data["retry_after"] == 3600


@pytest.mark.parametrize(
    ("rude", "error"),
    [
        (answer(500, b"boom"), Busy),
        (answer(200, b"<html>"), BadAnswer),
        (answer(200, b"[1]"), BadAnswer),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{", Unreachable),
        (b"\x00\x01\x02\r\n\r\n", Unreachable),
    ],
)
def test_rude_answers_are_errors_with_a_name(settings: Any, rude: bytes, error: Any) -> None:
    settings.HTTP_ALLOW = ["127.0.0.1"]

    with loopback(rudely(rude, cut=error is Unreachable)) as server:
        connector = kubernetes(server)
        for ask in (connector.check, lambda: connector.observe(WORKLOAD)):
            with pytest.raises(error):
                ask()


@pytest.mark.parametrize(
    "odd",
    [
        {"spec": "x"},
        {"spec": {"replicas": "many", "template": []}},
        {"spec": {"template": {"spec": {"containers": [7, {"env": [1], "resources": 3}]}}}},
    ],
)
def test_an_object_of_another_shape_is_read_without_a_crash(settings: Any, odd: Any) -> None:
    settings.HTTP_ALLOW = ["127.0.0.1"]
    labels = {"app.kubernetes.io/managed-by": "signalbox", **WORKLOAD.labels}
    body = {"metadata": {"labels": labels}, "items": [{"status": [], "metadata": 3}], **odd}
    with loopback(lambda *_: said(200, body)) as server:
        found = kubernetes(server).observe(WORKLOAD)
    assert found is not None
    assert found.image == ""


def test_a_cluster_that_hangs_is_given_up(settings: Any) -> None:
    settings.HTTP_ALLOW = ["127.0.0.1"]

    def hang(_: socket.socket, __: Asked) -> None:
        server.over.wait()

    with loopback(hang) as server:
        connector = kubernetes(server)
        connector.http.timeout = Timeout(connect=60, read=0.1, total=120)
        with pytest.raises(TimedOut):
            connector.observe(WORKLOAD)
        server.over.set()


@needs_document
def test_the_stand_in_refuses_what_the_document_does_not_know(cluster: Cluster) -> None:
    odd = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicaz": 1}}
    body = json.dumps(odd).encode()
    target = "/apis/apps/v1/namespaces/default/deployments/x?fieldManager=a&force=true"
    headers = {
        "authorization": f"Bearer {TOKEN}",
        "content-type": "application/apply-patch+yaml",
    }
    told = cluster(None, Asked("PATCH", target, headers, body))  # type: ignore[arg-type]
    assert told.startswith(b"HTTP/1.1 422")
    assert b"replicaz" in told
