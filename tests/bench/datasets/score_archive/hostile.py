"""Pull entries that a stranger made, one after another, from a hub on this machine; what comes of each as JSON.

``python -m tests.bench.datasets.score_archive.hostile FOLDER``: a process of its own, since huggingface_hub reads on
import which hub there is.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.hub_server import COMMIT, Hub, environment_of, serve_hub

ROWS = b"pair_id,score\na,1\nb,0.5\n"
FILE = "relate/one.csv"
LICENCE = b"MIT License"


def facts_of(rows: bytes = ROWS, file: str = FILE, **changed: object) -> dict[str, Any]:
    metric = {"metric": "one", "file": file, "sha256": hashlib.sha256(rows).hexdigest(), "n_pairs": 2, "n_scores": 2}
    dataset = {"name": "relate", "split": None, "sha256": None, "metrics": [metric | changed]}
    documents = {"LICENSE": hashlib.sha256(LICENCE).hexdigest()}
    about = {"format": 1, "summary": "one metric", "source": "a paper", "licence": "MIT", "note": ""}
    return {**about, "datasets": [dataset], "documents": documents}


def publish(hub: Hub, facts: object, **others: bytes) -> None:
    hub.content = {"scores.json": json.dumps(facts).encode(), FILE: ROWS, "LICENSE": LICENCE, **others}


def honest(hub: Hub) -> None:
    publish(hub, facts_of(), **{".gitattributes": b"", "README.md": b"# scores"})


def strange_file(hub: Hub) -> None:
    publish(hub, facts_of(), **{"run.py": b"import os"})


def path_in_the_listing(hub: Hub) -> None:
    publish(hub, facts_of(), **{"../../evil.csv": ROWS})


def absolute_path_in_the_listing(hub: Hub) -> None:
    publish(hub, facts_of(), **{"/tmp/evil.csv": ROWS})


def path_in_the_facts(hub: Hub) -> None:
    publish(hub, facts_of(file="../evil.csv"))


def absolute_path_in_the_facts(hub: Hub) -> None:
    publish(hub, facts_of(file="/tmp/evil.csv"))


def file_of_another_kind(hub: Hub) -> None:
    publish(hub, facts_of(file="pulled.json"), **{"pulled.json": ROWS})


def lying_facts(hub: Hub) -> None:
    publish(hub, facts_of(b"other rows"))


def lying_document(hub: Hub) -> None:
    publish(hub, facts_of(), LICENSE=b"all rights reserved")


def lying_counts(hub: Hub) -> None:
    publish(hub, facts_of(n_pairs=3))


def lying_server(hub: Hub) -> None:
    publish(hub, facts_of())
    hub.listed = {FILE: b"other rows"}


def no_numbers(hub: Hub) -> None:
    rows = ROWS.replace(b"0.5", b"nan")
    publish(hub, facts_of(rows), **{FILE: rows})


def missing_file(hub: Hub) -> None:
    publish(hub, facts_of())
    del hub.content[FILE]


def no_facts(hub: Hub) -> None:
    publish(hub, facts_of())
    del hub.content["scores.json"]


def facts_that_are_none(hub: Hub) -> None:
    publish(hub, [])


def large_facts(hub: Hub) -> None:
    publish(hub, facts_of())
    hub.sizes = {"scores.json": 2**22 + 1}


def large_file(hub: Hub) -> None:
    publish(hub, facts_of())
    hub.sizes = {FILE: 2**28 + 1}


def many_files(hub: Hub) -> None:
    publish(hub, facts_of(), **{f"{i}.csv": b"" for i in range(1_000)})


def name_of_a_column(hub: Hub) -> None:
    publish(hub, facts_of(metric="rating"))


def escapes(hub: Hub) -> None:
    publish(hub, {**facts_of(), "note": "\x1b]0;owned\x07"})


def newer_format(hub: Hub) -> None:
    publish(hub, {**facts_of(), "format": 2})


def git_link(hub: Hub) -> None:
    """What git calls a link comes from a hub as a file that holds a path."""
    publish(hub, facts_of(), **{FILE: b"/etc/passwd"})


CASES: tuple[Callable[[Hub], None], ...] = (
    strange_file, path_in_the_listing, absolute_path_in_the_listing, path_in_the_facts, absolute_path_in_the_facts,
    file_of_another_kind, lying_facts, lying_document, lying_counts, lying_server, no_numbers, missing_file, no_facts,
    facts_that_are_none, large_facts, large_file, many_files, name_of_a_column, escapes, newer_format, git_link, honest,
)  # fmt: skip


def main() -> None:
    folder = Path(sys.argv[1])
    with serve_hub() as hub:
        os.environ.update(environment_of(hub.url, folder / "home"))
        os.environ.pop("HF_HUB_OFFLINE", None)
        os.environ["CLAP_BENCH_SCORES_DIR"] = str(folder / "scores")
        from bench.datasets.score_archive.hub import pull
        from metrics.errors import ClapBenchError

        found = {}
        for case in CASES:
            hub.listed, hub.sizes = {}, {}
            case(hub)
            try:
                message = f"pulled {pull('any/name', 'mine').origin}"
            except ClapBenchError as error:
                message = f"{type(error).__name__}: {error}"
            left = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
            found[case.__name__] = {"message": message, "left": sorted(left)}
        print(json.dumps({"cases": found, "commit": COMMIT}))


if __name__ == "__main__":
    main()
