"""A real redis-server in a process of its own, which keeps nothing on disk.

    with RedisServer() as server:
        store = open_store(server.url, ttl=600)

It listens on a unix socket in a directory of its own, or with `tcp` on a loopback port as well. `start` after `stop` or
`kill` brings it back at the same URL, with an empty memory. Should the tests die, it dies with them.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO, Any, ClassVar, Protocol, Self
from urllib.parse import quote

import redis
from django.test import SimpleTestCase
from redis.backoff import NoBackoff
from redis.retry import Retry

START_SECONDS = 60.0
STOP_SECONDS = 10.0

_AGE = """
for _, key in ipairs(redis.call("KEYS", "*")) do
  local left = redis.call("PTTL", key)
  if left >= 0 then redis.call("PEXPIRE", key, left - ARGV[1]) end
end
"""


_LIFETIMES = """
local keys = redis.call("KEYS", "*")
for i, key in ipairs(keys) do keys[i] = {key, redis.call("TTL", key)} end
return keys
"""


class RedisServer:
    """redis-server with further `options`, as "--maxmemory", "10mb"."""

    def __init__(self, *options: str, password: str = "", tcp: bool = False) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="lowkey-redis-")
        self._socket = Path(self._directory.name, "redis.sock")
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as this object)
        self._options = ("--requirepass", password, *options) if password else options
        self._password = password
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._client: Any = redis.Redis(
            unix_socket_path=str(self._socket), password=password or None, retry=Retry(NoBackoff(), 0)
        )
        self.port = _free_port() if tcp else 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it is, with its password."""
        return self.url_with(self._password)

    def url_with(self, password: str) -> str:
        """Where it is, with another password."""
        user = f":{quote(password, safe='')}@" if password else ""
        return f"redis://{user}127.0.0.1:{self.port}" if self.port else f"unix://{user}{self._socket}"

    @property
    def pid(self) -> int:
        """Its process, while it runs."""
        if self._process is None:
            raise RuntimeError("the server is not running")
        return self._process.pid

    @property
    def log(self) -> str:
        """All that it wrote, over all its lives."""
        return os.pread(self._log.fileno(), 1 << 24, 0).decode(errors="replace")

    def start(self, *, saved: bool = False) -> None:
        """Start it and wait until it answers. With `saved` it has what it was last told to SAVE."""
        if self._process is not None:
            raise RuntimeError("the server is running already")
        if not saved:
            Path(self._directory.name, "dump.rdb").unlink(missing_ok=True)
        where = ("--bind", "127.0.0.1", "--port", str(self.port), "--unixsocket", str(self._socket))
        volatile = ("--save", "", "--appendonly", "no", "--dir", self._directory.name)
        self._process = subprocess.Popen(
            ["redis-server", *where, *volatile, *self._options],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
        self._guard = subprocess.Popen(
            ["sh", "-c", 'read -r _; kill -KILL "$0"', str(self._process.pid)], stdin=subprocess.PIPE
        )
        self._wait_until_ready()

    def stop(self) -> None:
        """End it as systemd would."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let it hang: its sockets stay open and take what is sent, and nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        self._signal(signal.SIGCONT)

    def ask(self, *command: object) -> Any:
        """What Redis answers to a command."""
        return self._client.execute_command(*command)

    def lifetimes(self) -> dict[str, int]:
        """The seconds that each key has left, and -1 for one that stays."""
        return {key.decode(): left for key, left in self.ask("EVAL", _LIFETIMES, 0)}

    def age(self, seconds: float) -> None:
        """Let all keys expire so much sooner: the time of a fake clock passes for them too."""
        self.ask("EVAL", _AGE, 0, round(seconds * 1000))

    def _signal(self, which: signal.Signals) -> None:
        if self._process is None:
            raise RuntimeError("the server is not running")
        self._process.send_signal(which)

    def _end(self, how: signal.Signals) -> None:
        self._client.close()
        process, self._process = self._process, None
        guard, self._guard = self._guard, None
        if guard is not None:
            guard.kill()
            guard.communicate()
        if process is None:
            return
        process.send_signal(how)
        process.send_signal(signal.SIGCONT)  # one that is paused would not hear
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            ended = self._process is None or self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the server did not start:\n{self.log}")
            time.sleep(0.01)

    def _answers(self) -> bool:
        try:
            return bool(self.ask("PING"))
        except redis.RedisError:
            return False


class RedisTestCase(SimpleTestCase):
    """One server for all tests of the class, empty before each."""

    server: ClassVar[RedisServer]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.server = cls.enterClassContext(RedisServer())

    def setUp(self) -> None:
        super().setUp()
        self.server.ask("FLUSHALL")


class _Closes(Protocol):
    async def aclose(self) -> None: ...


def close_with_loop(thing: _Closes) -> None:
    """Close it at the end of the test whose event loop is running."""

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await thing.aclose()

    _closing.add(task := asyncio.get_running_loop().create_task(wait()))
    task.add_done_callback(_closing.discard)


_closing: set[asyncio.Task[None]] = set()


def _free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
