"""All that deploy/ sets up, on the host of a `Town`: nginx with TLS, two processes behind it, Redis between them, coturn.

with Town() as town, Chain(town) as chain:
    chain.servers[0].kill()
    chain.people()          # how many are online at each process
"""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

from tests.deploy.programs import Redis, Turn
from tests.deploy.town import HOST, NAME, Town
from tests.net.namespaces import Namespace
from tests.support.http import PATIENCE, request
from tests.support.nginx import Nginx
from tests.support.paths import ROOT
from tests.support.scrape import numbers
from tests.support.server import DaphneServer, SiteServer, UvicornServer

ORIGIN: Final = f"https://{NAME}"
EXAMPLE: Final = ROOT / "deploy" / "lowkey.env.example"


class Process(SiteServer):
    """One of the processes, on the host of the town."""

    host = NAME

    def __init__(self, place: Namespace, env: Mapping[str, str], unix_socket: Path) -> None:
        super().__init__(env, unix_socket=unix_socket)
        self._place = place
        self._path = unix_socket

    @property
    def running(self) -> bool:
        """Whether it was started and not ended."""
        return self._process is not None

    @property
    def people(self) -> int:
        """How many are online here; none while it does not run."""
        if not self.running:
            return 0
        connection = http.client.HTTPConnection(NAME, timeout=PATIENCE)
        connection.sock = self._connect()
        return int(numbers(request(connection, "/metrics", Host=NAME).body.decode())["lowkey_clients"])

    def _spawn(self, *given: Any, **named: Any) -> None:
        self._path.unlink(missing_ok=True)  # systemd does so, with the directory that it is in
        with self._place.inside():
            super()._spawn(*given, **named)


class Daphne(Process, DaphneServer):
    """lowkey@.service."""


class Uvicorn(Process, UvicornServer):
    """lowkey-uvicorn@.service."""


class Chain:
    """Everything, from `with` to its end."""

    def __init__(self, town: Town, server_class: type[Process] = Daphne) -> None:
        self._stack = contextlib.ExitStack()
        self.nginx = Nginx(processes=2, address=HOST, place=town.host)
        self.redis = Redis(town)
        self.turn = Turn(town, self.nginx.dir)
        self.servers = [server_class(town.host, self._env(), path) for path in self.nginx.unix_sockets]

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            parts: tuple[contextlib.AbstractContextManager[object], ...]
            parts = (self.redis, self.turn, *self.servers, self.nginx)
            for part in parts:
                stack.enter_context(part)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def people(self) -> list[int]:
        """How many are online at each of the processes."""
        return [server.people for server in self.servers]

    def mend(self) -> None:
        """Start again what does not run."""
        parts: list[Redis | Process] = [self.redis, *self.servers]
        for part in parts:
            if not part.running:
                part.start()

    def _env(self) -> dict[str, str]:
        """The example's, and what systemd hands over; with numbers, by which the tests see who is where."""
        lines = [line for line in EXAMPLE.read_text().splitlines() if line and not line.startswith("#")]
        secrets = {"REDIS_URL_FILE": self.redis.url, "TURN_SECRET_FILE": self.turn.secret}
        for name, secret in secrets.items():
            (self.nginx.dir / name).write_text(secret)
        files = {name: str(self.nginx.dir / name) for name in secrets}
        metrics = {"METRICS": "1", "METRICS_ADDRESSES": "unix"}
        return dict(line.split("=", 1) for line in lines) | files | metrics
