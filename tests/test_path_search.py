"""chat/peer/path_search.py"""

from __future__ import annotations

import asyncio

from django.test import SimpleTestCase

from chat.peer.path_search import PathSearch


class PathSearchTest(SimpleTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.reasons: list[str] = []

    def search(self, patience: float, *servers: str, relay_only: bool = False) -> PathSearch:
        return PathSearch(list(servers), self.reasons.append, relay_only=relay_only, patience=patience)

    async def test_patience_begins_with_the_descriptions(self) -> None:
        search = self.search(0.0)
        await asyncio.sleep(0.02)
        self.assertEqual(self.reasons, [])
        search.described()
        await asyncio.sleep(0.02)
        self.assertEqual(self.reasons, ["no_path"])

    async def test_a_path_ends_the_search(self) -> None:
        search = self.search(0.0)
        search.described()
        search.stop()
        await asyncio.sleep(0.02)
        self.assertEqual((self.reasons, search.overdue), ([], False))

    async def test_a_path_may_be_quicker_than_the_descriptions(self) -> None:
        search = self.search(0.0)
        search.stop()
        search.described()
        await asyncio.sleep(0.02)
        self.assertEqual((self.reasons, search.overdue), ([], False))

    async def test_it_is_overdue_before_it_is_given_up(self) -> None:
        search = self.search(4.0)
        self.assertFalse(search.overdue)
        search.described()
        while not search.overdue:  # noqa: ASYNC110 - time alone makes it so
            await asyncio.sleep(0.02)
        self.assertEqual(self.reasons, [])
        search.stop()

    async def test_it_is_hopeless_when_nothing_is_left_to_hide_behind(self) -> None:
        search = self.search(60.0, "turn:t", relay_only=True)
        self.assertFalse(search.hopeless)
        search.seen.gathered = True
        self.assertTrue(search.hopeless)
        self.assertEqual(search.fault, "udp_blocked")
        self.assertTrue(self.search(60.0, "stun:s", relay_only=True).hopeless)
