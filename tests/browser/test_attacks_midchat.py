"""An evil server, and a hostile peer, while a Chromium page chats or begins to (tests/test_attacks_*.py for Python): nothing is
shown as secure that is not, and a chat that stands goes on."""

from __future__ import annotations

import os

from playwright.sync_api import expect

from chat.peer.errors import SENTENCES
from chat.peer.lowkey2 import Lowkey2
from chat.peer.primitives import b64, unb64
from tests.support.clock import FakeClock
from tests.support.evil import Frame
from tests.support.evil_browser import EvilBrowserCase
from tests.support.evil_tampers import (
    MALFORMED,
    Answered,
    Drop,
    Rewrite,
    ended,
    flipped,
    joined,
    key,
    of_type,
    payload,
    step,
    with_fields,
)
from tests.support.handshakes import LOW_ORDER
from tests.support.people import new_identity

SIGNALS = of_type("signal:offer", "signal:answer", "signal:ice")


class PageAndPerson(EvilBrowserCase):
    """Alice is a page, bob a Python peer."""

    def setUp(self) -> None:
        super().setUp()
        self.bob = self.person(self.bob_name)
        self.alice = self.online(self.alice_name)

    def secured_chat(self) -> None:
        self.dial(self.alice, self.bob_name)
        self.evil.run(self.bob.ringing())
        self.within(self.bob.accept)
        self.expect_state(self.alice, "chat-state", "secured")
        self.evil.run(self.bob.secured())
        self.both_speak()

    def both_speak(self) -> None:
        self.say(self.alice, "from alice")
        self.expect_message(self.alice, "from alice", mine=True, status="delivered")
        text = f"from bob {os.urandom(4).hex()}"
        self.within(lambda: self.bob.send(text))
        self.expect_message(self.alice, text, mine=False)

    def chat_stands(self) -> None:
        """It goes on as it was, and the page has no fault in its console."""
        self.both_speak()
        seen = self.seen(self.alice)
        self.assertEqual(seen["states"][-1], "secured")
        self.assertLessEqual(set(seen["trusts"]), {"unverified"})
        self.assert_no_faults()


class MidChatTest(PageAndPerson):
    def test_nothing_that_the_server_says_ends_or_changes_a_chat(self) -> None:
        self.secured_chat()
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
            channel = self.bob._link._transport  # type: ignore[union-attr]
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


class HandshakeTest(PageAndPerson):
    def attempt(self) -> None:
        """Alice's page calls bob, who accepts if it rings."""
        self.forget(self.alice)
        self.bob.watch.forget()
        self.dial(self.alice, self.bob_name)

    def bob_accepts(self) -> None:
        self.evil.run(self.bob.ringing())
        self.within(self.bob.accept)

    def fails(self, *, left: bool = False) -> None:
        """Both sides' attempt ends, and the page has shown nothing and sent nothing, unless it is the one that `left` step 3."""
        self.ends(self.alice)
        self.evil.run(self.bob.ended())
        if not left:
            self.assert_nothing_left((self.alice, self.alice_name))
        self.assert_never_secured(self.alice)
        self.assertNotIn("secured", self.bob.watch.states)
        self.evil.behave()

    def test_a_changed_message_ends_the_attempt_and_the_next_call_succeeds(self) -> None:
        for number in (1, 2, 3):
            for place in (0, 0.5, 1):
                with self.subTest(step=number, place=place):
                    self.evil.attack = attack = Rewrite(step(number), flipped(place), times=1)
                    self.attempt()
                    self.bob_accepts()
                    attack.wait()
                    self.fails(left=number == 3)
        self.attempt()
        self.bob_accepts()
        self.expect_state(self.alice, "chat-state", "secured")
        self.both_speak()

    def test_a_key_of_low_order_ends_the_attempt(self) -> None:
        low = LOW_ORDER[0]
        attacks = {
            "step 2": Rewrite(step(2), payload(lambda body: {**body, "m": b64(low + unb64(body["m"])[32:])})),
            "classic": Rewrite(step(2), payload(lambda _: {"publicKey": b64(low)})),
            "version": Rewrite(step(2), with_fields(v=3)),
        }
        for name, attack in attacks.items():
            with self.subTest(name):
                self.evil.attack = attack
                self.attempt()
                self.bob_accepts()
                attack.wait()
                self.fails()

    def test_a_page_that_accepts_a_key_of_low_order_says_that_the_call_is_over(self) -> None:
        self.evil.attack = Rewrite(step(1), with_fields(m=b64(LOW_ORDER[0])))
        self.within(lambda: self.bob.dial(self.alice_name))
        self.alice.get_by_test_id("incoming-accept").click()
        self.ends(self.alice)
        self.evil.run(self.bob.ended())
        self.assert_nothing_left((self.alice, self.alice_name))
        self.assert_no_faults()

    def test_a_session_that_nobody_asked_for_makes_a_page_say_nothing(self) -> None:
        self.forget(self.alice)
        self.evil.tell(self.alice_name, joined(self.bob_name, initiator=True), joined(self.bob_name))
        self.within(lambda: self.bob.dial(self.alice_name))  # what comes after it is shown, so it has been read
        expect(self.alice.get_by_test_id("incoming-request")).to_be_visible()
        self.assertEqual(self.evil.said(self.alice_name), [])
        self.assert_nothing_left((self.alice, self.alice_name))

    def test_a_page_that_is_answered_for_another_name_says_nothing(self) -> None:
        self.evil.attack = attack = Rewrite(
            of_type("session:joined"), payload(lambda body: {**body, "peer": "mallory"})
        )
        self.attempt()
        self.ends(self.alice, "The server answered for somebody else")
        self.assertGreater(attack.fired, 0)
        self.assertEqual([f for f in self.evil.said(self.alice_name) if f["type"] == "key:exchange"], [])
        self.assert_nothing_left((self.alice, self.alice_name))

    def test_without_a_step_a_page_goes_no_further(self) -> None:
        for number in (1, 2):
            with self.subTest(step=number):
                self.evil.attack = attack = Drop(step(number))
                self.attempt()
                if number == 2:
                    self.bob_accepts()
                attack.wait()
                self.assert_nothing_left((self.alice, self.alice_name))
                self.alice.get_by_test_id("call-cancel").click()
                self.ends(self.alice)
                self.assert_nothing_left((self.alice, self.alice_name))
                self.evil.behave()

    def test_a_call_comes_up_though_every_signal_comes_twice_and_plain_ones_before_it(self) -> None:
        def more(frame: Frame) -> list[Frame]:
            return [plain(frame["type"][7:], frame["sender"]), frame, frame]

        self.evil.attack = attack = Rewrite(SIGNALS, more)
        self.secured_chat()
        self.assertGreaterEqual(attack.fired, 2)
        self.assertEqual(self.seen(self.alice)["connections"], 1)


def plain(kind: str, sender: str) -> Frame:
    """A signal as the original app has it."""
    sdp = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
    candidate = {"candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host", "sdpMid": "0", "sdpMLineIndex": 0}
    return {
        "type": f"signal:{kind}",
        "sender": sender,
        "payload": candidate if kind == "ice" else {"type": kind, "sdp": sdp},
    }
