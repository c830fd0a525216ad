// What happens when the page opens. `data-ready` on the root element says after how many milliseconds all was there.

function start() {
  const data = JSON.parse(byId('data').textContent);
  data.digits = data.pairs.scores.map(digitsOf);
  startTheme(byId('theme'));
  showReport(data);
  showFigures(data.figures);
  showManifest(data.manifest);
  startAgreement(data);
  startExplorer(data, data.comparisons ? comparisonsListed(data) : pairsListed(data)).then(() => {
    document.documentElement.dataset.ready = String(Math.round(performance.now()));
  });
  showContents();
}

start();
