// A field for a username with its fault beside it: on the username page, in the name dialog, and for the peer to call.
//
// It complains when the person is done, not while they type; once it has complained it follows each keystroke, so that
// the sentence goes away the moment it is mended.

import { setText } from "./dom.js";
import { nameFault } from "./name_fault.js";

export class NameForm {
  /**
   * @param {{form: HTMLFormElement, input: HTMLInputElement, error: HTMLElement}} elements
   * @param {(name: string) => string | null} chosen Takes a good name; may return a fault of its own.
   */
  constructor({ form, input, error }, chosen) {
    this.input = input;
    this.error = error;
    this.chosen = chosen;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    input.addEventListener("input", () => this.mend());
  }

  get name() {
    return this.input.value.trim();
  }

  submit() {
    const fault = nameFault(this.name) ?? this.chosen(this.name);
    this.complain(fault);
    if (fault !== null) {
      this.input.focus();
    }
  }

  /** Follow the typing, once there was something to complain about. */
  mend() {
    if (this.input.getAttribute("aria-invalid") === "true") {
      this.complain(nameFault(this.name));
    }
  }

  /** @param {string | null} fault */
  complain(fault) {
    this.input.setAttribute("aria-invalid", String(fault !== null));
    setText(this.error, fault ?? "");
  }

  /** This complaint is out of date; another one stays. @param {string} fault */
  withdraw(fault) {
    if (this.error.textContent === fault) {
      this.complain(null);
    }
  }

  /** @param {string} name */
  fill(name) {
    this.input.value = name;
    this.complain(null);
  }
}
