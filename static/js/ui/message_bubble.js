// One message: made once from the template in the page, then patched as its status changes.

/** @import { Message } from "../peer/messages.js" */
/** @import { Trust } from "../peer/peer.js" */

import { part, setText, show } from "./dom.js";

const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const IN_FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });

/** What a screen reader says of one's own message; the tick says it to the eye.
 * @type {Record<Message["status"], string>} */
const STATUS = { queued: "Waiting", sent: "Sent", delivered: "Delivered", read: "Read", failed: "Not sent" };

/** Above the first message of a later call with the same name: the older protocol does not prove whose name it is.
 * @type {Record<"proven" | "unproven", string>} */
const NEW_CALL = {
  proven: "A new call.",
  unproven: "A new call. lowkey cannot tell whether it is the same person.",
};

/**
 * @param {HTMLTemplateElement} template
 * @param {Message} message
 * @param {{author: string, trust: Trust | null}} chat
 */
export function makeBubble(template, message, { author, trust }) {
  const bubble = part(template.content, "message", HTMLElement).cloneNode(true);
  if (!(bubble instanceof HTMLElement)) {
    throw new TypeError("a message is an element");
  }
  bubble.dataset.id = message.id;
  bubble.dataset.mine = String(message.mine);
  setText(part(bubble, "author", HTMLElement), `${author}: `);
  setText(part(bubble, "body", HTMLElement), message.body);
  tellNewCall(part(bubble, "new-call", HTMLElement), message, trust);
  tellTime(part(bubble, "time", HTMLTimeElement), new Date(message.at));
  return bubble;
}

/**
 * @param {HTMLElement} bubble
 * @param {Message} message
 */
export function patchBubble(bubble, message) {
  if (bubble.dataset.status === message.status) {
    return;
  }
  bubble.dataset.status = message.status;
  show(part(bubble, "unsent", HTMLElement), message.mine && message.status === "failed");
  setText(part(bubble, "status", HTMLElement), message.mine ? STATUS[message.status] : "");
}

/**
 * @param {HTMLElement} element
 * @param {Message} message
 * @param {Trust | null} trust
 */
function tellNewCall(element, { newCall }, trust) {
  show(element, newCall === true);
  setText(element, NEW_CALL[trust === "unverified" || trust === "verified" ? "proven" : "unproven"]);
}

/**
 * @param {HTMLTimeElement} element
 * @param {Date} at
 */
function tellTime(element, at) {
  element.dateTime = at.toISOString();
  element.title = IN_FULL.format(at);
  setText(element, CLOCK.format(at));
}
