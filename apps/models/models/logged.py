"""What runs logged, one row a value: what lists sort by and filters look for."""

from __future__ import annotations

from django.db import models

from apps.models.models.rows import ProjectRows
from apps.models.models.runs import Run
from apps.projects.models import Project

LONGEST_KEY = 250
LONGEST_SORTED = 250


class RunMetric(models.Model):
    """The last value of one metric of a run; `None` is NaN. Infinite ones are the largest numbers."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="last_metrics", db_index=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=LONGEST_KEY)
    value = models.FloatField(null=True)
    step = models.BigIntegerField(default=0)

    objects = ProjectRows["RunMetric"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "key"], name="models_run_metric_once")
        ]
        indexes = [
            models.Index(fields=["project", "key", "value", "run"], name="models_run_metric_sorted")
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.value}"


class RunParam(models.Model):
    """One param of a run: as much of its value as a list is sorted by."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="sorted_params", db_index=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=LONGEST_KEY)
    # Compared by code point, so that every database sorts alike.
    value = models.CharField(max_length=LONGEST_SORTED, db_collation="C")

    objects = ProjectRows["RunParam"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "key"], name="models_run_param_once")]
        indexes = [
            models.Index(fields=["project", "key", "value", "run"], name="models_run_param_sorted")
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.value}"
