from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import User
from apps.integrations.models import Connection
from apps.models.models.rows import ProjectRows
from apps.projects.models import Project


class Home(models.Model):
    """The connected MLflow server that a project lives on; a project without one is on the site's own.

    It outlives its connection: nothing leads a project to another server by accident.
    """

    project = models.OneToOneField(Project, models.CASCADE, related_name="mlflow_home")
    connection = models.ForeignKey(Connection, models.SET_NULL, null=True, related_name="+")
    # Where the connection led when it was chosen. One that leads elsewhere since is not followed.
    url = models.CharField(max_length=500)
    workspaces = models.BooleanField()
    chosen_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    chosen_at = models.DateTimeField(default=timezone.now)

    objects = ProjectRows["Home"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["url"], condition=Q(workspaces=False), name="models_home_alone"
            )
        ]

    def __str__(self) -> str:
        return f"{self.project.slug} on {self.connection}"
