// The keyboard among the messages: the arrow keys go from one to the next, Enter shows what can be done with it, Escape
// leads back to the box. Only the list itself is a stop of the Tab key, with the links and buttons in it.

const STEPS = Object.freeze({ ArrowUp: -1, ArrowDown: 1 });

export class MessageKeys {
  /**
   * @param {HTMLElement} scroller
   * @param {HTMLElement} list
   * @param {{open: (element: HTMLElement) => void, leave: () => void}} actions
   */
  constructor(scroller, list, { open, leave }) {
    this.scroller = scroller;
    this.list = list;
    this.open = open;
    this.leave = leave;
    scroller.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { key, target } = event;
    if (event.altKey || event.ctrlKey || event.metaKey || !(target instanceof HTMLElement)) {
      return;
    }
    const message = target.closest(".message");
    const onMessage = message === target && message instanceof HTMLElement;
    if (key === "ArrowUp" || key === "ArrowDown") {
      this.#step(message, STEPS[key]);
    } else if ((key === "Home" || key === "End") && onMessage) {
      this.#go([...this.#messages()].at(key === "Home" ? 0 : -1));
    } else if (opens(event) && onMessage) {
      this.open(message);
    } else if (key === "Escape") {
      this.leave();
    } else {
      return;
    }
    event.preventDefault();
  }

  /**
   * @param {Element | null} from
   * @param {number} step
   */
  #step(from, step) {
    const messages = [...this.#messages()];
    if (from === null) {
      this.#go(messages.findLast((each) => this.#isInView(each)) ?? messages.at(-1));
      return;
    }
    const next = messages[messages.findIndex((each) => each.isSameNode(from)) + step];
    if (next === undefined && step > 0) {
      this.leave();
    } else {
      this.#go(next);
    }
  }

  /** @returns {NodeListOf<HTMLElement>} */
  #messages() {
    return this.list.querySelectorAll(".message");
  }

  /** @param {HTMLElement | undefined} element */
  #go(element) {
    element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: "nearest" });
  }

  /** @param {HTMLElement} element */
  #isInView(element) {
    return element.getBoundingClientRect().bottom <= this.scroller.getBoundingClientRect().bottom;
  }
}

/** @param {KeyboardEvent} event */
function opens({ key, shiftKey }) {
  return key === "Enter" || key === " " || key === "ContextMenu" || (key === "F10" && shiftKey);
}
