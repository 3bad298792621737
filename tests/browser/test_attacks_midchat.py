"""An evil server, and a hostile peer, while a Chromium page chats (tests/test_attacks_midchat.py for Python): whatever they say, the
chat goes on, as secure as it was."""

from __future__ import annotations

import os

from playwright.sync_api import expect

from chat.peer.errors import SENTENCES
from chat.peer.lowkey2 import Lowkey2
from chat.peer.primitives import b64
from tests.support.clock import FakeClock
from tests.support.evil import Frame
from tests.support.evil_browser import PageAndPerson
from tests.support.evil_tampers import (
    MALFORMED,
    Answered,
    ended,
    joined,
    key,
    plain,
)
from tests.support.handshakes import LOW_ORDER
from tests.support.people import new_identity


class MidChatTest(PageAndPerson):
    def test_nothing_that_the_server_says_ends_or_changes_a_chat(self) -> None:
        self.answered_chat()
        name, session = self.alice_name, self.evil.heard(self.alice_name)[-1].get("sessionId") or ""
        old = [frame for frame in self.evil.heard(name) if frame["type"].startswith(("key:", "signal:"))]
        own = [
            {**f, "sender": self.bob_name} for f in self.evil.said(name) if f["type"].startswith(("key:", "signal:"))
        ]
        self.assertTrue(session and old and own)
        connections = self.seen(self.alice)["connections"]
        self.evil.tell(
            name,
            *(ended("session:left", session, self.bob_name, reason) for reason in ("left", "gone")),
            *(
                ended("session:declined", session, self.bob_name, reason)
                for reason in ("declined", "busy", "invite_used")
            ),
            *(
                {
                    "type": "error",
                    "target": self.bob_name,
                    "sessionId": session,
                    "payload": {"code": code, "message": "x"},
                }
                for code in ("NOT_IN_SESSION", "RELAY_FAILED", "USER_OFFLINE", "AUTH_FAILED")
            ),
            joined(self.bob_name),
            key(self.bob_name, {"publicKey": b64(os.urandom(32))}),
            joined(self.bob_name),
            *old,
            *own,
            *reversed(old),
            *(
                {**frame, "type": kind}
                for frame in [*old, *own]
                for kind in ("signal:offer", "signal:answer", "signal:ice")
            ),
            *(plain(kind, self.bob_name) for kind in ("offer", "answer", "ice")),
            *self.junk(),
        )
        self.chat_stands()
        self.assertEqual(self.seen(self.alice)["connections"], connections)

    def junk(self) -> list[Frame | str]:
        body = {"v": 2, "hs": b64(bytes(16)), "m": b64(bytes(200))}
        changes: list[dict[str, object]] = [{"step": number} for number in (0, 1, 2, 3, -1, "1", None, True)]
        changes += [{"step": 1, **change} for change in MALFORMED]
        bodies: list[object] = [{**body, **change} for change in changes]
        texts = ["", "null", "[]", "{", "5", '{"type":5}', '{"type":"session:joined"}', "[" * 60_000]
        return [*texts, *({**key(self.bob_name, {}), "payload": each} for each in [*bodies, 5, [], None, "x"])]

    def test_a_handshake_of_somebody_else_gets_nothing_of_the_chat(self) -> None:
        self.secured_chat()
        evil = Lowkey2(self.bob_name, self.alice_name, new_identity(), random=os.urandom, clock=FakeClock())
        self.evil.attack = answer = Answered(evil, self.bob_name)
        self.evil.tell(self.alice_name, joined(self.bob_name), key(self.bob_name, evil.opening()))
        answer.wait()
        self.evil.tell(self.alice_name, *[key(self.bob_name, each) for each in answer.steps])
        expect(self.alice.get_by_test_id("toast")).to_contain_text(SENTENCES["stranger"].format(peer=self.bob_name))
        self.chat_stands()

    def test_a_key_of_low_order_in_the_middle_of_a_chat_does_nothing(self) -> None:
        self.secured_chat()
        for low in LOW_ORDER[:3]:
            body = {"v": 2, "step": 1, "hs": b64(os.urandom(16)), "m": b64(low)}
            self.evil.tell(self.alice_name, joined(self.bob_name), key(self.bob_name, body))
        self.chat_stands()

    def test_frames_of_a_hostile_peer_begin_one_handshake_and_the_chat_goes_on(self) -> None:
        self.secured_chat()
        self.evil.captured.clear()

        def send(frames: list[str]) -> None:
            channel = self.bob._link._line.transport  # type: ignore[union-attr]
            assert channel is not None
            for frame in frames:
                channel.send(frame)

        def begun() -> int:
            return sum((f.get("payload") or {}).get("step") == 1 for f in self.evil.said(self.alice_name))

        self.within(lambda: send([f"2.{b64(os.urandom(41))}.{b64(os.urandom(80))}" for _ in range(100)]))
        for _ in range(500):
            if begun():
                break
            self.alice.wait_for_timeout(20)
        self.within(lambda: send([f"garbage {n}" for n in range(100)] + ["A" * 200_000, "2..", "{}"]))
        self.chat_stands()
        self.assertEqual(begun(), 1)
