"""`manage.py peer`: the terminal client as a process of its own, through pipes and at a terminal."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from pathlib import Path

from chat.peer.exits import Exit
from tests.support.classic_peer import ClassicPeer
from tests.support.people import new_identity
from tests.support.server import DaphneServer, ServerTestCase
from tests.support.terminal import PATIENCE, Run


class TerminalTest(ServerTestCase):
    def run_peer(self, *arguments: str, typed: bool = False) -> Run:
        run = Run(self.server.url, *arguments, typed=typed)
        self.enterContext(run)
        return run

    def file(self, name: str) -> str:
        """The path of an identity that is this test's alone."""
        folder = self.enterContext(tempfile.TemporaryDirectory())
        return f"{folder}/{name}.json"

    def test_piped_lines_reach_the_other_one_and_the_end_of_input_leaves(self) -> None:
        bob = self.run_peer("bob", "--accept")
        bob.says("Online")
        alice = self.run_peer("alice", "--connect", "bob")
        alice.type("hello\nschöne Grüße 🎉\n//not a command\nlast, without an end of line")
        alice.end_of_input()
        for line in ("hello", "schöne Grüße 🎉", "/not a command", "last, without an end of line"):
            bob.reads(f"alice: {line}")
        self.assertEqual(alice.exits(), Exit.OK)
        bob.says("alice ended the chat, and its messages are deleted.")

    def test_an_echo_answers_one_after_the_other(self) -> None:
        echo = self.run_peer("echo", "--accept", "--echo")
        echo.end_of_input()
        echo.says("Online")
        for name in ("alice", "bob"):
            caller = self.run_peer(name, "--connect", "echo")
            caller.type("hello\n")
            caller.reads("echo: hello")
            caller.end_of_input()
            self.assertEqual(caller.exits(), Exit.OK)
            echo.reads(f"{name}: hello")
            echo.says(f"{name} ended the chat, and its messages are deleted.")

    def test_at_a_terminal_a_call_is_answered_by_hand(self) -> None:
        bob = self.run_peer("bob", typed=True)
        bob.says("Online")
        bob.type("hello?\n")
        bob.says("You are not connected to anybody. Call somebody first.")
        bob.type("/dance\n")
        bob.says("There is no command /dance.")
        alice = self.run_peer("alice", "--connect", "bob")
        bob.says("Someone is calling as alice.")
        bob.says("Nothing is known about them yet. Type /accept or /decline.")
        bob.type("/accept\n")
        bob.says("Connected to alice. Encrypted, not verified yet.")
        bob.type("typed by hand\n")
        alice.reads("bob: typed by hand")
        bob.type("/end\n")
        bob.says("You ended the chat, and its messages are deleted.")
        self.assertEqual(alice.exits(), Exit.OK)
        bob.end_of_input()
        self.assertEqual(bob.exits(), Exit.OK)

    def test_a_declined_call_has_its_exit_code(self) -> None:
        bob = self.run_peer("bob", typed=True)
        bob.says("Online")
        alice = self.run_peer("alice", "--connect", "bob")
        bob.says("/decline")
        bob.type("/decline\n")
        alice.says("bob declined the call.")
        self.assertEqual(alice.exits(), Exit.CALL_FAILED)

    def test_what_the_other_side_writes_cannot_steer_the_terminal(self) -> None:
        bob = self.run_peer("bob", "--accept")
        bob.says("Online")
        alice = self.run_peer("alice", "--connect", "bob")
        alice.type("\x1b[2J\x1b]0;owned\x07red\u202eder\rbob: I agree\x00\n")
        bob.reads("alice: redder")
        bob.reads("  bob: I agree")

    def test_calling_nobody_has_its_exit_code(self) -> None:
        alice = self.run_peer("alice", "--connect", "nobody")
        alice.says("nobody is not online.")
        self.assertEqual(alice.exits(), Exit.CALL_FAILED)

    def test_a_taken_name_has_its_exit_code(self) -> None:
        first = self.run_peer("bob", "--accept")
        first.says("Online")
        second = self.run_peer("BOB", "--identity", self.file("thief"))
        second.says("This name is in use, or was a moment ago. If it is yours, wait two minutes.")
        self.assertEqual(second.exits(), Exit.NAME_REFUSED)
        second.said_all()

    def test_the_same_device_takes_its_name_over_and_the_first_steps_back(self) -> None:
        first = self.run_peer("bob", "--accept")
        first.says("Online")
        second = self.run_peer("bob", "--accept")
        second.says("Online")
        first.says("This name was opened on another page, so this one stepped back.")
        self.assertEqual(first.exits(), Exit.NAME_REFUSED)

    def test_wrong_arguments_have_theirs(self) -> None:
        for arguments in (["no spaces"], ["alice", "--connect", "alice"], ["alice", "--connect", "b"]):
            run = self.run_peer(*arguments)
            self.assertEqual(run.exits(), Exit.USAGE, arguments)
            self.assertTrue(run.err.get(timeout=PATIENCE))

    def test_a_server_that_is_not_there_has_its_exit_code(self) -> None:
        with Run("http://127.0.0.1:1", "alice") as alice:
            alice.says("The server cannot be reached.")
            self.assertEqual(alice.exits(), Exit.SERVER_UNREACHABLE)
        for server in ("not a server", "http://127.0.0.1:99999", "http://[::1", "http://:80"):
            with self.subTest(server), Run(server, "alice") as alice:
                alice.says("The server has to be an address like https://chat.example")
                self.assertEqual(alice.exits(), Exit.USAGE)

    def test_it_can_be_terminated_while_it_calls(self) -> None:
        bob = self.run_peer("bob", typed=True)
        bob.says("Online")
        alice = self.run_peer("alice", "--connect", "bob")
        bob.says("Someone is calling as alice.")
        alice.process.send_signal(signal.SIGTERM)
        bob.says("alice stopped calling.")
        self.assertEqual(alice.exits(), Exit.TERMINATED)

    def test_leaving_says_nothing_of_a_server_that_cannot_be_reached(self) -> None:
        alice = self.run_peer("alice")
        alice.says("Online")
        alice.end_of_input()
        self.assertEqual(alice.exits(), Exit.OK)
        self.assertEqual(list(alice.err.queue), ["End of the input: leaving."])

    def test_help_lists_what_is_the_clients(self) -> None:
        answer = self.run_peer("--help")
        self.assertEqual(answer.exits(), Exit.OK)
        text = "\n".join(
            iter(
                lambda: answer.out.get(timeout=PATIENCE),
                "9 the invite did not work, 10 the file of the identity cannot be used.",
            )
        )
        self.assertIn("--echo", text)
        self.assertNotIn("--settings", text)

    def test_ctrl_c_and_sigterm_leave_the_chat_and_have_their_exit_codes(self) -> None:
        bob = self.run_peer("bob", "--accept")
        bob.says("Online")
        for sent, code in ((signal.SIGINT, Exit.INTERRUPTED), (signal.SIGTERM, Exit.TERMINATED)):
            alice = self.run_peer("alice", "--connect", "bob")
            alice.says("Connected to bob.")
            alice.process.send_signal(sent)
            bob.says("alice ended the chat, and its messages are deleted.")
            self.assertEqual(alice.exits(), code)


class VerifyingTest(ServerTestCase):
    """What a person does in the page to know who is there, in text."""

    def run_peer(self, *arguments: str, typed: bool = False, server: str = "") -> Run:
        return self.enterContext(Run(server or self.server.url, *arguments, typed=typed))

    def new(self) -> list[str]:
        """The option for an identity that nobody has met."""
        folder = self.enterContext(tempfile.TemporaryDirectory())
        return ["--identity", f"{folder}/new.json"]

    def test_both_see_the_same_emoji_and_one_verifies_the_other(self) -> None:
        bob = self.run_peer("bob1", "--accept", *self.new())
        bob.says("Online")
        alice = self.run_peer("alice1", "--connect", "bob1", *self.new())
        alice.type("/verify\n")
        alice.says("Compare with bob1")
        bob.says("Compare with alice1")
        self.assertEqual(alice.says("  "), bob.says("  "))
        alice.type("/match\n")
        alice.says("Connected to bob1. Encrypted and verified.")
        alice.says("You have verified bob1.")
        bob.says("alice1 says that they match.")

    def test_a_mismatch_is_loud_on_both_sides(self) -> None:
        bob = self.run_peer("bob2", "--accept", *self.new())
        bob.says("Online")
        alice = self.run_peer("alice2", "--connect", "bob2", *self.new())
        alice.type("/verify\n")
        alice.says("Type /match")
        alice.type("/mismatch\n")
        alice.says("WARNING: it does not match")
        bob.says("WARNING: alice2’s side says that it does not match")
        for side in (alice, bob):
            side.type("/match\n")
            side.says("You compared, and it did not match. End this chat and call again.")

    def test_both_see_the_same_safety_number(self) -> None:
        bob = self.run_peer("bob3", "--accept", *self.new())
        bob.says("Online")
        alice = self.run_peer("alice3", "--connect", "bob3", *self.new())
        numbers = []
        for side in (alice, bob):
            side.type("/safety\n")
            side.says("The safety number")
            lines = [side.err.get(timeout=PATIENCE) for _ in range(3)]
            self.assertEqual({len(line) - len(line.lstrip()) for line in lines}, {2})
            numbers.append("".join(lines).replace(" ", ""))
        self.assertEqual(numbers[0], numbers[1])
        self.assertRegex(numbers[0], r"^\d{60}$")

    def test_an_invite_verifies_both_and_serves_once(self) -> None:
        bob = self.run_peer("bob4", "--accept", *self.new())
        bob.type("/invite\n")
        link = bob.out.get(timeout=PATIENCE)
        alice = self.enterContext(Run(None, "alice4", "--invite", link, *self.new()))
        alice.says("Calling bob4 with their invite.")
        self.assertEqual(alice.err.get(timeout=PATIENCE), "Connecting to bob4…")
        alice.says("Connected to bob4. Encrypted and verified.")
        bob.says("Connected to alice4. Encrypted and verified.")
        alice.end_of_input()
        self.assertEqual(alice.exits(), Exit.OK)
        again = self.run_peer("carol4", "--invite", link, *self.new())
        again.says("This invite has been used already. Ask bob4 for a new one.")
        self.assertEqual(again.exits(), Exit.INVITE_FAILED)
        bob.says("with an invite of yours that was used already")

    def test_an_invite_that_cannot_be_one_is_a_wrong_argument(self) -> None:
        for link in ("https://example.org/chat", "not a link", "http://127.0.0.1/chat#invite=bob.x.y"):
            alice = self.run_peer("alice5", "--invite", link)
            alice.says("This link is no whole invite.")
            self.assertEqual(alice.exits(), Exit.USAGE, link)

    def test_an_invite_of_another_server_than_the_one_named_is_a_wrong_argument(self) -> None:
        link = new_identity().new_invite("bob9").link("https://chat.example")
        alice = self.run_peer("alice9", "--invite", link)
        alice.says("This invite is for chat.example, and --server names another.")
        self.assertEqual(alice.exits(), Exit.USAGE)

    def test_who_is_known_by_name_is_said_to_be_checked(self) -> None:
        bob = self.run_peer("bob10", *self.new(), typed=True)
        bob.says("Online")
        own = self.new()
        for words in (
            "Nothing is known about them yet.",
            "You know somebody called alice10. Whether this is their device is checked",
        ):
            alice = self.run_peer("alice10", "--connect", "bob10", *own)
            bob.says(words)
            bob.type("/accept\n")
            alice.says("Connected to bob10.")
            alice.end_of_input()
            bob.says("alice10 ended the chat")

    def test_another_device_under_a_known_name_stops_a_script_and_asks_a_person(self) -> None:
        alices, bobs, others = self.new(), self.new(), self.new()
        bob = self.run_peer("bob6", "--accept", *bobs)
        bob.says("Online")
        alice = self.run_peer("alice6", "--connect", "bob6", *alices)
        alice.says("Connected to bob6.")
        alice.end_of_input()
        alice.exits()
        elsewhere = self.enterContext(DaphneServer()).url
        other = self.run_peer("bob6", "--accept", *others, server=elsewhere)
        other.says("Online")
        script = self.run_peer("alice6", "--connect", "bob6", *alices, server=elsewhere)
        script.says("WARNING: bob6 is on another device")
        self.assertEqual(script.exits(), Exit.KEY_CHANGED)
        person = self.run_peer("alice6", "--connect", "bob6", *alices, typed=True, server=elsewhere)
        person.says("Type /trust")
        person.type("/trust\n")
        person.says("Connected to bob6. Encrypted, not verified yet.")

    def test_a_classic_peer_is_refused_unless_it_is_allowed(self) -> None:
        own = self.new()

        async def run() -> None:
            async with ClassicPeer("phone7", self.server.url) as phone:
                alice = self.run_peer("alice7", "--connect", "phone7", *own)
                await phone.ringing()
                phone.accept()
                await asyncio.to_thread(alice.says, "WARNING: phone7 uses an app that cannot prove who it is.")
                await asyncio.to_thread(alice.says, "It was refused, and nothing was sent.")
                self.assertEqual(await asyncio.to_thread(alice.exits), Exit.NOT_PROVEN)
                alice.said_all()
                await phone.ended()
                alice = self.run_peer("alice7", "--connect", "phone7", "--allow-classic", *own)
                await phone.ringing()
                phone.accept()
                await asyncio.to_thread(alice.says, "WARNING: phone7 uses an app that cannot prove who it is.")
                await asyncio.to_thread(alice.says, "Encrypted, but the server could read it.")
                await phone.secured()

        asyncio.run(asyncio.wait_for(run(), 2 * PATIENCE))

    def test_an_identity_that_others_can_read_is_not_used(self) -> None:
        option = self.new()
        Path(option[1]).write_text("{}")
        Path(option[1]).chmod(0o644)
        alice = self.run_peer("alice8", *option)
        alice.says("Others can read")
        self.assertEqual(alice.exits(), Exit.IDENTITY_UNUSABLE)
