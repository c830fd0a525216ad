// Estimates with their intervals, drawn to a scale that all rows of a column share.

/** The range of some {estimate, low, high}, widened a little, and always with 0 if it lies near. */
function domainOf(cells, anchor = null) {
  const ends = cells
    .flatMap((cell) => [cell.low, cell.high, cell.estimate])
    .filter((value) => typeof value === 'number');
  if (!ends.length) return null;
  if (anchor !== null) ends.push(anchor);
  const low = Math.min(...ends);
  const high = Math.max(...ends);
  const margin = (high - low || 1) * 0.04;
  return [low - margin, high + margin];
}

/** A whisker from low to high with a dot at the estimate, and a line at 0, or what a coin has, through the whole cell where it is in sight. */
function whisker({ estimate, low, high }, domain, { height = 20, hollow = false, chance = 0 } = {}) {
  if (typeof estimate !== 'number' || !domain) return node('span', { class: 'muted' }, '–');
  const at = (value) => `${(100 * (value - domain[0])) / (domain[1] - domain[0])}%`;
  const middle = height / 2;
  const hasInterval = typeof low === 'number' && typeof high === 'number';
  return drawn(
    'svg',
    { class: 'whisker', width: '100%', height, 'aria-hidden': 'true' },
    domain[0] < chance && domain[1] > chance
      ? drawn('line', { class: 'zero', x1: at(chance), x2: at(chance), y1: -height, y2: 2 * height })
      : null,
    hasInterval ? drawn('line', { class: 'stem', x1: at(low), x2: at(high), y1: middle, y2: middle }) : null,
    drawn('circle', { class: hollow ? 'dot hollow' : 'dot', cx: at(estimate), cy: middle, r: 4 }),
  );
}

/** Ticks for a column of whiskers: its title, and the numbers at round places beneath it. */
function axis(title, domain) {
  const head = node('div', { class: 'axis' }, node('span', {}, title));
  if (!domain) return head;
  const at = (value) => `${(100 * (value - domain[0])) / (domain[1] - domain[0])}%`;
  head.append(
    drawn(
      'svg',
      { class: 'ticks', width: '100%', height: 18, 'aria-hidden': 'true' },
      ticks(domain).map((value) =>
        drawn('text', { x: at(value), y: 13, 'text-anchor': 'middle' }, String(value).replace('-', '−')),
      ),
    ),
  );
  return head;
}

function ticks([low, high]) {
  const rough = (high - low) / (NARROW.matches ? 2 : 4);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  const inset = (high - low) * 0.05;
  const found = [];
  for (let i = Math.ceil((low + inset) / step); i * step <= high - inset; i += 1)
    found.push(Number((i * step).toFixed(digits)));
  return found;
}
