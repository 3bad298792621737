"""chat/peer/restoring.py on the scripts of tests/vectors/restoring.json, which the JavaScript runs too."""

from __future__ import annotations

from django.test import SimpleTestCase

from chat.peer.restoring import Restoring
from tests.support.clock import FakeClock
from tests.support.timers import FakeTimers
from tests.support.vectors import vectors


class Stage:
    """The attempts of one chat, and what they asked for."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.server = True
        clock = FakeClock(0)
        self.timers = FakeTimers(clock)
        self.restoring = Restoring(
            ask=self.ask,
            offer=lambda: self.done.append("offer"),
            rehandshake=lambda: self.done.append("rehandshake"),
            after=self.timers.after,
            clock=clock,
            fraction=lambda: 0,
        )

    def ask(self) -> bool:
        self.done.append("ask")
        return self.server

    def play(self, event: str) -> list[str]:
        self.done = []
        what, _, how = event.partition(" ")
        match what:
            case "pass":
                self.timers.pass_(float(how))
            case "online" | "offline":
                self.server = what == "online"
            case "joined" | "rekeyed":
                getattr(self.restoring, what)(caller=how == "caller")
            case _:
                getattr(self.restoring, what)()
        return self.done


class RestoringTest(SimpleTestCase):
    def test_the_scripts(self) -> None:
        for script in vectors("restoring")["scripts"]:
            stage = Stage()
            for number, (event, expected) in enumerate(script["steps"]):
                with self.subTest(script["name"], step=f"{number} {event}"):
                    self.assertEqual(stage.play(event), expected)

    def test_nothing_is_due_when_there_is_a_path_or_nobody_waits_for_one(self) -> None:
        for end in ("done", "stop"):
            stage = Stage()
            stage.play("begin")
            stage.play("joined called")
            self.assertTrue(stage.restoring.active)
            stage.play(end)
            self.assertEqual((stage.restoring.active, stage.timers.waiting), (False, 0))
