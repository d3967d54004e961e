// What the modules share of the page. Whatever comes from elsewhere is put in as text, never as markup.

export const at = (id) => document.getElementById(id);

export function make(name, content = [], attributes = {}) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...[content].flat());
  return element;
}

export function fillFacts(list, facts) {
  list.replaceChildren(...facts.flatMap(([term, text]) => [make('dt', term), make('dd', text)]));
}

/** A row whose cells know their column's name, for screens that are too narrow for columns. */
export function row(name, cells, labels = []) {
  const cell = (content, index) => make('td', content, { role: 'cell', ...(labels[index] && { 'data-label': labels[index] }) });
  return make('tr', [make('th', name, { role: 'rowheader', scope: 'row' }), ...cells.map(cell)], { role: 'row' });
}

// A control keeps the focus while it cannot be used, so that nobody with a keyboard is thrown to the top of the page.
export function enable(button, isEnabled) {
  button.setAttribute('aria-disabled', String(!isEnabled));
}

export const isEnabled = (button) => button.getAttribute('aria-disabled') !== 'true';

/** A moment in local time; the day only where it is not today. */
export function clock(moment) {
  const date = new Date(moment);
  const two = (number) => String(number).padStart(2, '0');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  if (date.toDateString() === new Date().toDateString()) return time;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time}`;
}
