"""People at home, routers, the internet, a server and a TURN server on it: all of it namespaces, for as long as `with` lasts.

    with Lan(one_router("alice", "bob")) as lan:
        with lan.host("alice").inside(): ...
        lan.cut("alice")
        lan.mend()

A home is a switch with its people and a router. The switches and their cables are one namespace, `wires`, whose packet
filter loses what `lose` and `cut` say, without a word to either side.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

from tests.net.cable import Cable
from tests.net.namespaces import Namespace, sweep

INTERNET: Final = "198.51.100"
SERVER: Final = f"{INTERNET}.10"
TURN: Final = f"{INTERNET}.20"
NOBODY: Final = "203.0.113.9"
"""An address from which nothing ever comes."""

ELSEWHERE: Final = f"{INTERNET}.254"
"""The router for all other addresses, in which packets vanish."""

_EASY_NAT: Final = """
table ip nat { chain out { type nat hook postrouting priority 100; oifname "wan" masquerade; }; }
"""
_HARD_NAT: Final = """
table ip nat { chain out { type nat hook postrouting priority 100; oifname "wan" masquerade fully-random; }; }
table ip guard {
  chain through { type filter hook forward priority 0; policy drop; iifname "net0" accept; ct state established accept; }
  chain into { type filter hook input priority 0; policy drop; iifname "lo" accept; iifname "net0" accept; }
}
"""
"""Another port for each address that one talks to, and nothing comes in that was not asked for: only TURN gets through."""


@dataclass(frozen=True, slots=True)
class Home:
    """Some people behind one router. `hard`: its NAT is one that no two of get through to each other."""

    people: tuple[str, ...]
    hard: bool = False


def one_router(*people: str) -> list[Home]:
    """All behind the same one."""
    return [Home(people)]


def two_nats(left: Sequence[str], right: Sequence[str]) -> list[Home]:
    """Some behind a NAT and the others behind another."""
    return [Home(tuple(left), hard=True), Home(tuple(right), hard=True)]


class Host(Namespace):
    """Somebody's machine, with one interface, `net0`."""

    def __init__(self, role: str, address: str, gateway: str = "") -> None:
        super().__init__(role)
        self.address = address
        self._gateway = gateway

    def settle(self) -> None:
        """Have the address."""
        self.ip("addr", "add", f"{self.address}/24", "dev", "net0")
        self.plug_in()

    def plug_in(self) -> None:
        """Have its interface up."""
        self.ip("link", "set", "net0", "up")
        self._route()

    def unplug(self) -> None:
        """Have it down, which the machine sees, as when it leaves its Wi-Fi."""
        self.ip("link", "set", "net0", "down")

    def move(self, address: str) -> None:
        """Have another address from now on, as when the router hands out a new one."""
        self.ip("addr", "del", f"{self.address}/24", "dev", "net0")
        self.ip("addr", "add", f"{address}/24", "dev", "net0")
        self.address = address
        self._route()

    def _route(self) -> None:
        if self._gateway:
            self.ip("route", "replace", "default", "via", self._gateway)


class Lan:
    """All that there is. Those who are `slow` have a cable that can be slowed down."""

    def __init__(self, homes: Sequence[Home], *, slow: Sequence[str] = ()) -> None:
        self._homes = homes
        self._slow = frozenset(slow)
        self._wires = Namespace("wires")
        self._hosts: dict[str, Host] = {}
        self._cables: list[Cable] = []
        self._lost = 0
        self._cut: set[str] = set()
        self._without_udp: set[str] = set()
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        sweep()
        with contextlib.ExitStack() as stack:
            self._stack = stack
            stack.enter_context(self._wires)
            self._switch("internet")
            self._lay("elsewhere", ELSEWHERE, "internet")
            self.server = self._lay("server", SERVER, "internet", ELSEWHERE)
            self.turn = self._lay("turn", TURN, "internet", ELSEWHERE)
            for number, home in enumerate(self._homes, 1):
                self._settle(number, home)
            self._filter()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def host(self, name: str) -> Host:
        """The machine of a person, or `server`, or `turn`."""
        return self._hosts[name]

    # What goes wrong

    def lose(self, percent: int) -> None:
        """Let so many of a hundred frames get lost on every switch, by chance."""
        self._lost = percent
        self._filter()

    def delay(self, milliseconds: int) -> None:
        """Let each frame from and to those who are slow take so long."""
        for cable in self._cables:
            cable.delay(milliseconds)

    def cut(self, *names: str) -> None:
        """Let nothing reach or leave these, who see nothing of it but silence."""
        self._cut.update(names)
        self._filter()

    def block_udp(self, *names: str) -> None:
        """Let no UDP leave or reach these, as many a company's network."""
        self._without_udp.update(names)
        self._filter()

    def mend(self) -> None:
        """Let everything pass at once again."""
        self._lost = 0
        self._cut = set()
        self._without_udp = set()
        self.delay(0)
        self._filter()

    # Building it

    def _switch(self, name: str) -> None:
        self._wires.ip("link", "add", "name", name, "type", "bridge")
        self._wires.ip("link", "set", name, "up")

    def _settle(self, number: int, home: Home) -> None:
        network, switch = f"192.168.{number}", f"home{number}"
        self._switch(switch)
        router = self._lay(f"router{number}", f"{network}.1", switch)
        self._connect(router, "wan", f"wan{number}", "internet")
        router.ip("addr", "add", f"{INTERNET}.{number}/24", "dev", "wan")
        router.ip("link", "set", "wan", "up")
        router.sysctl("net.ipv4.ip_forward", "1")
        router.nft(_HARD_NAT if home.hard else _EASY_NAT)
        for place, person in enumerate(home.people, 11):
            self._lay(person, f"{network}.{place}", switch, f"{network}.1")

    def _lay(self, name: str, address: str, switch: str, gateway: str = "") -> Host:
        host = self._hosts[name] = self._stack.enter_context(Host(name, address, gateway))
        if name in self._slow:
            self._cables.append(self._stack.enter_context(Cable((host, "net0"), (self._wires, name))))
            self._attach(name, switch)
        else:
            self._connect(host, "net0", name, switch)
        host.settle()
        return host

    def _connect(self, host: Host, interface: str, port: str, switch: str) -> None:
        peer = ("peer", "name", interface, "netns", host.name)
        self._wires.ip("link", "add", "name", port, "type", "veth", *peer)
        self._attach(port, switch)

    def _attach(self, port: str, switch: str) -> None:
        self._wires.ip("link", "set", port, "master", switch)
        self._wires.ip("link", "set", port, "up")

    def _filter(self) -> None:
        self._wires.nft("\n".join(self._rules()))

    def _rules(self) -> Iterator[str]:
        yield "add table bridge faults"
        yield "delete table bridge faults"
        yield "table bridge faults { chain passing { type filter hook forward priority 0"
        for names, what in ((self._cut, ""), (self._without_udp, "ip protocol udp ")):
            for name in sorted(names):
                yield f'iifname "{name}" {what}drop'
                yield f'oifname "{name}" {what}drop'
        if self._lost:
            yield f"numgen random mod 100 < {self._lost} drop"
        yield "}; }"
