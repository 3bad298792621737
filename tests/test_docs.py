"""What the documents say beside what the code says."""

from __future__ import annotations

import pydoc
import re
from collections.abc import Mapping
from typing import Any

from django.test import SimpleTestCase

from chat.peer import call_table, conversation_table
from signaling.errors import Code
from signaling.messages import FromClient, FromServer
from tests.support.paths import ROOT


def drawn(diagram: str) -> set[tuple[str, str, str]]:
    """(state, event, next state) of a mermaid diagram."""
    arrows = re.findall(r"^    (\w+) --> (\w+): (.+)$", diagram, re.MULTILINE)
    return {(state, event, to) for state, to, events in arrows for event in events.split(", ")}


def written(table: Mapping[Any, str], endings: Mapping[Any, str | None]) -> set[tuple[str, str, str]]:
    ends = {(str(state), event, "ended") for state, event in endings}
    return {(str(state), event, str(to)) for (state, event), to in table.items()} | ends


class DocsTest(SimpleTestCase):
    def test_the_state_diagrams_are_those_of_the_code(self) -> None:
        text = (ROOT / "docs" / "architecture.md").read_text()
        first, second = re.findall(r"```mermaid\n(.*?)```", text, re.DOTALL)
        self.assertEqual(drawn(first), written(call_table.TABLE, call_table.ENDINGS))
        self.assertEqual(drawn(second), written(conversation_table.TABLE, conversation_table.ENDINGS))

    def test_the_protocol_names_every_type_and_every_code_in_use(self) -> None:
        text = (ROOT / "docs" / "protocol.md").read_text()
        types = {str(message.__struct_config__.tag) for message in (*FromClient.__args__, *FromServer.__args__)}
        for word in types | {code.value for code in Code}:
            self.assertIn(f"`{word}", text)

    def test_the_threat_model_names_tests_and_queries_that_exist(self) -> None:
        text = (ROOT / "docs" / "threat-model.md").read_text()
        queries = set(re.findall(r"\[([a-z-]+)\]", (ROOT / "docs" / "model" / "queries.maude").read_text()))
        for name in set(re.findall(r"`(tests\.[\w.]+)`", text)):
            with self.subTest(name):
                self.assertIsNotNone(pydoc.locate(name))
        self.assertEqual(set(re.findall(r"[ (]\*([a-z]+-[a-z-]+)\*", text)) - queries, set())
