// Tabulator, told to insert nodes only: it writes plain strings from its options as HTML.

/** A column whose heading is a button, so that it can be reached and sorted by keyboard. */
function column(title, field, cell, more = {}) {
  const heading = () => (typeof title === 'function' ? title() : headingOf(title));
  return {
    title: '',
    field,
    formatter: (it) => cell(it.getData(), it),
    titleFormatter: heading,
    headerWordWrap: true,
    resizable: false,
    ...more,
  };
}

function headingOf(title, detail = null, hint = title) {
  return node(
    'button',
    { type: 'button', class: 'heading', title: hint },
    node('span', { class: 'heading-name', dir: 'auto' }, breakable(title)),
    detail ? node('span', { class: 'heading-detail' }, detail) : null,
  );
}

/** A name that may be broken where its parts meet: human:wsce+mae. */
function breakable(name) {
  return name
    .match(/[^:+/_]*[:+/_]?/g)
    .filter(Boolean)
    .flatMap((part, i) => (i ? [node('wbr'), part] : [part]));
}

/** Sort numbers with what is missing last in either direction. */
function byNumber(a, b, rowA, rowB, col, direction) {
  const missing = (value) => typeof value !== 'number';
  if (missing(a) || missing(b)) return (missing(a) - missing(b)) * (direction === 'desc' ? -1 : 1);
  return a - b;
}

const MOST_TEXT = 220; // pixels: so much of a text is shown without cutting it
const NARROW = window.matchMedia('(max-width: 719px)');
const collator = new Intl.Collator(undefined, { numeric: true });

function byText(a, b) {
  return collator.compare(a ?? '', b ?? '');
}

function tabulator(place, columns, data, options = {}) {
  return new Tabulator(place, {
    columns,
    data,
    layout: 'fitColumns',
    nestedFieldSeparator: false,
    headerSortElement: '',
    selectableRows: false,
    columnDefaults: { headerSortTristate: true },
    ...options,
  });
}

/** One table of the report: cells as the other formats print them, and their intervals drawn. */
function reportTable(place, table) {
  const stacked = NARROW.matches && table.columns.length > 2;
  const holder = stacked ? cards(table) : node('div', { class: 'compact' });
  place.append(
    node('h4', {}, table.title),
    node('p', { class: 'reading' }, table.reading),
    holder,
    table.notes.length
      ? node(
          'ul',
          { class: 'notes' },
          table.notes.map((note) => node('li', { dir: 'auto' }, note)),
        )
      : '',
  );
  if (!stacked) drawTable(holder, table);
}

/** On a phone a row of many cells is a card: each cell on a line of its own, so that none is out of sight. */
function cards(table) {
  const counts = new Set(table.columns.map((header) => header.n_pairs).filter((n) => n !== null));
  const name = ({ header, n_pairs }) => (counts.size > 1 && n_pairs !== null ? `${header} (n = ${count(n_pairs)})` : header);
  return node(
    'div',
    { class: 'cards', role: 'list' },
    table.rows.map((row) =>
      node(
        'div',
        { class: 'card', role: 'listitem' },
        node('div', { class: row.origin === 'metric' ? 'card-label' : 'card-label beside', dir: 'auto' }, breakable(row.label)),
        node(
          'dl',
          {},
          row.cells.flatMap((cell, i) =>
            cell.text ? [node('dt', { dir: 'auto' }, breakable(name(table.columns[i]))), node('dd', {}, reportCell(cell, null))] : [],
          ),
        ),
      ),
    ),
  );
}

function drawTable(holder, table) {
  const label = column(
    table.corner,
    'label',
    (row) =>
      node(
        'span',
        { class: row.origin === 'metric' ? 'label' : 'label beside', dir: 'auto', title: row.label },
        breakable(row.label),
      ),
    { frozen: true, minWidth: NARROW.matches ? 100 : 150, widthGrow: 1.6, sorter: byText },
  );
  const columns = table.columns.map((header, i) =>
    reportColumn(
      header,
      i,
      table.rows.map((row) => row.cells[i]),
    ),
  );
  const data = table.rows.map((row) => ({
    label: row.label,
    origin: row.origin,
    cells: row.cells,
    ...Object.fromEntries(row.cells.map((cell, i) => [`c${i}`, cell.estimate ?? asNumber(cell.text)])),
  }));
  tabulator(holder, [label, ...columns], data);
}

function reportColumn(header, i, cells) {
  const domain = domainOf(cells.filter((cell) => typeof cell.low === 'number'));
  const detail = header.n_pairs === null ? null : `n = ${count(header.n_pairs)}`;
  const longest = Math.max(...cells.map((cell) => (cell.text ?? '').length), 0);
  return column(
    () => headingOf(header.header, detail),
    `c${i}`,
    (row) => reportCell(row.cells[i], domain),
    {
      sorter: byNumber,
      hozAlign: 'right',
      headerHozAlign: 'right',
      minWidth: Math.max(domain ? 118 : 76, Math.min(MOST_TEXT, 28 + 7.5 * longest)),
      widthGrow: domain ? 1 : 0.5,
      headerSortStartingDir: 'desc',
    },
  );
}

function reportCell(cell, domain) {
  return node(
    'div',
    { class: 'cell' },
    node('span', { class: cell.best ? 'value best' : 'value' }, minus(cell.text ?? '', cell)),
    cell.interval ? node('span', { class: 'interval' }, minus(cell.interval, cell)) : null,
    cell.p ? node('span', { class: 'interval' }, cell.p) : null,
    domain && cell.interval ? whisker(cell, domain, { height: 12 }) : null,
  );
}

function minus(text, cell) {
  return typeof cell.estimate === 'number' ? text.replaceAll('-', '−') : text;
}

function asNumber(text) {
  const value = Number((text ?? '').replaceAll(',', ''));
  return text && Number.isFinite(value) ? value : null;
}
