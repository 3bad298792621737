from __future__ import annotations

from django.test import SimpleTestCase

from signaling.errors import SENTENCES, Close, Code, ProtocolError


class ErrorsTests(SimpleTestCase):
    def test_every_code_has_a_sentence_of_its_own(self) -> None:
        self.assertEqual(set(SENTENCES), set(Code))
        self.assertEqual(len(set(SENTENCES.values())), len(SENTENCES))
        for sentence in SENTENCES.values():
            self.assertRegex(sentence, r"\A[A-Z].*\.\Z")

    def test_an_error_says_its_sentence(self) -> None:
        error = ProtocolError(Code.USER_OFFLINE, target="bob")
        self.assertEqual((str(error), error.target, error.close), (SENTENCES[Code.USER_OFFLINE], "bob", None))

    def test_a_client_comes_back_after_a_flood_and_a_restart(self) -> None:
        self.assertEqual({4001, 4002, 4003, 4004}, Close.FINAL)
        self.assertFalse({Close.GOING_DOWN, Close.TOO_LARGE, Close.UNEXPECTED, Close.FLOOD} & Close.FINAL)
