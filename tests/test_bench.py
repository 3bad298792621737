"""The bench says what it measured, in the form it promises, and notices a server that does not do its work."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from pathlib import Path
from typing import Any

from django.test import SimpleTestCase

from bench.__main__ import chosen, main
from bench.figures import Summary, differences, percentile, ratios, summary
from bench.generator import Generator, LoadError
from bench.report import report, table
from bench.rounds import Plan
from bench.servers import Server, Subject
from bench.wire import FRAME_BYTES, Arrivals, Offers, WrongMessageError

SMALLEST = ("--seconds=0.2", "--pairs=2", "--connections=10", "--idle=20", "--rate=100")


def said_of(*arguments: str) -> tuple[dict[str, Any], str]:
    """The JSON and the table of one run of the bench."""
    out = io.StringIO()
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "figures.json")
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            main([*arguments, f"--json={file}"])
        return json.loads(file.read_text(encoding="utf-8")), out.getvalue()


class FiguresTests(SimpleTestCase):
    def test_a_percentile_is_one_of_the_values(self) -> None:
        values = [5.0, 1.0, 4.0, 2.0, 3.0]
        self.assertEqual([percentile(values, percent) for percent in (0, 20, 50, 99, 100)], [1, 1, 3, 5, 5])

    def test_of_a_hundred_values_the_99th_percentile_is_the_second_largest(self) -> None:
        self.assertEqual(percentile([float(value) for value in range(1, 101)], 99), 99)

    def test_no_values_have_no_percentile(self) -> None:
        with self.assertRaisesMessage(ValueError, "no values have no percentile"):
            percentile([], 50)

    def test_a_summary_has_the_median_and_the_range(self) -> None:
        self.assertEqual(summary([3.0, 1.0, 9.0, 2.0]), Summary(2.5, 1.0, 9.0, 4))
        self.assertIsNone(summary([]))

    def test_ratios_are_of_the_same_round(self) -> None:
        self.assertEqual(ratios([2.0, 30.0, 4.0], [1.0, 10.0, 2.0]), [2.0, 3.0, 2.0])

    def test_a_round_that_lacks_a_figure_has_no_ratio_and_no_difference(self) -> None:
        self.assertEqual(ratios([2.0, None, 4.0, 1.0], [1.0, 1.0, None, 0.0]), [2.0])
        self.assertEqual(differences([2.0, None, 4.0], [0.5, 1.0, None]), [1.5])


class ReportTests(SimpleTestCase):
    def test_a_comparison_is_the_median_of_the_rounds_and_not_of_the_machines_hours(self) -> None:
        subjects = [Subject("bare", "uvicorn"), Subject("lowkey", "uvicorn")]
        costs = [(10.0, 20.0), (40.0, 44.0), (20.0, 30.0)]
        rounds = [{"bare@uvicorn": {"cpu_us": bare}, "lowkey@uvicorn": {"cpu_us": ours}} for bare, ours in costs]
        whole = report(subjects, rounds, Plan())
        compared = whole["subjects"]["lowkey@uvicorn"]["compared"]["cpu_times_bare"]
        self.assertEqual(compared, {"median": 1.5, "low": 1.1, "high": 2.0, "rounds": 3})
        self.assertIn("1.50", table(whole))

    def test_what_to_measure_is_chosen_by_pattern(self) -> None:
        self.assertEqual(
            [subject.name for subject in chosen(["lowkey@*"], None)][:2], ["lowkey@daphne", "lowkey@daphne-uvloop"]
        )
        self.assertEqual([subject.name for subject in chosen(["bare@uvicorn"], None)], ["bare@uvicorn"])


class ArrivalsTests(SimpleTestCase):
    """What one end hears of another's offers."""

    def setUp(self) -> None:
        self.offers = Offers("alice", "bob", None, stamped=False)
        self.arrivals = Arrivals(self.offers, "alice", "bob")

    def test_an_offer_is_as_long_as_it_should_be(self) -> None:
        self.assertEqual(len(self.offers.frame(0)), FRAME_BYTES)

    def test_offers_in_order_are_counted(self) -> None:
        self.assertEqual([self.arrivals.take(self.offers.frame(number)) for number in range(5)], [0, 1, 2, 3, 4])

    def test_an_offer_that_comes_twice_is_wrong(self) -> None:
        self.arrivals.take(self.offers.frame(0))
        with self.assertRaisesMessage(WrongMessageError, "offer 1 of alice came changed, or in place of another"):
            self.arrivals.take(self.offers.frame(0))

    def test_an_offer_that_is_skipped_is_wrong(self) -> None:
        with self.assertRaises(WrongMessageError):
            self.arrivals.take(self.offers.frame(1))

    def test_an_offer_that_was_changed_is_wrong(self) -> None:
        self.arrivals.take(self.offers.frame(0))
        with self.assertRaises(WrongMessageError):
            self.arrivals.take(self.offers.frame(1).replace(b"setup:actpass", b"setup:passive"))

    def test_an_offer_without_its_sender_or_with_another_is_wrong(self) -> None:
        for sender in (b"", b'"sender":"mallory",'):
            with self.subTest(sender=sender), self.assertRaises(WrongMessageError):
                self.arrivals.take(self.offers.frame(0).replace(b'"sender":"alice",', sender))

    def test_fields_in_another_order_are_no_fault(self) -> None:
        payload = self.offers.payload(0).decode()
        frame = f'{{"payload":{payload},"target":"bob","sender":"alice","type":"signal:offer"}}'
        self.assertEqual(self.arrivals.take(frame.encode()), 0)


class BenchTests(SimpleTestCase):
    """The real thing, as short as it can be."""

    def test_it_measures_lowkey(self) -> None:
        whole, text = said_of("--quick", *SMALLEST, "--only=lowkey@uvicorn")
        lowkey = whole["subjects"]["lowkey@uvicorn"]
        expected = {"cpu_us", "messages_per_second", "p50_ms", "p99_ms", "connections_per_second", "idle_kib"}
        self.assertLessEqual(expected, lowkey["figures"].keys())
        self.assertIn("keyless_connections_per_second", lowkey["figures"])
        self.assertEqual(lowkey["figures"]["cpu_us"]["rounds"], 1)
        self.assertGreater(lowkey["figures"]["messages"]["median"], 0)
        self.assertEqual(whole["plan"]["pairs"], 2)
        self.assertTrue(text.splitlines()[2].startswith("lowkey@uvicorn "), text)

    def test_it_notices_a_server_that_delivers_a_message_twice(self) -> None:
        relay = Subject("tests.support.doubling_relay:application", "uvicorn")
        wrong = self.assertRaisesMessage(LoadError, "came changed, or in place of another")
        with Server(relay) as server, Generator(server) as load, wrong:
            load.do("relay", pairs=1, window=1, seconds=5.0)

    def test_it_sees_a_small_storm_pass(self) -> None:
        whole, text = said_of("storm", "--clients=5", "--servers", "uvicorn")
        for kind in ("restarted", "cut off"):
            storm = whole["storm"]["uvicorn"][kind]
            self.assertEqual((storm["back"], storm["in_time"]), (5, True))
            self.assertFalse([ending for ending in storm["endings"] if ending.startswith("refused")])
        self.assertIn("5 of 5 back", text)
