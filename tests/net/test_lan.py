"""That the networks of these tests are what they say they are."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from unittest import SkipTest

from django.test import SimpleTestCase

from tests.net.lan import Host, Lan, one_router, two_nats
from tests.net.namespaces import leftovers, sweep, unavailable
from tests.support.paths import ROOT

PORT = 5000
COUNT = 200
"""A socket keeps no more than 256 that nobody has read."""


class LanTest(SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        if reason := unavailable():
            raise SkipTest(reason)

    def at(self, host: Host) -> socket.socket:
        with host.inside():
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.addCleanup(made.close)
            made.bind((host.address, PORT))
        made.settimeout(0.5)
        return made

    def sockets(self, lan: Lan) -> tuple[socket.socket, socket.socket, socket.socket]:
        return self.at(lan.host("alice")), self.at(lan.host("bob")), self.at(lan.server)

    def passed(self, source: socket.socket, to: socket.socket) -> int:
        """How many of `COUNT` packets arrive."""
        for _ in range(COUNT):
            source.sendto(b"x", to.getsockname())
        arrived = 0
        try:
            while to.recv(16):
                arrived += 1
        except TimeoutError:
            return arrived
        return arrived

    def test_people_behind_one_router_reach_each_other_and_the_server(self) -> None:
        with Lan(one_router("alice", "bob")) as lan:
            alice, bob, server = self.sockets(lan)
            for source, to in ((alice, bob), (bob, alice), (alice, server)):
                self.assertEqual(self.passed(source, to), COUNT)

    def test_a_hard_nat_takes_another_port_for_each_address_and_lets_in_only_who_was_asked(self) -> None:
        with Lan(two_nats(["alice"], ["bob"])) as lan:
            alice, bob, server = self.sockets(lan)
            turn = self.at(lan.turn)
            seen = []
            for asked in (server, turn):
                bob.sendto(b"x", asked.getsockname())
                seen.append(asked.recvfrom(16)[1])
            self.assertEqual(seen[0][0], seen[1][0])
            self.assertNotEqual(seen[0][1], seen[1][1])
            server.sendto(b"x", seen[0])
            self.assertEqual(bob.recv(16), b"x")
            for stranger, place in ((turn, seen[0]), (alice, seen[0]), (alice, bob.getsockname())):
                stranger.sendto(b"x", place)
                self.assertRaises(TimeoutError, bob.recv, 16)

    def test_what_is_lost_cut_and_mended(self) -> None:
        with Lan(one_router("alice", "bob")) as lan:
            alice, bob, _ = self.sockets(lan)
            self.assertEqual(self.passed(alice, bob), COUNT)
            lan.lose(20)
            self.assertTrue(COUNT * 0.6 < self.passed(alice, bob) < COUNT * 0.95)
            lan.mend()
            lan.cut("alice")
            self.assertEqual((self.passed(alice, bob), self.passed(bob, alice)), (0, 0))
            lan.mend()
            self.assertEqual(self.passed(alice, bob), COUNT)

    def test_a_slow_cable_delays_both_ways(self) -> None:
        with Lan(one_router("alice", "bob"), slow=["alice"]) as lan:
            alice, bob, _ = self.sockets(lan)
            self.assertEqual(self.passed(alice, bob), COUNT)
            lan.delay(150)
            for source, to in ((alice, bob), (bob, alice)):
                began = time.monotonic()
                source.sendto(b"x", to.getsockname())
                to.recv(16)
                self.assertGreaterEqual(time.monotonic() - began, 0.15)

    def test_a_host_that_moves_is_reached_under_its_new_address(self) -> None:
        with Lan(one_router("alice", "bob")) as lan:
            _, bob, _ = self.sockets(lan)
            lan.host("alice").move("192.168.1.77")
            alice = self.at(lan.host("alice"))
            self.assertEqual(self.passed(bob, alice), COUNT)
            lan.host("alice").unplug()
            self.assertEqual(self.passed(bob, alice), 0)
            lan.host("alice").plug_in()
            self.assertEqual(self.passed(bob, alice), COUNT)

    def test_what_a_crash_leaves_behind_is_swept_away_with_its_processes(self) -> None:
        crash = subprocess.Popen([sys.executable, "-c", CRASH], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert crash.stdout is not None
        pid = int(crash.stdout.readline())
        crash.communicate()
        self.assertTrue(leftovers())
        sweep()
        self.assertEqual(leftovers(), [])
        self.assertFalse(_runs(pid))


CRASH = """
import os, signal, subprocess
from tests.net.lan import Lan, one_router
with Lan(one_router("alice"), slow=["alice"]) as lan:
    with lan.host("alice").inside():
        print(subprocess.Popen(["sleep", "1000"], stdout=subprocess.DEVNULL).pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def _runs(pid: int) -> bool:
    """Whether there is such a process, and it is no mere entry that nobody has read."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:  # noqa: PTH123
            return stat.read().split()[2] != "Z"
    except FileNotFoundError:
        return False
