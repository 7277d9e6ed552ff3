"""`manage.py up`: from the first check to the last process."""

from __future__ import annotations

import asyncio
import resource
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from portal.embedded import lock
from portal.embedded.borrowed import wait_for_borrowers
from portal.embedded.folders import run_folder
from portal.embedded.launch import CannotStart
from portal.embedded.postgres import ROLE, Postgres
from portal.env import Env
from portal.supervisor import given, oneoff, settings
from portal.supervisor.guardian import end_marked
from portal.supervisor.plan import Plan, Steps
from portal.supervisor.status import StatusFile
from portal.supervisor.supervisor import Supervisor
from portal.supervisor.voice import Voice

GUARDIAN = Path(__file__).with_name("guardian.py")


def up(env: Env) -> int:
    """Run the portal in the foreground; answer the exit status."""
    try:
        held = lock.take(env.data_dir)
    except CannotStart as error:
        return _refuse(error)
    with held:
        return _locked(env)


def _locked(env: Env) -> int:
    try:
        end_marked(str(env.data_dir), grace=3)  # what an earlier supervisor may have left
        wait_for_borrowers(env.data_dir)
        run_folder(env.run_dir)
        for name in ("run", "static"):
            (env.data_dir / name).mkdir(exist_ok=True)
        _empty(env.run_dir / "metrics")
        given.wait(env)
        plan = Plan(env)
    except CannotStart as error:
        return _refuse(error)
    _allow_many_files()
    voice = Voice(env.data_dir / "logs")
    guardian = _guard(env)
    try:
        return asyncio.run(_run(plan, env=env, voice=voice))
    finally:
        plan.close()
        guardian.communicate()
        voice.close()


async def _run(plan: Plan, *, env: Env, voice: Voice) -> int:
    found: list[str] = []
    # One to each program may wait for long, and questions go on beside them.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(64))

    async def prepare() -> None:
        await asyncio.to_thread(_first_database, env)
        found.append(await oneoff.prepare(fork_server=settings.fork_server(env), voice=voice))
        plan.gate.open()

    async def announce() -> None:
        voice.show(f"\nSignalbox is ready: http://localhost:{env.port}/\n{''.join(found)}")

    stages = plan.stages(Steps(prepare=prepare, announce=announce))
    names = [program.name for stage in stages for program in stage.programs]
    status = StatusFile(env.data_dir / "run" / "status.json", names)
    try:
        return await Supervisor(stages, status=status, voice=voice).run()
    finally:
        # What left its process group, such as a model that a job began in a session of its own.
        await asyncio.to_thread(end_marked, str(env.data_dir), grace=3)


def _first_database(env: Env) -> None:
    if env.database_url is None:
        server = Postgres(env.data_dir, env.run_dir)
        server.ensure_role()
        server.ensure_database(ROLE)


def _guard(env: Env) -> subprocess.Popen[bytes]:
    """A process that ends the others should this one be killed; it watches our end of a pipe."""
    return subprocess.Popen(
        [sys.executable, "-P", str(GUARDIAN), str(env.data_dir)],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )


def _allow_many_files() -> None:
    """Every browser tab holds a connection."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536) if hard > 0 else 65536, hard))


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)


def _refuse(error: CannotStart) -> int:
    print(error, file=sys.stderr)  # noqa: T201
    return 1
