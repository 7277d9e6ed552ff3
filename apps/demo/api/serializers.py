from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.demo import selectors
from apps.demo.choices import DemoState, Fault, Mode
from apps.demo.models import Scene, Story


class DemoSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=DemoState.choices)
    note = serializers.CharField(help_text="What is being done while it is set up.")
    percent = serializers.IntegerField()
    calls_per_minute = serializers.IntegerField()
    ready_at = serializers.DateTimeField(allow_null=True)
    worlds = serializers.ListField(child=serializers.CharField())


class DemoRateSerializer(serializers.Serializer[Any]):
    calls_per_minute = serializers.IntegerField(min_value=1, max_value=120)


class SceneSerializer(serializers.ModelSerializer[Scene]):
    class Meta:
        model = Scene
        fields = ("stage", "text", "url", "at")
        read_only_fields = fields


class ScoreSerializer(serializers.Serializer[Any]):
    detect = serializers.FloatField(allow_null=True)
    acknowledge = serializers.FloatField(allow_null=True)
    mitigate = serializers.FloatField(allow_null=True)


class StorySerializer(serializers.ModelSerializer[Story]):
    project = serializers.CharField(source="project.slug", read_only=True)
    world = serializers.CharField(source="feed.world", read_only=True)
    scenes = SceneSerializer(many=True, read_only=True)
    score = serializers.SerializerMethodField(help_text="Seconds since the fault began.")

    class Meta:
        model = Story
        fields = (
            "id", "project", "world", "mode", "fault", "state", "stage", "note", "alert", "incident",
            "started_at", "fault_at", "detected_at", "acknowledged_at", "mitigated_at", "ended_at",
            "scenes", "score",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(ScoreSerializer)
    def get_score(self, story: Story) -> Any:
        return ScoreSerializer(selectors.score(story)).data


class NewStorySerializer(serializers.Serializer[Any]):
    world = serializers.SlugField(max_length=60)
    fault = serializers.ChoiceField(choices=Fault.choices)
    mode = serializers.ChoiceField(choices=Mode.choices, default=Mode.STORY)
