"""chat/peer/peer.py: who the other one is. Comparing, invites, other devices and classic peers, through a real daphne."""

from __future__ import annotations

import asyncio
import os
import time

from django.test import SimpleTestCase

from chat.peer import CallEnded, Peer, PeerError
from chat.peer.errors import sentence
from chat.peer.identity import Identity, MemoryStorage
from chat.peer.kept_invites import LIFETIME_MS
from chat.peer.lowkey2 import Lowkey2
from chat.peer.snapshot import Invited
from tests.support.devices import agreed
from tests.support.peers import Notes, PeerTestCase, delivered, soon
from tests.support.people import new_identity, now_ms
from tests.support.server import DaphneServer


def fragment(invited: Invited) -> str:
    return invited.link.partition("#")[2]


def trusts(*peers: Peer) -> list[str | None]:
    return [peer.snapshot().trust for peer in peers]


class ComparingTest(PeerTestCase):
    async def test_two_who_see_the_same_emoji_verify_each_other_and_stay_so(self) -> None:
        devices = new_identity(), new_identity()
        async with self.peer("alice", devices[0]) as alice, self.peer("bob", devices[1]) as bob:
            await self.secured(alice, bob)
            seen = await soon(asyncio.gather(bob.emoji(), alice.emoji()))
            self.assertEqual((len(seen[0]), seen[0]), (7, seen[1]))
            alice.confirm(True)
            bob.confirm(True)
            self.assertEqual(trusts(alice, bob), ["verified", "verified"])
            self.assertEqual(alice.snapshot().chat_sentence, f"Connected to {bob.name}. Encrypted and verified.")
            alice.end()
            await soon(bob.ended())
            await self.secured(bob, alice)
            self.assertEqual(trusts(alice, bob), ["verified", "verified"])

    async def test_one_who_begins_brings_the_other_to_compare_and_each_speaks_for_themselves(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            await self.secured(alice, bob)
            emoji = await soon(alice.emoji())
            verifying = bob.snapshot().verifying
            assert verifying is not None
            await soon(bob.until(lambda: verifying.state == "compare"))
            self.assertEqual(verifying.emoji, emoji)
            alice.confirm(True)
            await soon(bob.until(lambda: verifying.they_matched))
            self.assertEqual(trusts(alice, bob), ["verified", "unverified"])

    async def test_a_mismatch_of_one_takes_the_mark_from_the_other(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            await self.secured(alice, bob)
            await soon(asyncio.gather(alice.emoji(), bob.emoji()))
            alice.confirm(True)
            bob.confirm(False)
            await soon(alice.until(lambda: alice.snapshot().trust == "unverified"))
            verifying = alice.snapshot().verifying
            assert verifying is not None
            self.assertEqual((verifying.state, trusts(alice, bob)), ("they_mismatched", ["unverified", "unverified"]))
            for peer in (alice, bob):
                self.assertTrue(peer.snapshot().conversations[0].doubted)
            await self.chat_goes_on(alice, bob)

    async def test_safety_numbers_are_the_same_on_both_sides_and_do_as_well(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            await self.secured(alice, bob)
            number = alice.safety_number()
            self.assertRegex(number, r"^\d{60}$")
            self.assertEqual((bob.safety_number(), bob.qr_text()), (number, f"lowkey2:{number}"))
            alice.confirm(True)
            self.assertEqual(trusts(alice), ["verified"])


class InvitesTest(PeerTestCase):
    async def test_an_invite_ends_verified_on_both_sides_without_comparing(self) -> None:
        async with self.peer("bob") as bob:
            invited = bob.create_invite()
            self.assertTrue(invited.link.startswith(f"{self.server.url}/chat#invite={bob.name}."))
            self.assertAlmostEqual(invited.expires / 1000, time.time() + LIFETIME_MS / 1000, delta=60)
            alice = self.peer("alice")
            alice.open_invite(fragment(invited))
            self.assertEqual(self.state(alice), "waiting")
            async with alice:
                self.assertEqual(await soon(bob.ringing()), alice.name)
                self.assertTrue(bob.snapshot().invited)
                bob.accept()
                await soon(asyncio.gather(alice.secured(), bob.secured()))
                self.assertEqual((trusts(alice, bob), self.state(alice)), (["verified", "verified"], "done"))
                await self.chat_goes_on(alice, bob)
                alice.dismiss_invite()
                self.assertIsNone(alice.snapshot().invitation)
            async with self.peer("carol") as carol:
                self.assertEqual(await self.refused(carol, fragment(invited)), ("used", "invite_used"))
                self.assertEqual(bob.snapshot().chat_sentence, sentence("their_invite_used", carol.name))

    async def test_one_that_is_too_old_says_so(self) -> None:
        late = Identity.open(MemoryStorage(), os.urandom, lambda: now_ms() - LIFETIME_MS)
        invite = late.new_invite(self.name("bob"))
        device = Identity.open(late._storage, os.urandom, now_ms)
        async with self.peer("bob", device), self.peer("alice") as alice:
            said = await self.refused(alice, f"invite={invite.link('').partition('=')[2]}")
            self.assertEqual(said, ("expired", "invite_expired"))

    async def test_one_of_another_device_is_unknown(self) -> None:
        invite = new_identity().new_invite(self.name("bob"))
        async with self.peer("bob"), self.peer("alice") as alice:
            said = await self.refused(alice, invite.link("").partition("#")[2])
            self.assertEqual(said, ("unknown", "invite_unknown"))

    async def test_ones_own_and_a_damaged_one_call_nobody(self) -> None:
        async with self.peer("bob") as bob:
            whole = fragment(bob.create_invite())
            for link, state in ((whole, "own"), (whole[:-1], "damaged"), ("", "damaged")):
                bob.open_invite(link)
                self.assertEqual((self.state(bob), bob.snapshot().chat_state), (state, "idle"))

    async def test_one_whose_maker_is_not_there_stays_good(self) -> None:
        maker, opener = new_identity(), new_identity()
        link = f"invite={maker.new_invite(self.name('bob')).link('').partition('=')[2]}"
        async with self.peer("alice", opener) as alice:
            self.assertEqual(await self.refused(alice, link), ("offline", "inviter_offline"))
            async with self.peer("bob", maker) as bob:
                await self.secured(alice, bob)
                self.assertEqual(trusts(alice, bob), ["verified", "verified"])

    async def test_an_invite_whose_link_was_changed_is_refused_and_both_learn_it_and_it_stays_good(self) -> None:
        async with self.peer("alice") as alice, self.peer("carol") as carol, self.peer("bob") as bob:
            good = fragment(bob.create_invite())
            changed = good[:-2] + ("A" if good[-2] != "A" else "B") + good[-1]
            self.assertEqual(await self.refused(alice, changed), ("unknown", "invite_unknown"))
            self.assertEqual(bob.snapshot().chat_sentence, sentence("their_invite_changed", alice.name))
            carol.open_invite(good)
            await soon(bob.ringing())
            self.assertTrue(bob.snapshot().invited)

    async def test_an_invite_opened_during_a_call_waits_for_its_end(self) -> None:
        async with self.peer("alice") as alice, self.peer("carol") as carol, self.peer("bob") as bob:
            await self.ring(alice, bob)
            alice.open_invite(fragment(carol.create_invite()))
            invitation = alice.snapshot().invitation
            assert invitation is not None
            self.assertEqual(invitation.state, "waiting")
            self.assertIn("when this chat is over.", invitation.sentence)
            alice.end()
            self.assertEqual(await soon(carol.ringing()), alice.name)

    async def test_two_who_call_each_other_one_under_an_invite_end_verified(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            await self.ring(bob, alice)
            alice.open_invite(fragment(bob.create_invite()))
            alice.dial(bob.name)
            await soon(asyncio.gather(alice.secured(), bob.secured()))
            self.assertEqual(trusts(alice, bob), ["verified", "verified"])
            await self.chat_goes_on(alice, bob)

    def state(self, peer: Peer) -> str | None:
        invitation = peer.snapshot().invitation
        return invitation.state if invitation else None

    async def refused(self, peer: Peer, link: str) -> tuple[str | None, str]:
        """What becomes of the invite, and of the call under it."""
        peer.open_invite(link)
        reason = await soon(peer.ended())
        return self.state(peer), reason


class OtherDeviceTest(PeerTestCase):
    async def test_a_caller_is_asked_and_nothing_goes_on_before_they_accept(self) -> None:
        device = self.alice_who_knows_another_bob()
        async with self.peer("alice", device) as alice, self.peer("bob") as bob:
            await self.ring(alice, bob)
            bob.accept()
            with self.assertRaises(CallEnded) as caught:
                await soon(alice.secured())
            self.assertEqual(caught.exception.reason, "key_changed")
            shown = alice.snapshot()
            assert shown.changed is not None
            self.assertEqual((shown.chat_state, shown.trust, shown.changed.verified), ("blocked", "changed", True))
            alice.accept_key()
            await soon(asyncio.gather(alice.secured(), bob.secured()))
            self.assertEqual(trusts(alice, bob), ["unverified", "unverified"])
            self.assertEqual([pin.verified for pin in device.pins(bob.name)], [True, False])
            await self.chat_goes_on(alice, bob)

    async def test_a_caller_who_refuses_has_sent_it_nothing(self) -> None:
        device = self.alice_who_knows_another_bob()
        async with self.peer("alice", device) as alice, self.peer("bob") as bob:
            await self.ring(alice, bob)
            bob.accept()
            await soon(alice.until(lambda: alice.snapshot().chat_state == "blocked"))
            alice.refuse_key()
            self.assertEqual((await soon(alice.ended()), await soon(bob.ended())), ("you_refused_key", "hung_up"))
            self.assertEqual([pin.verified for pin in device.pins(bob.name)], [True])

    async def test_the_called_one_is_asked_too_and_may_accept(self) -> None:
        device = self.alice_who_knows_another_bob()
        async with self.peer("alice", device) as alice, self.peer("bob") as bob:
            await self.ring(bob, alice)
            self.assertTrue(alice.snapshot().known)
            alice.accept()
            await soon(alice.until(lambda: alice.snapshot().chat_state == "blocked"))
            alice.accept_key()
            await soon(asyncio.gather(alice.secured(), bob.secured()))
            await self.chat_goes_on(alice, bob)

    async def test_the_called_one_may_refuse(self) -> None:
        device = self.alice_who_knows_another_bob()
        async with self.peer("alice", device) as alice, self.peer("bob") as bob:
            await self.ring(bob, alice)
            alice.accept()
            await soon(alice.until(lambda: alice.snapshot().chat_state == "blocked"))
            alice.refuse_key()
            self.assertEqual((await soon(alice.ended()), await soon(bob.ended())), ("you_refused_key", "hung_up"))

    async def test_accepted_when_the_other_one_has_gone_the_next_call_goes_through(self) -> None:
        device = self.alice_who_knows_another_bob()
        async with self.peer("alice", device) as alice, self.peer("bob") as bob:
            await self.ring(bob, alice)
            alice.accept()
            await soon(alice.until(lambda: alice.snapshot().chat_state == "blocked"))
            bob.end()
            await soon(bob.ended())
            assert alice._link is not None
            link = alice._link
            await soon(alice.until(lambda: link._call.state == "asked"))
            alice.accept_key()
            self.assertEqual(await soon(alice.ended()), "key_accepted")
            await self.secured(alice, bob)

    def alice_who_knows_another_bob(self) -> Identity:
        device, another = new_identity(), new_identity().key.public
        device.meet(self.name("bob"), another)
        device.set_verified(self.name("bob"), another, True)
        return device


class SecondLifeTest(SimpleTestCase):
    async def test_who_begins_anew_under_the_same_name_is_another_device(self) -> None:
        """The server, which holds names for a while, has begun anew too."""
        device = new_identity()
        for expected in ("secured", "blocked"):
            with DaphneServer() as server:
                first = Peer("alice", server.url, device)
                async with first as alice, Peer("bob", server.url, new_identity()) as bob:
                    alice.dial("bob")
                    await soon(bob.ringing())
                    bob.accept()
                    await soon(alice.until(lambda: alice.snapshot().chat_state in ("secured", "blocked")))
                    self.assertEqual(alice.snapshot().chat_state, expected)


class ClassicTest(PeerTestCase):
    async def test_who_allows_it_chats_with_a_classic_peer_whoever_calls(self) -> None:
        for phone_calls in (True, False):
            async with self.phone(f"phone{phone_calls}"[:8]) as phone, self.allowing(phone_calls) as alice:
                caller, called = (phone, alice) if phone_calls else (alice, phone)
                await self.secured(caller, called)
                self.assertEqual((trusts(alice), alice.snapshot().verifying is not None), (["classic"], True))
                expected = f"Connected to {phone.name}. Encrypted, but the server could read it."
                self.assertEqual(alice.snapshot().chat_sentence, expected)
                for sender, reader in ((alice, phone), (phone, alice)):
                    await sender.deliver("hello")
                    self.assertEqual((await soon(anext(reader.messages()))).body, "hello")
                for compared in (alice.verify, alice.safety_number, lambda: alice.confirm(True)):
                    with self.assertRaises(PeerError) as caught:
                        compared()
                    self.assertEqual(caught.exception.reason, "not_verifiable")

    async def test_who_does_not_allow_it_sends_a_classic_peer_nothing(self) -> None:
        async with self.phone("phone") as phone, self.peer("alice") as alice:
            await self.ring(phone, alice)
            alice.accept()
            self.assertEqual(await soon(alice.ended()), "you_refused_classic")
            self.assertEqual(await soon(phone.ended()), "no_answer")
            await self.ring(alice, phone)
            phone.accept()
            self.assertEqual(await soon(alice.ended()), "you_refused_classic")
            await soon(phone.ended())

    async def test_who_is_known_by_a_key_is_never_classic_though_it_is_allowed(self) -> None:
        device = new_identity()
        device.meet(self.name("phone"), new_identity().key.public)
        async with self.phone("phone") as phone, self.peer("alice", device, allow_classic=True) as alice:
            await self.ring(alice, phone)
            phone.accept()
            self.assertEqual(await soon(alice.ended()), "classic_refused")
            await soon(phone.ended())
            phone.dial(alice.name)
            await soon(phone.ended())
            self.assertEqual(alice.snapshot().chat_sentence, sentence("classic_refused", phone.name))

    def allowing(self, phone_calls: bool) -> Peer:
        return self.peer(f"alice{phone_calls}"[:8], allow_classic=True)


class NewKeysTest(PeerTestCase):
    async def test_two_who_lost_each_others_keys_agree_on_new_ones_and_lose_nothing(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            await self.lose_keys(alice, bob)

    async def test_a_caller_who_lost_the_keys_too(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            await self.lose_keys(bob, alice)

    async def lose_keys(self, alice: Peer, bob: Peer) -> None:
        """bob's ratchet is another one from now on."""
        await self.secured(alice, bob)
        await self.chat_goes_on(alice, bob)
        alice.confirm(True)
        link = bob._live("no_chat")
        lost = link.suite
        assert isinstance(lost, Lowkey2)
        lost._ratchet = agreed().alice._ratchet
        sent = [alice.send(f"{number}") for number in range(5)]
        answers = [bob.send("while the keys were lost")]
        await delivered(alice, *sent)
        await delivered(bob, *answers)
        self.assertIsNot(link.suite, lost)
        self.assertEqual([m.body for m in bob.snapshot().messages if not m.mine][1:], [m.body for m in sent])
        self.assertEqual([m.body for m in alice.snapshot().messages if not m.mine][1:], [m.body for m in answers])
        self.assertEqual(trusts(alice, bob), ["verified", "unverified"])
        self.assertEqual((alice.snapshot().chat_state, bob.snapshot().chat_state), ("secured", "secured"))

    async def test_one_who_crashed_calls_again_and_the_chat_goes_on_unasked(self) -> None:
        device, notes = new_identity(), Notes()
        async with self.peer("alice", listener=notes) as alice, self.peer("bob", device) as before:
            await self.secured(alice, before)
            await self.chat_goes_on(alice, before)
            alice.confirm(True)
            before._live("no_chat").received = lambda frame: None  # type: ignore[method-assign]
            waiting = alice.send("never acknowledged")
            async with self.peer("bob", device) as bob:
                await soon(bob.call(alice.name))
                self.assertEqual((await soon(anext(bob.messages()))).body, waiting.body)
                await delivered(alice, waiting)
                await self.chat_goes_on(alice, bob)
                self.assertEqual((trusts(alice), notes.notices), (["verified"], []))
                bodies = [message.body for message in alice.snapshot().messages]
                self.assertEqual(bodies.count(waiting.body), 1)
                self.assertEqual(len(bodies), 5)


class LaterSessionTest(NewKeysTest):
    """The session of the call is long over when new keys are needed."""

    server_env = {"SESSION_TTL": "1s"}  # noqa: RUF012

    async def secured(self, alice: Peer, bob: Peer) -> None:
        await super().secured(alice, bob)
        await asyncio.sleep(1.1)
