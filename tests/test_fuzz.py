"""The fuzz: that it brings back the same cases, sees what is wrong, and shrinks it; and a short one, which must find nothing."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import replace

from django.test import SimpleTestCase

from bench.fuzz import frames, requests
from bench.fuzz.__main__ import summary
from bench.fuzz.cases import Answered, Case, End, Pause, Send, drawn
from bench.fuzz.findings import in_answer, in_log
from bench.fuzz.mutations import spoiled_bytes, spoiled_json
from bench.fuzz.run import Fuzz, Plan
from bench.fuzz.samples import MARK, message
from bench.fuzz.shrink import TRIES, shrunk

OPENED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


def server_frame(opcode: int, payload: bytes) -> bytes:
    return frames.frame(opcode, payload, masked=False)


class CaseTests(SimpleTestCase):
    def test_a_seed_and_a_number_bring_back_the_case_and_others_bring_others(self) -> None:
        for number in range(50):
            self.assertEqual(drawn(1, number), drawn(1, number))
            self.assertNotEqual(drawn(1, number).steps, drawn(2, number).steps)

    def test_all_kinds_come_and_each_case_ends_or_stops_half_way(self) -> None:
        cases = [drawn(1, number) for number in range(300)]
        self.assertEqual(
            {case.kind for case in cases}, {"messages", "sessions", "sockets", "handshakes", "http", "foreign", "deaf"}
        )
        self.assertTrue(all(case.steps for case in cases))
        self.assertGreater(sum(isinstance(case.steps[-1], End) for case in cases), 250)

    def test_what_is_sent_is_sometimes_valid_and_sometimes_not(self) -> None:
        chance = random.Random(1)  # noqa: S311 - the same each time
        read = [_is_json(spoiled_json(chance, message(chance, ("bob",)))) for _ in range(300)]
        self.assertGreater(read.count(True), 50)
        self.assertGreater(read.count(False), 10)
        good = requests.upgrade("bob")
        self.assertNotEqual({spoiled_bytes(chance, good) for _ in range(20)}, {good})

    def test_every_message_of_a_client_is_among_the_samples_and_carries_the_mark_or_no_text(self) -> None:
        chance = random.Random(1)  # noqa: S311 - the same each time
        said = [message(chance, ("bob",)) for _ in range(500)]
        self.assertEqual(len({each["type"] for each in said}), 10)
        self.assertIn(MARK, json.dumps(said))


class FrameTests(SimpleTestCase):
    def test_what_is_framed_is_read_again(self) -> None:
        for size in (0, 1, 125, 126, 65_535, 65_536):
            self.assertEqual(list(frames.read(server_frame(frames.TEXT, b"x" * size))), [(frames.TEXT, b"x" * size)])

    def test_half_a_frame_is_none(self) -> None:
        whole = server_frame(frames.TEXT, b"x" * 200)
        self.assertEqual([list(frames.read(whole[:end])) for end in (0, 1, 3, 100)], [[]] * 4)


class FindingTests(SimpleTestCase):
    def test_a_fault_of_the_server_is_found_in_its_answer(self) -> None:
        self.assertEqual(in_answer(b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 500 Oh\r\n\r\n"), "answered with 500")
        self.assertEqual(in_answer(OPENED + server_frame(frames.CLOSE, b"\x03\xf3")), "closed with 1011")
        self.assertIn("no message", in_answer(OPENED + server_frame(frames.TEXT, b'{"type":"nonsense"}')))
        self.assertIn("type 2", in_answer(OPENED + server_frame(frames.BINARY, b"x")))

    def test_a_refusal_is_no_fault(self) -> None:
        error = b'{"type":"error","payload":{"code":"INVALID_MESSAGE","message":"x"}}'
        refused = OPENED + server_frame(frames.TEXT, error) + server_frame(frames.CLOSE, b"\x0f\xa8")
        for said in (b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", refused, OPENED + server_frame(frames.PING, b"")):
            self.assertEqual(in_answer(said), "")

    def test_a_log_that_gives_somebody_away_or_has_a_fault_is_found(self) -> None:
        for line in (
            "Traceback (most recent call last):",
            "x ERROR y: z",
            "Fz_01 came",
            "from 127.7.3.1",
            f"said {MARK}",
        ):
            self.assertIn(line, in_log(f"a\n{line}\n"))
        self.assertEqual(
            in_log("2026 INFO lowkey_site.announce: The server starts. server=daphne message_rate=20\n"), ""
        )


class ShrinkTests(SimpleTestCase):
    case = Case(
        1,
        "http",
        "Fz_01",
        "127.7.1.1",
        (Send(b"GET"), Answered(), Send(b"so much, and a BUG in it"), Pause(1), End("close")),
    )

    def test_what_is_not_needed_is_left_out(self) -> None:
        least = asyncio.run(shrunk(self.case, self.has_bug, TRIES))
        self.assertEqual(least.steps, (Send(b"BUG"),))

    def test_a_case_that_cannot_be_smaller_stays(self) -> None:
        least = replace(self.case, steps=(Send(b"BUG"),))
        self.assertEqual(asyncio.run(shrunk(least, self.has_bug, TRIES)), least)

    async def has_bug(self, case: Case) -> bool:
        return any(isinstance(step, Send) and b"BUG" in step.data for step in case.steps)


class ShortFuzzTests(SimpleTestCase):
    def test_some_seconds_of_nonsense_leave_nothing_behind(self) -> None:
        fuzz = Fuzz(Plan(seconds=4, seed=random.SystemRandom().randrange(1 << 32)), lambda line: None)
        asyncio.run(fuzz.run())
        self.assertFalse(fuzz.findings, summary(fuzz))
        for site in fuzz.sites:
            self.assertGreater(site.done.total(), 0)

    def test_a_server_with_a_fault_is_found_out_and_so_is_the_case_that_did_it(self) -> None:
        plan = Plan(seconds=60, servers=("daphne",), application="tests.support.fragile:application", tries=1)
        fuzz = Fuzz(plan, lambda line: None)
        asyncio.run(fuzz.run())
        (finding,) = fuzz.findings
        self.assertIn("answered with 500", finding.what)
        self.assertIsNotNone(finding.least)
        self.assertIn("FOUND on daphne", summary(fuzz))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
