"""llama.cpp's server as a process, run by the Python that `LLAMA_PYTHON` names."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.portal.polling import free_ports, until

PYTHON = os.environ.get("LLAMA_PYTHON", "")
READY_WITHIN = 120.0


def trouble() -> str:
    """Why there is no server to speak with; nothing where there is one."""
    if not PYTHON:
        return "LLAMA_PYTHON names no Python that has llama-cpp-python[server]"
    tried = [PYTHON, "-c", "import llama_cpp.server.app"]
    done = subprocess.run(tried, capture_output=True, text=True)
    return "" if done.returncode == 0 else f"{PYTHON} cannot import it: {done.stderr[-200:]}"


@dataclass(frozen=True)
class Served:
    """A model as the server offers it; some forms of chat let it call tools."""

    model: str
    model_alias: str
    n_ctx: int
    chat_format: str | None = None
    n_threads: int = 1
    n_threads_batch: int = 1
    verbose: bool = False


class LlamaServer:
    """One process; it loads one of its models at a time."""

    def __init__(self, folder: Path, *served: Served) -> None:
        port = free_ports()
        self.host = f"127.0.0.1:{port}"
        self.url = f"http://{self.host}"
        self.log = folder / f"{port}.log"
        config = folder / f"{port}.json"
        models = [asdict(each) for each in served]
        config.write_text(json.dumps({"host": "127.0.0.1", "port": port, "models": models}))
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [PYTHON, "-m", "llama_cpp.server", "--config_file", str(config)],
                stdout=log,
                stderr=log,
            )
        until(self._answers, seconds=READY_WITHIN, what=self.said)

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"llama.cpp ended with {self.process.returncode}: {self.said()}")
        try:
            with urlopen(f"{self.url}/v1/models", timeout=30):
                return True
        except (URLError, OSError):
            return False

    def said(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]

    def kill(self) -> None:
        """End it as a machine that loses its power would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=120)
