"""chat/peer/errors.py: every fault has a sentence."""

from __future__ import annotations

from django.test import SimpleTestCase

from chat.peer.errors import ORDERLY, SENTENCES, PeerError, sentence
from signaling.errors import Code


class SentencesTest(SimpleTestCase):
    def test_every_code_of_the_server_has_a_sentence(self) -> None:
        self.assertLessEqual({code.value for code in Code}, SENTENCES.keys())

    def test_every_sentence_is_one(self) -> None:
        for reason in SENTENCES:
            text = sentence(reason, "bob")
            self.assertRegex(text, r"^[A-Z].*\.$|^bob(’s)? .*\.$", reason)
            self.assertNotRegex(text, r"[{}]|_|'", reason)

    def test_the_orderly_reasons_are_known(self) -> None:
        self.assertLessEqual(ORDERLY, SENTENCES.keys())

    def test_an_unknown_code_has_a_sentence_too(self) -> None:
        self.assertEqual(sentence("NEW_CODE", "bob"), "Something went wrong. Try again.")

    def test_without_a_name_the_other_one_is_called_the_other_person(self) -> None:
        self.assertEqual(sentence("left"), "The other person left the chat.")

    def test_an_error_reads_as_its_sentence(self) -> None:
        self.assertEqual(str(PeerError("declined", "bob")), "bob declined the call.")
