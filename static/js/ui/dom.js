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
 * Take an element out of the page until there is something in it: whoever looks for it, a test or a screen reader, finds it
 * filled or not at all.
 *
 * @param {HTMLElement} element
 * @returns {(there: boolean) => void} Put it back where it was, or take it out.
 */
export function presence(element) {
  const place = document.createComment("");
  element.replaceWith(place);
  return (there) => {
    if (there && !element.isConnected) {
      place.after(element);
    } else if (!there) {
      element.remove();
    }
  };
}

/**
 * The letter in a person's round picture.
 *
 * @param {string} name
 */
export function letter(name) {
  return name.slice(0, 1).toLowerCase();
}
