"""signaling/turns.py, and what servers read in turns (signaling/servers/reading.py)."""

from __future__ import annotations

import asyncio

from django.test import SimpleTestCase

from signaling.servers.reading import AT_ONCE_BYTES, FRAMES_IN_A_TURN, SLICE_BYTES, Sliced
from signaling.turns import Turns

PATIENCE = 10.0


class TurnsTest(SimpleTestCase):
    def setUp(self) -> None:
        self.turns = Turns()
        self.called: list[int] = []

    async def test_there_is_one_in_a_round_of_the_event_loop(self) -> None:
        for number in range(3):
            self.turns.take(lambda number=number: self.called.append(number))  # type: ignore[misc]
        for rounds in range(4):
            self.assertEqual(self.called, list(range(rounds)))
            await asyncio.sleep(0)

    async def test_one_that_fails_holds_up_nobody(self) -> None:
        failed = asyncio.Event()
        asyncio.get_running_loop().set_exception_handler(lambda *_: failed.set())
        self.turns.take(lambda: 1 / 0)
        await asyncio.wait_for(self.turns.mine(), PATIENCE)
        self.assertTrue(failed.is_set())

    async def test_who_gives_up_holds_up_nobody(self) -> None:
        waiting = [asyncio.create_task(self.turns.mine()) for _ in range(2)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.wait_for(waiting[1], PATIENCE)

    def test_who_waited_in_a_loop_that_is_no_more_holds_up_nobody(self) -> None:
        loop = asyncio.new_event_loop()
        loop.call_soon(lambda: self.turns.take(lambda: self.called.append(1)))
        loop.call_soon(loop.stop)
        loop.run_forever()
        loop.close()
        self.assertEqual(self.called, [])
        asyncio.run(asyncio.wait_for(self.turns.mine(), PATIENCE))


class Socket(Sliced):
    """Notes what it is told to do."""

    def __init__(self) -> None:
        self.done: list[str | int] = []
        self.full = self.over = self.deaf = False

    @property
    def is_full(self) -> bool:
        return self.full

    @property
    def is_over(self) -> bool:
        return self.over

    @property
    def is_deaf(self) -> bool:
        return self.deaf

    def read(self, data: bytes) -> None:
        self.done.append(len(data))

    def stop_listening(self) -> None:
        self.done.append("stop")

    def listen_again(self) -> None:
        self.done.append("listen")


class SlicedTest(SimpleTestCase):
    def setUp(self) -> None:
        self.socket = Socket()

    async def settles(self) -> list[str | int]:
        for _ in range(20):
            await asyncio.sleep(0)
        return self.socket.done

    async def test_little_is_read_at_once(self) -> None:
        self.socket.take(bytes(AT_ONCE_BYTES))
        self.assertEqual(self.socket.done, [AT_ONCE_BYTES])

    async def test_much_is_read_in_turns_and_what_comes_then_after_it(self) -> None:
        self.socket.take(bytes(AT_ONCE_BYTES + 1))
        self.assertEqual(self.socket.done, ["stop"])
        self.socket.take(b"more")
        slices = [SLICE_BYTES] * (AT_ONCE_BYTES // SLICE_BYTES)
        self.assertEqual(await self.settles(), ["stop", "stop", *slices, 5, "listen"])

    async def test_no_more_is_read_than_the_application_takes(self) -> None:
        self.socket.full = True
        self.socket.take(bytes(2 * AT_ONCE_BYTES))
        self.assertEqual(await self.settles(), ["stop"])
        self.socket.full = False
        self.socket.go_on()
        self.assertEqual(sum(done for done in await self.settles() if isinstance(done, int)), 2 * AT_ONCE_BYTES)

    async def test_of_one_that_is_over_nothing_is_read(self) -> None:
        self.socket.take(bytes(2 * AT_ONCE_BYTES))
        self.socket.over = True
        self.assertEqual(await self.settles(), ["stop"])
        self.socket.go_on()
        self.assertEqual(await self.settles(), ["stop", "listen"])

    async def test_of_many_frames_the_application_gets_a_few_in_a_turn(self) -> None:
        frames: asyncio.Queue[int] = asyncio.Queue()
        for number in range(5 * FRAMES_IN_A_TURN):
            frames.put_nowait(number)
        got: list[int] = []

        async def application() -> None:
            while True:
                got.append(await self.socket.next_of(frames))

        running = asyncio.create_task(application())
        before = 0
        while len(got) < 5 * FRAMES_IN_A_TURN:
            await asyncio.sleep(0)
            self.assertLessEqual(len(got) - before, FRAMES_IN_A_TURN)
            before = len(got)
        self.assertEqual(got, list(range(5 * FRAMES_IN_A_TURN)))
        running.cancel()

    async def test_an_application_that_has_caught_up_is_listened_for_again(self) -> None:
        frames: asyncio.Queue[int] = asyncio.Queue()
        frames.put_nowait(1)
        frames.put_nowait(2)
        self.socket.deaf = True
        self.assertEqual(await self.socket.next_of(frames), 1)
        self.assertEqual(self.socket.done, [])
        self.assertEqual(await self.socket.next_of(frames), 2)
        self.assertEqual(self.socket.done, ["listen"])
