"""A Git repository, read and written by the `git` program, which is trusted with as little as possible.

No hooks, no submodules, no configuration of this machine, no protocol but https, no redirect, no
question at a terminal; a time-out for each command, a limit for each file, and connections only to
addresses that the door out permits.
"""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from django.conf import settings

from apps.core.errors import Invalid
from apps.core.http import permitted
from apps.core.http.guard import destination
from apps.docs.errors import NotFromHere

SECONDS = 120.0
LARGEST_FILE = 200_000_000  # bytes that one file of a clone may grow to
BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")
SAFE = {
    "core.hooksPath": "/dev/null",
    "core.symlinks": "false",
    "core.protectNTFS": "true",
    "protocol.allow": "never",
    "submodule.recurse": "false",
    "credential.helper": "",
    "http.followRedirects": "false",
    "transfer.fsckObjects": "true",
    "gc.auto": "0",
}


@dataclass(frozen=True, slots=True)
class Remote:
    """Where a repository is and how it is entered."""

    url: str
    branch: str = ""
    token: str = ""


def check(url: str, branch: str) -> None:
    """`Invalid` where the address or the branch is none that may be used."""
    protocols = _protocols()
    if urlsplit(url).scheme not in protocols:
        raise Invalid(field="url", reason=f"it must begin with {' or '.join(protocols)}://")
    if not url.startswith("file:"):
        destination("git", url)
    if branch and (not BRANCH.fullmatch(branch) or ".." in branch or branch.endswith(".lock")):
        raise Invalid(field="branch", reason="this is not the name of a branch")


@contextmanager
def cloned(remote: Remote) -> Iterator[Path]:
    """The newest files of the branch, in a folder that is gone afterwards."""
    check(remote.url, remote.branch)
    with TemporaryDirectory(prefix="signalbox-docs-") as folder:
        tree = Path(folder) / "tree"
        chosen = ["--branch", remote.branch] if remote.branch else []
        depth = ["--depth", "1", "--single-branch", "--no-tags", "--no-recurse-submodules"]
        _git(remote, ["clone", *depth, *chosen, "--", remote.url, str(tree)], Path(folder))
        yield tree


def commit_of(tree: Path) -> str:
    """The commit that a clone stands at."""
    return _git(Remote(""), ["rev-parse", "HEAD"], tree).strip()


@dataclass(frozen=True, slots=True)
class Change:
    """One file's new text, and what the commit says of it."""

    path: str
    text: str
    branch: str
    message: str
    author: str


def push_change(remote: Remote, change: Change) -> str:
    """Put a change on a branch of its own, from the newest commit; its commit."""
    check(remote.url, change.branch)
    with cloned(remote) as tree:
        file = tree / change.path
        inside = file.resolve().is_relative_to(tree.resolve())
        if not inside or ".git" in Path(change.path).parts:
            raise Invalid(field="path", reason="it leads out of the repository")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(change.text)
        who = ["-c", f"user.name={change.author}", "-c", "user.email=portal@signalbox.invalid"]
        _git(remote, ["add", "--", change.path], tree)
        _git(remote, [*who, "commit", "--no-verify", "-m", change.message], tree)
        _git(remote, ["push", "origin", f"HEAD:refs/heads/{change.branch}"], tree)
        return commit_of(tree)


def _protocols() -> tuple[str, ...]:
    return tuple(getattr(settings, "DOCS_GIT_PROTOCOLS", ("https",)))


def _git(remote: Remote, words: list[str], where: Path) -> str:
    program = shutil.which("git")
    if program is None:
        raise NotFromHere(what="git", reason="the program git is not installed beside the portal")
    command = [program, *words]
    process = subprocess.Popen(  # noqa: S603  our own words; addresses stand after `--`
        command, cwd=where, env=_environment(remote, where), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
    try:
        said, _ = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired as error:
        process.kill()
        process.communicate()
        raise NotFromHere(what="git", reason=f"no answer within {SECONDS:.0f} s") from error
    text = said[-100_000:].decode("utf-8", "replace")
    if process.returncode:
        raise NotFromHere(what="git", reason=_reason(text, remote))
    return text


def _environment(remote: Remote, where: Path) -> dict[str, str]:
    """Nothing of the portal's own environment, so that no secret of it reaches another program."""
    configured = {**SAFE, **{f"protocol.{name}.allow": "always" for name in _protocols()}}
    if remote.token:
        packed = b64encode(f"x-access-token:{remote.token}".encode()).decode()
        configured["http.extraHeader"] = f"Authorization: Basic {packed}"
    if pinned := _pinned(remote.url):
        configured["http.curloptResolve"] = pinned
    pairs = list(configured.items())
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(where),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_ALLOW_PROTOCOL": ":".join(_protocols()),
        "GIT_CONFIG_COUNT": str(len(pairs)),
        **{f"GIT_CONFIG_KEY_{n}": key for n, (key, _) in enumerate(pairs)},
        **{f"GIT_CONFIG_VALUE_{n}": value for n, (_, value) in enumerate(pairs)},
    }


def _pinned(url: str) -> str:
    """The host with the address that was permitted: a name that changes meanwhile leads nowhere else."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        return ""
    port = parts.port or 443
    return f"{parts.hostname}:{port}:{_permitted(parts.hostname, port)}"


def _permitted(host: str, port: int) -> str:
    return permitted("git", host, port)[0]


def _reason(text: str, remote: Remote) -> str:
    """The last line that git said, without the token."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    said = next((line for line in reversed(lines) if "fatal" in line or "error" in line), "")
    said = said or (lines[-1] if lines else "it said nothing")
    return (said.replace(remote.token, "***") if remote.token else said)[:300]
