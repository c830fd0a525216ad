// The explorer's controls: what is shown, in which order, and whose disagreement is measured.

const SIDES = [
  ['', 'anything'],
  ['other', 'different sides'],
  ['same', 'the same side'],
  ['none', 'no side, one or both'],
];

function makeFilters(form, data, listed, change) {
  const judges = ['listeners', ...data.labels];
  const picks = Object.fromEntries(
    Object.entries(listed.picks)
      .filter(([, values]) => values.length > 1)
      .map(([name, values]) => [
        name,
        choice(name, [['', 'all'], ...values.map((value) => [value, toldFrom(['all'], name, value)])]),
      ]),
  );
  const search = node('input', {
    type: 'search',
    id: 'search',
    placeholder: listed.placeholder,
    spellcheck: 'false',
  });
  const first = choice(
    'first',
    judges.map((judge, i) => [i, judge]),
  );
  const second = choice(
    'second',
    judges.map((judge, i) => [i, judge]),
  );
  const order = choice('order', listed.orders);
  const sides = listed.sides ? choice('sides', SIDES) : null;
  const direction = node('button', { type: 'button', id: 'direction', class: 'plain', 'data-direction': 'desc' }, '');
  second.value = judges.length > 1 ? '1' : '0';

  form.append(
    field('Search', search, 'grow'),
    ...Object.entries(picks).map(([name, select]) => field(name[0].toUpperCase() + name.slice(1), select)),
    node(
      'fieldset',
      { class: 'field' },
      node('legend', {}, 'Disagreement between'),
      node('div', { class: 'pairing' }, first, node('span', {}, 'and'), second),
    ),
    ...(sides ? [field('These two prefer', sides)] : []),
    node(
      'fieldset',
      { class: 'field' },
      node('legend', {}, 'Sort by'),
      node('div', { class: 'pairing' }, order, direction),
    ),
    node('button', { type: 'reset', class: 'plain' }, 'Reset'),
  );

  first.setAttribute('aria-label', 'Disagreement between');
  second.setAttribute('aria-label', 'and');
  order.setAttribute('aria-label', 'Sort by');
  const state = () => ({
    words: search.value.toLowerCase().split(/\s+/).filter(Boolean),
    first: Number(first.value),
    second: Number(second.value),
    picks: Object.entries(picks)
      .filter(([, select]) => select.value)
      .map(([name, select]) => [listed.names[name], select.value]),
    sides: sides?.value ? (i) => listed.sides(i, Number(first.value), Number(second.value)) === sides.value : null,
  });
  form.addEventListener('submit', (event) => event.preventDefault());
  search.addEventListener(
    'input',
    delayed(() => change.filter(state())),
  );
  [...Object.values(picks), ...(sides ? [sides] : [])].forEach((select) => select.addEventListener('change', () => change.filter(state())));
  [first, second].forEach((select) =>
    select.addEventListener('change', () => {
      order.value = 'gap';
      change.judges(state());
    }),
  );
  order.addEventListener('change', () =>
    change.sort(
      order.value,
      showDirection(
        direction,
        order.value === 'gap' || order.value === 'rating' || /^m\d/.test(order.value) ? 'desc' : 'asc',
      ),
    ),
  );
  direction.addEventListener('click', () =>
    change.sort(order.value, showDirection(direction, direction.dataset.direction === 'desc' ? 'asc' : 'desc')),
  );
  form.addEventListener('reset', () =>
    setTimeout(() => {
      second.value = judges.length > 1 ? '1' : '0';
      showDirection(direction, 'desc');
      change.judges(state());
    }),
  );
  showDirection(direction, 'desc');
  return {
    state,
    showSort: (fieldName, dir) => {
      order.value = fieldName;
      showDirection(direction, dir);
    },
  };
}

function choice(name, options) {
  return node(
    'select',
    { id: `pick-${name}` },
    options.map(([value, label]) => option(value, label)),
  );
}

function field(label, control, more = '') {
  return node('label', { class: `field ${more}` }, node('span', {}, label), control);
}

function showDirection(button, direction) {
  button.dataset.direction = direction;
  button.textContent = direction === 'desc' ? '↓' : '↑';
  button.setAttribute('aria-label', direction === 'desc' ? 'Highest first. Reverse' : 'Lowest first. Reverse');
  return direction;
}

function delayed(action, milliseconds = 120) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, milliseconds);
  };
}
