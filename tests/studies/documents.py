"""What the README shows of the demo and of results/brace: ``nox -s docs`` writes it, ``-- --check`` compares."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.reports.contents import build_report
from bench.reports.figures import save_figures
from bench.reports.layout import Cell
from bench.runs.folder import Run, read_run
from bench.runs.page import figures_of_run
from tests.studies.brace_tables import brace_blocks
from tests.tables import markdown, replace_block

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
FIGURES = ROOT / "docs" / "figures"
SHOWN_FIGURE = "scores"
SHOWN_METRICS = ("tiny", "human:tiny-wsce+mae", "random")
SHOWN_COLUMNS = ("standing", "SRCC ↑", "MSE ↓")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if a document is out of date")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = run_demo(Path(folder) / "demo")
    if not arguments.check:
        write_figure(run)
    current = readme_of(run)
    if current == README.read_text(encoding="utf-8"):
        return 0
    if arguments.check:
        print("README.md does not show what the demo and results/brace say; run 'nox -s docs'", file=sys.stderr)
        return 1
    README.write_text(current, encoding="utf-8")
    return 0


def run_demo(folder: Path) -> Run:
    """Run ``bench demo`` as a user does and read the run back."""
    subprocess.run([sys.executable, "-m", "bench", "demo", "--out", str(folder)], check=True, capture_output=True)
    return read_run(folder / "sounds")


def readme_of(run: Run) -> str:
    """Return the README with what this run and the worked example show."""
    text = README.read_text(encoding="utf-8")
    for name, block in {"demo": demo_table(run), **brace_blocks()}.items():
        text = replace_block(text, name, block)
    return text


def write_figure(run: Run) -> None:
    """Draw the figure that the README shows; its bytes depend on matplotlib's version, so no test compares them."""
    save_figures((one for one in figures_of_run(run) if one.name == SHOWN_FIGURE), FIGURES, ["svg"])


def demo_table(run: Run) -> str:
    """Return the first columns of the report's first table for the metrics that tell the story."""
    report = build_report(run.manifest, run.table, run.analysis)
    table = report.sections[0].tables[0]
    rows = {row.label: row for row in table.rows}
    kept = [k for k, column in enumerate(table.columns) if column.header in SHOWN_COLUMNS]
    return markdown(
        ("metric", *(table.columns[k].header for k in kept)),
        [(f"`{name}`", *(_text(rows[name].cells[k]) for k in kept)) for name in SHOWN_METRICS if name in rows],
    )


def _text(cell: Cell) -> str:
    return f"{f'**{cell.value}**' if cell.best else cell.value} {cell.interval}".strip()


if __name__ == "__main__":
    sys.exit(main())
