import { noWay, pathFault } from "/static/js/peer/path_fault.js";
import { describe, expect, it, vectors } from "./kit.js";

const { cases } = await vectors("path_fault");

function seenIn({ servers = [], relayOnly = false, own = [], theirs = [], errors = [], ...rest }) {
  return {
    servers,
    relayOnly,
    own: new Set(own),
    theirs: new Set(theirs),
    errors: errors.map(([url, code]) => ({ url, code })),
    gathered: rest.gathered ?? true,
    described: rest.described ?? true,
  };
}

describe("path_fault", () => {
  for (const shown of cases) {
    it(shown.name, () => {
      expect(pathFault(seenIn(shown))).to.equal(shown.fault);
      expect(noWay(seenIn(shown))).to.equal(shown.noWay ?? false);
    });
  }
});
