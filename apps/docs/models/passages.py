from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from apps.docs.models.documents import Document


class Passage(models.Model):
    """One section of a document: what search finds and an answer cites."""

    document = models.ForeignKey(Document, models.CASCADE, related_name="passages")
    position = models.PositiveIntegerField()
    heading = models.CharField(max_length=300)
    anchor = models.CharField(max_length=120)
    text = models.TextField()
    lexemes = SearchVectorField()

    class Meta:
        ordering = ["document", "position"]
        indexes = [GinIndex(fields=["lexemes"], name="docs_passage_lexemes")]

    def __str__(self) -> str:
        return self.heading

    def get_absolute_url(self) -> str:
        return f"{self.document.get_absolute_url()}#{self.anchor}"
