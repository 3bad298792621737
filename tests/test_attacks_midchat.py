"""An evil server while two Python peers chat: whatever it says, the chat goes on, as secure as it was."""

from __future__ import annotations

import os

from chat.peer.errors import SENTENCES
from chat.peer.lowkey2 import Lowkey2
from chat.peer.primitives import b64
from tests.support.clock import FakeClock
from tests.support.evil import Attack
from tests.support.evil_case import EvilCase
from tests.support.evil_tampers import MALFORMED, Answered, Rewrite, ended, joined, key, of_type
from tests.support.people import new_identity


class MidChatTest(EvilCase):
    async def chat_stands(self) -> None:
        """It was never interrupted, and nobody is thought to be somebody else."""
        await self.settled(self.alice, self.bob)
        for person in (self.alice, self.bob):
            self.assertEqual(person.watch.states[-1], "secured")
            self.assertEqual(person.snapshot().trust, "unverified")
            self.assert_not_verified(person)
        await self.chat_goes_on()

    async def test_the_servers_word_that_it_is_over_ends_no_chat(self) -> None:
        async with self.alice, self.bob:
            await self.connect()
            session = self.alice._link._call.session_id or ""  # type: ignore[union-attr]
            for reason in ("left", "gone"):
                self.evil.tell(self.alice.name, ended("session:left", session, self.bob.name, reason))
            for reason in ("declined", "busy", "invite_used"):
                self.evil.tell(self.alice.name, ended("session:declined", session, self.bob.name, reason))
            for code in ("NOT_IN_SESSION", "RELAY_FAILED", "USER_OFFLINE", "SESSION_JOIN_FAILED", "AUTH_FAILED"):
                frame = {
                    "type": "error",
                    "target": self.bob.name,
                    "sessionId": session,
                    "payload": {"code": code, "message": "x"},
                }
                self.evil.tell(self.alice.name, frame, {**frame, "sessionId": None}, {**frame, "target": None})
            await self.chat_stands()

    async def test_a_server_that_goes_away_and_comes_back_ends_no_chat(self) -> None:
        async with self.alice, self.bob:
            await self.connect()
            self.evil.cut(self.alice.name)
            await self.soon(self.alice.until(lambda: self.alice.snapshot().server_state != "online"))
            await self.chat_goes_on()
            await self.soon(self.alice.until(lambda: self.alice.snapshot().server_state == "online"))
            await self.chat_stands()

    async def test_a_handshake_of_somebody_else_gets_nothing_of_the_chat(self) -> None:
        async with self.alice, self.bob:
            await self.connect()
            before = self.bob._link.suite  # type: ignore[union-attr]
            evil = Lowkey2(self.alice.name, self.bob.name, new_identity(), random=os.urandom, clock=FakeClock())
            self.evil.attack = answer = Answered(evil, self.alice.name)
            self.evil.tell(self.bob.name, joined(self.alice.name), key(self.alice.name, evil.opening()))
            await self.fires(answer)
            self.evil.tell(self.bob.name, *[key(self.alice.name, step) for step in answer.steps])
            await self.settled(self.bob)
            self.assertIn(SENTENCES["stranger"].format(peer=self.alice.name), self.bob.watch.notices)
            self.assertIs(self.bob._link.suite, before)  # type: ignore[union-attr]
            self.assertEqual(self.bob.identity.pin(self.alice.name).identity, self.alice.identity.key.public)  # type: ignore[union-attr]
            await self.chat_stands()

    async def test_a_handshake_in_mid_chat_without_lowkey2_changes_nothing(self) -> None:
        async with self.alice, self.bob:
            await self.connect()
            classic = {"publicKey": b64(os.urandom(32))}
            for session in (self.alice._link._call.session_id or "", "00000000-0000-4000-8000-00000000000f"):  # type: ignore[union-attr]
                self.evil.tell(
                    self.bob.name, joined(self.alice.name, session=session), key(self.alice.name, classic, session)
                )
            await self.chat_stands()
            self.assertNotIn("classic", self.bob.watch.trusts)

    async def test_the_chats_own_handshake_played_again_changes_nothing(self) -> None:
        async with self.alice, self.bob:
            await self.connect()
            for person, other in ((self.alice, self.bob), (self.bob, self.alice)):
                steps = [frame for frame in self.evil.heard(person.name) if frame["type"] == "key:exchange"]
                self.evil.tell(person.name, joined(other.name), *steps, *reversed(steps))
            await self.chat_stands()

    async def test_steps_nobody_waits_for_change_nothing(self) -> None:
        junk = {"v": 2, "hs": b64(bytes(16)), "m": b64(bytes(200))}
        bodies = [
            *({**junk, "step": number} for number in (0, 1, 2, 3, 4, -1, "1", None, True)),
            *({**junk, "step": 1, **change} for change in MALFORMED),
        ]
        async with self.alice, self.bob:
            await self.connect()
            for body in bodies:
                self.evil.tell(self.bob.name, key(self.alice.name, body))
                self.evil.tell(self.bob.name, joined(self.alice.name), key(self.alice.name, body))
            await self.chat_stands()

    async def test_no_more_than_three_handshakes_a_minute_are_answered_unasked(self) -> None:
        async with self.alice, self.bob:
            await self.connect()
            self.evil.captured.clear()
            self.evil.attack = Rewrite(of_type("key:exchange", "error"), lambda _: [])
            for _ in range(20):
                evil = Lowkey2(self.alice.name, self.bob.name, new_identity(), random=os.urandom, clock=FakeClock())
                self.evil.tell(self.bob.name, key(self.alice.name, evil.opening()))
            self.evil.attack = Attack()
            await self.settled(self.bob)
            answers = [frame for frame in self.evil.said(self.bob.name) if frame["type"] == "key:exchange"]
            self.assertEqual(len(answers), 3)
            await self.chat_stands()

    async def test_frames_that_are_no_messages_change_nothing(self) -> None:
        frames = [
            "",
            "null",
            "[]",
            "{",
            "5",
            '"x"',
            '{"type":5}',
            '{"type":"nonsense"}',
            '{"type":"session:joined"}',
            "[" * 60_000,
        ]
        frames += [
            f'{{"type":"key:exchange","sender":"{self.alice.name}","payload":{body}}}'
            for body in ("5", "[]", "null", "[" * 9_000)
        ]
        async with self.alice, self.bob:
            await self.connect()
            self.evil.tell(self.bob.name, *frames)
            await self.chat_stands()
