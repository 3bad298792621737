"""What a person at a terminal reads, and the commands they type (chat/peer/telling.py, commands.py, numbers.py)."""

from __future__ import annotations

import io
import unicodedata

from django.test import SimpleTestCase
from hypothesis import given
from hypothesis import strategies as st

from chat.peer import events
from chat.peer.commands import COMMANDS, HELP, Misused, seconds_of
from chat.peer.events import Event
from chat.peer.numbers import Numbers, Place
from chat.peer.telling import Telling, duration


class Screen(io.StringIO):
    """A terminal, or a file."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


def told(*news: Event, terminal: bool = True, detailed: bool = False) -> tuple[list[str], list[str]]:
    """The lines of standard output and of standard error."""
    out, err = Screen(terminal=terminal), Screen(terminal=False)
    telling = Telling(out, err, Numbers(), leave=lambda: None, typed=terminal, detailed=detailed)
    for event in news:
        telling.tell(event)
    return out.getvalue().splitlines(), err.getvalue().splitlines()


MINE = events.Status(peer="bob", id="m", status="sent")
THEIRS = events.Message(peer="bob", id="t", at=1, text="hello", re=events.Ref(True, "m"))
AFTERTHOUGHTS = (
    events.Edited(peer="bob", mine=False, id="t", text="bye"),
    events.Reacted(peer="bob", re=events.Ref(True, "m"), emoji="👍"),
    events.Reacted(peer="bob", re=events.Ref(True, "m"), emoji=""),
    events.Deleted(peer="bob", mine=False, id="t"),
)


class TellingTest(SimpleTestCase):
    def test_on_a_terminal_messages_have_numbers(self) -> None:
        out, err = told(MINE, THEIRS, *AFTERTHOUGHTS)
        self.assertEqual(out, ["[2] bob (to [1]): hello"])
        expected = ("edited [2]: bye", "reacted to [1] with 👍", "took back what they said to [1]", "deleted [2].")
        self.assertEqual(err, [f"bob {words}" for words in expected])

    def test_through_a_pipe_there_is_the_name_and_the_text_alone(self) -> None:
        out, err = told(MINE, THEIRS, *AFTERTHOUGHTS, terminal=False)
        self.assertEqual(out, ["bob: hello"])
        self.assertEqual(err[0], "bob edited a message: bye")

    def test_what_the_person_did_to_a_message_is_said_to_them_and_not_into_a_pipe(self) -> None:
        edited = events.Edited(peer="bob", mine=True, id="m", text="bye")
        deleted = events.Deleted(peer="bob", mine=True, id="m")
        expected = ["[1] edited", "[1] deleted"]
        self.assertEqual(told(MINE, edited, deleted), ([], expected))
        self.assertEqual(told(MINE, edited, deleted, terminal=False), ([], []))
        self.assertEqual(told(edited, deleted, terminal=False, detailed=True), ([], expected))

    def test_how_messages_fare_is_told_where_it_is_wanted(self) -> None:
        news = [events.Status(peer="bob", id="m", status=each) for each in ("queued", "sent", "delivered", "read")]
        self.assertEqual(told(*news), ([], []))
        self.assertEqual(
            told(*news, detailed=True), ([], ["[1] waits", "[1] sent ✓", "[1] delivered ✓✓", "[1] read ✓✓"])
        )

    def test_a_message_that_could_not_be_sent_is_told_to_a_person(self) -> None:
        failed = events.Status(peer="bob", id="m", status="failed")
        self.assertEqual(told(failed), ([], ["[1] could not be sent; /retry sends it again"]))
        self.assertEqual(told(failed, terminal=False), ([], []))

    @given(st.text(st.characters(exclude_categories=[])))
    def test_nothing_that_somebody_wrote_steers_the_terminal(self, text: str) -> None:
        theirs = events.Message(peer="bob", id="t", at=1, text=f"\x1b[2J\u202e{text}")
        edited = events.Edited(peer="bob", mine=False, id="t", text=f"\x1b[2J\u202e{text}")
        reacted = events.Reacted(peer="bob", re=events.Ref(False, "t"), emoji=f"\x9b2J{text}")
        for lines in told(theirs, edited, reacted):
            for line in lines:
                self.assertFalse([c for c in line if unicodedata.category(c) in ("Cc", "Cs") or c in "\u202e\u2066"])
            self.assertTrue(all(line.startswith(("bob", "[1] bob", "  ")) for line in lines))


class CommandsTest(SimpleTestCase):
    def test_times_are_read_as_they_are_said(self) -> None:
        cases = {"off": 0, "30s": 30, "5m": 300, "1h": 3_600, "1d": 86_400, "1w": 604_800}
        self.assertEqual({text: seconds_of(text) for text in cases}, cases)
        for text in ("", "5", "m", "-5m", "5 m", "5y", "٣m", "99999999s"):
            with self.subTest(text), self.assertRaises(Misused):
                seconds_of(text)

    def test_a_duration_is_said_in_its_largest_unit(self) -> None:
        said = [duration(seconds) for seconds in (1, 30, 300, 3_600, 86_400, 604_800, 90)]
        self.assertEqual(said, ["1 second", "30 seconds", "5 minutes", "1 hour", "1 day", "1 week", "90 seconds"])

    def test_help_has_every_command(self) -> None:
        for word in COMMANDS:
            self.assertRegex(HELP, rf"(?m)^{word}\b")

    def test_a_message_keeps_its_number_and_ids_of_two_sides_are_two(self) -> None:
        numbers = Numbers()
        given_out = [numbers.of("Bob", True, "x"), numbers.of("bob", False, "x"), numbers.of("bob", True, "x")]
        self.assertEqual(given_out, [1, 2, 1])
        self.assertEqual(numbers.place(2), Place("bob", False, "x"))
        self.assertEqual([numbers.place(number) for number in (0, 3, -1)], [None] * 3)
