"""Sends mail through an SMTP server of your own."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from pydantic import Field, SecretStr, field_validator

from apps.core.errors import Conflict
from apps.core.http import Denied, TimedOut, Unreachable, permitted
from apps.integrations.base import DESTINATION, Config, Connector
from apps.integrations.ports import AlertNotice, Notice

SERVICE = "The mail server"
SECONDS = 20.0
ADDRESS = r"^[^\s<>,;@\"]{1,64}@[^\s<>,;@\"]{1,190}$"
WAYS = {"starttls": "STARTTLS", "tls": "TLS from the start", "none": "no encryption"}


class EmailConfig(Config):
    host: str = Field(
        pattern=r"^[A-Za-z0-9.:-]{1,253}$",
        title="SMTP server",
        description="For example smtp.example.org",
        json_schema_extra=DESTINATION,
    )
    port: int = Field(default=587, ge=1, le=65535)
    encryption: str = Field(
        default="starttls", json_schema_extra={"enum": [*WAYS], "choices": {**WAYS}}
    )
    username: str = Field(default="", max_length=200, title="User name")
    password: SecretStr | None = Field(default=None)
    sender: str = Field(pattern=ADDRESS, title="From", description="For example portal@example.org")
    recipients: tuple[str, ...] = Field(
        min_length=1, max_length=50, title="To", description="One address per line."
    )

    @field_validator("encryption")
    @classmethod
    def known(cls, value: str) -> str:
        if value not in WAYS:
            raise ValueError(f"choose one of {', '.join(WAYS)}")
        return value

    @field_validator("recipients")
    @classmethod
    def addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            if each.count("@") != 1 or any(letter in each for letter in ' <>,;\r\n"'):
                raise ValueError(f"{each!r} is no mail address")
        return value


class Email(Connector[EmailConfig]):
    """SMTP, with one message for all recipients."""

    config_class = EmailConfig

    def check(self) -> str:
        with self._server() as server:
            server.noop()
        return (
            f"It greeted{' and knows the user' if self.config.username else ''}; no mail was sent."
        )

    def notify(self, notice: Notice) -> None:
        with self._server() as server:
            refused = server.send_message(message(notice, self.config))
        if refused:
            names = ", ".join(sorted(refused))
            raise Conflict(reason=f"{SERVICE} did not take the mail for {names}.")

    @contextmanager
    def _server(self) -> Iterator[smtplib.SMTP]:
        """A session at an address that the guard lets through."""
        config = self.config
        host = permitted(SERVICE, config.host, config.port)[0]
        try:
            with _ended(_Guarded(host, config)) as server:
                if config.encryption == "starttls":
                    server.starttls(context=ssl.create_default_context())
                if config.username:
                    secret = config.password.get_secret_value() if config.password else ""
                    server.login(config.username, secret)
                yield server
        except smtplib.SMTPAuthenticationError as error:
            raise Denied(service=SERVICE, answered=error.smtp_code, said="") from error
        except TimeoutError as error:
            raise TimedOut(service=SERVICE) from error
        except smtplib.SMTPResponseException as error:
            raise _refusal(error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            raise _refusal(code, said) from error
        except (smtplib.SMTPException, OSError) as error:
            raise Unreachable(service=SERVICE, reason=str(error)[:200]) from error


@contextmanager
def _ended(server: smtplib.SMTP) -> Iterator[smtplib.SMTP]:
    """The session, closed politely; a server that is rude at the end has taken the mail all the same."""
    try:
        yield server
    finally:
        with suppress(smtplib.SMTPException, OSError):
            server.quit()
        server.close()


class _Guarded(smtplib.SMTP):
    """Connects to the address that was checked, and expects the certificate of the name that was given."""

    def __init__(self, checked: str, config: EmailConfig) -> None:
        self._checked, self._wraps = checked, config.encryption == "tls"
        super().__init__(config.host, config.port, timeout=SECONDS)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = socket.create_connection((self._checked, port), timeout)
        if not self._wraps:
            return plain
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)


def message(notice: Notice, config: EmailConfig) -> EmailMessage:
    """The notice as plain text; mails about one alert are one thread."""
    mail = EmailMessage()
    mail["Subject"] = one_line(notice.title)[:200]
    mail["From"], mail["To"] = config.sender, ", ".join(config.recipients)
    mail["Date"], mail["Message-ID"] = (
        formatdate(),
        make_msgid(domain=config.sender.partition("@")[2]),
    )
    mail["Auto-Submitted"] = "auto-generated"
    if notice.urgent:
        mail["Importance"] = "high"
    facts: tuple[tuple[str, str], ...] = ()
    if isinstance(notice, AlertNotice):
        facts = notice.facts
        thread = "".join(letter if letter.isalnum() else "." for letter in notice.key)
        mail["References"] = f"<{thread}@{config.sender.partition('@')[2]}>"
    lines = [
        notice.text,
        "",
        *(f"{name}: {one_line(value)}" for name, value in facts),
        "",
        notice.url,
    ]
    mail.set_content("\n".join(lines))
    return mail


def one_line(text: str) -> str:
    """Text that cannot begin a header of its own."""
    return " ".join(text.split())


def _refusal(code: int, said: bytes | str) -> Exception:
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    reason = f"it answered {code} {one_line(text)[:150]}"
    if 400 <= code < 500:
        return Unreachable(service=SERVICE, reason=reason)
    return Conflict(reason=f"{SERVICE} did not take the mail: {reason}.")
