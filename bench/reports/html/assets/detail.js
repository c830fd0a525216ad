// All about one pair: caption, every listener's answer, every metric's score and rank.

function showDetail(place, data, pair, names, { player }) {
  const { pairs, scale } = data;
  const answers = answersOf(pairs, pair);
  place.replaceChildren(
    playButton(data, pair, player),
    node('p', { class: 'caption-full', dir: 'auto', tabindex: '0' }, names.caption[pair]),
    node(
      'p',
      { class: 'chips' },
      [...new Set(['source', 'system', 'split', ...data.filters])].map((name) =>
        names[name][pair] === null
          ? null
          : node('span', { class: 'chip', title: name, dir: 'auto' }, chipText(name, names[name][pair])),
      ),
    ),
    node('h3', {}, 'Listeners'),
    answers.length ? dotPlot(answers, scale, pairs.rating[pair]) : '',
    node('p', { class: 'muted' }, listenersSentence(pairs, pair, answers)),
    node('h3', {}, 'Where the pair stands'),
    ranksTable(data, pair),
    node(
      'dl',
      { class: 'names' },
      node('dt', {}, 'pair'),
      node('dd', { dir: 'auto' }, pairs.id[pair]),
      node('dt', {}, 'clip'),
      node('dd', { dir: 'auto' }, pairs.audio[pair]),
    ),
  );
}

function chipText(name, value) {
  return name === 'source' ? value : toldFrom([...SOURCES, 'low band', 'high band'], name, value);
}

function answersOf(pairs, pair) {
  const flat = pairs.ratings ? pairs.ratings[pair] : [];
  const answers = [];
  for (let i = 0; i < flat.length; i += 2) answers.push({ listener: flat[i], score: flat[i + 1] });
  return answers.sort((a, b) => a.score - b.score);
}

function listenersSentence(pairs, pair, answers) {
  const mean = `Mean ${fixed(pairs.rating[pair], 2)} of ${count(pairs.n_ratings[pair])} ${pairs.n_ratings[pair] === 1 ? 'rating' : 'ratings'}`;
  if (!answers.length) return `${mean}; the data give no single ratings.`;
  return `${mean}: ${answers
    .slice(0, 40)
    .map(({ score: given }) => plainNumber(given))
    .join(', ')}${answers.length > 40 ? ' …' : ''}.`;
}

/** A dot a listener, equal answers stacked; the line is their mean. */
function dotPlot(answers, [low, high], mean) {
  const stacks = new Map();
  const at = (value) => 4 + (92 * (value - low)) / (high - low);
  const tallest = Math.max(
    ...answers.map(({ score: given }) => answers.filter((other) => other.score === given).length),
  );
  const step = Math.min(11, 66 / tallest);
  const dots = answers.map(({ listener, score: given }) => {
    const level = stacks.get(given) ?? 0;
    stacks.set(given, level + 1);
    return drawn(
      'circle',
      { class: 'dot', cx: `${at(given)}%`, cy: 78 - step * (level + 0.5), r: Math.min(4.5, step / 2) },
      drawn('title', {}, `listener ${listener}: ${plainNumber(given)}`),
    );
  });
  const marks = [low, (low + high) / 2, high];
  return drawn(
    'svg',
    {
      class: 'dot-plot',
      width: '100%',
      height: 98,
      role: 'img',
      'aria-label': `${answers.length} ratings from ${low} to ${high}`,
    },
    drawn('line', { class: 'base', x1: '4%', x2: '96%', y1: 80, y2: 80 }),
    drawn('line', { class: 'mean', x1: `${at(mean)}%`, x2: `${at(mean)}%`, y1: 6, y2: 80 }),
    dots,
    marks.map((value) => drawn('text', { x: `${at(value)}%`, y: 95, 'text-anchor': 'middle' }, plainNumber(value))),
  );
}

/** Scores and ranks; dots stand further right the better the rank, the line is the listeners' rank. */
function ranksTable(data, pair) {
  const { pairs } = data;
  const total = pairs.rating_rank.filter((rank) => rank !== null).length;
  const share = (rank) => (rank === null ? null : total > 1 ? 1 - (rank - 1) / (total - 1) : 1);
  const listeners = share(pairs.rating_rank[pair]);
  const row = (name, value, rank, own) =>
    node(
      'tr',
      { class: own ? 'own' : null },
      node('th', { scope: 'row', dir: 'auto', title: name }, node('span', { class: 'label' }, name)),
      node('td', { class: 'figure' }, value),
      node('td', { class: 'figure', title: `of ${total}` }, rank === null ? '–' : rankText(rank)),
      node('td', { class: 'track' }, rankTrack(share(rank), listeners, own)),
    );
  return node(
    'table',
    { class: 'ranks' },
    node(
      'thead',
      {},
      node(
        'tr',
        {},
        node('th', { scope: 'col' }, ''),
        node('th', { scope: 'col', class: 'figure' }, 'score'),
        node('th', { scope: 'col', class: 'figure' }, 'rank'),
        node(
          'th',
          { scope: 'col' },
          node('span', { class: 'ends' }, node('span', {}, 'worst'), node('span', {}, 'best')),
        ),
      ),
    ),
    node(
      'tbody',
      {},
      row('listeners', fixed(pairs.rating[pair], 2), pairs.rating_rank[pair], true),
      data.labels.map((label, i) =>
        row(label, fixed(pairs.scores[i][pair], data.digits[i]), pairs.ranks[i][pair], false),
      ),
    ),
  );
}

function rankTrack(place, listeners, own) {
  const at = (value) => `${4 + 92 * value}%`;
  return drawn(
    'svg',
    { class: 'rank-track', width: '100%', height: 18, 'aria-hidden': 'true' },
    drawn('line', { class: 'base', x1: '4%', x2: '96%', y1: 9, y2: 9 }),
    listeners === null ? null : drawn('line', { class: 'mean', x1: at(listeners), x2: at(listeners), y1: 1, y2: 17 }),
    place === null || listeners === null || own
      ? null
      : drawn('line', { class: 'gap', x1: at(listeners), x2: at(place), y1: 9, y2: 9 }),
    place === null ? null : drawn('circle', { class: own ? 'dot own' : 'dot', cx: at(place), cy: 9, r: 4 }),
  );
}
