from __future__ import annotations

import json
import logging
import sys
from typing import Any

from django.test import SimpleTestCase, override_settings

from lowkey_site.announce import announce, started_with
from lowkey_site.logs import KINDS, MOST, WINDOW_SECONDS, HoldBack, Json, Line
from signaling.meter import Meter
from tests.support.clock import FakeClock


def record(sentence: str = "The server starts.", *args: Any, fields: Any = None, **attached: Any) -> logging.LogRecord:
    made = logging.LogRecord("signaling.x", logging.WARNING, "", 1, sentence, args, None)
    vars(made).update(attached, **({"fields": fields} if fields else {}))
    return made


def raised(text: str) -> Any:
    try:
        raise ValueError(text)
    except ValueError:
        return sys.exc_info()


class Formats(SimpleTestCase):
    line = Line("%(levelname)s %(name)s: %(message)s")

    def test_a_line_has_the_fields_behind_the_sentence(self) -> None:
        self.assertEqual(self.line.format(record()), "WARNING signaling.x: The server starts.")
        text = self.line.format(record("It is %s.", "up", fields={"store": "redis", "stun": 2}))
        self.assertEqual(text, "WARNING signaling.x: It is up. store=redis stun=2")

    def test_an_object_has_the_fields_beside_the_sentence(self) -> None:
        text = Json().format(record("It is %s.", "up", fields={"store": "redis", "stun": 2}))
        self.assertNotIn("\n", text)
        written = json.loads(text)
        self.assertRegex(written.pop("time"), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$")
        said = {"level": "WARNING", "logger": "signaling.x", "message": "It is up."}
        self.assertEqual(written, {**said, "store": "redis", "stun": 2})

    def test_what_others_attach_to_a_record_is_not_written(self) -> None:
        for formatter in (self.line, Json()):
            self.assertNotIn("alice", formatter.format(record(request="/chat?name=alice", scope={"name": "alice"})))

    def test_of_an_exception_the_class_and_the_place_are_written_and_not_the_text(self) -> None:
        name = "alice"
        for formatter in (self.line, Json()):
            text = formatter.format(record("It failed.", exc_info=raised(name)))
            self.assertIn("ValueError", text)
            self.assertIn("in raised", text)
            self.assertNotIn(name, text)

    def test_a_line_break_in_a_value_starts_no_second_object(self) -> None:
        self.assertEqual(len(Json().format(record("one\ntwo", fields={"a": "b\nc"})).splitlines()), 1)


class HoldingBack(SimpleTestCase):
    def setUp(self) -> None:
        self.clock = FakeClock()
        self.hold_back = HoldBack(self.clock)

    def passes(self, *records: logging.LogRecord) -> list[dict[str, Any]]:
        """The fields of those that were let through."""
        return [vars(one).get("fields", {}) for one in records if self.hold_back.filter(one)]

    def test_of_a_flood_a_few_are_written_and_the_last_says_so(self) -> None:
        passed = self.passes(*(record("It failed with %s", number) for number in range(1_000)))
        self.assertEqual(passed, [*[{}] * (MOST - 1), {"more": "held back"}])

    def test_the_next_one_after_a_while_says_how_many_there_were(self) -> None:
        self.passes(*(record() for _ in range(MOST + 5)))
        self.clock.advance(WINDOW_SECONDS)
        self.assertEqual(self.passes(record(fields={"a": 1}), record()), [{"a": 1, "held_back": 5}, {}])

    def test_a_flood_holds_back_nothing_else(self) -> None:
        self.passes(*(record() for _ in range(1_000)))
        self.assertEqual(len(self.passes(record("Another."))), 1)

    def test_a_flood_of_sentences_that_all_differ_is_held_back_and_not_remembered(self) -> None:
        passed = self.passes(*(record(f"Host {number}") for number in range(10_000)))
        self.assertEqual(len(passed), KINDS + MOST)
        self.assertEqual(len(self.hold_back._seen), KINDS + 1)


class Announcements(SimpleTestCase):
    @override_settings(
        REDIS_URLS=("redis://:hush@192.0.2.1",), TURN_SECRET="hush", PUBLIC_ORIGINS=("https://a.example",)
    )
    def test_the_start_tells_the_settings_that_matter_and_no_secret(self) -> None:
        fields = started_with()
        self.assertEqual((fields["store"], fields["redis_urls"], fields["public_origins"]), ("redis", 1, 1))
        for secret in ("hush", "192.0.2.1", "a.example"):
            self.assertNotIn(secret, str(fields))

    def test_start_and_stop_are_told_with_who_was_sent_away(self) -> None:
        meter = Meter()
        with self.assertLogs("lowkey_site.announce", "INFO") as logged:
            stopped = announce(meter)
            meter.sent_away = 3
            stopped()
        self.assertEqual(
            [line.getMessage() for line in logged.records], ["The server starts.", "The server has stopped."]
        )
        self.assertEqual(vars(logged.records[1])["fields"]["sent_away"], 3)
