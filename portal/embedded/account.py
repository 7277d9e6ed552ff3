"""As whom PostgreSQL runs: it refuses the superuser, and needs a user who has a name.

A plain user runs it as himself. For root there are three ways, the first that works is taken:
as `nobody`; in a user namespace, where root's files belong to somebody else's number (for a
portal below root's closed home); as `nobody` with files in a refuge that `nobody` may enter
(where namespaces are refused too).
"""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TRIAL = '"$0" --version && for folder in "$@"; do cd "$folder" || exit 1; done'


@dataclass(frozen=True, slots=True)
class Account:
    """A user for PostgreSQL, and the name by which it knows the portal that connects."""

    portal_name: str
    uid: int | None = None
    gid: int | None = None
    prefix: tuple[str, ...] = ()

    @property
    def owner(self) -> tuple[int, int]:
        """Who must own its files."""
        if self.uid is None or self.gid is None:
            return os.getuid(), os.getgid()
        return self.uid, self.gid

    def may_use(self, *, program: Path, folders: tuple[Path, ...]) -> bool:
        """Try it: run the program and enter the folders as this user."""
        try:
            trial = subprocess.run(
                [*self.prefix, "sh", "-c", TRIAL, program, *folders],
                user=self.uid,
                group=self.gid,
                extra_groups=None if self.uid is None else [],
                cwd="/",
                capture_output=True,
                timeout=20,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return trial.returncode == 0


def candidates() -> Iterator[Account]:
    """The accounts to try, the best first."""
    me = _name(os.getuid())
    if os.getuid() != 0 and me:
        yield Account(portal_name=me)
        return
    if os.getuid() == 0 and (dropped := nobody()):
        yield dropped
    if mapped := _mapped():
        yield mapped


def nobody() -> Account | None:
    """The user without rights, for a portal that runs as root."""
    try:
        user = pwd.getpwnam("nobody")
    except KeyError:
        return None
    return Account(portal_name=_name(os.getuid()) or "root", uid=user.pw_uid, gid=user.pw_gid)


def _mapped() -> Account | None:
    try:
        user = pwd.getpwnam("nobody")
    except KeyError:
        return None
    numbers = (f"--map-user={user.pw_uid}", f"--map-group={user.pw_gid}")
    return Account(portal_name=user.pw_name, prefix=("unshare", "--user", *numbers))


def _name(uid: int) -> str | None:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None
