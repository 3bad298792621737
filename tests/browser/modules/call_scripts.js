/**
 * The stage for the scripts of tests/vectors/call.json: alice's call, and bob, who answers as his own device would.
 * Mirrors tests/support/call_scripts.py.
 */

import { Call } from "/static/js/peer/call.js";
import { Classic } from "/static/js/peer/classic.js";
import { Unexpected } from "/static/js/peer/errors.js";
import { Invite } from "/static/js/peer/invites.js";
import { equal } from "/static/js/peer/primitives.js";
import { attempt, device } from "./devices.js";
import { chance, drawn, same } from "./kit.js";

const sessionId = "11111111-1111-4111-8111-111111111111";
export const SESSION = { sessionId, peer: "bob", initiator: true, iceServers: [] };
const STANDINS = {
  KEY: await new Classic(drawn(same("b"))).opening(),
  SESSION,
  GLARE: { ...SESSION, initiator: false },
  LATER: { ...SESSION, sessionId: "22222222-2222-4222-8222-222222222222" },
  WRONG: { ...SESSION, peer: "mallory" },
};
const DAY_MS = 86_400_000;

/** A call of alice's (or of whoever `me` is) with bob, when all of `given` is so. */
export class Stage {
  static async new(me, given) {
    const stage = new Stage();
    stage.me = me;
    stage.now = 0;
    stage.identity = await device({ now: () => stage.now });
    stage.bob = new Bob(me, await device());
    stage.stranger = new Bob(me, await device());
    for (const words of given) {
      await GIVEN[words](stage);
    }
    stage.call = new Call("bob", () => stage.suites());
    return stage;
  }

  /** Give the call an event, and write down in short what is to be done. */
  async play(event, ...args) {
    const values = [];
    for (const value of args) {
      values.push(await this.argument(value));
    }
    let effects;
    try {
      effects = (await this.call[event](...values)) ?? [];
    } catch (fault) {
      if (fault instanceof Unexpected) {
        return "unexpected";
      }
      throw fault;
    }
    for (const effect of effects) {
      await this.bob.hear(effect);
      await this.stranger.hear(effect);
    }
    return effects.map(short);
  }

  /** What alice's device says of bob's in the end. */
  pin() {
    const pin = this.identity.pin("bob");
    if (pin === null) {
      return "none";
    }
    const who = equal(pin.identity, this.bob.identity.key.public) ? "bob" : "stranger";
    return `${who}, ${pin.verified ? "verified" : "unverified"}`;
  }

  suites() {
    const invite = this.identity.openedInvite("bob");
    const refused = invite !== null || this.identity.pin("bob") !== null;
    return [attempt(this.me, "bob", this.identity, { invite }), new Classic(drawn(same("a")), { refused })];
  }

  async argument(value) {
    if (typeof value !== "string" || !/^[A-Z][A-Z0-9 ]*$/.test(value)) {
      return value;
    }
    if (value in STANDINS) {
      return STANDINS[value];
    }
    const [what, who] = value.split(" ").reverse();
    return (who === "STRANGER" ? this.stranger : this.bob).says(what);
  }
}

/** What may be given. */
const GIVEN = {
  pinned({ identity, bob }) {
    identity.meet("bob", bob.identity.key.public);
  },
  "pinned to a stranger"({ identity, stranger }) {
    identity.meet("bob", stranger.identity.key.public);
    identity.setVerified("bob", stranger.identity.key.public, true);
  },
  "invited by bob"({ identity, bob }) {
    identity.keepOpened(bob.identity.newInvite("bob"));
  },
  "bob is invited"({ identity, bob, me }) {
    bob.invite = identity.newInvite(me);
  },
  "bob is invited with a used one"(stage) {
    GIVEN["bob is invited"](stage);
    stage.identity.burnMade(stage.bob.invite.uuid);
  },
  "bob is invited with an expired one"(stage) {
    GIVEN["bob is invited"](stage);
    stage.now += DAY_MS;
  },
  async "bob is invited with an unknown one"({ bob, me }) {
    bob.invite = (await device()).newInvite(me);
  },
  "bob is invited with a wrong secret"(stage) {
    GIVEN["bob is invited"](stage);
    const { name, uuid } = stage.bob.invite;
    stage.bob.invite = new Invite(name, uuid, chance(32));
  },
};

/** Somebody called bob, with a device: what he says, and what he heard. */
class Bob {
  invite = null;
  #to;
  #attempt = null;
  #steps = {};

  constructor(to, identity) {
    this.identity = identity;
    this.#to = to;
  }

  async says(what) {
    switch (what) {
      case "STEP1":
        this.#attempt = attempt("bob", this.#to, this.identity, { invite: this.invite });
        return this.#attempt.opening();
      case "STEP2":
        this.#attempt = attempt("bob", this.#to, this.identity);
        await this.#attempt.receiveKey(this.#steps[1]);
        return (await this.#attempt.answer())[0];
      case "STEP3":
        return (await this.#attempt.receiveKey(this.#steps[2]))[0];
      case "ANOTHER":
        return { ...this.#steps[1], step: 2, hs: "AAAAAAAAAAAAAAAAAAAAAA==" };
      case "BROKEN":
        return { ...(await this.says("STEP2")), m: "A".repeat(128) };
      case "BARE":
        return { v: 2, publicKey: "AAAA" };
      default:
        return this.#attempt.sealSignal(what.toLowerCase(), { type: what.toLowerCase(), sdp: "v=0" });
    }
  }

  /** What alice sends to bob. */
  async hear(effect) {
    if (effect.do !== "send" || effect.message.payload === undefined) {
      return;
    }
    const { type, payload } = effect.message;
    if (type === "key:exchange") {
      this.#steps[payload.step ?? 0] = structuredClone(payload);
      if (payload.step === 3) {
        await this.#attempt?.receiveKey(payload);
      }
    } else if (type.startsWith("signal:") && this.#attempt?.agreed) {
      this.#attempt.openSignal(type.slice("signal:".length), payload);
    }
  }
}

/** An effect as the scripts write it. */
function short(effect) {
  switch (effect.do) {
    case "send":
      return shortMessage(effect.message);
    case "start":
      return effect.offering ? "start offering" : "start";
    case "signal":
      return `signal ${effect.kind}`;
    case "notice":
      return `notice ${effect.reason}`;
    default:
      return effect.do;
  }
}

function shortMessage({ type, payload }) {
  if (type === "session:decline") {
    return `${type} ${payload.reason}`;
  }
  return type === "key:exchange" && payload.step ? `${type} ${payload.step}` : type;
}
