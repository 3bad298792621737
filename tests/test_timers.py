"""chat/peer/timers.py."""

from __future__ import annotations

from django.test import SimpleTestCase

from chat.peer.timers import Timers
from tests.support.hourglass import Hourglasses


class TimersTest(SimpleTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.glasses = Hourglasses()
        self.timers = Timers(self.glasses.after)
        self.rung: list[str] = []

    def start(self, name: str, seconds: float) -> None:
        self.timers.start(name, seconds, lambda: self.rung.append(name))

    def test_it_rings_once_when_the_time_is_over(self) -> None:
        self.start("tea", 180)
        self.assertEqual((self.timers.runs("tea"), self.rung), (True, []))
        self.glasses.run_out(180)
        self.assertEqual((self.timers.runs("tea"), self.rung), (False, ["tea"]))

    def test_one_that_runs_goes_on_when_it_is_started_again(self) -> None:
        self.start("tea", 180)
        self.start("tea", 60)
        self.assertEqual(self.glasses.running, [180])

    def test_one_that_rang_may_start_itself_again(self) -> None:
        self.timers.start("tea", 180, lambda: self.start("tea", 60))
        self.glasses.run_out(180)
        self.assertEqual((self.glasses.running, self.rung), ([60], []))

    def test_those_that_are_cancelled_do_not_ring(self) -> None:
        for number, name in enumerate(("tea", "eggs", "rice", "soup")):
            self.start(name, number)
        self.timers.cancel("tea", "rice", "nothing")
        self.assertEqual(self.glasses.running, [1, 3])
        self.timers.cancel()
        self.assertEqual((self.glasses.running, self.timers.runs("soup")), ([], False))
        self.start("tea", 180)
        self.assertEqual(self.glasses.running, [180])
