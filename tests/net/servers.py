"""The site's server and coturn, each on its own host of a `Lan`."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from typing import Final, Self

from tests.net.lan import Host, Lan
from tests.support.server import START_SECONDS, DaphneServer

PORT: Final = 8080
TURN_SECRET: Final = "only-for-tests-turn"


class Site(DaphneServer):
    """daphne, listening on the host `server`. It comes back under the same address, with an empty memory."""

    def __init__(self, lan: Lan, env: Mapping[str, str] | None = None) -> None:
        self._host = lan.server
        super().__init__(
            {"ALLOWED_HOSTS": f"{self._host.address},localhost", "PUBLIC_ORIGINS": self.url, **(env or {})}
        )

    @property
    def url(self) -> str:
        return f"http://{self._host.address}:{PORT}"

    def _listen(self) -> socket.socket:
        with self._host.inside():
            return socket.create_server((self._host.address, PORT), backlog=128)

    def _connect(self) -> socket.socket:
        with self._host.inside():
            return socket.create_connection((self._host.address, PORT), timeout=START_SECONDS)


def turn_env(lan: Lan, *, transport: str = "udp", secret: str = TURN_SECRET) -> dict[str, str]:
    """What the site's server has to know of the TURN server."""
    return {"TURN_URLS": f"turn:{lan.turn.address}:3478?transport={transport}", "TURN_SECRET": secret}


def stun_env(address: str) -> dict[str, str]:
    """The same of a STUN server, which a TURN server is, too."""
    return {"STUN_URLS": f"stun:{address}:3478"}


class Turn:
    """coturn on the host `turn`, as docs/operations/turn.md says."""

    def __init__(self, lan: Lan) -> None:
        self._host: Host = lan.turn
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this object

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it and wait until it answers."""
        address = self._host.address
        with self._host.inside():
            self._process = subprocess.Popen(
                [
                    *("setpriv", "--pdeathsig", "KILL", "turnserver", "-n", "--no-cli", "--no-tls", "--no-dtls"),
                    *("--listening-ip", address, "--relay-ip", address, "--listening-port", "3478"),
                    *("--use-auth-secret", "--static-auth-secret", TURN_SECRET, "--realm", "lowkey", "--fingerprint"),
                    *("--log-file", "stdout", "--pidfile", ""),
                ],
                stdout=self._log,
                stderr=self._log,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError("coturn did not start")
            time.sleep(0.05)

    def kill(self) -> None:
        """End it as a power cut would; it forgets whom it relayed for."""
        self._process.kill()
        self._process.wait()

    def _answers(self) -> bool:
        try:
            with self._host.inside():
                socket.create_connection((self._host.address, 3478), timeout=1).close()
        except OSError:
            return False
        return True
