"""A chat that lost its path, its server or one of its ends goes on: Python with Python through a real daphne, over real
DataChannels. What was said meanwhile arrives once, and in order."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from chat.peer import Peer
from chat.peer.errors import sentence
from chat.peer.identity import Identity
from tests.support.peers import PeerTestCase, delivered, soon
from tests.support.people import Person, new_identity
from tests.support.server import DaphneServer


async def cut(*peers: Peer) -> None:
    """The connection under each of these is gone at once."""
    transports = [peer._live("no_chat")._line.transport for peer in peers]
    connections = [transport._connection for transport in transports if transport is not None]
    await asyncio.gather(*(connection.close() for connection in connections if connection is not None))


class RestoreTestCase(PeerTestCase):
    def peer(self, who: str, identity: Identity | None = None, **options: Any) -> Person:
        return Person(self.name(who), options.pop("server", self.server.url), identity, **options)

    async def reconnecting(self, *peers: Person) -> None:
        """Each of these has shown that it looks for a path."""
        for peer in peers:
            await soon(peer.until(lambda peer=peer: "reconnecting" in peer.watch.states))  # type: ignore[misc]

    async def back(self, *peers: Peer) -> None:
        await soon(asyncio.gather(*(peer.secured() for peer in peers)))

    def bodies(self, peer: Peer, *, mine: bool) -> list[str]:
        return [message.body for message in peer.snapshot().messages if message.mine is mine]

    async def arrived(self, sender: Peer, reader: Peer, *bodies: str) -> None:
        """The reader has exactly these, in their order, and the sender knows."""
        await delivered(sender, *(message for message in sender.snapshot().messages if message.mine))
        self.assertEqual(self.bodies(reader, mine=False), list(bodies))


class PathTest(RestoreTestCase):
    async def test_a_path_that_is_cut_is_replaced_and_nothing_is_lost(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            await self.secured(alice, bob)
            alice.send("one")
            await cut(alice, bob)
            await self.reconnecting(alice)
            alice.send("two")
            bob.send("three")
            await self.back(alice, bob)
            await self.arrived(alice, bob, "one", "two")
            await self.arrived(bob, alice, "three")
            self.assertIsNone(alice.snapshot().since)

    async def test_a_path_cut_on_one_side_is_replaced(self) -> None:
        for name in ("alice", "bob"):
            async with self.peer(f"alice_{name}") as alice, self.peer(f"bob_{name}") as bob:
                await self.secured(alice, bob)
                await cut(alice if name == "alice" else bob)
                await self.reconnecting(alice, bob)
                await self.back(alice, bob)
                await self.chat_goes_on(alice, bob)

    async def test_it_is_replaced_again_and_again(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            await self.secured(alice, bob)
            for n in range(3):
                alice.send(f"a{n}")
                bob.send(f"b{n}")
                await cut(random.choice((alice, bob)))  # noqa: S311 - it only has to vary
                await self.reconnecting(alice, bob)
                alice.wake()
                await self.back(alice, bob)
            await self.arrived(alice, bob, "a0", "a1", "a2")
            await self.arrived(bob, alice, "b0", "b1", "b2")


class EndTest(RestoreTestCase):
    async def test_a_peer_that_is_started_again_goes_on_with_the_chat_unasked(self) -> None:
        identity = new_identity()
        async with self.peer("alice") as alice:
            bob = self.peer("bob", identity)
            async with bob:
                await self.secured(alice, bob)
                await delivered(alice, await alice.deliver("before"))
                chats = bob.restorable()
                await bob.suspend()
            await self.reconnecting(alice)
            alice.send("meanwhile")
            async with self.peer("bob", identity) as again:
                again.restore(chats)
                await self.back(again, alice)
                await self.arrived(alice, again, "meanwhile")
                await soon(anext(again.messages()))
                await self.chat_goes_on(again, alice)
                self.assertEqual(self.bodies(alice, mine=True), ["before", "meanwhile", f"from {alice.name}"])
                self.assertEqual((alice.watch.notices, again.watch.notices), ([], []))

    async def test_both_are_started_again_at_once(self) -> None:
        alices, bobs = new_identity(), new_identity()
        async with self.peer("alice", alices) as alice, self.peer("bob", bobs) as bob:
            await self.secured(alice, bob)
            chats = alice.restorable(), bob.restorable()
            await asyncio.gather(alice.suspend(), bob.suspend())
        alice, bob = self.peer("alice", alices), self.peer("bob", bobs)
        alice.restore(chats[0])
        bob.restore(chats[1])
        async with alice:
            await asyncio.sleep(random.random())  # noqa: S311 - it only has to vary
            async with bob:
                await self.back(alice, bob)
                await self.chat_goes_on(alice, bob)
                self.assertNotIn("ringing", {*alice.watch.states, *bob.watch.states})

    async def test_they_are_started_again_and_again_one_before_the_other_is_back(self) -> None:
        identities = {who: new_identity() for who in ("alice", "bob")}
        people = {who: self.peer(who, identity) for who, identity in identities.items()}
        for person in people.values():
            await person.__aenter__()
        await self.secured(*people.values())
        order = ["alice", "bob"] * 2
        random.shuffle(order)
        for who in order:
            chats = people[who].restorable()
            await people[who].suspend()
            await people[who].__aexit__(None, None, None)
            people[who] = self.peer(who, identities[who])
            people[who].restore(chats)
            await people[who].__aenter__()
        with self.subTest(order=order):
            await self.back(*people.values())
            await self.chat_goes_on(*people.values())
        for person in people.values():
            await person.__aexit__(None, None, None)

    async def test_another_device_under_the_name_gets_nothing_of_the_chat(self) -> None:
        with DaphneServer() as server:
            async with self.peer("bob", server=server.url) as bob:
                async with self.peer("alice", server=server.url) as alice:
                    await self.secured(alice, bob)
                    chats = alice.restorable()
                    await alice.suspend()
                bob.send("for alice alone")
                server.kill()
                server.start()  # which has forgotten whose the name is
                stranger = new_identity()
                stranger.meet(bob.name, bob.identity.key.public)
                async with self.peer("alice", stranger, server=server.url) as another:
                    another.restore(chats)
                    await soon(bob.heard.wait())
                    self.assertEqual(bob.watch.notices, [sentence("stranger", alice.name)])
                    self.assertEqual((another.snapshot().messages, bob.snapshot().chat_state), ([], "reconnecting"))

    async def test_who_comes_back_and_finds_another_device_is_asked_about_it(self) -> None:
        alices = new_identity()
        with DaphneServer() as server:
            async with (
                self.peer("bob", server=server.url) as bob,
                self.peer("alice", alices, server=server.url) as alice,
            ):
                await self.secured(alice, bob)
                chats = alice.restorable()
                await asyncio.gather(alice.suspend(), bob.suspend())
            server.kill()
            server.start()
            async with (
                self.peer("bob", server=server.url) as another,
                self.peer("alice", alices, server=server.url) as alice,
            ):
                alice.restore(chats)
                await soon(another.ringing())
                another.accept()
                await soon(alice.until(lambda: alice.snapshot().chat_state == "blocked"))
                self.assertEqual((alice.snapshot().trust, alice.watch.gathered), ("changed", False))
                alice.accept_key()
                await self.back(alice, another)

    async def test_who_is_not_there_any_more_is_given_up(self) -> None:
        """The other one is there, and knows of no chat; its person wants no other."""
        alices = new_identity()
        async with self.peer("bob") as bob:
            async with self.peer("alice", alices) as alice:
                await self.secured(alice, bob)
                chats = alice.restorable()
                bob.end()
                await alice.ended()
            async with self.peer("alice", alices) as alice:
                alice.restore(chats)
                await soon(bob.until(lambda: bob.snapshot().incoming is not None))
                bob.decline()
                await soon(alice.heard.wait())
                self.assertEqual(alice.watch.notices, [sentence("not_back", bob.name)])
                self.assertEqual((alice.snapshot().chat_state,), ("ended",))
                await soon(bob.until(lambda: bob.snapshot().incoming is None))

    async def test_who_ended_the_chat_meanwhile_is_not_called_back(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            await self.secured(alice, bob)
            await cut(alice, bob)
            await self.reconnecting(alice, bob)
            bob.end()
            self.assertEqual(await soon(alice.ended()), "left")


class ServerTest(RestoreTestCase):
    async def test_a_chat_without_a_path_waits_for_the_server(self) -> None:
        with DaphneServer() as server:
            async with (
                self.peer("alice", server=server.url) as alice,
                self.peer("bob", server=server.url) as bob,
            ):
                await self.secured(alice, bob)
                server.kill()
                await cut(alice, bob)
                await self.reconnecting(alice, bob)
                alice.send("one")
                bob.send("two")
                server.start()
                await self.back(alice, bob)
                await self.arrived(alice, bob, "one")
                await self.arrived(bob, alice, "two")


class BusyTest(RestoreTestCase):
    async def test_several_chats_stand_side_by_side(self) -> None:
        async with self.peer("alice") as alice, self.peer("bob") as bob, self.peer("carol") as carol:
            await self.secured(alice, bob)
            carol.dial(alice.name)
            await soon(alice.until(lambda: alice.snapshot().incoming is not None))
            self.assertEqual((alice.snapshot().peer, alice.snapshot().chat_state), (bob.name, "secured"))
            alice.accept()
            await self.back(alice, carol)
            self.assertEqual([entry.peer for entry in alice.snapshot().conversations], [carol.name, bob.name])
            alice.send("to bob", to=bob.name)
            alice.send("to carol", to=carol.name)
            await self.arrived(alice, carol, "to carol")
            alice.select(bob.name)
            await self.arrived(alice, bob, "to bob")


class TogetherTest(RestoreTestCase):
    async def test_under_random_cuts_everything_arrives_once_and_in_order(self) -> None:
        chance = random.Random(7)  # noqa: S311 - it only has to vary
        async with self.peer("alice") as alice, self.peer("bob") as bob:
            await self.secured(alice, bob)
            for n in range(6):
                for peer in (alice, bob):
                    peer.send(f"{peer.name} {2 * n}")
                if chance.random() < 0.7:
                    await cut(*chance.choice([(alice,), (bob,), (alice, bob)]))
                await asyncio.sleep(chance.random() / 10)
                for peer in (alice, bob):
                    peer.send(f"{peer.name} {2 * n + 1}")
                    if chance.random() < 0.5:
                        peer.wake()
            await self.back(alice, bob)
            for sender, reader in ((alice, bob), (bob, alice)):
                await self.arrived(sender, reader, *(f"{sender.name} {n}" for n in range(12)))
