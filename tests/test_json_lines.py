"""chat/peer/json_lines.py: commands and events of `--json`, and what docs/bots.md says of them."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from django.test import SimpleTestCase
from hypothesis import given
from hypothesis import strategies as st

from chat.peer import events
from chat.peer import json_lines as lines
from chat.peer.printable import printable
from chat.peer.program import Program
from tests.support.paths import ROOT

COMMANDS: tuple[type[lines.Command], ...] = lines.AnyCommand.__args__


def rows(types: Iterable[Any]) -> Iterator[str]:
    """The rows of a table in docs/bots.md, as the code has them."""
    for each in types:
        fields = [field for field in msgspec.structs.fields(each) if (each, field.name) not in _TAGS]
        names = ", ".join(f"`{field.encode_name}{'' if field.required else '?'}`" for field in fields)
        yield f"| `{each.__struct_config__.tag}` | {names} | {' '.join((inspect.getdoc(each) or '').split())} |"


_TAGS = {(each, "tag") for each in COMMANDS}


class CommandsTest(SimpleTestCase):
    def refusal(self, line: bytes) -> lines.BadLine:
        with self.assertRaises(lines.BadLine) as caught:
            lines.parse(line)
        return caught.exception

    def test_a_command_is_read_with_all_its_fields(self) -> None:
        line = '{"do": "send", "to": "bob", "text": "schön 🎉", "re": {"mine": true, "id": "x"}, "tag": 7}'
        read = lines.parse(line.encode())
        self.assertEqual(read, lines.Send(to="bob", text="schön 🎉", re=events.Ref(True, "x"), tag=7))
        self.assertEqual(lines.name_of(read), "send")
        self.assertEqual(lines.parse(b'{"do":"prefer","relayOnly":true}'), lines.Prefer(relay_only=True))

    def test_what_does_not_fit_is_no_command_and_keeps_its_tag(self) -> None:
        for line in (
            b'{"do":"dance","tag":"t"}',
            b'{"tag":"t"}',
            b'{"do":"send","tag":"t"}',
            b'{"do":"send","text":7,"tag":"t"}',
            b'{"do":"send","text":"x","too":"bob","tag":"t"}',
            b'{"do":"send","text":"x","re":{"mine":1,"id":"x"},"tag":"t"}',
            b'{"do":"send","text":"x","re":{"mine":true,"id":"x","at":1},"tag":"t"}',
            b'{"do":"mute","to":"bob","on":"yes","tag":"t"}',
            b'{"do":"timer","seconds":1.5,"tag":"t"}',
            b'{"do":["send"],"tag":"t"}',
        ):
            with self.subTest(line):
                self.assertEqual(self.refusal(line).tag, "t")

    def test_what_is_no_json_is_no_command(self) -> None:
        for line in (
            b"hello",
            b"[]",
            b'"send"',
            b"\xff",
            b"{",
            b'{"do":"end"} x',
            b"[" * 100_000,
            b'{"do":"\xed\xa0\x80"}',
        ):
            with self.subTest(line[:20]):
                self.assertIsNone(self.refusal(line).tag)
        self.assertIn("at most", str(self.refusal(b" " * (lines.MAX_LINE_BYTES + 1))))

    def test_a_half_of_a_surrogate_pair_is_no_text(self) -> None:
        self.refusal(b'{"do":"send","text":"\\ud800"}')

    @given(st.binary(max_size=60))
    def test_no_bytes_do_anything_but_be_read_or_refused(self, line: bytes) -> None:
        try:
            self.assertIsInstance(lines.parse(line), lines.Command)
        except lines.BadLine as error:
            self.assertTrue(str(error))

    def test_every_command_is_carried_out_by_somebody(self) -> None:
        handlers = inspect.getattr_static(Program, "_do").dispatcher
        for command in COMMANDS:
            self.assertIsNot(handlers.dispatch(command), handlers.dispatch(object), command)


class EventsTest(SimpleTestCase):
    @given(st.text(st.characters(exclude_categories=[])))
    def test_whatever_somebody_wrote_is_one_harmless_line_that_means_the_same(self, text: str) -> None:
        line = lines.dump(events.Message(peer="bob", id="x", at=1, text=text))
        self.assertTrue(line.isprintable())
        self.assertEqual(printable(line), line)
        self.assertEqual(json.loads(line)["text"], text)

    def test_letters_and_pictures_stay_readable(self) -> None:
        line = lines.dump(events.Message(peer="bob", id="x", at=1, text="שלום 你好 🎉\u202e"))
        self.assertEqual(line, r'{"event":"message","peer":"bob","id":"x","at":1,"text":"שלום 你好 🎉\u202e"}')

    def test_what_is_not_there_is_left_out(self) -> None:
        self.assertEqual(lines.dump(lines.Done(do="end")), '{"event":"done","do":"end"}')
        self.assertEqual(lines.dump(events.Typing(peer="bob", on=False)), '{"event":"typing","peer":"bob","on":false}')


class DocumentTest(SimpleTestCase):
    def test_it_has_every_command_and_every_event_as_they_are(self) -> None:
        text = (ROOT / "docs" / "bots.md").read_text()
        _, commands, told = text.split("|---|---|---|\n")
        for part, types in ((commands, COMMANDS), (told, events.Event.__subclasses__())):
            written = [line for line in part.splitlines() if line.startswith("| `") and "fields" not in line]
            self.assertEqual(written, list(rows(types)))

    def test_its_example_speaks_the_format(self) -> None:
        text = (ROOT / "docs" / "bots.md").read_text()
        for line in text.splitlines():
            if line.startswith("    > "):
                lines.parse(line.removeprefix("    > ").encode())
            elif line.startswith("    < "):
                event = json.loads(line.removeprefix("    < "))
                types = {each.__struct_config__.tag: each for each in events.Event.__subclasses__()}
                self.assertEqual(lines.dump(msgspec.convert(event, types[event["event"]])), line.removeprefix("    < "))

    def test_the_example_bot_is_short(self) -> None:
        self.assertLess(len((ROOT / "docs" / "examples" / "echo_bot.py").read_text().splitlines()), 60)
