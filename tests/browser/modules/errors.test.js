import { ORDERLY, PeerError, SENTENCES, sentence } from "/static/js/peer/errors.js";
import { describe, expect, it } from "./kit.js";

describe("errors", () => {
  it("an error reads as its sentence", () => {
    expect(new PeerError("declined", "bob").message).to.equal("bob declined the call.");
    expect(sentence("left")).to.equal("The other person left the chat.");
  });

  it("an unknown code has a sentence too, whatever it is called", () => {
    for (const code of ["NEW_CODE", "constructor", "__proto__"]) {
      expect(sentence(code)).to.equal("Something went wrong. Try again.");
    }
  });

  it("a name cannot change the sentence around it", () => {
    expect(sentence("left", "$&")).to.equal("$& left the chat.");
  });

  it("every sentence is one, with typographic apostrophes", () => {
    for (const reason of Object.keys(SENTENCES)) {
      expect(sentence(reason, "bob")).to.match(/^([A-Z]|bob(’s)? )[^'_{}]*\.$/, reason);
    }
  });

  it("the orderly reasons are known", () => {
    expect(SENTENCES).to.include.all.keys([...ORDERLY]);
  });
});
