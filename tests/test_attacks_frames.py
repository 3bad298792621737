"""Frames of the DataChannel that are not what the other one sent: replayed, reflected, cut, of another session, with changed
headers, forged by the hundred thousand. Nothing changes by them, and they cost little."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.test import SimpleTestCase

from chat.peer.primitives import b64, unb64
from chat.peer.ratchet import MAX_KEPT, MAX_SKIPPED, Ratchet
from tests.support.evil_case import EvilCase
from tests.support.handshakes import LOW_ORDER, finish, pair

FORGERIES = 100_000
ALL = 2**32 - 1


def ratchets() -> tuple[Ratchet, Ratchet]:
    """Both sides of a chat in which each has said something."""
    keys = finish(*pair())
    caller, called = Ratchet("caller", keys[0], os.urandom), Ratchet("called", keys[1], os.urandom)
    assert called.decrypt(caller.encrypt(b"hello"), 0.0) == b"hello"
    assert caller.decrypt(called.encrypt(b"hello"), 0.0) == b"hello"
    return caller, called


def edited(
    frame: str, *, public: bytes | None = None, pn: int | None = None, n: int | None = None, version: int = 2
) -> str:
    """The frame with another header."""
    _, header, body = frame.split(".")
    data = unb64(header)
    parts = (
        bytes([version]),
        data[1:33] if public is None else public,
        data[33:37] if pn is None else pn.to_bytes(4, "big"),
        data[37:] if n is None else n.to_bytes(4, "big"),
    )
    return f"2.{b64(b''.join(parts))}.{body}"


def state_of(ratchet: Ratchet) -> tuple[object, ...]:
    return ratchet._state, dict(ratchet._skipped), ratchet.stepped


def memory() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


class FramesTest(SimpleTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.alice, self.bob = ratchets()

    def assert_refused(self, *frames: str) -> None:
        """Bob takes none of these, and is what he was."""
        before = state_of(self.bob)
        for frame in frames:
            self.assertIsNone(self.bob.decrypt(frame, 0.0), frame[:80])
            self.assertEqual(state_of(self.bob), before)

    def assert_goes_on(self) -> None:
        """The next honest messages are read, each way."""
        self.assertEqual(self.bob.decrypt(self.alice.encrypt(b"next"), 0.0), b"next")
        self.assertEqual(self.alice.decrypt(self.bob.encrypt(b"and back"), 0.0), b"and back")

    def test_a_frame_is_read_once(self) -> None:
        frame = self.alice.encrypt(b"once")
        self.assertEqual(self.bob.decrypt(frame, 0.0), b"once")
        self.assert_refused(frame, frame)
        self.assert_goes_on()

    def test_a_frame_that_was_kept_for_later_is_read_once(self) -> None:
        late, next_ = self.alice.encrypt(b"late"), self.alice.encrypt(b"next")
        self.assertEqual(self.bob.decrypt(next_, 0.0), b"next")
        self.assert_refused(late[:-4] + "AAAA")
        self.assertEqual(self.bob.decrypt(late, 0.0), b"late")
        self.assert_refused(late, next_)
        self.assert_goes_on()

    def test_ones_own_frame_coming_back_is_refused(self) -> None:
        self.assert_refused(self.bob.encrypt(b"mine"), self.bob.encrypt(b"mine too"))
        self.assert_goes_on()

    def test_a_frame_cut_anywhere_is_refused(self) -> None:
        frame = self.alice.encrypt(b"x" * 100)
        self.assert_refused(*(frame[:length] for length in range(len(frame))))
        header, body = (unb64(part) for part in frame.split(".")[1:])
        self.assert_refused(*(f"2.{b64(header)}.{b64(body[:length])}" for length in range(len(body))))
        self.assertEqual(self.bob.decrypt(frame, 0.0), b"x" * 100)

    def test_a_frame_with_any_byte_changed_is_refused(self) -> None:
        frame = self.alice.encrypt(b"x")
        header, body = (unb64(part) for part in frame.split(".")[1:])
        whole = header + body
        for place in range(len(whole)):
            data = bytearray(whole)
            data[place] ^= 1 << place % 8
            self.assert_refused(f"2.{b64(bytes(data[:41]))}.{b64(bytes(data[41:]))}")
        self.assertEqual(self.bob.decrypt(frame, 0.0), b"x")

    def test_a_frame_of_another_session_is_refused(self) -> None:
        other, _ = ratchets()
        self.assert_refused(other.encrypt(b"elsewhere"), *(other.encrypt(b"elsewhere") for _ in range(5)))
        self.assert_goes_on()

    def test_a_changed_header_is_refused(self) -> None:
        frame = self.alice.encrypt(b"x")
        headers = [edited(frame, **change) for change in HEADERS]
        self.assertNotIn(frame, headers)
        headers += [edited(frame, public=low) for low in LOW_ORDER]
        self.assert_refused(*headers)
        self.assertEqual(self.bob.decrypt(frame, 0.0), b"x")

    def test_something_else_altogether_is_refused(self) -> None:
        self.assert_refused(
            "", ".", "..", "2..", "2.A.A", "hello", "2." * 1000, "A" * 200_000, "2.\ud800.é", "\0" * 100
        )
        self.assert_goes_on()

    def test_a_hundred_thousand_forgeries_change_nothing_and_cost_no_more_than_as_many_honest_frames(self) -> None:
        honest = self.cost(lambda: self.bob.decrypt(self.alice.encrypt(b"x" * 40), 0.0), 500)
        frame = self.alice.encrypt(b"x" * 40)
        forgeries = [
            frame[:-4] + "AAAA",
            edited(frame, n=ALL),
            edited(frame, pn=ALL),
            edited(frame, n=ALL, pn=ALL, public=os.urandom(32)),
            edited(frame, n=1),
            edited(frame, version=3),
            edited(frame, public=LOW_ORDER[0], n=0),
            edited(frame, public=os.urandom(32), n=0),
            self.bob.encrypt(b"mine"),
            frame[:100],
        ]
        before, held = state_of(self.bob), memory()
        each = self.cost(
            lambda: [self.bob.decrypt(forged, 0.0) for forged in forgeries], FORGERIES // len(forgeries)
        ) / len(forgeries)
        self.assertEqual(state_of(self.bob), before)
        self.assertLess(each, 5 * honest)
        self.assertLess(memory() - held, 16 << 20)
        self.assertEqual(self.bob.decrypt(frame, 0.0), b"x" * 40)
        self.assert_goes_on()

    def test_the_dearest_forgery_costs_no_more_than_the_frames_that_it_claims_to_skip(self) -> None:
        honest = self.cost(lambda: self.bob.decrypt(self.alice.encrypt(b"x"), 0.0), 500)
        frame = self.alice.encrypt(b"x")
        n = int.from_bytes(unb64(frame.split(".")[1])[37:], "big")
        dear = [edited(frame, n=n + MAX_SKIPPED), edited(frame, n=n + MAX_SKIPPED - 1, public=os.urandom(32))]
        before = state_of(self.bob)
        each = self.cost(lambda: [self.bob.decrypt(forged, 0.0) for forged in dear], 20) / len(dear)
        self.assertEqual(state_of(self.bob), before)
        self.assertLess(each, MAX_SKIPPED * honest)
        self.assertEqual(self.bob.decrypt(frame, 0.0), b"x")

    def test_however_much_is_skipped_few_keys_are_kept(self) -> None:
        for _ in range(5):
            for _ in range(MAX_SKIPPED):
                self.alice.encrypt(b"lost")
            self.assertEqual(self.bob.decrypt(self.alice.encrypt(b"read"), 0.0), b"read")
            self.assertLessEqual(len(self.bob._skipped), MAX_KEPT)
        self.assert_goes_on()

    def cost(self, doing: Callable[[], object], times: int) -> float:
        """Seconds of the processor that it takes once."""
        start = time.process_time()
        for _ in range(times):
            doing()
        return (time.process_time() - start) / times


HEADERS: tuple[dict[str, Any], ...] = (
    {"n": 1},
    {"n": 2},
    {"n": ALL},
    {"n": 2**31},
    {"pn": 0},
    {"pn": ALL},
    {"pn": ALL, "n": ALL},
    {"version": 1},
    {"version": 255},
)


class HostilePeerTest(EvilCase):
    """Over a real DataChannel: bob is who he is, and his device sends what it should not."""

    async def say_raw(self, *frames: str) -> None:
        channel = self.bob._link._line.transport  # type: ignore[union-attr]
        assert channel is not None
        for frame in frames:
            channel.send(frame)
            await asyncio.sleep(0)

    async def test_frames_that_cannot_be_opened_begin_one_handshake_and_the_chat_goes_on(self) -> None:
        async with self.alice, self.bob:
            await self.connect()
            await self.chat_goes_on()
            self.evil.captured.clear()
            await self.say_raw(*(f"2.{b64(os.urandom(41))}.{b64(os.urandom(80))}" for _ in range(100)))
            await self.soon(self.alice.until(lambda: self.rekeyed() > 0))
            await self.say_raw(*(f"garbage {n}" for n in range(100)))
            await self.chat_goes_on()
            begun = [f for f in self.evil.said(self.alice.name) if f.get("payload", {}).get("step") == 1]
            self.assertEqual(len(begun), 1)
            self.assertEqual([p.watch.states[-1] for p in (self.alice, self.bob)], ["secured"] * 2)
            self.assertEqual([p.snapshot().trust for p in (self.alice, self.bob)], ["unverified"] * 2)

    def rekeyed(self) -> int:
        return sum(frame.get("payload", {}).get("step") == 3 for frame in self.evil.said(self.alice.name))

    async def test_two_bad_frames_between_good_ones_begin_none(self) -> None:
        async with self.alice, self.bob:
            await self.connect()
            await self.chat_goes_on()
            self.evil.captured.clear()
            for _ in range(5):
                await self.say_raw("2.bad.frame", "worse")
                await self.chat_goes_on()
            self.assertEqual(self.evil.said(), [])

    async def test_ones_own_frames_and_old_ones_say_nothing_new(self) -> None:
        async with self.alice, self.bob:
            await self.connect()
            mine: list[str] = []
            self.bob._link._line.transport._channel.on("message", mine.append)  # type: ignore[union-attr]
            await self.chat_goes_on()
            suite = self.bob._link.suite  # type: ignore[union-attr]
            assert suite is not None
            frame = suite.seal({"t": "typing", "on": True})
            await self.say_raw(frame, frame, mine[0], frame)
            await self.chat_goes_on()
            self.assertEqual(
                [m.body for m in self.alice.snapshot().messages if not m.mine], [f"from {self.bob.name}"] * 2
            )
