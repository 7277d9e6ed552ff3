"""A running portal, told by many at once, by amtool, and killed in the middle of it."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import urllib.error
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from apps.accounts.services import create_token
from apps.core.access import Role
from apps.monitoring import services
from apps.monitoring.models import Alert, Silence
from tests import server
from tests.base import PortalTransactionTestCase
from tests.monitoring.alerts.base import Client, posted
from tests.portal.polling import free_ports

AMTOOL = shutil.which("amtool")
KILLS = 3


class LiveTests(PortalTransactionTestCase):
    def setUp(self) -> None:
        super().setUp()
        _, self.token = create_token(
            user=self.rita, name="prometheus", by=self.rita, project_ids=[self.fraud.pk]
        )

    def test_fifty_at_once_are_one(self) -> None:
        alert = posted(instance="a")
        with server.running() as address, ThreadPoolExecutor(50) as many:
            client = Client(address, self.token)
            told = list(many.map(lambda _: client.ask("POST", "alerts", [alert]), range(50)))
        self.assertEqual(told, [(200, None)] * 50)
        row = Alert.objects.get()
        self.assertEqual((row.times, row.project), (50, self.fraud))

    def test_it_answers_as_alertmanager_does(self) -> None:
        with server.running() as address:
            client = Client(address, self.token)
            self.assertEqual(
                client.ask("POST", "alerts", [posted(zone="a"), posted("B")]), (200, None)
            )
            services.settle_waiting()
            for body in (
                {},
                [{}],
                [{"labels": {}}],
                [{"labels": {"0": "x"}}],
                [1],
                [{"labels": {"a": "\x00"}}],
            ):
                status, said = client.ask("POST", "alerts", body)
                self.assertEqual((status, type(said)), (400, str), body)
            status, said = client.ask("POST", "alerts", [posted("C"), {"labels": {}}])
            self.assertEqual(status, 400)
            names = {each["labels"]["alertname"] for each in client.ask("GET", "alerts")[1]}
            self.assertEqual(names, {"Latency", "B", "C"})  # what is good is kept
            [found] = client.ask("GET", "alerts?filter=zone%3D%22a%22")[1]
            self.assertEqual(found["status"]["state"], "active")
            self.assertEqual(client.ask("GET", "alerts?filter=x")[0], 400)
            self.assertEqual(len(client.ask("GET", "alerts/groups")[1]), 3)
            self.assertEqual(client.ask("GET", "status")[1]["cluster"]["status"], "disabled")
            self.assertEqual(client.ask("GET", "nothing")[0], 404)
            self._silences(client)
            self._strangers(address)

    def _silences(self, client: Client) -> None:
        now = datetime.now(UTC)
        sent = {
            "matchers": [{"name": "zone", "value": "a", "isRegex": False}],
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(hours=1)).isoformat(),
            "createdBy": "x",
            "comment": "work",
        }
        status, made = client.ask("POST", "silences", sent)
        self.assertEqual(status, 200)
        self.assertTrue(Alert.objects.get(labels__zone="a").silenced)
        [held] = client.ask("GET", "alerts?active=false")[1]
        self.assertEqual(held["status"]["silencedBy"], [made["silenceID"]])
        one = client.ask("GET", f"silence/{made['silenceID']}")[1]
        self.assertEqual((one["createdBy"], one["status"]["state"]), ("rita", "active"))
        again = client.ask("POST", "silences", {**sent, "id": made["silenceID"]})[1]
        self.assertNotEqual(again["silenceID"], made["silenceID"])
        self.assertEqual(client.ask("DELETE", f"silence/{again['silenceID']}"), (200, None))
        self.assertFalse(Silence.objects.filter(ended_at=None).exists())
        for bad in (
            {},
            {**sent, "matchers": []},
            {**sent, "comment": ""},
            {**sent, "endsAt": "x"},
            [],
        ):
            self.assertEqual(client.ask("POST", "silences", bad)[0], 400)
        for path in (
            "silence/x",
            "silence/00000000-0000-0000-0000-ffffffffffff",
            f"silence/{'f' * 32}",
        ):
            self.assertEqual(client.ask("GET", path)[0], 404)

    def _strangers(self, address: str) -> None:
        _, theirs = create_token(user=self.bob, name="t", by=self.bob)
        _, looks = create_token(user=self.rita, name="l", by=self.rita, role=Role.VIEWER)
        told = [posted()]
        self.assertEqual(Client(address, "sbx_x_y").ask("POST", "alerts", told)[0], 401)
        self.assertEqual(Client(address, looks).ask("POST", "alerts", told)[0], 403)
        self.assertEqual(Client(address, looks).ask("POST", "silences", {})[0], 403)
        self.assertEqual(
            Client(address, theirs, "/alertmanager/fraud").ask("GET", "alerts")[0], 404
        )
        self.assertEqual(Client(address, theirs).ask("GET", "alerts"), (200, []))
        self.assertEqual(Client(address, theirs).ask("GET", f"silence/{'0' * 31}1")[0], 404)
        self.assertEqual(
            Client(address, self.token, "/alertmanager/fraud").ask("GET", "alerts")[0], 200
        )

    @pytest.mark.skipif(AMTOOL is None, reason="Debian's prometheus-alertmanager is not installed.")
    def test_amtool_works_with_it(self) -> None:
        with server.running() as address, TemporaryDirectory() as folder:
            config = Path(folder) / "http.yml"
            config.write_text(f"authorization:\n  credentials: {self.token}\n")

            def amtool(*words: str) -> str:
                common = [
                    str(AMTOOL),
                    f"--alertmanager.url={address}",
                    f"--http.config.file={config}",
                ]
                done = subprocess.run([*common, *words], capture_output=True, text=True, timeout=60)
                self.assertEqual(done.returncode, 0, done.stderr)
                return done.stdout

            amtool("alert", "add", "alertname=Disk", "node=a", "--annotation=summary=full")
            services.settle_waiting()
            self.assertIn("full", amtool("alert", "query", "node=~a|b"))
            made = amtool("silence", "add", "--comment=work", "--duration=1h", "node=a").strip()
            self.assertIn(made, amtool("silence", "query"))
            self.assertNotIn("Disk", amtool("alert", "query"))
            self.assertIn("Disk", amtool("alert", "query", "--silenced"))
            amtool("silence", "expire", made)
            self.assertIn("Disk", amtool("alert", "query"))
            shown = json.loads(amtool("alert", "query", "-o", "json"))
            self.assertEqual(shown[0]["fingerprint"], _alertmanagers_own(folder))

    def test_what_was_answered_outlives_a_kill(self) -> None:
        dice, answered = Random(7), set[str]()
        for round_ in range(KILLS):
            answered |= self._told_until_killed(round_, dice.uniform(0.05, 0.4))
        kept = {row.labels["n"] for row in Alert.objects.all()}
        self.assertTrue(answered)
        self.assertLessEqual(answered, kept)
        self.assertEqual(len(kept), Alert.objects.count())

    def _told_until_killed(self, round_: int, after: float) -> set[str]:
        """What a portal answered with 200 before it was killed; each is told anew to the next one, too."""
        answered: set[str] = set()
        first = threading.Lock()
        with server.begun() as (address, process):
            kill = threading.Timer(after, process.kill)

            def begin() -> None:
                """The time to the kill counts from the first answer, however slow the start is."""
                with first:
                    if not kill.is_alive() and not kill.finished.is_set():
                        kill.start()

            def work(worker: int) -> None:
                client = Client(address, self.token)
                for number in range(2000):
                    name = f"{worker}.{number % 300}.{round_ if number % 2 else 0}"
                    try:
                        if client.ask("POST", "alerts", [posted("K", n=name)])[0] == 200:
                            answered.add(name)
                            begin()
                    except (urllib.error.URLError, OSError, ValueError):
                        return

            with ThreadPoolExecutor(8) as many:
                list(many.map(work, range(8)))
            kill.join()
        return answered


def _alertmanagers_own(folder: str) -> str:
    """The fingerprint that a real Alertmanager gives the same labels."""
    config = Path(folder) / "am.yml"
    config.write_text("route:\n  receiver: none\nreceivers:\n- name: none\n")
    port = free_ports()
    process = subprocess.Popen(
        ["prometheus-alertmanager", f"--config.file={config}", f"--storage.path={folder}",
         f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=error"]
    )  # fmt: skip
    try:
        told = [{"labels": {"alertname": "Disk", "node": "a"}}]
        client = Client(f"http://127.0.0.1:{port}", "none")
        for _ in range(600):
            try:
                client.ask("POST", "alerts", told)
                break
            except (urllib.error.URLError, OSError):
                threading.Event().wait(0.05)
        found = client.ask("GET", "alerts")[1]
        return str(found[0]["fingerprint"])
    finally:
        process.terminate()
        process.wait(timeout=120)
