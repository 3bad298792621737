"""What the documents say beside what the code says."""

from __future__ import annotations

import pydoc
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from django.test import SimpleTestCase

from chat.peer import call_table, conversation_table
from chat.peer.errors import SENTENCES
from signaling import process
from signaling.errors import Code
from signaling.messages import FromClient, FromServer
from tests.support.paths import ROOT

HERE: Final = sorted((*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")))
"""The documents: what is in a checkout, and not what is installed in it."""

FOR_OPERATORS: Final = (
    *ROOT.glob("docs/operations*.md"),
    *ROOT.glob("docs/operations/*.md"),
    ROOT / "docs" / "family.md",
)

_CODE = re.compile(r"```[^`]*```|^ {4}[^\n]*$|`[^`\n]*`", re.MULTILINE)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_MADE = re.compile(r"\bmake ([a-z]+(?:-[a-z]+)*)\b")
_DEPLOYED = re.compile(r"(?:(?<=\.\./)|(?<![\w/-]))deploy/[\w@./-]*\w")


def links(page: Path) -> Iterator[tuple[str, str]]:
    """Where a page leads within this repository: a path and a heading's anchor, either of which may be empty."""
    for link in _LINK.findall(_CODE.sub("", page.read_text())):
        path, _, anchor = link.partition("#")
        if "://" not in link:
            yield path, anchor


def anchors(page: Path) -> set[str]:
    """What GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def words(quoted: str) -> list[str]:
    """What a quotation says around what it leaves out."""
    return [bit.strip() for bit in quoted.split("…")]


def code_in(page: Path) -> str:
    """What a page says in code: commands, names of files."""
    return "\n".join(_CODE.findall(page.read_text()))


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


class PlacesTest(SimpleTestCase):
    def test_every_link_within_the_documents_leads_somewhere(self) -> None:
        self.assertGreater(len(HERE), 12)
        for page in HERE:
            for path, anchor in links(page):
                with self.subTest(page=page.name, link=f"{path}#{anchor}"):
                    target = page.parent / path if path else page
                    self.assertTrue(target.exists())
                    if anchor and target.suffix == ".md":
                        self.assertIn(anchor, anchors(target))

    def test_whatever_the_documents_make_can_be_made(self) -> None:
        targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
        for page in HERE:
            made = set(_MADE.findall(code_in(page)))
            self.assertLessEqual(made, targets, page.name)
        contributing = (ROOT / "CONTRIBUTING.md").read_text()
        self.assertLessEqual({"run", "test", "check"}, set(_MADE.findall(contributing)))

    def test_every_file_of_deploy_that_the_documents_name_is_there(self) -> None:
        for page in HERE:
            for path in _DEPLOYED.findall(page.read_text()):
                with self.subTest(page=page.name, path=path):
                    self.assertTrue((ROOT / path).exists() or (ROOT / "tests" / path).exists())

    def test_every_file_of_deploy_is_explained_to_operators(self) -> None:
        text = "".join(page.read_text() for page in FOR_OPERATORS)
        for path in (ROOT / "deploy").iterdir():
            with self.subTest(path.name):
                self.assertTrue((path.name if path.is_file() else f"deploy/{path.name}") in text)

    def test_every_cell_of_the_comparison_has_a_source(self) -> None:
        text = (ROOT / "docs" / "comparison.md").read_text()
        table, _, sources = text.partition("## What was read")
        figures = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹ᵃ", "0123456789a")
        given = set(re.findall(r"[0-9]+a?", " ".join(re.findall("[⁰¹²³⁴⁵⁶⁷⁸⁹ᵃ]+", table)).translate(figures)))
        listed = set(re.findall(r"^(\d+)\. ", sources, re.MULTILINE)) | set(re.findall(r"\b(\d+a):", sources))
        self.assertEqual(given, listed)

    def test_the_tests_that_the_readme_trusts_exist(self) -> None:
        named = set(re.findall(r"`(tests\.[\w.]+)`", (ROOT / "README.md").read_text()))
        self.assertGreater(len(named), 5)
        for name in named:
            with self.subTest(name):
                self.assertIsNotNone(pydoc.locate(name))


class OperatorsTest(SimpleTestCase):
    def setUp(self) -> None:
        self.troubles = (ROOT / "docs" / "operations" / "troubleshooting.md").read_text()

    def test_every_code_of_the_server_has_its_cause(self) -> None:
        for code in Code:
            self.assertIn(f"`{code}`", self.troubles)

    def test_what_a_person_reads_of_a_server_in_trouble_is_found_word_for_word(self) -> None:
        for reason in ("server_offline", "replaced", "AUTH_FAILED", "USERNAME_TAKEN", "SERVER_BUSY", "RATE_LIMITED"):
            self.assertIn(f'"{SENTENCES[reason]}"', self.troubles)

    def test_what_a_person_reads_where_no_path_was_found_is_found_by_its_words(self) -> None:
        quoted = [part for part in re.findall(r'"([^"]+)"', self.troubles) if re.search(r"\w{3}", part)]
        for reason in (
            *(
                "no_path",
                "stun_unreachable",
                "turn_refused",
                "udp_blocked",
                "other_network",
                "no_candidates",
                "no_relay",
            ),
            *("no_answer", "USER_OFFLINE"),
        ):
            with self.subTest(reason):
                sentence = SENTENCES[reason]
                self.assertTrue(any(all(bit in sentence for bit in words(part)) for part in quoted))

    def test_every_sentence_of_the_health_check_and_of_the_log_is_there(self) -> None:
        for line in (process.NO_STORE, process.NO_INBOX, process.REMEMBERED, process.HEALED):
            self.assertIn(f"`{line}`", self.troubles)
        logged = re.compile(r'(?:logger\.(?:error|warning)|_unexpected)\("([^"%]+)')
        for source in sorted((ROOT / "signaling").rglob("*.py")):
            for sentence in logged.findall(source.read_text()):
                self.assertIn(f"`{sentence.strip()}", self.troubles)

    def test_the_options_of_the_installation_are_those_that_are_listed(self) -> None:
        install = ["bash", str(ROOT / "deploy" / "install.sh"), "--help"]
        said = subprocess.run(install, capture_output=True, text=True, check=True).stdout
        options = set(re.findall(r"--[a-z][a-z-]+", said))
        self.assertGreater(len(options), 8)
        listed = (ROOT / "docs" / "operations.md").read_text()
        self.assertEqual({option for option in options if option not in listed}, set())
        for page in FOR_OPERATORS:
            for line in re.findall(r"install\.sh ([^`\n]*)", page.read_text()):
                self.assertLessEqual(set(re.findall(r"--[a-z][a-z-]+", line)), options, page.name)
