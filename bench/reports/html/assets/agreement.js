// Estimates of one stratum and one statistic at a time, with standings and differences.

function startAgreement(data) {
  const estimates = records(data.estimates);
  const differences = records(data.differences);
  const standings = records(data.standings);
  const chosen = { stratum: data.strata[0]?.id, statistic: data.primary };
  const here = (record) => record.stratum === chosen.stratum && record.statistic === chosen.statistic;
  const show = () => {
    const statistic = data.statistics.find((one) => one.id === chosen.statistic);
    const ranked = standings.filter(here);
    const standing = new Map(ranked.map((one) => [one.metric, one.text]));
    const rows = estimates.filter(here).map((one) => ({ ...one, standing: standing.get(one.metric) || '–' }));
    byId('agreement-state').textContent = stateOf(rows, ranked, statistic, data);
    estimatesTable(rows, statistic, data.chance);
    differencesTable(differences.filter(here), statistic);
  };
  byId('differences-reading').textContent = data.differences_reading;
  fillStrata(byId('stratum'), data, estimates, (stratum) => {
    chosen.stratum = stratum;
    show();
  });
  fillStatistics(byId('statistics'), data.statistics, chosen.statistic, (statistic) => {
    chosen.statistic = statistic;
    show();
  });
  show();
}

const STANDING =
  ' Standing: “worse” was shown to be worse than another metric (adjusted p at or below 0.05), “may be best” was not; ' +
  'metrics that share a letter were not shown to differ; baselines have none.';

function stateOf(rows, ranked, statistic, { intervals, noun }) {
  if (!rows.length) return 'No estimates.';
  const better = statistic.higher_is_better ? 'higher is better' : 'lower is better';
  const notes = [...new Set(ranked.map((one) => one.note).filter(Boolean))].map((note) => ` Standing: ${note}.`);
  return `${count(rows[0].n_pairs)} ${noun}; ${better}.${ranked.some((one) => one.text) ? STANDING : ''}${notes.join('')} ${intervals}`;
}

function fillStrata(select, { strata, noun }, estimates, choose) {
  const nPairs = new Map(estimates.map((one) => [one.stratum, one.n_pairs]));
  select.append(...strata.map(({ id, label }) => option(id, `${label} (${count(nPairs.get(id) ?? 0)} ${noun})`)));
  select.addEventListener('change', () => choose(select.value));
}

function fillStatistics(place, statistics, first, choose) {
  statistics.forEach(({ id, label }) =>
    place.append(
      node(
        'label',
        {},
        node('input', { type: 'radio', name: 'statistic', value: id, checked: id === first, change: () => choose(id) }),
        node('span', {}, label),
      ),
    ),
  );
}

function estimatesTable(rows, statistic, chance) {
  const domain = domainOf(rows, statistic.higher_is_better ? chance : null);
  const direction = statistic.higher_is_better ? 'desc' : 'asc';
  const columns = [
    column(
      'metric',
      'metric',
      (row) => node('span', { class: 'label', dir: 'auto', title: row.metric }, breakable(row.metric)),
      { sorter: byText, minWidth: 92, widthGrow: 1.4 },
    ),
    column('standing', 'standing', (row) => row.standing, { sorter: byText, minWidth: NARROW.matches ? 104 : 168, widthGrow: 0.6 }),
    column(statistic.label, 'estimate', (row) => estimateCell(row, row.estimate, statistic.decimals), {
      sorter: byNumber,
      hozAlign: 'right',
      headerHozAlign: 'right',
      width: 116,
      headerSortStartingDir: direction,
    }),
    column(
      () => axis('interval', domain),
      'low',
      (row) => (row.note && row.estimate === null ? node('span', { class: 'muted' }, row.note) : whisker(row, domain, { chance })),
      { headerSort: false, minWidth: 96, widthGrow: 3 },
    ),
  ];
  replaceTable(byId('estimates'), columns, rows, [{ column: 'estimate', dir: direction }]);
}

function differencesTable(rows, statistic) {
  byId('differences-part').hidden = !rows.length;
  if (!rows.length) return;
  const domain = domainOf(
    rows.map((row) => ({ ...row, estimate: row.delta })),
    0,
  );
  const columns = [
    column(
      'metrics',
      'name',
      (row) => node('span', { class: 'label', dir: 'auto', title: row.name }, breakable(row.name)),
      { sorter: byText, minWidth: 92, widthGrow: 2 },
    ),
    column('p', 'p_value', (row) => (row.p ?? '–').replace(/^p =? ?/, ''), {
      sorter: byNumber,
      hozAlign: 'right',
      headerHozAlign: 'right',
      width: 100,
    }),
    column('Δ', 'delta', (row) => estimateCell(row, row.delta, statistic.decimals, NARROW.matches ? row.p : null), {
      sorter: byNumber,
      hozAlign: 'right',
      headerHozAlign: 'right',
      width: 116,
      headerSortStartingDir: 'desc',
    }),
    column(
      () => axis('interval', domain),
      'low',
      (row) => whisker({ ...row, estimate: row.delta }, domain, { hollow: !row.shown }),
      { headerSort: false, minWidth: 90, widthGrow: 3 },
    ),
  ];
  if (NARROW.matches) columns.splice(1, 1);
  replaceTable(byId('differences'), columns, rows);
}

function estimateCell({ low, high, note }, estimate, digits, more = null) {
  const known = low !== null && high !== null;
  return node(
    'div',
    { class: 'cell', title: note || null },
    node('span', { class: 'value' }, signed(estimate, digits)),
    known ? node('span', { class: 'interval' }, `[${signed(low, digits)}, ${signed(high, digits)}]`) : null,
    more && node('span', { class: 'interval' }, more),
  );
}

const shownTables = new Map();

/** Put a new table where another one was. */
function replaceTable(place, columns, data, initialSort = []) {
  shownTables.get(place)?.destroy();
  const holder = node('div', { class: 'compact' });
  place.replaceChildren(holder);
  shownTables.set(place, tabulator(holder, columns, data, { initialSort }));
}
