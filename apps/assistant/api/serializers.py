from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.assistant.answers import Standing


class PageSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(max_length=40)
    id = serializers.CharField(max_length=80)


class QuestionSerializer(serializers.Serializer[Any]):
    question = serializers.CharField(max_length=4000)
    project = serializers.SlugField(max_length=60, required=False, allow_null=True)
    page = PageSerializer(required=False, allow_null=True, help_text="The record on the page.")


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


class AnswerSerializer(serializers.Serializer[Any]):
    answer = serializers.CharField(source="text")
    sentences = SentenceSerializer(many=True)
    evidence = PieceSerializer(many=True)
    model = serializers.CharField(help_text="Who worded it; none: the portal itself.")
    timings = serializers.DictField(child=serializers.FloatField())


class ExchangeSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    question = serializers.CharField()
    sentences = SentenceSerializer(many=True)
    evidence = PieceSerializer(many=True)
    model = serializers.CharField()
    at = serializers.DateTimeField()
