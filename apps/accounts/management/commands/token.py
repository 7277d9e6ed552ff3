from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from apps.accounts import places, services
from apps.accounts.management.people import user_named
from apps.accounts.models import User
from apps.core.access import Role
from apps.core.commands import PortalCommand
from apps.core.errors import PortalError

ROLES = [role.label for role in Role]


class Command(PortalCommand):
    help = "Make an API token for a person or service account; it stands alone on the last line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="user name or e-mail address")
        parser.add_argument("--name", default="command line", help="what the token is for")
        parser.add_argument("--role", choices=ROLES, default="owner", help="at most this role")
        parser.add_argument("--days", type=int, help="how long it lasts (people: 366 at most)")
        parser.add_argument(
            "--project", action="append", metavar="SLUG", help="only here; may be repeated"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        user = user_named(options["user"])
        days: int | None = options["days"]
        if days is not None and not 0 < days <= 36_500:
            raise CommandError("--days: a whole number from 1 to 36500")
        try:
            _, text = services.create_token(
                user=user,
                name=options["name"][:100],
                by=user,
                role=Role[options["role"].upper()],
                project_ids=_project_ids(user, options["project"]),
                expires_at=None if days is None else timezone.now() + timedelta(days=days),
            )
        except PortalError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(text)


def _project_ids(user: User, slugs: list[str] | None) -> list[int] | None:
    if not slugs:
        return None
    known = {place.slug: place.id for place in places.visible_to(user)}
    if unknown := [slug for slug in slugs if slug not in known]:
        raise CommandError(f"--project: {user.username} sees no project {unknown[0]}")
    return [known[slug] for slug in slugs]
