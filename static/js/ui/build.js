// Elements that are made as they are needed, not found in the page.

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {{className?: string, testid?: string, text?: string, label?: string}} [what]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function build(tag, { className = "", testid, text, label } = {}, ...children) {
  const element = document.createElement(tag);
  if (className !== "") {
    element.className = className;
  }
  if (testid !== undefined) {
    element.dataset.testid = testid;
  }
  if (label !== undefined) {
    element.setAttribute("aria-label", label);
  }
  if (text !== undefined) {
    element.textContent = text;
  }
  element.append(...children);
  return element;
}

/**
 * A button that submits nothing.
 *
 * @param {{className?: string, testid?: string, text?: string, label?: string}} what
 * @param {...(Node | string)} children
 */
export function buildButton(what, ...children) {
  const button = build("button", what, ...children);
  button.type = "button";
  return button;
}

/** @param {string} name */
export function buildIcon(name) {
  const icon = build("span", { className: `icon icon-${name}` });
  icon.setAttribute("aria-hidden", "true");
  return icon;
}
