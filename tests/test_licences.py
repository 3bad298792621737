"""The list of licences is that of what is pinned, and nothing on it is of a kind that we do not want."""

from __future__ import annotations

from django.test import SimpleTestCase

from scripts.licences import PAGE, Row, every, page
from scripts.pins import NPM_LISTS, SERVER, npm_pins, python_pins, version


class Licences(SimpleTestCase):
    def test_the_page_is_what_make_licences_writes(self) -> None:
        self.assertEqual(PAGE.read_text(), page(), "make licences")

    def test_every_pin_is_on_the_page(self) -> None:
        text = PAGE.read_text()
        for pin in python_pins():
            self.assertIn(f" {pin.name} {version(pin)}", text)
        for lock in NPM_LISTS:
            for place, package in npm_pins(lock).items():
                self.assertIn(f" {place.rpartition('node_modules/')[2]} {package['version']}", text)

    def test_every_licence_is_known_and_of_a_kind_that_will_do(self) -> None:
        self.assertEqual([row for row in every() if not row.will_do], [])

    def test_what_reaches_people_is_under_no_licence_that_only_tools_may_have(self) -> None:
        self.assertTrue(Row("lint", "1", "MPL-2.0", served=False).will_do)
        for licence in ("MPL-2.0", "GPL-3.0-only", "MIT AND LGPL-3.0-or-later", "?"):
            self.assertFalse(Row("page", "1", licence, served=True).will_do, licence)
        self.assertFalse(Row("lint", "1", "AGPL-3.0-only", served=False).will_do)
        self.assertTrue(Row("page", "1", "GPL-2.0-only OR MIT", served=True).will_do)

    def test_the_codecs_of_the_python_peer_stay_off_servers(self) -> None:
        self.assertNotIn("av", [pin.name for pin in python_pins(SERVER)])
