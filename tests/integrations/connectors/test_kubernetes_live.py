"""Kubernetes against a real API server, where KUBE_APISERVER and ETCD name the two programs.

No controllers run there, so no pod ever starts: what is tested is what the API server itself decides.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from apps.core.errors import Conflict, Invalid, PortalError
from apps.core.http import Allow, Denied, Http, Tls
from apps.integrations.connectors.kubernetes import Kubernetes
from apps.integrations.errors import NotOurs, RightMissing, WrongAtService
from tests.integrations.connectors.test_kubernetes import IMAGE, SECRET, WORKLOAD

APISERVER, ETCD = (Path(os.environ.get(name, "")) for name in ("KUBE_APISERVER", "ETCD"))
PATH = f"apis/apps/v1/namespaces/default/deployments/{WORKLOAD.name}"
TOKENS = 'root,root,1,"system:masters"\nportal,portal,2\nstranger,stranger,3\n'

pytestmark = pytest.mark.skipif(
    not (APISERVER.is_file() and ETCD.is_file()),
    reason="no real API server: set KUBE_APISERVER and ETCD to the programs",
)


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [probe.getsockname()[1] for probe in probes]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of an API server and its authority's certificate."""
    home = tmp_path_factory.mktemp("kube")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    (home / "sa.key").write_bytes(pem)
    (home / "tokens.csv").write_text(TOKENS)
    store, peer, secure = free_ports(3)
    etcd = [ETCD, "--data-dir", home / "etcd", "--listen-peer-urls", f"http://127.0.0.1:{peer}"]
    for name in ("--listen-client-urls", "--advertise-client-urls"):
        etcd += [name, f"http://127.0.0.1:{store}"]
    server = [
        APISERVER,
        f"--etcd-servers=http://127.0.0.1:{store}",
        f"--cert-dir={home}",
        f"--secure-port={secure}",
        "--bind-address=127.0.0.1",
        f"--service-account-key-file={home / 'sa.key'}",
        f"--service-account-signing-key-file={home / 'sa.key'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--authorization-mode=RBAC",
        f"--token-auth-file={home / 'tokens.csv'}",
        "--disable-admission-plugins=ServiceAccount",
    ]
    with ExitStack() as stack:
        log = stack.enter_context((home / "log").open("wb"))
        for command in (etcd, server):
            process = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log)
            stack.callback(process.wait, 30)
            stack.callback(process.terminate)
        address = f"https://127.0.0.1:{secure}"
        until_ready(home, address)
        yield address, (home / "apiserver.crt").read_text()


def until_ready(home: Path, address: str) -> None:
    end, trouble = time.monotonic() + 120, "it made no certificate"
    while time.monotonic() < end:
        time.sleep(0.5)
        if not (home / "apiserver.crt").exists():
            continue
        http = client(address, (home / "apiserver.crt").read_text())
        try:
            http.request("GET", "readyz")
            http.get("api/v1/namespaces/default")
        except PortalError as error:
            trouble = str(error)
        else:
            return
    raise AssertionError(trouble)


def client(address: str, ca: str, token: str = "root") -> Http:
    return Http("API", address, auth=token, tls=Tls(ca=ca), allow=Allow.of("127.0.0.1"))


@pytest.fixture
def root(running: tuple[str, str]) -> Http:
    """An administrator of the cluster, who has given the portal the documented role."""
    http = client(*running)
    every = ["get", "create", "patch", "delete"]
    rules: list[dict[str, Any]] = [
        {"apiGroups": [""], "resources": ["services", "secrets"], "verbs": every},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": every},
        {"apiGroups": ["autoscaling"], "resources": ["horizontalpodautoscalers"], "verbs": every},
    ]
    where = "apis/rbac.authorization.k8s.io/v1/namespaces/default"
    role = {"metadata": {"name": "signalbox"}, "rules": rules}
    subject = {"kind": "User", "name": "portal", "apiGroup": "rbac.authorization.k8s.io"}
    binding = {
        "metadata": {"name": "signalbox"},
        "subjects": [subject],
        "roleRef": {"kind": "Role", "name": "signalbox", "apiGroup": "rbac.authorization.k8s.io"},
    }
    http.request("POST", f"{where}/roles", json=role, accept=[409])
    http.request("POST", f"{where}/rolebindings", json=binding, accept=[409])
    return http


@pytest.fixture
def connector(running: tuple[str, str], root: Http, settings: Any) -> Iterator[Kubernetes]:
    settings.HTTP_ALLOW = ["127.0.0.1"]
    made = kubernetes(running, "portal")
    yield made
    made.remove(WORKLOAD)


def kubernetes(running: tuple[str, str], token: str) -> Kubernetes:
    address, ca = running
    values = {"server": address, "certificate": ca, "token": token}
    return Kubernetes({**values, "image": IMAGE, "portal_token": SECRET})


def patch(root: Http, body: Any, path: str = PATH) -> None:
    """Somebody changes something by hand."""
    headers = {"content-type": "application/strategic-merge-patch+json"}
    root.patch(path, params={"fieldManager": "kubectl"}, json=body, headers=headers)


def test_the_whole_life_of_a_workload(connector: Kubernetes, root: Http) -> None:
    assert connector.check().endswith("may deploy in default.")
    assert connector.observe(WORKLOAD) is None
    connector.apply(WORKLOAD)
    before = root.get(PATH)["metadata"]["generation"]
    connector.apply(WORKLOAD)
    assert root.get(PATH)["metadata"]["generation"] == before

    found = connector.observe(WORKLOAD)
    assert found is not None
    assert (found.replicas, found.image, found.memory_mb, found.cpu) == (2, IMAGE, 2048, "1000m")
    assert (found.command, found.environ) == (WORKLOAD.command, WORKLOAD.environ)
    connector.restart(WORKLOAD)
    connector.apply(WORKLOAD)
    inside = root.get(PATH)["spec"]["template"]["metadata"]
    assert "kubectl.kubernetes.io/restartedAt" in inside["annotations"]
    connector.remove(WORKLOAD)
    assert connector.observe(WORKLOAD) is None


def test_what_was_changed_by_hand_is_refused_and_taken_back(
    connector: Kubernetes, root: Http
) -> None:
    connector.apply(WORKLOAD)
    patch(root, {"spec": {"replicas": 5}})
    name = {"name": "model", "image": "evil:1", "env": [{"name": "DEBUG", "value": "1"}]}
    patch(root, {"spec": {"template": {"spec": {"containers": [name]}}}})
    found = connector.observe(WORKLOAD)
    assert found is not None
    assert (found.replicas, found.image) == (5, "evil:1")
    assert found.environ is not None
    assert "DEBUG" in found.environ
    with pytest.raises(Conflict, match="kubectl"):
        connector.apply(WORKLOAD)
    connector.apply(WORKLOAD, force=True)
    found = connector.observe(WORKLOAD)
    assert found is not None
    assert (found.replicas, found.image) == (2, IMAGE)


def test_the_number_changes_hands_without_a_dip(connector: Kubernetes, root: Http) -> None:
    connector.apply(replace(WORKLOAD, replicas=4))
    scaled = replace(WORKLOAD, replicas=3, most_replicas=9)
    connector.apply(scaled)
    assert root.get(PATH)["spec"]["replicas"] == 4
    scale = {"spec": {"replicas": 7}}
    headers = {"content-type": "application/merge-patch+json"}
    by = {"fieldManager": "kube-controller-manager"}
    root.patch(f"{PATH}/scale", json=scale, headers=headers, params=by)
    connector.apply(scaled)
    assert root.get(PATH)["spec"]["replicas"] == 7
    found = connector.observe(scaled)
    assert found is not None
    assert (found.replicas, found.most_replicas) == (3, 9)
    connector.apply(WORKLOAD)
    assert root.get(PATH)["spec"]["replicas"] == 2


def test_what_is_somebody_elses_is_left_alone(connector: Kubernetes, root: Http) -> None:
    connector.apply(WORKLOAD)
    patch(root, {"metadata": {"labels": {"signalbox/portal": "another"}}})
    with pytest.raises(NotOurs):
        connector.apply(WORKLOAD)
    connector.remove(WORKLOAD)
    root.delete(PATH)


def test_rights_and_refusals_are_said_in_its_words(
    connector: Kubernetes, running: tuple[str, str]
) -> None:
    with pytest.raises(Invalid, match="may not deploy in default"):
        kubernetes(running, "stranger").check()
    with pytest.raises(RightMissing, match='cannot get resource "deployments"'):
        kubernetes(running, "stranger").apply(WORKLOAD)
    with pytest.raises(Denied):
        kubernetes(running, "nobody").check()
    with pytest.raises(WrongAtService, match="Invalid value"):
        connector.apply(replace(WORKLOAD, name="m-UPPER-7"))
