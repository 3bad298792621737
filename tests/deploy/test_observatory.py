"""MDN's HTTP Observatory, as anybody may run it against a public site, here against the real site behind the real nginx."""

from __future__ import annotations

from typing import ClassVar
from unittest import skipIf

from django.test import SimpleTestCase

from scripts.observatory.__main__ import WANTED, Report, in_the_way, scanned

REASON = in_the_way()


@skipIf(REASON, REASON)
class Observatory(SimpleTestCase):
    report: ClassVar[Report]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.report = scanned()

    def test_the_grade_is_the_best_there_is(self) -> None:
        self.assertEqual((self.report.grade, self.report.failed), (WANTED, []))

    def test_the_policy_for_content_and_the_redirection_are_those_that_earn_it(self) -> None:
        results = {name: test["result"] for name, test in self.report.tests.items()}
        self.assertEqual(results["content-security-policy"], "csp-implemented-with-no-unsafe-default-src-none")
        self.assertEqual(results["redirection"], "redirection-to-https")
        self.assertEqual(results["cookies"], "cookies-not-found")
