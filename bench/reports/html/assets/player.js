// One audio element for all pairs: a clip inside the page if it was embedded, else its file beside the page.

function startPlayer(data, { onChange }) {
  const audio = byId('audio');
  const { prefix, rest } = data.pairs.urls;
  const captions = texts(data.pairs.title ?? data.pairs.caption);
  let current = null;
  const source = (pair) => data.clips[pair] ?? prefix + rest[pair];
  const say = (message, isProblem = false) => {
    byId('player-message').textContent = message;
    byId('player-message').classList.toggle('problem', isProblem);
  };
  const fail = () => {
    if (current === null) return;
    say(
      `The clip cannot be played: ${data.pairs.audio[current]} was not found where the page expects it. Keep the page ` +
        'where it was made, or make it with --embed-audio N.',
      true,
    );
    onChange();
  };
  for (const event of ['play', 'pause', 'ended']) audio.addEventListener(event, onChange);
  audio.addEventListener('error', fail);

  function play(pair) {
    current = pair;
    byId('player').hidden = false;
    document.body.classList.add('has-player');
    byId('player-caption').textContent = captions[pair];
    say(data.clips[pair] ? 'embedded in this page' : data.pairs.audio[pair]);
    audio.src = source(pair);
    // A clip that is missing also raises the error event, which says so; one that is cut short by the next is no error.
    audio.play().catch(() => {});
  }

  function toggle(pair) {
    if (pair !== current || audio.error) play(pair);
    else if (audio.paused) audio.play().catch(() => {});
    else audio.pause();
  }

  return { play, toggle, isPlaying: (pair) => pair === current && !audio.paused && !audio.error };
}
