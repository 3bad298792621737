"""Every state that the chat page can be seen in, for whoever goes through all of them: axe, and the screenshots.

for name, state in STATES.items():
    state.show(page)

A state is what the acted peer says (tests/support/acted.py), and for some what the person does then: `page` has just been
loaded. The talk has times around NOW, which the page's clock may be set to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.support.acted import BLOCKED, ENDED, IDLE, ONLINE, RINGING, SECURED, SET, WARNED, comparing

MINUTE = 60_000
HOUR = 60 * MINUTE
NOW = 1_778_776_200_000
"""A Thursday in May 2026, 16:30 in London: what is said an hour before is of the same day nearly everywhere."""

Said = dict[str, Any]


def said(number: int, body: str, ago: int, *, mine: bool = False, **others: Any) -> Said:
    """A message so many milliseconds ago."""
    status = "read" if mine else "sent"
    return {"id": f"m{number}", "mine": mine, "body": body, "at": NOW - ago, "status": status, **others}


def both(mine: str = "", theirs: str = "") -> dict[str, Any]:
    """Who reacted with what."""
    return {"reactions": {"mine": mine, "theirs": theirs}}


TALK: list[Said] = [
    said(1, "hey, are you home?", 26 * HOUR),
    said(2, "yes! just got in", 26 * HOUR - MINUTE, mine=True),
    said(3, "how was the trip?", 26 * HOUR - MINUTE - 9_000, mine=True),
    said(
        4,
        "Long. Three trains, one bus, and a goat that would not let me pass until it had half of my sandwich.",
        26 * HOUR - 4 * MINUTE,
        **both(mine="😂"),
    ),
    said(5, "poor sandwich", 26 * HOUR - 5 * MINUTE, mine=True, re={"mine": False, "id": "m4"}, edited=True),
    said(6, "here is how you get in:\n```\nblue door\nsecond bell, ring twice\n```", 40 * MINUTE),
    said(7, "", 38 * MINUTE, mine=True, deleted=True),
    said(8, "**eight** is good, I bring the bread. https://maps.example/blue-door", 30 * MINUTE, mine=True),
    said(9, "see you there 🌿", 29 * MINUTE, **both(mine="❤️", theirs="👍")),
    said(10, "running late, ten minutes!", 2 * MINUTE, mine=True, status="delivered"),
]
UNSENT = [
    *TALK[:9],
    said(11, "which floor?", 3 * MINUTE, mine=True, status="failed"),
    said(12, "never mind, I see you", 2 * MINUTE, mine=True, status="queued"),
]
VANISHING = [
    *TALK[:5],
    {**said(13, "", 20 * MINUTE, mine=True), "kind": "timer", "seconds": 300},
    said(14, "the code for the gate is 4711", 2 * MINUTE, expires=NOW + 3 * MINUTE),
    said(15, "got it", MINUTE, mine=True, expires=NOW + 4 * MINUTE),
]
OTHER_WAY = [
    said(19, "x" * 4_500, 21 * MINUTE),
    said(16, "שלום! מתי נפגשים?", 20 * MINUTE),
    said(17, "at eight, בדלת הכחולה", 18 * MINUTE, mine=True),
    said(18, "أراك هناك", 17 * MINUTE),
]
CHAT = {**SECURED, "messages": TALK, "path": {"relayed": False, "rtt": 23}}
VERIFIED = {**CHAT, "trust": "verified"}


def entry(peer: str, last: Said | None, **others: Any) -> dict[str, Any]:
    """A conversation of the list."""
    quiet = {"state": "secured", "trust": "unverified", "unread": 0}
    marks = dict.fromkeys(("muted", "typing", "away", "doubted", "selected"), False)
    whole = {"kind": "text", "re": None, "edited": False, "deleted": False, "expires": None, **both()}
    return {"peer": peer, **quiet, **marks, "last": last and {**whole, **last}, **others}


CONVERSATIONS = [
    entry("bob", TALK[-1], trust="verified", selected=True),
    entry("carol", said(20, "did you see the pictures?", 6 * MINUTE), unread=3),
    entry("dave_from_work", said(21, "the deck is in the usual place", 2 * HOUR), typing=True),
    entry("erin", said(22, "night night", 20 * HOUR, mine=True), state="reconnecting", muted=True, trust="verified"),
    entry("frank", said(23, "thanks again", 50 * HOUR), state="ended"),
]


@dataclass(frozen=True)
class State:
    """What the peer says, and what the person does then."""

    chat: dict[str, Any]
    around: dict[str, Any] = field(default_factory=dict)
    then: Callable[[Page], None] | None = None

    def show(self, page: Page) -> None:
        """Bring a page that was just loaded into this state."""
        page.evaluate(SET, {"server": ONLINE, **self.around, "chat": self.chat})
        if self.then is not None:
            self.then(page)


def pressing(*testids: str) -> Callable[[Page], None]:
    """The person presses one after the other."""

    def then(page: Page) -> None:
        for testid in testids:
            seen(page.get_by_test_id(testid)).click()

    return then


def seen(buttons: Locator) -> Locator:
    """The one that is to be seen: some are there twice, for wide pages and narrow ones."""
    return buttons.locator("visible=true").first


def at_message(text: str, *testids: str) -> Callable[[Page], None]:
    """The person opens what can be done with a message, by the keyboard, and presses these."""

    def then(page: Page) -> None:
        message = page.get_by_test_id("message").filter(has_text=text).first
        message.focus()
        message.press("Enter")
        expect(seen(page.get_by_test_id("message-reply"))).to_be_visible()
        pressing(*testids)(page)

    return then


def typing(text: str, *testids: str) -> Callable[[Page], None]:
    """The person writes something, and then presses these."""

    def then(page: Page) -> None:
        page.get_by_test_id("message-input").fill(text)
        pressing(*testids)(page)

    return then


def to_the_list(page: Page) -> None:
    """Where there is no room for both, the list takes the place of the chat."""
    if page.get_by_test_id("chat-back").is_visible():
        nobody: dict[str, Any] = {**IDLE, "messages": [], "path": None}
        page.evaluate(SET, {"chat": nobody, "conversations": [{**each, "selected": False} for each in CONVERSATIONS]})


def emoji(page: Page) -> None:
    """The picker, which is loaded when it is asked for."""
    pressing("emoji-open")(page)
    expect(page.get_by_role("searchbox").locator("visible=true").first).to_be_visible()


def comparing_numbers(page: Page) -> None:
    """The safety number's QR code, which is loaded when it is asked for."""
    pressing("verify-open")(page)
    page.get_by_role("button", name="QR code").click()
    expect(page.get_by_role("img", name="The safety number as a QR code")).to_be_visible()


def inviting(page: Page) -> None:
    """An invite with its QR code."""
    pressing("invite-create")(page)
    expect(page.get_by_role("img", name="The invite as a QR code")).to_be_visible()


def having_met(*people: str) -> Callable[[Page], None]:
    """Those whom this device has met, the last first; every other one was verified."""
    met = [{"name": name, "verified": number % 2 == 0} for number, name in enumerate(people)]

    def then(page: Page) -> None:
        page.evaluate("(met) => { fakePeer.identity.met = met; fakePeer.set({}); return fakePeer.drawn(); }", met)

    return then


def wiping(page: Page) -> None:
    """The last question before everything is gone."""
    pressing("settings-open")(page)
    page.get_by_test_id("wipe").locator("summary").click()
    page.get_by_test_id("wipe-confirm").scroll_into_view_if_needed()


def new_identity(page: Page) -> None:
    """The same for the identity alone."""
    pressing("change-name")(page)
    page.get_by_test_id("new-identity").locator("summary").click()


STATES: dict[str, State] = {
    # nobody to talk to yet
    "home": State(IDLE),
    "home-again": State(
        IDLE, then=having_met("bob", "carol", "dave_from_work", "mary_from_downstairs", "erin", "frank", "grace")
    ),
    "help": State(IDLE, then=lambda page: page.get_by_text("How lowkey protects you").click()),
    "calling": State({**IDLE, "state": "calling", "sentence": "Calling bob…", "peer": "bob"}),
    "incoming": State(RINGING, {"incoming": {"peer": "bob", "invited": False}}),
    "incoming-in-a-chat": State(VERIFIED, {"incoming": {"peer": "carol", "invited": True}}),
    "invite": State(IDLE, then=inviting),
    "invite-offline": State(IDLE, {"invite": {"peer": "bob", "state": "offline", "sentence": "bob was not reached."}}),
    "invite-used": State(IDLE, {"invite": {"peer": "bob", "state": "used", "sentence": "This invite was used."}}),
    "server-elsewhere": State(IDLE, {"server": {"state": "replaced", "sentence": "lowkey is open in another tab."}}),
    # a chat
    "nothing-yet": State({**SECURED, "messages": [], "path": {"relayed": False, "rtt": 23}}),
    "chat": State(VERIFIED),
    "chats": State(VERIFIED, {"conversations": CONVERSATIONS}, then=to_the_list),
    "unverified": State({**CHAT, "knownAs": ["carol"]}),
    "older-app": State({**CHAT, "trust": "classic", "features": [], "path": None}),
    "relayed": State({**VERIFIED, "path": {"relayed": True, "rtt": 180}}),
    "typing": State({**VERIFIED, "typing": True}),
    "unsent": State({**VERIFIED, "messages": UNSENT}),
    "vanishing": State({**VERIFIED, "messages": VANISHING, "timer": 300}),
    "other-directions": State({**VERIFIED, "messages": OTHER_WAY}),
    "muted": State({**VERIFIED, "muted": True}),
    "reconnecting": State(
        {
            **VERIFIED,
            "state": "reconnecting",
            "sentence": "The connection is lost. Reconnecting…",
            "since": NOW - 150_000,
        },
    ),
    "away": State(
        {**VERIFIED, "state": "reconnecting", "sentence": "bob is offline.", "since": NOW - 9 * MINUTE, "away": True},
    ),
    "server-gone": State(VERIFIED, {"server": {"state": "offline", "sentence": "The server cannot be reached."}}),
    "over": State({**VERIFIED, **ENDED}),
    "not-reached": State(
        {**IDLE, "state": "failed", "peer": "bob", "sentence": "bob did not answer."},
    ),
    # what is done in one
    "message-actions": State(VERIFIED, then=at_message("see you there")),
    "replying": State(VERIFIED, then=at_message("blue door", "message-reply")),
    "editing": State(VERIFIED, then=at_message("running late", "message-edit")),
    "reacting": State(VERIFIED, then=at_message("see you there", "message-react")),
    "deleting": State(VERIFIED, then=at_message("running late", "message-delete")),
    "writing": State(VERIFIED, then=typing("two lines,\nnot sent yet")),
    "emoji": State(VERIFIED, then=emoji),
    "chat-menu": State(VERIFIED, then=pressing("chat-menu")),
    # whether they are who they seem
    "comparing": State({**CHAT, **comparing("compare", they=True)}),
    "mismatch": State({**CHAT, **comparing("mismatched")}),
    "safety-number": State(VERIFIED, then=comparing_numbers),
    "another-device": State({**BLOCKED, "messages": TALK}),
    "older-app-asks": State(WARNED),
    # this device
    "settings": State(IDLE, then=pressing("settings-open")),
    "wiping": State(IDLE, then=wiping),
    "name": State(IDLE, then=pressing("change-name")),
    "new-identity": State(IDLE, then=new_identity),
}
