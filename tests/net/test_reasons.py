"""Where no connection can be made, people learn why; and what is merely broken beside a path that stands costs next to nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from chat.peer.errors import sentence
from tests.net.case import NetTestCase
from tests.net.lan import NOBODY, Home, two_nats
from tests.net.servers import Site, Turn, stun_env, turn_env

DEADLINE = 40.0
"""A call that finds no path ends after half a minute at the latest."""


class NoWayTest(NetTestCase):
    """Behind two hard NATs, with a relay that something is wrong with."""

    kinds = ("cp", "pc")
    env: ClassVar[dict[str, str]]

    @classmethod
    def homes(cls, callers: Sequence[str], called: Sequence[str]) -> list[Home]:
        return two_nats(callers, called)

    @classmethod
    def serve(cls) -> Site:
        cls.enterClassContext(Turn(cls.lan))
        return Site(cls.lan, stun_env(cls.lan.turn.address) | turn_env(cls.lan))

    def meet(self) -> None:
        self.arrive(self.pairs)

    def assert_told(self, caller: str, called: str) -> None:
        """Nobody can call anybody. Who gives up first reads the reason; the other one reads that, or the same of their own."""
        self.call(self.pairs)
        self.wait_for(lambda _: False, DEADLINE)
        for pair in self.pairs:
            with self.subTest(str(pair)):
                expected = sentence(caller, pair.called.name), sentence(called, pair.caller.name)
                other = sentence("hung_up", pair.called.name), sentence("hung_up", pair.caller.name)
                shown = tuple(" ".join(end.look().sentence.split()) for end in pair.both)
                self.assertIn(shown, [expected, (expected[0], other[1]), (other[0], expected[1])])


class WrongSecretTest(NoWayTest):
    """The server hands out what its relay does not accept."""

    @classmethod
    def serve(cls) -> Site:
        cls.enterClassContext(Turn(cls.lan))
        return Site(cls.lan, stun_env(cls.lan.turn.address) | turn_env(cls.lan, secret="another"))

    def test_a_relay_that_refuses_is_named(self) -> None:
        self.assert_told("turn_refused", "turn_refused")


class BlockedUdpTest(NoWayTest):
    def test_a_network_that_lets_no_udp_out_is_named(self) -> None:
        self.lan.block_udp(*self.callers)
        self.assert_told("udp_blocked", "other_network")


class RelayOverTcpTest(NoWayTest):
    @classmethod
    def serve(cls) -> Site:
        cls.enterClassContext(Turn(cls.lan))
        return Site(cls.lan, turn_env(cls.lan, transport="tcp"))

    def test_where_no_udp_gets_out_a_relay_over_tcp_does(self) -> None:
        self.lan.block_udp(*self.callers)
        self.call(self.pairs)
        self.all_of(self.pairs, lambda pair: pair.secured)
        self.talk_and_arrive()


class DeadStunTest(NetTestCase):
    @classmethod
    def serve(cls) -> Site:
        return Site(cls.lan, stun_env(NOBODY))

    def test_a_stun_server_that_is_gone_holds_nobody_up(self) -> None:
        for pair in self.pairs:
            with self.subTest(str(pair)):
                self.assertLess(pair.connecting_seconds, 4)
