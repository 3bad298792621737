"""What the server hands out: two pages and the one for everything else."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from django.test import SimpleTestCase, override_settings

USERNAME_PAGE = ("username-input", "username-submit", "username-error")
CHAT_PAGE = (
    "change-name",
    "server-state",
    "peer-input",
    "peer-connect",
    "call-cancel",
    "incoming-request",
    "incoming-accept",
    "incoming-decline",
    "chat-state",
    "trust",
    "chat-end",
    "message",
    "message-retry",
    "message-input",
    "message-send",
    "toast",
)
INLINE = re.compile(r"^(on.+|style)$")


class Page(HTMLParser):
    """What a page's markup says, as far as the tests ask."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.by_testid: dict[str, dict[str, str | None]] = {}
        self.ids: list[str] = []
        self.inline: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self._script = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if testid := attributes.get("data-testid"):
            self.by_testid[testid] = attributes
        if name := attributes.get("id"):
            self.ids.append(name)
        self.inline += [f"{tag} {name}" for name in attributes if INLINE.match(name)]
        self.addresses += [value for name, value in attrs if name in {"href", "src", "action"} and value]
        self._script = tag == "script"
        if tag == "style":
            self.inline.append(tag)

    def handle_data(self, data: str) -> None:
        if self._script and data.strip():
            self.inline.append(f"script {data.strip()[:40]}")
        self.text += data


class Pages(SimpleTestCase):
    """Both pages, asked for over HTTP."""

    def page(self, path: str) -> Page:
        response = self.client.get(path)
        self.assertEqual(response.status_code, 200)
        return Page(response.content.decode())

    def test_the_username_page_says_what_this_is(self) -> None:
        page = self.page("/")
        for words in ("lowkey", "encrypted peer-to-peer chat", "Choose a username", "Get Started"):
            self.assertIn(words, page.text)
        self.assertIn("your messages never touch our servers", page.text)

    def test_each_page_has_what_tests_drive_it_by(self) -> None:
        self.assertLessEqual(set(USERNAME_PAGE), set(self.page("/").by_testid))
        self.assertLessEqual(set(CHAT_PAGE), set(self.page("/chat").by_testid))

    def test_a_chat_page_starts_with_nobody_to_write_to(self) -> None:
        page = self.page("/chat")
        self.assertEqual(page.by_testid["chat-state"]["data-state"], "idle")
        self.assertEqual(page.by_testid["server-state"]["data-state"], "connecting")
        for testid in ("message-input", "message-send"):
            self.assertIn("disabled", page.by_testid[testid])

    def test_nothing_is_inline_and_nothing_comes_from_elsewhere(self) -> None:
        for path in ("/", "/chat"):
            page = self.page(path)
            self.assertEqual(page.inline, [])
            self.assertEqual([address for address in page.addresses if not address.startswith("/")], [])

    def test_an_id_names_one_element(self) -> None:
        for path in ("/", "/chat"):
            ids = self.page(path).ids
            self.assertEqual(sorted(set(ids)), sorted(ids))

    def test_without_javascript_a_sentence_says_why_nothing_happens(self) -> None:
        for path in ("/", "/chat"):
            self.assertIn("it needs JavaScript", self.page(path).text)

    def test_a_kept_page_is_asked_about_and_no_cookie_is_set(self) -> None:
        for path in ("/", "/chat"):
            response = self.client.get(path)
            self.assertEqual(response["Cache-Control"], "no-cache")
            self.assertFalse(response.cookies)

    def test_a_page_is_only_read(self) -> None:
        self.assertEqual(self.client.head("/chat").status_code, 200)
        self.assertEqual(self.client.post("/chat").status_code, 405)


@override_settings(DEBUG=False)
class Elsewhere(SimpleTestCase):
    """Every other address."""

    def test_an_unknown_address_gets_a_page_that_fits(self) -> None:
        response = self.client.get("/nothing/here")
        page = Page(response.content.decode())
        self.assertEqual(response.status_code, 404)
        self.assertIn("Nothing here", page.text)
        self.assertIn("/", page.addresses)
        self.assertEqual(page.inline, [])

    def test_what_was_asked_for_is_not_repeated(self) -> None:
        response = self.client.get("/secret-word/<b>")
        self.assertNotContains(response, "secret-word", status_code=404)
