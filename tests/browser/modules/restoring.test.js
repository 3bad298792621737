import { Restoring } from "/static/js/peer/restoring.js";
import { FakeTimers } from "./hourglass.js";
import { describe, expect, it, vectors } from "./kit.js";

const { scripts } = await vectors("restoring");

/** The attempts of one chat, and what they asked for. */
class Stage {
  done = [];
  server = true;
  timers = new FakeTimers();

  constructor() {
    const way = {
      ask: () => {
        this.done.push("ask");
        return this.server;
      },
      offer: () => this.done.push("offer"),
      rehandshake: () => this.done.push("rehandshake"),
    };
    const { timers } = this;
    this.restoring = new Restoring(way, { after: timers.after, clock: () => timers.now, fraction: () => 0 });
  }

  play(event) {
    this.done = [];
    const [what, how] = event.split(" ");
    if (what === "pass") {
      this.timers.pass(Number(how));
    } else if (what === "online" || what === "offline") {
      this.server = what === "online";
    } else {
      this.restoring[what]({ caller: how === "caller" });
    }
    return this.done;
  }
}

describe("restoring", () => {
  for (const { name, steps } of scripts) {
    it(name, () => {
      const stage = new Stage();
      for (const [event, expected] of steps) {
        expect(stage.play(event), event).to.deep.equal(expected);
      }
    });
  }

  it("nothing is due when there is a path, or nobody waits for one", () => {
    for (const end of ["done", "stop"]) {
      const stage = new Stage();
      stage.play("begin");
      stage.play("joined called");
      expect(stage.restoring.active).to.equal(true);
      stage.play(end);
      expect([stage.restoring.active, stage.timers.waiting]).to.deep.equal([false, 0]);
    }
  });
});
