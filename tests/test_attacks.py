"""An evil server in the middle, against two Python peers (tests/support/evil.py and mitm.py): who it can deceive, and until
when. What it does with single messages is in the other tests/test_attacks_*.py."""

from __future__ import annotations

import asyncio

from chat.peer.errors import CallEnded
from chat.peer.invites import Invite
from chat.peer.primitives import unb64
from tests.support.evil_case import EvilCase
from tests.support.mitm import Mallory
from tests.support.people import new_identity
from tests.support.secrets import found


class FirstContactTest(EvilCase):
    async def test_a_man_in_the_middle_of_a_first_contact_reads_it_but_neither_side_calls_it_verified(self) -> None:
        async with Mallory(self.evil, self.alice.name, self.bob.name) as mallory, self.alice, self.bob:
            await self.connect()
            sent = self.alice.send("our secret")
            self.assertEqual((await self.soon(anext(self.bob.messages()))).body, "our secret")
            self.assertEqual(mallory.read, [sent.body])  # the control: the attack is a real one
            for person in (self.alice, self.bob):
                self.assertEqual(person.snapshot().trust, "unverified")
            self.assert_not_verified(self.alice, self.bob)

    async def test_the_two_see_that_somebody_is_in_the_middle_when_they_compare(self) -> None:
        async with Mallory(self.evil, self.alice.name, self.bob.name) as mallory, self.alice, self.bob:
            await self.connect()
            alices, bobs = await self.soon(asyncio.gather(self.alice.emoji(), self.bob.emoji()))
            self.assertEqual((len(alices), len(bobs)), (7, 7))
            self.assertNotEqual(alices, bobs)
            self.assertNotEqual(self.alice.safety_number(), self.bob.safety_number())
            self.assertNotEqual(self.alice.qr_text(), self.bob.qr_text())
            mallory.as_called.confirm(True)
            mallory.as_caller.confirm(True)
            await self.soon(self.bob.until(lambda: self.bob.snapshot().verifying.they_matched))  # type: ignore[union-attr]
            self.assert_not_verified(self.alice, self.bob)  # another's word verifies nobody

    async def test_without_anybody_in_the_middle_what_they_compare_is_the_same(self) -> None:
        async with self.alice, self.bob:
            await self.connect()
            alices, bobs = await self.soon(asyncio.gather(self.alice.emoji(), self.bob.emoji()))
            self.assertEqual(alices, bobs)
            self.assertEqual(self.alice.safety_number(), self.bob.safety_number())


class PinnedTest(EvilCase):
    async def test_the_caller_who_knows_the_device_sends_nothing_to_another_one(self) -> None:
        self.alice.knows(self.bob, verified=True)
        async with Mallory(self.evil, self.alice.name, self.bob.name), self.alice, self.bob:
            self.alice.dial(self.bob.name)
            with self.assertRaises(CallEnded) as caught:
                await self.soon(self.alice.secured())
            self.assertEqual(caught.exception.reason, "key_changed")
            shown = self.alice.snapshot()
            self.assertEqual((shown.chat_state, shown.trust), ("blocked", "changed"))
            self.assertIsNotNone(shown.changed)
            await self.assert_nothing_left(self.alice)
            self.alice.refuse_key()
            await self.assert_nothing_left(self.alice)
            pin = self.alice.identity.pin(self.bob.name)
            self.assertEqual((pin and pin.identity, pin and pin.verified), (self.bob.identity.key.public, True))

    async def test_the_called_one_who_knows_the_device_sends_nothing_to_another_one(self) -> None:
        self.bob.knows(self.alice, verified=True)
        async with Mallory(self.evil, self.alice.name, self.bob.name) as mallory, self.alice, self.bob:
            await self.ring()
            self.bob.accept()
            await self.soon(self.bob.until(lambda: self.bob.snapshot().chat_state == "blocked"))
            await self.soon(mallory.as_caller.until(lambda: mallory.as_caller._link._call.state == "connecting"))  # type: ignore[union-attr]
            self.assertEqual(self.bob.snapshot().trust, "changed")
            await self.assert_nothing_left(self.bob)
            self.bob.refuse_key()
            self.assertEqual(await self.soon(mallory.as_caller.ended()), "hung_up")
            await self.assert_nothing_left(self.bob)

    async def test_two_who_know_each_other_meet_again_as_if_nobody_listened(self) -> None:
        self.alice.knows(self.bob, verified=True)
        self.bob.knows(self.alice)
        async with self.alice, self.bob:
            await self.connect()
            self.assertEqual((self.alice.snapshot().trust, self.bob.snapshot().trust), ("verified", "unverified"))
            await self.chat_goes_on()

    async def test_who_goes_on_with_the_other_device_is_not_verified_any_more(self) -> None:
        self.alice.knows(self.bob, verified=True)
        async with Mallory(self.evil, self.alice.name, self.bob.name), self.alice, self.bob:
            self.alice.dial(self.bob.name)
            await self.soon(self.alice.until(lambda: self.alice.snapshot().chat_state == "blocked"))
            self.alice.accept_key()
            await self.soon(self.alice.secured())
            self.assertEqual(self.alice.snapshot().trust, "unverified")
            self.assert_not_verified(self.alice)


class InvitedTest(EvilCase):
    def setUp(self) -> None:
        super().setUp()
        self.invite = self.bob.identity.new_invite(self.bob.name)

    async def test_who_knows_nothing_of_the_invite_gets_nothing_and_the_invite_stays_good(self) -> None:
        async with Mallory(self.evil, self.alice.name, self.bob.name), self.alice:
            self.alice.open_invite(self.invite.link(self.evil.url).partition("#")[2])
            self.assertEqual(await self.soon(self.alice.ended()), "invite_unknown")
            await self.assert_nothing_left(self.alice)
            self.assertIsNotNone(self.alice.identity.opened_invite(self.bob.name))

    async def test_who_guesses_the_secret_gets_nothing_from_either_side(self) -> None:
        guess = Invite(self.invite.name, self.invite.uuid, bytes(32))
        evil = new_identity()
        evil._storage.change(
            "made", guess.uuid, lambda _: {"name": guess.name, "at": 2**52, "used": False, "secret": "A" * 43 + "="}
        )
        evil.keep_opened(guess)
        async with Mallory(self.evil, self.alice.name, self.bob.name, evil) as mallory, self.alice, self.bob:
            self.alice.open_invite(self.invite.link(self.evil.url).partition("#")[2])
            mallory.as_caller.dial(self.bob.name)
            reasons = await self.soon(asyncio.gather(self.alice.ended(), self.bob_ended()))
            self.assertEqual(reasons, ["invite_unknown", "their_invite_changed"])
            self.assertEqual(await self.soon(mallory.as_called.ended()), "their_invite_changed")
            await self.assert_nothing_left(self.alice, self.bob)
            self.assertEqual(self.bob.identity.made_invite(self.invite.uuid, self.bob.name), self.invite)
            self.assertIsNone(self.bob.identity.pin(self.alice.name))

    async def bob_ended(self) -> str:
        await self.bob.until(lambda: self.bob._link is not None)
        return await self.bob.ended()


class CaptureTest(EvilCase):
    async def test_what_passes_between_honest_people_tells_nothing_but_names(self) -> None:
        self.alice.knows(self.bob)
        invite = self.bob.identity.new_invite(self.bob.name)
        async with self.alice, self.bob:
            self.alice.open_invite(invite.link(self.evil.url).partition("#")[2])
            await self.soon(self.bob.ringing())
            self.bob.accept()
            await self.soon(asyncio.gather(self.alice.secured(), self.bob.secured()))
            self.assertEqual((self.alice.snapshot().trust, self.bob.snapshot().trust), ("verified", "verified"))
            await self.chat_goes_on()
            await self.soon(asyncio.gather(self.alice.emoji(), self.bob.emoji()))
            secrets = {"text": [b"from alice_", b"from bob_"], "invite": [invite.secret, invite.psk]}
            for person in (self.alice, self.bob):
                secrets |= self.secrets_of(person)
            self.alice.end()
            await self.soon(self.bob.ended())
        frames = [passed.frame for passed in self.evil.captured]
        self.assertEqual(found(secrets, frames), [])
        types = {frame["type"] for frame in frames}
        self.assertLessEqual({"key:exchange", "signal:offer", "signal:answer", "session:joined"}, types)
        for frame in frames:
            if frame["type"].startswith("signal:"):
                self.assertEqual(list(frame["payload"]), ["box"])
                self.assertEqual(len(unb64(frame["payload"]["box"])) % 1024, 40)

    async def test_the_search_would_find_what_is_there(self) -> None:
        async with self.alice, self.bob:
            await self.connect()
            secrets = self.secrets_of(self.alice)
        for form in ("b64", "hex", "deep"):
            with self.subTest(form):
                frames = [
                    {"type": form, "payload": {"x": _told(form, one)}} for each in secrets.values() for one in each
                ]
                self.assertEqual(found(secrets, frames), list(secrets))

    def secrets_of(self, person: object) -> dict[str, list[bytes]]:
        """Keys, addresses and what is in an SDP, of somebody whose chat is open."""
        assert person in (self.alice, self.bob)
        who = self.alice if person is self.alice else self.bob
        keys = {place: [unb64(record["private"])] for place, record in who.identity._storage.table("keys").items()}
        link = who._link
        assert link is not None
        assert link._line.transport is not None
        sdp = link._line.transport._made().localDescription.sdp
        lines = [line.removeprefix("a=") for line in sdp.splitlines()]
        candidates = [line.split() for line in lines if line.startswith("candidate:")]
        secret = [line.partition(":")[2] for line in lines if line.startswith(("fingerprint", "ice-ufrag", "ice-pwd"))]
        self.assertTrue(candidates)
        self.assertGreaterEqual(len(secret), 3)
        return {
            **{f"{who.name} {place}": key for place, key in keys.items()},
            f"{who.name} IK": [who.identity.key.public],
            f"{who.name} candidates": [f" {fields[4]} {fields[5]} ".encode() for fields in candidates],
            f"{who.name} lines": [line.encode() for line in lines if line.startswith("candidate:")],
            f"{who.name} sdp": [value.encode() for value in secret if len(value) > 8],
        }


def _told(form: str, secret: bytes) -> str:
    import base64

    if form == "hex":
        return secret.hex(":").upper()
    data = secret if form == "b64" else b"12345" + secret + b"6789"
    return base64.b64encode(data).decode()
