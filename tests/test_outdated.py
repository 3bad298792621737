"""What `make outdated` and `make audit` make of what the registries say; the registries themselves are not asked here."""

from __future__ import annotations

import json

from django.test import SimpleTestCase
from packaging.version import Version

from scripts.audit import Unasked, as_script, told_by_npm, told_by_uv
from scripts.outdated import Newer, report
from scripts.pins import Hold

HELD = Hold("python", "redis", Version("8"), "it closes sockets", "it does not")


class Outdated(SimpleTestCase):
    def test_what_is_newer_is_told(self) -> None:
        lines = report([Newer("npm", "qr", "1.0.0", "2.0.0"), Newer("python", "redis", "7.4.1", "7.4.2")], [HELD])
        self.assertEqual([line.split() for line in lines[1:3]], [
            ["npm", "qr", "1.0.0", "→", "2.0.0"],
            ["python", "redis", "7.4.1", "→", "7.4.2"],
        ])  # fmt: skip

    def test_what_is_held_back_is_told_with_its_reason_and_not_as_newer(self) -> None:
        lines = report([Newer("python", "Redis", "7.4.1", "8.1.0")], [HELD])
        self.assertEqual(lines[0], "Nothing is newer than pinned.")
        self.assertEqual(
            lines[3:], ["python  redis < 8  (8.1.0)", "        it closes sockets", "        until it does not"]
        )

    def test_a_hold_on_one_language_holds_nothing_of_the_other(self) -> None:
        self.assertIn("8.1.0", report([Newer("npm", "redis", "7.4.1", "8.1.0")], [HELD])[1])


class Audit(SimpleTestCase):
    def test_what_osv_knows_is_told(self) -> None:
        row = {"dependency": {"name": "django", "version": "5.2.1"}, "display_id": "CVE-1", "summary": "it is bad"}
        told = told_by_uv(json.dumps({"vulnerabilities": [row], "adverse_statuses": []}))
        self.assertEqual(told, ["django 5.2.1: CVE-1, it is bad"])

    def test_what_npm_knows_is_told(self) -> None:
        self.assertEqual(told_by_npm('{"vulnerabilities": {"ws": {"severity": "high"}}}'), ["ws (high)"])
        self.assertEqual(told_by_npm('{"vulnerabilities": {}}'), [])

    def test_an_answer_that_says_nothing_is_not_a_clean_one(self) -> None:
        for answer in ("", "{}", '{"message": "405 Method Not Allowed"}'):
            for told in (told_by_npm, told_by_uv):
                with self.subTest(answer), self.assertRaises(Unasked):
                    told(answer)

    def test_uv_is_asked_about_exactly_the_pins(self) -> None:
        self.assertIn('# dependencies = [\n#   "a==1",\n#   "b==2",\n# ]\n', as_script(["a==1", "b==2"]))
