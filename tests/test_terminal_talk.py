"""`manage.py peer`: everything that can be said in a chat, by a person and by a program."""

from __future__ import annotations

import json
import tempfile

from chat.peer.exits import Exit
from tests.support.server import ServerTestCase
from tests.support.terminal import PATIENCE, Run


class TalkTestCase(ServerTestCase):
    def run_peer(self, name: str, *arguments: str, typed: bool = False, shown: bool = False) -> Run:
        """One with an identity that nobody has met."""
        folder = self.enterContext(tempfile.TemporaryDirectory())
        own = ["--identity", f"{folder}/{name}.json"]
        run = Run(self.server.url, name, *own, *arguments, typed=typed, shown=shown)
        return self.enterContext(run)

    def chat(self, one: Run, name: str, *arguments: str, shown: bool = False, heard: bool = True) -> Run:
        """Another one, who has called `one`, who accepts all calls and, if that is `heard`, has said so."""
        run = self.run_peer(name, "--connect", one_name(one), *arguments, shown=shown)
        run.says("Connected to")
        if heard:
            one.says(f"Connected to {name}.")
        return run


def lines_until(run: Run, words: str) -> list[str]:
    """What it says up to the line with these words."""
    lines = [run.err.get(timeout=PATIENCE)]
    while words not in lines[-1]:
        lines.append(run.err.get(timeout=PATIENCE))
    return lines


def one_name(run: Run) -> str:
    return str(run.process.args[3])  # type: ignore[index]


class PersonTest(TalkTestCase):
    def test_messages_have_numbers_on_a_terminal_and_what_is_done_to_them_is_said(self) -> None:
        bob = self.run_peer("bob", "--accept", typed=True, shown=True)
        bob.says("Online")
        alice = self.chat(bob, "alice", "-v")
        alice.type("hello\n")
        alice.says("[1] read ✓✓")
        bob.reads("[1] alice: hello")
        bob.type("/reply 1 hello to you\n/react 1 👍\n")
        alice.reads("bob: hello to you")
        alice.says("bob reacted to a message of yours with 👍")
        bob.says("[1] 👍")
        bob.type("/react 1\n/edit hello to all\n")
        bob.says("[1] reaction taken back")
        bob.says("[2] edited")
        alice.says("bob took back what they said to a message of yours")
        alice.says("bob edited a message: hello to all")
        alice.type("/edit 1 good morning\n/delete 1\n")
        alice.says("[1] edited")
        alice.says("[1] deleted")
        bob.says("alice edited [1]: good morning")
        bob.says("alice deleted [1].")
        alice.type("/reply 2 indeed\n")
        bob.reads("[3] alice (to [2]): indeed")

    def test_what_does_not_fit_is_said_and_changes_nothing(self) -> None:
        bob = self.run_peer("bob1", "--accept", typed=True)
        bob.says("Online")
        alice = self.chat(bob, "alice1")
        alice.type("hello\n")
        bob.reads("alice1: hello")
        for line, answer in (
            ("/edit 1 mine now", "[1] is not yours."),
            ("/edit it", "You have not written anything here yet."),
            ("/react 7 👍", "There is no message [7]."),
            ("/reply", "Say which message"),
            ("/timer soon", "Say how long"),
            ("/switch carol1", "You are not connected to anybody."),
            ("/block no name", "A username is"),
        ):
            bob.type(f"{line}\n")
            bob.says(answer)

    def test_the_timer_is_said_on_both_sides_and_messages_vanish(self) -> None:
        bob = self.run_peer("bob2", "--accept", "-v", typed=True)
        bob.says("Online")
        alice = self.chat(bob, "alice2")
        bob.type("/timer 5m\n")
        alice.says("Messages with bob2 vanish 5 minutes after they are read, from now on.")
        bob.says("Messages with alice2 vanish 5 minutes after they are read, from now on.")
        bob.type("/timer off\n")
        alice.says("Messages with bob2 do not vanish any more.")

    def test_several_chats_at_once(self) -> None:
        bob = self.run_peer("bob3", "--accept", typed=True)
        bob.says("Online")
        alice = self.chat(bob, "alice3")
        carol = self.chat(bob, "carol3")
        bob.type("first to alice\n@carol3 to carol\n/switch carol3\nthen to carol\n")
        alice.reads("bob3: first to alice")
        carol.reads("bob3: to carol")
        carol.reads("bob3: then to carol")
        bob.type("/mute alice3\n")
        bob.says("alice3 is muted")
        alice.type("psst\n")
        carol.type("hello\n")
        bob.reads("carol3: hello")
        bob.type("/who\n")
        self.assertIn("secured, not verified, known since", bob.says("* carol3: "))
        bob.type("/who\n")  # alice3 may have stood above carol3
        while "1 unread, muted" not in bob.says("  alice3: "):
            bob.type("/who\n")
        bob.type("/switch alice3\n")
        bob.reads("alice3: psst")

    def test_calls_of_a_blocked_one_go_unanswered(self) -> None:
        bob = self.run_peer("bob4", "--accept", typed=True)
        bob.says("Online")
        alice = self.run_peer("alice4", typed=True)
        alice.type("/call bob4\n")
        alice.says("Connected to bob4.")
        bob.says("Connected to alice4.")
        bob.type("/block alice4\n")
        bob.says("alice4 is blocked")
        alice.says("bob4 ended the chat")
        alice.type("/call bob4\n")
        alice.says("Calling bob4…")
        self.chat(bob, "carol4", heard=False)
        self.assertNotIn("Someone is calling as alice4.", lines_until(bob, "Connected to carol4."))
        bob.type("/who\n")
        bob.says("Blocked: alice4")
        bob.type("/unblock alice4\n")
        bob.says("alice4 can call you again.")

    def test_without_receipts_nobody_hears_what_was_read(self) -> None:
        bob = self.run_peer("bob5", "--accept", "--no-receipts", typed=True)
        bob.says("Online")
        alice = self.chat(bob, "alice5", "-v")
        alice.type("one\ntwo\n")
        bob.reads("alice5: one")
        bob.reads("alice5: two")
        bob.type("thanks\n")
        alice.reads("bob5: thanks")
        alice.says("[2] delivered ✓✓")
        alice.end_of_input()
        self.assertEqual(alice.exits(), Exit.OK)
        self.assertFalse([line for line in alice.rest() if "read" in line])

    def test_whoever_reads_the_output_may_leave(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        run = Run(self.server.url, "bob6", "--identity", f"{folder}/bob.json", "--accept", read=False)
        bob = self.enterContext(run)
        bob.says("Online")
        alice = self.chat(bob, "alice6")
        alice.type("one\n")
        self.assertEqual(bob.exits(), Exit.OK)


class ProgramTest(TalkTestCase):
    def test_a_program_can_say_all_that_a_person_can(self) -> None:
        bob = self.run_peer("bob", "--json")
        bob.hears(event="online", name="bob")
        alice = self.run_peer("alice", "--json")
        alice.hears(event="online")
        self.assertEqual(alice.asks("call", to="bob"), {"event": "done", "do": "call", "tag": "call"})
        bob.hears(event="incoming", peer="alice", known=False)
        self.assertEqual(bob.asks("accept", to="carol")["reason"], "no_call")
        bob.asks("accept", to="alice")
        for run in (alice, bob):
            run.hears(event="state", state="secured")
        sent = alice.asks("send", to="bob", text="hello\u202e\n2")["id"]
        alice.hears(event="status", id=sent, status="delivered")
        got = bob.hears(event="message", peer="alice", id=sent)
        self.assertEqual(got["text"], "hello\u202e\n2")
        bob.asks("read", to="alice")
        alice.hears(event="status", id=sent, status="read")
        theirs, own = {"mine": False, "id": sent}, {"mine": True, "id": sent}
        bob.asks("react", re=theirs, emoji="🎉")
        alice.hears(event="reacted", re=own, emoji="🎉")
        bob.asks("send", text="indeed", re=theirs)
        self.assertEqual(alice.hears(event="message", text="indeed")["re"], own)
        bob.asks("typing")
        alice.hears(event="typing", on=True)
        alice.asks("edit", id=sent, text="goodbye")
        bob.hears(event="edited", mine=False, id=sent, text="goodbye")
        alice.asks("delete", id=sent)
        bob.hears(event="deleted", mine=False, id=sent)
        alice.asks("timer", seconds=60)
        bob.hears(event="timer", seconds=60)
        self.assertEqual(len(alice.asks("safety")["number"]), 60)
        self.assertEqual(
            alice.asks("list")["conversations"],
            [{"peer": "bob", "state": "secured", "unread": 1, "muted": False, "trust": "unverified"}],
        )
        alice.asks("verify")
        emoji = bob.hears(event="verifying", state="compare")["emoji"]
        self.assertEqual(alice.hears(event="verifying", state="compare")["emoji"], emoji)
        self.assertEqual(len(emoji), 7)
        bob.asks("confirm", matches=True)
        bob.hears(event="trust", trust="verified")
        alice.asks("end")
        bob.hears(event="ended", peer="alice", reason="ended")
        bob.type('{"do": "quit"}\n')
        self.assertEqual(bob.exits(), Exit.OK)

    def test_a_bad_line_is_an_error_and_loses_nothing(self) -> None:
        bob = self.run_peer("bob1", "--accept")
        bob.says("Online")
        alice = self.run_peer("alice1", "--json", "--connect", "bob1")
        alice.hears(event="state", state="secured")
        good = [{"do": "send", "text": text, "tag": text} for text in ("one", "two", "three")]
        bad = ("hello", "[1, 2]", '{"do": "dance"}', '{"do": "send", "text": 1}', "\x1b[2J", "")
        alice.type("".join(f"{line}\n" for one in good for line in (*bad, json.dumps(one))))
        for one in good:
            for _ in range(5):
                alice.hears(event="error", reason="bad_line")
            alice.hears(event="done", tag=one["tag"])
        alice.end_of_input()
        for text in ("one", "two", "three"):
            bob.reads(f"alice1: {text}")
        self.assertEqual(alice.exits(), Exit.OK)

    def test_what_cannot_be_done_is_an_error_with_a_word_and_a_sentence(self) -> None:
        alice = self.run_peer("alice2", "--json")
        alice.hears(event="online")
        for do, fields, reason in (
            ("send", {"text": "x"}, "no_chat"),
            ("send", {"text": "x", "to": "bob2"}, "no_chat"),
            ("call", {"to": "\x1b[2J"}, "bad_name"),
            ("call", {"to": "alice2"}, "own_name"),
            ("end", {}, "no_call"),
        ):
            answer = alice.asks(do, **fields)
            self.assertEqual((answer["event"], answer["reason"]), ("error", reason))
        alice.asks("call", to="nobody2")
        alice.hears(event="ended", peer="nobody2", reason="USER_OFFLINE")

    def test_a_name_that_is_taken_is_an_error_and_an_exit_code(self) -> None:
        first = self.run_peer("bob3", "--accept")
        first.says("Online")
        second = self.run_peer("bob3", "--json")
        second.hears(event="error", reason="USERNAME_TAKEN")
        self.assertEqual(second.exits(), Exit.NAME_REFUSED)

    def test_an_invite_made_by_a_program_verifies(self) -> None:
        bob = self.run_peer("bob4", "--json", "--accept")
        bob.hears(event="online")
        alice = self.run_peer("alice4", "--json", "--invite", bob.asks("invite")["link"])
        alice.hears(event="trust", peer="bob4", trust="verified")
        bob.hears(event="trust", peer="alice4", trust="verified")

    def test_the_example_bot_answers_everybody_and_follows_their_edits(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        bot = Run(self.server.url, "echo5", "--identity", f"{folder}/bot.json", program=("docs/examples/echo_bot.py",))
        self.enterContext(bot)
        bot.says("echo5 is online.")
        people = [self.run_peer(name, "--json") for name in ("alice5", "carol5")]
        for person in people:
            person.hears(event="online")
            person.asks("call", to="echo5")
            person.hears(event="state", state="secured")
        for person in people:
            sent = person.asks("send", text="hello")["id"]
            person.hears(event="status", id=sent, status="read")
            answer = person.hears(event="message", peer="echo5", text="hello")
            self.assertEqual(answer["re"], {"mine": True, "id": sent})
            person.asks("edit", id=sent, text="goodbye")
            person.hears(event="edited", mine=False, id=answer["id"], text="goodbye")
