"""scripts/model.py: how the model's queries are read, and Maude's answers. The model itself runs by `make model`."""

from __future__ import annotations

import re

from django.test import SimpleTestCase

from scripts.model import MODEL, QUERIES, Answer, ModelError, Query, chosen, lines, parse, understood
from tests.support.paths import ROOT

TEXT = """*** A file.

*** == A section ==

*** [sits-between] attack
*** It is found,
*** if it is there.
search [1] a
  =>* S such that b(S) .

*** [reads] holds
*** Nothing.
search [1] c =>* S such that d(S) .
"""

FOUND = "====\nsearch [1] in M : a =>* S .\n\nSolution 1 (state 13)\nstates: 14  rewrites: 351 in 4ms cpu (4ms real)\nS --> x\n"
NOTHING = "====\nsearch [1] in M : a =>* S .\n\nNo solution.\nstates: 452  rewrites: 1 in 0ms cpu (0ms real)\n"


class ModelRunnerTest(SimpleTestCase):
    def test_a_query_has_a_section_a_name_a_declared_answer_a_meaning_and_a_search(self) -> None:
        first, second = parse(TEXT)
        search = "search [1] a =>* S such that b(S) ."
        self.assertEqual(first, Query("A section", "sits-between", "attack", "It is found, if it is there.", search))
        self.assertEqual((second.section, second.name, second.expected), ("A section", "reads", "holds"))

    def test_what_is_not_declared_as_it_should_be_is_refused(self) -> None:
        for broken in (
            TEXT.replace("] holds", "] maybe"),
            TEXT.replace("*** Nothing.\n", ""),
            TEXT.replace("*** [reads] holds\n", ""),
            TEXT.replace("[1] c", "c"),
            TEXT.replace("=>* S such that d(S) .", "=>1 S ."),
            TEXT.replace("[reads]", "[sits-between]"),
        ):
            with self.subTest(broken), self.assertRaises(ModelError):
                parse(broken)

    def test_only_queries_that_exist_can_be_chosen(self) -> None:
        queries = parse(TEXT)
        self.assertEqual(chosen(queries, []), queries)
        self.assertEqual(chosen(queries, ["reads"]), queries[1:])
        with self.assertRaisesMessage(ModelError, "no such query: nowhere"):
            chosen(queries, ["reads", "nowhere"])

    def test_an_answer_is_held_against_the_declared_one(self) -> None:
        attack, holds = parse(TEXT)
        found, nothing = understood(attack, FOUND, 0.5), understood(holds, NOTHING, 0.5)
        self.assertEqual((found, nothing), (Answer(13, 14, 0.5), Answer(None, 452, 0.5)))
        self.assertTrue(found.fits(attack) and nothing.fits(holds))
        self.assertFalse(found.fits(holds) or nothing.fits(attack))
        self.assertIn("NOT AS DECLARED", next(lines(holds, found)))

    def test_without_an_answer_there_is_an_error_and_no_verdict(self) -> None:
        attack, _ = parse(TEXT)
        for output in ("", "Bye.\n", "No solution.\n", FOUND + NOTHING):
            with self.subTest(output), self.assertRaises(ModelError):
                understood(attack, output, 0.0)

    def test_the_readme_tells_each_query_and_its_answer(self) -> None:
        readme = (ROOT / "docs" / "model" / "README.md").read_text()
        told = re.findall(r"^\| `([a-z-]+)` \| (\w+) \| [\d,]+ \| (.+) \|$", readme, re.MULTILINE)
        self.assertEqual(told, [(each.name, each.expected, each.meaning) for each in parse(QUERIES.read_text())])

    def test_every_file_of_the_model_is_loaded_and_told_of(self) -> None:
        loaded = set(re.findall(r"^load (\S+)$", (MODEL / "lowkey.maude").read_text(), re.MULTILINE))
        self.assertEqual(loaded | {"lowkey.maude", "queries.maude"}, {path.name for path in MODEL.glob("*.maude")})
        readme = (MODEL / "README.md").read_text()
        for name in loaded:
            self.assertIn(f"`{name}`", readme)
