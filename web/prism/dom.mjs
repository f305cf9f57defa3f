/** Changing a page only where it differs from what it should be: an untouched element costs no layout and no paint. */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} name of its class
 * @param {Record<string, string>} [attributes]
 * @param {Node[]} [children]
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, name, attributes = {}, children = []) {
  const element = document.createElement(tag);
  element.className = name;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Change the text inside the node that is there: a new one would have its style and place worked out anew.
 * @param {Element} element @param {string} text */
export function write(element, text) {
  const inside = element.firstChild;
  if (!(inside instanceof Text)) element.textContent = text;
  else if (inside.data !== text) inside.data = text;
}

/** As many children as there are texts, one for each. @param {Element} parent @param {string[]} texts
 * @param {keyof HTMLElementTagNameMap} tag @param {string} name of the class of each */
export function writeEach(parent, texts, tag, name) {
  while (parent.children.length > texts.length) parent.lastElementChild?.remove();
  for (const [position, text] of texts.entries()) {
    write(parent.children[position] ?? parent.appendChild(make(tag, name)), text);
  }
}

/** @param {Element} element @param {string} name @param {string | null} value null takes the attribute away */
export function mark(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** @param {HTMLElement} element @param {string} property @param {string} value */
export function style(element, property, value) {
  if (element.style.getPropertyValue(property) !== value) element.style.setProperty(property, value);
}

/** @param {HTMLElement} element @param {boolean} visible */
export function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}

/** The button that an event is about. @param {Event} event @returns {HTMLButtonElement | null} */
export function buttonOf({ target }) {
  return target instanceof Element ? target.closest("button") : null;
}
