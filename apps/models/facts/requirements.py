"""What a version needs installed, and what is known to be risky about it."""

from __future__ import annotations

import re
from typing import Any

import yaml

MOST = 500
FOREIGN = re.compile(
    r"""(?:git|hg|svn|bzr)\+        # a checkout
      | \bhttps?:// | \bfile:       # a file from somewhere
      | ^\s*(?:-e|--editable)\b | ^\s*\.{0,2}/
      | --(?:extra-)?index-url | --find-links | --trusted-host | ^\s*-[if]\b""",
    re.VERBOSE,
)
PINNED = re.compile(r"===?\s*[\w.!+-]+(?<!\*)\s*(?:;|$|--hash)")
CONDA_PINNED = re.compile(r"[^=<>!]={1,2}[\w.!+-]+")

Risk = dict[str, str]


def lines(text: str) -> list[str]:
    """The requirements of a requirements.txt, without comments."""
    plain = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in text.splitlines())
    return [line[:300] for line in plain if line][:MOST]


def of_conda(text: str) -> tuple[list[str], list[str]]:
    """What a conda.yaml asks conda for, and what it asks pip for."""
    try:
        told = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError):
        return [], []
    listed = told.get("dependencies") if isinstance(told, dict) else None
    conda, pip = [], []
    for each in listed if isinstance(listed, list) else []:
        if isinstance(each, dict):
            pip += [str(line) for line in each.get("pip") or []]
        else:
            conda.append(str(each)[:300])
    return conda[:MOST], lines("\n".join(pip))


def risks(name: str, wanted: list[str]) -> list[Risk]:
    """Lines that come from elsewhere than the package index, or may be another version tomorrow."""
    return [{"file": name, "what": line, "risk": risk} for line in wanted if (risk := _risk(line))]


def conda_risks(name: str, wanted: list[str]) -> list[Risk]:
    """As `risks`, for the lines that conda reads."""
    loose = [line for line in wanted if not CONDA_PINNED.search(line) and line != "pip"]
    return [
        {"file": name, "what": line, "risk": "unpinned"}
        for line in loose
        if not re.match(r"pip\s*[<>=]", line)
    ]


def _risk(line: str) -> str:
    if FOREIGN.search(line):
        return "foreign source"
    if line.startswith("-") or PINNED.search(line):
        return ""
    return "unpinned"


def text_of(content: bytes | None) -> str:
    return (content or b"").decode("utf-8", "replace")


def mlmodel(text: str) -> dict[str, Any]:
    """What MLmodel says; empty where it is not the object it should be."""
    try:
        told = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
