"""What networks do to a chat that stands: nothing may be lost, and it must come back by itself.

How long that took is printed as a table at the end (faults.py).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar

from tests.net.ends import until
from tests.net.faults import BACK_SECONDS, FaultsCase
from tests.net.lan import Home, two_nats
from tests.net.servers import Site, Turn, turn_env
from tests.support.pairs import Pair


class FaultsTest(FaultsCase):
    """Behind one router."""

    slow_callers: ClassVar[bool] = True

    def test_a_lossy_and_slow_path_changes_nothing(self) -> None:
        self.lan.lose(5)
        self.lan.delay(150)
        for pair in self.pairs:
            pair.talk(200)
        self.wait_for(lambda pair: pair.arrived, 60)
        self.judge("5 % loss and 150 ms each way; 200 messages each way")

    def test_silence_for_30_seconds(self) -> None:
        self.suffer("silence for 30 s", lambda: self.lan.cut(*self.callers), 30, self.lan.mend)

    def test_an_interface_down_for_10_seconds(self) -> None:
        hosts = [self.lan.host(name) for name in self.callers]

        def down() -> None:
            for host in hosts:
                host.unplug()

        def up() -> None:
            for host in hosts:
                host.plug_in()

        self.suffer("interface down for 10 s", down, 10, up)

    def test_an_address_changed(self) -> None:
        hosts = [self.lan.host(name) for name in self.callers]

        def move() -> None:
            for number, host in enumerate(hosts, 101):
                host.move(f"192.168.1.{number}")

        self.suffer("address changed", move, 0, lambda: None)

    def test_the_server_gone_for_10_seconds(self) -> None:
        self.suffer("server gone for 10 s", self.site.kill, 10, self.site.start)
        for pair in self.pairs:
            with self.subTest(str(pair)):
                self.assertEqual(pair.course(), "stayed secured")

    def test_the_server_gone_and_silence_for_15_seconds(self) -> None:
        def both() -> None:
            self.lan.cut(*self.callers)
            self.site.kill()

        def back() -> None:
            self.lan.mend()
            self.site.start()

        self.suffer("server gone and silence for 15 s", both, 15, back)

    def test_whoever_was_called_begins_anew(self) -> None:
        for pair in self.pairs:
            pair.began = pair.back = time.time()
            pair.called.restart()
            pair.say(pair.caller)
        until(lambda: all([*map(self.goes_on, self.pairs)]), BACK_SECONDS)
        self.judge("page reloaded, or program killed and started again")

    def goes_on(self, pair: Pair) -> bool:
        """Whether their chat does. A program that knows nothing of a chat asks its person."""
        if pair.called.look().chat == "ringing":
            pair.called.accept()
        return pair.secured and pair.arrived


class RelayedFaultsTest(FaultsCase):
    """Behind two NATs that only TURN gets through."""

    turn: ClassVar[Turn]

    @classmethod
    def homes(cls, callers: Sequence[str], called: Sequence[str]) -> list[Home]:
        return two_nats(callers, called)

    @classmethod
    def serve(cls) -> Site:
        cls.turn = cls.enterClassContext(Turn(cls.lan))
        return Site(cls.lan, turn_env(cls.lan))

    def test_the_relay_started_again(self) -> None:
        self.suffer("relay started again", self.turn.kill, 0, self.turn.start)
