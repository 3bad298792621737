"""Property tests of the Python peer: whatever the server says, and in whatever order, nothing raises, nothing tells about
the network before the person accepts, and the peer can be called again afterwards."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import Any

from django.test import SimpleTestCase
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.peer import Peer, PeerError
from chat.peer.classic import Classic
from chat.peer.effects import Send
from chat.peer.primitives import b64
from signaling import messages as wire
from signaling.errors import ProtocolError
from tests.support.call_scripts import Bob
from tests.support.devices import attempt
from tests.support.outbound import Outbound
from tests.support.people import new_identity

NAMES = st.sampled_from(["bob", "BOB", "carol", "alice", "", "<b>", "__proto__", "x" * 100])
HS = b64(bytes(16))
KEYS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.just({"publicKey": "AAAA"}),
    st.just({"v": 2, "publicKey": "AAAA"}),
    st.builds(lambda: Classic(os.urandom).opening()),
    st.builds(lambda: attempt("bob", "alice", new_identity()).opening()),
    st.builds(lambda: attempt("bob", "alice", new_identity(), new_identity().new_invite("alice")).opening()),
    st.builds(
        lambda v, step, hs, m: {"v": v, "step": step, "hs": hs, "m": m},
        st.sampled_from([2, 2, 2, 3, "2", None]),
        st.sampled_from([1, 2, 3, 4, None, "1"]),
        st.sampled_from([HS, "", None, "?"]),
        st.sampled_from([b64(bytes(32)), b64(bytes(range(32))), b64(bytes(96)), "", None, "?", "A" * 5_000]),
    ),
)
PAYLOADS = st.one_of(KEYS, st.dictionaries(st.text(max_size=5), st.none() | st.text(max_size=5) | st.integers()))
SESSIONS = st.builds(
    wire.JoinedPayload,
    session_id=st.sampled_from(["one", "two"]),
    peer=NAMES,
    initiator=st.booleans(),
    ice_servers=st.just([]),
)
ENDINGS = st.builds(
    wire.EndedPayload, session_id=st.just("one"), peer=NAMES, reason=st.sampled_from(["left", "gone", "busy", "?"])
)


def relayed(kind: Any, payloads: st.SearchStrategy[Any]) -> st.SearchStrategy[wire.Message]:
    return st.builds(kind, sender=st.none() | NAMES, payload=payloads.map(wire.raw))


SAYINGS = st.one_of(
    st.builds(wire.SessionJoined, payload=SESSIONS),
    st.builds(wire.SessionDeclined, payload=ENDINGS),
    st.builds(wire.SessionLeft, payload=ENDINGS),
    relayed(wire.KeyExchange, KEYS),
    relayed(wire.Offer, PAYLOADS),
    relayed(wire.Answer, PAYLOADS),
    relayed(wire.Ice, PAYLOADS),
    st.builds(
        wire.Error,
        target=st.none() | NAMES,
        payload=st.builds(
            wire.ErrorPayload, code=st.sampled_from(["USER_OFFLINE", "NOT_IN_SESSION", "?"]), message=st.text()
        ),
    ),
)
WORDS = ["accept_classic", "refuse_classic", "accept_key", "refuse_key", "verify", "safety_number", "dismiss_invite"]
DOINGS = st.sampled_from(["dial", "decline", "cancel", "end", "send", *WORDS])
STEPS = st.lists(st.one_of(SAYINGS, DOINGS), max_size=25)


def do(peer: Peer, doing: str) -> None:
    arguments = {"dial": ["bob"], "send": ["hello"]}.get(doing, [])
    with suppress(PeerError):
        getattr(peer, doing)(*arguments)


async def play(steps: list[Any]) -> tuple[Peer, Outbound]:
    """A person called alice who never accepts, and a server that says these things."""
    peer, outbound = Peer("alice", identity=new_identity()), Outbound()
    peer._signaling = outbound  # type: ignore[assignment]
    for step in steps:
        if isinstance(step, str):
            do(peer, step)
        else:
            peer.server_message(step)
    return peer, outbound


class PeerPropertiesTest(SimpleTestCase):
    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(STEPS)
    def test_no_order_of_things_raises_or_wedges_the_peer(self, steps: list[Any]) -> None:
        async def scenario() -> None:
            peer, outbound = await play(steps)
            do(peer, "end")
            outbound.sent.clear()
            peer.server_message(wire.SessionJoined(payload=wire.JoinedPayload("three", "dave", False)))
            key = wire.raw(attempt("dave", "alice", new_identity()).opening())
            peer.server_message(wire.KeyExchange(sender="dave", payload=key))
            self.assertEqual((peer.snapshot().chat_state, peer.snapshot().peer), ("ringing", "dave"))
            self.assertEqual(outbound.sent, [])
            await peer.stop()

        asyncio.run(scenario())

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(STEPS.map(lambda steps: [step for step in steps if step != "dial"]))
    def test_who_neither_calls_nor_accepts_gives_nothing_away(self, steps: list[Any]) -> None:
        async def scenario() -> None:
            peer, outbound = await play(steps)
            self.assertIsNone(peer._link and peer._link._line.transport)
            telling = (wire.KeyExchange, wire.Offer, wire.Answer, wire.Ice)
            self.assertFalse([message for message in outbound.sent if isinstance(message, telling)])
            await peer.stop()

        asyncio.run(scenario())

    @settings(max_examples=300, deadline=None, derandomize=True)
    @given(
        st.text()
        | SAYINGS.map(wire.dump).flatmap(lambda frame: st.just(frame) | st.sampled_from([frame[:-1], frame[1:]]))
    )
    def test_any_frame_is_read_or_refused(self, frame: str) -> None:
        try:
            message = wire.parse_from_server(frame)
        except ProtocolError:
            return
        self.assertEqual(wire.dump(wire.parse_from_server(wire.dump(message))), wire.dump(message))


class ConnectedPropertiesTest(SimpleTestCase):
    """In mid-chat, on a channel that stands still, with a person who answers whatever is asked."""

    @settings(max_examples=100, deadline=None, derandomize=True)
    @given(st.lists(SAYINGS, max_size=25))
    def test_nothing_that_the_server_says_ends_the_chat_or_changes_with_whom_it_is(self, sayings: list[Any]) -> None:
        async def scenario() -> None:
            peer, outbound = await play([])
            bob = Bob("alice", new_identity())
            await self.connect(peer, outbound, bob)
            suite = peer._live("no_chat").suite
            for saying in sayings:
                peer.server_message(saying)
            self.assertEqual((peer.snapshot().chat_state, peer.snapshot().peer), ("secured", "bob"))
            self.assertIs(peer._live("no_chat").suite, suite)
            await peer.stop()

        asyncio.run(scenario())

    async def connect(self, peer: Peer, outbound: Outbound, bob: Bob) -> None:
        joined = wire.JoinedPayload("one", "bob", False)
        peer.server_message(wire.SessionJoined(payload=joined))
        peer.server_message(wire.KeyExchange(sender="bob", payload=wire.raw(bob.says("STEP1"))))
        peer.accept()
        for message in outbound.sent:
            bob.hear(Send(message))
        peer.server_message(wire.KeyExchange(sender="bob", payload=wire.raw(bob.says("STEP3"))))
        link = peer._live("no_call")
        link.opened()
        assert bob.attempt is not None
        link.received(bob.attempt.seal({"t": "hello", "seq": 1, "features": []}))
        self.assertEqual(peer.snapshot().chat_state, "secured")
