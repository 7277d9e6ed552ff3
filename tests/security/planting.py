"""One row of every table that belongs to the fraud project, with a mark in whatever it says.

A new table is planted by itself: texts get the mark, foreign keys the rows planted before. Where a
constraint wants more than that, name the values in `SPECIAL`.
"""

from __future__ import annotations

import uuid
from datetime import date, time, timedelta
from typing import Any

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.utils import timezone

from apps.accounts.models import User
from apps.core.fields import EncryptedField
from apps.projects.models import Project

MARK = "zq7planted"
LISTS = {"findings"}  # filled with lists, though a default does not say so
Row = models.Model

# What the rules of a table ask for beyond its types.
SPECIAL: dict[str, dict[str, Any]] = {
    "core.Job": {"kind": "ledger.verify", "args": {}, "state": "done", "key": None},
    "ledger.Entry": {"verb": "projects.edited", "subject_kind": "projects.project"},
    "integrations.Connection": {"slug": "webhook-out", "values": {}, "secrets": None},
    "accounts.IdentityProvider": {"name": "Provider", "slug": "provider"},  # told to everybody
    "accounts.Team": {"name": "Crew", "slug": "crew"},  # a team stands beside the projects
    "docs.Document": {"kind": "runbook", "path": None},
    "docs.Passage": {"terms": "[{},{},{}]"},
    "docs.Attachment": {"content": b"x", "name": "a.png", "media_type": "image/png"},
    "docs.Use": {"day": date(2026, 1, 1)},
    "deployments.Judgement": {
        "figures": {
            "since": "2026-01-01T00:00:00Z",
            "until": "2026-01-01T00:01:00Z",
            "requests": {"new": 1, "live": 1},
            "requests_in_step": 1,
            "needed": 400.0,
            "topics": [],
        }
    },
    "monitoring.Baseline": {"profiles": {}},
    "monitoring.Slo": {"objective": 0.99},
    "monitoring.Silence": {
        "matchers": [{"name": "alertname", "value": MARK, "is_regex": False, "is_equal": True}]
    },
    "models.Gate": {"kind": "metric_floor", "settings": {"metric": MARK, "floor": 0.5}},
    "models.SliceReport": {"rows": []},
    "models.EvidencePack": {"content": b"pack"},
    "models.ModelImport": {"options": {}},
    "models.Home": {"connection": None, "workspaces": True},
    "incidents.Relation": {"other": lambda planter: planter.another_incident()},
    "incidents.Schedule": {"zone": "Europe/Berlin"},
    "incidents.Layer": {"opens": None, "closes": None, "unit": "weeks"},
    "incidents.CalendarLink": {"digest": "d" * 64},
    "incidents.Policy": {"severity": ""},
    "incidents.RungTarget": {"schedule": None, "connection": None},
    "incidents.Page": {"state": "waiting", "sent_at": None},
    "incidents.ContactRule": {"way": "mail", "connection": None},
    "incidents.QuietHours": {"begins": time(22), "ends": time(6)},
    "incidents.PushSubscription": {"digest": "d" * 64},
    "assistant.Exchange": {"sentences": [], "evidence": [], "calls": [], "page": {}, "timings": {}},
    "assistant.Provider": {"base_url": "http://127.0.0.1:9", "window": 4096},
    "assistant.Terms": {"keep_days": 90},
    "assistant.Proposal": {
        "service": "open_incident",
        "arguments": {"project": "fraud", "title": MARK},
        "plan": [MARK],
        "needed": 40,
        "state": "proposed",
    },
    "assistant.EvalRun": {"questions": 1, "right": 1, "figures": {}, "seeds": []},
    "assistant.Case": {"origin": "feedback", "origin_id": 1, "expected": {}},
    "predictions.Batch": {"payload": b"\x90"},  # no rows, in MessagePack
    "predictions.SetAside": {"payload": b"\x90"},
    "incidents.Step": {
        "plan": {},
        "data": {},
        "asked_by": None,
        "asked_at": None,
        "done_by": None,
        "done_at": None,
    },
    "incidents.Action": {"due_on": date(2026, 1, 1), "done_by": None, "done_at": None},
}
SPECIAL |= {
    "demo.Demo": {"key": "demo", "state": "running", "secrets": None, "calls_per_minute": 6},
    "demo.Feed": {
        "world": "tumour-screening",
        "columns": [],
        "rows": [],
        "truth": [],
        "shifted": [],
    },
    "demo.Owed": {"truths": []},
    "demo.Story": {"stage": "calm", "state": "running", "fault": "shift", "mode": "drill"},
    "demo.DeskTicket": {
        "desk": "jira",
        "key": "ML-1",
        "status": "To Do",
        "remarks": [],
        "fields": {},
    },
}
# Rows that no request leads to, and that belong to no single project.
LEFT_OUT = {
    "core.IdempotencyRecord",
    "ledger.Seal",
    "ledger.Unsealed",
    "ledger.Cursor",
    "ledger.Archive",
    "ledger.Verification",
    "predictions.Shipment",
    "predictions.TakenKey",
    "incidents.PushKeys",
}


class Planted:
    """The planted rows by the label of their model."""

    def __init__(self, project: Project, owner: User) -> None:
        self.project = project
        self.owner = owner
        self.rows: dict[str, Row] = {"accounts.User": owner, "projects.Project": project}
        for row in (
            project.environments.get(name="prod"),
            project.grants.get(user__username="carol"),
        ):
            self.rows[row._meta.label] = row

    def everything(self) -> Planted:
        """Plant every table of ours that is not there yet."""
        Project.objects.filter(pk=self.project.pk).update(name=f"Fraud {MARK}", purpose=MARK)
        for model in apps.get_models():
            ours = model.__module__.startswith("apps.")
            if ours and model._meta.label not in LEFT_OUT:
                self.row(model)
        return self

    def another_incident(self) -> Any:
        """The key of a second one, for what joins two."""
        incidents = apps.get_model("incidents", "Incident").objects
        return incidents.create(project_id=self.project.pk, number=99, title=MARK).pk

    def row(self, model: type[Row]) -> Row:
        """The planted row of a table, made now where there is none."""
        label = model._meta.label
        if label not in self.rows:
            special = {
                name: value(self) if callable(value) else value
                for name, value in SPECIAL.get(label, {}).items()
            }
            values = {
                field.attname: special.get(field.name, self._value(field))
                for field in model._meta.concrete_fields
                if field.name in special or not self._left_to_the_model(field)
            }
            try:
                self.rows[label] = model._default_manager.create(**values)
            except Exception as error:
                raise AssertionError(
                    f"{label} could not be planted ({error}). "
                    "Name the values it needs in SPECIAL of tests/security/planting.py."
                ) from error
        return self.rows[label]

    def _left_to_the_model(self, field: models.Field[Any, Any]) -> bool:
        if isinstance(field, models.AutoField | SearchVectorField | models.GeneratedField):
            return True
        if field.name == "project_id" or field.name == "project":
            return False
        if isinstance(field, models.ForeignKey):
            known = field.related_model._meta.label in self.rows  # type: ignore[union-attr]
            return bool(field.null) and not known
        texts = isinstance(field, models.CharField | models.TextField) and not field.choices
        return not texts and (field.null or field.has_default())

    def _value(self, field: models.Field[Any, Any]) -> Any:
        if field.name == "project_id":
            return self.project.pk
        if isinstance(field, models.ForeignKey):
            return self.row(field.related_model).pk  # type: ignore[arg-type]
        if field.choices:
            return field.choices[0][0]  # type: ignore[index]
        known = self.rows.get(self._by_number(field.name))
        if known is not None:
            return known.pk
        return _plain(field)

    def _by_number(self, name: str) -> str:
        """The label behind `deployment_id`, where a table knows another by number alone."""
        wanted = name.removesuffix("_id") if name.endswith("_id") else ""
        names = (label for label in self.rows if label.lower().endswith(f".{wanted}"))
        return next(names, "") if wanted else ""


def _plain(field: models.Field[Any, Any]) -> Any:
    if isinstance(field, EncryptedField):
        return {"secret": MARK}
    if isinstance(field, models.SlugField):
        return f"s{uuid.uuid4().hex[:8]}"  # it stands in addresses, which an answer may repeat
    if isinstance(field, models.CharField | models.TextField):
        return f"{MARK}-{field.name}"[: field.max_length or 200]
    if isinstance(field, models.DateField) and not isinstance(field, models.DateTimeField):
        return date(2026, 1, 1)
    if isinstance(field, models.DateTimeField):
        hours = 2 if field.name.startswith(("end", "until", "expires")) else -1
        return timezone.now() + timedelta(hours=hours)
    if isinstance(field, models.JSONField):
        is_list = field.default is list or field.name in LISTS
        return [{"name": MARK}] if is_list else {"text": MARK}
    if isinstance(field, ArrayField):
        return []
    if isinstance(field, models.BinaryField):
        return MARK.encode()
    if isinstance(field, models.UUIDField):
        return uuid.uuid4()
    if isinstance(field, models.BooleanField):
        return False
    return 1
