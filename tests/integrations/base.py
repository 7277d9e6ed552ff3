"""What the tests of connections share."""

from __future__ import annotations

from typing import Any

from apps.accounts.models import User
from apps.core.jobs import run_job
from apps.core.models import Job
from apps.integrations import services
from apps.integrations.models import Connection
from apps.projects.models import Project
from tests.base import PortalTestCase

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class ConnectionTestCase(PortalTestCase):
    """Among the cast, with short ways to connect and to let the jobs run."""

    def connect(
        self,
        slug: str,
        values: dict[str, Any],
        *,
        secrets: dict[str, str | None] | None = None,
        project: Project | None | str = "fraud",
        by: User | None = None,
        name: str = "",
    ) -> Connection:
        return services.create_connection(
            project=self.fraud if project == "fraud" else project,  # type: ignore[arg-type]
            slug=slug,
            name=name or f"{slug} {Connection.objects.count()}",
            values=values,
            secrets={"secret": SECRET} if secrets is None else secrets,
            by=by or self.sam,
        ).connection

    def run_jobs(self, kind: str) -> int:
        """Let every queued job of a kind run; answers how many it were."""
        queued = list(Job.objects.filter(kind=kind, state=Job.State.QUEUED).order_by("pk"))
        for job in queued:
            run_job(job.pk)
        return len(queued)
