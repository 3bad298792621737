"""What two people say to each other, and about what they said (chat/peer/exchange.py and conversation.py): the scripts of
tests/vectors/talk.json, which JavaScript plays too."""

from __future__ import annotations

from django.test import SimpleTestCase

from tests.support.talk_scripts import SCRIPTS, Stage


class TalkTest(SimpleTestCase):
    maxDiff = None

    def test_the_scripts(self) -> None:
        for script in SCRIPTS:
            stage = Stage(script.get("given", {}))
            for number, (event, expected) in enumerate(script["steps"], 1):
                with self.subTest(script["name"], step=number, event=event):
                    self.assertEqual(stage.play(*event), expected)
