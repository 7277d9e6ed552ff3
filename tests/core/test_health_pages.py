"""Liveness, readiness and what they say while a part is away."""

from __future__ import annotations

import threading
from typing import Any
from unittest import mock

from django.db import connection
from django.test import override_settings

from apps.core import health, pulse
from tests.base import PortalTestCase

AWAY = "redis://127.0.0.1:1/0"


class HealthTests(PortalTestCase):
    def ready(self) -> tuple[int, dict[str, dict[str, Any]]]:
        answer = self.client.get("/readyz")
        return answer.status_code, {part["name"]: part for part in answer.json()["parts"]}

    def offer(self, name: str, check: health.Probe, *, needed: bool) -> None:
        health.probe(name, check, needed=needed)
        self.addCleanup(health._probes.pop, name)

    def test_liveness_asks_nobody(self) -> None:
        with self.assertNumQueries(0):
            self.assertEqual(self.client.get("/healthz").json(), {"status": "alive"})

    def test_it_is_ready_with_every_part_named(self) -> None:
        status, parts = self.ready()
        self.assertEqual(status, 200, parts)
        wanted = {"database", "migrations", "cache", "broker", "channels", "worker", "sweep"}
        self.assertLessEqual(wanted, set(parts))

    def test_a_part_that_is_needed_and_away_is_503(self) -> None:
        def away() -> None:
            raise health.Unwell("it is on fire")

        self.offer("test", away, needed=True)
        status, parts = self.ready()
        self.assertEqual((status, parts["test"]["note"]), (503, "it is on fire"))

    def test_a_part_that_is_not_needed_is_only_told(self) -> None:
        def away() -> None:
            raise health.Unwell("it is on fire")

        self.offer("test", away, needed=False)
        status, parts = self.ready()
        self.assertEqual((status, parts["test"]["ok"]), (200, False))

    def test_a_probe_that_crashes_is_unwell_and_no_error(self) -> None:
        def crash() -> None:
            raise RuntimeError("password=hunter2")

        self.offer("test", crash, needed=True)
        with self.assertLogs("apps.core.health", "ERROR"):
            status, parts = self.ready()
        self.assertEqual(status, 503)
        self.assertNotIn("hunter2", parts["test"]["note"])

    @mock.patch.object(health, "SECONDS", 0.5)
    def test_parts_that_hang_are_told_and_cost_one_thread_each(self) -> None:
        release = threading.Event()
        self.addCleanup(release.set)
        asked: list[str] = []

        def hang() -> None:
            asked.append("x")
            release.wait()

        for name in ("hanging", "hanging as well"):
            self.offer(name, hang, needed=True)
        for _ in range(2):
            status, parts = self.ready()
            self.assertEqual((status, parts["hanging"]["note"]), (503, "no answer within 0.5 s"))
        self.assertEqual(len(asked), 2)

    def test_parts_that_hang_cost_their_time_once_and_together(self) -> None:
        """On a clock that goes on only while somebody waits."""
        now = [100.0]

        class Hanging:
            def result(self, timeout: float) -> None:
                now[0] += timeout
                raise TimeoutError

        with (
            mock.patch.object(health, "_ask", return_value=Hanging()),
            mock.patch.object(health.time, "monotonic", side_effect=lambda: now[0]),
            mock.patch.object(health, "SECONDS", 2),
        ):
            found = health.parts()
        self.assertEqual(now, [102.0])
        self.assertEqual({part.note for part in found}, {"no answer within 2 s"})

    def test_a_broker_that_is_away_is_named(self) -> None:
        with override_settings(CACHES={"default": {"BACKEND": CACHE, "LOCATION": AWAY}}):
            _, parts = self.ready()
        self.assertEqual(parts["cache"]["note"], "Redis does not answer")

    def test_a_worker_that_was_heard_of_is_well(self) -> None:
        pulse.beat("worker test@here")
        self.addCleanup(forget, "worker test@here")
        _, parts = self.ready()
        self.assertTrue(parts["worker"]["ok"])

    def test_the_connection_of_the_request_is_left_alone(self) -> None:
        self.ready()
        self.assertTrue(connection.is_usable())


CACHE = "django_redis.cache.RedisCache"


def forget(name: str) -> None:
    pulse.get_redis_connection("default").hdel(pulse.KEY, name)
