"""Virtual environments of models that bring their own packages: built once, shared, found by their digest."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml

from apps.core.errors import Conflict

# What the model server itself needs beside the model's own packages.
ADDED = ("httptools", "orjson", "uvloop")
BUILD_SECONDS = 1800
FETCHING = "apps.deployments.server.fetching"
ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a model's files are, or come from, and in what environment they are asked for."""

    uri: str
    folder: Path
    environ: Mapping[str, str]


class Environments:
    """Builds beside the runner's loop; whoever asks again learns how it went."""

    def __init__(self, folder: Path, *, added: tuple[str, ...] = ADDED) -> None:
        self.folder, self.added = folder, added
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="environment")
        self._begun: dict[str, Future[Path]] = {}
        self._built: dict[str, Path] = {}

    def python(self, source: Source) -> Path | None:
        """The interpreter of the model's environment; nothing while it is being built. Raises why it cannot be."""
        key = str(source.folder)
        if (built := self._built.get(key)) and built.exists():
            os.utime(built.parents[1])  # what is asked for is not tidied away
            return built
        work = self._begun.get(key)
        if work is None:
            self._begun[key] = self._threads.submit(self.build, source)
            return None
        if not work.done():
            return None
        del self._begun[key]
        self._built[key] = work.result()
        return self._built[key]

    def build(self, source: Source) -> Path:
        """Build the environment unless it is there; one that was cut short is never used."""
        _fetch(source)
        wanted = _wanted(source.folder)
        target = self.folder / self._digest(wanted)
        if target.exists():
            os.utime(target)
        else:
            self._build(wanted, target)
        return target / "bin" / "python"

    def _digest(self, wanted: _Requirements) -> str:
        parts = (wanted.python, platform.platform(), *self.added, wanted.text)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]

    def _build(self, wanted: _Requirements, target: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f"{target.name}.", suffix=".part", dir=self.folder))
        try:
            _uv("venv", "--relocatable", "--clear", "--python", wanted.python, str(draft))
            packages = ["--requirements", str(wanted.file), *self.added]
            _uv("pip", "install", "--python", str(draft / "bin" / "python"), *packages)
            draft.rename(target)
        except OSError:
            if not target.exists():  # else another runner was first
                raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def close(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _Requirements:
    """What a model asks for."""

    file: Path
    text: str
    python: str


def _wanted(folder: Path) -> _Requirements:
    """The requirements that MLflow wrote beside the model."""
    found = sorted(folder.rglob("MLmodel"))
    file = found[0].with_name("requirements.txt") if found else folder / "requirements.txt"
    if not file.exists():
        raise Conflict(
            reason="The model has no requirements.txt; log it anew, or use the portal's packages."
        )
    return _Requirements(file, file.read_text(), _python(file.with_name("python_env.yaml")))


def _python(described: Path) -> str:
    """The interpreter: this one where major and minor version agree with the model's, else that version."""
    told = yaml.safe_load(described.read_text()) if described.exists() else None
    asked = str(told.get("python", "")) if isinstance(told, dict) else ""
    version = ".".join(asked.split(".")[:2])
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"
    return version if version and version != ours else sys.executable


def _fetch(source: Source) -> None:
    if source.folder.exists():
        return
    command = [sys.executable, "-W", "ignore", "-m", FETCHING, source.uri, str(source.folder)]
    _run(command, source.environ)


def _uv(*arguments: str) -> None:
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if uv is None:
        raise Conflict(reason="uv, which builds environments, is not installed: pip install uv")
    _run([uv, *arguments], None)


def _run(command: list[str], environ: Mapping[str, str] | None) -> None:
    try:
        done = subprocess.run(  # noqa: S603  our own commands; what a model asks for is data to uv
            command,
            env=None if environ is None else dict(environ),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise Conflict(reason=f"The environment was not built within {BUILD_SECONDS} s.") from error
    if done.returncode:
        raise Conflict(
            reason=_last_line(done.stderr) or _last_line(done.stdout) or "it said nothing"
        )


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:400] if lines else ""
