// Nodes and words. Every string of a run becomes text here, never markup.

const SVG = 'http://www.w3.org/2000/svg';

function byId(id) {
  return document.getElementById(id);
}

/** An element with attributes (null: left out; functions: listeners) and children (strings become text). */
function node(tag, attributes = {}, ...children) {
  return furnish(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
function drawn(tag, attributes = {}, ...children) {
  return furnish(document.createElementNS(SVG, tag), attributes, children);
}

function furnish(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** The report's paragraphs: lines that begin with "- " are a list, `words` between backticks are code. */
function paragraph(text) {
  const lines = text.split('\n');
  const items = lines.filter((line) => line.startsWith('- '));
  if (items.length === lines.length)
    return node(
      'ul',
      { class: 'facts' },
      items.map((line) => node('li', {}, marked(line.slice(2)))),
    );
  return node('p', {}, marked(text));
}

function marked(text) {
  return text.split('`').map((part, i, parts) => (i % 2 && i < parts.length - 1 ? node('code', {}, part) : part));
}

function option(value, label) {
  return node('option', { value }, label);
}

/** A column of texts (see columns.py) as an array with null where there is none. */
function texts(column) {
  return column.codes.map((code) => (code < 0 ? null : column.values[code]));
}

const SOURCES = ['natural', 'synthesized'];

/** A name with its kind in front if it reads like one of `others` or like a name with its kind: none looks like another. */
function toldFrom(others, kind, name) {
  const plain = name.trim().toLowerCase();
  return others.includes(plain) || plain.startsWith(`${kind} `) ? `${kind} ${name}` : name;
}

/** Columns as an array of records. */
function records(columns) {
  const names = Object.keys(columns);
  const decoded = names.map((name) => (Array.isArray(columns[name]) ? columns[name] : texts(columns[name])));
  return decoded[0].map((_, row) => Object.fromEntries(names.map((name, column) => [name, decoded[column][row]])));
}

function fixed(value, digits = 3) {
  return value === null || value === undefined ? '–' : value.toFixed(digits).replace('-', '−');
}

/** The same, with up to three digits more where these would show 0: the sign can be read, as in every other format. */
function signed(value, digits) {
  if (typeof value !== 'number') return fixed(value);
  for (let more = digits; more <= digits + 3; more += 1) {
    const text = value.toFixed(more);
    if (Number(text) !== 0) return text.replace('-', '−');
  }
  return fixed(0, digits);
}

/** A number with a true minus sign, as it is. */
function plainNumber(value) {
  return value === null ? '–' : String(value).replace('-', '−');
}

/** How many digits after the point a column of scores needs: none for counts, three for cosines, one for decibels. */
function digitsOf(values) {
  const known = values.filter((value) => value !== null);
  if (known.every(Number.isInteger)) return 0;
  return known.some((value) => Math.abs(value) >= 10) ? 1 : 3;
}

function rankText(rank) {
  return rank === null ? '' : `#${count(rank)}`;
}

function count(value) {
  return value.toLocaleString('en');
}
