// The explorer: a virtual table of all pairs, or of all comparisons, the details of one, and the player.

/**
 * What is listed, and how: `rows` with `i`, `gap` and what `columns` show; `names`, texts by filter; `haystacks`, what is
 * searched; `gap` between two judges; `detail`, all about one; `clip`, which pair is played; `narrow`, what a phone leaves
 * out; `noun`; and for the controls `placeholder`, `orders`, `picks` and `sides`.
 */
function startExplorer(data, listed) {
  const { rows } = listed;
  let chosen = null;
  const player = startPlayer(data, {
    onChange: () => {
      refresh();
    },
  });
  const plays = (i) => player.isPlaying(listed.clip(i));
  const table = tabulator('#pair-table', listed.columns(plays), rows, {
    height: '100%',
    rowHeight: 52,
    renderVerticalBuffer: 400,
    initialSort: [{ column: 'gap', dir: 'desc' }],
    rowFormatter: (row) => markRow(row.getElement(), row.getData().i, row.getData().i === chosen, plays),
  });
  const grid = byId('pair-table');
  const filters = makeFilters(byId('filters'), data, listed, {
    filter,
    judges,
    sort: (fieldName, direction) => table.setSort(fieldName, direction),
  });

  function filter({ words, picks, sides }) {
    table.setFilter(
      (row) =>
        picks.every(([column_, value]) => column_[row.i] === value) &&
        (!sides || sides(row.i)) &&
        words.every((word) => listed.haystacks[row.i].includes(word)),
    );
    say();
  }

  function judges(state) {
    rows.forEach((row) => {
      row.gap = listed.gap(row.i, state.first, state.second);
    });
    table.replaceData(rows).then(() => {
      table.setSort('gap', 'desc');
      filter(state);
    });
  }

  function say() {
    const active = table.getDataCount('active');
    grid.setAttribute('aria-rowcount', active);
    const all = `${count(rows.length)} ${listed.noun}`;
    byId('pairs-state').textContent = active === rows.length ? all : `${count(active)} of ${all}`;
  }

  function refresh() {
    grid
      .querySelectorAll('.tabulator-row')
      .forEach((element) =>
        markRow(element, Number(element.dataset.pair), Number(element.dataset.pair) === chosen, plays),
      );
    byId('detail')
      .querySelectorAll('.wide-play')
      .forEach((button) => {
        button.firstChild.data = player.isPlaying(Number(button.dataset.clip)) ? '❚❚ Pause' : '▶ Play';
      });
  }

  function choose(i) {
    chosen = i;
    grid.setAttribute('aria-activedescendant', `pair-${i}`);
    listed.detail(byId('detail'), i, player);
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
    if (event.target.closest('.play')) player.toggle(listed.clip(chosen));
  });
  table.on('dataSorted', ([sorter]) => {
    if (sorter) filters.showSort(sorter.field, sorter.dir);
  });
  return new Promise((resolve) => {
    table.on('tableBuilt', () => {
      makeKeyboard(
        grid,
        step,
        (i) => player.play(listed.clip(i)),
        (i) => player.toggle(listed.clip(i)),
        () => chosen,
        listed.noun,
      );
      fitColumns(table, listed.narrow);
      NARROW.addEventListener('change', () => fitColumns(table, listed.narrow));
      choose(table.getRows('active')[0]?.getData().i ?? 0);
      say();
      resolve();
    });
  });
}

function playColumn(plays) {
  return column(
    () => node('span', { class: 'hidden' }, 'Play'),
    'i',
    (row) =>
      node(
        'button',
        { type: 'button', class: 'play', tabindex: '-1', 'aria-label': 'Play' },
        plays(row.i) ? '❚❚' : '▶',
      ),
    { width: NARROW.matches ? 46 : 52, headerSort: false, hozAlign: 'center', frozen: !NARROW.matches },
  );
}

/** A wide button that plays the clip of a pair. */
function playButton(data, pair, player, what = '') {
  return node(
    'button',
    { type: 'button', class: 'play wide-play', 'data-clip': pair, click: () => player.toggle(pair) },
    player.isPlaying(pair) ? '❚❚ Pause' : '▶ Play',
    what,
    data.clips[pair] ? ' (embedded)' : '',
  );
}

function gapCell(gap, most, text) {
  if (gap === null) return '–';
  return node(
    'div',
    { class: 'cell' },
    node('span', { class: 'value' }, text(gap)),
    drawn(
      'svg',
      { class: 'bar-track', width: '100%', height: 5, 'aria-hidden': 'true' },
      drawn('rect', {
        class: 'bar',
        x: `${100 - (100 * gap) / most}%`,
        width: `${(100 * gap) / most}%`,
        height: 5,
        rx: 2,
      }),
    ),
  );
}

function markRow(element, i, isChosen, plays) {
  element.id = `pair-${i}`;
  element.dataset.pair = i;
  element.classList.toggle('chosen', isChosen);
  element.setAttribute('aria-selected', String(isChosen));
  const button = element.querySelector('.play');
  if (button) button.textContent = plays(i) ? '❚❚' : '▶';
}

function makeKeyboard(grid, step, play, toggle, chosen, noun) {
  const page = 8;
  const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
  grid.tabIndex = 0;
  grid.setAttribute('aria-label', noun[0].toUpperCase() + noun.slice(1));
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

/** On a phone the details below the table hold what does not fit. */
function fitColumns(table, fields) {
  fields.forEach((name) => (NARROW.matches ? table.hideColumn(name) : table.showColumn(name)));
  table.redraw(true);
}
