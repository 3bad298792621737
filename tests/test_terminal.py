"""`manage.py peer`: the terminal client as a process of its own, through pipes and at a terminal."""

from __future__ import annotations

import signal

from chat.peer.terminal import Exit
from tests.support.server import ServerTestCase
from tests.support.terminal import PATIENCE, Run


class TerminalTest(ServerTestCase):
    def run_peer(self, *arguments: str, typed: bool = False) -> Run:
        run = Run(self.server.url, *arguments, typed=typed)
        self.enterContext(run)
        return run

    def test_piped_lines_reach_the_other_one_and_the_end_of_input_leaves(self) -> None:
        bob = self.run_peer("bob", "--accept")
        bob.says("Online")
        alice = self.run_peer("alice", "--connect", "bob")
        alice.type("hello\nschöne Grüße 🎉\n//not a command\nlast, without an end of line")
        alice.end_of_input()
        for line in ("hello", "schöne Grüße 🎉", "/not a command", "last, without an end of line"):
            bob.reads(f"alice: {line}")
        self.assertEqual(alice.exits(), Exit.OK)
        bob.says("alice left the chat.")

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
            echo.says(f"{name} left the chat.")

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
        bob.says("Connected to alice. Encrypted, not verified.")
        bob.type("typed by hand\n")
        alice.reads("bob: typed by hand")
        bob.type("/end\n")
        bob.says("You left the chat.")
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
        second = self.run_peer("BOB")
        second.says("Somebody is already online under this name.")
        self.assertEqual(second.exits(), Exit.NAME_REFUSED)

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
        text = "\n".join(iter(lambda: answer.out.get(timeout=PATIENCE), "(Ctrl-C), 143 terminated."))
        self.assertIn("--echo", text)
        self.assertNotIn("--settings", text)

    def test_ctrl_c_and_sigterm_leave_the_chat_and_have_their_exit_codes(self) -> None:
        bob = self.run_peer("bob", "--accept")
        bob.says("Online")
        for sent, code in ((signal.SIGINT, Exit.INTERRUPTED), (signal.SIGTERM, Exit.TERMINATED)):
            alice = self.run_peer("alice", "--connect", "bob")
            alice.says("Connected to bob.")
            alice.process.send_signal(sent)
            bob.says("alice left the chat.")
            self.assertEqual(alice.exits(), code)
