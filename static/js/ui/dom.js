// The few things that every part of the page does with the document.
//
// Text goes in by textContent alone, so nothing that somebody typed can become markup.

/**
 * The element that carries `name` as its data-testid or data-part. A page without it is broken, so that throws.
 *
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} name
 * @param {new () => T} type
 * @returns {T}
 */
export function part(root, name, type) {
  const found = root.querySelector(`[data-testid="${name}"], [data-part="${name}"]`);
  if (!(found instanceof type)) {
    throw new TypeError(`the page has no ${type.name} named ${name}`);
  }
  return found;
}

/**
 * Set a text where it differs: a live region speaks, and a layout happens, only when something changed.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/**
 * @param {HTMLElement} element
 * @param {boolean} visible
 */
export function show(element, visible) {
  element.hidden = !visible;
}

/**
 * The letter in a person's round picture.
 *
 * @param {string} name
 */
export function letter(name) {
  return name.slice(0, 1).toLowerCase();
}
