"""Write the data in `bench/datasets/brace/` from the publishers' files: ``nox -s brace -- FOLDER``.

FOLDER holds `AudioCaps_Main.json` and `Clotho_Main.json` (HychTus/BRACE_Evaluation, BRACE/meta), and of each part the
scores of eight metrics by CAF-Score's authors (inseong00/CAF-Score, data/results/caf, `weighted_8.json` each) in one
table `caf_scores_PART_main.csv`, the cosines recovered from them in `recovered_clap_cosines_PART_main.csv`, and
`published_accuracies.json`. The tables have the columns file_name, comparison, caption_index and one a metric.

Nothing is computed but identifiers: every vote, caption and number is as it was published, and a clip's caption that
stands in several comparisons has its scores once. ``--check`` only says whether the files are current.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.datasets.brace.dataset import PARTS, VOTE_COLUMNS
from bench.datasets.votes import pair_id_of

TARGET = Path(__file__).parents[2] / "bench" / "datasets" / "brace"
RAW_NAMES = {"audiocaps": "AudioCaps_Main.json", "clotho": "Clotho_Main.json"}
SCORE_TABLES = {"caf_score": "caf_scores_{}_main.csv", "recovered_clap": "recovered_clap_cosines_{}_main.csv"}
KEYS = ("file_name", "comparison", "caption_index", "caption", "preferred_by_humans")
Pairs = dict[tuple[str, str, int], str]
"""Pair ids by clip, comparison and side."""


def files_of(raw: Path) -> dict[str, str]:
    """Return the content of every file by its name."""
    made: dict[str, str] = {}
    for part in PARTS:
        records = json.loads((raw / RAW_NAMES[part]).read_text(encoding="utf-8"))
        rows = list(vote_rows(records))
        made[f"{part}_votes.csv"] = csv_text(VOTE_COLUMNS, rows)
        pairs: Pairs = {}
        for row in rows:
            for side, text in enumerate((row[2], row[3])):
                pairs[row[1], row[0].rpartition("/")[2], side] = pair_id_of(row[1], text)
        for name, pattern in SCORE_TABLES.items():
            made[f"{part}_{name}.csv"] = score_table(raw / pattern.format(part), pairs)
    made["published_accuracies.json"] = published(raw / "published_accuracies.json")
    return made


def vote_rows(records: list[dict[str, list[str]]]) -> Iterator[list[str]]:
    """Yield one row a comparison, in the publishers' order."""
    for record in records:
        clip = str(record["file_name"])
        for name, comparison in record.items():
            if name in ("file_name", "references"):
                continue
            text_a, text_b, origin_a, origin_b, votes = comparison
            kind = re.sub(r"_\d+$", "", name).lower()
            yield [f"{clip}/{name}", clip, text_a, text_b, kind, origin_a, origin_b, *map(str, votes)]


def score_table(path: Path, pairs: Pairs) -> str:
    """Return the scores by pair, digits as they are in ``path``; a pair that has two different scores is an error."""
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        metrics = [name for name in reader.fieldnames or () if name not in KEYS]
        found: dict[str, list[str]] = {}
        for row in reader:
            pair_id = pairs[row["file_name"], row["comparison"], int(row["caption_index"])]
            scores = [row[metric] for metric in metrics]
            if found.setdefault(pair_id, scores) != scores:
                raise SystemExit(f"{path}: {pair_id} has two different scores")
    return csv_text(("pair_id", *metrics), [[pair_id, *scores] for pair_id, scores in found.items()])


def published(path: Path) -> str:
    """Return the accuracies of CAF-Score by part, metric and kind of comparison, all digits."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    names = {"all": "Overall", "human-human": "HH", "human-machine": "HM", "machine-machine": "MM"}
    kept = {
        part: {
            metric: {kind: figures[f"CAF {name} Accuracy"] for kind, name in names.items()}
            for metric, figures in raw[f"{part}_main"].items()
        }
        for part in PARTS
    }
    return json.dumps(kept, indent=1) + "\n"


def csv_text(columns: tuple[str, ...], rows: list[list[str]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([columns, *rows])
    return stream.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("raw", type=Path)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    made = files_of(arguments.raw)
    stale = [
        name
        for name, text in made.items()
        if not (TARGET / name).is_file() or (TARGET / name).read_bytes() != text.encode()
    ]
    if arguments.check:
        sys.exit(f"not current: {', '.join(stale)}" if stale else 0)
    for name in stale:
        (TARGET / name).write_bytes(made[name].encode())
    print(f"{len(stale)} of {len(made)} files written")


if __name__ == "__main__":
    main()
