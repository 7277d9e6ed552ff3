from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.core.errors import Invalid
from apps.ledger import services as ledger
from apps.predictions import keys
from apps.predictions.locks import files_of
from apps.predictions.models import Batch, Kind, LakeFile, Retention, SetAside
from apps.predictions.reading import Part
from apps.predictions.services import files
from apps.predictions.services.compacting import file_part, part_of
from apps.projects.models import Project

LONGEST_DAYS = 36_500


@transaction.atomic
def keep_for(*, project: Project, days: int | None, by: AbstractUser) -> Retention | None:
    """Keep a project's predictions for so many days; `None`: for ever. The next sweep drops what is older."""
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise Invalid(field="days", reason=f"a whole number from 1 to {LONGEST_DAYS}, or nothing.")
    # Lock the project, so that two people cannot both make its first row.
    Project.objects.select_for_update().get(pk=project.pk)
    before = Retention.objects.filter(project=project).values_list("days", flat=True).first()
    row = None
    if days is None:
        Retention.objects.filter(project=project).delete()
    else:
        row, _ = Retention.objects.update_or_create(project=project, defaults={"days": days})
    if before != days:
        ledger.record(
            actor=by,
            verb="predictions.retention_changed",
            subject=project,
            project_id=project.pk,
            data={"days": {"before": before, "after": days}},
        )
    return row


def drop_old(*, retention: Retention) -> int:
    """Drop what is older than the project keeps, in whole hours; how many rows. Safe to run twice.

    The ids of what is dropped are forgotten with it. `NotYet` while another job has the files.
    """
    until = timezone.now() - timedelta(days=retention.days)
    until = until.replace(minute=0, second=0, microsecond=0)
    project_id = retention.project_id
    SetAside.objects.filter(project_id=project_id, at__lt=until).delete()
    old = LakeFile.objects.filter(
        project_id=project_id, ends_at__lt=until, state=LakeFile.State.LIVE
    )
    batches = Batch.objects.filter(project_id=project_id, ends_at__lt=until)
    places = {*old.values_list("deployment_id", flat=True)}
    places |= {*batches.values_list("deployment_id", flat=True)}
    return sum(_drop(deployment_id, until) for deployment_id in sorted(places))


def _drop(deployment_id: int, until: datetime) -> int:
    dropped = 0
    with files_of(deployment_id):
        live = LakeFile.objects.filter(deployment_id=deployment_id, state=LakeFile.State.LIVE)
        for each in live.filter(ends_at__lt=until):
            dropped += each.rows
            _forget(deployment_id, file_part(each), files_=[each.pk])
        for batch in Batch.objects.filter(deployment_id=deployment_id, ends_at__lt=until):
            dropped += batch.count
            _forget(deployment_id, part_of(batch), batches=[batch.pk])
    return dropped


@transaction.atomic
def _forget(
    deployment_id: int,
    part: Part,
    *,
    files_: list[int] | None = None,
    batches: list[int] | None = None,
) -> None:
    if part.kind in (Kind.PREDICTION, Kind.TRUTH):
        keys.give_back(keys_of(deployment_id, part))
    files.swap(made=[], files=files_ or [], batches=batches or [])


def keys_of(deployment_id: int, part: Part) -> list[bytes]:
    """The keys of a part's rows."""
    if part.kind == Kind.TRUTH:
        return keys.of_truths(deployment_id, part.rows())
    ids = part.table(["id", "time"]).column("id").to_pylist()
    return keys.of_ids(deployment_id, Kind.PREDICTION, ids)
