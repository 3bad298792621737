"""chat/peer/blocks.py: whom the person does not want to hear from, and how that is kept."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from django.test import SimpleTestCase

from chat.peer.blocks import MAX_KEYS, Blocks
from chat.peer.identity import Identity
from chat.peer.identity_file import IdentityFile
from chat.peer.storage import MemoryStorage

B, C = b"b" * 32, b"c" * 32


class BlocksTest(SimpleTestCase):
    def setUp(self) -> None:
        self.storage = MemoryStorage()
        self.blocks = Blocks(self.storage)

    def test_nobody_is_blocked_or_muted_at_first(self) -> None:
        self.assertEqual((self.blocks.names, self.blocks.name("bob"), self.blocks.identity(B)), ([], False, False))
        self.assertFalse(self.blocks.muted("bob"))

    def test_a_name_is_blocked_whatever_its_case_and_shown_as_it_was_spelt(self) -> None:
        self.blocks.block("Bob")
        self.blocks.block("alan")
        self.assertTrue(self.blocks.name("bOB"))
        self.assertEqual(self.blocks.names, ["alan", "Bob"])

    def test_a_key_is_blocked_under_whatever_name_it_comes(self) -> None:
        self.blocks.block("bob", B)
        self.assertEqual((self.blocks.identity(B), self.blocks.identity(C)), (True, False))

    def test_unblocking_a_name_frees_its_keys(self) -> None:
        self.blocks.block("bob", B)
        self.blocks.block("carol", C)
        self.blocks.unblock("BOB")
        self.assertEqual(
            (self.blocks.name("bob"), self.blocks.identity(B), self.blocks.identity(C)), (False, False, True)
        )
        self.assertEqual(list(self.storage.table("blocks")), ["carol"])

    def test_a_name_that_is_blocked_again_keeps_its_newest_keys(self) -> None:
        keys = [bytes([number]) * 32 for number in range(MAX_KEYS + 2)]
        for key in (*keys, keys[-2]):
            self.blocks.block("bob", key)
        self.blocks.block("bob")
        self.assertEqual([self.blocks.identity(key) for key in keys], [False] * 2 + [True] * MAX_KEYS)

    def test_muting_and_blocking_leave_each_other_alone(self) -> None:
        self.blocks.mute("bob", True)
        self.assertEqual((self.blocks.muted("BOB"), self.blocks.name("bob"), self.blocks.names), (True, False, []))
        self.blocks.block("bob", B)
        self.blocks.mute("bob", False)
        self.assertEqual((self.blocks.muted("bob"), self.blocks.identity(B)), (False, True))
        self.blocks.mute("bob", True)
        self.blocks.unblock("bob")
        self.assertEqual((self.blocks.muted("bob"), self.blocks.identity(B)), (True, False))

    def test_nothing_is_kept_of_somebody_who_is_neither(self) -> None:
        self.blocks.mute("bob", True)
        self.blocks.mute("bob", False)
        self.blocks.unblock("carol")
        self.assertEqual(dict(self.storage.table("blocks")), {})


class KeepingTest(SimpleTestCase):
    def setUp(self) -> None:
        self.path = Path(self.enterContext(tempfile.TemporaryDirectory())) / "alice.json"

    def opened(self) -> Identity:
        return Identity.open(IdentityFile(self.path), os.urandom, lambda: 0)

    def test_blocks_are_there_again_after_a_restart_and_gone_with_the_identity(self) -> None:
        identity = self.opened()
        identity.blocks.block("Bob", B)
        again = self.opened()
        self.assertEqual((again.blocks.names, again.blocks.identity(B)), (["Bob"], True))
        again.wipe()
        self.assertEqual((again.blocks.names, self.opened().blocks.names), ([], []))

    def test_a_file_from_before_there_were_blocks_is_read_and_becomes_a_new_one(self) -> None:
        identity = self.opened()
        identity.meet("bob", B)
        whole = json.loads(self.path.read_text())
        del whole["blocks"]
        self.path.write_text(json.dumps({**whole, "version": 1}))
        again = self.opened()
        self.assertEqual((again.key.public, again.pins("bob")), (identity.key.public, identity.pins("bob")))
        again.blocks.block("bob", B)
        self.assertEqual((self.opened().blocks.names, json.loads(self.path.read_text())["version"]), (["bob"], 2))
