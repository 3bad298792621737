import { SESSION, Stage } from "./call_scripts.js";
import { describe, expect, it } from "./kit.js";

const LATER = { ...SESSION, sessionId: "22222222-2222-4222-8222-222222222222", iceServers: [] };

/** alice's call with bob, whose channel is open. */
async function chatting() {
  const stage = await Stage.new("alice", []);
  for (const step of [["ring", "SESSION", "STEP1"], ["accept"], ["key", "STEP3"], ["opened"]]) {
    await stage.play(...step);
  }
  return stage;
}

/** What goes out, and under which session; bob hears it. */
async function heard(stage, effects) {
  for (const effect of await effects) {
    await stage.bob.hear(effect);
    await stage.stranger.hear(effect);
  }
  return (await effects).map(({ do: what, message }) => [message?.payload.step ?? what, message?.sessionId]);
}

describe("renewal", () => {
  it("the other's later session is taken over only with its keys", async () => {
    const stage = await chatting();
    const { call, bob } = stage;
    expect(await heard(stage, call.renewed(LATER, await bob.says("STEP1")))).to.deep.equal([[2, LATER.sessionId]]);
    expect([call.sessionId, call.iceServers]).to.deep.equal([SESSION.sessionId, SESSION.iceServers]);
    expect(await heard(stage, call.key(await bob.says("STEP3")))).to.deep.equal([["rekeyed", undefined]]);
    expect(call.sessionId).to.equal(LATER.sessionId);
    expect(call.iceServers).to.equal(LATER.iceServers);
  });

  it("one's own later session is taken over only with its keys", async () => {
    const stage = await chatting();
    const { call, bob } = stage;
    call.renew();
    expect(await heard(stage, call.joined(LATER))).to.deep.equal([[1, LATER.sessionId]]);
    expect(call.sessionId).to.equal(SESSION.sessionId);
    const done = await heard(stage, call.key(await bob.says("STEP2")));
    expect(done).to.deep.equal([
      [3, LATER.sessionId],
      ["rekeyed", undefined],
    ]);
    expect(call.sessionId).to.equal(LATER.sessionId);
  });

  it("a step 1 that comes again gets the same answer, and begins nothing", async () => {
    const stage = await chatting();
    const { call, bob } = stage;
    const one = await bob.says("STEP1");
    const first = await call.renewed(LATER, one);
    expect(await call.key(one)).to.deep.equal(first);
    await heard(stage, first);
    expect(await heard(stage, call.key(await bob.says("STEP3")))).to.deep.equal([["rekeyed", undefined]]);
    expect(await call.key(one)).to.deep.equal([]);
  });

  it("a stranger's session is never taken over", async () => {
    const stage = await chatting();
    const { call, bob, stranger } = stage;
    await heard(stage, call.renewed(LATER, await stranger.says("STEP1")));
    expect(await heard(stage, call.key(await stranger.says("STEP3")))).to.deep.equal([["notice", undefined]]);
    expect(call.sessionId).to.equal(SESSION.sessionId);
    expect(await heard(stage, call.key(await bob.says("STEP1")))).to.deep.equal([[2, SESSION.sessionId]]);
  });

  it("one that took too long leaves its session too", async () => {
    const stage = await chatting();
    const { call, bob } = stage;
    await heard(stage, call.renewed(LATER, await bob.says("STEP1")));
    call.forgetRenewal();
    expect(await heard(stage, call.key(await bob.says("STEP1")))).to.deep.equal([[2, SESSION.sessionId]]);
  });

  it("when both begin, the one that stands runs in the session that both were given", async () => {
    const stage = await chatting();
    stage.call.renew();
    const answered = await heard(stage, stage.call.key(await stage.bob.says("STEP1")));
    expect(answered).to.deep.equal([[2, SESSION.sessionId]]);
    expect(stage.call.renewing).to.equal(false);
  });

  it("with the end of the call one that is under way is over", async () => {
    const stage = await chatting();
    stage.call.renew();
    const joining = stage.call.joined(LATER);
    stage.call.cancel();
    expect(await joining).to.deep.equal([]);
    expect([stage.call.renewing, stage.call.renew()]).to.deep.equal([false, []]);
  });

  it("one that is forgotten while it computes says nothing more", async () => {
    const stage = await chatting();
    const answering = stage.call.key(await stage.bob.says("STEP1"));
    stage.call.forgetRenewal();
    expect(await answering).to.deep.equal([]);
    expect(await heard(stage, stage.call.key(await stage.bob.says("STEP1")))).to.deep.equal([[2, SESSION.sessionId]]);
  });
});
