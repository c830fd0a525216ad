// Comparisons that listeners voted on, in the explorer.

/** A judge leans to side a (above 0) or b (below 0), as far as -1 and 1; 0 is the listeners, m + 1 metric m. */
function comparisonsListed(data) {
  const all = data.comparisons;
  data.captions = texts(data.pairs.caption);
  const names = { kind: texts(all.kind), systems: texts(all.systems) };
  const lean = (judge, i) => (judge === 0 ? all.lean[i] : all.leans[judge - 1][i]);
  const scores = data.labels.map((label, m) => [`m${m}`, label]);
  const sides = all.id.map((_, i) => [sideText(data, all.a[i]), sideText(data, all.b[i])]);
  const gap = (i, first, second) => {
    const [one, other] = [lean(first, i), lean(second, i)];
    return one === null || other === null ? null : Math.abs(one - other);
  };
  sayWhatIsListed(all.shared);
  return {
    names,
    noun: 'comparisons',
    haystacks: all.id.map((id, i) => [id, commonText(data, i), ...sides[i]].join('\n').toLowerCase()),
    rows: all.id.map((_, i) => ({
      i,
      a: sides[i][0],
      b: sides[i][1],
      common: commonText(data, i),
      gap: gap(i, 0, data.metrics.length ? 1 : 0),
      votes: all.lean[i],
      kind: names.kind[i],
      ...Object.fromEntries(scores.map(([name], m) => [name, agreeing(all, m, i)])),
    })),
    columns: (plays) => comparisonColumns(data, plays),
    gap,
    detail: (place, i, player) => showComparison(place, data, i, names, player),
    clip: (i) => all.play_a[i],
    narrow: [
      ...['b', 'votes', ...scores.map(([name]) => name)],
      ...(all.kind.values.length ? ['kind'] : []),
      ...(all.shared === 'caption' ? ['common'] : []),
    ],
    placeholder: 'words of a caption, comparison or file',
    picks: { kind: all.kind.values, systems: all.systems.values },
    sides: (i, first, second) => {
      const [one, other] = [lean(first, i), lean(second, i)].map((value) => Math.sign(value ?? 0));
      if (!one || !other) return 'none';
      return one === other ? 'same' : 'other';
    },
    orders: [
      ['gap', 'disagreement'],
      ...scores.map(([name, label]) => [name, `${label}, agreement`]),
      ['votes', 'votes'],
      ['a', 'side a'],
      ['kind', 'kind'],
      ['i', 'order of the data'],
    ],
  };
}

function sayWhatIsListed(shared) {
  byId('pairs-heading').textContent = 'Comparisons';
  byId('agreement-heading').textContent = 'By kind';
  const [sides, thing] = shared === 'clip' ? ['captions of one clip', 'caption'] : ['clips of one caption', 'clip'];
  byId('pairs-reading').firstChild.data =
    `Two ${sides}, and which one listeners and metrics prefer; the ${thing} that most listeners prefer is bold, and ✗ ` +
    'marks a metric that prefers the other. Disagreement goes from 0 to 2: a judge leans from −1 to 1 to one of the ' +
    'sides, listeners by votes, metrics by the rank of the difference of their scores. ';
}

/** What a side does not share with the other, and what it does. */
function sideText(data, pair) {
  return data.comparisons.shared === 'clip' ? data.captions[pair] : data.pairs.audio[pair];
}

function commonText(data, i) {
  const pair = data.comparisons.a[i];
  return data.comparisons.shared === 'clip' ? data.pairs.audio[pair] : data.captions[pair];
}

/** How far metric m leans to the side that most listeners prefer. */
function agreeing(all, m, i) {
  const lean = all.leans[m][i];
  return lean === null || !all.lean[i] ? null : Math.sign(all.lean[i]) * lean;
}

function comparisonColumns(data, plays) {
  const all = data.comparisons;
  const right = { hozAlign: 'right', headerHozAlign: 'right', sorter: byNumber, headerSortStartingDir: 'desc' };
  const side = (name, sign) =>
    column(
      `${all.shared === 'clip' ? 'caption' : 'clip'} ${NARROW.matches ? 'a, b' : name}`,
      name,
      (row) =>
        NARROW.matches
          ? node('div', {}, sideName(all, row, 'a', 1, ' one-line'), sideName(all, row, 'b', -1, ' one-line'))
          : sideName(all, row, name, sign),
      { sorter: byText, minWidth: NARROW.matches ? 110 : 170, widthGrow: 3 },
    );
  return [
    playColumn(plays),
    side('a', 1),
    side('b', -1),
    ...(all.shared === 'caption' ? [captionColumn()] : []),
    column(
      () => headingOf('disagree', 'of 2', 'disagreement of the two judges above, from 0 to 2'),
      'gap',
      (row) => gapCell(row.gap, 2, (gap) => gap.toFixed(2)),
      { ...right, width: 92 },
    ),
    column(() => headingOf('votes', 'a : b'), 'votes', (row) => votesCell(all, row.i), { ...right, width: 84 }),
    ...data.labels.map((label, m) =>
      column(() => headingOf(label, 'scores'), `m${m}`, (row) => choiceCell(data, m, row.i), {
        ...right,
        headerSortStartingDir: 'asc',
        minWidth: 100,
        widthGrow: 0.4,
      }),
    ),
    ...(all.kind.values.length ? [kindColumn()] : []),
  ];
}

function kindColumn() {
  return column('kind', 'kind', (row) => node('span', { dir: 'auto' }, row.kind ?? '–'), { sorter: byText, width: 104 });
}

/** What two clips share. */
function captionColumn() {
  const text = (row) => row.common.slice(0, 300);
  return column('caption', 'common', (row) => node('span', { class: 'caption', dir: 'auto', title: text(row) }, text(row)), {
    sorter: byText,
    minWidth: 150,
    widthGrow: 3,
  });
}

function sideName(all, row, name, sign, more = '') {
  const preferred = Math.sign(all.lean[row.i]) === sign ? ' preferred' : '';
  const text = row[name].slice(0, 300);
  return node('span', { class: `caption${preferred}${more}`, dir: 'auto', title: text }, text);
}

function votesCell(all, i) {
  const ties = all.ties[i] ? `${count(all.ties[i])} ${all.ties[i] === 1 ? 'tie' : 'ties'}` : '';
  return node(
    'div',
    { class: 'cell' },
    node('span', { class: 'value' }, `${count(all.votes_a[i])} : ${count(all.votes_b[i])}`),
    node('span', { class: 'interval' }, ties),
  );
}

/** Which side a metric prefers: the higher score above the lower one. */
function choiceCell(data, m, i) {
  const all = data.comparisons;
  const [a, b] = [all.a[i], all.b[i]].map((pair) => data.pairs.scores[m][pair]);
  if (a === null || b === null) return '–';
  const shown = [
    [a, 'a'],
    [b, 'b'],
  ];
  if (b > a) shown.reverse();
  const text = ([value, name]) => `${a === b ? '' : `${name} `}${fixed(value, data.digits[m])}`;
  const wrong = all.lean[i] !== 0 && (all.lean[i] > 0 ? a <= b : b <= a);
  return node(
    'div',
    { class: wrong ? 'cell wrong' : 'cell' },
    node('span', { class: 'value' }, `${wrong ? '✗ ' : ''}${text(shown[0])}`),
    node('span', { class: 'interval' }, text(shown[1])),
  );
}

/** All about one comparison. */
function showComparison(place, data, i, names, player) {
  const all = data.comparisons;
  const two = all.play_a[i] !== all.play_b[i];
  const side = (name, pair, votes, sign) =>
    node(
      'div',
      { class: Math.sign(all.lean[i]) === sign ? 'side preferred' : 'side' },
      node('h3', {}, `${name}: ${count(votes)} ${votes === 1 ? 'vote' : 'votes'}`),
      node('p', { class: 'caption-full', dir: 'auto', tabindex: '0' }, sideText(data, pair)),
    );
  place.replaceChildren(
    playButton(data, all.play_a[i], player, two ? ' a' : ''),
    ...(two ? [' ', playButton(data, all.play_b[i], player, ' b')] : []),
    ...(all.shared === 'caption' ? [node('p', { class: 'caption-full', dir: 'auto', tabindex: '0' }, commonText(data, i))] : []),
    side('a', all.a[i], all.votes_a[i], 1),
    side('b', all.b[i], all.votes_b[i], -1),
    all.ties[i] ? node('p', { class: 'muted' }, `No preference: ${count(all.ties[i])}.`) : '',
    node(
      'p',
      { class: 'chips' },
      ['kind', 'systems'].map((name) =>
        names[name][i] === null ? null : node('span', { class: 'chip', title: name, dir: 'auto' }, names[name][i]),
      ),
    ),
    node('h3', {}, 'Metrics'),
    choicesTable(data, i),
    node(
      'dl',
      { class: 'names' },
      node('dt', {}, 'comparison'),
      node('dd', { dir: 'auto' }, all.id[i]),
      node('dt', {}, two ? 'clips' : 'clip'),
      node('dd', { dir: 'auto' }, [...new Set([all.a[i], all.b[i]].map((pair) => data.pairs.audio[pair]))].join(', ')),
    ),
  );
}

function choicesTable(data, i) {
  const all = data.comparisons;
  const cell = (text, own) => node('td', { class: own ? 'figure preferred' : 'figure' }, text);
  return node(
    'table',
    { class: 'ranks' },
    node(
      'thead',
      {},
      node('tr', {}, node('th', { scope: 'col' }, ''), ...['a', 'b', 'prefers'].map((name) => node('th', { scope: 'col', class: 'figure' }, name))),
    ),
    node(
      'tbody',
      {},
      data.labels.map((label, m) => {
        const [a, b] = [all.a[i], all.b[i]].map((pair) => data.pairs.scores[m][pair]);
        const known = a !== null && b !== null;
        const prefers = !known ? '–' : a === b ? 'none' : a > b ? 'a' : 'b';
        const wrong = known && all.lean[i] !== 0 && (all.lean[i] > 0 ? a <= b : b <= a);
        return node(
          'tr',
          {},
          node('th', { scope: 'row', dir: 'auto' }, breakable(label)),
          cell(fixed(a, data.digits[m]), known && a > b),
          cell(fixed(b, data.digits[m]), known && b > a),
          node('td', { class: wrong ? 'figure wrong' : 'figure' }, `${wrong ? '✗ ' : ''}${prefers}`),
        );
      }),
    ),
  );
}
