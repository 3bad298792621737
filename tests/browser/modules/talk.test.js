/** What two people say to each other, and about what they said: the scripts of tests/vectors/talk.json. Mirrors
 * tests/test_talk.py. */

import { describe, expect, it } from "./kit.js";
import { Stage } from "./talk_scripts.js";

const { scripts } = await (await fetch("/tests/vectors/talk.json")).json();

describe("talk", () => {
  for (const { name, given = {}, steps } of scripts) {
    it(name, async () => {
      const stage = await Stage.new(given);
      for (const [number, [event, expected]] of steps.entries()) {
        expect(await stage.play(...event), `step ${number + 1}, ${JSON.stringify(event)}`).to.deep.equal(expected);
      }
    });
  }
});
