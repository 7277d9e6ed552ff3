"""A supervisor over shell programs: `python -m tests.portal.little_house FOLDER PLAN.json`.

The plan is a list of stages, each a list of `[name, shell words, probe file or null]`. One that is called `stubborn`
is given no time to stop; whoever stops or starts by itself is given more than any process here may stand still.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import signal
import sys
from pathlib import Path

from portal.embedded.launch import Launch
from portal.supervisor.probes import Probe, alive
from portal.supervisor.program import Program, Stage
from portal.supervisor.status import StatusFile
from portal.supervisor.supervisor import Supervisor
from portal.supervisor.voice import Voice


def program(folder: Path, name: str, words: str, probe_file: str | None) -> Program:
    launch = Launch(
        command=("sh", "-c", words), environ={"PATH": "/usr/bin:/bin"}, folder=str(folder)
    )
    return Program(
        name=name,
        launch=lambda: launch,
        probe=exists(folder / probe_file) if probe_file else alive,
        stop_signal=signal.SIGTERM,
        stop_seconds=0.5 if name == "stubborn" else 120,
        start_seconds=120,
        probe_every=0.05,
        patience=3,
    )


def exists(path: Path) -> Probe:
    async def probe() -> bool:
        return path.exists()

    return probe


def main(folder: Path, plan: Path) -> int:
    stages = [
        Stage(tuple(program(folder, *row) for row in rows)) for rows in json.loads(plan.read_text())
    ]
    names = [program.name for stage in stages for program in stage.programs]
    voice = Voice(folder / "logs")

    async def announce() -> None:
        voice.show("all ready")

    stages[-1] = dataclasses.replace(stages[-1], then=(announce,))
    status = StatusFile(folder / "status.json", names)
    try:
        return asyncio.run(Supervisor(stages, status=status, voice=voice).run())
    finally:
        voice.close()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
