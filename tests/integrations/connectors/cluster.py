"""A stand-in for a Kubernetes API server: it judges every request by the published document and keeps state.

Server-side apply with field managers, conflicts, rights, pages of lists; pods are made by `settle`, as a
cluster's controllers would.
"""

from __future__ import annotations

import copy
import json
import re
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.contract.swagger import SHARED, swagger
from tests.core.loopback import Asked, answer

DOCUMENT = "kubernetes-1.20.trim.json"
HAVE_DOCUMENT = (SHARED / DOCUMENT).exists()
TOKEN = "cluster-token"
KINDS = {
    "secrets": "io.k8s.api.core.v1.Secret",
    "services": "io.k8s.api.core.v1.Service",
    "deployments": "io.k8s.api.apps.v1.Deployment",
    "horizontalpodautoscalers": "io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler",
}
Json = dict[str, Any]
Leaf = tuple[str, ...]
_PATH = re.compile(r"/(?:api/v1|apis/[^/]+/[^/]+)/namespaces/([^/]+)/(\w+)(?:/([^/]+))?(?:/(\w+))?")
_WHO = {"apiVersion", "kind"}


class Refused(Exception):
    def __init__(self, status: int, message: str, **headers: str) -> None:
        self.status, self.message, self.headers = status, message, headers


class Cluster:
    """One namespace's worth of objects by kind, namespace and name."""

    def __init__(self, *, kserve: bool = False) -> None:
        self.objects: dict[tuple[str, str, str], Json] = {}
        self.owners: dict[tuple[str, str, str], dict[str, set[Leaf]]] = {}
        self.denied: set[tuple[str, str]] = set()
        self.first: list[bytes] = []  # rude answers that come before the right ones
        self.expired = 0  # how many continuations are refused with 410
        self.kserve = kserve
        self.page: int | None = None
        self.faults: list[str] = []
        self.log = ""

    def __call__(self, _: socket.socket, asked: Asked) -> bytes:
        if self.first:
            return self.first.pop(0)
        try:
            return said(*self._answer(asked))
        except Refused as refused:
            status = {"kind": "Status", "status": "Failure", "message": refused.message}
            return said(refused.status, {**status, "code": refused.status}, **refused.headers)

    def settle(self, *, ready: bool = True, reason: str = "") -> None:
        """Do what controllers, scheduler and kubelets would."""
        self.objects = {key: row for key, row in self.objects.items() if key[0] != "pods"}
        for (kind, namespace, name), row in list(self.objects.items()):
            if kind not in {"deployments", "inferenceservices"}:
                continue
            spec = row["spec"].get("predictor", row["spec"])
            least = self.objects.get(("horizontalpodautoscalers", namespace, name))
            number = least["spec"]["minReplicas"] if least else spec.get("replicas")
            for index in range(number or spec.get("minReplicas", 1)):
                pod = f"{name}-{index}"
                self.objects["pods", namespace, pod] = _pod(row, pod, index, ready, reason)

    def change(self, kind: str, name: str, path: str, value: Any, *, by: str = "kubectl") -> None:
        """Somebody changes a field by hand."""
        row = self.objects[kind, "default", name]
        *parents, last = path.split(".")
        place: Any = row
        for step in parents:
            place = place[int(step) if step.isdecimal() else step]
        place[last] = value
        changed = {leaf for leaf in leaves(row) if ".".join(leaf).startswith(_leaf_path(path, row))}
        owners = self.owners.setdefault((kind, "default", name), {})
        for manager in owners.values():
            manager -= changed
        owners.setdefault(by, set()).update(changed)

    def _answer(self, asked: Asked) -> tuple[int, Any]:
        where = urlsplit(asked.target)
        query = {key: values[0] for key, values in parse_qs(where.query).items()}
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refused(401, "Unauthorized")
        if where.path == "/version":
            return 200, {"major": "1", "minor": "20", "gitVersion": "v1.20.2"}
        if where.path == "/apis/serving.kserve.io/v1beta1":
            if self.kserve:
                return 200, {"kind": "APIResourceList", "resources": []}
            raise Refused(404, "the server could not find the requested resource")
        self._judge(asked)
        if where.path.endswith("/selfsubjectaccessreviews"):
            wanted = json.loads(asked.body)["spec"]["resourceAttributes"]
            allowed = (wanted["verb"], wanted["resource"]) not in self.denied
            return 201, {"status": {"allowed": allowed}}
        found = _PATH.fullmatch(where.path)
        assert found, where.path
        namespace, kind, name, inner = found[1], found[2], unquote(found[3] or ""), found[4]
        return self._act(asked, (kind, namespace, name), inner, query)

    def _judge(self, asked: Asked) -> None:
        """By the document of the vendor; KServe's kinds are not in it."""
        if not HAVE_DOCUMENT or "serving.kserve.io" in asked.target:
            return
        document = swagger(DOCUMENT)
        whole = asked.headers.get("content-type") == "application/apply-patch+yaml"
        # The body of a patch is anything there; what is applied has to be of its kind.
        faults = document.faults(asked.method, asked.target, b"" if whole else asked.body)
        if whole:
            kind = re.search(r"/namespaces/[^/]+/(\w+)/", asked.target)
            assert kind
            schema = {"$ref": f"#/definitions/{KINDS[kind[1]]}"}
            found = document.misfits(schema, json.loads(asked.body))
            # What is there already need not be said again: an apply may be a part of the object.
            there = tuple(urlsplit(asked.target).path.split("/")[-3:])
            there = (there[1], there[0], there[2])
            faults += [each for each in found if not (there in self.objects and "required" in each)]
        self.faults += faults
        if faults:
            raise Refused(422, "; ".join(faults))

    def _act(
        self, asked: Asked, key: tuple[str, str, str], inner: str | None, query: dict[str, str]
    ) -> tuple[int, Any]:
        kind, namespace, name = key
        verb = {"GET": "get" if name else "list"}.get(asked.method, asked.method.lower())
        if (verb, kind) in self.denied:
            raise Refused(
                403, f'{kind} is forbidden: User "portal" cannot {verb} resource "{kind}"'
            )
        if kind == "inferenceservices" and not self.kserve:
            raise Refused(404, "the server could not find the requested resource")
        if verb == "list":
            return 200, self._list(kind, namespace, query)
        if verb == "patch":
            return 200, self._patch(asked, key, query)
        if key not in self.objects:
            raise Refused(404, f'{kind} "{name}" not found')
        if verb == "delete":
            del self.objects[key]
            self.owners.pop(key, None)
            return 200, {"kind": "Status", "status": "Success"}
        return 200, self.log if inner == "log" else self.objects[key]

    def _list(self, kind: str, namespace: str, query: dict[str, str]) -> Json:
        label, _, value = query.get("labelSelector", "").partition("=")
        rows = [
            row
            for (each, where, _), row in sorted(self.objects.items())
            if (each, where) == (kind, namespace)
            and (not label or row["metadata"]["labels"].get(label) == value)
        ]
        start = int(query.get("continue", "0"))
        if start and self.expired:
            self.expired -= 1
            raise Refused(410, "The provided continue parameter is too old")
        end = start + (self.page or int(query.get("limit", "500")))
        more = {"continue": str(end)} if end < len(rows) else {}
        return {"kind": "List", "metadata": more, "items": rows[start:end]}

    def _patch(self, asked: Asked, key: tuple[str, str, str], query: dict[str, str]) -> Json:
        given, manager = json.loads(asked.body), query["fieldManager"]
        if asked.headers["content-type"] == "application/merge-patch+json":
            if key not in self.objects:
                raise Refused(404, f'{key[0]} "{key[2]}" not found')
            merge(self.objects[key], given)
            return self.objects[key]
        return self._apply(key, given, manager, force=query.get("force") == "true")

    def _apply(self, key: tuple[str, str, str], given: Json, manager: str, *, force: bool) -> Json:
        row = copy.deepcopy(self.objects.get(key, {}))
        owners = self.owners.setdefault(key, {})
        mine = {leaf: value for leaf, value in leaves(given).items() if leaf[0] not in _WHO}
        present = leaves(row)
        for other, theirs in owners.items():
            held = [leaf for leaf in mine if leaf in theirs and present.get(leaf) != mine[leaf]]
            if other != manager and held and not force:
                named = ", ".join(f".{'.'.join(leaf)}" for leaf in held)
                message = f'Apply failed with 1 conflict: conflict with "{other}": {named}'
                raise Refused(409, message)
            if other != manager:
                theirs -= set(held)
        for leaf in owners.get(manager, set()) - set(mine):
            if not any(leaf in theirs for other, theirs in owners.items() if other != manager):
                remove(row, leaf)
        overlay(row, given)
        owners[manager] = set(mine)
        canonical(row)
        if key[0] == "deployments":
            row["spec"].setdefault("replicas", 1)
        self.objects[key] = row
        return row


def _pod(row: Json, name: str, index: int, ready: bool, reason: str) -> Json:
    state = {"waiting": {"reason": reason, "message": "it says why"}} if reason else {"running": {}}
    return {
        "metadata": {
            "name": name,
            "labels": row["metadata"]["labels"],
            "creationTimestamp": f"2026-11-27T05:00:{index:02}Z",
        },
        "status": {
            "podIP": f"10.1.0.{index + 1}",
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": [{"name": "model", "state": state}],
        },
    }


def said(status: int, body: Any, **headers: str) -> bytes:
    """An answer as an API server gives it."""
    if isinstance(body, str):
        return answer(status, body.encode(), content_type="text/plain", **headers)
    return answer(status, json.dumps(body).encode(), content_type="application/json", **headers)


def leaves(value: Any, path: Leaf = ()) -> dict[Leaf, Any]:
    """Every plain value by its path; items of a list that have a name are known by it."""
    if isinstance(value, dict) and value:
        found: dict[Leaf, Any] = {}
        for name, inner in value.items():
            found |= leaves(inner, (*path, name))
        return found
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        found = {}
        for index, inner in enumerate(value):
            found |= leaves(inner, (*path, f"[{inner.get('name', index)}]"))
        return found
    return {path: value}


def _leaf_path(path: str, row: Json) -> str:
    """A path with numbers, as the names of `leaves`."""
    place: Any = row
    steps = []
    for step in path.split("."):
        if step.isdecimal() and isinstance(place, list):
            place = place[int(step)]
            steps.append(f"[{place.get('name', step)}]")
        else:
            place = place.get(step) if isinstance(place, dict) else None
            steps.append(step)
    return ".".join(steps)


def overlay(row: Json, given: Json) -> None:
    """Put the applied fields over what is there; lists of named things are merged by name."""
    for name, value in given.items():
        there = row.get(name)
        if isinstance(value, dict) and isinstance(there, dict):
            overlay(there, value)
        elif _named(value) and _named(there):
            for item in value:
                same = next((each for each in there if each["name"] == item["name"]), None)
                if same is None:
                    there.append(copy.deepcopy(item))
                else:
                    overlay(same, item)
        else:
            row[name] = copy.deepcopy(value)


def _named(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(each, dict) and "name" in each for each in value
    )


def merge(row: Json, patch: Json) -> None:
    for name, value in patch.items():
        if isinstance(value, dict):
            merge(row.setdefault(name, {}), value)
        else:
            row[name] = value


def remove(row: Any, leaf: Leaf) -> None:
    """Take a leaf away, and the named item of a list that it was the name of."""
    step, *rest = leaf
    if isinstance(row, list):
        index = next((i for i, each in enumerate(row) if f"[{each.get('name', i)}]" == step), None)
        if index is None:
            return
        if not rest or rest == ["name"]:
            del row[index]
        else:
            remove(row[index], tuple(rest))
    elif isinstance(row, dict) and step in row:
        if rest:
            remove(row[step], tuple(rest))
        else:
            del row[step]


def canonical(row: Any) -> None:
    """Quantities in the form in which a real API server keeps them."""
    for place in _walk(row):
        for name in ("limits", "requests"):
            for kind, quantity in place.get(name, {}).items():
                found = re.fullmatch(r"(\d+)(Mi|m)", quantity)
                unit = {"Mi": (1024, "Gi"), "m": (1000, "")}.get(found[2]) if found else None
                if found and unit and int(found[1]) % unit[0] == 0:
                    place[name][kind] = f"{int(found[1]) // unit[0]}{unit[1]}"


def _walk(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _walk(item)
