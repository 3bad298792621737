// The username page, put together: whoever has a name goes on to the chat, everybody else chooses one.

import "./fragment.js";

import { part, setText, show } from "./dom.js";
import { heldInvite, inviterClaimed } from "./fragment.js";
import { NameForm } from "./name_form.js";
import { CHAT_PAGE, goTo } from "./places.js";
import { RememberedName } from "./remembered_name.js";

const NOT_KEPT =
  "This browser does not let the page remember your name, not even for this visit. Allow site data here, or use another browser.";

const remembered = new RememberedName();

/**
 * @param {string} name
 * @returns {string | null}
 */
function choose(name) {
  if (!remembered.write(name)) {
    return NOT_KEPT;
  }
  goTo(CHAT_PAGE);
  return null;
}

/** From whom it comes is what the link says, and is said so. */
function tellOfInvite() {
  const inviter = inviterClaimed();
  show(part(document, "invited", HTMLElement), heldInvite() !== null);
  show(part(document, "inviter-known", HTMLElement), inviter !== null);
  show(part(document, "inviter-unknown", HTMLElement), inviter === null);
  setText(part(document, "inviter", HTMLElement), inviter ?? "");
}

function open() {
  if (remembered.read() !== null) {
    goTo(CHAT_PAGE);
    return;
  }
  tellOfInvite();
  const input = part(document, "username-input", HTMLInputElement);
  const form = part(document, "name-form", HTMLFormElement);
  new NameForm({ form, input, error: part(document, "username-error", HTMLElement) }, choose);
  if (matchMedia("(pointer: fine)").matches) {
    input.focus();
  }
}

open();
