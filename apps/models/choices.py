from __future__ import annotations

from django.db import models


class RunStatus(models.TextChoices):
    """What MLflow says about a run."""

    RUNNING = "RUNNING", "running"
    SCHEDULED = "SCHEDULED", "scheduled"
    FINISHED = "FINISHED", "finished"
    FAILED = "FAILED", "failed"
    KILLED = "KILLED", "killed"


class Lifecycle(models.TextChoices):
    """Whether MLflow still shows a record, or keeps it in its bin."""

    ACTIVE = "active"
    DELETED = "deleted"


class PromotionState(models.TextChoices):
    """Where the way of a version into an environment has come to."""

    CHECKING = "checking"
    REFUSED = "refused"
    WAITING = "waiting"
    APPROVED = "approved"
    DECLINED = "declined"
    DONE = "done"
    FAILED = "failed"


class Verdict(models.TextChoices):
    APPROVED = "approved"
    DECLINED = "declined"


class RiskClass(models.TextChoices):
    """How much harm a wrong answer of the model can do."""

    MINIMAL = "minimal"
    LIMITED = "limited"
    HIGH = "high"
