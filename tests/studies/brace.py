"""Write the data in `bench/datasets/brace/`, and the scores of them, from the publishers' files.

``nox -s brace -- FOLDER``; the scores are entries of the archive, in `bench/datasets/score_archive/packaged/`.

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
import hashlib
import io
import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.datasets.brace.dataset import PARTS, VOTE_COLUMNS
from bench.datasets.score_archive.facts import FACTS_NAME, FORMAT, Facts
from bench.datasets.score_archive.write import NewScores, Score
from bench.datasets.score_archive.write import files_of as score_files_of
from bench.datasets.votes import pair_id_of
from bench.files.records import json_text

DATASETS = Path(__file__).parents[2] / "bench" / "datasets"
BRACE = "brace"
ARCHIVE = "score_archive/packaged"
RAW_NAMES = {"audiocaps": "AudioCaps_Main.json", "clotho": "Clotho_Main.json"}
DOCUMENTS = ("LICENSE-CAF-Score", "NOTICE")
"""Written by hand; they lie beside the scores."""

CAF = "github.com/inseong00/CAF-Score"


@dataclass(frozen=True)
class ScoreTables:
    """The tables of an entry of the archive, what its facts say, and what its metrics' names begin with."""

    pattern: str
    about: Mapping[str, str]
    signature: str
    prefix: str = ""


ENTRIES = {
    "caf-score": ScoreTables(
        "caf_scores_{}_main.csv",
        {
            "summary": "CAF-Score: 0.8 CLAP + 0.2 rating of a language model, four CLAPs times two models",
            "source": f"{CAF}, data/results/caf",
            "licence": "MIT",
        },
        "{metric}, weighted_8.json, as published",
    ),
    "recovered-clap": ScoreTables(
        "recovered_clap_cosines_{}_main.csv",
        {
            "summary": "cosines of LAION, M2D-, MGA- and MS-CLAP: derived from caf-score, published by nobody",
            "source": "derived from caf-score",
            "licence": "MIT",
            "note": "recovered: cosines are derived from the scores of CAF-Score, on the pairs where exactly one "
            "cosine and one rating give these scores; the others have none",
        },
        "cosine of {metric}, derived",
        prefix="recovered:",
    ),
}
KEYS = ("file_name", "comparison", "caption_index", "caption", "preferred_by_humans")
Pairs = dict[tuple[str, str, int], str]
"""Pair ids by clip, comparison and side."""


def files_of(raw: Path) -> dict[str, str]:
    """Return the content of every file by its path under `bench/datasets/`."""
    made: dict[str, str] = {}
    scores: dict[str, list[NewScores]] = {name: [] for name in ENTRIES}
    for part in PARTS:
        records = json.loads((raw / RAW_NAMES[part]).read_text(encoding="utf-8"))
        rows = list(vote_rows(records))
        votes = csv_text(VOTE_COLUMNS, rows)
        made[f"{BRACE}/{part}_votes.csv"] = votes
        pairs: Pairs = {}
        for row in rows:
            for side, text in enumerate((row[2], row[3])):
                pairs[row[1], row[0].rpartition("/")[2], side] = pair_id_of(row[1], text)
        sha256 = hashlib.sha256(votes.encode()).hexdigest()
        for name, tables in ENTRIES.items():
            found = score_table(raw / tables.pattern.format(part), pairs)
            signatures = {f"{tables.prefix}{one}": tables.signature.format(metric=one) for one in found}
            named = {f"{tables.prefix}{one}": values for one, values in found.items()}
            scores[name].append(NewScores(f"brace:{part}", None, sha256, named, signatures))
    for name, new in scores.items():
        made |= {f"{ARCHIVE}/{name}/{path}": text for path, text in entry_files(name, new).items()}
    made[f"{BRACE}/published_accuracies.json"] = published(raw / "published_accuracies.json")
    return made


def entry_files(name: str, new: list[NewScores]) -> dict[str, str]:
    """Return the content of an entry's files by their names in it, but for the documents."""
    datasets, contents = score_files_of(new)
    folder = DATASETS / ARCHIVE / name
    documents = {one: hashlib.sha256((folder / one).read_bytes()).hexdigest() for one in DOCUMENTS}
    facts = Facts(format=FORMAT, datasets=datasets, documents=documents, **ENTRIES[name].about)
    return {path: content.decode() for path, content in contents.items()} | {FACTS_NAME: json_text(facts, 2) + "\n"}


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


def score_table(path: Path, pairs: Pairs) -> dict[str, dict[str, Score]]:
    """Return the scores by metric and pair, digits as they are in ``path``; None for pairs that are not there.

    A pair that has two different scores is an error.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        metrics = [name for name in reader.fieldnames or () if name not in KEYS]
        found: dict[str, list[str]] = {}
        for row in reader:
            pair_id = pairs[row["file_name"], row["comparison"], int(row["caption_index"])]
            scores = [row[metric] for metric in metrics]
            if found.setdefault(pair_id, scores) != scores:
                raise SystemExit(f"{path}: {pair_id} has two different scores")
    nothing: list[None] = [None] * len(metrics)
    by_pair = {pair_id: found.get(pair_id, nothing) for pair_id in dict.fromkeys(pairs.values())}
    return {metric: {pair_id: row[i] for pair_id, row in by_pair.items()} for i, metric in enumerate(metrics)}


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
        if not (DATASETS / name).is_file() or (DATASETS / name).read_bytes() != text.encode()
    ]
    if arguments.check:
        sys.exit(f"not current: {', '.join(stale)}" if stale else 0)
    for name in stale:
        (DATASETS / name).parent.mkdir(parents=True, exist_ok=True)
        (DATASETS / name).write_bytes(made[name].encode())
    print(f"{len(stale)} of {len(made)} files written")


if __name__ == "__main__":
    main()
