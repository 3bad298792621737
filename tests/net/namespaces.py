"""Network namespaces: each is a host with interfaces, routes and packet filters of its own.

with Namespace("alice") as alice:
    alice.ip("link", "set", "lo", "up")
    with alice.inside():
        ... sockets made and processes started here are alice's ...

Their names begin with `lowkey-` and the process that made them, so that `sweep` can tell and remove those whose process is
gone. What runs in a namespace is ended with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import itertools
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

PREFIX: Final = "lowkey-"
TOOLS: Final = {"ip": "iproute2", "nft": "nftables", "turnserver": "coturn"}
"""What it takes, and its Debian package."""

_NAMED = Path("/run/netns")
_NEW_NET: Final = 0x40000000
_numbers = itertools.count()
_libc = ctypes.CDLL(None, use_errno=True)


def run(*command: str, given: str = "") -> str:
    """What a command says; RuntimeError with its complaint when it fails."""
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


class Namespace:
    """One of them, from `with` to its end."""

    def __init__(self, role: str) -> None:
        self.name = f"{PREFIX}{os.getpid()}-{next(_numbers)}-{role}"

    def __enter__(self) -> Self:
        run("ip", "netns", "add", self.name)
        try:
            self.ip("link", "set", "lo", "up")
            self.sysctl("net.ipv6.conf.all.disable_ipv6", "1")
        except BaseException:
            remove(self.name)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        remove(self.name)

    def ip(self, *arguments: str) -> None:
        """Configure its interfaces and routes."""
        run("ip", "-n", self.name, *arguments)

    def nft(self, rules: str) -> None:
        """Load packet filters."""
        with self.inside():
            run("nft", "-f", "-", given=rules)

    def sysctl(self, key: str, value: str) -> None:
        """Set what the kernel keeps for each namespace."""
        with self.inside():
            Path("/proc/sys", *key.split(".")).write_text(value, encoding="ascii")

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """In here this thread is in the namespace: sockets that it makes and processes that it starts stay there."""
        with _opened(Path("/proc/thread-self/ns/net")) as before:
            with _opened(_NAMED / self.name) as there:
                _enter(there)
            try:
                yield
            finally:
                _enter(before)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, _NEW_NET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def remove(name: str) -> None:
    """End what runs in a namespace, and delete it with its interfaces."""
    for pid in run("ip", "netns", "pids", name).split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    run("ip", "netns", "delete", name)


def leftovers() -> list[str]:
    """The namespaces of test processes that are gone."""
    named = [path.name for path in _NAMED.glob(f"{PREFIX}*")] if _NAMED.is_dir() else []
    return [name for name in named if not Path("/proc", name.split("-")[1]).exists()]


def sweep() -> None:
    """Remove what test processes left that did not come to their end."""
    for name in leftovers():
        remove(name)


@functools.cache
def unavailable() -> str:
    """Why this machine gives no namespaces; nothing when it does."""
    missing = [package for tool, package in TOOLS.items() if shutil.which(tool, path=_PATH) is None]
    if os.geteuid() != 0:
        return "Network namespaces can only be made by root."
    if missing:
        return f"Missing on this machine: {', '.join(missing)}."
    if not Path("/dev/net/tun").exists():
        return "This machine has no /dev/net/tun, without which packets cannot be delayed."
    try:
        sweep()
        with Namespace("probe") as probe:
            probe.nft(_PROBE)
    except (RuntimeError, OSError) as problem:
        return f"This machine gives no network namespaces with nftables: {problem}"
    return ""


_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
_PROBE = """
table bridge probe { chain forward { type filter hook forward priority 0; numgen random mod 100 < 5 drop; }; }
table ip probe { chain post { type nat hook postrouting priority 100; masquerade fully-random; }; }
"""
