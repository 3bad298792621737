"""The other end of load.py: starts the load generator for a server, gives it commands and takes its answers."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, Self

from .servers import ROOT, Server, die_with_parent


class LoadError(Exception):
    """The generator could not do what it was asked, or what came from the server was wrong."""


class Generator:
    """`do` runs one command of load.py and returns its figures."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._process = subprocess.Popen(  # noqa: S603 - all of it is from here
            [sys.executable, "-m", "bench.load", str(server.port), str(server.pid), server.subject.mode, *server.proxy],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one thread, and nothing but a system call
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def do(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Raises `LoadError`, with the end of the server's log."""
        if self._process.stdin is None or self._process.stdout is None:
            raise LoadError("the generator has no pipes")
        self._process.stdin.write(json.dumps({"do": command, **arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": "the generator ended"}
        if "error" in answer:
            raise LoadError(f"{self._server.subject.name}, {command}: {answer['error']}\n{self._server.log}".strip())
        return answer
