"""An evil server that says what is not so: sessions, names, sessions' ends, invites that are used."""

from __future__ import annotations

import os
from typing import Any

from chat.peer.primitives import b64
from tests.support.evil import Attack, Frame
from tests.support.evil_case import EvilCase
from tests.support.evil_tampers import Both, Drop, Rewrite, ended, joined, key, of_type, payload, step


class MadeUpTest(EvilCase):
    """The server says what is not so."""

    async def test_a_session_that_nobody_asked_for_makes_nobody_say_anything(self) -> None:
        async with self.alice, self.bob:
            self.evil.behave()
            for initiator in (True, False):
                self.evil.tell(self.alice.name, joined(self.bob.name, initiator=initiator))
            await self.settled(self.alice)
            self.assertEqual(
                {frame["type"] for frame in self.evil.said(self.alice.name)}, {"session:leave"}
            )  # `settled`
            self.assertEqual(self.alice.snapshot().chat_state, "idle")
            await self.assert_nothing_left(self.alice)

    async def test_who_is_answered_for_another_name_than_the_one_dialled_sends_nothing(self) -> None:
        def other(body: dict[str, Any]) -> dict[str, Any]:
            return {**body, "peer": "mallory"}

        self.evil.attack = Rewrite(of_type("session:joined"), payload(other))
        async with self.alice, self.bob:
            self.alice.dial(self.bob.name)
            self.assertEqual(await self.soon(self.alice.ended()), "wrong_peer")
            self.assert_fired(self.evil.attack)
            self.assertEqual([f for f in self.evil.said(self.alice.name) if f["type"] == "key:exchange"], [])
            await self.assert_nothing_left(self.alice, self.bob)

    async def test_a_message_under_another_senders_name_joins_no_handshake(self) -> None:
        for number in (1, 2, 3):
            with self.subTest(step=number):
                self.setUp()
                self.evil.attack = attack = Rewrite(step(number), lambda frame: [{**frame, "sender": "mallory"}])
                async with self.alice, self.bob:
                    self.alice.dial(self.bob.name)
                    if number > 1:
                        await self.soon(self.bob.ringing())
                        self.bob.accept()
                    await self.soon(self.fires(attack))
                    await self.settled(self.alice, self.bob)
                    self.assert_never_secured(self.alice, self.bob)
                    await self.assert_nothing_left(self.bob)

    async def test_a_call_passed_off_as_somebody_elses_cannot_be_answered(self) -> None:
        """The names are in the transcript: who is called as mallory's friend is not bob's."""

        def as_mallory(frame: Frame) -> list[Frame]:
            renamed = {**frame, "sender": "mallory"} if "sender" in frame else frame
            body = frame["payload"]
            return [{**renamed, "payload": {**body, "peer": "mallory"} if "peer" in body else body}]

        swap = Rewrite(
            lambda f: f.get("sender") == self.alice.name or f.get("payload", {}).get("peer") == self.alice.name,
            as_mallory,
        )
        back = Back(self.bob.name, "mallory", self.alice.name)
        self.evil.attack = Both(swap, back)
        async with self.alice, self.bob:
            self.alice.dial(self.bob.name)
            self.assertEqual(await self.soon(self.bob.ringing()), "mallory")
            self.bob.accept()
            self.assertEqual(await self.soon(self.alice.ended()), "bad_handshake")
            await self.soon(self.bob.ended())
            self.assert_fired(self.evil.attack)
            await self.assert_nothing_left(self.alice, self.bob)

    async def test_a_burnt_invite_is_only_burnt_by_a_handshake_that_finished(self) -> None:
        invite = self.bob.identity.new_invite(self.bob.name)
        self.evil.attack = lie = Rewrite(step(1), lambda frame: [])
        async with self.alice, self.bob:
            self.alice.open_invite(invite.link(self.evil.url).partition("#")[2])
            await self.soon(self.fires(lie))
            session = self.evil.heard(self.alice.name)[-1]["payload"]["sessionId"]
            self.evil.tell(self.alice.name, ended("session:declined", session, self.bob.name, "invite_used"))
            self.assertEqual(await self.soon(self.alice.ended()), "invite_used")
            self.assertEqual(self.alice.snapshot().invitation.state, "used")  # type: ignore[union-attr]
            garbage = {"v": 2, "step": 1, "hs": b64(os.urandom(16)), "m": b64(os.urandom(48)), "invite": invite.uuid}
            self.evil.tell(self.bob.name, joined(self.alice.name), key(self.alice.name, garbage))
            await self.soon(self.bob.until(lambda: self.bob._link is not None))
            self.assertEqual(await self.soon(self.bob.ended()), "their_invite_changed")
            await self.assert_nothing_left(self.alice, self.bob)
            self.evil.behave()
            await self.connect()
            self.assertEqual((self.alice.snapshot().trust, self.bob.snapshot().trust), ("verified", "verified"))

    async def test_step_1_replayed_from_an_invited_call_does_not_spend_the_invite_either(self) -> None:
        invite = self.bob.identity.new_invite(self.bob.name)
        self.evil.attack = held = Drop(step(1))
        async with self.alice, self.bob:
            self.alice.open_invite(invite.link(self.evil.url).partition("#")[2])
            await self.soon(self.fires(held))
            self.alice.cancel()
            self.evil.tell(self.bob.name, joined(self.alice.name), held.held[0])
            await self.soon(self.bob.ringing())
            self.bob.accept()  # by an invite, says the page; nobody is there to finish it
            await self.soon(self.bob.ended())
            await self.assert_nothing_left(self.bob)
            self.evil.behave()
            await self.connect()
            self.assertEqual((self.alice.snapshot().trust, self.bob.snapshot().trust), ("verified", "verified"))


class Back(Attack):
    """The other direction of swapped names: what `client` sends to `shown` goes to `real`."""

    def __init__(self, client: str, shown: str, real: str) -> None:
        super().__init__()
        self._client, self._shown, self._real = client, shown, real

    def tamper(self, frame: Frame, client: str, to_server: bool) -> list[Frame]:
        if not to_server or client != self._client or frame.get("target") != self._shown:
            return [frame]
        self.fire()
        return [{**frame, "target": self._real}]
