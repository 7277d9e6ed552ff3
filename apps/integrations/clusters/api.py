"""Kubernetes' REST: whole objects in, whole objects out, its refusals as ours."""

from __future__ import annotations

from typing import Any

from apps.core.errors import Conflict, PortalError
from apps.core.http import BadAnswer, Http, Response, redact
from apps.integrations.clusters.shapes import Json, items, part, record, text
from apps.integrations.errors import RightMissing, WrongAtService

SERVICE = "Kubernetes"
OWNER = "signalbox"
APPLY = "application/apply-patch+yaml"  # JSON is YAML
MERGE = "application/merge-patch+json"
PAGE, MOST_PAGES = 200, 100
_EXPLAINED = (403, 404, 409, 410, 422)


class Api:
    """One cluster's API server."""

    def __init__(self, http: Http) -> None:
        self.http = http

    def get(self, path: str, **params: Any) -> Json:
        """The object at a path."""
        return record(SERVICE, self._ask("GET", path, params=params).json())

    def find(self, path: str) -> Json | None:
        """The object at a path, or nothing."""
        answer = self.http.request("GET", path, accept=_EXPLAINED)
        if answer.status == 404:
            return None
        return record(SERVICE, _checked(answer).json())

    def all_of(self, path: str, **params: Any) -> list[Json]:
        """Every item of a list, page by page. A list whose next page has expired is begun anew, once."""
        found = self._pages(path, params)
        if found is None:
            found = self._pages(path, params)
        if found is None:
            raise BadAnswer(service=SERVICE, reason="its pages expire while they are read")
        return found

    def apply(self, path: str, manifest: Json, *, force: bool = False, owner: str = OWNER) -> Json:
        """Server-side apply: the fields that we name become the owner's, the others stay whose they are."""
        params = {"fieldManager": owner, "force": "true" if force else "false"}
        # The key lets the door out repeat it: applying twice is applying once.
        options = {"headers": {"content-type": APPLY}, "idempotency_key": path}
        answer = self._ask("PATCH", path, params=params, json=manifest, **options)
        return record(SERVICE, answer.json())

    def merge(self, path: str, patch: Json) -> None:
        """Change a few fields under another name than `apply`, which so leaves them alone."""
        params = {"fieldManager": f"{OWNER}-once"}
        headers = {"content-type": MERGE}
        self._ask("PATCH", path, params=params, json=patch, headers=headers)

    def delete(self, path: str) -> None:
        """Delete an object and what hangs on it; what is gone already is deleted."""
        answer = self.http.request(
            "DELETE", path, params={"propagationPolicy": "Background"}, accept=_EXPLAINED
        )
        if answer.status != 404:
            _checked(answer)

    def text(self, path: str, **params: Any) -> str:
        """The answer as it is: logs."""
        return self._ask("GET", path, params=params).content.decode(errors="replace")

    def may(self, verb: str, *, group: str, resource: str, namespace: str) -> bool:
        """Whether the account may do this there."""
        asked = {"verb": verb, "group": group, "resource": resource, "namespace": namespace}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": asked},
        }
        path = "apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        answer = self._ask("POST", path, json=review, idempotency_key=path)
        return part(answer.json(), "status").get("allowed") is True

    def _ask(self, method: str, path: str, **options: Any) -> Response:
        return _checked(self.http.request(method, path, accept=_EXPLAINED, **options))

    def _pages(self, path: str, params: dict[str, Any]) -> list[Json] | None:
        found: list[Json] = []
        after = ""
        for _ in range(MOST_PAGES):
            asked = {**params, "limit": PAGE, "continue": after or None}
            answer = self.http.request("GET", path, params=asked, accept=_EXPLAINED)
            if answer.status == 410 and after:
                return None
            page = record(SERVICE, _checked(answer).json())
            found += items(page, "items")
            after = text(part(page, "metadata"), "continue")
            if not after:
                return found
        raise BadAnswer(service=SERVICE, reason=f"a list has more than {MOST_PAGES} pages")


def _checked(answer: Response) -> Response:
    """The answer, or the refusal in Kubernetes' own words."""
    if answer.status not in _EXPLAINED:
        return answer
    raise _refusal(answer)


def _refusal(answer: Response) -> PortalError:
    told = answer.json()
    words = redact(text(told, "message"))[:400] or f"HTTP {answer.status}"
    if answer.status == 403:
        return RightMissing(service=SERVICE, said=words)
    if answer.status == 409:
        return Conflict(reason=f"{SERVICE}: {words}")
    return WrongAtService(service=SERVICE, said=words)
