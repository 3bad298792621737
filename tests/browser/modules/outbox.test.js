import { Outbox } from "/static/js/peer/outbox.js";
import { describe, expect, it } from "./kit.js";

/** An entry that carries a message, called as its text. */
function entry(body, t = "text") {
  return { content: { t, body }, message: { id: body, mine: true, body, at: 0, status: "failed" } };
}

/** A window that acknowledges, of so many entries, of which the channel has taken so many. */
function numbered(count, taken = 0) {
  const outbox = new Outbox({ acknowledged: true });
  const entries = Array.from({ length: count }, (_, at) => entry(`m${at + 1}`));
  for (const each of entries) {
    outbox.add(each);
  }
  for (let at = 0; at < taken; at += 1) {
    outbox.taken();
  }
  return [outbox, entries];
}

const statuses = (entries) => entries.map(({ message: { status } }) => status).join(" ");

describe("outbox of a classic chat", () => {
  it("messages wait in the order in which they were added, and leave when the channel took them", () => {
    const [outbox, one, two] = [new Outbox({ acknowledged: false }), entry("one"), entry("two")];
    outbox.add(one);
    outbox.add(two);
    expect([outbox.first()[1], statuses([one])]).to.deep.equal([one, "queued"]);
    outbox.taken();
    expect([outbox.first()[1], statuses([one])]).to.deep.equal([two, "sent"]);
    outbox.taken();
    expect([outbox.first(), outbox.outstanding]).to.deep.equal([null, false]);
  });

  it("a refused message goes and may come again", () => {
    const [outbox, one] = [new Outbox({ acknowledged: false }), entry("one")];
    outbox.add(one);
    outbox.refused();
    expect([outbox.first(), statuses([one])]).to.deep.equal([null, "failed"]);
    outbox.add(one);
    expect([outbox.first()[1], statuses([one])]).to.deep.equal([one, "queued"]);
  });

  it("all that waits fails at once", () => {
    const [outbox, one, two] = [new Outbox({ acknowledged: false }), entry("one"), entry("two")];
    outbox.add(one);
    outbox.add(two);
    outbox.failAll();
    expect([outbox.first(), statuses([one, two])]).to.deep.equal([null, "failed failed"]);
  });
});

describe("outbox with acknowledgements", () => {
  it("numbers count from 1, and a message is delivered when its number is acknowledged", () => {
    const [outbox, entries] = numbered(3, 2);
    expect(outbox.first()[0]).to.equal(3);
    expect(outbox.acknowledge(1)).to.equal(true);
    expect(statuses(entries)).to.equal("delivered sent queued");
    expect([outbox.acked, outbox.first()[0], outbox.outstanding]).to.deep.equal([1, 3, true]);
    expect(outbox.acknowledge(2)).to.equal(true);
    expect(outbox.outstanding).to.equal(false);
  });

  it("what was never sent, and what was acknowledged before, says nothing", () => {
    const [outbox, entries] = numbered(3, 2);
    for (const upto of [0, -1, 3, 2 ** 53 - 1]) {
      expect(outbox.acknowledge(upto), upto).to.equal(false);
    }
    expect(statuses(entries)).to.equal("sent sent queued");
  });

  it("a message that the channel never took has failed, and what is sent again waits for another channel", () => {
    const [outbox, [one, two]] = numbered(2, 1);
    outbox.refused();
    expect([outbox.first(), statuses([one, two])]).to.deep.equal([null, "sent failed"]);
    outbox.rewind();
    outbox.refused();
    expect([outbox.first()[1], statuses([one])]).to.deep.equal([one, "sent"]);
    const hello = { content: { t: "hello" } };
    outbox.add(hello);
    outbox.taken();
    outbox.refused();
    expect(outbox.first()).to.deep.equal([2, hello]);
  });

  it("a repeated acknowledgement says what is missing, and it is sent again under its number", () => {
    const [outbox, entries] = numbered(3, 3);
    outbox.acknowledge(1);
    expect([outbox.lacks(1), outbox.lacks(2), outbox.lacks(0)]).to.deep.equal([true, false, false]);
    outbox.rewind();
    expect(outbox.first()).to.deep.equal([2, entries[1]]);
    expect(outbox.lacks(1)).to.equal(false);
    expect(outbox.acknowledge(3), "the first sending arrived after all").to.equal(true);
    expect([outbox.first(), statuses(entries)]).to.deep.equal([null, "delivered delivered delivered"]);
  });

  it("at most 500 are on their way", () => {
    const [outbox] = numbered(501, 500);
    expect(outbox.first()).to.equal(null);
    outbox.acknowledge(1);
    expect(outbox.first()[0]).to.equal(501);
  });

  it("under new keys numbers begin anew, without the greeting and the emoji of the old", () => {
    const [outbox, [one, two]] = numbered(2, 2);
    outbox.add({ content: { t: "sas:commit" } });
    outbox.add({ content: { t: "hello" } });
    const hello = { content: { t: "hello", features: [] } };
    outbox.acknowledge(1);
    outbox.restart(hello);
    expect(outbox.first()).to.deep.equal([1, hello]);
    outbox.taken();
    expect(outbox.first()).to.deep.equal([2, two]);
    outbox.taken();
    expect(outbox.first()).to.equal(null);
    expect([outbox.acknowledge(3), outbox.acknowledge(2)]).to.deep.equal([false, true]);
    expect(statuses([one, two])).to.equal("delivered delivered");
  });

  it("what the channel never took can be taken back", () => {
    const [outbox, entries] = numbered(4, 2);
    outbox.withdraw(entries[1]);
    outbox.withdraw(entries[2]);
    expect(outbox.first()).to.deep.equal([3, entries[3]]);
  });

  it("only its text says how far a message has come, and never less than before", () => {
    const [outbox, [{ message }]] = numbered(1, 1);
    outbox.add({ content: { t: "edit" }, message });
    message.status = "read";
    outbox.rewind();
    outbox.taken();
    outbox.taken();
    outbox.acknowledge(1);
    expect(message.status).to.equal("read");
    outbox.failAll();
    expect(message.status, "its edit did not arrive").to.equal("failed");
  });

  it("who follows the statuses is told of each", () => {
    const told = [];
    const outbox = new Outbox({ acknowledged: true, changed: ({ status }) => told.push(status) });
    outbox.add(entry("one"));
    outbox.taken();
    outbox.rewind();
    outbox.taken();
    outbox.acknowledge(1);
    expect(told).to.deep.equal(["queued", "sent", "delivered"]);
  });

  it("when nothing more can be sent, what is not acknowledged has failed", () => {
    const [outbox, entries] = numbered(3, 2);
    outbox.acknowledge(1);
    outbox.failAll();
    expect([statuses(entries), outbox.outstanding]).to.deep.equal(["delivered failed failed", false]);
  });
});
