"""The servers under test: which there are, how each is started, and how it ends.

A `Subject` is an application on a server. `daphne` and `uvicorn` are this project's launchers, `daphne-stock` is daphne as it
comes, `daphne-uvloop` the same on uvloop's event loop. Each subject runs in a process of its own on a free loopback port, is
killed when it was measured, and dies with the bench.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from .clients import Mode

ROOT = Path(__file__).resolve().parent.parent

START_SECONDS = 20.0
PR_SET_PDEATHSIG = 1

APPLICATIONS: Mapping[str, str] = {
    "lowkey": "lowkey_site.asgi:application",
    "bare": "bench.bare:application",
    "stock": "bench.stock:application",
}
LIMITLESS = {
    **dict.fromkeys(("MESSAGE_RATE", "MESSAGE_BURST", "CALL_RATE", "CALL_BURST"), "1000000"),
    "CONNECTIONS_PER_ADDRESS": "1000000",
}
"""One machine plays thousands of people here. The limits are counted all the same."""

SIGNING_KEY = "only-for-the-bench-0123456789-abcdefghijklmnopqrstuvwxyz"

_UVLOOP_DAPHNE = (
    "import asyncio, uvloop; asyncio.set_event_loop_policy(uvloop.EventLoopPolicy()); "
    "from daphne.cli import CommandLineInterface; CommandLineInterface.entrypoint()"
)
_UVICORN = ("--loop", "uvloop", "--http", "httptools", "--ws", "websockets-sansio", "--ws-per-message-deflate", "false")
_QUIET_UVICORN = ("--no-access-log", "--log-level", "warning", "--lifespan", "off")


@dataclass(frozen=True, slots=True)
class Subject:
    """`app`, by its name in `APPLICATIONS` or as MODULE:NAME, on `server`, of the checkout at `root`."""

    app: str
    server: str
    root: Path = ROOT

    @property
    def name(self) -> str:
        return f"{self.app}@{self.server}" + ("" if self.root == ROOT else f" in {self.root.name}")

    @property
    def mode(self) -> Mode:
        return "keyed" if self.app == "lowkey" else "bare"


def subjects() -> list[Subject]:
    """All that can be measured, the ones to compare with first."""
    servers = ("daphne", "daphne-uvloop", "daphne-stock", "uvicorn")
    ours = [Subject(app, server) for server in servers for app in ("bare", "stock", "lowkey")]
    return [*ours, Subject("ws", "node")]


def missing(subject: Subject) -> str:
    """Why it cannot be measured here, or nothing."""
    if subject.server != "node":
        return ""
    if shutil.which("node") is None:
        return "there is no node"
    return "" if (ROOT / "node_modules/ws").is_dir() else "node_modules has no ws; npm ci brings it"


def command(subject: Subject, port: int) -> Sequence[str]:
    """What starts it."""
    where, app = str(port), APPLICATIONS.get(subject.app, subject.app)
    python = sys.executable
    launcher = subject.root / "lowkey_site" / f"{subject.server}.py"
    match subject.server:
        case "node":
            return ["node", str(ROOT / "bench/relay.js"), where]
        case "uvicorn" if launcher.exists():
            return [python, "-m", "lowkey_site.uvicorn", "--port", where, app]
        case "uvicorn":
            return [python, "-m", "uvicorn", *_UVICORN, *_QUIET_UVICORN, "--port", where, app]
        case "daphne" if launcher.exists():
            return [python, "-m", "lowkey_site.daphne", "-v", "0", "-p", where, app]
        case "daphne" | "daphne-uvloop":
            return [python, "-c", _UVLOOP_DAPHNE, "-v", "0", "-p", where, app]
        case "daphne-stock":
            return [python, "-m", "daphne", "-v", "0", "-p", where, app]
        case _:
            raise ValueError(f"there is no server {subject.server}")


def environment(**changes: str) -> dict[str, str]:
    """What a server starts with: nothing of the caller's own settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {**kept, "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", "SECRET_KEY": SIGNING_KEY, **LIMITLESS, **changes}


class Server:
    """A subject that runs; `start` after `kill` brings it back on the same port."""

    def __init__(self, subject: Subject, env: Mapping[str, str] | None = None) -> None:
        self.subject = subject
        self.port = 0
        self.proxy: Sequence[str] = ()
        """What load.py has to know of a proxy before it."""

        self._env = environment(**(env or {}))
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this object
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError("the server is not running")
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        self.port = self.port or _free_port()
        self._process = subprocess.Popen(  # noqa: S603 - all of it is from here
            self._command(),
            cwd=self.subject.root,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one thread, and nothing but a system call
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._accepts():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{self.subject.name} did not start:\n{self.log}")
            time.sleep(0.02)

    def _command(self) -> Sequence[str]:
        return command(self.subject, self.port)

    def kill(self) -> None:
        """End it at once."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    @property
    def log(self) -> str:
        """The end of all that it wrote."""
        return os.pread(self._log.fileno(), 1 << 24, 0).decode(errors="replace")[-4000:]

    def _accepts(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=START_SECONDS).close()
        except OSError:
            return False
        return True


def die_with_parent() -> None:
    """Have the kernel kill this process when the one that started it is gone (prctl(2))."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
