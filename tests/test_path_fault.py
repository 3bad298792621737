"""chat/peer/path_fault.py, by the table that JavaScript reads too."""

from __future__ import annotations

from typing import Any

from django.test import SimpleTestCase

from chat.peer.errors import ORDERLY, SENTENCES
from chat.peer.path_fault import Seen, ServerError, no_way, path_fault
from tests.support.vectors import vectors


def seen_in(case: dict[str, Any]) -> Seen:
    return Seen(
        case.get("servers", []),
        relay_only=case.get("relayOnly", False),
        own=set(case.get("own", [])),
        theirs=set(case.get("theirs", [])),
        errors=[ServerError(url, code) for url, code in case.get("errors", [])],
        gathered=case.get("gathered", True),
        described=case.get("described", True),
    )


class PathFaultTest(SimpleTestCase):
    def test_what_was_seen_has_its_reason(self) -> None:
        for case in vectors("path_fault")["cases"]:
            with self.subTest(case["name"]):
                self.assertEqual(path_fault(seen_in(case)), case["fault"])

    def test_where_nothing_could_help_it_is_known_at_once(self) -> None:
        for case in vectors("path_fault")["cases"]:
            with self.subTest(case["name"]):
                self.assertEqual(no_way(seen_in(case)), case.get("noWay", False))

    def test_every_reason_has_a_row_and_a_sentence_and_is_a_failure(self) -> None:
        reasons = {case["fault"] for case in vectors("path_fault")["cases"]}
        self.assertEqual(
            reasons,
            {
                "no_path",
                "no_candidates",
                "stun_unreachable",
                "turn_refused",
                "udp_blocked",
                "other_network",
                "no_relay",
            },
        )
        self.assertLessEqual(reasons, SENTENCES.keys() - ORDERLY)
