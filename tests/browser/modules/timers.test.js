import { Timers } from "/static/js/peer/timers.js";
import { describe, expect, it } from "./kit.js";

/** Timers that ring when the test says so, and what has been done. */
function world() {
  const waiting = new Map();
  const done = [];
  const after = (seconds, action) => {
    const timer = { cancel: () => waiting.delete(timer) };
    waiting.set(timer, { seconds, action });
    return timer;
  };
  const ring = () => {
    for (const [timer, { action }] of [...waiting]) {
      waiting.delete(timer);
      action();
    }
  };
  return { timers: new Timers(after), waiting, done, ring };
}

describe("timers", () => {
  it("one of a name runs at a time, and may run again after it rang", () => {
    const { timers, waiting, done, ring } = world();
    timers.start("ack", 0.05, () => done.push("first"));
    timers.start("ack", 9, () => done.push("second"));
    expect([...waiting.values()].map(({ seconds }) => seconds)).to.deep.equal([0.05]);
    expect(timers.runs("ack")).to.equal(true);
    ring();
    expect([done, timers.runs("ack")]).to.deep.equal([["first"], false]);
    timers.start("ack", 1, () => done.push("again"));
    ring();
    expect(done).to.deep.equal(["first", "again"]);
  });

  it("what is done may start the same timer again", () => {
    const { timers, done, ring } = world();
    const act = () => {
      done.push(1);
      timers.start("resend", 1, act);
    };
    timers.start("resend", 1, act);
    ring();
    ring();
    expect([done, timers.runs("resend")]).to.deep.equal([[1, 1], true]);
  });

  it("what is cancelled is not done: these, or all", () => {
    const { timers, waiting } = world();
    for (const name of ["one", "two", "three"]) {
      timers.start(name, 1, () => {});
    }
    timers.cancel("one", "unknown");
    expect(["one", "two", "three"].map((name) => timers.runs(name))).to.deep.equal([false, true, true]);
    timers.cancel();
    expect([waiting.size, timers.runs("two")]).to.deep.equal([0, false]);
  });
});
