"""What model servers leave on the disk of their machine goes once nobody needs it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from django.utils import timezone

from apps.deployments.models import Release, Replica
from apps.deployments.runner.tidying import tidy
from tests.base import PortalTestCase
from tests.deployments.test_pages import model_with_versions, release, served

LONG_AGO = timedelta(days=8)


class TidyingTests(PortalTestCase):
    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.data = Path(folder.name)
        self.versions = model_with_versions(self.fraud, 3)
        self.place = served(self.versions[0], self.staging, self.ada)
        for version in self.versions:
            self.leave(f"models/{version.pk}/MLmodel")

    def leave(self, name: str, *, is_old: bool = True) -> Path:
        path = self.data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("here")
        if is_old:
            then = (timezone.now() - LONG_AGO).timestamp()
            for each in (path, path.parent):
                os.utime(each, (then, then))
        return path

    def left(self, folder: str) -> list[str]:
        return sorted(path.name for path in (self.data / folder).iterdir())

    def test_files_of_versions_that_answer_or_did_this_week_stay(self) -> None:
        release(self.place, self.versions[1], self.ada)
        Release.objects.filter(version=self.versions[0]).update(
            ended_at=timezone.now() - timedelta(days=6)
        )
        Replica.objects.filter(release__version=self.versions[0]).delete()
        tidy(self.data, now=timezone.now())
        self.assertEqual(self.left("models"), [str(each.pk) for each in self.versions[:2]])

    def test_files_that_nobody_needed_for_a_week_go(self) -> None:
        release(self.place, self.versions[1], self.ada)
        Release.objects.filter(version=self.versions[0]).update(ended_at=timezone.now() - LONG_AGO)
        Replica.objects.filter(release__version=self.versions[0]).delete()
        self.assertEqual(tidy(self.data, now=timezone.now()), 2)
        self.assertEqual(tidy(self.data, now=timezone.now()), 0)
        self.assertEqual(self.left("models"), [str(self.versions[1].pk)])

    def test_environments_that_nobody_asked_for_or_runs_in_for_a_week_go(self) -> None:
        self.leave("environments/young/pyvenv.cfg", is_old=False)
        self.leave("environments/old/pyvenv.cfg")
        self.leave("environments/cut.short.part/pyvenv.cfg")
        python = self.leave("environments/busy/bin/python")
        python.unlink()
        python.symlink_to(sys.executable)
        then = (timezone.now() - LONG_AGO).timestamp()
        os.utime(python.parents[1], (then, then))
        busy = subprocess.Popen([python, "-c", "input()"], stdin=subprocess.PIPE)
        try:
            tidy(self.data, now=timezone.now())
            self.assertEqual(self.left("environments"), ["busy", "young"])
        finally:
            busy.communicate(b"\n")
        tidy(self.data, now=timezone.now())
        self.assertEqual(self.left("environments"), ["young"])

    def test_logs_go_a_week_after_their_model_server(self) -> None:
        replica = Replica.objects.get()
        self.leave(f"logs/models/{replica.pk}.log")
        self.leave("logs/models/900001.log")
        self.leave("logs/models/900002.log", is_old=False)
        tidy(self.data, now=timezone.now())
        self.assertEqual(self.left("logs/models"), sorted(["900002.log", f"{replica.pk}.log"]))
