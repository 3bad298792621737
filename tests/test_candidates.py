"""chat/peer/candidates.py"""

from __future__ import annotations

from django.test import SimpleTestCase

from chat.peer.candidates import only_relayed, type_of, types_in, without_candidates

HOST = "candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host generation 0"
RELAY = "candidate:2 1 udp 41819902 198.51.100.1 50001 typ relay raddr 0.0.0.0 rport 0"
LINES = ["v=0", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", f"a={HOST}", f"a={RELAY}", "a=mid:0"]
SDP = "\r\n".join(LINES) + "\r\n"


class CandidatesTest(SimpleTestCase):
    def test_each_has_a_type(self) -> None:
        self.assertEqual([type_of(HOST), type_of(f"a={RELAY}")], ["host", "relay"])
        for line in ("", "candidate:rubbish", "typ host", "candidate:1 typ hostile"):
            self.assertIsNone(type_of(line))

    def test_an_sdp_holds_some(self) -> None:
        self.assertEqual(types_in(SDP), {"host", "relay"})
        self.assertEqual(types_in("\n".join(LINES[:2])), set())

    def test_only_relayed_ones_are_left_where_an_address_is_to_stay_hidden(self) -> None:
        self.assertEqual(only_relayed(SDP), SDP.replace(f"a={HOST}\r\n", ""))
        self.assertEqual(only_relayed("a=candidate:what is this\r\nv=0"), "v=0\r\n")

    def test_they_are_taken_out_as_signals_of_their_own(self) -> None:
        sdp, candidates = without_candidates(f"{SDP}a=end-of-candidates\r\n")
        self.assertEqual(sdp, "\r\n".join([*LINES[:2], LINES[4]]) + "\r\n")
        self.assertEqual(candidates, [{"candidate": line, "sdpMLineIndex": 0} for line in (HOST, RELAY)])
