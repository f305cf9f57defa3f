/** How large elements are inside, as the browser tells it: to ask an element itself would make it lay out the page. */

export class Sizes {
  /** @type {Map<Element, DOMRectReadOnly>} */
  #rects = new Map();
  #elements;
  #observer;

  /** @param {Element[]} elements @param {() => void} changed */
  constructor(elements, changed) {
    this.#elements = elements;
    this.#observer = new ResizeObserver((entries) => {
      for (const { target, contentRect } of entries) this.#rects.set(target, contentRect);
      changed();
    });
  }

  observe() {
    for (const element of this.#elements) this.#observer.observe(element);
  }

  disconnect() {
    this.#observer.disconnect();
  }

  /** @param {Element} element @returns {{ width: number, height: number }} */
  of(element) {
    return this.#rects.get(element) ?? { width: 0, height: 0 };
  }
}
