"""``bench doctor``."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.terminal.console import put, say
from bench.terminal.options import AsJson, DeviceOption, PrecisionOption
from metrics.errors import ClapBenchError, PluginError
from metrics.types import ScorerOptions

if TYPE_CHECKING:
    from metrics.doctor import Finding


def doctor_command(
    metrics: Annotated[
        str | None, typer.Option(help="Scorers to examine, separated by commas.", show_default="all that can run here")
    ] = None,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "fp32",
    as_json: AsJson = False,
) -> None:
    """Is every scorer deterministic and batch-independent on this machine?

    Re-scores a few clips under other batch sizes, orders, worker counts and windows, and prints the largest
    differences. Fails if one exceeds its tolerance; a finding without a tolerance is for information.
    """
    from metrics.doctor import all_passed, examine, example_pairs

    names = _chosen(metrics)
    options = ScorerOptions(device=device, precision=precision)
    findings: list[Finding] = []
    broken: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        pairs = example_pairs(Path(folder))
        for name in names:
            say(f"examining {name} …")
            try:
                findings += examine(name, pairs, options)
            except PluginError as error:
                broken.append(name)
                say(f"error: {error}")
    _show(findings, as_json)
    for finding in findings:
        for warning in finding.warnings:
            say(f"warning: {finding.metric}: {warning}")
    if not all_passed(findings):
        failed = ", ".join(f"{f.metric} ({f.question})" for f in findings if not f.passed)
        raise ClapBenchError(f"scores differ where they must not: {failed}; do not compare scores from this machine")
    if broken:
        raise ClapBenchError(f"plugins that fail, see above: {', '.join(broken)}")


def _chosen(metrics: str | None) -> list[str]:
    from metrics.registry import availability, expand_names, known_families

    if metrics is not None:
        return expand_names(metrics)
    available = [name for name in known_families() if availability(name).available]
    absent = [name for name in known_families() if name not in available]
    if absent:
        say(f"cannot run here, see 'bench metrics': {', '.join(absent)}")
    return available


def _show(findings: list[Finding], as_json: bool) -> None:
    if as_json:
        from bench.files.records import json_text

        records = [{**asdict(finding), "passed": finding.passed} for finding in findings]
        put(json_text(records, indent=2))
        return
    from rich import box
    from rich.table import Table

    from bench.terminal.screen import Screen

    grid = Table("metric", "what was varied", box=box.SIMPLE_HEAD)
    for header in ("largest difference", "typical", "allowed", ""):
        grid.add_column(header, justify="right")
    for finding in findings:
        allowed = "" if finding.tolerance is None else f"{finding.tolerance:.0e}"
        verdict = "" if finding.tolerance is None else ("ok" if finding.passed else "TOO LARGE")
        largest, typical = f"{finding.largest:.1e}", f"{finding.typical:.1e}"
        grid.add_row(finding.metric, finding.question, largest, typical, allowed, verdict)
    Screen(width=None if sys.stdout.isatty() else 120).print(grid)
