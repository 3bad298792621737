// What somebody wrote, as the words of one line: without the marks that format.js understands. Pure.

/** @import { Node } from "./format.js" */

import { format } from "./format.js";

/** How much of a text is looked at for each character that is wanted: marks and line breaks take room, and long texts no time. */
const LOOKED_AT = 4;

/**
 * The beginning of a text, with an ellipsis where there is more of it.
 *
 * @param {string} text
 * @param {number} longest
 */
export function plainWords(text, longest) {
  const looked = text.slice(0, longest * LOOKED_AT);
  const line = format(looked).map(wordsOf).join("").replace(/\s+/g, " ").trim();
  return line.length > longest || looked.length < text.length ? `${line.slice(0, longest).trim()}…` : line;
}

/**
 * A block of code stands apart from the lines around it.
 *
 * @param {Node} node
 * @returns {string}
 */
function wordsOf(node) {
  if ("children" in node) {
    return node.children.map(wordsOf).join("");
  }
  return node.type === "block" ? ` ${node.text} ` : node.text;
}
