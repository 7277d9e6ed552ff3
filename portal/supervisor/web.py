"""One web process: serves the sockets that the supervisor bound, given as numbers.

The first number is a gate: a pipe that ends when the database is ready. The code is loaded before
it. The next is the socket shared with the siblings, the last its own, where it is asked how it is.
"""

from __future__ import annotations

import os
import socket
import sys

import uvicorn


def main(gate: int, *numbers: int) -> None:
    config = uvicorn.Config(
        "portal.asgi:application",
        loop="uvloop",
        http="httptools",
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=5,
    )
    config.load()
    os.read(gate, 1)
    sockets = [socket.socket(fileno=number) for number in numbers]
    uvicorn.Server(config).run(sockets=sockets)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
