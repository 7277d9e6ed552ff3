"""What makes the OpenAPI document true: every answer that may come, every header that counts."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import getdoc
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework.mixins import ListModelMixin

PROBLEM = {
    "type": "object",
    "description": "Why a request was refused (RFC 9457).",
    "required": ["type", "code", "title", "status", "detail", "data", "request_id"],
    "properties": {
        "type": {"type": "string", "description": "Where this code is explained."},
        "code": {"type": "string", "description": "Stable; meant for programs."},
        "title": {"type": "string", "description": "The words of the HTTP status."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "detail": {"type": "string", "description": "A sentence for people, with the remedy."},
        "data": {
            "type": "object",
            "additionalProperties": True,
            "description": "What the sentence speaks of; `fields` where a body was invalid.",
        },
        "request_id": {"type": "string", "description": "Names this request in the logs."},
    },
    "example": {
        "type": "/api/v1/reference/#problem-not_found",
        "code": "not_found",
        "title": "Not Found",
        "status": 404,
        "detail": "No such project.",
        "data": {"what": "project"},
        "request_id": "3f0c6f0e0b7c4c0f9f3f5f1a2b3c4d5e",
    },
}
MEANINGS = {
    "400": "A field cannot be used; `detail` names it and what would do.",
    "401": "No valid token or session.",
    "403": "The record is visible, the role is too low.",
    "404": "No such record for you.",
    "405": "This path does not know the method.",
    "406": "Only application/json can be answered.",
    "409": "The state of the world refuses it.",
    "412": "Somebody changed it meanwhile.",
    "413": "The body is too large.",
    "415": "Send application/json.",
    "422": "The Idempotency-Key was used with another request.",
    "429": "Too many requests; wait as Retry-After says.",
    "503": "A part is away; try again as Retry-After says.",
}
ALWAYS = ("401", "403", "404", "405", "406", "429", "503")
WRITING = {
    "post": ("400", "409", "413", "415", "422"),
    "put": ("400", "409", "412", "413", "415"),
    "patch": ("400", "409", "412", "413", "415"),
    "delete": ("400", "409", "412"),
}
WAITS = frozenset({"429", "503"})
TAGGED = frozenset({"get", "patch", "put"})
RESOURCE = "x-resource"
SUMMARIES = {"list": "List {}", "retrieve": "Read one of {}"}


class PortalSchema(AutoSchema):
    """drf-spectacular's, with the headers that every viewset honours."""

    def get_override_parameters(self) -> list[Any]:
        parameters = list(super().get_override_parameters())
        if self.method == "POST":
            text = "The same key has one effect and one answer."
            parameters.append(_header("Idempotency-Key", text, 255))
        elif self.method in {"PUT", "PATCH", "DELETE"}:
            parameters.append(_header("If-Match", "The ETag that you read.", 1000))
        return parameters

    def _is_list_view(self, serializer: Any = None) -> bool:
        """A `list` that pages no rows, such as a search, answers the one object that it declares."""
        found = bool(super()._is_list_view(serializer))
        pages = getattr(self.view, "pagination_class", None) is not None
        is_search = getattr(self.view, "action", "") == "list"
        return found and (pages or not is_search or isinstance(self.view, ListModelMixin))

    def get_summary(self) -> str:
        """The first sentence of the action, where nothing else is said."""
        action = getattr(self.view, "action", "")
        told = getdoc(getattr(self.view, action, None)) if action else ""
        sentence, _, _ = (told or "").replace("\n", " ").partition(". ")
        tag = self.get_tags()[0].replace("-", " ")
        return sentence.rstrip(".") or SUMMARIES.get(action, "{}").format(tag)

    def get_extensions(self) -> dict[str, Any]:
        """The resource in a sentence, for the description of its tag."""
        return {**super().get_extensions(), RESOURCE: getdoc(type(self.view)) or ""}


def _header(name: str, text: str, longest: int) -> OpenApiParameter:
    schema = {"type": "string", "minLength": 1, "maxLength": longest, "pattern": "^[!-~]+$"}
    return OpenApiParameter(name, schema, OpenApiParameter.HEADER, description=text)


def complete(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Let every operation name its refusals and its headers, and every tag what it holds."""
    result["components"].setdefault("schemas", {})["Problem"] = PROBLEM
    tags: dict[str, str] = {}
    for path, method, operation in operations(result):
        for status in (*ALWAYS, *_more(method, operation)):
            operation["responses"].setdefault(status, _problem(status))
        if path.endswith("}/") and method in TAGGED:
            _promise_etag(operation)
        text = operation.pop(RESOURCE, "")
        for tag in operation.get("tags", []):
            tags.setdefault(tag, text.partition("\n\n")[0].replace("\n", " "))
    result["tags"] = [{"name": name, "description": tags[name]} for name in sorted(tags)]
    return result


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and operation, one by one."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _more(method: str, operation: dict[str, Any]) -> tuple[str, ...]:
    takes_input = "parameters" in operation or "requestBody" in operation
    return WRITING.get(method, ("400",) if takes_input else ())


def _promise_etag(operation: dict[str, Any]) -> None:
    answer = operation["responses"].get("200", {})
    answer.setdefault("headers", {})["ETag"] = {
        "description": "Send it as If-Match to change only what you have seen.",
        "required": True,
        "schema": {"type": "string"},
    }


def _problem(status: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    answer: dict[str, Any] = {
        "description": MEANINGS[status],
        "content": {"application/problem+json": {"schema": schema}},
    }
    if status in WAITS:
        answer["headers"] = {
            "Retry-After": {
                "description": "Seconds to wait.",
                "required": True,
                "schema": {"type": "integer"},
            }
        }
    return answer
