"""Mail over a real SMTP conversation on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy

from apps.core.errors import Conflict, PortalError
from apps.core.http import AddressRefused, Denied, Retryable
from apps.integrations.connectors.email import Email
from apps.integrations.ports import AlertNotice
from tests.base import PortalTestCase

NOTICE = AlertNotice(
    "Firing: inputs\r\nBcc: evil@example.org",
    "credit: inputs drifted",
    "https://portal/monitoring/alerts/7/",
    urgent=True,
    key="signalbox:7",
    facts=(("Severity", "critical"), ("Group", "a\nb")),
)


class Post:
    """A server that answers each command as it is told, and keeps the mails."""

    def __init__(self, **answers: str) -> None:
        self.answers, self.mails = answers, list[bytes]()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as stream:
                self._talk(stream)

    def _talk(self, stream: object) -> None:
        stream.write(b"220 ready\r\n")  # type: ignore[attr-defined]
        stream.flush()  # type: ignore[attr-defined]
        for line in stream:  # type: ignore[attr-defined]
            word = line.split()[0].upper().decode()
            if word == "DATA" and "DATA" not in self.answers:
                self._say(stream, "354 go on")
                self.mails.append(b"".join(iter(stream.readline, b".\r\n")))  # type: ignore[attr-defined]
            self._say(stream, self.answers.get(word, "250 fine"))
            if word == "QUIT":
                return

    def _say(self, stream: object, text: str) -> None:
        stream.write(f"{text}\r\n".encode())  # type: ignore[attr-defined]
        stream.flush()  # type: ignore[attr-defined]


@contextmanager
def post(**answers: str) -> Iterator[Post]:
    server = Post(**answers)
    threading.Thread(target=server.serve, daemon=True).start()
    try:
        yield server
    finally:
        server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()


def mailer(port: int, **more: object) -> Email:
    given = {
        "host": "127.0.0.1",
        "port": port,
        "encryption": "none",
        "sender": "portal@example.org",
    }
    return Email({**given, "recipients": ["ada@example.org", "max@example.org"], **more})


class MailTests(PortalTestCase):
    def setUp(self) -> None:
        self.enterContext(self.settings(HTTP_ALLOW=["127.0.0.1"]))

    def test_it_is_one_plain_thread_without_foreign_headers(self) -> None:
        with post() as server:
            mailer(server.port).notify(NOTICE)
            self.assertIn("greeted", mailer(server.port).check())
        [raw] = server.mails
        mail = message_from_bytes(raw, policy=policy.default)
        self.assertEqual(mail["Subject"], "Firing: inputs Bcc: evil@example.org")
        self.assertIsNone(mail["Bcc"])
        self.assertEqual(mail["References"], "<signalbox.7@example.org>")
        body = mail.get_body().get_content()  # type: ignore[union-attr]
        self.assertIn("https://portal/monitoring/alerts/7/", body)
        self.assertIn("Group: a b", body)

    def test_what_is_said_decides_whether_it_is_tried_again(self) -> None:
        for answers, kind in (
            ({"DATA": "451 later"}, Retryable),
            ({"MAIL": "421 closing"}, Retryable),
            ({"RCPT": "450 greylisted"}, Retryable),
            ({"RCPT": "550 nobody"}, Conflict),
            ({"DATA": "554 no"}, Conflict),
        ):
            with post(**answers) as server, self.assertRaises(kind):
                mailer(server.port).notify(NOTICE)
        with (
            post(EHLO="250-x\r\n250 AUTH PLAIN", AUTH="535 wrong") as server,
            self.assertRaises(Denied),
        ):
            mailer(server.port, username="u", password="wrong-password").notify(NOTICE)
        with self.assertRaises(Retryable):
            mailer(server.port).notify(NOTICE)  # nobody listens any more

    def test_the_guard_and_missing_encryption_stop_it(self) -> None:
        with post() as server:
            with self.assertRaises(PortalError):
                mailer(server.port, encryption="starttls").notify(NOTICE)
            with self.settings(HTTP_ALLOW=[]), self.assertRaises(AddressRefused):
                mailer(server.port).notify(NOTICE)
        self.assertEqual(server.mails, [])
