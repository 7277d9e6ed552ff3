"""What a pickle would import, read from its opcodes. Nothing is ever unpickled."""

from __future__ import annotations

import io
import pickletools
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

LARGEST = 256 * 1024 * 1024
MOST_OPCODES = 5_000_000
MOST_MEMBERS = 2_000
SUFFIXES = frozenset(
    {".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle", ".pt", ".pth", ".ckpt", ".p"}
)
# Modules whose functions start programs, open connections, or run code that is handed to them.
_HARMFUL = """
os posix nt subprocess sys socket shutil pty commands runpy importlib ctypes _ctypes code codeop
multiprocessing signal webbrowser http urllib ftplib smtplib requests httpx pip pdb bdb timeit cProfile
profile trace asyncio tempfile pickle _pickle marshal inspect operator _operator linecache pydoc doctest
venv ensurepip zipimport imp platform
"""
# Doors of known libraries that load or run what a file says.
_HARMFUL_NAMES = """
numpy.testing numpy.f2py numpy.distutils numpy.load pandas.eval pandas.read_pickle pandas.io.pickle
joblib.load torch.hub torch.load torch.serialization torch.utils.cpp_extension torch.jit torch.package
functools.reduce
"""
_KNOWN = """
numpy scipy sklearn pandas xgboost lightgbm catboost joblib torch torchvision tensorflow keras statsmodels
prophet transformers tokenizers mlflow collections datetime decimal fractions uuid copyreg copy_reg
functools array enum random re threading _thread pyarrow polars
"""
_PLAIN = """
set frozenset list dict tuple bytearray bytes str int float complex bool object slice range type NoneType
Ellipsis NotImplemented reversed
"""
# Parts of a name that lead out of a known library: `random._os.system` is os.system.
_WAYS_OUT = """
os posix nt subprocess sys socket shutil pty importlib builtins ctypes runpy system popen spawn eval exec
import getattr globals modules loads
"""
WAYS_OUT = frozenset(_WAYS_OUT.split())
HARMFUL, HARMFUL_NAMES = frozenset(_HARMFUL.split()), tuple(_HARMFUL_NAMES.split())
KNOWN, PLAIN = frozenset(_KNOWN.split()), frozenset(_PLAIN.split())
# Where the code itself travels inside the pickle.
CODE_INSIDE = frozenset({"cloudpickle", "dill", "types"})
STRINGS = frozenset({"SHORT_BINUNICODE", "UNICODE", "BINUNICODE", "BINUNICODE8", "STRING"})
STRINGS |= {"BINSTRING", "SHORT_BINSTRING"}
GETS = frozenset({"GET", "BINGET", "LONG_BINGET"})
PUTS = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})

Risk = dict[str, str]


def scan(path: Path, name: str) -> list[Risk]:
    """The risks of one file: none where it holds no pickle, or one that imports known names alone."""
    with path.open("rb") as file:
        start = file.read(4)
        if start == b"PK\x03\x04":
            return _members(path, name)
        file.seek(0)
        if start[:1] == b"\x80" and start[1:2] in {b"\x02", b"\x03", b"\x04", b"\x05"}:
            return _judged(file, name)
        if Path(name).suffix.lower() in SUFFIXES:
            return _judged(_unpacked(file.read(LARGEST)), name)
    return []


def _members(path: Path, name: str) -> list[Risk]:
    """The pickles inside a zip: PyTorch keeps its own so."""
    found: list[Risk] = []
    try:
        with zipfile.ZipFile(path) as packed:
            entries = packed.infolist()
            if len(entries) > MOST_MEMBERS:
                return [_unread(name, f"a zip of {len(entries)} files")]
            for entry in entries:
                found += _member(packed, entry, name)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error) as error:
        found.append(_unread(name, str(error)[:100]))
    return found


def _member(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> list[Risk]:
    inner = f"{name}/{entry.filename}"
    is_pickle = Path(entry.filename).suffix.lower() in SUFFIXES
    with packed.open(entry) as file:
        start = file.read(2)
        if not is_pickle and start not in {b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"}:
            return []
        if entry.file_size > LARGEST:
            return [_unread(inner, f"{entry.file_size} bytes")]
        return _judged(io.BytesIO(start + file.read(LARGEST)), inner)


def _unpacked(content: bytes) -> io.BytesIO:
    """joblib packs with zlib or gzip; what is not packed is itself. Bounded."""
    try:
        return io.BytesIO(zlib.decompressobj(wbits=47).decompress(content, LARGEST))
    except zlib.error:
        return io.BytesIO(content)


def _judged(file: IO[bytes], name: str) -> list[Risk]:
    found: dict[str, Risk] = {}
    try:
        for imported in imports(file):
            if risk := judge(imported):
                found.setdefault(imported, {"file": name, "what": imported, "risk": risk})
    except (ValueError, IndexError, OverflowError, MemoryError, UnicodeError) as error:
        found["unread"] = _unread(name, str(error)[:100])
    return list(found.values())


def judge(imported: str) -> str:
    """What is wrong with importing this name; empty where nothing is known against it."""
    module, _, attribute = imported.rpartition(".")
    top = imported.partition(".")[0]
    if top in {"builtins", "__builtin__"}:
        return "" if attribute in PLAIN else "runs code"
    if top in HARMFUL or imported.startswith(HARMFUL_NAMES) or _leads_out(imported):
        return "runs code"
    if top in CODE_INSIDE:
        return "carries code"
    if imported == "_codecs.encode" or top in KNOWN:
        return ""
    return "unknown import"


def _leads_out(imported: str) -> bool:
    """Whether a part of the name, or one that Python itself keeps on every object, opens another door."""
    inner = imported.split(".")[1:]
    own = [part for part in inner if part.startswith("__") and part.endswith("__")]
    own = [] if imported.startswith(("copyreg.", "copy_reg.")) else own
    return bool(own) or any(part.strip("_") in WAYS_OUT for part in inner)


def imports(file: IO[bytes]) -> Iterator[str]:
    """Every `module.name` that the pickles of a file would import, one after another."""
    seen = 0
    while _has_more(file):
        reader = _Names()
        for opcode, argument, _ in pickletools.genops(file):
            seen += 1
            if seen > MOST_OPCODES:
                raise ValueError(f"more than {MOST_OPCODES} opcodes")
            if named := reader.read(opcode.name, argument):
                yield named


def _has_more(file: IO[bytes]) -> bool:
    here = file.tell()
    more = bool(file.read(1))
    file.seek(here)
    return more


class _Names:
    """Follows the strings and the memo of one pickle as far as an import needs them.

    A name is only believed where the two strings stand right before the import; whoever hides them
    otherwise gets `unknown.unknown`, which no list allows.
    """

    def __init__(self) -> None:
        self.recent: list[str | None] = []
        self.memo: dict[int, str | None] = {}

    def read(self, opcode: str, argument: object) -> str:
        """Take in one opcode; the name that it imports, or nothing."""
        if opcode in {"GLOBAL", "INST"}:
            self.recent = [None]
            return str(argument).replace(" ", ".")
        if opcode in {"EXT1", "EXT2", "EXT4"}:
            self.recent = [None]
            return f"copyreg.extension.{argument}.unknown"
        if opcode == "STACK_GLOBAL":
            names, self.recent = self.recent[-2:], [None]
            whole = len(names) == 2 and all(names)
            return ".".join(map(str, names)) if whole else "unknown.unknown"
        self._follow(opcode, argument)
        return ""

    def _follow(self, opcode: str, argument: object) -> None:
        last = self.recent[-1] if self.recent else None
        if opcode in STRINGS:
            self.recent = [*self.recent[-1:], str(argument)]
        elif opcode in GETS:
            self.recent = [*self.recent[-1:], self.memo.get(int(str(argument)))]
        elif opcode == "MEMOIZE":
            self.memo[len(self.memo)] = last
        elif opcode in PUTS:
            self.memo[int(str(argument))] = last
        else:
            self.recent = [None]


def _unread(name: str, why: str) -> Risk:
    return {"file": name, "what": f"not read to its end: {why}", "risk": "unread"}


def too_large(name: str, size: int) -> Risk:
    """The risk of a file that nobody read because of its size."""
    return _unread(name, f"{size} bytes")
