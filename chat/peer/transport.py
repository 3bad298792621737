"""The path between the two devices: an RTCPeerConnection and its DataChannel `chat`. Mirrors static/js/peer/transport.js.

The only place that knows aiortc. Jobs (make an offer, take a description, add a candidate) are done one after the other in
a task of its own, so callers never wait; what happens is told to the `Listener`. Candidates that arrive before the remote
description wait for it. The first job is to find out which ICE servers answer (stun_probe.py), and to make the connection.

aiortc gathers all its candidates before it has a description, so they travel inside it. Candidates inside the other
side's SDP are taken out and added afterwards: a host name among them (mDNS) would hold up the answer otherwise. TCP
candidates are skipped, aiortc has no ICE-TCP.

Where no path is found aiortc waits for ever, so the transport has a patience of its own, and says why (path_search.py).
With `relay_only` nothing but relayed candidates is gathered, sent and used.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Coroutine
from contextlib import suppress
from typing import Any, Protocol, cast

from aioice import Connection
from aiortc import RTCDataChannel, RTCPeerConnection, RTCSessionDescription
from aiortc.exceptions import InvalidStateError
from aiortc.sdp import candidate_from_sdp

from signaling.messages import IceServer

from .candidates import only_relayed, type_of, types_in, without_candidates
from .classic import Payload
from .ice_services import Service, best, configuration, services
from .path_fault import UNREACHABLE, ServerError
from .path_search import PATIENCE_SECONDS, PathSearch
from .path_watch import Path, PathWatch
from .stun_probe import StunProbe, refusal

LABEL = "chat"
HIGH_WATER = 1_048_576
"""Bytes queued in the channel above which it is not `writable`."""

DRAIN_SECONDS = 3.0
"""How long a closing channel may take to hand over what it holds."""

CLOSE_SECONDS = 5.0
"""How long aiortc may take to close. On a busy machine it has been seen to wait for ever for a socket that was gone."""

GATHER_SECONDS = 0.6
"""What aiortc gives an ICE server that answers, besides six round trips: time for one lost packet."""

_PROBE = StunProbe()


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

    def path_changed(self) -> None:
        """`path` is another."""

    def failed(self, reason: str) -> None:
        """No path was found, or it is lost for good; `reason` is a key of `errors.SENTENCES`."""

    def closed(self) -> None:
        """The other side closed the channel."""


class Transport:
    """One RTCPeerConnection. `ice_servers` is the list that the server gave with the session."""

    def __init__(
        self,
        ice_servers: list[IceServer],
        listener: Listener,
        *,
        relay_only: bool = False,
        probe: StunProbe = _PROBE,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._services = services(ice_servers)
        self._relay_only = relay_only
        self._probe = probe
        self._listener: Listener | None = listener
        self._connection: RTCPeerConnection | None = None
        self._chosen: list[Service] = []
        self._gather_seconds = GATHER_SECONDS
        self._channel: RTCDataChannel | None = None
        self._watch: PathWatch | None = None
        urls = [service.url for service in self._services]
        self._search = PathSearch(urls, self._fail, relay_only=relay_only, patience=patience)
        self._jobs: asyncio.Queue[Coroutine[Any, Any, None]] = asyncio.Queue()
        self._early: list[Payload] | None = []
        self._drained = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._jobs.put_nowait(self._connect())
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

    @property
    def path(self) -> Path | None:
        """How the two are connected, while they are."""
        return self._watch.path if self._watch else None

    @property
    def fault(self) -> str:
        """Why there is no path, as far as can be said now; a key of `errors.SENTENCES`."""
        return self._search.fault

    @property
    def overdue(self) -> bool:
        """Whether a path would have been found by now, if there were one."""
        return self._search.overdue

    async def check(self) -> bool:
        """Whether the path answers now; it takes 1.5 s to say no."""
        return self._watch is not None and await self._watch.check()

    async def close(self) -> None:
        """Let what the channel took go out, then close; the listener hears nothing any more."""
        self._listener = None
        self._search.stop()
        if self._channel is not None and self._channel.readyState == "open":
            self._channel.close()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._drained.wait(), DRAIN_SECONDS)
        if self._watch is not None:
            self._watch.stop()
        current = asyncio.current_task()
        tasks = [task for task in self._tasks if task is not current]
        for task in tasks:
            task.cancel()
        await _within(CLOSE_SECONDS, asyncio.gather(*tasks, return_exceptions=True))
        while not self._jobs.empty():
            self._jobs.get_nowait().close()
        if self._connection is not None:
            await _within(CLOSE_SECONDS, self._connection.close())

    # The jobs

    async def _work(self) -> None:
        """Do the jobs in order; a description that aiortc cannot use is a failure, a candidate is not."""
        while self._listener is not None:
            job = await self._jobs.get()
            try:
                await job
            except Exception:  # noqa: BLE001 - aiortc raises whatever its parser stumbles over
                self._fail("no_path")

    async def _connect(self) -> None:
        """Make the connection, with those ICE servers that answer."""
        if self._search.hopeless:
            self._fail(self.fault)
            return
        wanted = [service for service in self._services if service.relays or not self._relay_only]
        answering = await self._probe.answering(wanted, needed=self._relay_only)
        silent = [service for service in wanted if service not in answering]
        self._search.seen.errors += [ServerError(service.url, UNREACHABLE) for service in silent]
        self._chosen = best(answering)
        self._gather_seconds += 6 * max((answering.get(service, 0.0) for service in self._chosen), default=0.0)
        self._connection = RTCPeerConnection(configuration(self._chosen, relay_only=self._relay_only))
        self._connection.on("datachannel", self._attach)
        self._connection.on("connectionstatechange", self._state_changed)

    async def _offer(self) -> None:
        connection = self._made()
        self._attach(connection.createDataChannel(LABEL, ordered=True))
        await self._describe(await connection.createOffer())

    async def _take_description(self, kind: str, body: Payload) -> None:
        connection = self._made()
        if (connection.signalingState == "have-local-offer") != (kind == "answer"):
            return
        _check_media(str(body["sdp"]))
        self._search.seen.theirs |= types_in(str(body["sdp"]))
        sdp, candidates = without_candidates(str(body["sdp"]))
        await connection.setRemoteDescription(RTCSessionDescription(sdp=sdp, type=kind))
        early, self._early = self._early or [], None
        for candidate in [*candidates, *early]:
            self._add_candidate(candidate)
        if kind == "offer":
            await self._describe(await connection.createAnswer())
        self._search.described()

    async def _take_candidate(self, body: Payload) -> None:
        if self._early is not None:
            self._early.append(body)
        else:
            self._add_candidate(body)

    async def _describe(self, description: RTCSessionDescription) -> None:
        """Gather, and say where this device can be reached; a device that cannot be anywhere has nothing to say."""
        connection, ice = self._made(), self._ice()
        gather: Any = functools.partial(ice.get_component_candidates, timeout=cast(int, self._gather_seconds))
        setattr(ice, "get_component_candidates", gather)  # noqa: B010 - aioice's 5 s are an argument nobody passes on
        await connection.setLocalDescription(description)
        self._search.seen.own = {candidate.type for candidate in ice.local_candidates}
        self._search.seen.gathered = True
        await self._ask_the_relay()
        if not self._search.seen.own:
            self._fail(self.fault)
            return
        local = connection.localDescription
        sdp = only_relayed(local.sdp) if self._relay_only else local.sdp
        self._tell("signal", local.type, {"type": local.type, "sdp": sdp})

    async def _ask_the_relay(self) -> None:
        """Where it gave no candidate, find out whether it refused; there is time for that unless it was all there is."""
        relays = [service for service in self._chosen if service.relays]
        if "relay" in self._search.seen.own or not relays:
            return
        if self._search.seen.own:
            self._spawn(self._note_refusal(relays[0]))
        else:
            await self._note_refusal(relays[0])

    async def _note_refusal(self, relay: Service) -> None:
        code = await refusal(relay)
        self._search.seen.errors.append(ServerError(relay.url, UNREACHABLE if code is None else code))

    def _add_candidate(self, body: Payload) -> None:
        """Resolving an mDNS name takes time, so each candidate has a task of its own."""
        self._spawn(self._try_candidate(body))

    async def _try_candidate(self, body: Payload) -> None:
        candidate_line = str(body.get("candidate") or "")
        if (kind := type_of(candidate_line)) is not None:
            self._search.seen.theirs.add(kind)
        line = candidate_line.removeprefix("candidate:")
        fields = line.split()
        if len(fields) < 8 or fields[2].lower() != "udp":
            return
        try:
            candidate = candidate_from_sdp(line)
            candidate.sdpMid = body.get("sdpMid")
            candidate.sdpMLineIndex = body.get("sdpMLineIndex")
            await self._made().addIceCandidate(candidate)
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
            self._opened()
        else:
            channel.on("open", self._opened)

    def _opened(self) -> None:
        self._search.stop()
        self._tell("opened")

    def _channel_closed(self) -> None:
        """While the path stands a channel closes because the other side closed it; else the path is what is gone."""
        self._drained.set()
        if self._made().connectionState in ("failed", "closed"):
            self._fail("lost")
        else:
            self._tell("closed")

    def _message(self, frame: str | bytes) -> None:
        if isinstance(frame, str):
            self._tell("received", frame)

    def _state_changed(self) -> None:
        state = self._made().connectionState
        if state == "connected":
            self._search.stop()
            self._tell("recovered")
            self._watch = PathWatch(self._ice(), self)
            self._spawn(self._watch.run())
        elif state in ("failed", "closed"):
            self._fail(self.fault if self._watch is None else "lost")

    # What the watch tells (its listener)

    def path_changed(self) -> None:
        self._tell("path_changed")

    def interrupted(self) -> None:
        self._tell("interrupted")

    def recovered(self) -> None:
        self._tell("recovered")

    # Inside

    def _fail(self, reason: str) -> None:
        """There is no path, and nothing more comes of this connection."""
        self._search.stop()
        self._tell("failed", reason)
        self._listener = None

    def _made(self) -> RTCPeerConnection:
        assert self._connection is not None, "making it was the first job"
        return self._connection

    def _ice(self) -> Connection:
        """The connection below aiortc's, which has the one DataChannel's section alone."""
        sctp = self._made().sctp
        assert sctp is not None, "there is a DataChannel in the description"
        ice: Connection = sctp.transport.transport._connection
        return ice

    def _tell(self, event: str, *args: Any) -> None:
        if self._listener is not None:
            getattr(self._listener, event)(*args)

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _within(seconds: float, ending: Awaitable[Any]) -> None:
    """Wait for what ends, no longer than this."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await ending


def _check_media(sdp: str) -> None:
    """Raise ValueError unless the SDP is for a DataChannel alone: nobody here watches, so nothing may stream."""
    sections = [line for line in sdp.splitlines() if line.startswith("m=")]
    if len(sections) != 1 or not sections[0].startswith("m=application "):
        raise ValueError("an SDP for more, or less, than a DataChannel")
