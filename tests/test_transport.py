"""chat/peer/transport.py: two real RTCPeerConnections on this machine."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Sequence
from typing import Any
from unittest import mock

from aiortc import RTCConfiguration, RTCPeerConnection
from django.test import SimpleTestCase

from chat.peer.candidates import without_candidates
from chat.peer.transport import Transport
from signaling.messages import IceServer

MODULE = "chat.peer.transport"


class End:
    """One end, whose signals go straight to the other, or are held while `held` is a list."""

    def __init__(self, ice_servers: Sequence[IceServer] = (), **options: Any) -> None:
        self.other: End | None = None
        self.events: list[str] = []
        self.frames: list[str] = []
        self.held: list[tuple[str, dict[str, Any]]] | None = None
        self.news = asyncio.Event()
        self.reason = ""
        self.sent: list[str] = []
        """All that was told the other side, as text."""
        self.transport = Transport(list(ice_servers), self, **options)

    def signal(self, kind: str, body: dict[str, Any]) -> None:
        self.sent.append(str(body))
        if self.held is None and self.other is not None:
            self.other.transport.receive(kind, body)
            return
        self.held = [*(self.held or []), (kind, body)]
        self.news.set()

    def received(self, frame: str) -> None:
        self.frames.append(frame)
        self.news.set()

    def __getattr__(self, event: str) -> Callable[..., None]:
        if event not in ("opened", "writable", "interrupted", "recovered", "path_changed", "failed", "closed"):
            raise AttributeError(event)

        def note(reason: str = "") -> None:
            self.events.append(event)
            self.reason = reason
            self.news.set()

        return note

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not true():
                self.news.clear()
                await self.news.wait()


def pair(ice_servers: Sequence[IceServer] = (), **options: Any) -> tuple[End, End]:
    one, two = End(ice_servers, **options), End(ice_servers, **options)
    one.other, two.other = two, one
    return one, two


async def connected(ice_servers: Sequence[IceServer] = (), **options: Any) -> tuple[End, End]:
    one, two = pair(ice_servers, **options)
    one.transport.offer()
    await one.until(lambda: "opened" in one.events)
    await two.until(lambda: "opened" in two.events)
    return one, two


class TransportTest(SimpleTestCase):
    async def test_frames_go_both_ways_in_order(self) -> None:
        one, two = await connected()
        texts = [f"frame {n}" for n in range(100)] + ["é" * 20_000]
        for text in texts:
            self.assertTrue(one.transport.send(text))
        self.assertTrue(two.transport.send("back"))
        await two.until(lambda: len(two.frames) == len(texts))
        await one.until(lambda: len(one.frames) == 1)
        self.assertEqual((two.frames, one.frames), (texts, ["back"]))
        await asyncio.gather(one.transport.close(), two.transport.close())

    async def test_a_connection_that_does_not_close_holds_nobody_up(self) -> None:
        end = End()
        end.transport.offer()
        await end.until(lambda: "offer" in [kind for kind, _ in end.held or []])
        connection = end.transport._connection
        assert connection is not None
        with (
            mock.patch.object(connection, "close", new=asyncio.Event().wait),
            mock.patch(f"{MODULE}.CLOSE_SECONDS", 0.1),
        ):
            await asyncio.wait_for(end.transport.close(), 20)
        await connection.close()

    async def test_closing_hands_over_what_was_taken_and_tells_the_other_side(self) -> None:
        one, two = await connected()
        for n in range(200):
            one.transport.send(f"{n}" * 100)
        await one.transport.close()
        await two.until(lambda: "closed" in two.events)
        self.assertEqual(len(two.frames), 200)
        self.assertFalse(one.transport.has_room)
        self.assertFalse(one.transport.send("late"))
        await two.transport.close()

    async def test_a_channel_that_is_full_has_no_room_until_it_drained(self) -> None:
        one, two = await connected()
        while one.transport.has_room:
            one.transport.send("x" * 60_000)
        await one.until(lambda: "writable" in one.events)
        self.assertTrue(one.transport.has_room)
        await asyncio.gather(one.transport.close(), two.transport.close())

    async def test_candidates_before_the_description_wait_for_it(self) -> None:
        one, two = pair()
        one.held = []
        one.transport.offer()
        await one.until(lambda: bool(one.held))
        (_, offer), *_ = one.held
        lines = str(offer["sdp"]).splitlines()
        candidates = [line.removeprefix("a=") for line in lines if line.startswith("a=candidate:")]
        self.assertTrue(candidates)
        one.held = None
        for candidate in candidates:
            two.transport.receive("ice", {"candidate": candidate, "sdpMid": "0", "sdpMLineIndex": 0})
        bare = "\r\n".join(line for line in lines if not line.startswith("a=candidate:")) + "\r\n"
        two.transport.receive("offer", {"type": "offer", "sdp": bare})
        await two.until(lambda: "opened" in two.events)
        await asyncio.gather(one.transport.close(), two.transport.close())

    async def test_unusable_candidates_leave_the_others(self) -> None:
        one, two = pair()
        for candidate in (
            "",
            "candidate:rubbish",
            "candidate:1 1 tcp 1 192.0.2.1 9 typ host",
            "1 1 udp x y z typ host",
            None,
            7,
        ):
            two.transport.receive("ice", {"candidate": candidate})
        one.transport.offer()
        await two.until(lambda: "opened" in two.events)
        await asyncio.gather(one.transport.close(), two.transport.close())

    async def test_a_description_that_is_none_is_a_failure(self) -> None:
        bodies: list[dict[str, Any]] = [{}, {"sdp": "rubbish"}, {"sdp": None}]
        for body in bodies:
            end = End()
            end.transport.receive("offer", body)
            await end.until(functools.partial(end.events.__contains__, "failed"))
            self.assertEqual(end.reason, "no_path")
            await end.transport.close()

    async def test_a_description_for_more_than_a_datachannel_is_a_failure(self) -> None:
        film = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        film.createDataChannel("chat")
        film.addTransceiver("video")
        await film.setLocalDescription(await film.createOffer())
        end = End()
        end.transport.receive("offer", {"type": "offer", "sdp": film.localDescription.sdp})
        await end.until(lambda: bool(end.events) or bool(end.held))
        self.assertEqual(end.events, ["failed"])
        await asyncio.gather(end.transport.close(), film.close())

    async def test_an_answer_nobody_waits_for_is_dropped(self) -> None:
        one, two = await connected()
        two.transport.receive("answer", {"type": "answer", "sdp": "rubbish"})
        two.transport.send("still here")
        await one.until(lambda: one.frames == ["still here"])
        self.assertNotIn("failed", two.events)
        await asyncio.gather(one.transport.close(), two.transport.close())

    async def test_an_ice_server_that_cannot_be_costs_nothing(self) -> None:
        rubbish = [IceServer(urls="gopher:nowhere"), IceServer(urls=["", "stun:", "turn:[::1"]), IceServer(urls=[])]
        one, two = pair(rubbish)
        one.transport.offer()
        await two.until(lambda: "opened" in two.events)
        await asyncio.gather(one.transport.close(), two.transport.close())

    async def test_the_path_is_known_while_it_stands(self) -> None:
        one, two = pair()
        self.assertIsNone(one.transport.path)
        self.assertFalse(await one.transport.check())
        one.transport.offer()
        await one.until(lambda: "path_changed" in one.events)
        await two.until(lambda: "path_changed" in two.events)
        for end in (one, two):
            assert end.transport.path is not None and end.transport.path.rtt is not None
            self.assertFalse(end.transport.path.relayed)
            self.assertLess(end.transport.path.rtt, 1000)
            self.assertTrue(await end.transport.check())
            self.assertFalse(end.transport.overdue)
        await asyncio.gather(one.transport.close(), two.transport.close())

    async def test_a_path_that_falls_silent_is_told_and_so_is_its_return(self) -> None:
        one, two = await connected()
        one.events.clear()
        ice = two.transport._ice()
        answer, ice.request_received = ice.request_received, lambda *_: None  # type: ignore[method-assign]
        await one.until(lambda: "interrupted" in one.events)
        self.assertFalse(await one.transport.check())
        ice.request_received = answer  # type: ignore[method-assign]
        await one.until(lambda: "recovered" in one.events)
        self.assertNotIn("failed", one.events)
        await asyncio.gather(one.transport.close(), two.transport.close())

    async def test_where_no_path_is_found_the_transport_loses_patience(self) -> None:
        one, two = End(patience=2.0), End()
        one.transport.offer()
        await one.until(lambda: bool(one.held))
        (_, offer), *_ = one.held or []
        two.transport.receive("offer", offer)
        await two.until(lambda: bool(two.held))
        (_, answer), *_ = two.held or []
        sdp, _ = without_candidates(answer["sdp"])
        await two.transport.close()
        self.assertFalse(one.transport.overdue)
        one.transport.receive("answer", {"type": "answer", "sdp": sdp})
        while not one.transport.overdue:  # noqa: ASYNC110 - time alone makes it so
            await asyncio.sleep(0.01)
        self.assertEqual(one.events, [])
        await one.until(lambda: "failed" in one.events)
        self.assertEqual(one.reason, "no_path")
        await one.transport.close()

    async def test_without_an_answer_it_waits_for_whoever_is_deciding(self) -> None:
        one = End(patience=0.0)
        one.transport.offer()
        await one.until(lambda: bool(one.held))
        await asyncio.sleep(0.05)
        self.assertEqual(one.events, [])
        await one.transport.close()

    async def test_without_a_relay_nothing_leaves_a_device_that_hides(self) -> None:
        for servers in ([], [IceServer(urls="stun:192.0.2.1")]):
            end = End(servers, relay_only=True)
            end.transport.offer()
            await end.until(functools.partial(end.events.__contains__, "failed"))
            self.assertEqual((end.reason, end.sent), ("no_relay", []))
            await end.transport.close()

    async def test_a_failure_is_told_once(self) -> None:
        end = End(relay_only=True)
        end.transport.offer()
        end.transport.receive("offer", {"sdp": "rubbish"})
        await end.until(lambda: bool(end.events))
        await asyncio.sleep(0)
        await end.transport.close()
        self.assertEqual(end.events, ["failed"])
