/**
 * The element with an id; the page has it.
 * @param {string} id
 * @returns {HTMLElement}
 */
function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`no element ${id}`);
  return element;
}

/**
 * The input with an id.
 * @param {string} id
 */
function inputById(id) {
  return /** @type {HTMLInputElement} */ (byId(id));
}

/**
 * All elements of a selector.
 * @param {string} selector
 * @param {ParentNode} [inside]
 * @returns {HTMLElement[]}
 */
function all(selector, inside = document) {
  return [...inside.querySelectorAll(selector)].map((one) => /** @type {HTMLElement} */ (one));
}

/**
 * An element with attributes and children. Texts become text nodes: nothing here is ever parsed as markup.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * A table of names and values.
 * @param {readonly (readonly [string, Node | string])[]} rows
 */
function factTable(rows) {
  const body = make('tbody', {});
  for (const [name, value] of rows)
    body.append(make('tr', {}, make('th', { scope: 'row' }, name), make('td', {}, value)));
  return make('table', { class: 'facts' }, body);
}

/**
 * Tells assistive technology something.
 * @param {string} text
 */
function say(text) {
  byId('said').textContent = text;
}
