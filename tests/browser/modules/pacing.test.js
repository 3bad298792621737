import { Pacing } from "/static/js/peer/pacing.js";
import { describe, expect, it } from "./kit.js";

/** A pacing, its clock, and how long each timer that runs was set to. */
function world() {
  let now = 0;
  const running = new Map();
  const after = (seconds, action) => {
    running.set(seconds, action);
    return { cancel: () => running.delete(seconds) };
  };
  const runOut = (seconds) => {
    const action = running.get(seconds);
    running.delete(seconds);
    action();
  };
  const advance = (seconds) => {
    now += seconds;
  };
  return { pacing: new Pacing(after, () => now), running, runOut, advance };
}

const nothing = () => {};
const actions = { acknowledge: nothing, resend: nothing, release: nothing, silent: nothing };

describe("pacing", () => {
  it("so many handshakes are answered in any minute", () => {
    const { pacing, advance } = world();
    const answered = [];
    for (let turn = 0; turn < 12; turn += 1) {
      answered.push(pacing.mayAnswer(nothing));
      advance(10);
    }
    const minute = [true, true, true, false, false, false];
    expect(answered).to.deep.equal([...minute, ...minute]);
  });

  it("one is begun in ten seconds", () => {
    const { pacing, running, runOut } = world();
    expect([pacing.mayBegin(nothing), pacing.mayBegin(nothing)]).to.deep.equal([true, false]);
    expect([...running.keys()]).to.deep.equal([10, 60]);
    runOut(10);
    expect(pacing.mayBegin(nothing)).to.equal(true);
  });

  it("without progress patience doubles, and with it begins anew", () => {
    const { pacing, running, runOut } = world();
    const talk = { owes: false, outstanding: true, acknowledged: 0, state: "secured" };
    for (const seconds of [3, 6, 12]) {
      pacing.followConversation(talk, actions);
      expect([...running.keys()]).to.deep.equal([seconds]);
      runOut(seconds);
      expect(pacing.progress(talk)).to.equal(false);
    }
    talk.acknowledged = 1;
    expect(pacing.progress(talk)).to.equal(true);
    pacing.followConversation(talk, actions);
    expect([...running.keys()]).to.deep.equal([3]);
  });

  it("each deadline takes the place of the one before, and stopping ends all", () => {
    const { pacing, running } = world();
    pacing.followCall(60, nothing);
    pacing.followCall(20, nothing);
    expect([...running.keys()]).to.deep.equal([20]);
    pacing.followConversation({ owes: true, outstanding: false, acknowledged: 0, state: "greeting" }, actions);
    expect([...running.keys()]).to.deep.equal([20, 0.05]);
    pacing.followCall(undefined, nothing);
    pacing.stop();
    expect(running.size).to.equal(0);
  });
});
