"""A conversation over a channel that loses whatever it likes, and with somebody who says whatever they like: each message is
delivered once, in order, and nothing wedges the chat."""

from __future__ import annotations

import json

from django.test import SimpleTestCase
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.peer.conversation_table import State
from tests.support.lossy import LossyTalk


class LossyTest(SimpleTestCase):
    def assert_all_arrived(self, talk: LossyTalk) -> None:
        for end, other in talk.ends:
            self.assertEqual(end.heard, other.said)
            self.assertEqual(
                {message.status for message in end.conversation.messages},
                {"delivered"} if end.said or end.heard else set(),
            )
            self.assertEqual(end.conversation.state, State.SECURED)

    def run_talk(self, seed: int, *, count: int, losing: float, cutting: float, renewing: float = 0.0) -> LossyTalk:
        """Both say `count` things at once, while frames are lost, the channel breaks, and either begins new handshakes."""
        talk = LossyTalk(seed)
        while any(len(end.said) < count for end, _ in talk.ends):
            for end, _ in talk.ends:
                for _ in range(min(talk.rng.randrange(6), count - len(end.said))):
                    end.say(f"{len(end.said)}")
            talk.turn(losing)
            if talk.rng.random() < cutting:
                talk.disconnects()
            if talk.rng.random() < renewing:
                end, other = talk.rng.choice(talk.ends)
                end.renew(other)
        talk.settles()
        return talk

    def test_a_thousand_messages_each_way_arrive_once_and_in_order_though_the_keys_change_all_the_time(self) -> None:
        """What arrived under old keys, and was not acknowledged, comes again under new ones, and is shown once."""
        talk = self.run_talk(6, count=1_000, losing=0.02, cutting=0.02, renewing=0.1)
        self.assert_all_arrived(talk)
        self.assertGreater(sum(end.renewals for end, _ in talk.ends), 5)

    def test_a_thousand_messages_each_way_arrive_once_and_in_order_though_the_channel_breaks(self) -> None:
        talk = self.run_talk(1, count=1_000, losing=0.0, cutting=0.05)
        self.assert_all_arrived(talk)
        self.assertGreater(talk.cuts, 10)
        self.assertGreater(talk.lost, 100)

    def test_a_thousand_messages_each_way_arrive_once_and_in_order_though_frames_and_acknowledgements_are_lost(
        self,
    ) -> None:
        talk = self.run_talk(2, count=1_000, losing=0.02, cutting=0.05)
        self.assert_all_arrived(talk)
        self.assertGreater(talk.cuts, 3)
        self.assertGreater(talk.lost, 100)

    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 2**32), *[st.sampled_from([0.0, 0.1, 0.5])] * 2, st.sampled_from([0.0, 0.1]))
    def test_whatever_is_lost_all_arrives_once_and_in_order(
        self, seed: int, losing: float, cutting: float, renewing: float
    ) -> None:
        self.assert_all_arrived(self.run_talk(seed, count=30, losing=losing, cutting=cutting, renewing=renewing))

    def test_ten_thousand_lost_frames_do_not_wedge_the_chat(self) -> None:
        talk = LossyTalk(3)
        talk.alice.say("first")
        talk.settles()
        lost = 0
        while lost < 10_000:
            talk.alice.say(f"{lost}")
            talk.alice.conversation.resend()
            lost += talk.alice.pump(talk.bob, lambda: True)
        talk.settles()
        self.assert_all_arrived(talk)
        self.assertEqual(talk.bob.renewals, 1)

    def test_both_may_lose_each_others_keys_at_once(self) -> None:
        talk = LossyTalk(4)
        talk.alice.say("first")
        talk.settles()
        for _ in range(6):
            for end, other in talk.ends:
                for _ in range(500 if not end.said[1:] else 0):
                    end.say(f"{len(end.said)}")
                end.conversation.resend()
                end.pump(other, lambda: True)
        talk.settles()
        self.assert_all_arrived(talk)


class LiarTest(SimpleTestCase):
    """The other one is who they are, and speaks nonsense."""

    SAID = st.fixed_dictionaries(
        {
            "t": st.sampled_from(
                [
                    "text",
                    "ack",
                    "hello",
                    "typing",
                    "sas:commit",
                    "sas:nonce",
                    "sas:reveal",
                    "sas:result",
                    "sas:",
                    *("edit", "delete", "react", "read", "timer"),
                    "x",
                ]
            )
        },
        optional={
            "seq": st.one_of(
                st.integers(-1, 20), st.booleans(), st.floats(), st.none(), st.just(2**53), st.just(10**400)
            ),
            "upto": st.one_of(st.integers(-5, 600), st.booleans(), st.floats(), st.just(10**400)),
            "id": st.one_of(st.text(max_size=3), st.just("A" * 22), st.none(), st.integers()),
            "body": st.one_of(st.text(), st.none(), st.integers(), st.just("\ud800x")),
            "ok": st.one_of(st.booleans(), st.integers(), st.none()),
            "commit": st.one_of(st.text(max_size=4), st.just("A" * 43 + "="), st.none()),
            "re": st.one_of(
                st.none(),
                st.text(max_size=3),
                st.lists(st.sampled_from(["alice", "bob", "mallory", "A" * 22, "", 7, None]), max_size=3),
            ),
            "emoji": st.one_of(st.text(max_size=40), st.none(), st.integers(), st.just("\ud800x")),
            "seconds": st.one_of(st.integers(-5, 2**32), st.floats(), st.booleans(), st.just(10**400)),
            "at": st.one_of(st.integers(-5, 2**53), st.floats(), st.none(), st.just(10**400)),
            "on": st.one_of(st.booleans(), st.integers(), st.none()),
            "features": st.one_of(st.lists(st.text(max_size=6) | st.integers(), max_size=3), st.none()),
            "nonce": st.one_of(st.text(max_size=4), st.just("A" * 43 + "="), st.lists(st.integers(), max_size=2)),
        },
    )

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.one_of(SAID, st.dictionaries(st.text(max_size=3), st.integers(), max_size=3)), max_size=30))
    def test_nothing_that_is_said_breaks_a_conversation(self, said: list[dict[str, object]]) -> None:
        talk = LossyTalk(5)
        talk.settles()
        talk.bob.pump(talk.alice)
        talk.alice.read()
        talk.alice.conversation.acknowledge()
        talk.alice.pump(talk.bob)
        talk.bob.read()
        mine = talk.alice.conversation.send("mine alone")
        talk.alice.pump(talk.bob)
        talk.bob.read()
        for content in said:
            talk.alice.inbox.append(_sealed(talk, content))
        talk.alice.read()
        self.assertEqual((mine.body, mine.edited, mine.deleted), ("mine alone", False, False))
        self.assertIn(mine.status, ("sent", "delivered"))
        self.assertIn(talk.alice.conversation.state, (State.SECURED, State.GREETING))
        talk.alice.say("still here")
        talk.alice.pump(talk.bob)
        talk.bob.read()
        self.assertEqual(talk.bob.heard, ["mine alone", "still here"])


def _sealed(talk: LossyTalk, content: dict[str, object]) -> str:
    """What bob's device would send, if it were to say this."""
    text = json.dumps(content, ensure_ascii=True, allow_nan=True)
    return talk.bob.suite._ratchet.encrypt(text.encode())  # type: ignore[union-attr]
