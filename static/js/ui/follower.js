// Where the list stands: at its end, where it follows what comes, or where the person reads.

import { part, setText, show } from "./dom.js";

const NEAR_THE_END = 48;
/** Beyond this many pixels from the end, a button leads back to it. */
const FAR = 400;
/** What is above a place that the person is led to. */
const HEADROOM = 24;

export class Follower {
  /**
   * @param {ParentNode} root
   * @param {{moved: () => void, settled: () => void, toEnd: () => void}} actions `moved`: the list was scrolled, and may need
   *   more in it; `settled`: it is known whether it stands at its end; `toEnd`: the person wants to be there.
   */
  constructor(root, { moved, settled, toEnd }) {
    this.scroller = part(root, "scroller", HTMLElement);
    this.button = part(root, "jump-latest", HTMLButtonElement);
    this.number = part(root, "newer-count", HTMLElement);
    this.following = true;
    this.place = 0;
    this.came = 0;
    this.button.addEventListener("click", () => {
      toEnd();
      this.scroller.focus({ preventScroll: true });
    });
    this.scroller.addEventListener("scroll", () => this.#scrolled(moved, settled), { passive: true });
    this.#keepAtEnd(part(root, "messages", HTMLElement));
    this.#tell();
  }

  goToEnd() {
    this.following = true;
    this.came = 0;
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.place = this.scroller.scrollTop;
    this.#tell();
  }

  /** The person is led elsewhere. */
  leaveEnd() {
    this.following = false;
  }

  /** An element to the top, unless all from it on is in view anyway. @param {HTMLElement | null} element */
  goTo(element) {
    if (element !== null && topOf(element) < topOf(this.scroller)) {
      this.following = false;
      this.scroller.scrollTop += topOf(element) - topOf(this.scroller) - HEADROOM;
      this.place = this.scroller.scrollTop;
    }
  }

  /**
   * Keep an element where it is on the screen while what is around it changes.
   *
   * @param {HTMLElement | null} element
   * @param {() => void} action
   */
  hold(element, action) {
    const before = element === null ? 0 : topOf(element);
    action();
    if (element?.isConnected) {
      this.scroller.scrollTop += topOf(element) - before;
      this.place = this.scroller.scrollTop;
    }
  }

  /** So many came that the person does not see. @param {number} number */
  missed(number) {
    this.came += number;
    this.#tell();
  }

  /** The end moves when the room shrinks, and when messages turn out taller than before. @param {HTMLElement} list */
  #keepAtEnd(list) {
    const observer = new ResizeObserver(() => this.following && this.goToEnd());
    observer.observe(this.scroller);
    observer.observe(list);
  }

  /**
   * Only a person scrolls up: when the list grows or its room shrinks, the end moves away and nobody has left it.
   *
   * @param {() => void} moved
   * @param {() => void} settled
   */
  #scrolled(moved, settled) {
    const stays = this.following && this.scroller.scrollTop >= this.place;
    moved();
    this.following = stays || this.#distance < NEAR_THE_END;
    this.place = this.scroller.scrollTop;
    if (this.following) {
      this.came = 0;
    }
    this.#tell();
    settled();
  }

  get #distance() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight;
  }

  #tell() {
    const visible = !this.following && (this.came > 0 || this.#distance > FAR);
    if (visible === this.button.hidden) {
      show(this.button, visible);
    }
    if (visible) {
      show(this.number, this.came > 0);
      setText(this.number, this.came > 99 ? "99+" : String(this.came));
      this.button.setAttribute("aria-label", labelFor(this.came));
    }
  }
}

/** @param {number} came */
function labelFor(came) {
  return `Jump to latest${came > 0 ? `, ${came} new ${came === 1 ? "message" : "messages"}` : ""}`;
}

/** @param {Element} element */
function topOf(element) {
  return element.getBoundingClientRect().top;
}
