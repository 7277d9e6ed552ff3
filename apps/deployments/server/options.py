"""What a model server is told on its command line. Imports nothing heavy: limits come first."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """The command line, read."""

    uri: str
    folder: Path
    name: str
    version: str
    port: int
    replica: str
    host: str
    memory_mb: int
    most_rows: int
    budget_ms: float
    grpc: bool


def read(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; an unknown option ends the process with its name."""
    parser = argparse.ArgumentParser(prog="apps.deployments.server")
    parser.add_argument("--uri", required=True, help="for example models:/credit/3")
    parser.add_argument("--folder", required=True, type=Path, help="where its files are kept")
    parser.add_argument("--name", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--memory-mb", type=int, default=0, help="0: no limit")
    parser.add_argument("--most-rows", type=int, default=256, help="scored at once")
    parser.add_argument("--budget-ms", type=float, default=2.0, help="to wait for others; 0: none")
    parser.add_argument("--grpc", action="store_true", help="also gRPC, on a port of its own")
    parser.add_argument("--replica", required=True, help="which row of the portal this is")
    return Options(**vars(parser.parse_args(arguments)))
