// Copy a text; where the browser does not let a page do that, select it, so that the person can.

const COPIED = "Copied.";
const SELECTED = "It is selected now. Copy it with your keyboard or the menu.";

/**
 * @param {string} text
 * @param {HTMLElement} element Where the text stands.
 * @returns {Promise<string>} What to tell the person.
 */
export async function copy(text, element) {
  try {
    await navigator.clipboard.writeText(text);
    return COPIED;
  } catch {
    select(element);
    return SELECTED;
  }
}

/** @param {HTMLElement} element */
function select(element) {
  if (element instanceof HTMLInputElement) {
    element.select();
  } else {
    getSelection()?.selectAllChildren(element);
  }
}
