"""chat/peer/watching.py: what is new since the last look."""

from __future__ import annotations

from typing import Any, cast

from django.test import SimpleTestCase

from chat.peer import events
from chat.peer.events import Event
from chat.peer.history import History
from chat.peer.link import Link
from chat.peer.messages import Message
from chat.peer.path_watch import Path
from chat.peer.snapshot import Snapshot
from chat.peer.watching import Watch


class FakeLink:
    """What a link shows of itself."""

    def __init__(self, history: History, **fields: Any) -> None:
        self.history = history
        self.peer, self.state, self.sentence, self.reason, self.over = "bob", "secured", "Connected.", None, False
        self.trust: str | None = None
        self.suite = self.verifying = self.path = self.since = None
        self.known = self.warned = self.away = self.typing = False
        self.timer = 0
        self.__dict__.update(fields)


class WatchTest(SimpleTestCase):
    def setUp(self) -> None:
        self.told: list[Event] = []
        self.watch = Watch(self.told.append)
        self.history = History()
        self.link = FakeLink(self.history)
        self.look()

    def look(self, *, server: str = "online") -> list[Event]:
        """What is new."""
        self.told.clear()
        shown = Snapshot("alice", cast(Any, server), f"It is {server}.", "idle", "")
        self.watch.look(shown, [cast(Link, self.link)])
        return self.told

    def add(self, name: str, *, mine: bool) -> Message:
        message = Message(name, mine, "hello", 1, "queued" if mine else "delivered")
        self.history.add(message)
        return message

    def test_what_stays_the_same_is_no_news(self) -> None:
        self.assertEqual(self.look(), [])

    def test_the_server_and_the_state_are_told_when_they_change(self) -> None:
        self.assertEqual(self.look(server="offline"), [events.Offline(state="offline", sentence="It is offline.")])
        self.assertEqual(self.look(), [events.Online(name="alice")])
        self.link.__dict__.update(state="reconnecting", sentence="Reconnecting…", since=5, away=True)
        state = events.State(peer="bob", state="reconnecting", sentence="Reconnecting…", since=5, away=True)
        self.assertEqual(self.look(), [state])
        self.link.__dict__.update(over=True, reason="ended", sentence="Over.")
        self.assertEqual(self.look(), [events.Ended(peer="bob", reason="ended", sentence="Over.")])

    def test_typing_and_the_timer_are_told_both_ways(self) -> None:
        for on in (True, False):
            self.link.__dict__.update(typing=on, timer=60 * on)
            timer, typing = events.Timer(peer="bob", seconds=60 * on), events.Typing(peer="bob", on=on)
            self.assertEqual(self.look(), [timer, typing])

    def test_that_messages_vanish_no_more_is_no_news_of_a_chat_that_is_over(self) -> None:
        self.link.__dict__.update(timer=60)
        self.look()
        self.link.__dict__.update(timer=0, over=True, reason="ended", sentence="Over.")
        self.assertEqual(self.look(), [events.Ended(peer="bob", reason="ended", sentence="Over.")])

    def test_how_long_a_way_takes_is_no_news_but_another_way_is(self) -> None:
        self.link.__dict__.update(path=Path(False, None))
        self.assertEqual(self.look(), [events.Path(peer="bob", relayed=False)])
        self.link.__dict__.update(path=Path(False, 20))
        self.assertEqual(self.look(), [])
        self.link.__dict__.update(path=Path(True, 20))
        self.assertEqual(self.look(), [events.Path(peer="bob", relayed=True, rtt=20.0)])

    def test_how_far_a_message_of_ones_own_has_come_is_told_and_of_another_not(self) -> None:
        self.add("theirs", mine=False)
        self.assertEqual(self.look(), [])
        mine = self.add("mine", mine=True)
        self.assertEqual(self.look(), [events.Status(peer="bob", id="mine", status="queued")])
        mine.status = "delivered"
        self.history.touch(mine)
        self.assertEqual(self.look(), [events.Status(peer="bob", id="mine", status="delivered")])

    def test_edits_deletions_and_reactions_are_told_once(self) -> None:
        theirs, mine = self.add("same", mine=False), self.add("same", mine=True)
        self.look()
        theirs.body, mine.reactions.theirs = "goodbye", "👍"
        self.history.touch(theirs)
        self.history.touch(mine)
        edited = events.Edited(peer="bob", mine=False, id="same", text="goodbye")
        reacted = events.Reacted(peer="bob", re=events.Ref(True, "same"), emoji="👍")
        self.assertEqual(self.look(), [edited, reacted])
        self.history.delete(theirs)
        self.assertEqual(self.look(), [events.Deleted(peer="bob", mine=False, id="same")])
        self.assertEqual(self.look(), [])

    def test_a_message_whose_time_is_up_is_told_and_a_cleared_chat_not(self) -> None:
        one = self.add("one", mine=False)
        self.add("two", mine=False)
        self.history.vanish(one, 10)
        self.look()
        self.history.expire(10)
        self.assertEqual(self.look(), [events.Expired(peer="bob", mine=False, id="one")])
        self.history.clear()
        self.link.__dict__.update(over=True, reason="ended", sentence="Over.")
        self.assertEqual(len(self.look()), 1)

    def test_news_from_within_news_comes_after_it(self) -> None:
        order: list[str] = []

        def tell(event: Event) -> None:
            order.append(f"begin {type(event).__name__}")
            if isinstance(event, events.Missed):
                watch.happened(events.Notice(sentence=""))
            order.append(f"end {type(event).__name__}")

        watch = Watch(tell)
        with watch.held():
            watch.happened(events.Missed(peer="bob"))
            self.assertEqual(order, [])
        self.assertEqual(order, ["begin Missed", "end Missed", "begin Notice", "end Notice"])
