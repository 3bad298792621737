import { Inbox } from "/static/js/peer/inbox.js";
import { describe, expect, it } from "./kit.js";

const numbered = () => new Inbox({ acknowledged: true });

describe("inbox", () => {
  it("messages are taken in their order, and each once", () => {
    const inbox = numbered();
    const taken = [2, 1, 1, 3, 2, 3].map((number) => inbox.takes(number));
    expect(taken).to.deep.equal([false, true, false, false, true, true]);
    expect(inbox.last).to.equal(3);
  });

  it("what is no number is neither taken nor owed", () => {
    const inbox = numbered();
    for (const number of [true, 1.5, "1", null, undefined, 0, -1, Number.MAX_SAFE_INTEGER + 1, [1]]) {
      expect(inbox.takes(number), String(number)).to.equal(false);
    }
    expect(inbox.owes).to.equal(false);
  });

  it("so many are acknowledged at once, and fewer in a moment", () => {
    const inbox = numbered();
    for (let number = 1; number < 8; number += 1) {
      inbox.takes(number);
    }
    expect([inbox.owes, inbox.due]).to.deep.equal([true, false]);
    inbox.acknowledge();
    expect(inbox.due).to.equal(true);
    inbox.taken();
    expect([inbox.owes, inbox.due]).to.deep.equal([false, false]);
    for (let number = 8; number < 16; number += 1) {
      inbox.takes(number);
    }
    expect(inbox.due).to.equal(true);
  });

  it("frames that fail in a row mean lost keys, once something was heard, and never in a classic chat", () => {
    const fails = (inbox) => {
      for (let number = 0; number < 3; number += 1) {
        inbox.failed();
      }
      return inbox.lostKeys;
    };
    const [inbox, classic] = [numbered(), new Inbox({ acknowledged: false })];
    expect(fails(inbox)).to.equal(false);
    inbox.opened();
    classic.opened();
    expect([fails(inbox), fails(classic)]).to.deep.equal([true, false]);
    inbox.opened();
    expect(inbox.lostKeys).to.equal(false);
  });
});
