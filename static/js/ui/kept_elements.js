// The elements of a list, each made from a template, and kept while what it is for is in the list: nobody's focus goes away with one.

/** @template T */
export class KeptElements {
  /**
   * @param {HTMLElement} list
   * @param {HTMLTemplateElement} template
   * @param {{keyOf: (item: T) => string, patch: (element: HTMLElement, item: T) => void}} actions
   */
  constructor(list, template, { keyOf, patch }) {
    this.list = list;
    this.template = template;
    this.keyOf = keyOf;
    this.patch = patch;
    /** @type {Map<string, HTMLElement>} */
    this.elements = new Map();
  }

  /** @param {ReadonlyArray<T>} items in their order */
  draw(items) {
    this.#forget(new Set(items.map(this.keyOf)));
    let next = this.list.firstElementChild;
    for (const item of items) {
      const element = this.#elementOf(this.keyOf(item));
      this.patch(element, item);
      if (element === next) {
        next = next.nextElementSibling;
      } else {
        this.list.insertBefore(element, next);
      }
    }
  }

  /** @param {string} key */
  #elementOf(key) {
    const known = this.elements.get(key);
    if (known !== undefined) {
      return known;
    }
    const element = this.template.content.firstElementChild?.cloneNode(true);
    if (!(element instanceof HTMLElement)) {
      throw new TypeError("a template holds an element");
    }
    this.elements.set(key, element);
    return element;
  }

  /** @param {ReadonlySet<string>} listed */
  #forget(listed) {
    for (const [key, element] of this.elements) {
      if (!listed.has(key)) {
        element.remove();
        this.elements.delete(key);
      }
    }
  }
}
