// All emoji in a grid, by group, to be searched by name. Nothing is remembered of which were chosen.
//
// The arrow keys go through the grid, Enter takes one, Escape closes. On a wide screen it stands by what opened it, on a
// phone at the foot of the screen.

import { EMOJI } from "../../vendor/emoji.js";
import { build, buildButton, buildIcon } from "./build.js";
import { setText, show } from "./dom.js";
import { modal } from "./modal.js";

const MOST_FOUND = 80;
const GAP = 8;
const WIDE = "(min-width: 40rem)";

/** @type {Readonly<Record<string, (index: number, columns: number) => number>>} */
const STEPS = Object.freeze({
  ArrowRight: (index) => index + 1,
  ArrowLeft: (index) => index - 1,
  ArrowDown: (index, columns) => index + columns,
  ArrowUp: (index, columns) => index - columns,
});

export class EmojiPicker {
  /** @param {HTMLElement} home */
  constructor(home) {
    this.close = buildButton({ className: "button round plain", label: "Close" }, buildIcon("x"));
    this.search = build("input", { className: "field", testid: "emoji-search", label: "Search emoji by name" });
    this.search.type = "search";
    this.search.placeholder = "Search";
    this.search.autocomplete = "off";
    this.grid = build("div", { className: "emoji-groups", testid: "emoji-grid" });
    this.said = build("p", { className: "help emoji-said" });
    this.said.setAttribute("role", "status");
    const head = build("div", { className: "emoji-head" }, this.search, this.close);
    this.dialog = build(
      "dialog",
      { className: "dialog emoji-picker", testid: "emoji-picker", label: "Emoji" },
      head,
      this.said,
      this.grid,
    );
    this.groups = EMOJI.map(([name, emoji]) => groupOf(name, emoji));
    this.found = build("div", { className: "emoji-row", label: "Found" });
    this.found.setAttribute("role", "group");
    this.grid.append(...this.groups, this.found);
    /** @type {(emoji: string) => void} */
    this.picked = () => {};
    modal(this.dialog, this.close);
    this.search.addEventListener("input", () => this.#find());
    this.dialog.addEventListener("keydown", (event) => this.#key(event));
    this.grid.addEventListener("click", ({ target }) => this.#click(target));
    home.append(this.dialog);
  }

  /**
   * @param {HTMLElement} opener
   * @param {(emoji: string) => void} picked
   */
  open(opener, picked) {
    this.picked = picked;
    this.search.value = "";
    this.#find();
    this.dialog.showModal();
    this.#place(opener.getBoundingClientRect());
    this.grid.scrollTop = 0;
    if (matchMedia("(pointer: fine)").matches) {
      this.search.focus();
    } else {
      this.close.focus();
    }
  }

  /** Above what opened it where there is room, or else below. @param {DOMRect} by */
  #place(by) {
    const { style, offsetWidth, offsetHeight } = this.dialog;
    if (!matchMedia(WIDE).matches) {
      style.removeProperty("left");
      style.removeProperty("top");
      return;
    }
    const above = by.top - offsetHeight - GAP;
    style.left = `${between(GAP, by.right - offsetWidth, innerWidth - offsetWidth - GAP)}px`;
    style.top = `${between(GAP, above >= GAP ? above : by.bottom + GAP, innerHeight - offsetHeight - GAP)}px`;
  }

  #find() {
    const words = this.search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const searching = words.length > 0;
    for (const group of this.groups) {
      show(group, !searching);
    }
    const found = searching ? foundBy(words).slice(0, MOST_FOUND) : [];
    this.found.replaceChildren(...found.map(buttonOf));
    show(this.found, searching);
    setText(this.said, searching ? foundWord(found.length) : "");
  }

  /** @param {EventTarget | null} target */
  #click(target) {
    const button = target instanceof Element ? target.closest("button") : null;
    if (button !== null) {
      this.dialog.close();
      this.picked(button.textContent);
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const buttons = [...this.grid.querySelectorAll("button")].filter(
      (button) => button.parentElement?.closest("[hidden]") === null,
    );
    const step = STEPS[event.key];
    const index = buttons.findIndex((button) => button.matches(":focus"));
    if (event.key === "Enter" && event.target === this.search) {
      event.preventDefault();
      if (this.search.value !== "") {
        this.#click(buttons[0] ?? null);
      }
    } else if (step !== undefined && (index >= 0 || event.key === "ArrowDown")) {
      event.preventDefault();
      const next = index < 0 ? 0 : step(index, columnsOf(buttons));
      (next < 0 ? this.search : buttons[Math.min(next, buttons.length - 1)])?.focus();
    }
  }
}

/**
 * @param {string} name
 * @param {[string, string, string][]} emoji
 */
function groupOf(name, emoji) {
  const row = build("div", { className: "emoji-row" }, ...emoji.map(buttonOf));
  const group = build("section", { className: "emoji-group", label: name }, build("h3", { text: name }), row);
  group.style.containIntrinsicBlockSize = `auto ${Math.ceil(emoji.length / 8) * 2.5 + 2}rem`;
  return group;
}

/** @param {[string, string, string]} emoji */
function buttonOf([emoji, name]) {
  const button = buildButton({ className: "emoji", label: name }, emoji);
  button.title = name;
  button.tabIndex = -1;
  return button;
}

/** Those whose name it is first. @param {string[]} words */
function foundBy(words) {
  const all = EMOJI.flatMap(([, emoji]) => emoji);
  const named = all.filter(([, name]) => isIn(name, words));
  const others = all.filter(([, name, more]) => !isIn(name, words) && isIn(`${name} ${more}`, words));
  return [...named, ...others];
}

/**
 * Whether each of the words begins one of the text.
 *
 * @param {string} text
 * @param {string[]} words
 */
function isIn(text, words) {
  const all = ` ${text.toLowerCase()}`;
  return words.every((word) => all.includes(` ${word}`));
}

/** @param {number} number */
function foundWord(number) {
  if (number === 0) {
    return "Nothing found. Your keyboard may have more.";
  }
  return number === 1 ? "1 found" : `${number}${number === MOST_FOUND ? " and more" : ""} found`;
}

/** How many stand in the first line. @param {HTMLElement[]} buttons */
function columnsOf(buttons) {
  const top = buttons[0]?.offsetTop;
  const columns = buttons.findIndex((button) => button.offsetTop !== top);
  return columns < 0 ? buttons.length : columns;
}

/**
 * @param {number} least
 * @param {number} value
 * @param {number} most
 */
function between(least, value, most) {
  return Math.max(least, Math.min(value, most));
}
