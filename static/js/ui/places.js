// Where the two pages are; chat/urls.py knows the same paths. The fragment travels along and never reaches the server.

import { travelling } from "./fragment.js";

export const USERNAME_PAGE = "/";
export const CHAT_PAGE = "/chat";

/**
 * Go to another of our pages, leaving no step behind in the history.
 *
 * @param {string} page
 */
export function goTo(page) {
  location.replace(page + travelling());
}
