"""Two people chat: real Chromium pages, and the Python peer, through a real daphne."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import signal
import threading
from contextlib import suppress

from playwright.sync_api import Page, expect

from chat.peer import CallEnded
from tests.support.browser import BrowserTestCase
from tests.support.classic_peer import ClassicPeer
from tests.support.server import DaphneServer
from tests.support.terminal import Run

TEXTS = [
    "hello",
    "emoji 🎉👩‍👩‍👧‍👦, \"double\" and 'single' quotes, back\\slash",
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "שלום, مرحبا, and back",
    "two\nlines",
    "x" * 30_000,
]
NO_SERVER = 45_000
"""Milliseconds in which Chromium notices, with much to spare, that the other side is gone."""


class TwoPeople(BrowserTestCase):
    """Names are new in each test: a page that closes leaves its own a moment later."""

    numbers = itertools.count()

    def setUp(self) -> None:
        super().setUp()
        number = next(self.numbers)
        self.alice_name, self.bob_name = f"alice_{number}", f"bob_{number}"

    def online(self, name: str) -> Page:
        page = self.page_of(name)
        self.expect_state(page, "server-state", "online")
        return page

    def expect_state(self, page: Page, testid: str, state: str, timeout: float = 15_000) -> None:
        expect(page.get_by_test_id(testid)).to_have_attribute("data-state", state, timeout=timeout)

    def dial(self, page: Page, name: str) -> None:
        page.get_by_test_id("peer-input").fill(name)
        page.get_by_test_id("peer-connect").click()

    def say(self, page: Page, text: str) -> None:
        page.get_by_test_id("message-input").fill(text)
        page.get_by_test_id("message-input").press("Enter")

    def expect_message(self, page: Page, text: str, *, mine: bool, status: str | None = None) -> None:
        bubble = page.locator(f'[data-testid=message][data-mine="{str(mine).lower()}"]').last
        expect(bubble).to_contain_text(text.splitlines()[-1][:1_000])  # a long one is folded
        if status:
            expect(bubble).to_have_attribute("data-status", re.compile(f"^({status}|read)$"))

    def secured(self) -> tuple[Page, Page]:
        alice, bob = self.online(self.alice_name), self.online(self.bob_name)
        self.dial(alice, self.bob_name)
        bob.get_by_test_id("incoming-accept").click()
        for page in (alice, bob):
            self.expect_state(page, "chat-state", "secured")
        return alice, bob

    def run_peer(self, *arguments: str, typed: bool = False) -> Run:
        run = Run(self.server.url, *arguments, typed=typed)
        self.enterContext(run)
        run.says("Online")
        return run


class ChatTest(TwoPeople):
    def test_two_people_chat(self) -> None:
        alice, bob = self.secured()
        for page in (alice, bob):
            expect(page.get_by_test_id("trust")).to_have_attribute("data-trust", "unverified")
            expect(page.get_by_test_id("chat-state")).to_contain_text("Encrypted, not verified yet.")
        for text in TEXTS:
            self.say(alice, text)
            self.expect_message(alice, text, mine=True, status="delivered")
            self.expect_message(bob, text, mine=False)
            self.say(bob, text[::-1])
            self.expect_message(alice, text[::-1], mine=False)
        self.assert_no_faults()
        self.assertNotIn(self.alice_name, self.server.log)
        self.assertNotIn("hello", self.server.log)

    def test_a_stream_of_messages_arrives_whole_and_in_order(self) -> None:
        alice, bob = self.secured()
        for number in range(60):
            self.say(alice, f"message {number}")
        bubbles = bob.get_by_test_id("message")
        expect(bubbles).to_have_count(60)
        for number in (0, 29, 59):
            expect(bubbles.nth(number)).to_contain_text(f"message {number}")

    def test_leaving_tells_the_other_one(self) -> None:
        alice, bob = self.secured()
        self.say(alice, "see you")
        self.expect_message(bob, "see you", mine=False)
        alice.get_by_test_id("chat-end").click()
        self.expect_state(bob, "chat-state", "ended")
        expect(bob.get_by_test_id("chat-state")).to_contain_text(f"{self.alice_name} ended the chat")
        expect(alice.get_by_test_id("chat-state")).to_have_text("You ended the chat, and its messages are deleted.")
        for page in (alice, bob):
            expect(page.get_by_test_id("message")).to_have_count(0)
        expect(bob.get_by_test_id("message-input")).to_be_disabled()

    def test_a_closed_tab_is_noticed_at_once_and_the_chat_waits_for_it(self) -> None:
        alice, bob = self.secured()
        alice.close(run_before_unload=False)
        self.expect_state(bob, "chat-state", "reconnecting")
        self.say(bob, "for later")
        self.expect_message(bob, "for later", mine=True, status="queued")
        expect(bob.get_by_test_id("chat-state")).to_contain_text(f"{self.alice_name} is offline.")

    def test_declining_cancelling_and_being_busy(self) -> None:
        alice, bob = self.online(self.alice_name), self.online(self.bob_name)
        self.dial(alice, self.bob_name)
        expect(bob.get_by_test_id("incoming-request")).to_contain_text(f"someone calling as {self.alice_name}")
        bob.get_by_test_id("incoming-decline").click()
        self.expect_state(alice, "chat-state", "ended")
        expect(alice.get_by_test_id("chat-state")).to_contain_text(f"{self.bob_name} declined the call.")

        self.dial(alice, self.bob_name)
        expect(bob.get_by_test_id("incoming-request")).to_be_visible()
        alice.get_by_test_id("call-cancel").click()
        expect(bob.get_by_test_id("incoming-request")).to_be_hidden()

        self.dial(alice, self.bob_name)
        expect(bob.get_by_test_id("incoming-request")).to_be_visible()
        carol = self.online(f"carol_{self.bob_name}"[:20])
        self.dial(carol, self.bob_name)
        expect(carol.get_by_test_id("chat-state")).to_contain_text(f"{self.bob_name} is busy in another chat.")
        expect(bob.get_by_test_id("toast")).to_contain_text("was told that you are busy")
        bob.get_by_test_id("incoming-accept").click()
        self.expect_state(bob, "chat-state", "secured")
        self.assert_no_faults()

    def test_both_call_at_once(self) -> None:
        alice, bob = self.online(self.alice_name), self.online(self.bob_name)
        for page, name in ((alice, self.bob_name), (bob, self.alice_name)):
            page.get_by_test_id("peer-input").fill(name)
        for page in (alice, bob):
            page.get_by_test_id("peer-connect").dispatch_event("click")
        for page in (alice, bob):
            self.expect_state(page, "chat-state", "secured")

    def test_nobody_is_online_under_that_name(self) -> None:
        alice = self.online(self.alice_name)
        self.dial(alice, "nobody_here")
        self.expect_state(alice, "chat-state", "failed")
        expect(alice.get_by_test_id("chat-state")).to_contain_text("nobody_here is not online.")

    def test_an_unanswered_call_ends_after_a_minute_on_both_sides(self) -> None:
        alice, bob = self.online(self.alice_name), self.online(self.bob_name)
        alice.clock.install()
        self.dial(alice, self.bob_name)
        expect(bob.get_by_test_id("incoming-request")).to_be_visible()
        alice.clock.fast_forward(59_000)
        self.expect_state(alice, "chat-state", "calling")
        alice.clock.fast_forward(2_000)
        expect(alice.get_by_test_id("chat-state")).to_contain_text(f"{self.bob_name} did not answer.")
        expect(bob.get_by_test_id("incoming-request")).to_be_hidden()
        self.expect_state(bob, "chat-state", "ended")

    def test_a_name_that_somebody_else_has(self) -> None:
        first = self.online(self.alice_name)
        second = self.page_of(self.alice_name.upper())
        self.expect_state(second, "server-state", "taken")
        self.expect_state(first, "server-state", "online")

    def test_two_tabs_of_one_browser(self) -> None:
        first = self.online(self.alice_name)
        second = first.context.new_page()
        second.goto("/chat")
        self.expect_state(second, "server-state", "online")
        self.expect_state(first, "server-state", "replaced")

    def test_the_page_reloaded_has_its_name_its_pins_and_its_chat_back(self) -> None:
        alice, bob = self.secured()
        alice.reload()
        self.expect_state(alice, "server-state", "online")
        for page in (alice, bob):
            self.expect_state(page, "chat-state", "secured")
        self.say(bob, "there you are")
        self.expect_message(alice, "there you are", mine=False)
        self.assert_no_faults()

    def test_the_two_compare_emoji_and_stay_verified(self) -> None:
        alice, bob = self.secured()
        alice.get_by_test_id("verify-open").click()
        for page in (alice, bob):
            expect(page.get_by_test_id("sas-emoji")).to_be_visible()
        shown = [page.get_by_test_id("sas-emoji").inner_text() for page in (alice, bob)]
        self.assertEqual(shown[0], shown[1])
        for page in (alice, bob):
            page.get_by_test_id("sas-match").click()
        for page in (alice, bob):
            expect(page.get_by_test_id("trust")).to_have_attribute("data-trust", "verified")
        alice.get_by_test_id("chat-end").click()
        self.expect_state(bob, "chat-state", "ended")
        self.dial(bob, self.alice_name)
        alice.get_by_test_id("incoming-accept").click()
        expect(bob.get_by_test_id("trust")).to_have_attribute("data-trust", "verified")
        self.assert_no_faults()

    def test_an_invite_makes_both_verified(self) -> None:
        alice = self.online(self.alice_name)
        alice.get_by_test_id("invite-create").first.click()
        link = alice.get_by_test_id("invite-link").input_value()
        alice.keyboard.press("Escape")
        bob = self.context().new_page()
        bob.goto(link)
        bob.get_by_test_id("username-input").fill(self.bob_name)
        bob.get_by_test_id("username-submit").click()
        alice.get_by_test_id("incoming-accept").click()
        for page in (alice, bob):
            self.expect_state(page, "chat-state", "secured")
            expect(page.get_by_test_id("trust")).to_have_attribute("data-trust", "verified")
        self.assertNotIn("#", bob.url)
        self.assert_no_faults()

    def test_nothing_about_the_network_leaves_either_side_before_accept(self) -> None:
        alice, said_by_alice = self.overheard(self.alice_name)
        bob, said_by_bob = self.overheard(self.bob_name)
        self.dial(alice, self.bob_name)
        expect(bob.get_by_test_id("incoming-request")).to_be_visible()
        self.assertEqual(said_by_alice, ["auth:response", "session:connect", "key:exchange"])
        self.assertEqual(said_by_bob, ["auth:response"])
        bob.get_by_test_id("incoming-accept").click()
        self.expect_state(bob, "chat-state", "secured")
        self.assertEqual(said_by_bob[1], "key:exchange")
        self.assertIn("signal:answer", said_by_bob[2:])
        self.assertEqual(said_by_alice[3:5], ["key:exchange", "signal:offer"])

    def overheard(self, name: str) -> tuple[Page, list[str]]:
        """A page that is online, and the types of what it says to the server from then on and before."""
        page = self.context().new_page()
        said: list[str] = []
        page.on(
            "websocket", lambda socket: socket.on("framesent", lambda frame: said.append(json.loads(frame)["type"]))
        )
        page.goto("/")
        page.get_by_test_id("username-input").fill(name)
        page.get_by_test_id("username-submit").click()
        self.expect_state(page, "server-state", "online")
        return page, said


class ClassicEcho(threading.Thread):
    """A peer of the original app's encryption alone, that repeats what it hears."""

    def __init__(self, server: str, name: str) -> None:
        super().__init__(daemon=True)
        self._server, self._name = server, name
        self.online = threading.Event()

    def run(self) -> None:
        asyncio.run(self._echo())

    async def _echo(self) -> None:
        async with ClassicPeer(self._name, self._server) as peer:
            self.online.set()
            await peer.ringing()
            peer.accept()
            with suppress(CallEnded):
                await peer.secured()
                async for message in peer.messages():
                    await peer.deliver(message.body)


class ClassicTest(TwoPeople):
    def echo(self) -> None:
        echo = ClassicEcho(self.server.url, self.bob_name)
        echo.start()
        self.addCleanup(echo.join, 20)
        self.assertTrue(echo.online.wait(20))

    def test_a_classic_peer_is_announced_and_then_chats(self) -> None:
        self.echo()
        alice = self.online(self.alice_name)
        self.dial(alice, self.bob_name)
        expect(alice.get_by_test_id("classic-warning")).to_be_visible()
        alice.get_by_test_id("classic-accept").click()
        self.expect_state(alice, "chat-state", "secured")
        expect(alice.get_by_test_id("trust")).to_have_attribute("data-trust", "classic")
        for text in TEXTS:
            self.say(alice, text)
            self.expect_message(alice, text, mine=True, status="sent")
            self.expect_message(alice, text, mine=False)
        alice.get_by_test_id("chat-end").click()
        self.expect_state(alice, "chat-state", "ended")
        self.assert_no_faults()

    def test_a_classic_peer_may_be_refused(self) -> None:
        self.echo()
        alice = self.online(self.alice_name)
        self.dial(alice, self.bob_name)
        alice.get_by_test_id("classic-refuse").click()
        self.expect_state(alice, "chat-state", "ended")
        expect(alice.get_by_test_id("chat-state")).to_contain_text("You did not start a chat")


class ServerGoneTest(TwoPeople):
    """On a first visit, so that nothing is at hand that the page did not fetch while the server was there."""

    first_visit = True

    @classmethod
    def serve(cls) -> DaphneServer:
        return cls.enterClassContext(DaphneServer())

    def test_another_device_under_a_known_name_is_asked_about(self) -> None:
        alice, bob = self.secured()
        bob.context.close()
        self.expect_state(alice, "chat-state", "reconnecting")
        alice.get_by_test_id("chat-end").click()
        self.expect_state(alice, "chat-state", "ended")
        self.server.kill()
        self.server.start()
        alice.reload()
        self.expect_state(alice, "server-state", "online")
        bob = self.online(self.bob_name)
        self.dial(alice, self.bob_name)
        bob.get_by_test_id("incoming-accept").click()
        self.expect_state(alice, "chat-state", "blocked")
        expect(alice.get_by_test_id("key-changed")).to_be_visible()
        alice.get_by_test_id("key-accept").click()
        for page in (alice, bob):
            self.expect_state(page, "chat-state", "secured")
            expect(page.get_by_test_id("trust")).to_have_attribute("data-trust", "unverified")

    def test_the_chat_goes_on_while_the_server_is_gone_and_the_page_says_so(self) -> None:
        alice, bob = self.secured()
        self.server.kill()
        self.expect_state(alice, "server-state", "offline")
        expect(alice.get_by_test_id("server-state")).to_contain_text("The server cannot be reached.")
        self.expect_state(alice, "chat-state", "secured")
        expect(alice.get_by_test_id("server-state")).to_contain_text("Your chat goes on.")
        self.faults.clear()
        self.say(alice, "still there?")
        self.expect_message(alice, "still there?", mine=True, status="delivered")
        self.expect_message(bob, "still there?", mine=False)
        self.assertFalse([fault for fault in self.faults if "/static/" in fault])
        self.server.start()
        for page in (alice, bob):
            self.expect_state(page, "server-state", "online", timeout=NO_SERVER)
        self.say(bob, "yes")
        self.expect_message(alice, "yes", mine=False)


class PythonPeerTest(TwoPeople):
    def test_an_echo_in_python_answers_a_page(self) -> None:
        echo = self.run_peer("echo", "--accept", "--echo")
        alice = self.online(self.alice_name)
        self.dial(alice, "echo")
        self.expect_state(alice, "chat-state", "secured")
        for text in TEXTS:
            self.say(alice, text)
            self.expect_message(alice, text, mine=True, status="delivered")
            self.expect_message(alice, text, mine=False)
        alice.get_by_test_id("chat-end").click()
        echo.says(f"{self.alice_name} ended the chat")

    def test_a_page_answers_python(self) -> None:
        bob = self.online(self.bob_name)
        with Run(self.server.url, self.alice_name, "--connect", self.bob_name) as alice:
            alice.type("hello from a terminal 🎉\n")
            expect(bob.get_by_test_id("incoming-request")).to_contain_text(self.alice_name)
            bob.get_by_test_id("incoming-accept").click()
            self.expect_message(bob, "hello from a terminal 🎉", mine=False)
            self.say(bob, "hello from a page")
            alice.reads(f"{self.bob_name}: hello from a page")
            bob.get_by_test_id("chat-end").click()
            alice.says(f"{self.bob_name} ended the chat")
            self.assertEqual(alice.exits(), 0)

    def test_a_peer_that_vanishes_is_noticed(self) -> None:
        echo = self.run_peer("echo", "--accept", "--echo")
        alice = self.online(self.alice_name)
        self.dial(alice, "echo")
        self.expect_state(alice, "chat-state", "secured")
        echo.process.send_signal(signal.SIGKILL)
        self.expect_state(alice, "chat-state", "reconnecting", timeout=NO_SERVER)
        self.say(alice, "are you there?")
        self.expect_message(alice, "are you there?", mine=True, status="queued")
        expect(alice.get_by_test_id("chat-state")).to_contain_text(
            "echo is offline. Messages wait until they are back."
        )

        self.run_peer("echo", "--accept", "--echo")
        self.expect_state(alice, "chat-state", "secured", timeout=NO_SERVER)
        self.expect_message(alice, "are you there?", mine=False)
