"""The browser's identity in a real Chromium: it outlives reloads and the browser itself, in a secure context and in an
insecure one, and a browser that keeps nothing is told apart."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, ClassVar

from django.test import SimpleTestCase
from playwright.sync_api import BrowserContext, Page, Playwright, sync_playwright

from tests.support.browser import CHROMIUM, QUIET
from tests.support.checkout import served_checkout

INSECURE = "lowkey.test"
"""A name that is not this machine's own, as far as Chromium knows: plain HTTP from there is no secure context."""

OPEN = """async () => {
  const load = (name) => import(`/static/js/peer/${name}.js`);
  const [{ IdentityStore }, { Identity }, { dh, publicKey }] =
    await Promise.all(["identity_store", "identity", "primitives"].map(load));
  const store = await IdentityStore.open();
  const random = (length) => crypto.getRandomValues(new Uint8Array(length));
  const identity = await Identity.open(store, random, Date.now);
  identity.meet("bob", identity.key.public);
  const name = await identity.nameKey("alice");
  await identity.settled();
  const theirs = random(32);
  const shared = await identity.key.dh(publicKey(theirs));
  return {
    secure: isSecureContext,
    persistent: identity.persistent,
    form: store.table("keys").get("identity").private.constructor.name,
    agrees: String(shared) === String(dh(theirs, identity.key.public)),
    kept: [String(identity.key.public), String(name.public), identity.pin("bob").firstSeen],
  };
}"""


class IdentityTest(SimpleTestCase):
    playwright: ClassVar[Playwright]
    port: ClassVar[int]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.port = cls.enterClassContext(served_checkout())
        cls.playwright = sync_playwright().start()
        cls.addClassCleanup(cls.playwright.stop)

    def setUp(self) -> None:
        self.profile = Path(self.enterContext(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))

    def browser(self) -> BrowserContext:
        """Chromium with this test's profile, which stays when it is closed."""
        args = [*QUIET, f"--host-resolver-rules=MAP {INSECURE} 127.0.0.1"]
        context = self.playwright.chromium.launch_persistent_context(self.profile, executable_path=CHROMIUM, args=args)
        self.addCleanup(context.close)
        return context

    def page(self, context: BrowserContext, host: str = "127.0.0.1") -> Page:
        page = context.new_page()
        page.goto(f"http://{host}:{self.port}/tests/vectors/README.md")
        return page

    def assert_outlives_everything(self, host: str, **wanted: Any) -> None:
        context = self.browser()
        page = self.page(context, host)
        first = page.evaluate(OPEN)
        self.assertEqual(first, {**first, **wanted, "persistent": True, "agrees": True})
        page.reload()
        self.assertEqual(page.evaluate(OPEN), first, "after a reload")
        self.assertEqual(self.page(context, host).evaluate(OPEN), first, "in a second tab")
        context.close()
        self.assertEqual(self.page(self.browser(), host).evaluate(OPEN), first, "in a browser started again")

    def test_in_a_secure_context_it_outlives_the_browser_in_keys_of_webcrypto(self) -> None:
        self.assert_outlives_everything("127.0.0.1", secure=True, form="CryptoKey")

    def test_in_an_insecure_context_it_outlives_the_browser_in_bytes(self) -> None:
        self.assert_outlives_everything(INSECURE, secure=False, form="Uint8Array")

    def test_each_origin_has_an_identity_of_its_own(self) -> None:
        context = self.browser()
        one, other = (self.page(context, host).evaluate(OPEN)["kept"] for host in ("127.0.0.1", "localhost"))
        self.assertTrue(set(one[:2]).isdisjoint(other[:2]))

    def test_where_the_person_forbids_sites_to_keep_anything_it_works_and_says_so(self) -> None:
        preferences = self.profile / "Default" / "Preferences"
        preferences.parent.mkdir()
        preferences.write_text(json.dumps({"profile": {"default_content_setting_values": {"cookies": 2}}}))
        page = self.page(self.browser())
        first = page.evaluate(OPEN)
        self.assertEqual(first, {**first, "persistent": False, "agrees": True})
        page.reload()
        self.assertNotEqual(page.evaluate(OPEN)["kept"], first["kept"])
