from __future__ import annotations

from django.db import models

from apps.docs.models.documents import Document


class Passage(models.Model):
    """One section of a document: what search finds and an answer cites."""

    document = models.ForeignKey(Document, models.CASCADE, related_name="passages")
    position = models.PositiveIntegerField()
    heading = models.CharField(max_length=300)
    anchor = models.CharField(max_length=120)
    text = models.TextField()
    # How often each term stands in title, heading and text: JSON, so that a process reads it without stemming anew.
    terms = models.TextField(default="[{},{},{}]")
    # Its meaning as float16 numbers; NULL until the model has read it.
    vector = models.BinaryField(null=True)
    # The transaction that wrote the row, set by the database: the index in memory follows by it.
    tx = models.BigIntegerField(default=0, editable=False, db_index=True)

    class Meta:
        ordering = ["document", "position"]
        indexes = [
            models.Index(
                fields=["id"], name="docs_passage_waits", condition=models.Q(vector__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return self.heading

    def get_absolute_url(self) -> str:
        return f"{self.document.get_absolute_url()}#{self.anchor}"


class GonePassage(models.Model):
    """A passage that was removed, until every index in memory has heard of it. The database adds it."""

    passage_id = models.BigIntegerField(primary_key=True)
    tx = models.BigIntegerField(db_index=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.passage_id}"
