"""A real server in a process of its own, with production's settings and collected static files.

    with DaphneServer({"SESSION_TTL": "2s"}) as server:
        browser.goto(server.url)

`UvicornServer` is its sibling, and `SERVERS` are both.

The environment is made here and not inherited, so that a developer's own settings do not reach the tests. `start` after
`stop` or `kill` brings the server back on the same port, with an empty memory.
"""

from __future__ import annotations

import atexit
import fcntl
import functools
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, ClassVar, Self

from django.test import SimpleTestCase

from scripts.bundle import build, write
from tests.support.paths import ROOT

START_SECONDS = 60.0
STOP_SECONDS = 10.0
SECRET_KEY = "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz"


def production_env(**changes: str) -> dict[str, str]:
    """An environment with which the site starts in production mode."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    made = {"LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", "SECRET_KEY": SECRET_KEY, "LOG_LEVEL": "warning"}
    return kept | made | changes


@functools.cache
def collected_static() -> Path:
    """The directory of `manage.py collectstatic`: made once, for this process or for all that share a `LOWKEY_TESTS_SHARE`."""
    if share := os.environ.get("LOWKEY_TESTS_SHARE"):
        return _shared_static(Path(share))
    root = Path(tempfile.mkdtemp(prefix="lowkey-static-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    collect(root)
    return root


def _shared_static(share: Path) -> Path:
    """Made by the first that needs it; the others wait. Who made the share removes it."""
    root = share / "static"
    with (share / "static.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            collect(unfinished := share / "static.unfinished")
            unfinished.rename(root)
    return root


def collect(root: Path) -> None:
    """Put all that production serves into `root`, with what its pages load made from the sources as they are now."""
    with tempfile.TemporaryDirectory(prefix="lowkey-built-") as first:
        write(build(), Path(first))
        env = production_env(STATIC_ROOT=str(root), DJANGO_SETTINGS_MODULE="tests.collecting", COLLECT_FIRST=first)
        command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
        subprocess.run(command, cwd=ROOT, env=env, check=True)


class SiteServer(ABC):
    """The site on a free loopback port, or on `unix_socket`. `arguments` are more for the command line."""

    launcher: ClassVar[str]
    unix_option: ClassVar[str]
    host: ClassVar[str] = "localhost"
    """A name that it answers to."""

    def __init__(
        self, env: Mapping[str, str] | None = None, *, unix_socket: Path | None = None, arguments: Sequence[str] = ()
    ) -> None:
        self._env = dict(env or {})
        self._arguments = arguments
        self._unix_socket = unix_socket
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as this object)
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0
        self.exit_code: int | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Its origin."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """All that it wrote to stdout and stderr, over all its lives."""
        return os.pread(self._log.fileno(), 1 << 24, 0).decode(errors="replace")

    @property
    def pid(self) -> int:
        """Its process, while it runs."""
        if self._process is None:
            raise RuntimeError("the server is not running")
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether it was started, and not stopped since."""
        return self._process is not None

    def start(self) -> None:
        """Start it and wait until it answers."""
        if self._process is not None:
            raise RuntimeError("the server is running already")
        env = production_env(STATIC_ROOT=str(collected_static())) | self._env
        if self._unix_socket is not None:
            self._spawn(env, self.unix_option, str(self._unix_socket))
        else:
            self._spawn_on_port(env)
        self._wait_until_ready()

    def freeze(self) -> None:
        """Have it do nothing until it is stopped or killed."""
        os.kill(self.pid, signal.SIGSTOP)

    def stop(self) -> None:
        """End it as systemd would. `exit_code` is what it ended with."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def _spawn_on_port(self, env: Mapping[str, str]) -> None:
        """The socket is bound here and handed over, so no other process can take the port in between."""
        with self._listen() as listener:
            self._spawn(env, "--fd", str(listener.fileno()), inherited=(listener.fileno(),))

    def _listen(self) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self.port = listener.getsockname()[1]
        return listener

    def _spawn(self, env: Mapping[str, str], *where: str, inherited: tuple[int, ...] = ()) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.guarded", self.launcher, *where, *self._arguments],
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            pass_fds=inherited,
        )

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        process.send_signal(signal.SIGCONT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self.exit_code = process.returncode
        if process.stdin is not None:
            process.stdin.close()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            ended = self._process is None or self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the server did not start:\n{self.log}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_SECONDS)
        try:
            connection.sock = self._connect()
            connection.request("GET", "/health", headers={"Host": self.host})
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _connect(self) -> socket.socket:
        if self._unix_socket is None:
            return socket.create_connection(("127.0.0.1", self.port), timeout=START_SECONDS)
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(START_SECONDS)
        connection.connect(str(self._unix_socket))
        return connection


class DaphneServer(SiteServer):
    """daphne, by the launcher of the site."""

    launcher = "lowkey_site.daphne"
    unix_option = "-u"


class UvicornServer(SiteServer):
    """uvicorn, by the launcher of the site."""

    launcher = "lowkey_site.uvicorn"
    unix_option = "--uds"

    def _spawn_on_port(self, env: Mapping[str, str]) -> None:
        """By the port's number: uvicorn takes every inherited socket for a unix socket, and then knows no addresses."""
        self._listen().close()
        self._spawn(env, "--port", str(self.port))


SERVERS: tuple[type[SiteServer], ...] = (DaphneServer, UvicornServer)


class ServerTestCase(SimpleTestCase):
    """One server for all tests of the class, started with `server_env`."""

    server_env: ClassVar[dict[str, str]] = {}
    server: ClassVar[DaphneServer]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.server = cls.serve()

    @classmethod
    def serve(cls) -> DaphneServer:
        """The server of the class, which ends with it."""
        return cls.enterClassContext(DaphneServer(cls.server_env))
