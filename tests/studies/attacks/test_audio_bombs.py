"""Small files that decode or resample to much: each fails alone, before memory is taken for it."""

from __future__ import annotations

import csv
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from metrics import audio
from tests.metrics.clips import write_tone

GIGABYTE = 1_000_000_000


def run_limited(arguments: list[str], limit: int, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python with a limit on the memory that it may write to; importing torch takes 0.4 GB of it."""
    assert limit <= 2 * GIGABYTE
    return subprocess.run(
        [sys.executable, "-W", "ignore", *arguments],
        cwd=cwd,
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"} | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)),
    )


def write_one_hertz(path: Path) -> Path:
    """Write 800 kB that last five days: 77 GB at 48 kHz."""
    rng = np.random.default_rng(0)
    soundfile.write(path, rng.integers(-9999, 9999, 400_000).astype(np.int16), 1, subtype="PCM_16")
    return path


def write_ratings(folder: Path, clips: list[Path]) -> Path:
    with (folder / "ratings.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["pair_id", "audio_path", "text", "rating"])
        writer.writerows([path.stem, path, f"sound {k % 5}", k % 10] for k, path in enumerate(clips))
    return folder / "ratings.csv"


def failures_of(run: Path) -> dict[str, str]:
    with (run / "failures.csv").open(newline="") as file:
        return {row["pair_id"]: row["reason"] for row in csv.DictReader(file)}


@pytest.mark.slow
def test_a_clip_of_five_days_fails_alone(tmp_path: Path) -> None:
    clips = [write_tone(tmp_path / f"good{k}.wav", seed=k) for k in range(12)]
    ratings = write_ratings(tmp_path, [*clips[:6], write_one_hertz(tmp_path / "bomb.wav"), *clips[6:]])
    arguments = ["run", "--dataset", str(ratings), "--metrics", "tiny", "--resamples", "99", "--out", "run"]
    done = run_limited(["-m", "bench", *arguments, "--workers", "2", "--no-store"], 2 * GIGABYTE, tmp_path)
    assert done.returncode == 3, done.stderr
    failures = failures_of(tmp_path / "run")
    assert failures.keys() == {"bomb"}
    assert "400,000 samples at 1 Hz" in failures["bomb"]
    assert "correct the rate in its header, or cut it" in failures["bomb"]


def test_a_rate_of_one_hertz_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from metrics import audio; clip = audio.load(Path(sys.argv[1]));"
        "audio.resample(clip.waveform, 48_000, clip.path)"
    )
    bomb = write_one_hertz(tmp_path / "bomb.wav")
    done = run_limited(["-c", code, str(bomb)], GIGABYTE // 2, tmp_path)
    assert "bomb.wav: has 400,000 samples at 1 Hz, which take 230.4 GB of memory at 48,000 Hz" in done.stderr


@pytest.mark.slow
def test_two_megabytes_of_compressed_silence_take_no_more_than_a_clip_may(tmp_path: Path) -> None:
    path = tmp_path / "silence.flac"
    with soundfile.SoundFile(path, "w", 48_000, 1, "PCM_16") as file:
        silence = np.zeros(1 << 22, dtype=np.int16)
        for _ in range(127):
            file.write(silence)
    assert path.stat().st_size < 8_000_000
    code = "import sys; from pathlib import Path; from metrics import audio; audio.load(Path(sys.argv[1]))"
    done = run_limited(["-c", code, str(path)], GIGABYTE, tmp_path)
    assert "silence.flac: holds more than 178," in done.stderr
    assert "would take more than 2.1 GB of memory; cut it" in done.stderr


MEASURE = """
import json, sys
from pathlib import Path
import numpy as np
from metrics import audio
from metrics.baselines import rms_dbfs
from metrics.windows import Listening

def peak():  # of this program; ru_maxrss begins with that of the process that started it
    return 1024 * int(next(l for l in open("/proc/self/status") if l.startswith("VmHWM")).split()[1])

path, rate, int16 = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "int16"
audio.resample(audio.Waveform(np.ones(9, np.float32), 44_100), 48_000)
base = peak()
clip = audio.load(path)
rms_dbfs(clip.waveform)
Listening(rate, 10 * rate, "repeatpad", "cover", int16=int16).windows(clip)
print(json.dumps([audio.examine(path).memory(rate), peak() - base]))
"""


@pytest.mark.parametrize(
    ("rate", "channels", "model_hz", "quantised"),
    [(48_000, 2, 48_000, "int16"), (16_000, 1, 48_000, "int16"), (44_100, 1, 48_000, "float")],
)
def test_what_a_clip_takes_is_known_before(
    rate: int, channels: int, model_hz: int, quantised: str, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    samples = rng.integers(-9999, 9999, (6_000_000, channels)).astype(np.int16)
    soundfile.write(tmp_path / "long.wav", samples, rate, subtype="PCM_16")
    done = run_limited(
        ["-c", MEASURE, "long.wav", str(model_hz), quantised],
        GIGABYTE,
        tmp_path,
        PYTHONPATH=str(Path(__file__).parents[3]),
    )
    assert done.returncode == 0, done.stderr
    expected, measured = json.loads(done.stdout)
    assert 0.4 * expected < measured < expected + 40_000_000  # a block of 4 million samples, and the allocator's slack


@pytest.mark.slow
def test_a_clip_that_finds_no_memory_fails_alone(tmp_path: Path) -> None:
    clips = [write_tone(tmp_path / f"good{k}.wav", seed=k) for k in range(12)]
    long = tmp_path / "long.wav"
    with soundfile.SoundFile(long, "w", 16_000, 1, "PCM_16") as file:
        for _ in range(130):
            file.write(np.random.default_rng(0).integers(-9999, 9999, 1_000_000, dtype=np.int16))
    assert audio.examine(long).memory(16_000) < audio.CLIP_MEMORY
    ratings = write_ratings(tmp_path, [*clips, long])
    arguments = ["run", "--dataset", str(ratings), "--metrics", "tiny", "--resamples", "99", "--out", "run"]
    done = run_limited(["-m", "bench", *arguments, "--no-store"], 16 * GIGABYTE // 10, tmp_path)
    assert done.returncode == 3, done.stderr
    failures = failures_of(tmp_path / "run")
    assert failures.keys() == {"long"}
    assert "needs more memory than is free" in failures["long"]
