"""Secrets that are named instead of stored: where they may lie, and who may name them."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from apps.core.errors import PortalError
from apps.integrations import opening, references, services
from apps.integrations.errors import BadReference, ReferenceRefused
from apps.integrations.models import Connection
from tests.core.loopback import Asked, answer, loopback
from tests.integrations.base import ConnectionTestCase

NAME = "SIGNALBOX_SECRET_CHAT"
VALUES = {"url": "https://x.example.org"}


class SecretReferenceTests(ConnectionTestCase):
    def refer(self, text: str, by: str = "sam", **more: object) -> Connection:
        who = getattr(self, by)
        return self.connect("webhook_out", VALUES, secrets={"secret": text}, by=who, **more)  # type: ignore[arg-type]

    def opened(self, row: Connection) -> str:
        return str(opening.connector(row).config.secret.get_secret_value())

    def store(self, **more: object) -> Connection:
        """A Vault on loopback in which every secret has the field `key`."""

        def script(_: object, asked: Asked) -> bytes:
            data = {"key": f"from {asked.target.rpartition('/data/')[2]} 123456"}
            return answer(200, json.dumps({"data": {"data": data}}).encode())

        server = self.enterContext(loopback(script))
        self.enterContext(self.settings(HTTP_ALLOW=["127.0.0.1"]))
        values = {"address": server.url}
        return self.connect("vault", values, secrets={"token": "hvs.abc"}, **more)  # type: ignore[arg-type]

    def test_a_variable_is_looked_up_at_each_use(self) -> None:
        row = self.refer(f"env:{NAME}")
        for value in ("first-secret-here", "second-secret-here"):
            with patch.dict("os.environ", {NAME: value}):
                self.assertEqual(self.opened(row), value)

    def test_a_file_is_looked_up_without_its_line_break(self) -> None:
        with self.settings(DATA_DIR=self.folder()):
            row = self.refer(f"file:{self.place / 'chat'}")
            self.assertEqual(self.opened(row), "from-a-file-123456")

    def test_only_what_was_put_there_for_connections_can_be_named(self) -> None:
        with self.settings(DATA_DIR=self.folder()):
            for text in (
                "env:SECRET_KEY",
                "env:DATABASE_URL",
                "file:/etc/passwd",
                f"file:{self.place.parent / 'secret_key'}",
                f"file:{self.place}/../secret_key",
                f"file:{self.place}/link",
                "file:relative",
                "vault:x/path#key",
                "vault:7/path",
            ):
                with self.assertRaises(BadReference, msg=text) as refused:
                    self.refer(text)
                self.assertIn("write env:", str(refused.exception))

    def test_what_is_not_there_is_said_at_the_check(self) -> None:
        row = self.refer(f"env:{NAME}")
        self.assertIn("it is not set or empty here", services.check_connection(connection=row))
        row.refresh_from_db()
        self.assertEqual(row.state, "failing")

    def test_only_site_admins_name_what_lies_on_the_host(self) -> None:
        for text in (f"env:{NAME}", "file:/run/secrets/x"):
            with self.assertRaises(ReferenceRefused):
                self.refer(text, by="ada")
        row = self.refer("a-secret-of-our-own")
        with self.assertRaises(ReferenceRefused):
            services.update_connection(
                connection=row, by=self.ada, secrets={"secret": f"env:{NAME}"}
            )
        with self.assertRaises(ReferenceRefused):
            services.rotate_secret(connection=row, by=self.ada, secret=f"env:{NAME}")

    def test_somebody_elses_reference_may_stay(self) -> None:
        row = self.refer(f"env:{NAME}")
        services.update_connection(connection=row, by=self.ada, name="Renamed")
        row.refresh_from_db()
        self.assertEqual(row.stored_secrets(), {"secret": f"env:{NAME}"})

    def test_a_secret_of_the_projects_own_store(self) -> None:
        store = self.store()
        row = self.refer(f"vault:{store.pk}/apps/chat#key", by="max")
        self.assertEqual(self.opened(row), "from apps/chat 123456")

    def test_a_store_of_the_site_is_named_by_site_admins(self) -> None:
        store = self.store(project=None)
        reference = f"vault:{store.pk}/apps/chat#key"
        with self.assertRaises(ReferenceRefused):
            self.refer(reference, by="ada")
        self.assertEqual(self.opened(self.refer(reference)), "from apps/chat 123456")

    def test_another_projects_store_does_not_exist(self) -> None:
        store = self.store(project=self.other)
        plain = self.connect("webhook_in", {"sender": "github"})
        for pk in (store.pk, plain.pk, 999_999):
            with self.assertRaisesMessage(BadReference, "there is no such connection"):
                self.refer(f"vault:{pk}/apps/chat#key", by="ada")

    def test_a_stores_own_secret_lies_in_no_store(self) -> None:
        store = self.store()
        with self.assertRaisesMessage(BadReference, "cannot lie in a store"):
            self.connect(
                "vault",
                {"address": "https://v.example.org"},
                secrets={"token": f"vault:{store.pk}/x#key"},
            )

    def test_a_store_that_is_gone_is_named_in_the_error(self) -> None:
        store = self.store()
        row = self.refer(f"vault:{store.pk}/apps/chat#key")
        services.delete_connection(connection=store, by=self.sam)
        with self.assertRaisesMessage(BadReference, "the connection it goes through is gone"):
            opening.connector(row)

    def test_a_path_cannot_climb(self) -> None:
        store = self.store()
        row = self.refer(f"vault:{store.pk}/../../sys/x#key")
        with self.assertRaises(PortalError):
            opening.connector(row)

    def folder(self) -> Path:
        """A DATA_DIR with one secret for connections and one of the portal's own."""
        data = Path(self.enterContext(TemporaryDirectory()))
        self.place = data / "secrets" / "connections"
        self.place.mkdir(parents=True)
        (self.place / "chat").write_text("from-a-file-123456\n")
        (data / "secrets" / "secret_key").write_text("own")
        (self.place / "link").symlink_to(data / "secrets" / "secret_key")
        return data


def test_a_secret_that_looks_like_none_of_them_is_itself() -> None:
    for text in ("hvs.abc", "https://x", "environment:x", "vaulted:1"):
        assert references.parse(text) is None
