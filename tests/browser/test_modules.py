"""The JavaScript modules' own tests (tests/browser/modules), run by mocha in Debian's Chromium, and the modules beside
their Python siblings: same tables, same sentences."""

from __future__ import annotations

from typing import Any, ClassVar

from django.test import SimpleTestCase
from playwright.sync_api import Page

from chat.peer import call_table, conversation_table, errors, standing, verification
from tests.support.browser import shared_chromium
from tests.support.checkout import served_checkout
from tests.support.contexts import Pool, shared_playwright, shared_pool
from tests.support.paths import ROOT

MODULES = ROOT / "tests" / "browser" / "modules"

RUN = """async (file) => {
  const load = (src) => new Promise((resolve, reject) =>
    document.head.append(Object.assign(document.createElement("script"), { src, onload: resolve, onerror: reject })));
  await load("/node_modules/mocha/mocha.js");
  mocha.setup({ ui: "bdd", reporter: class {}, timeout: 60000 });
  await import(`/tests/browser/modules/${file}`);
  const results = [];
  await new Promise((resolve) => mocha.run(resolve)
    .on("pass", (test) => results.push([test.fullTitle(), null]))
    .on("fail", (test, error) => results.push([test.fullTitle(), error.stack ?? String(error)])));
  return results;
}"""

SHAPES = """async () => {
  const shape = ({ Peer }) => {
    const peer = new Peer("alice", { server: location.origin, listener: { changed() {}, received() {}, notice() {} } });
    const { chat, server, ...rest } = peer.snapshot();
    const methods = Object.getOwnPropertyNames(Peer.prototype).filter((name) => !name.startsWith("server"));
    return { methods, snapshot: [chat, server, rest].map((part) => Object.keys(part).sort()) };
  };
  const actor = await (await fetch("/tests/support/js/fake_peer.js")).text();
  const module = new Blob([actor.replaceAll('"./', `"${location.origin}/static/js/peer/`)], { type: "text/javascript" });
  return [await import("/static/js/peer/peer.js"), await import(URL.createObjectURL(module))].map(shape);
}"""

SIBLINGS = """async () => {
  const [call, conversation, errors, standing, verification] = await Promise.all(
    ["call_table", "conversation_table", "errors", "standing", "verification"].map((name) => import(`/static/js/peer/${name}.js`)));
  return {
    table: call.TABLE, endings: call.ENDINGS, deadlines: call.DEADLINES,
    chatTable: conversation.TABLE, chatEndings: conversation.ENDINGS,
    emoji: verification.EMOJI, sentences: errors.SENTENCES, orderly: [...errors.ORDERLY].sort(), states: standing.SENTENCES,
  };
}"""


class ModulesTest(SimpleTestCase):
    pool: ClassVar[Pool]
    origin: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.origin = f"http://127.0.0.1:{cls.enterClassContext(served_checkout())}"
        cls.pool = shared_pool(shared_chromium(cls.enterClassContext(shared_playwright())))

    def page(self) -> Page:
        context = self.pool.take({}, base_url=self.origin)
        self.addCleanup(self.pool.give_back, context)
        page = context.new_page()
        page.goto(f"{self.origin}/tests/vectors/README.md")
        return page

    def run_tests_of(self, file: str) -> None:
        results = self.page().evaluate(RUN, file)
        self.assertTrue(results, "no test ran")
        for title, failure in results:
            with self.subTest(title):
                self.assertIsNone(failure, failure)

    def test_the_actor_in_the_pages_tests_has_the_shape_of_the_real_peer(self) -> None:
        real, actor = self.page().evaluate(SHAPES)
        self.assertLessEqual(set(real["methods"]), set(actor["methods"]))
        self.assertEqual(real["snapshot"], actor["snapshot"])

    def test_the_tables_and_sentences_are_those_of_python(self) -> None:
        theirs = self.page().evaluate(SIBLINGS)
        rows: list[tuple[str, Any]] = [
            ("table", call_table.TABLE),
            ("endings", call_table.ENDINGS),
            ("chatTable", conversation_table.TABLE),
            ("chatEndings", conversation_table.ENDINGS),
        ]
        for name, table in rows:
            self.assertEqual(theirs[name], {f"{state} {event}": to for (state, event), to in table.items()}, name)
        self.assertEqual(theirs["deadlines"], {str(state): seconds for state, seconds in call_table.DEADLINES.items()})
        self.assertEqual(theirs["sentences"], errors.SENTENCES)
        self.assertEqual(theirs["emoji"], [list(entry) for entry in verification.EMOJI])
        self.assertEqual(theirs["orderly"], sorted(errors.ORDERLY))
        self.assertEqual(theirs["states"], standing.SENTENCES)


def _test_of(file: str) -> Any:
    def test(self: ModulesTest) -> None:
        self.run_tests_of(file)

    return test


for module in sorted(MODULES.glob("*.test.js")):
    setattr(ModulesTest, f"test_{module.name.removesuffix('.test.js')}", _test_of(module.name))
