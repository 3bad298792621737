"""A host with the site on it and a home with everybody else in it, on a network of their own.

    with Town() as town:
        with town.host.inside(): ... what is started here runs on the host ...
        with town.home.inside(): ... and from here the host is chat.example ...

Two namespaces and a cable (tests/net/namespaces.py). Their addresses are such as the internet has, so that the rules of
deploy/ about addresses hold here as they stand, and nothing of all this meets the machine's own network.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

from tests.net.namespaces import PREFIX, Namespace, sweep

NAME: Final = "chat.example"
HOST: Final = "198.51.100.10"
HOME: Final = "198.51.100.77"
HOST6: Final = "2001:db8::10"
HOME6: Final = "2001:db8::77"

_ETC: Final = Path("/etc/netns")
"""What `ip netns exec` lays over /etc."""


class Town:
    """Both, from `with` to its end."""

    def __init__(self) -> None:
        self.host = Namespace("host")
        self.home = Namespace("home")
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        _sweep()
        with contextlib.ExitStack() as stack:
            for place in (self.host, self.home):
                stack.enter_context(place)
                stack.enter_context(_knowing_the_host(place))
            self.host.ip("link", "add", "net0", "type", "veth", "peer", "name", "net0", "netns", self.home.name)
            _settle(self.host, HOST, HOST6, HOME, HOME6)
            _settle(self.home, HOME, HOME6, HOST, HOST6)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def command(place: Namespace) -> tuple[str, ...]:
    """What starts a program there that finds the host by its name."""
    return "ip", "netns", "exec", place.name


def _sweep() -> None:
    """Remove what test processes left that did not come to their end."""
    sweep()
    for folder in _ETC.glob(f"{PREFIX}*"):
        if not Path("/proc", folder.name.split("-")[1]).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _settle(place: Namespace, address: str, address6: str, gateway: str, gateway6: str) -> None:
    for key in ("disable_ipv6", "accept_dad"):
        place.sysctl(f"net.ipv6.conf.net0.{key}", "0")
    place.ip("addr", "add", f"{address}/24", "dev", "net0")
    place.ip("addr", "add", f"{address6}/64", "dev", "net0", "nodad")
    place.ip("link", "set", "net0", "up")
    place.ip("route", "add", "default", "via", gateway)
    place.ip("-6", "route", "add", "default", "via", gateway6, "dev", "net0")


@contextlib.contextmanager
def _knowing_the_host(place: Namespace) -> Iterator[None]:
    folder = _ETC / place.name
    folder.mkdir(parents=True)
    (folder / "hosts").write_text(f"127.0.0.1 localhost\n{HOST} {NAME}\n", encoding="ascii")
    try:
        yield
    finally:
        shutil.rmtree(folder)
