"""What production serves of a page's scripts and stylesheets, and how it comes to be."""

from __future__ import annotations

import contextlib
import io
import json
import re
import tempfile
from pathlib import Path
from typing import ClassVar

from django.test import SimpleTestCase

from scripts import bundle
from tests.support.paths import STATIC
from tests.support.served import ServedTestCase
from tests.support.server import collected_static

HEAD = re.compile(r'<(script|link)\b[^>]*?(?:rel="(\w+)"[^>]*?)?(?:src|href)="(/static/(?:built|js|css)/[^"]+)"')
IMPORTED = re.compile(r'\bimport(?:\{[^}"]*\}from)?"([^"]+)"')
LATER = re.compile(r'\bimport\("([^"]+)"\)')


class Served(ServedTestCase):
    def asked_for(self, path: str) -> list[tuple[str, str]]:
        html = self.get(path).body.decode()
        return [(kind if kind == "script" else rel, address) for kind, rel, address in HEAD.findall(html)]

    def test_a_page_asks_for_one_stylesheet_and_one_script_and_what_that_imports(self) -> None:
        for path in ("/", "/chat"):
            asked = self.asked_for(path)
            with self.subTest(path):
                kinds = [kind for kind, _ in asked]
                self.assertEqual((kinds.count("script"), kinds.count("stylesheet")), (1, 1))
                script = dict(asked)["script"]
                imported = IMPORTED.findall(self.get(script).body.decode())
                preloaded = [address for kind, address in asked if kind == "modulepreload"]
                self.assertEqual(preloaded, [f"/static/built/{name.removeprefix('./')}" for name in imported])
                for _, address in asked:
                    self.assertRegex(address, r"^/static/built/[\w.-]+\.[0-9a-f]{12}\.(js|css)$")
                    self.assertIn("immutable", self.get(address).headers["Cache-Control"])

    def test_a_page_is_sent_compressed(self) -> None:
        for path in ("/", "/chat"):
            with self.subTest(path):
                self.assertEqual(self.get(path, Accept_Encoding="gzip").headers["Content-Encoding"], "gzip")
                self.assertIsNone(self.get(path).headers["Content-Encoding"])

    def test_what_is_imported_later_is_there_by_a_hashed_name(self) -> None:
        page = json.loads((collected_static() / "staticfiles.json").read_text())["paths"]["built/chat_page.js"]
        later = LATER.findall((collected_static() / page).read_text())
        self.assertTrue(later)
        for path in later:
            with self.subTest(path):
                self.assertRegex(path, r"\.[0-9a-f]{12}\.js$")
                self.assertTrue((collected_static() / "built" / path).is_file())


class Bundle(SimpleTestCase):
    built: ClassVar[bundle.Files]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.built = bundle.build()

    def check(self, committed: bundle.Files) -> str:
        """What is said of these files as the committed ones."""
        said = io.StringIO()
        with tempfile.TemporaryDirectory() as directory, contextlib.redirect_stderr(said):
            bundle.write(committed, Path(directory))
            differs = bundle.check(self.built, Path(directory))
        self.assertEqual(differs, int(bool(said.getvalue())))
        return said.getvalue()

    def test_it_is_the_same_each_time(self) -> None:
        self.assertEqual(bundle.build(), self.built)

    def test_what_is_not_made_of_the_sources_is_found(self) -> None:
        self.assertEqual(self.check(self.built), "")
        self.assertIn("chat_page.js is not", self.check({**self.built, "chat_page.js": b"alert(1)"}))
        self.assertIn("stray.js is not", self.check({**self.built, "stray.js": b""}))
        self.assertIn("chat_page.css is not", self.check({k: v for k, v in self.built.items() if k != "chat_page.css"}))

    def test_what_an_earlier_build_left_is_taken_away(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            for built in ({**self.built, "chunk-OLD.js": b""}, self.built):
                bundle.write(built, Path(directory))
            self.assertEqual({path.name for path in (Path(directory) / "built").iterdir()}, self.built.keys())

    def test_the_stylesheet_of_a_page_holds_all_that_its_list_names(self) -> None:
        for page in bundle.PAGES:
            named = re.findall(r'@import "([^"]+)"', (STATIC / "css" / f"{page}.css").read_text())
            self.assertGreater(len(named), 3)
            self.assertNotIn(b"@import", self.built[f"{page}.css"])
            for name in named:
                self.assertTrue((STATIC / "css" / name).is_file(), name)
