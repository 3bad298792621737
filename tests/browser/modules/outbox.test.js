import { Outbox } from "/static/js/peer/outbox.js";
import { describe, expect, it } from "./kit.js";

const message = (id) => ({ id, mine: true, body: id, at: 0, status: "failed" });

describe("outbox", () => {
  it("messages wait in the order in which they were added", () => {
    const [outbox, one, two] = [new Outbox(), message("one"), message("two")];
    outbox.add(one);
    outbox.add(two);
    expect([outbox.first(), one.status]).to.deep.equal([one, "queued"]);
    outbox.taken(one);
    expect([outbox.first(), one.status]).to.deep.equal([two, "sent"]);
    outbox.taken(two);
    expect(outbox.first()).to.equal(undefined);
  });

  it("a refused message goes and may come again", () => {
    const [outbox, one] = [new Outbox(), message("one")];
    outbox.add(one);
    outbox.refused(one);
    expect([outbox.first(), one.status]).to.deep.equal([undefined, "failed"]);
    outbox.add(one);
    expect([outbox.first(), one.status]).to.deep.equal([one, "queued"]);
  });

  it("all that waits fails at once", () => {
    const [outbox, one, two] = [new Outbox(), message("one"), message("two")];
    outbox.add(one);
    outbox.add(two);
    outbox.failAll();
    expect([outbox.first(), one.status, two.status]).to.deep.equal([undefined, "failed", "failed"]);
  });
});
