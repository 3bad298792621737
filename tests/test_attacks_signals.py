"""An evil server and the sealed signals of two Python peers: it can neither read, change, repeat, reorder nor make up one."""

from __future__ import annotations

from django.test import SimpleTestCase

from tests.support.devices import agreed
from tests.support.evil import Frame
from tests.support.evil_case import EvilCase
from tests.support.evil_tampers import Rewrite, flipped, of_type
from tests.support.people import Person


class SignalsTest(EvilCase):
    """Signals are sealed: what is not the next one of its sender and kind is dropped."""

    async def test_a_call_comes_up_though_every_signal_comes_twice(self) -> None:
        self.evil.attack = Rewrite(of_type("signal:offer", "signal:answer", "signal:ice"), lambda frame: [frame, frame])
        async with self.alice, self.bob:
            await self.connect()
            self.assertGreaterEqual(self.evil.attack.fired, 2)
            await self.chat_goes_on()

    async def test_signals_of_the_servers_making_reach_no_transport(self) -> None:
        async with self.alice, self.bob:
            await self.connect()
            transports = [person._link._line.transport for person in (self.alice, self.bob)]  # type: ignore[union-attr]
            for reader, sender in ((self.alice, self.bob), (self.bob, self.alice)):
                self.evil.tell(reader.name, *self.made_up(reader, sender))
            await self.settled(self.alice, self.bob)
            self.assertEqual([person._link._line.transport for person in (self.alice, self.bob)], transports)  # type: ignore[union-attr]
            self.assertEqual([person.watch.states[-1] for person in (self.alice, self.bob)], ["secured"] * 2)
            await self.chat_goes_on()

    def made_up(self, reader: Person, sender: Person) -> list[Frame]:
        """Plain ones, old ones, ones of another kind, changed ones, and the reader's own."""
        old = [frame for frame in self.evil.heard(reader.name) if frame["type"].startswith("signal:")]
        own = [{**f, "sender": sender.name} for f in self.evil.said(reader.name) if f["type"].startswith("signal:")]
        self.assertTrue(old and own)
        kinds = ("signal:offer", "signal:answer", "signal:ice")
        plain = [
            {"type": kind, "sender": sender.name, "payload": body}
            for kind in kinds
            for body in (
                {"type": kind[7:], "sdp": PLAIN},
                {"candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host"},
                {},
                {"box": 5},
            )
        ]
        other_kinds = [{**frame, "type": kind} for frame in [*old, *own] for kind in kinds]
        changed = [each for frame in old for place in (0, 0.2, 0.5, 1) for each in flipped(place, "box")(frame)]
        return [*plain, *other_kinds, *changed, *reversed(old)]

    async def test_a_changed_signal_is_dropped_and_no_path_is_ever_found(self) -> None:
        self.evil.attack = Rewrite(of_type("signal:offer", "signal:answer"), flipped(0.9, "box"))
        async with self.alice, self.bob:
            await self.ring()
            self.bob.accept()
            await self.fires(self.evil.attack)
            await self.settled(self.alice, self.bob)
            self.alice.runs_out_of_patience()
            self.assertEqual(await self.soon(self.alice.ended()), "undecided")
            self.assert_never_secured(self.alice, self.bob)

    async def test_plain_signals_before_the_sealed_ones_change_nothing(self) -> None:
        def before(frame: Frame) -> list[Frame]:
            return [{**frame, "payload": {"type": frame["type"][7:], "sdp": PLAIN}}, frame]

        self.evil.attack = Rewrite(of_type("signal:offer", "signal:answer"), before)
        async with self.alice, self.bob:
            await self.connect()
            self.assertGreaterEqual(self.evil.attack.fired, 2)
            await self.chat_goes_on()

    async def test_signals_of_an_earlier_call_are_no_signals_of_this_one(self) -> None:
        async with self.alice, self.bob:
            await self.connect()
            old = {
                frame["type"]: frame for frame in [*self.evil.heard(self.bob.name), *self.evil.heard(self.alice.name)]
            }
            self.alice.end()
            await self.soon(self.bob.ended())
            swap = Rewrite(
                of_type("signal:offer", "signal:answer"),
                lambda frame: [{**old[frame["type"]], "sessionId": frame["sessionId"]}, frame],
            )
            self.evil.attack = swap
            await self.connect()
            self.assertGreaterEqual(swap.fired, 2)
            await self.chat_goes_on()


class OrderTest(SimpleTestCase):
    """What the suite opens of signals that the server has put in another order, or in another's place."""

    def setUp(self) -> None:
        super().setUp()
        pair = agreed()
        self.alice, self.bob = pair.alice, pair.bob

    def test_a_signal_that_comes_after_a_later_one_is_dropped(self) -> None:
        self.alice.seal_signal("offer", {"sdp": "offer"})
        sent = [self.alice.seal_signal("ice", {"candidate": f"{number}"}) for number in range(4)]
        opened = [self.bob.open_signal("ice", sent[number]) for number in (0, 2, 1, 3, 0)]
        self.assertEqual([body is not None for body in opened], [False] * 5)  # of an offer that never came

    def test_signals_out_of_order_are_dropped_and_those_in_order_are_taken(self) -> None:
        offer = self.alice.seal_signal("offer", {"sdp": "offer"})
        sent = [self.alice.seal_signal("ice", {"candidate": f"{number}"}) for number in range(4)]
        self.assertIsNotNone(self.bob.open_signal("offer", offer))
        opened = [self.bob.open_signal("ice", sent[number]) for number in (0, 2, 1, 3, 0)]
        self.assertEqual([body and body["candidate"] for body in opened], ["0", "2", None, "3", None])
        self.assertIsNone(self.bob.open_signal("offer", offer))

    def test_an_answer_to_an_earlier_offer_is_no_answer_to_this_one(self) -> None:
        first = self.alice.seal_signal("offer", {"sdp": "first"})
        self.bob.open_signal("offer", first)
        answer = self.bob.seal_signal("answer", {"sdp": "to the first"})
        self.alice.seal_signal("offer", {"sdp": "second"})
        self.assertIsNone(self.alice.open_signal("answer", answer))

    def test_a_signal_of_another_pair_of_another_kind_or_of_ones_own_is_dropped(self) -> None:
        stranger = agreed().alice.seal_signal("offer", {"sdp": "elsewhere"})
        offer, own = self.alice.seal_signal("offer", {"sdp": "x"}), self.bob.seal_signal("offer", {"sdp": "mine"})
        for kind, signal in (
            ("offer", stranger),
            ("answer", offer),
            ("ice", offer),
            ("offer", own),
            ("offer", {"sdp": "plain"}),
        ):
            self.assertIsNone(self.bob.open_signal(kind, signal))
        self.assertIsNotNone(self.bob.open_signal("offer", offer))


PLAIN = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
