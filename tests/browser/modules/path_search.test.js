import { PathSearch } from "/static/js/peer/path_search.js";
import { describe, expect, it } from "./kit.js";

const soon = () => new Promise((resolve) => setTimeout(resolve, 20));

function search({ patience = 0, servers = [], relayOnly = false } = {}) {
  const reasons = [];
  return { reasons, search: new PathSearch(servers, (reason) => reasons.push(reason), { relayOnly, patience }) };
}

describe("path_search", () => {
  it("patience begins with the descriptions", async () => {
    const { reasons, search: looking } = search();
    looking.gathered(true);
    await soon();
    expect(reasons).to.deep.equal([]);
    looking.seen.own.add("host");
    looking.described();
    await soon();
    expect(reasons).to.deep.equal(["no_path"]);
  });

  it("a path ends the search", async () => {
    const { reasons, search: looking } = search();
    looking.described();
    looking.stop();
    looking.gathered(true);
    await soon();
    expect([reasons, looking.overdue]).to.deep.equal([[], false]);
  });

  it("a path may be quicker than the descriptions", async () => {
    const { reasons, search: looking } = search();
    looking.stop();
    looking.described();
    await soon();
    expect([reasons, looking.overdue]).to.deep.equal([[], false]);
  });

  it("gathering does not prolong it", async () => {
    const { reasons, search: looking } = search({ patience: 60 });
    looking.described();
    while (!reasons.length) {
      looking.gathered(false);
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
  });

  it("it is overdue before it is given up", async () => {
    const { reasons, search: looking } = search({ patience: 4_000 });
    expect(looking.overdue).to.equal(false);
    looking.described();
    while (!looking.overdue) {
      await soon();
    }
    expect(reasons).to.deep.equal([]);
    looking.stop();
  });

  it("it is hopeless when nothing is left to hide behind", () => {
    const { search: looking } = search({ servers: ["turn:t"], relayOnly: true });
    expect(looking.hopeless).to.equal(false);
    looking.seen.gathered = true;
    expect([looking.hopeless, looking.fault]).to.deep.equal([true, "udp_blocked"]);
    expect(search({ servers: ["stun:s"], relayOnly: true }).search.hopeless).to.equal(true);
  });
});
