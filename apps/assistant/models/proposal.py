from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import User
from apps.assistant.models.exchange import Exchange
from apps.core.access import Role
from apps.projects.models import Project
from apps.projects.querysets import InProjectQuerySet


class ProposalQuerySet(InProjectQuerySet["Proposal"]):
    def waiting(self) -> ProposalQuerySet:
        return self.filter(state=Proposal.State.PROPOSED)


class Proposal(models.Model):
    """Something that the assistant may not do by itself: a person with the right decides."""

    class State(models.TextChoices):
        PROPOSED = "proposed"
        APPROVED = "approved"
        REFUSED = "refused"
        DONE = "done"
        FAILED = "failed"
        EXPIRED = "expired"

    class Via(models.TextChoices):
        QUESTION = "question", "a question"
        MODEL = "model", "a language model"
        MCP = "mcp", "an MCP client"

    project = models.ForeignKey(Project, models.CASCADE, related_name="proposals")
    # The question with its answer that led here; its text stays with who asked.
    exchange = models.ForeignKey(Exchange, models.SET_NULL, null=True, related_name="proposals")
    service = models.CharField(max_length=40)
    arguments = models.JSONField(default=dict)
    title = models.CharField(max_length=200)
    plan = models.JSONField(default=list)
    before = models.TextField(default="", blank=True)
    after = models.TextField(default="", blank=True)
    consequence = models.CharField(max_length=500)
    needed = models.PositiveSmallIntegerField(choices=Role, default=Role.MAINTAINER)
    # What the record looked like when this was proposed; where it changed since, nothing is done.
    fingerprint = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State, default=State.PROPOSED)
    via = models.CharField(max_length=10, choices=Via, default=Via.QUESTION)
    note = models.CharField(max_length=500, default="", blank=True)
    result_url = models.CharField(max_length=300, default="", blank=True)
    proposed_by = models.ForeignKey(User, models.CASCADE, related_name="+")
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    objects = ProposalQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["project", "state"], name="assistant_proposal_state")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "expired", "failed"]) | ~Q(decided_by=None),
                name="assistant_decided_by_somebody",
            ),
            models.UniqueConstraint(
                fields=["project", "service", "fingerprint"],
                condition=Q(state="proposed"),
                name="assistant_one_open_proposal",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return f"/assistant/proposals/{self.pk}/"

    @property
    def topic(self) -> str:
        """What a page about it listens to."""
        return f"proposal:{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state == self.State.PROPOSED
