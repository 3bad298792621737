// What the person can choose for this browser, whom they have blocked, and the way to delete everything.

import { part, setText, show } from "./dom.js";
import { modal } from "./modal.js";
import { askToNotify, mayNotify } from "./notifier.js";

/** @import { Choices, Settings } from "./settings.js" */

/** Which switch is which. @type {ReadonlyArray<readonly [string, keyof Choices]>} */
const SWITCHES = [
  ["settings-receipts", "receipts"],
  ["settings-typing", "typing"],
  ["settings-relay-only", "relayOnly"],
  ["settings-notify", "notify"],
  ["settings-preview", "preview"],
  ["settings-sound", "sound"],
];

/**
 * @typedef {object} Actions
 * @property {() => void} chosen something was chosen
 * @property {() => ReadonlyArray<string>} blocked the names that are
 * @property {(name: string) => void} unblock
 * @property {() => void} rename
 * @property {() => void} wipe
 * @property {() => void} sound let it be heard once
 */

export class SettingsDialog {
  /**
   * @param {ParentNode} root
   * @param {Settings} settings
   * @param {Actions} actions
   */
  constructor(root, settings, actions) {
    this.settings = settings;
    this.actions = actions;
    this.dialog = part(root, "settings", HTMLDialogElement);
    this.noRelay = part(root, "settings-no-relay", HTMLElement);
    this.previewRow = part(root, "settings-preview-row", HTMLElement);
    this.notifyFault = part(root, "settings-notify-fault", HTMLElement);
    this.notifyWords = part(root, "settings-notify-words", HTMLElement);
    this.nobody = part(root, "settings-nobody", HTMLElement);
    this.blocked = part(root, "settings-blocked", HTMLUListElement);
    this.wipe = part(root, "wipe", HTMLDetailsElement);
    /** @type {Map<keyof Choices, HTMLInputElement>} */
    this.switches = new Map(SWITCHES.map(([name, choice]) => [choice, part(root, name, HTMLInputElement)]));
    this.#listen(root);
    tellWhatIsMissing(root);
  }

  /** @param {ParentNode} root */
  #listen(root) {
    modal(this.dialog, part(root, "settings-close", HTMLButtonElement));
    part(root, "settings-open", HTMLButtonElement).addEventListener("click", () => this.open());
    part(root, "wipe-confirm", HTMLButtonElement).addEventListener("click", this.actions.wipe);
    part(root, "settings-name", HTMLButtonElement).addEventListener("click", () => {
      this.dialog.close();
      this.actions.rename();
    });
    for (const [choice, input] of this.switches) {
      input.addEventListener("change", () => this.#choose(choice, input.checked));
    }
    this.wipe.addEventListener("toggle", () => this.wipe.open && this.wipe.scrollIntoView({ block: "end" }));
    this.dialog.addEventListener("close", () => {
      this.wipe.open = false;
    });
  }

  open() {
    this.#tellNotifyFault("");
    this.#draw();
    this.dialog.showModal();
  }

  #draw() {
    const { choices } = this.settings;
    for (const [choice, input] of this.switches) {
      input.checked = choices[choice];
    }
    const notifies = this.switches.get("notify");
    if (notifies) {
      notifies.checked = choices.notify && mayNotify();
      show(this.previewRow, notifies.checked);
    }
    show(this.noRelay, choices.relayOnly && this.noRelay.dataset.relay !== "true");
    this.#drawBlocked();
  }

  #drawBlocked() {
    const names = this.actions.blocked();
    show(this.nobody, names.length === 0);
    show(this.blocked, names.length > 0);
    this.blocked.replaceChildren(...names.map((name) => this.#blockedItem(name)));
  }

  /** @param {string} name */
  #blockedItem(name) {
    const [item, words, button] = ["li", "span", "button"].map((tag) => document.createElement(tag));
    words.textContent = name;
    words.dir = "auto";
    button.textContent = "Unblock";
    button.className = "button small";
    button.ariaLabel = `Unblock ${name}`;
    button.dataset.testid = "unblock";
    button.addEventListener("click", () => {
      this.actions.unblock(name);
      this.#drawBlocked();
      this.dialog.focus();
    });
    item.append(words, button);
    return item;
  }

  /**
   * @param {keyof Choices} choice
   * @param {boolean} on
   */
  async #choose(choice, on) {
    if (choice === "notify" && on) {
      const fault = await askToNotify();
      this.#tellNotifyFault(fault);
      on = fault === "";
    }
    this.settings.choose({ [choice]: on });
    if (choice === "sound" && on) {
      this.actions.sound();
    }
    this.actions.chosen();
    this.#draw();
  }

  /** @param {string} fault */
  #tellNotifyFault(fault) {
    setText(this.notifyWords, fault);
    show(this.notifyFault, fault !== "");
  }
}

/**
 * Over plain HTTP browsers take a few things away from a page.
 *
 * @param {ParentNode} root
 */
function tellWhatIsMissing(root) {
  const missing = [
    ["copying", "clipboard" in navigator],
    ["sharing", "share" in navigator || isSecureContext],
    ["notifications", isSecureContext],
  ];
  const words = missing.filter(([, there]) => !there).map(([word]) => String(word));
  setText(part(root, "settings-missing", HTMLElement), new Intl.ListFormat("en").format(words));
  show(part(root, "settings-insecure", HTMLElement), !isSecureContext);
}
