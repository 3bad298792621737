"""chat/peer/invites.py: the link, and the key that comes of it."""

from __future__ import annotations

import os

from django.test import SimpleTestCase

from chat.peer.handshake import Handshake
from chat.peer.invites import Invite
from chat.peer.primitives import b64url
from tests.support.handshakes import LOWKEY2, Device, finish
from tests.support.vectors import drawn

UUID = "5b0f2f0e-93a5-4c0f-8b7e-2f6a1d9c3e77"
SECRET = bytes(range(224, 256))
TEXT = f"invite=bob.{UUID}.{b64url(SECRET)}"


class InvitesTest(SimpleTestCase):
    def test_the_keys_are_those_of_the_vectors(self) -> None:
        for case in LOWKEY2["invite"]:
            for uuid in (case["uuid"], case["uuid"].upper()):
                invite = Invite("bob", uuid, bytes.fromhex(case["secret"]))
                self.assertEqual(invite.psk.hex(), case["psk"])

    def test_a_new_invite_draws_its_uuid_and_then_its_secret(self) -> None:
        invite = Invite.new("bob", drawn(bytes(16), SECRET))
        self.assertEqual(invite, Invite("bob", "00000000-0000-4000-8000-000000000000", SECRET))

    def test_two_invites_have_nothing_in_common(self) -> None:
        one, two = Invite.new("bob", os.urandom), Invite.new("bob", os.urandom)
        self.assertNotEqual(one.uuid, two.uuid)
        self.assertNotEqual(one.psk, two.psk)

    def test_a_link_is_read_back_from_its_fragment(self) -> None:
        for name in ("bob", "Zed_9", "x" * 20):
            invite = Invite.new(name, os.urandom)
            link = invite.link("https://chat.example")
            address, _, fragment = link.partition("#")
            self.assertEqual(address, "https://chat.example/chat")
            self.assertEqual(Invite.parse(fragment), invite)
            self.assertEqual(Invite.parse(f"#{fragment}"), invite)

    def test_a_link_has_the_form_of_the_protocol(self) -> None:
        link = Invite("bob", UUID, SECRET).link("http://127.0.0.1:8080")
        self.assertEqual(link, f"http://127.0.0.1:8080/chat#{TEXT}")

    def test_the_case_of_the_uuid_does_not_matter(self) -> None:
        self.assertEqual(Invite.parse(TEXT.replace(UUID, UUID.upper())), Invite.parse(TEXT))

    def test_anything_else_is_refused(self) -> None:
        secret = b64url(SECRET)
        for text in (
            *("", "#", "invite", "invite=", "invite=..", "hello", f"##{TEXT}", f"x{TEXT}", f"{TEXT}.x", f"{TEXT}&x=1"),
            *(TEXT[:-1], f"{TEXT}A", f"{TEXT}=", f" {TEXT}", f"{TEXT}\n", TEXT.replace("invite", "Invite")),
            *(TEXT.replace("bob", name) for name in ("", "bo", "b" * 21, "b-b", "böb", "b%6Fb", "bob\n")),
            *(TEXT.replace(UUID, uuid) for uuid in ("", UUID[:-1], UUID + "0", UUID.replace("-", ""), "g" + UUID[1:])),
            *(TEXT.replace(UUID, f"{{{UUID}}}"), TEXT.replace(UUID, f"urn:uuid:{UUID}"), TEXT.replace("5", "５", 1)),
            *(TEXT.replace(secret, b64url(bytes(length))) for length in (0, 31, 33)),
            TEXT.replace(secret, secret.replace("_", "/").replace("-", "+")),
        ):
            with self.subTest(text=text), self.assertRaises(ValueError):
                Invite.parse(text)

    def test_the_secret_does_not_show_in_what_is_printed(self) -> None:
        self.assertNotIn("secret", repr(Invite.parse(TEXT)))

    def test_a_handshake_under_an_invite_agrees(self) -> None:
        invite = Invite.new("bob", os.urandom)
        opened = Invite.parse(invite.link("https://chat.example").split("#")[1])
        caller = Handshake("caller", "alice", "bob", Device(), os.urandom, opened.psk)
        called = Handshake("called", "alice", "bob", Device(), os.urandom, invite.psk)
        ours, theirs = finish(caller, called)
        self.assertEqual(ours.transcript, theirs.transcript)
