from __future__ import annotations

import gzip
import json
import re
import warnings
from typing import ClassVar

from channels.testing import HttpCommunicator
from django.core.asgi import get_asgi_application
from django.test import SimpleTestCase

from tests.support.paths import STATIC
from tests.support.served import ServedTestCase
from tests.support.server import collected_static

IMPORT = re.compile(r"""^(?:import|export)\b[^;]*?from\s*["']([^"']+)["']|^import\s*["']([^"']+)["']""", re.MULTILINE)
HASHED = re.compile(r"\.[0-9a-f]{12}(?:\.\w+)?$")

NOBLE = "vendor/noble.js"
CONTENT = (STATIC / NOBLE).read_bytes()


class Collected(SimpleTestCase):
    manifest: ClassVar[dict[str, str]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.manifest = json.loads((collected_static() / "staticfiles.json").read_text())["paths"]

    def test_every_file_has_a_name_with_the_hash_of_its_content(self) -> None:
        files = {path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file()}
        self.assertLessEqual(files, self.manifest.keys())
        for name, hashed in self.manifest.items():
            with self.subTest(name):
                self.assertRegex(hashed, HASHED)

    def test_every_import_of_a_module_names_a_hashed_file_that_is_there(self) -> None:
        count = 0
        for name in (name for name in self.manifest if name.startswith("js/") and name.endswith(".js")):
            module = collected_static() / self.manifest[name]
            for imported in (first or second for first, second in IMPORT.findall(module.read_text())):
                count += 1
                with self.subTest(name, imported=imported):
                    self.assertRegex(imported, HASHED)
                    self.assertTrue((module.parent / imported).is_file())
        self.assertGreater(count, 10)


class Served(ServedTestCase):
    def hashed(self, name: str) -> str:
        paths = json.loads((collected_static() / "staticfiles.json").read_text())["paths"]
        return f"/static/{paths[name]}"

    def test_a_hashed_file_is_cached_for_good_and_a_plain_one_is_not(self) -> None:
        hashed, plain = self.get(self.hashed(NOBLE)), self.get(f"/static/{NOBLE}")
        self.assertEqual(hashed.body, CONTENT)
        self.assertEqual(hashed.headers["Content-Type"], 'text/javascript; charset="utf-8"')
        self.assertIn("immutable", hashed.headers["Cache-Control"])
        self.assertNotIn("immutable", plain.headers["Cache-Control"])

    def test_the_manifest_has_its_type(self) -> None:
        answer = self.get("/static/lowkey.webmanifest")
        self.assertEqual(answer.headers["Content-Type"], "application/manifest+json")

    def test_a_browser_that_can_gets_it_compressed(self) -> None:
        zipped = self.get(self.hashed(NOBLE), Accept_Encoding="gzip")
        self.assertEqual(zipped.headers["Content-Encoding"], "gzip")
        self.assertEqual(gzip.decompress(zipped.body), CONTENT)
        self.assertEqual(self.get(self.hashed(NOBLE), Accept_Encoding="gzip, br").headers["Content-Encoding"], "br")

    def test_a_browser_that_has_it_is_told_so(self) -> None:
        etag = self.get(self.hashed(NOBLE)).headers["ETag"]
        answer = self.get(self.hashed(NOBLE), If_None_Match=etag)
        self.assertEqual((answer.status, answer.body), (304, b""))

    def test_a_part_of_a_file_can_be_asked_for(self) -> None:
        answer = self.get(self.hashed(NOBLE), Range="bytes=10-19")
        self.assertEqual((answer.status, answer.body), (206, CONTENT[10:20]))

    def test_head_gives_the_length_and_no_body(self) -> None:
        answer = self.get(self.hashed(NOBLE), method="HEAD")
        self.assertEqual((answer.headers["Content-Length"], answer.body), (str(len(CONTENT)), b""))

    def test_a_file_is_only_read(self) -> None:
        self.assertEqual(self.get(self.hashed(NOBLE), method="POST").status, 405)

    def test_nothing_outside_is_served(self) -> None:
        for path in ("/static/../manage.py", "/static/%2e%2e/manage.py", "/static//etc/passwd"):
            with self.subTest(path):
                self.assertEqual(self.get(path).status, 404)

    def test_serving_leaves_the_log_empty(self) -> None:
        self.get(self.hashed(NOBLE))
        self.get("/alice-was-here?username=alice")
        self.assertEqual(self.server.log, "")


class UnderAsgi(SimpleTestCase):
    async def test_no_file_is_streamed_by_an_iterator_that_django_has_to_warn_of(self) -> None:
        headers = [(b"host", b"localhost")]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            request = HttpCommunicator(get_asgi_application(), "GET", f"/static/{NOBLE}", headers=headers)
            response = await request.get_response(timeout=10)
        self.assertEqual(response["body"], CONTENT)
