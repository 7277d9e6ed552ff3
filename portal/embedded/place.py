"""Where the cluster and its sockets lie, and as whom PostgreSQL may reach them."""

from __future__ import annotations

import dataclasses
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from portal.embedded.account import Account, candidates, nobody
from portal.embedded.binaries import Binaries
from portal.embedded.launch import CannotStart

REFUGE = Path("/var/lib/signalbox")


@dataclass(frozen=True, slots=True)
class Place:
    """A working choice of account, programs and folders."""

    account: Account
    binaries: Binaries
    cluster: Path
    sockets: Path
    note: str | None = None


def choose(*, data: Path, run: Path, binaries: Binaries) -> Account | None:
    """An account that can run the programs and reach the folders; none where root needs a refuge.

    Each is tried before it is believed; nothing is changed.
    """
    folders = tuple(_nearest((parent / "postgres").resolve().parent) for parent in (data, run))
    for account in candidates():
        if account.may_use(program=Path(binaries["postgres"]), folders=folders):
            return account
    if os.getuid() == 0 and nobody():
        return None
    raise CannotStart(_why_not(binaries))


def settle(*, data: Path, run: Path, binaries: Binaries) -> Place:
    """Choose an account, and make a refuge where it needs one."""
    account = choose(data=data, run=run, binaries=binaries)
    if account is None:
        return _take_refuge(data=data, run=run, binaries=binaries)
    cluster, sockets = (data / "postgres").resolve(), (run / "postgres").resolve()
    return Place(account=account, binaries=binaries, cluster=cluster, sockets=sockets)


def private_folder(path: Path, account: Account) -> None:
    """Make a folder that only the account may enter, with all in it its own."""
    path.mkdir(mode=0o700, exist_ok=True)
    path.chmod(0o700)
    owner = path.stat()
    if (owner.st_uid, owner.st_gid) == account.owner:
        return
    for folder, _, files in os.walk(path):
        for entry in (folder, *(os.path.join(folder, file) for file in files)):
            os.chown(entry, *account.owner, follow_symlinks=False)


def _nearest(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.is_dir())


def _take_refuge(*, data: Path, run: Path, binaries: Binaries) -> Place:
    account = nobody()
    assert account
    home = _home(data)
    cluster = _behind_link(data / "postgres", home / "cluster")
    sockets = _behind_link(run / "postgres", home / "sockets")
    place = Place(
        account=account,
        binaries=_reachable(binaries, account, home),
        cluster=cluster,
        sockets=sockets,
        note=f"PostgreSQL keeps its files in {home}: as root it may not run, "
        f"and its user may not enter {data}",
    )
    if not account.may_use(program=Path(place.binaries["postgres"]), folders=(home,)):
        raise CannotStart(_why_not(binaries))
    return place


def _home(data: Path) -> Path:
    """The folder in the refuge which this DATA_DIR points at; a new one at first."""
    link = data / "postgres"
    if link.is_symlink() and link.resolve().parent.parent == REFUGE:
        return link.resolve().parent
    try:
        REFUGE.mkdir(parents=True, exist_ok=True)
        home = Path(tempfile.mkdtemp(prefix="portal-", dir=REFUGE))
    except OSError as error:
        raise CannotStart(
            f"PostgreSQL: cannot write to {REFUGE} ({error.strerror}); "
            "start as a plain user, put DATA_DIR where user nobody may enter, or set DATABASE_URL"
        ) from error
    REFUGE.chmod(0o711)
    home.chmod(0o711)
    return home


def _behind_link(link: Path, target: Path) -> Path:
    if link.is_symlink():
        link.unlink()
    elif link.exists():
        shutil.move(link, target)
    target.mkdir(mode=0o700, exist_ok=True)
    link.symlink_to(target)
    return target


def _reachable(binaries: Binaries, account: Account, home: Path) -> Binaries:
    """The programs, copied where the account cannot run the ones it was given."""
    if account.may_use(program=Path(binaries["postgres"]), folders=()):
        return binaries
    copy = home / "programs" / str(binaries.major)
    package = binaries.folder.parent.parent
    installation = copy / package.name / binaries.folder.parent.name
    if binaries.packaged and not installation.exists():
        draft = Path(tempfile.mkdtemp(prefix="copy-", dir=home))
        draft.chmod(0o755)
        _copy(binaries.folder.parent, draft / package.name / binaries.folder.parent.name)
        # The programs find their libraries beside the package, by a relative path.
        _copy(package.with_name(f"{package.name}.libs"), draft / f"{package.name}.libs")
        copy.parent.mkdir(exist_ok=True)
        draft.rename(copy)
    return dataclasses.replace(binaries, folder=installation / "bin")


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("include"))


def _why_not(binaries: Binaries) -> str:
    if os.getuid() == 0:
        return (
            "PostgreSQL refuses to run as root, and here neither user nobody nor a user namespace "
            "can be used instead; start as a plain user, or set DATABASE_URL"
        )
    return (
        f"PostgreSQL: this user cannot run {binaries['postgres']} or has no name in /etc/passwd; "
        "give user and folder, or set DATABASE_URL"
    )
