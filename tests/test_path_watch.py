"""chat/peer/path_watch.py, asking over a real aioice connection on the loopback interface."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from unittest import mock

from aioice import Candidate, Connection
from django.test import SimpleTestCase

from chat.peer.path_watch import Listener, PathWatch

PATIENCE = 30.0


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Connection, Connection]]:
    """Two ends that found each other."""
    one, other = Connection(ice_controlling=True), Connection(ice_controlling=False)
    await asyncio.gather(one.gather_candidates(), other.gather_candidates())
    for here, there in ((one, other), (other, one)):
        here.remote_username, here.remote_password = there.local_username, there.local_password
        for candidate in there.local_candidates:
            await here.add_remote_candidate(Candidate.from_sdp(candidate.to_sdp()))
        await here.add_remote_candidate(None)
    await asyncio.gather(one.connect(), other.connect())
    try:
        yield one, other
    finally:
        await asyncio.gather(one.close(), other.close())


class PathWatchTest(SimpleTestCase):
    def setUp(self) -> None:
        self.listener = mock.create_autospec(Listener, instance=True)

    async def asked(self, watch: PathWatch) -> asyncio.Task[bool]:
        """A question that is under way."""
        question = asyncio.create_task(watch.check())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return question

    async def test_a_path_that_answers_does(self) -> None:
        async with connected() as (one, _):
            self.assertTrue(await asyncio.wait_for(PathWatch(one, self.listener).check(), PATIENCE))

    async def test_a_path_whose_other_end_is_gone_does_not(self) -> None:
        async with connected() as (one, other):
            await other.close()
            self.assertFalse(await asyncio.wait_for(PathWatch(one, self.listener).check(), PATIENCE))

    async def test_one_whose_own_socket_goes_while_it_is_asked_does_not(self) -> None:
        async with connected() as (one, other):
            await other.close()
            question = await self.asked(PathWatch(one, self.listener))
            asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # aioice asks again, of no socket
            await one.close()
            self.assertFalse(await asyncio.wait_for(question, PATIENCE))

    async def test_when_it_is_stopped_nothing_is_asked_any_more(self) -> None:
        async with connected() as (one, other):
            await other.close()
            watch = PathWatch(one, self.listener)
            question = await self.asked(watch)
            protocol = next(iter(one._nominated.values())).protocol
            self.assertEqual(len(protocol.transactions), 1)
            watch.stop()
            self.assertFalse(await asyncio.wait_for(question, PATIENCE))
            self.assertEqual(protocol.transactions, {})
