// The report's sections, figures, and the manifest.

function showReport(data) {
  byId('title').textContent = data.title;
  if (data.warning) {
    byId('verdict').before(node('p', { class: 'notice', role: 'alert' }, `Warning. ${data.warning}`));
  }
  byId('verdict').append(...data.verdict.map(answer));
  byId('summary').append(...data.paragraphs.map(paragraph));
  for (const section of data.sections) {
    const repeated = section.heading === byId('first-heading').textContent;
    const place = node('section', {}, repeated ? null : node('h3', {}, section.heading), section.paragraphs.map(paragraph));
    byId(placeOf(section, data.sections)).append(place);
    section.tables.forEach((table) => reportTable(place, table));
  }
}

/** One question of the verdict: its answer, and the tests that this rests on. */
function answer({ question, text, test }) {
  return node('div', {}, node('dt', {}, question), node('dd', { dir: 'auto' }, text, ' ', node('span', { class: 'test' }, test)));
}

/** What belongs to Table I stands beneath the verdict; the other tables follow the pairs, and what has none is about the run. */
function placeOf(section, sections) {
  if (!section.tables.length) return 'run-sections';
  return sections.indexOf(section) < 2 && !section.appendix ? 'first-tables' : 'report-sections';
}

/** Figures are images: whatever an SVG holds, nothing in it can run or load. */
function showFigures(figures) {
  byId('figures').hidden = !figures.length;
  byId('figure-list').append(
    ...figures.map(({ name, caption, svg }) =>
      node(
        'figure',
        {},
        node('img', {
          src: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`,
          alt: caption,
          loading: 'lazy',
        }),
        node('figcaption', { dir: 'auto' }, node('strong', {}, name), ' ', caption),
      ),
    ),
  );
}

function showManifest(manifest) {
  const place = byId('manifest');
  place.append(
    node('h3', {}, 'Manifest'),
    node('p', {}, 'Command: ', node('code', { dir: 'auto' }, manifest.argv.join(' '))),
  );
  place.append(folded('Options', optionsTable(manifest.options)));
  place.append(folded('Files of the run and their SHA-256', factsTable(manifest.outputs)));
  place.append(folded('The whole manifest', node('pre', { dir: 'auto' }, JSON.stringify(manifest, null, 2))));
}

function folded(summary, content) {
  return node('details', {}, node('summary', {}, summary), node('div', { class: 'scroll' }, content));
}

function optionsTable(options) {
  const rows = Object.entries(options).map(([name, { value, passed }]) =>
    node(
      'tr',
      {},
      node('th', { scope: 'row' }, node('code', {}, `--${name.replaceAll('_', '-')}`)),
      node('td', { dir: 'auto' }, value === null ? '–' : String(value)),
      node('td', {}, passed ? 'passed' : 'default'),
    ),
  );
  return node('table', { class: 'plain-table' }, rows);
}

function factsTable(facts) {
  return node(
    'table',
    { class: 'plain-table' },
    Object.entries(facts).map(([name, value]) =>
      node('tr', {}, node('th', { scope: 'row' }, name), node('td', {}, node('code', {}, String(value)))),
    ),
  );
}

function showContents() {
  byId('contents').append(
    ...[...document.querySelectorAll('main > section[aria-labelledby]')]
      .filter((section) => section.id !== 'overview' && !section.hidden)
      .map((section) =>
        node('a', { href: `#${section.id}` }, section.querySelector('h2').textContent.replace(' with listeners', '')),
      ),
  );
}
