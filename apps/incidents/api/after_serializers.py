from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.incidents.models import Action, Step

LARGEST = 2**63 - 1


class RunbookStepSerializer(serializers.ModelSerializer[Step]):
    project = serializers.CharField(source="incident.project.slug")
    asked_by = serializers.CharField(source="asked_by.username", allow_null=True, default=None)
    done_by = serializers.CharField(source="done_by.username", allow_null=True, default=None)

    class Meta:
        model = Step
        fields = [
            "id", "project", "incident", "document", "revision", "position", "section", "kind",
            "text", "needs_approval", "state", "asked_by", "asked_at", "done_by", "done_at",
            "result",
        ]  # fmt: skip


class TakeRunbookSerializer(serializers.Serializer[Any]):
    incident = serializers.IntegerField(min_value=1, max_value=LARGEST)
    document = serializers.IntegerField(
        min_value=1, max_value=LARGEST, help_text="A runbook of the incident's project."
    )


class TakenRunbookSerializer(serializers.Serializer[Any]):
    steps = serializers.IntegerField(help_text="How many steps it has.")


class MarkStepSerializer(serializers.Serializer[Any]):
    done = serializers.BooleanField(help_text="Done; or else left out.")
    words = serializers.CharField(max_length=1000, allow_blank=True, default="")


class StepPlanSerializer(serializers.Serializer[Any]):
    title = serializers.CharField()
    consequence = serializers.CharField()
    needed = serializers.CharField(source="needed.label", help_text="The role that it takes.")
    digest = serializers.CharField(help_text="Send it along in order to run this very plan.")


class RunStepSerializer(serializers.Serializer[Any]):
    plan = serializers.CharField(
        min_length=64, max_length=64, help_text="The digest of the plan that you have looked at."
    )


class IncidentActionSerializer(serializers.ModelSerializer[Action]):
    project = serializers.CharField(source="incident.project.slug")
    owner = serializers.CharField(source="owner.username")
    done_by = serializers.CharField(source="done_by.username", allow_null=True, default=None)

    class Meta:
        model = Action
        fields = [
            "id", "project", "incident", "title", "owner", "due_on", "ticket", "done_at", "done_by",
        ]  # fmt: skip


class NewActionSerializer(serializers.Serializer[Any]):
    incident = serializers.IntegerField(min_value=1, max_value=LARGEST)
    title = serializers.CharField(max_length=300, help_text="What changes.")
    owner = serializers.CharField(max_length=150, help_text="The user name of whoever does it.")
    due_on = serializers.DateField()
    ticket = serializers.IntegerField(
        min_value=1, max_value=LARGEST, required=False, help_text="A ticket of the incident."
    )


class ChangeActionSerializer(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=300)
    owner = serializers.CharField(max_length=150, help_text="A user name.")
    due_on = serializers.DateField()


class MoveActionSerializer(serializers.Serializer[Any]):
    due_on = serializers.DateField()
