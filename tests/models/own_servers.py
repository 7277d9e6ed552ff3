"""The site's MLflow server beside two of somebody's own, and short ways to choose one."""

from __future__ import annotations

import logging
from typing import Any

from apps.core.errors import PortalError
from apps.integrations import services as integrations
from apps.integrations.models import Connection
from apps.models import services
from apps.models.models import (
    RegisteredModel,
)
from apps.projects.models import Project
from tests.base import PortalTestCase
from tests.models.fake_servers import OwnServer, listening

TOKEN = "s3cr3tBearerOfFraud"


class OwnServers(PortalTestCase):
    """The site's server keeps workspaces; fraud may have one behind a token, weather another."""

    def setUp(self) -> None:
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        self.site = OwnServer(keeps_workspaces=True)
        self.mine = OwnServer(token=TOKEN)
        self.theirs = OwnServer(keeps_workspaces=True)
        found = self.enterContext(listening(self.site, self.mine, self.theirs))
        self.urls = [each.url for each in found]

    def connect(
        self, project: Project | None, url: str, token: str = "", **more: Any
    ) -> Connection:
        return integrations.create_connection(
            project=project,
            slug="mlflow",
            name=f"server {Connection.objects.count()}",
            values={"url": url, **more},
            secrets={"token": token} if token else {},
            by=self.sam,
        ).connection

    def fraud_moves(self, mirror: str = "") -> Connection:
        """Fraud goes to its own server."""
        made = self.connect(self.fraud, self.urls[1], TOKEN)
        services.choose_home(project=self.fraud, connection=made, by=self.ada, mirror=mirror)
        return made

    def refused(self, code: str, **given: Any) -> str:
        with self.assertRaises(PortalError) as raised:
            services.choose_home(**{"project": self.fraud, "by": self.ada, **given})
        self.assertEqual(raised.exception.code, code, str(raised.exception))
        return str(raised.exception)

    def names(self, project: Project) -> set[str]:
        found = RegisteredModel.objects.live().filter(project=project)
        return set(found.values_list("name", flat=True))
