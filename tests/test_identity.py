"""chat/peer/identity.py, kept_invites.py, storage.py and records.py: what a device keeps."""

from __future__ import annotations

import copy
import os
from typing import Any

from django.test import SimpleTestCase

from chat.peer import primitives
from chat.peer.blocks import MAX_KEYS
from chat.peer.errors import IdentityDamaged
from chat.peer.identity import MAX_NAMES, MAX_PINS, Identity, MemoryStorage, Pin
from chat.peer.invites import Invite
from chat.peer.kept_invites import LIFETIME_MS, MAX_MADE, MAX_OPENED
from chat.peer.storage import TABLES, Table
from tests.support.vectors import drawn

A, B, C = (letter * 32 for letter in (b"a", b"b", b"c"))
UUID = "6d2fb21c-39a4-4df5-8b9b-7b9c1ac4e9b1"


class Time:
    """Milliseconds that pass when a test says so."""

    def __init__(self) -> None:
        self.ms = 1_700_000_000_000

    def __call__(self) -> int:
        return self.ms


class IdentityTestCase(SimpleTestCase):
    def setUp(self) -> None:
        self.time = Time()
        self.storage = MemoryStorage()
        self.identity = self.opened()

    def opened(self) -> Identity:
        return Identity.open(self.storage, os.urandom, self.time)


class KeysTest(IdentityTestCase):
    def test_a_new_device_draws_a_key_and_keeps_it(self) -> None:
        storage = MemoryStorage()
        first = Identity.open(storage, drawn(A), self.time)
        self.assertEqual(first.key.public, primitives.public_key(A))
        self.assertEqual(Identity.open(storage, drawn(), self.time).key.public, first.key.public)
        theirs = primitives.public_key(B)
        self.assertEqual(first.key.dh(theirs), primitives.dh(A, theirs))

    def test_each_name_has_a_key_of_its_own_whatever_its_case(self) -> None:
        alice, bob = self.identity.name_key("Alice").public, self.identity.name_key("bob").public
        self.assertEqual(len({alice, bob, self.identity.key.public}), 3)
        self.assertEqual(self.opened().name_key("aLICE").public, alice)

    def test_no_private_key_shows_in_what_is_printed(self) -> None:
        storage = MemoryStorage()
        identity = Identity.open(storage, drawn(A, B), self.time)
        for thing in (identity, identity.key, identity.name_key("alice"), storage):
            for key in (A, B):
                self.assertNotIn(repr(key)[2:-1], repr(thing))

    def test_a_new_identity_keeps_nothing_of_the_old_one_but_its_names(self) -> None:
        self.identity.meet("bob", B)
        self.identity.new_invite("alice")
        self.identity.keep_opened(Invite("bob", UUID, A))
        old, name_key = self.identity.key.public, self.identity.name_key("Alice").public
        self.identity.wipe()
        self.assertEqual([list(self.storage.table(table)) for table in TABLES], [["name:alice"], [], [], [], []])
        self.identity.meet("bob", C)
        self.assertEqual(dict(self.storage.table("pins")), {}, "what is still running writes into nothing")
        new = self.opened()
        self.assertNotEqual(new.key.public, old)
        self.assertIsNone(new.pin("bob"))
        self.assertEqual(new.name_key("alice").public, name_key)

    def test_a_storage_can_be_emptied_of_everything(self) -> None:
        self.identity.name_key("alice")
        self.identity.meet("bob", B)
        self.storage.clear()
        self.assertEqual([dict(self.storage.table(table)) for table in TABLES], [{}] * 5)


class PinsTest(IdentityTestCase):
    def test_the_first_key_met_stays_until_another_is_accepted(self) -> None:
        self.assertIsNone(self.identity.pin("bob"))
        self.identity.meet("Bob", B)
        first = Pin(B, self.time.ms, False)
        self.time.ms += 1
        self.identity.meet("bob", C)
        self.assertEqual((self.identity.pin("BOB"), self.opened().pins("bob")), (first, [first]))

    def test_what_is_accepted_is_the_newest_and_not_verified(self) -> None:
        self.identity.meet("bob", B)
        self.identity.set_verified("bob", B, True)
        met = self.time.ms
        self.time.ms += 5
        self.identity.accept("BOB", C)
        wanted = [Pin(B, met, True), Pin(C, self.time.ms, False)]
        self.assertEqual((self.identity.pins("bob"), self.identity.pin("bob")), (wanted, wanted[1]))

    def test_an_earlier_key_that_comes_back_is_not_verified_any_more(self) -> None:
        self.identity.meet("bob", B)
        self.identity.set_verified("bob", B, True)
        met = self.time.ms
        self.time.ms += 5
        self.identity.accept("bob", C)
        self.identity.accept("bob", B)
        self.assertEqual(self.identity.pins("bob"), [Pin(C, self.time.ms, False), Pin(B, met, False)])

    def test_accepting_the_newest_changes_nothing(self) -> None:
        self.identity.accept("bob", B)
        self.identity.set_verified("bob", B, True)
        self.identity.accept("bob", B)
        self.assertEqual(self.identity.pins("bob"), [Pin(B, self.time.ms, True)])

    def test_only_the_newest_key_of_a_name_can_be_verified(self) -> None:
        self.identity.set_verified("bob", B, True)
        self.assertEqual(self.identity.pins("bob"), [])
        self.identity.meet("bob", B)
        self.identity.accept("bob", C)
        self.identity.set_verified("bob", B, True)
        self.assertEqual([pin.verified for pin in self.identity.pins("bob")], [False, False])
        self.identity.set_verified("Bob", C, True)
        self.assertEqual([pin.verified for pin in self.opened().pins("bob")], [False, True])
        self.identity.set_verified("bob", C, False)
        self.assertEqual([pin.verified for pin in self.identity.pins("bob")], [False, False])

    def test_the_newest_keys_of_a_name_are_kept(self) -> None:
        keys = [bytes([number]) * 32 for number in range(MAX_PINS + 3)]
        for key in keys:
            self.identity.accept("bob", key)
        self.assertEqual([pin.identity for pin in self.opened().pins("bob")], keys[-MAX_PINS:])

    def test_a_key_known_under_another_name_is_found_as_it_was_spelt(self) -> None:
        self.identity.meet("Bob", B)
        self.identity.meet("bOB_2", B)
        self.identity.accept("bob", C)
        self.identity.meet("carol", C)
        self.assertEqual(self.identity.other_names("dave", B), ["Bob", "bOB_2"], "an earlier key counts")
        self.assertEqual(self.identity.other_names("BOB", B), ["bOB_2"])
        self.assertEqual(self.identity.other_names("bob", A), [])

    def test_of_too_many_names_the_oldest_that_was_never_verified_goes(self) -> None:
        for number in range(MAX_NAMES):
            self.time.ms += 1
            self.identity.meet(f"peer{number}", number.to_bytes(32, "big"))
        self.identity.set_verified("peer0", bytes(32), True)
        self.identity.meet("newest", B)
        self.assertEqual(len(self.storage.table("pins")), MAX_NAMES)
        for name, kept in (("peer0", True), ("peer1", False), ("peer2", True), ("newest", True)):
            self.assertEqual(self.identity.pin(name) is not None, kept, name)

    def test_a_name_just_met_is_kept_though_all_others_are_verified(self) -> None:
        for number in range(MAX_NAMES):
            self.identity.meet(f"peer{number}", A)
            self.identity.set_verified(f"peer{number}", A, True)
        self.time.ms -= 10_000
        self.identity.meet("newest", B)
        self.assertEqual(len(self.storage.table("pins")), MAX_NAMES)
        self.assertIsNotNone(self.identity.pin("newest"))


class MadeInvitesTest(IdentityTestCase):
    def test_it_serves_once(self) -> None:
        invite = self.identity.new_invite("Alice")
        self.assertEqual(self.opened().made_invite(invite.uuid.upper(), "aLICE"), invite)
        self.identity.burn_made(invite.uuid.upper())
        self.assertEqual(self.opened().made_invite(invite.uuid, "alice"), "invite_used")
        self.assertNotIn(invite.secret, _secrets(self.storage))

    def test_it_serves_for_a_day(self) -> None:
        invite = self.identity.new_invite("alice")
        self.time.ms += LIFETIME_MS - 1
        self.assertEqual(self.identity.made_invite(invite.uuid, "alice"), invite)
        self.time.ms += 1
        self.assertEqual(self.identity.made_invite(invite.uuid, "alice"), "invite_expired")
        self.assertEqual(LIFETIME_MS, 24 * 60 * 60 * 1000)

    def test_an_expired_one_has_no_secret_any_more_and_stays_expired(self) -> None:
        invite = self.identity.new_invite("alice")
        self.time.ms += LIFETIME_MS
        self.identity.new_invite("alice")
        self.assertNotIn(invite.secret, _secrets(self.storage))
        self.time.ms -= LIFETIME_MS
        self.assertEqual(self.identity.made_invite(invite.uuid, "alice"), "invite_expired")

    def test_a_clock_that_was_set_back_does_not_end_it(self) -> None:
        invite = self.identity.new_invite("alice")
        self.time.ms -= 10 * LIFETIME_MS
        self.assertEqual(self.identity.made_invite(invite.uuid, "alice"), invite)

    def test_it_is_unknown_to_others_names_and_burning_an_unknown_one_does_nothing(self) -> None:
        invite = self.identity.new_invite("alice")
        self.assertEqual(self.identity.made_invite(invite.uuid, "bob"), "invite_unknown")
        self.assertEqual(self.identity.made_invite(UUID, "alice"), "invite_unknown")
        self.identity.burn_made(UUID)
        self.assertEqual(self.identity.made_invite(UUID, "alice"), "invite_unknown")
        self.identity.keep_opened(Invite("alice", UUID, A))
        self.assertEqual(self.identity.made_invite(UUID, "alice"), "invite_unknown", "it was opened, not made")

    def test_the_newest_are_kept(self) -> None:
        invites = []
        for _ in range(MAX_MADE + 1):
            self.time.ms += 1
            invites.append(self.identity.new_invite("alice"))
        self.assertEqual(self.identity.made_invite(invites[0].uuid, "alice"), "invite_unknown")
        self.assertEqual(self.identity.made_invite(invites[1].uuid, "alice"), invites[1])


class OpenedInvitesTest(IdentityTestCase):
    def test_it_is_kept_until_it_is_used(self) -> None:
        invite = Invite("Bob", UUID, A)
        self.assertIsNone(self.identity.opened_state(UUID))
        self.identity.keep_opened(invite)
        self.assertEqual(self.opened().opened_invite("bOB"), invite)
        self.assertEqual(self.identity.opened_state(UUID.upper()), "fresh")
        self.identity.burn_opened(UUID)
        self.assertEqual((self.opened().opened_invite("bob"), self.opened().opened_state(UUID)), (None, "used"))
        self.assertNotIn(A, _secrets(self.storage))

    def test_opening_it_again_makes_it_neither_fresh_nor_younger(self) -> None:
        invite = Invite("bob", UUID, A)
        self.identity.keep_opened(invite)
        self.time.ms += LIFETIME_MS - 1
        self.identity.keep_opened(invite)
        self.assertEqual(self.identity.opened_state(UUID), "fresh")
        self.time.ms += 1
        self.identity.keep_opened(invite)
        self.assertEqual((self.identity.opened_state(UUID), self.identity.opened_invite("bob")), ("expired", None))
        other = Invite("bob", UUID.replace("6", "7"), B)
        self.identity.keep_opened(other)
        self.identity.burn_opened(other.uuid)
        self.identity.keep_opened(other)
        self.assertEqual(self.identity.opened_state(other.uuid), "used")

    def test_of_several_for_one_name_the_newest_that_serves_is_taken(self) -> None:
        invites = [Invite(name, f"{number:08}{UUID[8:]}", A) for number, name in enumerate(("bob", "Bob", "carol"))]
        for invite in reversed(invites):
            self.time.ms += 1
            self.identity.keep_opened(invite)
        self.assertEqual(self.identity.opened_invite("bob"), invites[0])
        self.identity.burn_opened(invites[0].uuid)
        self.assertEqual(self.identity.opened_invite("bob"), invites[1])
        self.assertIsNone(self.identity.opened_invite("alice"))

    def test_the_newest_are_kept(self) -> None:
        for number in range(MAX_OPENED + 2):
            self.time.ms += 1
            self.identity.keep_opened(Invite("bob", f"{number:08}{UUID[8:]}", A))
        states = [self.identity.opened_state(f"{number:08}{UUID[8:]}") for number in range(4)]
        self.assertEqual(states, [None, None, "fresh", "fresh"])
        self.assertEqual(len(self.storage.table("opened")), MAX_OPENED)

    def test_no_secret_shows_in_what_is_printed(self) -> None:
        self.identity.keep_opened(Invite("bob", UUID, A))
        self.assertNotIn("aaaa", repr((self.identity, self.identity.opened_invite("bob"), self.storage)))


KEY_64 = primitives.b64(A)
PIN = {"identity": KEY_64, "firstSeen": 1, "verified": False}
MANNER = {"name": "bob", "blocked": True, "muted": False, "identities": [KEY_64]}
KEPT = {"name": "bob", "at": 1, "used": False, "secret": KEY_64}
DAMAGED: list[tuple[Table, dict[str, Any]]] = [
    *(("keys", record) for record in ({}, {"private": 7}, {"private": "AAAA"}, {"private": KEY_64[:-1]})),
    *(("pins", record) for record in ({}, {"name": "bob"}, {"name": "bob", "pins": []}, {"pins": [PIN]})),
    ("pins", {"name": "bob", "pins": [PIN] * (MAX_PINS + 1)}),
    ("pins", {"name": "bob", "pins": {}}),
    ("pins", {"name": "bob", "pins": [None]}),
    ("pins", {"name": 1, "pins": [PIN]}),
    *(("pins", {"name": "bob", "pins": [{**PIN, **wrong}]}) for wrong in ({"identity": ""}, {"identity": KEY_64 * 2})),
    *(("pins", {"name": "bob", "pins": [{**PIN, **wrong}]}) for wrong in ({"verified": 1}, {"firstSeen": True})),
    ("pins", {"name": "bob", "pins": [{**PIN, "firstSeen": 1.5}]}),
    *(("made", {**KEPT, **wrong}) for wrong in ({"name": None}, {"at": "1"}, {"used": 0}, {"secret": "AAAA"})),
    *(("opened", {**KEPT, **wrong}) for wrong in ({"secret": None}, {"used": True}, {"at": 1.0})),
    *(
        ("blocks", {**MANNER, **wrong})
        for wrong in ({"name": 1}, {"blocked": 1}, {"muted": None}, {"identities": None})
    ),
    *(("blocks", {**MANNER, "identities": keys}) for keys in ([KEY_64[:-1]], [None], ["é"], [KEY_64] * (MAX_KEYS + 1))),
]


class DamageTest(IdentityTestCase):
    def test_what_cannot_have_been_written_here_is_refused_and_left_as_it_is(self) -> None:
        for table, record in DAMAGED:
            storage = MemoryStorage()
            storage.change(table, "bob", lambda _, record=record: copy.deepcopy(record))  # type: ignore[misc]
            with self.subTest(table=table, record=record), self.assertRaises(IdentityDamaged) as caught:
                Identity.open(storage, os.urandom, self.time)
            self.assertIn("damaged", str(caught.exception))
            self.assertNotIn(KEY_64, str(caught.exception))
            found = {table: dict(storage.table(table)) for table in TABLES}
            self.assertEqual(found, {**{table: {} for table in TABLES}, table: {"bob": record}})


def _secrets(storage: MemoryStorage) -> set[bytes]:
    records = (*storage.table("made").values(), *storage.table("opened").values())
    return {primitives.unb64(record["secret"]) for record in records}
