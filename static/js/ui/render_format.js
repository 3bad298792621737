// Draw what format.js understood of a text: elements around text nodes, and no markup from anywhere else.

/** @import { Inline, Link, Node as Piece } from "./format.js" */

import { format } from "./format.js";

const ELEMENTS = Object.freeze({ bold: "strong", italic: "em" });

/**
 * @param {HTMLElement} element
 * @param {string} text
 */
export function renderFormat(element, text) {
  element.replaceChildren(...format(text).map(drawn));
}

/**
 * @param {Piece} piece
 * @returns {Node}
 */
function drawn(piece) {
  if (piece.type === "text") {
    return document.createTextNode(piece.text);
  }
  if (piece.type === "block") {
    return blockOf(piece.text);
  }
  if (piece.type === "link") {
    return linkOf(piece);
  }
  if (piece.type === "code") {
    return codeOf(piece.text);
  }
  const element = document.createElement(ELEMENTS[piece.type]);
  element.append(...piece.children.map(drawn));
  return element;
}

/** @param {string} text */
function codeOf(text) {
  const code = document.createElement("code");
  code.dir = "ltr";
  code.textContent = text;
  return code;
}

/** A block of code has its button to copy it; the list hears of the click. @param {string} text */
function blockOf(text) {
  const block = document.createElement("span");
  block.className = "code-block";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "code-copy";
  button.dataset.testid = "code-copy";
  button.setAttribute("aria-label", "Copy this code");
  const icon = document.createElement("span");
  icon.className = "icon icon-copy";
  button.append(icon);
  const code = codeOf(text);
  code.tabIndex = 0;
  block.append(code, button);
  return block;
}

/** Never fetched by the page itself; where it leads learns nothing of where one came from. @param {Link} link */
function linkOf({ href, text }) {
  const link = document.createElement("a");
  link.href = href;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  link.dir = "ltr";
  link.textContent = text;
  return link;
}
