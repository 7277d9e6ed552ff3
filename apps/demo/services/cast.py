"""The people of the demo, and who acts where."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from apps.accounts.models import User
from apps.accounts.services import create_person, reactivate
from apps.core.fields import Secret
from apps.demo.errors import DemoNotReady
from apps.demo.models import Demo
from apps.demo.worlds import CAST, STRANGER, Part

FILE = "demo_passwords"


def actor(demo: Demo, key: str) -> User:
    """Whoever plays a part."""
    if key not in demo.people:
        raise DemoNotReady(state="still letting its people in")
    return User.objects.get(pk=demo.people[key])


def site_admin() -> User | None:
    """The person who runs the portal: the demo's jobs are theirs."""
    return User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()


def kept(demo: Demo) -> dict[str, Any]:
    """The demo's secrets, open."""
    return demo.secrets.reveal() if isinstance(demo.secrets, Secret) else {}


def keep(demo: Demo, **more: Any) -> None:
    """Add to the demo's secrets."""
    demo.secrets = Secret.of({**kept(demo), **more})
    demo.save(update_fields=["secrets"])


def enter_people(demo: Demo) -> None:
    """Let the cast in, each with a password of their own. Safe to run twice."""
    for part in (*CAST, STRANGER):
        _enter(demo, part)
    _write_passwords(kept(demo)["passwords"])


def _enter(demo: Demo, part: Part) -> None:
    known = User.objects.filter(pk=demo.people.get(part.key)).first()
    if known is not None:
        if not known.is_active and (admin := site_admin()):
            reactivate(person=known, by=admin)
        return
    passwords = dict(kept(demo).get("passwords", {}))
    # Kept before the person exists, so that nobody is left whose password was lost with a process.
    name = _free_name(part.username, passwords)
    passwords.setdefault(name, secrets.token_urlsafe(12))
    keep(demo, passwords=passwords)
    person = User.objects.filter(username=name).first() or create_person(
        username=name, by=None, full_name=f"{part.full_name} (demo)", password=passwords[name]
    )
    demo.people[part.key] = person.pk
    demo.save(update_fields=["people"])


def _free_name(wanted: str, ours: dict[str, str]) -> str:
    """The name, or one beside it where somebody who is not of the demo has it."""
    names = (wanted, *(f"{wanted}-demo{number}" for number in ("", *range(2, 100))))
    taken = set(User.objects.filter(username__startswith=wanted).values_list("username", flat=True))
    return next(name for name in names if name in ours or name not in taken)


def _write_passwords(passwords: dict[str, str]) -> None:
    """Beside the administrator's password, for the owner of the folder alone."""
    path = Path(settings.DATA_DIR) / "secrets" / FILE
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    path.write_text("".join(f"{name} {word}\n" for name, word in sorted(passwords.items())))


@dataclass(frozen=True, slots=True)
class SignIn:
    """How somebody of the cast signs in; for the site admin's eyes."""

    name: str
    role: str
    username: str
    password: str


def passwords(demo: Demo) -> list[SignIn]:
    """Everybody of the cast with their password."""
    words = kept(demo).get("passwords", {})
    people = User.objects.in_bulk(list(demo.people.values()))
    return [
        SignIn(part.full_name, _role(part), person.username, words.get(person.username, ""))
        for part in (*CAST, STRANGER)
        if (person := people.get(demo.people.get(part.key)))
    ]


def _role(part: Part) -> str:
    return "stranger" if part == STRANGER else str(part.role.label)
