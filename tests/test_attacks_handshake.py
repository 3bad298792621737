"""An evil server that changes, withholds, repeats and makes up messages of the handshake between two Python peers."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress

from django.test import SimpleTestCase

from chat.peer.errors import KeyRefused, PeerError
from chat.peer.invites import Invite
from chat.peer.lowkey2 import Lowkey2
from chat.peer.primitives import b64, unb64
from tests.support.clock import FakeClock
from tests.support.evil import Frame
from tests.support.evil_case import EvilCase
from tests.support.evil_tampers import Drop, Payload, Rewrite, flipped, joined, key, payload, step, with_fields
from tests.support.handshakes import LOW_ORDER
from tests.support.people import new_identity


class FlippedTest(EvilCase):
    """Through the real server a sample; each byte of each message is tried in `EachByteTest`."""

    async def test_a_changed_message_ends_the_attempt_on_both_sides_and_the_next_call_succeeds(self) -> None:
        for number in (1, 2, 3):
            for place in (0, 0.5, 1):
                with self.subTest(step=number, place=place):
                    self.setUp()
                    self.evil.attack = Rewrite(step(number), flipped(place), times=1)
                    async with self.alice, self.bob:
                        await self.ring()
                        self.bob.accept()
                        await self.soon(self.bob.ended())
                        await self.soon(self.alice.ended())
                        self.assert_fired(self.evil.attack)
                        self.assertIn("bad_handshake", {self.alice._link.reason, self.bob._link.reason})  # type: ignore[union-attr]
                        self.assert_never_secured(self.alice, self.bob)
                        await self.assert_nothing_left(*[self.bob] if number == 3 else [self.alice, self.bob])
                        self.evil.behave()
                        await self.connect()
                        await self.chat_goes_on()

    async def test_another_id_of_the_handshake_is_no_message_of_it(self) -> None:
        self.evil.attack = Rewrite(step(2), with_fields(hs=b64(os.urandom(16))))
        async with self.alice, self.bob:
            await self.ring()
            self.bob.accept()
            await self.fires(self.evil.attack)
            await self.settled(self.alice)
            self.assertEqual(self.alice.snapshot().chat_state, "connecting")
            self.alice.runs_out_of_patience()
            self.assertEqual(await self.soon(self.bob.ended()), "hung_up")
            await self.assert_nothing_left(self.alice, self.bob)


class WithheldTest(EvilCase):
    async def test_without_a_step_nobody_goes_on_and_the_next_call_succeeds(self) -> None:
        for number in (1, 2, 3):
            with self.subTest(step=number):
                self.setUp()
                self.evil.attack = Drop(step(number))
                async with self.alice, self.bob:
                    self.alice.dial(self.bob.name)
                    if number > 1:
                        await self.soon(self.bob.ringing())
                        self.bob.accept()
                    await self.fires(self.evil.attack)
                    await self.settled(self.alice, self.bob)
                    self.assert_never_secured(self.alice, self.bob)
                    await self.assert_nothing_left(*[self.bob] if number == 3 else [self.alice, self.bob])
                    self.alice.runs_out_of_patience()
                    self.assertIn(await self.soon(self.alice.ended()), ("no_answer", "undecided", "no_path"))
                    if number > 1:
                        await self.soon(self.bob.ended())
                    self.evil.behave()
                    await self.connect()
                    await self.chat_goes_on()


class ReplayedTest(EvilCase):
    async def record(self) -> dict[int, Frame]:
        """The steps of a call that is over, as they were relayed."""
        await self.connect()
        self.alice.end()
        await self.soon(self.bob.ended())
        heard = self.evil.heard(self.alice.name) + self.evil.heard(self.bob.name)
        steps = {frame["payload"]["step"]: frame for frame in heard if frame["type"] == "key:exchange"}
        self.evil.captured.clear()
        for person in (self.alice, self.bob):
            person.watch.forget()
        return steps

    async def test_an_old_call_played_to_the_called_one_comes_to_nothing(self) -> None:
        async with self.alice, self.bob:
            old = await self.record()
            self.evil.attack = Rewrite(_is_not_in_session, lambda _: [])
            self.evil.tell(self.bob.name, joined(self.alice.name), old[1])
            await self.soon(self.bob.ringing())
            self.bob.accept()
            self.evil.tell(self.bob.name, old[3])
            self.assertEqual(await self.soon(self.bob.ended()), "bad_handshake")
            await self.assert_nothing_left(self.bob)

    async def test_an_old_answer_played_to_the_caller_comes_to_nothing(self) -> None:
        async with self.alice, self.bob:
            old = await self.record()
            self.evil.attack = Rewrite(step(2), payload(lambda body: {**old[2]["payload"], "hs": body["hs"]}))
            await self.ring()
            self.bob.accept()
            self.assertEqual(await self.soon(self.alice.ended()), "bad_handshake")
            self.assert_fired(self.evil.attack)
            await self.assert_nothing_left(self.alice, self.bob)

    async def test_ones_own_messages_coming_back_come_to_nothing(self) -> None:
        """The server plays each one's own step 1 to them as the other's, as if both had called; and bob's answer to his own,
        since of two calls that cross alice's stands."""
        async with self.alice, self.bob:
            for person, other in ((self.alice, self.bob), (self.bob, self.alice)):
                self.evil.attack = held = Drop(step(1))
                person.dial(other.name)
                await self.fires(held)
                self.evil.tell(person.name, {**held.held[0], "sender": other.name})
                await self.settled(person)
                for frame in self.evil.said(person.name):
                    if frame["type"] == "key:exchange":
                        self.evil.tell(person.name, {**frame, "sender": other.name})
                await self.assert_nothing_left(person)
                with suppress(PeerError):  # it may have ended by itself
                    person.end()


class LowOrderTest(EvilCase):
    """Public keys with which every X25519 result is zero, wherever the server may put one."""

    async def test_in_step_1_the_person_who_accepts_hears_that_the_call_is_over(self) -> None:
        for low in LOW_ORDER[:2]:
            with self.subTest(low.hex()):
                self.setUp()
                self.evil.attack = Rewrite(step(1), with_fields(m=b64(low)))
                async with self.alice, self.bob:
                    self.alice.dial(self.bob.name)
                    await self.soon(self.bob.until(lambda: self.bob._link is not None))
                    if self.bob.snapshot().chat_state == "ringing":
                        self.bob.accept()
                    self.assertEqual(await self.soon(self.bob.ended()), "bad_handshake")
                    await self.soon(self.alice.ended())
                    await self.assert_nothing_left(self.alice, self.bob)

    async def test_in_step_2_the_call_ends(self) -> None:
        self.evil.attack = Rewrite(
            step(2), payload(lambda body: {**body, "m": b64(LOW_ORDER[0] + unb64(body["m"])[32:])})
        )
        async with self.alice, self.bob:
            await self.ring()
            self.bob.accept()
            self.assertEqual(await self.soon(self.alice.ended()), "bad_handshake")
            await self.assert_nothing_left(self.alice, self.bob)

    async def test_in_the_middle_of_a_chat_nothing_happens_at_all(self) -> None:
        async with self.alice, self.bob:
            await self.connect()
            for low in LOW_ORDER[:3]:
                body = {"v": 2, "step": 1, "hs": b64(os.urandom(16)), "m": b64(low)}
                self.evil.tell(self.bob.name, joined(self.alice.name), key(self.alice.name, body))
            await self.settled(self.bob)
            await self.chat_goes_on()
            self.assertEqual(self.bob.snapshot().server_state, "online")

    async def test_as_a_classic_key_the_call_ends(self) -> None:
        for low in LOW_ORDER[:2]:
            with self.subTest(low.hex()):
                self.setUp()
                self.evil.attack = Rewrite(step(1), payload(_classic(low)))
                async with self.alice, self.bob:
                    self.alice.dial(self.bob.name)
                    await self.soon(self.bob.until(lambda: self.bob._link is not None))
                    self.assertEqual(await self.soon(self.bob.ended()), "bad_key")
                    await self.soon(self.alice.ended())
                    await self.assert_nothing_left(self.alice, self.bob)

    async def test_in_the_challenge_for_a_name_the_client_goes_away(self) -> None:
        for low in LOW_ORDER[:2]:
            self.evil.attack = Rewrite(lambda f: f["type"] == "auth:challenge", with_fields(publicKey=b64(low)))
            self.alice.start()
            try:
                await self.soon(self.alice.until(lambda: self.alice.snapshot().server_state == "offline"))
                self.assert_fired(self.evil.attack)
                self.assertEqual([frame["type"] for frame in self.evil.said(self.alice.name)], [])
            finally:
                await self.alice.stop()


def _is_not_in_session(frame: Frame) -> bool:
    """The honest server's word that a call of the evil one's is none."""
    return bool(frame["type"] == "error" and frame["payload"]["code"] == "NOT_IN_SESSION")


def _classic(key_: bytes) -> Callable[[Payload], Payload]:
    return lambda _: {"publicKey": b64(key_)}


class EachByteTest(SimpleTestCase):
    """No single byte of a handshake can be changed, whatever the message, with an invite and without."""

    def pair(self, *, invited: bool) -> tuple[Lowkey2, Lowkey2]:
        clock, bobs = FakeClock(), new_identity()
        invite: Invite | None = bobs.new_invite("bob") if invited else None
        alice = Lowkey2("alice", "bob", new_identity(), random=os.urandom, clock=clock, invite=invite)
        return alice, Lowkey2("bob", "alice", bobs, random=os.urandom, clock=clock)

    def test_a_change_of_any_byte_agrees_on_nothing(self) -> None:
        for invited in (False, True):
            for number in (1, 2, 3):
                length = 32 + 16 * invited if number == 1 else None
                place = 0
                while length is None or place < length:
                    with self.subTest(invited=invited, step=number, place=place):
                        length = self.with_change(invited, number, place)
                    place += 1
                self.assertGreater(place, 31)

    def with_change(self, invited: bool, number: int, place: int) -> int:
        """Run a handshake in which this byte of this message is changed; the length of the message."""
        alice, bob = self.pair(invited=invited)
        sizes: dict[int, int] = {}

        def through(message: dict[str, object]) -> dict[str, object]:
            data = bytearray(unb64(message["m"]))
            sizes[int(str(message["step"]))] = len(data)
            if message["step"] == number:
                data[place] ^= 1 << place % 8
            return {**message, "m": b64(bytes(data))}

        with self.assertRaises(KeyRefused):
            bob.receive_key(through(alice.opening()))
            steps = alice.receive_key(through(bob.answer()[0]))
            self.assertEqual(len(steps), 1)
            bob.receive_key(through(steps[0]))
        self.assertFalse(bob.agreed)
        self.assertFalse(alice.agreed and number != 3)
        self.assertEqual(
            (alice.trust, bob.trust), ("verified" if invited and number == 3 else "unverified", "unverified")
        )
        return sizes[number]
