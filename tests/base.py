from __future__ import annotations

from typing import Any

from django.test import TestCase, TransactionTestCase
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.accounts.services import create_token
from apps.core.access import Role
from apps.projects.models import Environment, Grant, Project
from apps.projects.services import create_project


class Cast:
    """Ada owns the fraud project; Max, Cora, Rita and Carol hold the lower roles in it.

    Bob owns another project, Sam runs the portal.
    """

    ada: User
    max: User
    cora: User
    rita: User
    carol: User
    bob: User
    sam: User
    fraud: Project
    other: Project
    prod: Environment
    staging: Environment

    @classmethod
    def enter(cls) -> None:
        """Create the cast and what they own."""
        for name in ("ada", "max", "cora", "rita", "carol", "bob"):
            setattr(cls, name, User.objects.create_user(name, f"{name}@example.org"))
        cls.sam = User.objects.create_superuser("sam", "sam@example.org")
        cls.fraud = create_project(name="Fraud", slug="fraud", by=cls.ada)
        cls.other = create_project(name="Weather", slug="weather", by=cls.bob)
        for user, role in (
            (cls.max, Role.MAINTAINER),
            (cls.cora, Role.CONTRIBUTOR),
            (cls.rita, Role.RESPONDER),
            (cls.carol, Role.VIEWER),
        ):
            Grant.objects.create(project=cls.fraud, user=user, role=role)
        cls.prod = cls.fraud.environments.get(name="prod")
        cls.staging = cls.fraud.environments.get(name="staging")


class PortalTestCase(Cast, TestCase):
    """A test among the cast, rolled back at its end."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.enter()

    def api(self, user: User | None, **limits: Any) -> APIClient:
        """A REST client with a token of `user`, narrowed by `limits`."""
        client = APIClient()
        if user is not None:
            _, text = create_token(user=user, name="test", by=user, **limits)
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
        return client


class PortalTransactionTestCase(Cast, TransactionTestCase):
    """A test among the cast that really commits: for locks, threads and other processes."""

    def setUp(self) -> None:
        super().setUp()
        self.enter()
