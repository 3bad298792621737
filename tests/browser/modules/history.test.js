import { Histories } from "/static/js/peer/histories.js";
import { History, MAX_CHANGES } from "/static/js/peer/history.js";
import { message } from "/static/js/peer/messages.js";
import { FakeTimers } from "./hourglass.js";
import { describe, expect, it } from "./kit.js";
import { seeded } from "./lossy.js";

const KEY = new Uint8Array(32);
const OTHER = new Uint8Array(32).fill(1);

const said = (number, { mine = true } = {}) =>
  message({ id: `${number}`, mine, body: `text ${number}`, at: number, status: "delivered" });
const bodies = (messages) => messages?.map(({ body }) => body) ?? null;

/** A history of so many messages of one's own. */
function historyOf(count) {
  const history = new History();
  return [history, ...Array.from({ length: count }, (_, at) => history.add(said(at + 1)))];
}

/** Do something to a history and one of its messages. */
function change(history, one, what, now) {
  const changes = [
    () => history.seen(),
    () => history.delete(one),
    () => one.mine && history.readUpto(one),
    () => one.expires === null && history.vanish(one, now + 50),
    () => history.expire(now),
    () => history.touch(one),
  ];
  changes[what]();
}

describe("history", () => {
  it("what was added and changed is told once and in order", () => {
    const [history, , two] = historyOf(3);
    const before = history.revision;
    expect(history.since(before)).to.deep.equal([]);
    history.touch(two);
    history.add(said(4));
    history.touch(two);
    expect(bodies(history.since(before))).to.deep.equal(["text 2", "text 4"]);
    expect(bodies(history.since(0))).to.deep.equal(["text 1", "text 2", "text 3", "text 4"]);
  });

  it("after something was removed all is to be drawn anew", () => {
    const [history, , two] = historyOf(3);
    const before = history.revision;
    history.vanish(two, 10);
    expect(history.expire(10)).to.equal(true);
    expect(history.since(before)).to.equal(null);
    expect(history.since(history.revision)).to.deep.equal([]);
    expect(bodies(history.messages)).to.deep.equal(["text 1", "text 3"]);
    for (const unknown of [history.revision + 1, -1, Number.NaN, undefined]) {
      expect(history.since(unknown)).to.equal(null);
    }
  });

  it("only so many changes are remembered", () => {
    const [history, one] = historyOf(3);
    const before = history.revision;
    for (let number = 0; number <= 2 * MAX_CHANGES; number += 1) {
      history.touch(one);
    }
    expect(history.since(before)).to.equal(null);
    expect(bodies(history.since(history.revision - MAX_CHANGES))).to.deep.equal(["text 1"]);
  });

  it("whoever follows it sees what is there, however seldom they look", () => {
    const random = seeded(1);
    const history = new History();
    let [drawn, revision] = [new Map(), 0];
    for (let number = 0; number < 2_000; number += 1) {
      history.add(said(number, { mine: random() < 0.5 }));
      const any = history.messages[Math.floor(random() * history.messages.length)];
      change(history, any, Math.floor(random() * 6), number);
      if (random() < 0.3) {
        const news = history.since(revision);
        drawn = news === null ? new Map() : drawn;
        for (const one of news ?? history.messages) {
          drawn.set(`${one.mine} ${one.id}`, structuredClone(one));
        }
        revision = history.revision;
        expect([...drawn.values()]).to.deep.equal(history.messages);
      }
    }
  });

  it("ids of the two sides may be the same", () => {
    const [history, mine] = historyOf(1);
    const theirs = history.add(said(1, { mine: false }));
    expect(history.find({ mine: true, id: "1" })).to.equal(mine);
    expect(history.find({ mine: false, id: "1" })).to.equal(theirs);
    expect([history.knows("1"), history.knows("2")]).to.deep.equal([true, false]);
  });

  it("unread counts theirs until they are seen or deleted", () => {
    const history = new History();
    const [one, two] = [1, 2, 3].map((number) => history.add(said(number, { mine: false })));
    history.add(said(4));
    expect([history.unread, history.last.body]).to.deep.equal([3, "text 4"]);
    history.delete(two);
    expect(history.unread).to.equal(2);
    expect(bodies(history.seen())).to.deep.equal(["text 1", "text 3"]);
    expect([history.unread, history.seen(), one.status]).to.deep.equal([0, [], "read"]);
  });

  it("of what is gone no text is kept", () => {
    const history = new History();
    const messages = [0, 1, 2, 3].map((number) => history.add(said(number, { mine: number % 2 > 0 })));
    history.delete(messages[0]);
    history.vanish(messages[1], 5);
    history.expire(5);
    history.clear();
    expect(bodies(messages.slice(0, 2))).to.deep.equal(["", ""]);
    expect([history.messages, history.unread, history.awaiting, history.last]).to.deep.equal([[], 0, [], null]);
  });

  it("the soonest vanishes first", () => {
    const [history, ...messages] = historyOf(4);
    for (const [at, one] of messages.entries()) {
      history.vanish(one, [30, 10, 20, 10][at]);
    }
    expect([history.due, history.expire(9), history.expire(19)]).to.deep.equal([10, false, true]);
    expect([bodies(history.messages), history.due]).to.deep.equal([["text 1", "text 3"], 20]);
    expect([history.expire(1_000), history.messages, history.due]).to.deep.equal([true, [], null]);
  });
});

/** Histories, the clock they are on, and how often they said that something changed. */
function world() {
  const timers = new FakeTimers();
  const told = { times: 0 };
  const changed = () => {
    told.times += 1;
  };
  return { timers, told, histories: new Histories(timers.after, () => timers.now * 1000, changed) };
}

describe("histories", () => {
  it("a history is of a name in any case and of a device", () => {
    const { histories } = world();
    const history = histories.of("Bob", KEY);
    expect(histories.of("bob", KEY)).to.equal(history);
    for (const [name, identity] of [
      ["bob", OTHER],
      ["bob", null],
      ["carol", KEY],
    ]) {
      expect(histories.of(name, identity)).not.to.equal(history);
    }
  });

  it("the oldest is forgotten, and one without messages first", () => {
    const { histories } = world();
    const kept = Array.from({ length: 63 }, (_, at) => histories.of(`full ${at}`, KEY));
    for (const history of kept) {
      history.add(said(1));
    }
    for (let number = 0; number < 100; number += 1) {
      histories.of(`empty ${number}`, KEY);
    }
    expect(histories.of("full 0", KEY)).to.equal(kept[0]);
    histories.of("another", KEY).add(said(1));
    histories.of("one more", KEY).add(said(1));
    expect(histories.of("full 1", KEY)).not.to.equal(kept[1]);
    expect(bodies(kept[1].messages), "a chat that is open keeps it").to.deep.equal(["text 1"]);
  });

  it("messages vanish in time in whatever history", () => {
    const { histories, timers, told } = world();
    const [bob, carol] = [histories.of("bob", KEY), histories.of("carol", KEY)];
    bob.vanish(bob.add(said(1)), 10_000);
    carol.vanish(carol.add(said(2)), 5_000);
    timers.pass(4.9);
    expect([told.times, carol.messages.length]).to.deep.equal([0, 1]);
    timers.pass(0.2);
    expect([told.times, carol.messages.length, bob.messages.length]).to.deep.equal([1, 0, 1]);
    timers.pass(5);
    expect([told.times, bob.messages.length, timers.waiting]).to.deep.equal([2, 0, 0]);
  });

  it("no timer is set for so long that it overflows, or sleeps with the device", () => {
    const { histories, timers } = world();
    const bob = histories.of("bob", KEY);
    bob.vanish(bob.add(said(1)), 31 * 86_400_000);
    expect(timers.longest).to.be.at.most(30);
    timers.now += 32 * 86_400;
    timers.pass(30);
    expect(bob.messages).to.deep.equal([]);
  });

  it("all can be forgotten", () => {
    const { histories, timers } = world();
    const bob = histories.of("bob", KEY);
    bob.vanish(bob.add(said(1)), 3_000);
    histories.clear();
    expect(bob.messages).to.deep.equal([]);
    expect(histories.of("bob", KEY)).not.to.equal(bob);
    timers.pass(60);
    expect(timers.waiting).to.equal(0);
  });
});
