"""A real coturn in a process of its own.

    with Coturn() as relay:
        relay.servers()         # iceServers whose credentials fit
        relay.servers("other")  # and some of another secret

It has to listen on an address of this machine that is not a loopback one, since it relays to none of those, and a browser
offers none. Where there is no such address, or no coturn, `unavailable` says so. Should the tests die, it dies with them.
"""

from __future__ import annotations

import functools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from typing import IO, Self

from signaling.ice import IceServers
from signaling.messages import IceServer

START_SECONDS = 20.0
SECRET = "only-for-tests"
REALM = "lowkey.test"


def arguments(address: str, port: int, directory: str) -> list[str]:
    """Its command line, for whoever starts it elsewhere (in a network namespace, say); it writes into `directory` alone."""
    return [
        *(
            "turnserver",
            "-n",
            "--use-auth-secret",
            f"--static-auth-secret={SECRET}",
            f"--realm={REALM}",
            "--fingerprint",
        ),
        *(f"--listening-ip={address}", f"--relay-ip={address}", f"--listening-port={port}"),
        *("--no-tls", "--no-dtls", "--no-cli", "--no-multicast-peers", "--log-file=stdout", "--simple-log"),
        *(f"--pidfile={directory}/pid", f"--userdb={directory}/turndb", "--min-port=50000", "--max-port=59999"),
    ]


@functools.cache
def own_address() -> str | None:
    """An IPv4 address of this machine that is not a loopback one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("203.0.113.1", 9))  # nothing is sent: it asks the routing table
        except OSError:
            return None
        address: str = probe.getsockname()[0]
        return None if address.startswith("127.") else address


@functools.cache
def unavailable() -> str:
    """Why there can be no coturn on this machine; empty where there can."""
    if shutil.which("turnserver") is None:
        return "coturn is not installed"
    if own_address() is None:
        return "this machine has no address but loopback ones, and coturn relays to none of those"
    return ""


class Coturn:
    """coturn on `address`, or on this machine's own, with credentials made of `SECRET`."""

    def __init__(self, address: str | None = None, *options: str) -> None:
        self.address = address or own_address() or ""
        self.port = 0
        self._directory = tempfile.TemporaryDirectory(prefix="lowkey-coturn-")
        self._options: Sequence[str] = options
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as this object)
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """What TURN_URLS would hold."""
        return f"turn:{self.address}:{self.port}"

    @property
    def log(self) -> str:
        """All that it wrote."""
        return os.pread(self._log.fileno(), 1 << 24, 0).decode(errors="replace")

    def servers(self, secret: str = SECRET, *more_urls: str, stun: bool = False) -> list[IceServer]:
        """What the matchmaker would hand out, were `secret` its TURN_SECRET."""
        stun_urls = [f"stun:{self.address}:{self.port}"] if stun else []
        return IceServers(stun_urls=stun_urls, turn_urls=[self.url, *more_urls], turn_secret=secret).fresh()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        if self._process is not None:
            raise RuntimeError("coturn is running already")
        self.port = self.port or _free_port(self.address)
        command = [*arguments(self.address, self.port, self._directory.name), *self._options]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)
        self._guard = subprocess.Popen(
            ["sh", "-c", 'read -r _; kill -KILL "$0"', str(self._process.pid)], stdin=subprocess.PIPE
        )
        deadline = time.monotonic() + START_SECONDS
        while not answers(self.address, self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"coturn did not start:\n{self.log}")

    def stop(self) -> None:
        """End it. `start` brings it back on the same port."""
        process, self._process = self._process, None
        guard, self._guard = self._guard, None
        if guard is not None:
            guard.kill()
            guard.communicate()
        if process is not None:
            process.send_signal(signal.SIGKILL)
            process.wait()


def answers(address: str, port: int) -> bool:
    """Whether a binding request (RFC 8489) is answered within a moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(0.1)
        asker.connect((address, port))
        try:
            asker.send(b"\x00\x01\x00\x00\x21\x12\xa4\x42" + os.urandom(12))
            return asker.recv(1024)[:2] == b"\x01\x01"
        except OSError:
            time.sleep(0.05)
            return False


def _free_port(address: str) -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind((address, 0))
        port: int = listener.getsockname()[1]
        return port
