// A finger that stays where it is: what a phone has for the right button. Some browsers tell of it by `contextmenu`, others
// not at all, so it is timed here.

const LONG_MS = 450;
const STILL = 10;

export class LongPress {
  /**
   * @param {HTMLElement} element
   * @param {(target: Element) => void} action
   */
  constructor(element, action) {
    this.action = action;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.from = { x: 0, y: 0 };
    this.done = false;
    element.addEventListener("pointerdown", (event) => this.#begin(event));
    element.addEventListener("pointermove", (event) => this.#move(event));
    for (const type of /** @type {const} */ (["pointerup", "pointercancel", "scroll"])) {
      element.addEventListener(type, () => clearTimeout(this.timer));
    }
    element.addEventListener("contextmenu", (event) => this.#menu(event));
    const page = element.ownerDocument;
    page.addEventListener("pointerdown", () => this.#forget(), { capture: true });
    page.addEventListener("click", (event) => this.#click(event), { capture: true });
  }

  /** Another finger, another press. */
  #forget() {
    this.done = false;
  }

  /** @param {PointerEvent} event */
  #begin({ pointerType, target, clientX, clientY }) {
    clearTimeout(this.timer);
    if (pointerType === "touch" && target instanceof Element && target.closest("a, button") === null) {
      this.from = { x: clientX, y: clientY };
      this.timer = setTimeout(() => {
        this.done = true;
        this.action(target);
      }, LONG_MS);
    }
  }

  /** @param {PointerEvent} event */
  #move({ clientX, clientY }) {
    if (Math.hypot(clientX - this.from.x, clientY - this.from.y) > STILL) {
      clearTimeout(this.timer);
    }
  }

  /** The browser's own menu for text does not come as well. @param {Event} event */
  #menu(event) {
    if (event instanceof PointerEvent && event.pointerType === "touch" && (this.done || this.timer !== undefined)) {
      event.preventDefault();
    }
  }

  /** The finger that is lifted does not press what came under it, wherever on the page that is. @param {Event} event */
  #click(event) {
    if (this.done) {
      this.done = false;
      event.preventDefault();
      event.stopPropagation();
    }
  }
}
