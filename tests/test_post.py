from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from channels.exceptions import ChannelFull
from channels.layers import InMemoryChannelLayer
from django.test import SimpleTestCase

from signaling.errors import Close
from signaling.post import BATCH_CHARACTERS, GATHERED, LayerPost, LocalPost
from signaling.proof import Line
from signaling.sessions.base import HERE, At


class Socket:
    """What came down a line, and with which code it was ended."""

    def __init__(self) -> None:
        self.frames: list[str] = []
        self.ended: list[int] = []
        self.line = Line(self.take, self.ended.append)

    async def take(self, frame: str) -> None:
        self.frames.append(frame)


class LocalPostTests(SimpleTestCase):
    async def test_a_frame_goes_to_the_newest_line_of_a_name_in_any_case(self) -> None:
        post, older, newer = LocalPost(), Socket(), Socket()
        post.attach("Alice", "c1", older.line)
        post.attach("ALICE", "c2", newer.line)
        self.assertTrue(await post.deliver(At(HERE, "c2"), "alice", "x"))
        self.assertEqual((older.frames, newer.frames), ([], ["x"]))

    async def test_who_is_replaced_is_ended(self) -> None:
        post, older, newer = LocalPost(), Socket(), Socket()
        post.attach("Alice", "c1", older.line)
        post.attach("aLICE", "c2", newer.line)
        self.assertEqual((older.ended, newer.ended), ([Close.REPLACED], []))

    async def test_detaching_an_older_connection_leaves_the_newer(self) -> None:
        post, older, newer = LocalPost(), Socket(), Socket()
        post.attach("Alice", "c1", older.line)
        post.attach("Alice", "c2", newer.line)
        post.detach("Alice", "c1")
        self.assertTrue(await post.deliver(At(HERE, "c2"), "Alice", "x"))
        post.detach("aLICE", "c2")
        self.assertFalse(await post.deliver(At(HERE, "c2"), "Alice", "x"))

    async def test_a_frame_for_whoever_had_the_name_before_is_not_for_who_has_it_now(self) -> None:
        post, newer = LocalPost(), Socket()
        post.attach("Alice", "c2", newer.line)
        self.assertFalse(await post.deliver(At(HERE, "c1"), "Alice", "x"))
        self.assertEqual(newer.frames, [])

    async def test_what_cannot_be_delivered_is_said(self) -> None:
        async def broken(frame: str) -> None:
            raise RuntimeError("a server's own way to say that the socket is gone")

        post = LocalPost()
        self.assertFalse(await post.deliver(At(HERE, "c1"), "Nobody", "x"))
        post.attach("Alice", "c1", Line(broken, lambda code: None))
        self.assertFalse(await post.deliver(At(HERE, "c1"), "Alice", "x"))

    async def test_replacing_ends_that_connection_and_no_newer_one(self) -> None:
        post, alice = LocalPost(), Socket()
        post.attach("Alice", "c2", alice.line)
        await post.replace(At(HERE, "c1"), "Alice")
        await post.replace(At(HERE, "c2"), "Nobody")
        self.assertEqual(alice.ended, [])
        await post.replace(At(HERE, "c2"), "aLICE")
        self.assertEqual(alice.ended, [Close.REPLACED])


class Layer(InMemoryChannelLayer):
    """Channels' own layer; `sent` has each message that went in, and while `held` is set none does."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.sent: list[Mapping[str, Any]] = []
        self.held = asyncio.Event()
        self.held.set()
        self.failure: Exception | None = None

    async def send(self, channel: str, message: Any) -> None:
        await self.held.wait()
        if self.failure is not None:
            raise self.failure
        self.sent.append(message)
        await super().send(channel, message)


class LayerPostTests(SimpleTestCase):
    async def two(self, **options: Any) -> None:
        """Two processes; Bob is at the second one."""
        self.layer, self.bob = Layer(**options), Socket()
        self.here, self.there = LayerPost(self.layer, "here"), LayerPost(self.layer, "there")
        self.there.attach("Bob", "c2", self.bob.line)

    async def test_a_frame_for_somebody_here_does_not_leave_the_process(self) -> None:
        await self.two()
        self.assertTrue(await self.there.deliver(At(self.there.place, "c2"), "bob", "x"))
        self.assertEqual((self.bob.frames, self.layer.sent), (["x"], []))

    async def test_a_frame_for_somebody_elsewhere_takes_one_hop(self) -> None:
        await self.two()
        self.assertTrue(await self.here.deliver(At(self.there.place, "c2"), "bob", "x"))
        self.assertEqual(self.bob.frames, [])
        await self.there.take()
        self.assertEqual((self.bob.frames, len(self.layer.sent)), (["x"], 1))

    async def test_what_comes_while_a_message_is_on_its_way_gathers_for_the_next_in_order(self) -> None:
        await self.two()
        self.layer.held.clear()
        frames = [str(number) for number in range(50)]
        sending = [asyncio.create_task(self.here.deliver(At(self.there.place, "c2"), "bob", frame)) for frame in frames]
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # the first is on its way now
        self.layer.held.set()
        self.assertEqual(await asyncio.gather(*sending), [True] * 50)
        self.assertLess(len(self.layer.sent), 4)
        for _ in self.layer.sent:
            await self.there.take()
        self.assertEqual(self.bob.frames, frames)

    async def test_a_message_holds_no_more_than_its_measure_but_a_frame_of_any_length(self) -> None:
        await self.two()
        frames = ["a" * (BATCH_CHARACTERS + 1), "b" * BATCH_CHARACTERS, "c", "d"]
        await asyncio.gather(*(self.here.deliver(At(self.there.place, "c2"), "bob", frame) for frame in frames))
        sizes = [[len(frame) for _, _, frame in message["items"]] for message in self.layer.sent]
        self.assertEqual(sizes, [[BATCH_CHARACTERS + 1], [BATCH_CHARACTERS], [1, 1]])

    async def test_a_full_inbox_is_said_to_whoever_sends(self) -> None:
        await self.two(capacity=2)
        place = At(self.there.place, "c2")
        with self.assertLogs("signaling.post", "WARNING") as logged:
            delivered = [await self.here.deliver(place, "bob", frame) for frame in "abc"]
        self.assertEqual(delivered, [True, True, False])
        self.assertEqual(logged.output, [f"WARNING:signaling.post:{FAILED} ChannelFull"])
        await self.there.take()
        self.assertTrue(await self.here.deliver(place, "bob", "d"))

    async def test_what_a_broken_layer_does_not_take_is_said_for_each_frame(self) -> None:
        await self.two()
        self.layer.failure = ChannelFull()
        with self.assertLogs("signaling.post", "WARNING"):
            delivered = await asyncio.gather(
                *(self.here.deliver(At(self.there.place, "c2"), "bob", frame) for frame in "abc")
            )
        self.assertEqual(delivered, [False] * 3)

    async def test_a_layer_that_hangs_is_waited_for_only_so_long(self) -> None:
        await self.two()
        self.layer.held.clear()
        impatient = LayerPost(self.layer, "here", patience=0.01)
        with self.assertLogs("signaling.post", "WARNING") as logged:
            self.assertFalse(await impatient.deliver(At(self.there.place, "c2"), "bob", "x"))
        self.assertEqual(logged.output, [f"WARNING:signaling.post:{FAILED} TimeoutError"])

    async def test_only_so_many_frames_wait_for_a_place(self) -> None:
        await self.two()
        place = At(self.there.place, "c2")
        delivered = await asyncio.gather(*(self.here.deliver(place, "bob", "x") for _ in range(GATHERED + 1)))
        self.assertEqual(delivered, [True] * GATHERED + [False])

    async def test_a_place_to_which_nothing_is_on_its_way_is_forgotten(self) -> None:
        await self.two()
        await asyncio.gather(*(self.here.deliver(At(self.there.place, "c2"), "bob", frame) for frame in "abc"))
        self.assertEqual(self.here._outgoing, {})

    async def test_a_connection_that_was_replaced_from_elsewhere_is_ended(self) -> None:
        await self.two()
        await self.here.replace(At(self.there.place, "c1"), "Bob")
        await self.there.take()
        self.assertEqual(self.bob.ended, [])
        await self.here.replace(At(self.there.place, "c2"), "bob")
        await self.there.take()
        self.assertEqual(self.bob.ended, [Close.REPLACED])
        await self.there.replace(At(self.there.place, "c2"), "bob")
        self.assertEqual(self.bob.ended, [Close.REPLACED] * 2)

    async def test_a_process_hears_its_own_probe(self) -> None:
        await self.two()
        self.assertTrue(await self.here.probe())
        await self.here.take()
        self.assertEqual(self.bob.frames, [])

    async def test_a_frame_for_somebody_who_went_is_no_trouble_to_the_others(self) -> None:
        await self.two()
        await asyncio.gather(*(self.here.deliver(At(self.there.place, "c2"), name, "x") for name in ("carol", "bob")))
        await self.there.take()
        self.assertEqual(self.bob.frames, ["x"])

    async def test_an_item_that_cannot_be_read_is_no_trouble_to_the_others(self) -> None:
        await self.two()
        items = [None, ["bob"], ["bob", "c2", "x"], [1, 2, 3], ["bob", "c2", "y"]]
        await self.layer.send(self.there.place, {"type": "lowkey.frames", "items": items})
        await self.layer.send(self.there.place, {"unknown": True})
        with self.assertLogs("signaling.post", "WARNING"):
            await self.there.take()
        await self.there.take()
        self.assertEqual(self.bob.frames, ["x", "y"])


FAILED = "A message to another process failed with"
