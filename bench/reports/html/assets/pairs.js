// Rated pairs in the explorer.

function pairsListed(data) {
  const names = Object.fromEntries(
    ['caption', 'split', ...data.filters].map((name) => [name, texts(data.pairs[name])]),
  );
  const scores = data.labels.map((label, m) => [`m${m}`, label]);
  return {
    names,
    noun: 'pairs',
    haystacks: data.pairs.id.map((id, i) => `${id}\n${data.pairs.audio[i]}\n${names.caption[i]}`.toLowerCase()),
    rows: data.pairs.id.map((_, i) => pairRow(data, names, i)),
    columns: (plays) => pairColumns(data, plays),
    gap: (i, first, second) => gapOf(data, i, first, second),
    detail: (place, i, player) => showDetail(place, data, i, names, { player }),
    clip: (i) => i,
    narrow: ['source', 'n', ...scores.map(([name]) => name)],
    placeholder: 'words of a caption, pair or file',
    picks: Object.fromEntries(data.filters.map((name) => [name, data.pairs[name].values])),
    orders: [
      ['gap', 'disagreement'],
      ['rating', 'listeners'],
      ...scores,
      ['caption', 'caption'],
      ['source', 'source'],
      ['system', 'system'],
      ['i', 'order of the data'],
    ],
  };
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

/** Distance in ranks; judge 0 is the listeners, judge m + 1 metric m. */
function gapOf(data, i, first, second) {
  const rank = (judge) => (judge === 0 ? data.pairs.rating_rank[i] : data.pairs.ranks[judge - 1][i]);
  return rank(first) === null || rank(second) === null ? null : Math.abs(rank(first) - rank(second));
}

function pairColumns(data, plays) {
  const right = { hozAlign: 'right', headerHozAlign: 'right', sorter: byNumber, headerSortStartingDir: 'desc' };
  const ranked = (value, rank) =>
    node(
      'div',
      { class: 'cell' },
      node('span', { class: 'value' }, value),
      node('span', { class: 'interval' }, rankText(rank)),
    );
  return [
    playColumn(plays),
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
      (row) => gapCell(row.gap, data.pairs.id.length, (gap) => count(Math.round(gap))),
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
