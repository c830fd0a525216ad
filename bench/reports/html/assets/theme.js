// Light or dark: as the system says, unless the reader chooses. The choice lasts where the browser keeps it.

const THEMES = ['auto', 'light', 'dark'];
const THEME_KEY = 'clap-bench-theme';

function startTheme(button) {
  let theme = rememberedTheme();
  const show = () => {
    if (theme === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    const [sign, word] = { auto: ['◐', 'Auto'], light: ['○', 'Light'], dark: ['●', 'Dark'] }[theme];
    button.replaceChildren(sign, node('span', { class: 'word' }, ` ${word}`));
    button.setAttribute('aria-label', `Colours: ${theme}. Change`);
  };
  button.addEventListener('click', () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    rememberTheme(theme);
    show();
  });
  show();
}

// A page opened from a file may have no storage at all; reading it then throws.
function rememberedTheme() {
  try {
    const theme = localStorage.getItem(THEME_KEY);
    return THEMES.includes(theme) ? theme : 'auto';
  } catch {
    return 'auto';
  }
}

function rememberTheme(theme) {
  try {
    localStorage.setItem(THEME_KEY, theme);
  } catch {
    // Then it lasts as long as the page is open.
  }
}
