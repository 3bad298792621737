"""A page loaded anew in mid-chat, on one side or both, a peer in Python that is started again, a path that is cut: the chat goes
on by itself, and what was typed meanwhile arrives once and in order."""

from __future__ import annotations

import re
import signal
from typing import ClassVar

from playwright.sync_api import Page, expect

from tests.browser.test_chat import NO_SERVER, TwoPeople
from tests.support.server import DaphneServer

REMEMBER = """() => {
  const made = (window.connections = []);
  window.RTCPeerConnection = new Proxy(RTCPeerConnection, {
    construct(target, args) {
      const connection = new target(...args);
      made.push(connection);
      return connection;
    },
  });
}"""
CUT = """() => {
  for (const connection of window.connections) {
    connection.close();
    connection.onconnectionstatechange?.();
  }
}"""


class RestoreCase(TwoPeople):
    scripts: ClassVar[tuple[str, ...]] = (f"({REMEMBER})()",)

    def back(self, *pages: Page) -> None:
        for page in pages:
            self.expect_state(page, "chat-state", "secured", timeout=NO_SERVER)

    def reload(self, page: Page) -> None:
        page.once("dialog", lambda dialog: dialog.accept())
        page.reload()

    def expect_theirs(self, page: Page, *texts: str) -> None:
        """Exactly these came from the other side, in this order."""
        expect(page.locator('[data-testid=message][data-mine="false"]')).to_have_count(len(texts))
        for bubble, text in zip(page.locator('[data-testid=message][data-mine="false"]').all(), texts, strict=True):
            expect(bubble).to_contain_text(text)

    def expect_delivered(self, page: Page, text: str) -> None:
        self.expect_message(page, text, mine=True)
        bubble = page.locator('[data-testid=message][data-mine="true"]').last
        expect(bubble).to_have_attribute("data-status", re.compile("delivered|read"), timeout=NO_SERVER)


class ReloadTest(RestoreCase):
    def test_the_called_ones_page_is_loaded_anew(self) -> None:
        alice, bob = self.secured()
        self.say(alice, "before")
        self.expect_theirs(bob, "before")
        self.reload(bob)
        expect(bob.get_by_test_id("goes-on")).to_contain_text("what was said before is gone")
        self.say(alice, "meanwhile")
        self.back(alice, bob)
        self.expect_theirs(bob, "meanwhile")
        self.expect_delivered(alice, "meanwhile")
        self.say(bob, "here again")
        self.expect_theirs(alice, "here again")
        expect(bob.get_by_test_id("incoming-request")).to_be_hidden()
        expect(alice.get_by_test_id("incoming-request")).to_be_hidden()
        self.assert_no_faults()

    def test_the_callers_page_is_loaded_anew_again_and_again(self) -> None:
        alice, bob = self.secured()
        for n in range(2):
            self.reload(alice)
            self.say(bob, f"number {n}")
            self.back(alice, bob)
            self.expect_theirs(alice, f"number {n}")
        self.say(alice, "here again")
        self.expect_theirs(bob, "here again")

    def test_both_pages_are_loaded_anew(self) -> None:
        alice, bob = self.secured()
        for page in (alice, bob):
            self.reload(page)
        self.back(alice, bob)
        self.say(alice, "here again")
        self.expect_theirs(bob, "here again")
        self.assert_no_faults()

    def test_what_is_typed_on_a_page_that_finds_nobody_waits(self) -> None:
        alice, bob = self.secured()
        self.suspended(bob)
        self.reload(alice)
        expect(alice.get_by_test_id("chat-state")).to_contain_text(f"{self.bob_name} is offline.")
        expect(alice.get_by_test_id("conversation")).to_contain_text("Offline")
        self.say(alice, "are you there?")
        self.expect_message(alice, "are you there?", mine=True, status="queued")
        bob.go_back()
        self.back(alice, bob)
        self.expect_theirs(bob, "are you there?")

    def suspended(self, page: Page) -> None:
        """The page is left for another one of the site."""
        page.once("dialog", lambda dialog: dialog.accept())
        page.goto("/health")


class PathTest(RestoreCase):
    def test_a_path_that_is_cut_under_both_is_replaced(self) -> None:
        alice, bob = self.secured()
        for page in (alice, bob):
            page.evaluate(CUT)
        self.say(alice, "one")
        self.say(bob, "two")
        self.back(alice, bob)
        self.expect_theirs(bob, "one")
        self.expect_theirs(alice, "two")

    def test_a_path_that_is_cut_under_one_is_replaced(self) -> None:
        alice, bob = self.secured()
        bob.evaluate(CUT)
        self.say(alice, "one")
        self.back(alice, bob)
        self.expect_theirs(bob, "one")

    def test_a_browser_that_goes_offline_and_comes_back_loses_nothing(self) -> None:
        alice, bob = self.secured()
        alice.context.set_offline(True)
        bob.evaluate(CUT)
        self.say(alice, "one")
        self.say(bob, "two")
        alice.context.set_offline(False)
        self.back(alice, bob)
        self.expect_theirs(bob, "one")
        self.expect_theirs(alice, "two")


class PythonTest(RestoreCase):
    def test_a_peer_in_python_that_is_killed_and_started_again_goes_on_with_the_chat(self) -> None:
        name = f"echo_{self.bob_name}"[:20]
        alice = self.online(self.alice_name)
        echo = self.run_peer(name, "--accept", "--echo")
        self.dial(alice, name)
        self.back(alice)
        echo.process.send_signal(signal.SIGKILL)
        self.expect_state(alice, "chat-state", "reconnecting", timeout=NO_SERVER)
        self.say(alice, "are you there?")
        self.expect_message(alice, "are you there?", mine=True, status="queued")
        self.run_peer(name, "--accept", "--echo")
        self.back(alice)
        self.expect_theirs(alice, "are you there?")


class ServerTest(RestoreCase):
    @classmethod
    def serve(cls) -> DaphneServer:
        return cls.enterClassContext(DaphneServer())

    def test_a_chat_without_a_path_waits_for_the_server(self) -> None:
        alice, bob = self.secured()
        self.server.kill()
        for page in (alice, bob):
            self.expect_state(page, "server-state", "offline")
            page.evaluate(CUT)
        self.say(alice, "one")
        self.expect_state(alice, "chat-state", "reconnecting")
        self.server.start()
        self.back(alice, bob)
        self.expect_theirs(bob, "one")
