"""What is installed: that it follows from what was wished for, that every file of it is known by its hash, and that what is
held back is."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

from django.test import SimpleTestCase
from packaging.version import Version

from scripts.pins import (
    NPM_LISTS,
    PYTHON_LISTS,
    ROOT,
    hashes,
    holds,
    normal,
    npm_pins,
    npm_wishes,
    python_pins,
    python_wishes,
    version,
)

_NAMED_BY = re.compile(r"-r (requirements[a-z-]*)\.in")


class PythonPins(SimpleTestCase):
    def test_each_wish_is_pinned_to_a_version_that_it_allows(self) -> None:
        for which in PYTHON_LISTS:
            pinned = {normal(pin.name): version(pin) for pin in python_pins(which)}
            for wish in python_wishes(which):
                with self.subTest(which, wish=wish.name):
                    self.assertIn(normal(wish.name), pinned)
                    self.assertIn(Version(pinned[normal(wish.name)]), wish.specifier, "make lock")

    def test_nothing_is_pinned_that_nobody_wishes_for_any_more(self) -> None:
        for which in PYTHON_LISTS:
            wished = {normal(wish.name) for wish in python_wishes(which)}
            for name, reasons in _reasons(which).items():
                with self.subTest(which, package=name):
                    self.assertTrue(reasons, "uv says for each what it is there for")
                    if _NAMED_BY.search(reasons):
                        self.assertIn(name, wished, "make lock")

    def test_a_server_runs_what_was_tested(self) -> None:
        for smaller, larger in pairwise(PYTHON_LISTS):
            self.assertLessEqual(set(map(str, python_pins(smaller))), set(map(str, python_pins(larger))))

    def test_every_pin_is_exact_and_has_the_hashes_of_its_files(self) -> None:
        for which in PYTHON_LISTS:
            counted = hashes(which)
            self.assertEqual(len(counted), len(python_pins(which)))
            for pin in python_pins(which):
                self.assertRegex(str(pin.specifier), r"^==[^*]+$")
            self.assertGreater(min(counted.values()), 0)

    def test_a_package_is_pinned_twice_only_for_different_places(self) -> None:
        several = Counter(pin.name for pin in python_pins())
        unconditional = [pin.name for pin in python_pins() if pin.marker is None]
        self.assertEqual([name for name in unconditional if several[name] > 1], [])

    def test_make_installs_nothing_whose_hash_is_not_known(self) -> None:
        makefile = (ROOT / "Makefile").read_text()
        installs = re.findall(r"^PIP := (.+)$", makefile, re.MULTILINE)
        self.assertEqual(len(installs), 1)
        self.assertIn("--require-hashes", installs[0])
        self.assertNotRegex(makefile, r"pip install(?!.*--require-hashes)")


class NpmPins(SimpleTestCase):
    def test_package_json_asks_for_exact_versions_and_they_are_locked(self) -> None:
        locked = npm_pins(NPM_LISTS[0])
        for name, wish in npm_wishes().items():
            with self.subTest(name):
                self.assertEqual(locked[f"node_modules/{name}"]["version"], wish)

    def test_every_package_has_the_hash_of_its_file_and_comes_from_the_registry(self) -> None:
        for lock in NPM_LISTS:
            for place, package in npm_pins(lock).items():
                with self.subTest(place):
                    self.assertTrue(package["integrity"].startswith("sha512-"))
                    self.assertTrue(package.get("resolved", "https://registry.npmjs.org/").startswith("https://"))


class Holds(SimpleTestCase):
    def test_what_is_pinned_keeps_to_the_holds(self) -> None:
        installed = {("python", normal(pin.name)): version(pin) for pin in python_pins()}
        installed |= {("npm", name): wish for name, wish in npm_wishes().items()}
        for hold in holds():
            with self.subTest(hold.name):
                name = normal(hold.name) if hold.language == "python" else hold.name
                self.assertLess(Version(installed[hold.language, name]), hold.below, hold.reason)

    def test_no_wish_for_python_lets_in_what_is_held_back(self) -> None:
        wishes = {normal(wish.name): wish.specifier for wish in python_wishes()}
        for hold in (hold for hold in holds() if hold.language == "python"):
            with self.subTest(hold.name):
                self.assertNotIn(hold.below, wishes[normal(hold.name)], hold.reason)

    def test_each_hold_says_why_and_until_when(self) -> None:
        self.assertGreaterEqual({hold.name for hold in holds()}, {"redis", "playwright", "lighthouse"})
        for hold in holds():
            self.assertTrue(hold.reason and hold.until, hold.name)


def _reasons(which: str) -> dict[str, str]:
    """For each pin, whatever uv notes below it of where it comes from."""
    found: dict[str, str] = {}
    name = ""
    for line in (ROOT / f"{which}.txt").read_text().splitlines():
        if line and not line.startswith(("#", " ")):
            name = normal(line.partition("==")[0])
            found.setdefault(name, "")
        elif line.strip().startswith("# via"):
            found[name] += line
    return found
