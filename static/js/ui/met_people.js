// Those whom this device has met, to call them again without remembering how they spell their name.
//
// A button keeps its element while its person is in the list, and nothing moves under a finger but for somebody newly met. Whoever
// rings stays, since to call them is to accept.

/** @import { Snapshot } from "../peer/peer.js" */

import { letter, part, setText, show } from "./dom.js";
import { KeptElements } from "./kept_elements.js";
import { OVER } from "./view.js";

const MOST = 6;

/** @typedef {{name: string, verified: boolean}} Met */

export class MetPeople {
  /**
   * @param {ParentNode} root
   * @param {{met: () => ReadonlyArray<Met>, blocked: () => ReadonlyArray<string>, call: (name: string) => void}} actions
   *   `met` has those met last first
   */
  constructor(root, { met, blocked, call }) {
    this.section = part(root, "met", HTMLElement);
    const list = part(root, "met-people", HTMLOListElement);
    const template = part(root, "met-template", HTMLTemplateElement);
    /** @type {KeptElements<Met>} */
    this.people = new KeptElements(list, template, { keyOf: ({ name }) => name, patch });
    this.met = met;
    this.blocked = blocked;
    list.addEventListener("click", ({ target }) => {
      const button = target instanceof Element ? target.closest("button") : null;
      if (button?.dataset.name) {
        call(button.dataset.name);
      }
    });
  }

  /** @param {Snapshot} snapshot */
  render(snapshot) {
    const others = new Set([...this.blocked(), ...elsewhere(snapshot)].map((name) => name.toLowerCase()));
    const shown = this.met().filter(({ name }) => !others.has(name.toLowerCase()));
    this.people.draw(shown.slice(0, MOST));
    show(this.section, shown.length > 0);
  }
}

/** @param {HTMLElement} element @param {Met} person */
function patch(element, { name, verified }) {
  part(element, "met-person", HTMLButtonElement).dataset.name = name;
  setText(part(element, "met-letter", HTMLElement), letter(name));
  setText(part(element, "met-name", HTMLElement), name);
  show(part(element, "met-verified", HTMLElement), verified);
}

/**
 * Who is to be found in another place: oneself, those whom a chat or a call is open with, and who is spoken of above.
 *
 * @param {Snapshot} snapshot
 */
function elsewhere({ name, chat, conversations }) {
  const open = conversations.filter(({ state }) => state !== "ringing" && !OVER.has(state));
  const above = chat.peer !== null && OVER.has(chat.state) ? [chat.peer] : [];
  return [name, ...open.map(({ peer }) => peer), ...above];
}
