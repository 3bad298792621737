"""chat/peer/identity_file.py: the file's modes, its damage, crashes, and programs that share it."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

from django.test import SimpleTestCase

from chat.peer.errors import IdentityDamaged
from chat.peer.identity import Identity
from chat.peer.identity_file import MAX_BYTES, IdentityFile, make_private, path_for
from chat.peer.storage import TABLES
from tests.support.paths import ROOT

B, C = b"b" * 32, b"c" * 32

SHARING = """
import os, sys
from pathlib import Path
from chat.peer.identity import Identity
from chat.peer.identity_file import IdentityFile
who = sys.argv[2]
identity = Identity.open(IdentityFile(Path(sys.argv[1])), os.urandom, lambda: 0)
print(identity.key.public.hex(), flush=True)
number = 0
while number < 50 or who == "endless":
    identity.meet(f"{who}_{number}", os.urandom(32))
    number += 1
"""


def opened(path: Path) -> Identity:
    return Identity.open(IdentityFile(path), os.urandom, lambda: 0)


class FileTestCase(SimpleTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.path = self.folder / "lowkey" / "alice.json"

    def mode(self, path: Path) -> int:
        return stat.S_IMODE(path.lstat().st_mode)

    def program(self, who: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", SHARING, str(self.path), who]
        program = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        assert program.stdout is not None
        self.addCleanup(program.stdout.close)
        return program


class KeepingTest(FileTestCase):
    def test_everything_is_there_again_after_a_restart(self) -> None:
        first = opened(self.path)
        first.meet("Bob", B)
        first.set_verified("bob", B, True)
        invite, name_key = first.new_invite("alice"), first.name_key("alice").public
        again = opened(self.path)
        self.assertEqual(again.key.public, first.key.public)
        self.assertEqual((again.pins("bob"), again.made_invite(invite.uuid, "alice")), (first.pins("bob"), invite))
        self.assertEqual(again.name_key("Alice").public, name_key)

    def test_only_this_account_can_read_what_is_made(self) -> None:
        old = os.umask(0)
        self.addCleanup(os.umask, old)
        opened(self.path).meet("bob", B)
        self.assertEqual(self.mode(self.path.parent), 0o700)
        self.assertEqual({self.mode(path) for path in self.path.parent.iterdir()}, {0o600})

    def test_missing_folders_are_private_and_others_left_alone(self) -> None:
        self.folder.chmod(0o755)
        make_private(self.folder / "a" / "b")
        self.assertEqual([self.mode(self.folder / part) for part in (".", "a", "a/b")], [0o755, 0o700, 0o700])

    def test_a_new_identity_leaves_no_secret_behind(self) -> None:
        identity = opened(self.path)
        self.path.with_name("alice.json.new").write_text("what a crash left behind")
        identity.wipe()
        self.assertEqual([path.read_bytes() for path in self.path.parent.iterdir()], [b""], "the lock")
        self.assertNotEqual(opened(self.path).key.public, identity.key.public)

    def test_a_new_identity_keeps_the_keys_of_its_names_and_nothing_else(self) -> None:
        identity = opened(self.path)
        identity.meet("bob", B)
        identity.new_invite("alice")
        name_key = identity.name_key("alice").public
        identity.wipe()
        left = json.loads(self.path.read_text())
        self.assertEqual([list(left[table]) for table in TABLES], [["name:alice"], [], [], [], []])
        self.assertEqual(self.mode(self.path), 0o600)
        again = opened(self.path)
        self.assertEqual(again.name_key("alice").public, name_key)
        self.assertNotEqual(again.key.public, identity.key.public)

    def test_everything_can_be_deleted_also_what_is_damaged(self) -> None:
        opened(self.path).name_key("alice")
        self.path.write_text("{")
        self.assertRaises(IdentityDamaged, IdentityFile(self.path).wipe)
        self.assertEqual(self.path.read_text(), "{")
        IdentityFile(self.path).clear()
        self.assertFalse(self.path.exists())

    def test_whoever_wiped_an_identity_goes_on_with_the_one_that_took_its_place(self) -> None:
        storage = IdentityFile(self.path)
        identity = Identity.open(storage, os.urandom, lambda: 0)
        identity.name_key("alice")
        identity.wipe()
        other = opened(self.path)
        again = Identity.open(storage, os.urandom, lambda: 0)
        again.meet("bob", B)
        self.assertEqual((again.key.public, other.pins("bob")), (other.key.public, again.pins("bob")))

    def test_one_storage_takes_a_new_identity_after_the_old_one(self) -> None:
        storage = IdentityFile(self.path)
        Identity.open(storage, os.urandom, lambda: 0).wipe()
        identity = Identity.open(storage, os.urandom, lambda: 0)
        identity.meet("bob", B)
        again = opened(self.path)
        self.assertEqual((again.key.public, again.pins("bob")), (identity.key.public, identity.pins("bob")))

    def test_a_link_of_ones_own_stays_a_link(self) -> None:
        self.path.parent.mkdir()
        self.path.symlink_to(self.folder / "elsewhere.json")
        key = opened(self.path).key.public
        self.assertTrue(self.path.is_symlink())
        self.assertEqual(opened(self.folder / "elsewhere.json").key.public, key)

    def test_each_server_and_name_has_a_path_of_its_own(self) -> None:
        origins = ("https://chat.example", "http://chat.example", "https://chat.example:8443", "http://[::1]:8080")
        paths = {path_for(origin, name) for origin in origins for name in ("alice", "bob")}
        self.assertEqual(len(paths), 8)
        self.assertEqual(path_for("https://chat.example", "Alice"), path_for("https://chat.example", "aLICE"))
        odd = path_for("https://a/../../b\\c", "alice")
        self.assertEqual((odd.name, odd.parent.parent.name), ("alice.json", "lowkey"))
        for path in paths:
            self.assertRegex(path.parent.name, r"^[A-Za-z0-9%._-]+$")


class RefusalTest(FileTestCase):
    def refused(self, content: bytes | None = None) -> str:
        """The sentence with which the file is refused; it is the same file afterwards."""
        if content is not None:
            self.path.write_bytes(content)
        before = self.path.read_bytes(), self.path.stat().st_mtime_ns
        with self.assertRaises(IdentityDamaged) as caught:
            opened(self.path)
        self.assertEqual((self.path.read_bytes(), self.path.stat().st_mtime_ns), before)
        return str(caught.exception)

    def setUp(self) -> None:
        super().setUp()
        opened(self.path).meet("bob", B)

    def test_a_file_that_others_can_read_is_refused_with_what_to_do(self) -> None:
        for mode in (0o640, 0o604, 0o622, 0o601):
            self.path.chmod(mode)
            self.assertIn(f"chmod 600 {self.path}", self.refused())

    def test_a_damaged_file_is_refused(self) -> None:
        whole = json.loads(self.path.read_text())
        wrong: list[object] = [None, [], 7, "x"]
        parts = [{**whole, field: value} for field in whole for value in wrong]
        parts += [{key: whole[key] for key in whole if key != field} for field in whole]
        parts += [{**whole, "keys": {"identity": []}}, {**whole, "keys": {"identity": {"private": "AAAA"}}}]
        contents = [json.dumps(part).encode() for part in parts]
        cut = self.path.read_bytes()
        for content in (*contents, b"", b"{", b"[]", b"null", b"\xff", cut[:-3], cut + b"x", b"[" * 100_000):
            with self.subTest(content[:60]):
                self.refused(content)

    def test_another_version_is_named(self) -> None:
        whole = json.loads(self.path.read_text())
        self.assertIn("another version", self.refused(json.dumps({**whole, "version": 3}).encode()))

    def test_a_file_that_is_too_large_is_refused(self) -> None:
        self.refused(self.path.read_bytes() + b" " * MAX_BYTES)

    def test_what_is_no_file_is_refused_and_does_not_hang(self) -> None:
        pipe, folder = self.folder / "pipe", self.folder / "folder"
        os.mkfifo(pipe, 0o600)
        folder.mkdir()
        for path in (pipe, folder):
            with self.assertRaisesMessage(IdentityDamaged, f"{path} is no file."):
                opened(path)

    def test_what_belongs_to_another_account_is_refused(self) -> None:
        if os.geteuid() != 0:
            self.skipTest("only root can give a file away")
        link = self.folder / "link.json"
        link.symlink_to(self.path)
        os.chown(link, 12345, 12345, follow_symlinks=False)
        with self.assertRaisesMessage(IdentityDamaged, f"{link} is a link that another account made."):
            opened(link)
        os.chown(self.path, 12345, 12345)
        self.assertIn("belongs to another account", self.refused())

    def test_a_place_that_cannot_be_used_is_named(self) -> None:
        for path in (self.path / "below.json", self.folder / ("x" * 300)):
            with self.assertRaisesMessage(IdentityDamaged, f"{path} cannot be used: "):
                opened(path)

    def test_a_file_damaged_meanwhile_is_refused_at_the_next_change(self) -> None:
        identity = opened(self.path)
        self.path.write_text("{")
        self.assertRaises(IdentityDamaged, identity.meet, "carol", C)
        self.assertRaises(IdentityDamaged, identity.pin, "bob")
        self.assertEqual(self.path.read_text(), "{")


class CrashTest(FileTestCase):
    def test_what_a_crash_left_half_written_is_no_obstacle(self) -> None:
        key = opened(self.path).key.public
        draft = self.path.with_name("alice.json.new")
        draft.write_text('{"lowkey": "ident')
        identity = opened(self.path)
        identity.meet("bob", B)
        self.assertEqual((identity.key.public, opened(self.path).pins("bob")), (key, identity.pins("bob")))
        self.assertFalse(draft.exists())

    def test_a_link_in_the_drafts_place_is_not_followed(self) -> None:
        identity, precious = opened(self.path), self.folder / "precious"
        precious.write_text("precious")
        self.path.with_name("alice.json.new").symlink_to(precious)
        identity.meet("bob", B)
        self.assertEqual(precious.read_text(), "precious")

    def test_a_program_killed_at_any_moment_leaves_a_whole_file(self) -> None:
        key = opened(self.path).key.public
        for _ in range(5):
            program = self.program("endless")
            assert program.stdout is not None
            program.stdout.readline()
            known = len(IdentityFile(self.path).table("pins"))
            while len(IdentityFile(self.path).table("pins")) < known + 3 and program.poll() is None:
                pass
            program.send_signal(signal.SIGKILL)
            program.wait()
            self.assertEqual(opened(self.path).key.public, key)


class SharingTest(FileTestCase):
    def test_two_programs_that_begin_at_once_have_one_identity_and_lose_nothing(self) -> None:
        programs = [self.program(who) for who in ("one", "two")]
        keys = {program.communicate()[0].strip() for program in programs}
        identity = opened(self.path)
        self.assertEqual(keys, {identity.key.public.hex()})
        missing = [f"{who}_{n}" for who in ("one", "two") for n in range(50) if not identity.pin(f"{who}_{n}")]
        self.assertEqual(missing, [])

    def test_what_another_program_changes_is_seen_at_once(self) -> None:
        one, two = opened(self.path), opened(self.path)
        one.meet("bob", B)
        two.meet("bob", C)
        self.assertEqual([pin.identity for pin in two.pins("bob")], [B], "it had been met already")
        two.set_verified("bob", B, True)
        self.assertTrue(all(pin.verified for pin in one.pins("bob")))

    def test_nothing_of_an_identity_comes_back_once_another_program_has_deleted_it(self) -> None:
        for named in (False, True):
            with self.subTest(named=named):
                self.assert_nothing_comes_back(named=named)

    def assert_nothing_comes_back(self, *, named: bool) -> None:
        one, two = opened(self.path), opened(self.path)
        one.meet("bob", B)
        if named:
            two.name_key("alice")
        two.wipe()
        one.meet("carol", C)
        self.assertEqual(self.path.exists(), named)
        self.assertEqual([one.pin(name) is not None for name in ("bob", "carol")], [True, True], "in memory")
        new = opened(self.path)
        one.meet("dave", C)
        self.assertEqual([new.pin(name) for name in ("bob", "carol", "dave")], [None] * 3)
        self.assertNotEqual(new.key.public, one.key.public)

    def test_one_program_goes_on_in_memory_when_another_identity_took_the_place(self) -> None:
        one = opened(self.path)
        one.meet("bob", B)
        opened(self.path).wipe()
        new = opened(self.path)
        one.meet("carol", C)
        self.assertEqual((new.pin("carol"), new.pin("bob")), (None, None))
        self.assertEqual(one.name_key("alice").public, one.name_key("alice").public)
        self.assertNotIn("name:alice", json.loads(self.path.read_text())["keys"])
