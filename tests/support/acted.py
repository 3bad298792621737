"""The chat page with tests/support/js/fake_peer.js for a peer: a test writes what the peer says and reads what it was asked.

page = self.open(SECURED)
page.evaluate(SET, {"chat": {"trust": "verified"}})
self.assertEqual(self.asked(page), [])
"""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Dialog, Page

from tests.support.browser import BrowserTestCase
from tests.support.server import DaphneServer
from tests.support.servers import acted_static, shared_server

SET = "(state) => { window.fakePeer.set(state); return window.fakePeer.drawn(); }"
CHANGE = "([ref, fields]) => { window.fakePeer.change(ref, fields); return window.fakePeer.drawn(); }"
RECEIVE = "(message) => { window.fakePeer.receive(message); return window.fakePeer.drawn(); }"
BY_ITSELF = {"start", "wake", "read", "typed", "suspend"}
AT_FIRST = {"receipts": True, "typing": True, "relayOnly": False}
ONLINE = {"state": "online", "sentence": "Online"}
SECURED = {"state": "secured", "sentence": "Connected to bob.", "peer": "bob", "trust": "unverified"}
ENDED = {"state": "ended", "sentence": "bob left the chat.", "peer": "bob", "trust": None}
IDLE = {"state": "idle", "sentence": "Nobody to talk to yet.", "peer": None, "trust": None}
RINGING = {"state": "ringing", "sentence": "Someone is calling as bob.", "peer": "bob", "trust": None}

BLOCKED = {
    **SECURED,
    "state": "blocked",
    "sentence": "bob is on another device than before.",
    "trust": "changed",
    "changed": {"firstSeen": 1_690_000_000_000, "verified": True},
}
WARNED = {
    **IDLE,
    "state": "connecting",
    "sentence": "Nothing has been sent yet.",
    "peer": "bob",
    "classicWarning": True,
}

PICTURES = [
    {"emoji": emoji, "name": name}
    for emoji, name in (
        ("\U0001f436", "Dog"),
        ("\U0001f34e", "Apple"),
        ("\u2693", "Anchor"),
        ("\U0001f3a7", "Headphones"),
        ("\u2602\ufe0f", "Umbrella"),
        ("\U0001f4a1", "Light Bulb"),
        ("\u2708\ufe0f", "Aeroplane"),
    )
]


def message(
    number: int, *, mine: bool = False, body: str = "hello", status: str = "sent", **others: Any
) -> dict[str, Any]:
    """A message as the peer gives it, where `others` leaves out what every one has."""
    at = 1_700_000_000_000 + number
    return {"id": f"m{number}", "mine": mine, "body": body, "at": at, "status": status, **others}


def ref(number: int, *, mine: bool = False) -> dict[str, Any]:
    """What names that message."""
    return {"mine": mine, "id": f"m{number}"}


def comparing(state: str, *, they: bool = False) -> dict[str, Any]:
    """A run of the emoji comparison."""
    return {"verification": {"state": state, "emoji": [] if state == "waiting" else PICTURES, "theyMatched": they}}


class ActedChat(BrowserTestCase):
    """alice's page, whose peer is an actor: the server hands it out in the real one's place."""

    @classmethod
    def serve(cls) -> DaphneServer:
        return shared_server({"STATIC_ROOT": str(acted_static())})

    def page_of(self, name: str, **options: Any) -> Page:
        page = super().page_of(name, **options)
        page.wait_for_function("() => window.fakePeer")
        return page

    def open(self, chat: dict[str, Any] | None = None, **options: Any) -> Page:
        page = self.page_of("alice", **options)
        page.evaluate(SET, {"server": ONLINE, "chat": chat or IDLE})
        return page

    def asked(self, page: Page) -> list[list[Any]]:
        """What the page asked of the peer, apart from starting it and what it says by itself."""
        calls: list[list[Any]] = page.evaluate("() => window.fakePeer.calls")
        return [call for call in calls if call[0] not in BY_ITSELF and call != ["prefer", AT_FIRST]]


def note(asked: list[str], dialog: Dialog) -> None:
    """Remember what the browser asked, and agree."""
    asked.append(dialog.type)
    dialog.accept()
