"""Who can reach whom, and how fast."""

from __future__ import annotations

from collections.abc import Sequence

from tests.net.case import NetTestCase
from tests.net.lan import Home, two_nats
from tests.net.servers import Site, Turn, turn_env


class OneRouterTest(NetTestCase):
    """Everybody behind one router, with no STUN and no TURN server."""

    def test_people_in_one_house_connect_and_talk(self) -> None:
        self.talk_and_arrive()


class TwoNatsTest(NetTestCase):
    """Callers behind one NAT, those whom they call behind another: only TURN gets through."""

    @classmethod
    def homes(cls, callers: Sequence[str], called: Sequence[str]) -> list[Home]:
        return two_nats(callers, called)

    @classmethod
    def serve(cls) -> Site:
        cls.enterClassContext(Turn(cls.lan))
        return Site(cls.lan, turn_env(cls.lan))

    def test_people_behind_hard_nats_connect_through_turn_and_talk(self) -> None:
        self.talk_and_arrive()
