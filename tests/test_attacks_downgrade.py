"""An evil server that makes lowkey/2 look like the original app, or an invited call like an uninvited one: nothing is sent unless
the person accepts the warning, and where somebody is known or invited there is nothing to accept."""

from __future__ import annotations

import os

from chat.peer.primitives import b64
from tests.support.evil import Attack
from tests.support.evil_case import EvilCase
from tests.support.evil_tampers import Rewrite, Strip, payload, step, with_fields, without
from tests.support.mitm import Mallory
from tests.support.people import Person


class StrippedTest(EvilCase):
    """The server makes lowkey/2 look like the original app."""

    def strip(self) -> Attack:
        self.evil.attack = attack = Strip()
        return attack

    async def test_a_called_one_who_does_not_accept_the_warning_sends_nothing(self) -> None:
        attack = self.strip()
        async with self.alice, self.bob:
            await self.ring()
            self.bob.accept()  # the warning follows, and awaiting.Peer refuses it
            self.assertEqual(await self.soon(self.bob.ended()), "you_refused_classic")
            await self.soon(self.alice.ended())
            self.assert_fired(attack)
            self.assertEqual([f for f in self.evil.said(self.bob.name) if f["type"] == "key:exchange"], [])
            await self.assert_nothing_left(self.alice, self.bob)

    async def test_a_caller_who_does_not_accept_the_warning_sends_nothing_but_its_first_key(self) -> None:
        attack = self.strip()
        self.bob = Person(self.bob.name, self.evil.url, self.bob.identity, allow_classic=True)
        async with self.alice, self.bob:
            await self.ring()
            self.bob.accept()
            self.assertEqual(await self.soon(self.alice.ended()), "you_refused_classic")
            self.assert_fired(attack)
            await self.assert_nothing_left(self.alice)

    async def test_nobody_whose_device_is_known_is_even_asked(self) -> None:
        for knows, known in ((self.alice, self.bob), (self.bob, self.alice)):
            knows.knows(known)
        attack = self.strip()
        async with self.alice, self.bob:
            self.alice.dial(self.bob.name)
            await self.soon(self.bob.until(lambda: self.bob._link is not None))
            self.assertEqual(await self.soon(self.bob.ended()), "classic_refused")
            await self.soon(self.alice.ended())
            self.assert_fired(attack)
            await self.assert_nothing_left(self.alice, self.bob)

    async def test_a_caller_who_knows_the_device_refuses_a_classic_answer(self) -> None:
        self.alice.knows(self.bob)
        self.evil.attack = Rewrite(step(2), payload(lambda _: {"publicKey": b64(os.urandom(32))}))
        async with self.alice, self.bob:
            await self.ring()
            self.bob.accept()
            self.assertEqual(await self.soon(self.alice.ended()), "classic_refused")
            self.assert_fired(self.evil.attack)
            await self.assert_nothing_left(self.alice, self.bob)

    async def test_under_an_invite_a_classic_answer_is_refused(self) -> None:
        invite = self.bob.identity.new_invite(self.bob.name)
        self.evil.attack = Rewrite(step(2), payload(lambda _: {"publicKey": b64(os.urandom(32))}))
        async with self.alice, self.bob:
            self.alice.open_invite(invite.link(self.evil.url).partition("#")[2])
            await self.soon(self.bob.ringing())
            self.bob.accept()
            self.assertEqual(await self.soon(self.alice.ended()), "classic_refused")
            self.assert_fired(self.evil.attack)
            await self.assert_nothing_left(self.alice, self.bob)

    async def test_the_handshake_fails_when_the_invite_is_taken_out(self) -> None:
        invite = self.bob.identity.new_invite(self.bob.name)
        self.evil.attack = Rewrite(step(1), without("invite"))
        async with self.alice, self.bob:
            self.alice.open_invite(invite.link(self.evil.url).partition("#")[2])
            await self.soon(self.alice.ended())
            self.assertEqual(await self.soon(self.bob.ended()), "bad_handshake")
            self.assert_fired(self.evil.attack)
            await self.assert_nothing_left(self.alice, self.bob)
            self.assertIsNotNone(self.alice.identity.opened_invite(self.bob.name))

    async def test_another_version_than_the_one_there_is_ends_the_attempt(self) -> None:
        for version in (1, 3, "2", None, True):
            with self.subTest(version=version):
                self.setUp()
                self.evil.attack = Rewrite(step(2), with_fields(v=version))
                async with self.alice, self.bob:
                    await self.ring()
                    self.bob.accept()
                    self.assertEqual(await self.soon(self.alice.ended()), "version")
                    self.assert_fired(self.evil.attack)
                    await self.assert_nothing_left(self.alice, self.bob)


class ControlTest(EvilCase):
    async def test_in_a_classic_chat_keys_and_fingerprints_can_be_swapped_and_the_person_was_warned_of_that(
        self,
    ) -> None:
        """The control: the same server reads a chat for which both said that they would go on though it could."""
        self.evil.attack = attack = Strip()
        self.alice = Person(self.alice.name, self.evil.url, allow_classic=True)
        self.bob = Person(self.bob.name, self.evil.url, allow_classic=True)
        async with (
            Mallory(self.evil, self.alice.name, self.bob.name, allow_classic=True) as mallory,
            self.alice,
            self.bob,
        ):
            await self.connect()
            self.alice.send("for bob alone")
            self.assertEqual((await self.soon(anext(self.bob.messages()))).body, "for bob alone")
            self.assertEqual(mallory.read, ["for bob alone"])
            self.assert_fired(attack)
            fingerprints = [
                next(line for line in frame["payload"]["sdp"].splitlines() if line.startswith("a=fingerprint:"))
                for frame in [*self.evil.said(self.alice.name), *self.evil.heard(self.bob.name)]
                if frame["type"] == "signal:offer"
            ]
            self.assertEqual(len(set(fingerprints)), 2)
            for person in (self.alice, self.bob):
                self.assertTrue(person.watch.warned)
                self.assertEqual(person.snapshot().trust, "classic")
                self.assertIn("the server could read it", person.snapshot().chat_sentence)
                self.assertNotIn("verified", person.watch.trusts)
