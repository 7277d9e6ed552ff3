"""The file of a backup: a tar with a manifest that names every member and its hash."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from portal.operations.errors import Refused

MANIFEST = "manifest.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Member:
    size: int
    sha256: str


@dataclass(slots=True)
class Manifest:
    """What a backup holds, from where and when."""

    version: str
    made: str
    databases: list[str] = field(default_factory=list)
    migrations: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    members: dict[str, Member] = field(default_factory=dict)
    format: int = FORMAT


class Writer:
    """Adds files to the archive and their hashes to the manifest."""

    def __init__(self, tar: tarfile.TarFile, manifest: Manifest) -> None:
        self.tar = tar
        self.manifest = manifest

    def add(self, path: Path, *, name: str) -> None:
        """Add one file as it is now; a file that is gone by now is noted, not missed."""
        try:
            file = path.open("rb")
        except FileNotFoundError:
            self.manifest.left_out.append(f"{name}: gone while the backup ran")
            return
        with file:
            size = os.fstat(file.fileno()).st_size
            hashing = _Hashing(file, size)
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = size, 0o600
            entry.mtime = int(os.fstat(file.fileno()).st_mtime)
            self.tar.addfile(entry, hashing)
        self.manifest.members[name] = Member(size=size, sha256=hashing.hexdigest())

    def close(self) -> None:
        content = json.dumps(asdict(self.manifest), indent=1).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size, entry.mode = len(content), 0o600
        self.tar.addfile(entry, io.BytesIO(content))


@contextmanager
def writing(target: Path, manifest: Manifest) -> Iterator[Writer]:
    """Write an archive that only its owner may read, and that appears whole or not at all."""
    draft = target.with_name(f".{target.name}.partial")
    draft.unlink(missing_ok=True)
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            with _open(target, file) as tar:
                writer = Writer(tar, manifest)
                yield writer
                writer.close()
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, target)  # unlike a rename, this never replaces a file
    except FileExistsError as error:
        raise Refused(f"{target} exists already; choose another name") from error
    except OSError as error:
        raise Refused(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        draft.unlink(missing_ok=True)


def unpack(source: Path, *, into: Path) -> Manifest:
    """Unpack into an empty folder and hold every byte against the manifest."""
    try:
        with tarfile.open(source) as tar:
            found = dict(_extract(tar, into))
    except (tarfile.TarError, zlib.error, OSError, EOFError) as error:
        raise Refused(f"{source} is not a whole backup: {error}") from error
    manifest = _read_manifest(into / MANIFEST, source)
    del found[MANIFEST]
    if found != manifest.members:
        wrong = sorted(
            name
            for name in {*found, *manifest.members}
            if found.get(name) != manifest.members.get(name)
        )
        raise Refused(f"{source} is damaged: {wrong[0]} is not what the manifest says")
    return manifest


def _extract(tar: tarfile.TarFile, into: Path) -> Iterator[tuple[str, Member]]:
    for entry in tar:
        if not entry.isreg():
            raise tarfile.TarError(f"{entry.name} is no plain file")
        path = into / _inside(entry)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        content = tar.extractfile(entry)
        assert content
        with content, os.fdopen(_new_file(path), "wb") as file:
            hashing = _Hashing(content, entry.size)
            shutil.copyfileobj(hashing, file, 1 << 20)
        os.utime(path, (entry.mtime, entry.mtime))
        yield entry.name, Member(size=entry.size, sha256=hashing.hexdigest())


def _inside(entry: tarfile.TarInfo) -> PurePosixPath:
    """The member's name, once it is sure that it leads nowhere else: no link was unpacked before it."""
    name = PurePosixPath(entry.name)
    if name.is_absolute() or ".." in name.parts or not name.name or "\0" in entry.name:
        raise tarfile.TarError(f"{entry.name!r} leads out of the folder")
    return name


def _new_file(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def _read_manifest(path: Path, source: Path) -> Manifest:
    try:
        content = json.loads(path.read_text())
        members = {name: Member(**member) for name, member in content.pop("members").items()}
        manifest = Manifest(**content, members=members)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise Refused(f"{source} is not a backup of this portal: no manifest") from error
    if manifest.format > FORMAT:
        raise Refused(f"{source} was made by a newer version ({manifest.version}); upgrade first")
    return manifest


class _Hashing:
    """Reads exactly so many bytes, and knows their hash; a file that grew is cut there."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._left = size
        self._sum = hashlib.sha256()

    def read(self, wanted: int = -1) -> bytes:
        size = self._left if wanted < 0 else min(wanted, self._left)
        content = self._file.read(size)
        self._left -= len(content)
        self._sum.update(content)
        return content

    def hexdigest(self) -> str:
        return self._sum.hexdigest()


def _open(target: Path, file: IO[bytes]) -> tarfile.TarFile:
    if target.suffix == ".tar":
        return tarfile.open(fileobj=file, mode="w")
    # A little: dumps and Parquet files are compressed already.
    return tarfile.open(fileobj=file, mode="w:gz", compresslevel=1)
