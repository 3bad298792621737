"""Redis and coturn with the files of deploy/ as they stand: only secrets and folders are put in, as the installer does."""

from __future__ import annotations

import hashlib
import secrets
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from signaling.ice import IceServers
from signaling.messages import IceServer
from tests.deploy.town import HOST, Town
from tests.support.coturn import answers
from tests.support.nginx import replace_all
from tests.support.paths import ROOT

START_SECONDS: Final = 20.0
STUN_PORT: Final = 3478
TLS_PORT: Final = 5349


class Program(ABC):
    """One that runs on the host of a town. `start` after `stop` or `kill` brings it back, with an empty memory."""

    configuration: str

    def __init__(self, town: Town) -> None:
        self._town = town
        self._folder = tempfile.TemporaryDirectory(prefix="lowkey-program-")
        self.dir = Path(self._folder.name)
        self.log = self.dir / "output"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._folder.cleanup()

    @property
    def running(self) -> bool:
        """Whether it was started and not ended."""
        return self._process is not None

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self._town.host.inside(), self.log.open("ab") as log:
            command = ["setpriv", "--pdeathsig", "KILL", *self._command()]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.configuration} brought up nothing:\n{self.log.read_text()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it as systemd would."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def tell(self, which: signal.Signals) -> None:
        """Tell it something."""
        assert self._process is not None, "it does not run"
        self._process.send_signal(which)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.wait(START_SECONDS)

    def _configured(self, changes: Mapping[str, str]) -> str:
        """The file of deploy/, with these put in; where it is."""
        path = self.dir / self.configuration
        path.write_text(replace_all((ROOT / "deploy" / self.configuration).read_text(), changes))
        return str(path)

    @abstractmethod
    def _command(self) -> list[str]: ...

    @abstractmethod
    def _answers(self) -> bool: ...


class Redis(Program):
    """What the processes share."""

    configuration = "redis.conf"

    def __init__(self, town: Town) -> None:
        super().__init__(town)
        password = secrets.token_hex(32)
        digest = hashlib.sha256(password.encode()).hexdigest()
        self._file = self._configured({"@REDIS_PASSWORD_SHA256@": digest, "/run/lowkey-redis": self._folder.name})
        self.url = f"unix://lowkey:{password}@{self.dir}/redis.sock"
        self._client = redis.Redis.from_url(self.url, retry=Retry(NoBackoff(), 0))

    def _command(self) -> list[str]:
        return ["redis-server", self._file]

    def _answers(self) -> bool:
        try:
            return bool(self._client.ping())
        except redis.RedisError:
            return False


class Turn(Program):
    """The relay, with the certificate of `tls`, a folder."""

    configuration = "turnserver.conf"

    def __init__(self, town: Town, tls: Path) -> None:
        super().__init__(town)
        self.secret = secrets.token_hex(32)
        changes = {"@TURN_SECRET@": self.secret, "/etc/lowkey/tls": str(tls), "/run/lowkey-turn": self._folder.name}
        self._file = self._configured(changes)
        self.configured = Path(self._file).read_text()

    def start_with(self, configuration: str) -> None:
        """Start it with this text for its file."""
        Path(self._file).write_text(configuration)
        self.start()

    def credentials(self, secret: str = "", *, age: float = 0.0) -> tuple[str, str]:
        """What the matchmaker would have handed out so long ago, with this secret."""
        clock = lambda: time.time() - age  # noqa: E731
        (server,) = IceServers(turn_urls=["turn:any"], turn_secret=secret or self.secret, clock=clock).fresh()
        return _both(server)

    def _command(self) -> list[str]:
        return ["turnserver", "-c", self._file]

    def _answers(self) -> bool:
        with self._town.home.inside():
            return answers(HOST, STUN_PORT)


def _both(server: IceServer) -> tuple[str, str]:
    assert server.username is not None and server.credential is not None
    return server.username, server.credential
