"""chat/peer/talking.py: when it is said and shown that somebody types, and what the person does goes out at once."""

from __future__ import annotations

from django.test import SimpleTestCase

from chat.peer.conversation import Content
from chat.peer.errors import PeerError
from chat.peer.preferences import Preferences
from chat.peer.talking import Talking
from tests.support.conversations import Half
from tests.support.timers import FakeTimers

ON, OFF = {"t": "typing", "on": True}, {"t": "typing", "on": False}


class TalkingTest(SimpleTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.preferences = Preferences()
        self.half = Half(preferences=self.preferences).greets()
        self.timers = FakeTimers(self.half.clock)
        self.said: list[Content] = []
        self.changes = 0
        self.talking = Talking(self.half.end, after=self.timers.after, changed=self.changed, pump=self.pump)

    def changed(self) -> None:
        self.changes += 1

    def pump(self) -> None:
        self.said += self.half.says()

    def news(self) -> list[Content]:
        """What was said since this was last asked."""
        said, self.said = self.said, []
        return said

    def hears(self, content: Content) -> None:
        self.talking.receive(self.half.theirs.seal(content))

    # This person types

    def test_that_the_person_types_is_said_every_two_seconds_at_most(self) -> None:
        for _ in range(30):
            self.talking.typed()
            self.timers.pass_(0.25)
        self.assertEqual(self.news(), [ON] * 4)

    def test_after_five_quiet_seconds_they_do_not_type_any_more(self) -> None:
        self.talking.typed()
        self.timers.pass_(1)
        self.talking.typed()
        self.timers.pass_(4.9)
        self.assertEqual(self.news(), [ON])
        self.timers.pass_(0.2)
        self.assertEqual(self.news(), [OFF])
        self.timers.pass_(60)
        self.assertEqual((self.news(), self.timers.waiting), ([], 0))

    def test_who_sends_does_not_type_any_more_and_is_not_quiet_later(self) -> None:
        self.talking.typed()
        self.talking.send("hello")
        self.assertEqual([content["t"] for content in self.news()], ["typing", "text", "typing"])
        self.timers.pass_(60)
        self.assertEqual(self.news(), [])

    def test_what_cannot_be_sent_changes_nothing(self) -> None:
        self.talking.typed()
        self.news()
        with self.assertRaises(PeerError):
            self.talking.send(" ")
        self.assertEqual(self.news(), [])
        self.timers.pass_(5)
        self.assertEqual(self.news(), [OFF])

    def test_who_does_not_want_to_be_seen_typing_is_not(self) -> None:
        self.preferences.typing = False
        self.talking.typed()
        self.timers.pass_(10)
        self.assertEqual(self.news(), [])

    def test_without_a_channel_nothing_is_said_of_it_then_or_later(self) -> None:
        self.half.end.interrupted()
        self.talking.typed()
        self.half.end.recovered()
        self.pump()
        self.assertEqual(self.news(), [])

    def test_what_is_said_of_typing_acknowledges_nothing(self) -> None:
        self.half.hears_text("hello")
        self.talking.typed()
        self.assertEqual((self.news(), self.half.end.owes), ([ON], True))

    # The other one types

    def test_that_they_type_is_shown_for_six_seconds_after_they_last_said_so(self) -> None:
        self.hears(ON)
        self.timers.pass_(4)
        self.hears(ON)
        self.timers.pass_(5.9)
        self.assertEqual((self.talking.typing, self.changes), (True, 0))
        self.timers.pass_(0.2)
        self.assertEqual((self.talking.typing, self.changes), (False, 1))

    def test_it_is_shown_until_they_say_that_they_do_not_or_send(self) -> None:
        self.hears(ON)
        self.hears(OFF)
        self.assertFalse(self.talking.typing)
        self.hears(ON)
        self.half.hears_text("hello")
        self.assertFalse(self.talking.typing)

    def test_who_does_not_want_to_be_seen_typing_does_not_see_them_either(self) -> None:
        self.hears(ON)
        self.preferences.typing = False
        self.assertFalse(self.talking.typing)

    # The rest

    def test_what_the_person_does_goes_out_at_once(self) -> None:
        message = self.talking.send("helo")
        self.talking.edit(message.id, "hello")
        self.talking.react(message.ref, "🎉")
        self.talking.set_timer(60)
        self.talking.delete(message.id)
        self.assertEqual([content["t"] for content in self.news()], ["text", "edit", "react", "timer", "delete"])

    def test_reading_is_told_when_there_is_anything_new_and_not_at_each_look(self) -> None:
        theirs = self.half.hears_text("hello")
        assert theirs is not None
        for _ in range(3):
            self.talking.read()
        self.assertEqual([content["t"] for content in self.news()], ["read"])

    def test_when_it_is_over_reading_is_told_nobody_and_the_rest_is_refused(self) -> None:
        self.half.hears_text("hello")
        self.talking.typed()
        self.half.end.failed()
        self.talking.stop()
        self.news()
        self.talking.read()
        self.talking.typed()
        self.assertEqual((self.news(), self.talking.history.unread), ([], 0))
        with self.assertRaises(PeerError) as caught:
            self.talking.set_timer(5)
        self.assertEqual(caught.exception.reason, "no_chat")
