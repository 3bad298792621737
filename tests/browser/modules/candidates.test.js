import { onlyRelayed, typeOf, typesIn } from "/static/js/peer/candidates.js";
import { describe, expect, it } from "./kit.js";

const HOST = "candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host generation 0";
const RELAY = "candidate:2 1 udp 41819902 198.51.100.1 50001 typ relay raddr 0.0.0.0 rport 0";
const SDP = ["v=0", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", `a=${HOST}`, `a=${RELAY}`, "a=mid:0", ""];

describe("candidates", () => {
  it("each has a type", () => {
    expect([HOST, `a=${RELAY}`].map(typeOf)).to.deep.equal(["host", "relay"]);
    expect(["", "candidate:rubbish", "typ host", "candidate:1 typ hostile"].map(typeOf)).to.deep.equal(
      Array(4).fill(null),
    );
  });

  it("an SDP holds some", () => {
    expect([...typesIn(SDP.join("\r\n"))]).to.deep.equal(["host", "relay"]);
    expect([...typesIn(SDP.slice(0, 2).join("\n"))]).to.deep.equal([]);
  });

  it("only relayed ones are left, where an address is to stay hidden", () => {
    expect(onlyRelayed(SDP.join("\r\n"))).to.equal([...SDP.slice(0, 2), ...SDP.slice(3)].join("\r\n"));
    expect(onlyRelayed("a=candidate:what is this\r\n")).to.equal("");
  });
});
