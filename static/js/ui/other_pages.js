// The chats that are open on other pages of this browser, under the same name: whoever opens a second page reads where theirs
// went. The pages tell each other names alone, and nothing is kept.
//
// A page says which chats it has open when that changes, when it is asked, and that it has none when it goes away. One that is
// ended by force cannot: so everybody is asked again whenever the person looks at this page.

/** @import { Snapshot } from "../peer/peer.js" */

import { isName } from "../signaling/messages.js";
import { part, setText, show } from "./dom.js";
import { quietly } from "./quietly.js";
import { WRITABLE } from "./view.js";

/** By when all have answered, by far. What is shown stays until then, so that nothing is said anew. */
const ANSWERED_MS = 1_000;

/** What goes between pages; `open` is null for a question. @typedef {{from: string, name: string, open: string[] | null}} Said */

export class OtherPages {
  /** @param {ParentNode} root @param {string} name one's own */
  constructor(root, name) {
    this.notice = part(root, "open-elsewhere", HTMLElement);
    this.name = name.toLowerCase();
    this.id = `${Date.now()} ${Math.random()}`;
    /** @type {string[]} */
    this.open = [];
    /** @type {Map<string, string[]>} */
    this.elsewhere = new Map();
    this.channel = quietly(() => new BroadcastChannel("lowkey chats"));
    this.channel?.addEventListener("message", ({ data }) => isSaid(data) && this.#heard(data));
    addEventListener("pagehide", () => this.#say([]));
    addEventListener("pageshow", ({ persisted }) => persisted && this.#say(this.open));
    document.addEventListener("visibilitychange", () => document.hidden || this.#ask());
    this.#ask();
  }

  /** @param {Snapshot} snapshot */
  render({ conversations }) {
    const open = conversations.filter(({ state }) => WRITABLE.has(state)).map(({ peer }) => peer);
    if (open.join() !== this.open.join()) {
      this.open = open;
      this.#say(open);
      this.#draw();
    }
  }

  #ask() {
    this.elsewhere.clear();
    this.#say(null);
    setTimeout(() => this.#draw(), ANSWERED_MS);
  }

  /** @param {string[] | null} open */
  #say(open) {
    this.channel?.postMessage({ from: this.id, name: this.name, open });
  }

  /** @param {Said} said */
  #heard({ from, name, open }) {
    if (name !== this.name) {
      return;
    }
    if (open === null) {
      this.#say(this.open);
    } else {
      this.elsewhere.set(from, open);
      this.#draw();
    }
  }

  #draw() {
    const names = new Set([...this.elsewhere.values()].flat().filter((name) => !this.open.includes(name)));
    show(this.notice, names.size > 0);
    setText(this.notice, names.size > 0 ? words([...names]) : "");
  }
}

/** @param {string[]} names */
function words(names) {
  const [chat, is] = names.length === 1 ? ["chat", "is"] : ["chats", "are"];
  return `Your ${chat} with ${new Intl.ListFormat("en").format(names)} ${is} open on another page of this browser.`;
}

/**
 * @param {unknown} data
 * @returns {data is Said}
 */
function isSaid(data) {
  if (!(data instanceof Object && "from" in data && "name" in data && "open" in data)) {
    return false;
  }
  const { from, name, open } = data;
  const names = open === null || (Array.isArray(open) && open.every(isName));
  return typeof from === "string" && typeof name === "string" && names;
}
