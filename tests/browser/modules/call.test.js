import { Call, DEADLINES, ENDINGS, TABLE } from "/static/js/peer/call.js";
import { Classic } from "/static/js/peer/classic.js";
import { SENTENCES, Unexpected } from "/static/js/peer/errors.js";
import { describe, drawn, expect, it, same, vectors } from "./kit.js";

const { scripts } = await vectors("call");

const sessionId = "11111111-1111-4111-8111-111111111111";
const STANDINS = {
  KEY: new Classic(drawn(same("b"))).opening(),
  SESSION: { sessionId, peer: "bob", initiator: true, iceServers: [] },
  GLARE: { sessionId, peer: "bob", initiator: false, iceServers: [] },
};

/** An effect as the scripts write it. */
function short(effect) {
  if (effect.do === "send") {
    const { type, payload } = effect.message;
    return type === "session:decline" ? `${type} ${payload.reason}` : type;
  }
  if (effect.do === "start") {
    return effect.offering ? "start offering" : "start";
  }
  return `signal ${effect.kind}`;
}

async function play(call, event, ...args) {
  try {
    const effects = await call[event](...args.map((value) => STANDINS[value] ?? value));
    return effects.map(short);
  } catch (fault) {
    if (fault instanceof Unexpected) {
      return "unexpected";
    }
    throw fault;
  }
}

describe("call", () => {
  for (const { name, steps, reason } of scripts) {
    it(name, async () => {
      const call = new Call("bob", [() => new Classic(drawn(same("a")))]);
      for (const [[event, ...args], state, effects] of steps) {
        expect(await play(call, event, ...args), event).to.deep.equal(effects);
        expect(call.state, event).to.equal(state);
      }
      expect(call.reason).to.equal(reason ?? null);
    });
  }

  it("every reason has a sentence", () => {
    const reasons = Object.values(ENDINGS).filter((reason) => reason !== null);
    expect(SENTENCES).to.include.all.keys(reasons);
  });

  it("every state on the way has an ending for its deadline", () => {
    for (const state of Object.keys(DEADLINES)) {
      expect(ENDINGS).to.have.property(`${state} timeout`);
    }
    expect(Object.keys(TABLE).filter((row) => row in ENDINGS)).to.deep.equal([]);
  });

  it("what ends while the handshake computes says nothing more", async () => {
    const call = new Call("bob", [() => new Classic(drawn(same("a")))]);
    await call.ring(STANDINS.SESSION, STANDINS.KEY);
    const accepting = call.accept();
    call.cancel();
    expect(await accepting).to.deep.equal([]);
  });

  it("messages name the session and the peer as its owner writes it", () => {
    const call = new Call("BOB", [() => new Classic(drawn(same("a")))]);
    call.dial();
    const [{ message }] = call.joined(STANDINS.SESSION);
    expect(message).to.include({ target: "bob", sessionId });
  });
});
