"""Make an entry of the archive of scores: out of a finished run, or out of scores by pair."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from bench.datasets.score_archive.entries import (
    Entry,
    check_entry_name,
    entry_names,
    entry_problems,
    find_entry,
    read_entry,
    refuse_other_folder,
)
from bench.datasets.score_archive.facts import FORMAT, Facts, MetricFile, ScoredDataset, write_facts
from bench.files.checksums import find_altered
from bench.files.csvfile import csv_text, read_csv
from bench.files.manifest import RunManifest, read_manifest, redact_text
from bench.files.paths import path_problem
from bench.files.scores import SCORES_NAME
from metrics.errors import DataError, UsageError, did_you_mean
from metrics.files import replacing_folder, scores_folder
from metrics.locks import held
from metrics.types import RemarkCallback, no_remark

Score = float | str | None
"""As a number, or with the digits that it was published with; None where the metric failed."""


@dataclass(frozen=True, slots=True)
class NewScores:
    """Scores of several metrics on the pairs of one data set.

    Attributes:
        dataset, split, sha256: see `bench.datasets.score_archive.facts.ScoredDataset`.
        scores: by metric and pair.
        signatures: by metric; of those that have none, nobody knows what they were.
    """

    dataset: str
    split: str | None
    sha256: str | None
    scores: Mapping[str, Mapping[str, Score]]
    signatures: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What to say of the scores; None keeps what the entry says, or takes what the run says. See `Facts`."""

    summary: str | None = None
    source: str | None = None
    licence: str | None = None
    note: str | None = None

    def over(self, known: Facts) -> Facts:
        """Return facts with what was given in place of what was known."""
        given = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return dataclasses.replace(known, **{name: text for name, text in given.items() if text is not None})


def add_run(
    run: Path,
    name: str | None = None,
    about: About | None = None,
    metrics: Collection[str] | None = None,
    remark: RemarkCallback = no_remark,
) -> Entry:
    """Put the scores of a finished run, on ratings or votes, into an entry in the user's folder.

    Ratings, votes, captions and clips are left out: an entry has names of pairs, and scores.

    Args:
        run: folder of the run.
        name: of the entry, new or made here before: then it gets another data set; None takes the run's.
        about: what to say of it.
        metrics: which ones; None takes all but baselines, which every run computes anew.
        remark: told which metrics were left out.

    Raises:
        UsageError: the name cannot be, is that of an entry of the package or of one that was pulled, or a metric is not
            in the run; or the entry has scores on these data.
        DataError: the folder holds no finished run, or its scores were changed since.
    """
    manifest = read_manifest(run)
    name = run.resolve().name if name is None else name
    check_entry_name(name)
    new = _scores_of_run(run, manifest, metrics, remark)
    with changing():
        refuse_other_folder(scores_folder() / name)
        known = find_entry(name) if name in entry_names() else None
        if known is not None and known.origin is not None:
            raise UsageError(f"scores {name!r} were pulled from {known.origin}; give another --name")
        try:
            facts, contents = _with(known, new, _facts_of_run(manifest, new), about or About())
        except ValueError as error:
            raise DataError(f"{run}: cannot be put into the archive: {error}; see docs/scores.md") from error
        return put_in_place(name, facts, contents)


def files_of(
    new: Sequence[NewScores], taken: Collection[str] = ()
) -> tuple[tuple[ScoredDataset, ...], dict[str, bytes]]:
    """Return what ``scores.json`` says of scores, and the content of their files by name; none is in ``taken``.

    Raises:
        ValueError: a name, or a metric without scores, that no entry can have.
    """
    contents: dict[str, bytes] = {}
    datasets = []
    for one in new:
        folder = _folder_name(one.dataset, one.split)
        while any(name.casefold().startswith(f"{folder}/".casefold()) for name in (*taken, *contents)):
            folder += "_"
        files = []
        for metric, scores in one.scores.items():
            text = csv_text({"pair_id": scores, "score": scores.values()}, metric).encode()
            path = f"{folder}/{_file_name(metric)}"
            n_scores = sum(score is not None for score in scores.values())
            sha256 = hashlib.sha256(text).hexdigest()
            files.append(MetricFile(metric, path, sha256, len(scores), n_scores, one.signatures.get(metric, "")))
            contents[path] = text
        datasets.append(ScoredDataset(one.dataset, one.split, one.sha256, tuple(files)))
    return tuple(datasets), contents


def put_in_place(name: str, facts: Facts, contents: Mapping[str, bytes]) -> Entry:
    """Write an entry into the user's folder, whole or not at all; one that was there is replaced.

    Raises:
        DataError: it is none that could be read again.
    """
    with replacing_folder(scores_folder() / name, overwrite=True) as part:
        for path, content in contents.items():
            (part / path).parent.mkdir(exist_ok=True)
            (part / path).write_bytes(content)
        write_facts(facts, part)
        if problem := next(entry_problems(read_entry(part)), None):
            raise DataError(problem)
    return read_entry(scores_folder() / name)


def changing() -> AbstractContextManager[None]:
    """Keep other processes from changing the user's folder of scores.

    Raises:
        ClapBenchError: one is changing it, or it cannot be written.
    """
    folder = scores_folder()
    return held(
        folder / ".lock",
        f"another process is changing {folder}; wait for it and give the command again",
        f"make {folder} writable, or name another folder by $CLAP_BENCH_SCORES_DIR",
    )


def _scores_of_run(
    run: Path, manifest: RunManifest, metrics: Collection[str] | None, remark: RemarkCallback
) -> NewScores:
    if altered := next(find_altered(run, {SCORES_NAME: manifest.outputs.get(SCORES_NAME, "")}), None):
        raise DataError(f"{run}: {altered} since the run wrote it, so its signatures do not vouch for it; run it again")
    known = list(manifest.signatures)
    for metric in metrics or ():
        if metric not in known:
            hint = did_you_mean(metric, known)
            raise UsageError(f"no metric {metric!r} in {run}{hint} (known: {', '.join(known)})")
    baselines = [metric for metric in known if metrics is None and metric in manifest.baselines]
    if baselines:
        remark(f"baselines are left out: {', '.join(baselines)}; --metrics keeps those that it names")
    chosen = [metric for metric in known if metric in (metrics or known) and metric not in baselines]
    rows = read_csv(run / SCORES_NAME, ("pair_id", *chosen)).rows
    scores: dict[str, dict[str, Score]] = {
        metric: {row["pair_id"]: row.number(metric) if row.get(metric) else None for row in rows} for metric in chosen
    }
    for metric in chosen:
        if all(score is None for score in scores[metric].values()):
            remark(f"{metric} has no scores in {run}; it is left out")
            del scores[metric]
    if not scores:
        raise DataError(f"{run} has no scores that could be put into the archive; give another run")
    data = manifest.dataset
    own = data.name.lower().endswith(".csv")
    signatures = {metric: redact_text(manifest.signatures[metric]) for metric in scores}
    name = re.split(r"[\\/]", data.name)[-1] if own else data.name  # where it lies is its owner's affair
    return NewScores(name, data.split, data.sha256, scores, signatures)


def _facts_of_run(manifest: RunManifest, new: NewScores) -> Facts:
    where = new.dataset if new.split is None else f"{new.dataset} ({new.split})"
    datasets, _ = files_of([new])
    return Facts(
        format=FORMAT,
        summary=f"{', '.join(new.scores)} on {where}",
        source=f"clap-bench {manifest.code.version}, run {manifest.run_id}",
        datasets=datasets,
    )


def _with(known: Entry | None, new: NewScores, of_run: Facts, about: About) -> tuple[Facts, dict[str, bytes]]:
    """Return the facts and files of an entry with a data set more."""
    if known is None:
        return about.over(of_run), files_of([new])[1]
    if problem := next(entry_problems(known), None):
        raise DataError(f"scores {known.name!r} cannot be added to: {problem}")
    if any((one.name, one.split) == (new.dataset, new.split) for one in known.facts.datasets):
        raise UsageError(f"scores {known.name!r} are of {of_run.datasets[0].label} already; give another --name")
    datasets, contents = files_of([new], known.facts.files)
    kept = {name: (known.folder / name).read_bytes() for name in known.facts.files}
    facts = dataclasses.replace(known.facts, datasets=(*known.facts.datasets, *datasets))
    return about.over(facts), kept | contents


def _folder_name(dataset: str, split: str | None) -> str:
    """Return a name for a data set's folder; others may share it."""
    plain = re.sub(r"[^a-z0-9_+-]", "-", (dataset if split is None else f"{dataset}-{split}").lower())[:60]
    return plain if plain[0].isalnum() and not path_problem(plain) else f"set-{plain}"


def _file_name(metric: str) -> str:
    """Return a name for a metric's file that no other metric's has, on any system."""
    plain = re.sub(r"[^a-z0-9_+.-]", "-", metric.lower())[:60]
    if plain == metric and plain[0].isalnum() and not path_problem(f"{plain}.csv"):
        return f"{plain}.csv"
    return f"{plain.lstrip('-_.+') or 'metric'}-{hashlib.sha256(metric.encode()).hexdigest()[:8]}.csv"
