"""The path between the two devices: an RTCPeerConnection and its DataChannel `chat`. Mirrors static/js/peer/transport.js.

The only place that knows aiortc. Jobs (make an offer, take a description, add a candidate) are done one after the other in
a task of its own, so callers never wait; what happens is told to the `Listener`. Candidates that arrive before the remote
description wait for it.

aiortc gathers all its candidates before it has a description, so they travel inside it. Candidates inside the other
side's SDP are taken out and added afterwards: a host name among them (mDNS) would hold up the answer otherwise. TCP
candidates are skipped, aiortc has no ICE-TCP.

aiortc waits by itself for a path that does not answer, about half a minute (RFC 7675), and does not tell of it: a browser's
`interrupted` never comes from here, only `failed` in the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Protocol

from aiortc import RTCConfiguration, RTCDataChannel, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.exceptions import InvalidStateError
from aiortc.rtcicetransport import parse_stun_turn_uri
from aiortc.sdp import candidate_from_sdp

from signaling.messages import IceServer

from .classic import Payload

LABEL = "chat"
HIGH_WATER = 1_048_576
"""Bytes queued in the channel above which it is not `writable`."""

MAX_ICE_SERVERS = 8
"""A server that names more is not one to believe."""

DRAIN_SECONDS = 3.0
"""How long a closing channel may take to hand over what it holds."""


class Listener(Protocol):
    """What a transport tells; all calls come from the event loop."""

    def signal(self, kind: str, body: Payload) -> None:
        """An offer, answer or candidate for the other side."""

    def opened(self) -> None:
        """The channel is open."""

    def received(self, frame: str) -> None:
        """A text frame came in."""

    def writable(self) -> None:
        """There is room in the channel again."""

    def interrupted(self) -> None:
        """The path does not answer; it may come back."""

    def recovered(self) -> None:
        """The path is back."""

    def failed(self) -> None:
        """No path was found, or it is lost for good."""

    def closed(self) -> None:
        """The other side closed the channel."""


class Transport:
    """One RTCPeerConnection. `ice_servers` is the list that the server gave with the session."""

    def __init__(self, ice_servers: list[IceServer], listener: Listener) -> None:
        servers = [
            RTCIceServer(urls=url, username=server.username, credential=server.credential)
            for server in ice_servers[:MAX_ICE_SERVERS]
            for url in ([server.urls] if isinstance(server.urls, str) else server.urls)
            if _is_usable(url)
        ]
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=servers))
        self._connection.on("datachannel", self._attach)
        self._connection.on("connectionstatechange", self._state_changed)
        self._listener: Listener | None = listener
        self._channel: RTCDataChannel | None = None
        self._jobs: asyncio.Queue[Coroutine[Any, Any, None]] = asyncio.Queue()
        self._early: list[Payload] | None = []
        self._drained = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._spawn(self._work())

    # What the owner asks for

    def offer(self) -> None:
        """Open the channel and offer it to the other side."""
        self._jobs.put_nowait(self._offer())

    def receive(self, kind: str, body: Payload) -> None:
        """Take an offer, an answer or a candidate of the other side."""
        job = self._take_candidate(body) if kind == "ice" else self._take_description(kind, body)
        self._jobs.put_nowait(job)

    @property
    def has_room(self) -> bool:
        """Whether a frame handed over now goes into an open channel with room."""
        channel = self._channel
        return channel is not None and channel.readyState == "open" and channel.bufferedAmount < HIGH_WATER

    @property
    def idle(self) -> bool:
        """Whether all that was handed over has left."""
        return self._channel is not None and self._channel.bufferedAmount == 0

    def send(self, frame: str) -> bool:
        """Hand a text frame to the channel; False when the channel did not take it."""
        if self._channel is None:
            return False
        try:
            self._channel.send(frame)
        except (InvalidStateError, ValueError):
            return False
        return True

    async def close(self) -> None:
        """Let what the channel took go out, then close; the listener hears nothing any more."""
        self._listener = None
        if self._channel is not None and self._channel.readyState == "open":
            self._channel.close()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._drained.wait(), DRAIN_SECONDS)
        current = asyncio.current_task()
        tasks = [task for task in self._tasks if task is not current]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        while not self._jobs.empty():
            self._jobs.get_nowait().close()
        await self._connection.close()

    # The jobs

    async def _work(self) -> None:
        """Do the jobs in order; a description that aiortc cannot use is a failure, a candidate is not."""
        while True:
            job = await self._jobs.get()
            try:
                await job
            except Exception:  # noqa: BLE001 - aiortc raises whatever its parser stumbles over
                self._tell("failed")

    async def _offer(self) -> None:
        self._attach(self._connection.createDataChannel(LABEL, ordered=True))
        await self._connection.setLocalDescription(await self._connection.createOffer())
        self._describe()

    async def _take_description(self, kind: str, body: Payload) -> None:
        if (self._connection.signalingState == "have-local-offer") != (kind == "answer"):
            return
        _check_media(str(body["sdp"]))
        sdp, candidates = _without_candidates(str(body["sdp"]))
        await self._connection.setRemoteDescription(RTCSessionDescription(sdp=sdp, type=kind))
        early, self._early = self._early or [], None
        for candidate in [*candidates, *early]:
            self._add_candidate(candidate)
        if kind == "offer":
            await self._connection.setLocalDescription(await self._connection.createAnswer())
            self._describe()

    async def _take_candidate(self, body: Payload) -> None:
        if self._early is not None:
            self._early.append(body)
        else:
            self._add_candidate(body)

    def _describe(self) -> None:
        description = self._connection.localDescription
        self._tell("signal", description.type, {"type": description.type, "sdp": description.sdp})

    def _add_candidate(self, body: Payload) -> None:
        """Resolving an mDNS name takes time, so each candidate has a task of its own."""
        self._spawn(self._try_candidate(body))

    async def _try_candidate(self, body: Payload) -> None:
        line = str(body.get("candidate") or "").removeprefix("candidate:")
        fields = line.split()
        if len(fields) < 8 or fields[2].lower() != "udp":
            return
        try:
            candidate = candidate_from_sdp(line)
            candidate.sdpMid = body.get("sdpMid")
            candidate.sdpMLineIndex = body.get("sdpMLineIndex")
            await self._connection.addIceCandidate(candidate)
        except Exception:  # noqa: BLE001, S110 - one unusable candidate leaves the others
            pass

    # What aiortc tells

    def _attach(self, channel: RTCDataChannel) -> None:
        if channel.label != LABEL or self._channel is not None:
            channel.close()
            return
        self._channel = channel
        channel.bufferedAmountLowThreshold = HIGH_WATER // 2
        channel.on("message", self._message)
        channel.on("close", self._channel_closed)
        channel.on("bufferedamountlow", lambda: self._tell("writable"))
        if channel.readyState == "open":
            self._tell("opened")
        else:
            channel.on("open", lambda: self._tell("opened"))

    def _channel_closed(self) -> None:
        """While the path stands a channel closes because the other side closed it; else the path is what is gone."""
        self._drained.set()
        lost = self._connection.connectionState in ("failed", "closed")
        self._tell("failed" if lost else "closed")

    def _message(self, frame: str | bytes) -> None:
        if isinstance(frame, str):
            self._tell("received", frame)

    def _state_changed(self) -> None:
        state = self._connection.connectionState
        event = {"connected": "recovered", "failed": "failed", "closed": "failed"}.get(state)
        if event is not None:
            self._tell(event)

    def _tell(self, event: str, *args: Any) -> None:
        if self._listener is not None:
            getattr(self._listener, event)(*args)

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _is_usable(url: str) -> bool:
    """Whether aiortc takes an ICE server's URL; one that it does not take would cost the others."""
    try:
        parse_stun_turn_uri(url)
    except ValueError:
        return False
    return True


def _check_media(sdp: str) -> None:
    """Raise ValueError unless the SDP is for a DataChannel alone: nobody here watches, so nothing may stream."""
    sections = [line for line in sdp.splitlines() if line.startswith("m=")]
    if len(sections) != 1 or not sections[0].startswith("m=application "):
        raise ValueError("an SDP for more, or less, than a DataChannel")


def _without_candidates(sdp: str) -> tuple[str, list[Payload]]:
    """The SDP without its candidates, and the candidates as `signal:ice` would carry them (one media section: index 0)."""
    lines = sdp.splitlines()
    candidates = [
        {"candidate": line.removeprefix("a="), "sdpMLineIndex": 0} for line in lines if line.startswith("a=candidate:")
    ]
    kept = [line for line in lines if not line.startswith(("a=candidate:", "a=end-of-candidates"))]
    return "\r\n".join(kept) + "\r\n", candidates
