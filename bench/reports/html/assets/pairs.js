// The explorer: a virtual table of all pairs, the details of one, and the player.

function startPairs(data) {
  const names = Object.fromEntries(
    ['caption', 'split', ...data.filters].map((name) => [name, texts(data.pairs[name])]),
  );
  const haystacks = data.pairs.id.map((id, i) => `${id}\n${data.pairs.audio[i]}\n${names.caption[i]}`.toLowerCase());
  const rows = data.pairs.id.map((_, i) => pairRow(data, names, i));
  let chosen = null;

  const player = startPlayer(data, {
    onChange: () => {
      refresh();
    },
  });
  const table = tabulator('#pair-table', pairColumns(data, names, player), rows, {
    height: '100%',
    rowHeight: 52,
    renderVerticalBuffer: 400,
    initialSort: [{ column: 'gap', dir: 'desc' }],
    rowFormatter: (row) => markRow(row.getElement(), row.getData().i, row.getData().i === chosen, player),
  });
  const grid = byId('pair-table');
  const filters = makeFilters(byId('filters'), data, names, {
    filter,
    judges,
    sort: (fieldName, direction) => table.setSort(fieldName, direction),
  });

  function filter({ words, picks }) {
    table.setFilter(
      (row) =>
        picks.every(([column_, value]) => column_[row.i] === value) &&
        words.every((word) => haystacks[row.i].includes(word)),
    );
    say();
  }

  function judges(state) {
    setGaps(rows, data, state);
    table.replaceData(rows).then(() => {
      table.setSort('gap', 'desc');
      filter(state);
    });
  }

  function say() {
    const active = table.getDataCount('active');
    grid.setAttribute('aria-rowcount', active);
    byId('pairs-state').textContent =
      active === rows.length ? `${count(rows.length)} pairs` : `${count(active)} of ${count(rows.length)} pairs`;
  }

  function refresh() {
    grid
      .querySelectorAll('.tabulator-row')
      .forEach((element) =>
        markRow(element, Number(element.dataset.pair), Number(element.dataset.pair) === chosen, player),
      );
    if (chosen !== null) {
      const button = byId('detail').querySelector('.wide-play');
      if (button) button.firstChild.data = player.isPlaying(chosen) ? '❚❚ Pause' : '▶ Play';
    }
  }

  function choose(pair) {
    chosen = pair;
    grid.setAttribute('aria-activedescendant', `pair-${pair}`);
    showDetail(byId('detail'), data, pair, names, { player });
    refresh();
  }

  function step(distance) {
    const active = table.getRows('active');
    if (!active.length) return;
    const here = active.findIndex((row) => row.getData().i === chosen);
    const next = active[Math.max(0, Math.min(active.length - 1, here < 0 ? 0 : here + distance))];
    choose(next.getData().i);
    table
      .scrollToRow(next, 'nearest', false)
      .catch(() => {})
      .then(refresh);
  }

  table.on('rowClick', (event, row) => {
    choose(row.getData().i);
    if (event.target.closest('.play')) player.toggle(chosen);
  });
  table.on('dataSorted', ([sorter]) => {
    if (sorter) filters.showSort(sorter.field, sorter.dir);
  });
  return new Promise((resolve) => {
    table.on('tableBuilt', () => {
      makeKeyboard(
        grid,
        step,
        (pair) => player.play(pair),
        (pair) => player.toggle(pair),
        () => chosen,
      );
      fitColumns(table, data);
      NARROW.addEventListener('change', () => fitColumns(table, data));
      choose(table.getRows('active')[0]?.getData().i ?? 0);
      say();
      resolve();
    });
  });
}

function pairRow(data, names, i) {
  const { pairs } = data;
  const row = {
    i,
    caption: names.caption[i],
    source: names.source[i],
    system: names.system[i],
    rating: pairs.rating[i],
    gap: null,
  };
  data.metrics.forEach((_, m) => {
    row[`m${m}`] = pairs.scores[m][i];
  });
  row.gap = gapOf(data, i, 0, data.metrics.length ? 1 : 0);
  return row;
}

function setGaps(rows, data, { first, second }) {
  rows.forEach((row) => {
    row.gap = gapOf(data, row.i, first, second);
  });
}

/** Distance in ranks; judge 0 is the listeners, judge m + 1 metric m. */
function gapOf(data, i, first, second) {
  const rank = (judge) => (judge === 0 ? data.pairs.rating_rank[i] : data.pairs.ranks[judge - 1][i]);
  return rank(first) === null || rank(second) === null ? null : Math.abs(rank(first) - rank(second));
}

function pairColumns(data, names, player) {
  const right = { hozAlign: 'right', headerHozAlign: 'right', sorter: byNumber, headerSortStartingDir: 'desc' };
  const ranked = (value, rank) =>
    node(
      'div',
      { class: 'cell' },
      node('span', { class: 'value' }, value),
      node('span', { class: 'interval' }, rankText(rank)),
    );
  return [
    column(
      () => node('span', { class: 'hidden' }, 'Play'),
      'i',
      (row) =>
        node(
          'button',
          { type: 'button', class: 'play', tabindex: '-1', 'aria-label': 'Play' },
          player.isPlaying(row.i) ? '❚❚' : '▶',
        ),
      { width: NARROW.matches ? 46 : 52, headerSort: false, hozAlign: 'center', frozen: !NARROW.matches },
    ),
    column(
      'caption',
      'caption',
      (row) =>
        node('span', { class: 'caption', dir: 'auto', title: row.caption.slice(0, 300) }, row.caption.slice(0, 300)),
      { sorter: byText, minWidth: NARROW.matches ? 110 : 230, widthGrow: 3, frozen: !NARROW.matches },
    ),
    column(
      () => headingOf('disagree', 'ranks apart', 'disagreement: how many ranks apart'),
      'gap',
      (row) => gapCell(row.gap, data.pairs.id.length),
      { ...right, width: NARROW.matches ? 92 : 96 },
    ),
    column('ratings', 'n', (row) => miniHistogram(data, row.i), { width: 92, headerSort: false }),
    column(
      () => headingOf('listeners', 'mean, rank'),
      'rating',
      (row) => ranked(fixed(row.rating, 2), data.pairs.rating_rank[row.i]),
      { ...right, width: NARROW.matches ? 78 : 92 },
    ),
    ...data.labels.map((label, m) =>
      column(
        () => headingOf(label, 'score, rank'),
        `m${m}`,
        (row) => ranked(fixed(row[`m${m}`], data.digits[m]), data.pairs.ranks[m][row.i]),
        { ...right, minWidth: 90, widthGrow: 0.4 },
      ),
    ),
    column(
      'source',
      'source',
      (row) =>
        node(
          'div',
          { class: 'cell' },
          node('span', {}, row.source ?? '–'),
          row.system ? node('span', { class: 'interval', dir: 'auto' }, toldFrom(SOURCES, 'system', row.system)) : null,
        ),
      { sorter: byText, width: 108 },
    ),
  ];
}

function gapCell(gap, total) {
  if (gap === null) return '–';
  return node(
    'div',
    { class: 'cell' },
    node('span', { class: 'value' }, count(Math.round(gap))),
    drawn(
      'svg',
      { class: 'bar-track', width: '100%', height: 5, 'aria-hidden': 'true' },
      drawn('rect', {
        class: 'bar',
        x: `${100 - (100 * gap) / total}%`,
        width: `${(100 * gap) / total}%`,
        height: 5,
        rx: 2,
      }),
    ),
  );
}

/** How many listeners gave which score, in eleven classes. */
function miniHistogram({ pairs, scale: [low, high] }, i) {
  const answers = answersOf(pairs, i);
  if (!answers.length) return '–';
  const classes = new Array(11).fill(0);
  answers.forEach(({ score: given }) => {
    classes[Math.min(10, Math.max(0, Math.round((10 * (given - low)) / (high - low))))] += 1;
  });
  const tallest = Math.max(4, ...classes);
  return drawn(
    'svg',
    {
      class: 'histogram',
      width: 77,
      height: 30,
      role: 'img',
      'aria-label': `ratings ${answers.map((one) => plainNumber(one.score)).join(', ')}`,
    },
    drawn('line', { class: 'base', x1: 0, x2: 77, y1: 28.5, y2: 28.5 }),
    classes.map((n, k) =>
      n
        ? drawn('rect', {
            class: 'bar',
            x: 7 * k + 0.5,
            y: 28 - (26 * n) / tallest,
            width: 6,
            height: (26 * n) / tallest,
            rx: 1,
          })
        : null,
    ),
  );
}

function markRow(element, pair, isChosen, player) {
  element.id = `pair-${pair}`;
  element.dataset.pair = pair;
  element.classList.toggle('chosen', isChosen);
  element.setAttribute('aria-selected', String(isChosen));
  const button = element.querySelector('.play');
  if (button) button.textContent = player.isPlaying(pair) ? '❚❚' : '▶';
}

function makeKeyboard(grid, step, play, toggle, chosen) {
  const page = 8;
  const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
  grid.tabIndex = 0;
  grid.setAttribute('aria-label', 'Pairs');
  grid.querySelector('.tabulator-tableholder').tabIndex = -1;
  grid.addEventListener('keydown', (event) => {
    if (event.target.closest('.heading') || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key in moves) step(moves[event.key]);
    else if (event.key === 'Enter' && chosen() !== null) play(chosen());
    else if (event.key === ' ' && chosen() !== null) toggle(chosen());
    else return;
    event.preventDefault();
  });
}

/** On a phone the details below the table hold what does not fit beside the caption. */
function fitColumns(table, data) {
  const fields = ['source', 'n', ...data.metrics.map((_, m) => `m${m}`)];
  fields.forEach((name) => (NARROW.matches ? table.hideColumn(name) : table.showColumn(name)));
  table.redraw(true);
}
