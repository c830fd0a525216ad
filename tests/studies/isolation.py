"""Proves that a scorer runs where its packages cannot be installed: ``nox -s isolated``.

The process that runs this has numpy 2 and transformers 5, and no msclap. It scores clips with ``bench run --metrics
isolated:ms``, whose environment is built for it (minutes, some GB), and holds the scores against those of the same
code run directly by that environment's Python: they must be the same to the bit, under the same signature.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import soundfile

from metrics.isolated.environments import CORE, ensure_environment
from metrics.registry import requirements_of
from tests import hub
from tests.metrics.clips import tone

ROOT = Path(__file__).parents[2]
CAPTIONS = ("A dog barks.", "Rain falls on a tin roof while thunder rumbles.", "A man speaks, then laughs!")
DURATIONS_S = (0.4, 2.5, 7.0, 12.0)

IN_PROCESS = """
import json, sys
from pathlib import Path
import numpy, transformers
from metrics.registry import make_scorer
from metrics.types import AudioTextPair, ScorerOptions
pairs = [AudioTextPair(i, Path(path), text) for i, path, text in json.load(open(sys.argv[1]))]
scorer = make_scorer("ms", ScorerOptions())
print(json.dumps({
    "versions": [numpy.__version__, transformers.__version__],
    "signature": scorer.spec.signature(),
    "scores": [score.hex() for score in scorer.score(pairs).scores.tolist()],
}))
"""


def main() -> None:
    """Build the environment, score both ways, compare; fail loudly."""
    check_this_process()
    python = ensure_environment((*CORE, *requirements_of("ms")), "ms", lambda *_: None)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "HF_HOME": str(hub.default_folder())}
    subprocess.run([python, "-m", "tests.hub", hub.default_folder(), "gpt2", "ms"], env=environment, check=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_data(folder)
        ours = run_isolated(folder, environment)
        theirs = run_in_process(python, folder, environment)
    here = f"numpy {version('numpy')}, transformers {version('transformers')}"
    there = "numpy {}, transformers {}".format(*theirs["versions"])
    assert ours["signature"] == theirs["signature"], (ours["signature"], theirs["signature"])
    assert ours["scores"] == theirs["scores"], (ours["scores"], theirs["scores"])
    assert len(set(ours["scores"])) > len(CAPTIONS), "scores that hardly differ prove nothing"
    print(f"bench run with {here}; ms with {there}\n{ours['signature']}")
    print(f"{len(ours['scores'])} of {len(ours['scores'])} scores equal to the bit")


def check_this_process() -> None:
    """Fail unless msclap could not run here."""
    for package in ("numpy", "transformers"):
        assert int(version(package).split(".")[0]) >= {"numpy": 2, "transformers": 5}[package], version(package)
    assert importlib.util.find_spec("msclap") is None, "msclap is installed here: this would prove nothing"


def write_data(folder: Path) -> None:
    """Write clips and a rating file, and the same pairs as JSON."""
    pairs = []
    for seed, duration_s in enumerate(DURATIONS_S):
        path = folder / f"{seed}.wav"
        soundfile.write(path, tone(duration_s, 16_000, seed=seed), 16_000)
        pairs += [(f"{seed}/{i}", str(path), caption) for i, caption in enumerate(CAPTIONS)]
    with (folder / "ratings.csv").open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(["pair_id", "audio_path", "text", "rating"])
        rows.writerows([*pair, i % 11] for i, pair in enumerate(pairs))
    (folder / "pairs.json").write_text(json.dumps(pairs))


def run_isolated(folder: Path, environment: dict[str, str]) -> dict[str, object]:
    """Score by the command line; return signature and scores."""
    command = [sys.executable, "-m", "bench", "run", "--dataset", folder / "ratings.csv", "--metrics", "isolated:ms"]
    command += ["--resamples", "99", "--no-store", "--out", folder / "run"]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    manifest = json.loads((folder / "run" / "manifest.json").read_text())
    with (folder / "run" / "scores.csv").open(encoding="utf-8") as stream:
        rows = {row["pair_id"]: np.float64(row["isolated:ms"]) for row in csv.DictReader(stream)}
    order = [pair_id for pair_id, _, _ in json.loads((folder / "pairs.json").read_text())]
    return {
        "signature": manifest["signatures"]["isolated:ms"],
        "scores": [float(rows[pair_id]).hex() for pair_id in order],
    }


def run_in_process(python: Path, folder: Path, environment: dict[str, str]) -> dict[str, list[str]]:
    """Score in the environment itself, without a pipe."""
    command = [python, "-c", IN_PROCESS, folder / "pairs.json"]
    answer = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(answer.stdout.splitlines()[-1]))


if __name__ == "__main__":
    main()
