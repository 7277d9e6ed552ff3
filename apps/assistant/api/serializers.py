from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.assistant.answers import Standing
from apps.assistant.models import Exchange, Provider
from apps.assistant.shown import Shown


class RecordOnPageSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(max_length=40)
    id = serializers.CharField(max_length=80)


class QuestionSerializer(serializers.Serializer[Any]):
    question = serializers.CharField(max_length=4000)
    project = serializers.SlugField(max_length=60, required=False, allow_null=True)
    page = RecordOnPageSerializer(
        required=False, allow_null=True, help_text="The record on the page."
    )
    conversation = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=2**63 - 1,
        help_text="The conversation that this question goes on with.",
    )
    provider = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=2**63 - 1,
        help_text="The model that is asked first.",
    )
    without_model = serializers.BooleanField(
        default=False, help_text="Let the portal itself word the answer."
    )


class SentenceSerializer(serializers.Serializer[Any]):
    text = serializers.CharField()
    standing = serializers.ChoiceField(choices=[standing.value for standing in Standing])
    citations = serializers.ListField(child=serializers.IntegerField())


class PieceSerializer(serializers.Serializer[Any]):
    n = serializers.IntegerField()
    kind = serializers.CharField()
    id = serializers.CharField()
    title = serializers.CharField()
    url = serializers.CharField(allow_blank=True)
    excerpt = serializers.CharField(allow_blank=True)


class CallSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    arguments = serializers.DictField(required=False)
    seconds = serializers.FloatField()
    found = serializers.IntegerField(required=False)
    by = serializers.CharField(help_text="plan, or the model that wished for it.")
    wrong = serializers.CharField(required=False, allow_blank=True)


class ProposalCardSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    title = serializers.CharField()
    state = serializers.CharField()
    url = serializers.CharField(source="get_absolute_url")


class AnswerSerializer(serializers.Serializer[Shown]):
    """An answer as far as the reader may see it."""

    id = serializers.IntegerField(source="exchange.pk", help_text="Reads it again.")
    conversation = serializers.IntegerField(source="exchange.conversation_id", allow_null=True)
    question = serializers.CharField(source="exchange.question")
    state = serializers.ChoiceField(source="exchange.state", choices=Exchange.State.choices)
    note = serializers.CharField(source="exchange.note", allow_blank=True)
    answer = serializers.SerializerMethodField()
    sentences = serializers.SerializerMethodField()
    evidence = PieceSerializer(many=True)
    calls = CallSerializer(many=True)
    proposals = ProposalCardSerializer(many=True)
    model = serializers.SerializerMethodField(help_text="Who worded it; none: the portal itself.")
    timings = serializers.DictField(source="exchange.timings", child=serializers.FloatField())
    feedback = serializers.CharField(source="exchange.feedback", allow_blank=True)
    at = serializers.DateTimeField(source="exchange.at")

    def get_answer(self, each: Shown) -> str:
        """The answer to read, with its citations."""
        return " ".join(
            line.text + "".join(f" [{piece['n']}]" for piece in line.pieces) for line in each.lines
        )

    def get_sentences(self, each: Shown) -> list[dict[str, Any]]:
        """The sentences with their standing and citations."""
        return [
            {
                "text": line.text,
                "standing": line.carried.value,
                "citations": [piece["n"] for piece in line.pieces],
            }
            for line in each.lines
        ]

    def get_model(self, each: Shown) -> str:
        """Who worded it."""
        return each.exchange.model or "none"


class FeedbackSerializer(serializers.Serializer[Any]):
    feedback = serializers.ChoiceField(choices=Exchange.Feedback.choices)
    words = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class TalkSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    title = serializers.CharField()
    shared_with = serializers.CharField(source="shared_with.slug", allow_null=True, default=None)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ShareSerializer(serializers.Serializer[Any]):
    project = serializers.SlugField(max_length=60)


class ProposeSerializer(serializers.Serializer[Any]):
    service = serializers.CharField(max_length=40)
    arguments = serializers.DictField(default=dict)


class ProposalSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    project = serializers.CharField(source="project.slug")
    service = serializers.CharField()
    arguments = serializers.DictField()
    title = serializers.CharField()
    plan = serializers.ListField(child=serializers.CharField())
    before = serializers.CharField(allow_blank=True)
    after = serializers.CharField(allow_blank=True)
    consequence = serializers.CharField()
    needed = serializers.CharField(source="get_needed_display", help_text="The role that decides.")
    state = serializers.CharField()
    via = serializers.CharField()
    note = serializers.CharField(allow_blank=True)
    result_url = serializers.CharField(allow_blank=True)
    exchange = serializers.IntegerField(source="exchange_id", allow_null=True)
    proposed_by = serializers.CharField(source="proposed_by.username")
    decided_by = serializers.CharField(source="decided_by.username", allow_null=True, default=None)
    created_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField()


class RefusalSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class LanguageModelSerializer(serializers.Serializer[Any]):
    """A model that words answers. Its address and token are not told."""

    id = serializers.IntegerField(source="pk", read_only=True)
    project = serializers.CharField(source="project.slug", allow_null=True, default=None)
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=Provider.Kind.choices)
    model = serializers.CharField()
    window = serializers.IntegerField()
    calls = serializers.CharField()
    memory_bytes = serializers.IntegerField(allow_null=True)
    position = serializers.IntegerField()
    is_default = serializers.BooleanField()
    enabled = serializers.BooleanField()
    trouble = serializers.CharField(allow_blank=True)
    checked_at = serializers.DateTimeField(allow_null=True)


class NewLanguageModelSerializer(serializers.Serializer[Any]):
    project = serializers.SlugField(
        max_length=60, required=False, allow_null=True, help_text="None: for the whole portal."
    )
    name = serializers.CharField(max_length=80)
    kind = serializers.ChoiceField(choices=Provider.Kind.choices)
    base_url = serializers.CharField(max_length=300)
    model = serializers.CharField(max_length=200)
    secret = serializers.CharField(
        max_length=500, required=False, allow_blank=True, default="", write_only=True
    )
    keep_alive_minutes = serializers.IntegerField(min_value=0, max_value=1440, default=5)
    position = serializers.IntegerField(min_value=0, max_value=1000, default=0)
    is_default = serializers.BooleanField(default=False)
    enabled = serializers.BooleanField(default=True)


class PullSerializer(serializers.Serializer[Any]):
    model = serializers.RegexField(r"^[A-Za-z0-9][A-Za-z0-9._/:-]*$", max_length=200)
