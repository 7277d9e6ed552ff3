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


class ImportSource(models.TextChoices):
    """Where a model comes in from."""

    HUB = "hub", "model hub"
    FOLDER = "folder"


class ImportState(models.TextChoices):
    """How far an import has come."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class MoveKind(models.TextChoices):
    """What moved: an alias, or one of the stages that older servers and clients still use."""

    ALIAS = "alias"
    STAGE = "stage"


class OutOfBandState(models.TextChoices):
    """What became of a move that went around the portal."""

    OPEN = "open"
    ADOPTING = "adopting"
    REVERTING = "reverting"
    ADOPTED = "adopted"
    REVERTED = "reverted"
    OVERTAKEN = "overtaken"


class RiskClass(models.TextChoices):
    """How much harm a wrong answer of the model can do."""

    MINIMAL = "minimal"
    LIMITED = "limited"
    HIGH = "high"


class MirrorChoice(models.TextChoices):
    """What becomes of the mirror when a project goes to another server."""

    REBUILD = "rebuild", "put what is shown away, and show what the new server holds"
    KEEP = "keep", "keep it: the new server holds the same runs and models"
