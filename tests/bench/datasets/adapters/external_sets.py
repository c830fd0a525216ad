"""Miniature copies of other people's data sets: their layouts, with content of our own."""

from __future__ import annotations

import json
from pathlib import Path

CAPTIONS = ("a dog barks", 'rain, then "thunder"', "a car passes by the house")
SYSTEMS = ("alpha", "beta")


def write_xacle(root: Path, *, averages: bool = False, columns: str = "wav_file_name,text,score,listener_id") -> Path:
    """Three clips, two listeners; or their means."""
    rows = []
    for k, caption in enumerate(CAPTIONS):
        quoted = '"' + caption.replace('"', '""') + '"'
        if averages:
            rows.append(f"/{k}.wav,{quoted},{2 * k + 1.5}")
        else:
            rows += [f"/{k}.wav,{quoted},{2 * k + listener},{listener}" for listener in (1, 2)]
    name = "validation_average.csv" if averages else "validation.csv"
    _write(root / "meta_data" / name, "\n".join([columns, *rows]))
    return root


def write_pam(root: Path, part: str = "audio") -> Path:
    """Three captions by two systems, and recorded."""
    rows = [f'{system},{k},"{caption.replace(chr(34), "")}",{4 - k},{1 + k + 0.5 * (system == "beta")}'
            for system in (*SYSTEMS, "real") for k, caption in enumerate(CAPTIONS)]  # fmt: skip
    _write(root / "human_eval" / part / "scores.csv", "\n".join(["Model,File Name,Text,OVL,REL", *rows]))
    return root


def write_audioeval(root: Path, rating: str = "text_alignment", rater: str = "rater_id") -> Path:
    """Three captions by two systems, two raters."""
    clips = [{"file_name": f"{system}_{k}.wav", "wav_name": f"{system}_{k}", "prompt_text": caption, "system": system}
             for system in SYSTEMS for k, caption in enumerate(CAPTIONS)]  # fmt: skip
    _write(root / "data" / "metadata.jsonl", "\n".join(map(json.dumps, clips)))
    rows = [f"{clip['wav_name']},{who},5,{1 + (3 * n + w) % 10}" for n, clip in enumerate(clips)
            for w, who in enumerate(("expert", "layman"))]  # fmt: skip
    _write(root / "annotations" / "ratings.csv", "\n".join([f"wav_name,{rater},quality,{rating}", *rows]))
    return root


def write_musiceval(root: Path) -> Path:
    """Two systems with shared prompts, and one with a prompt of its own."""
    rows = [f"audiomos2025-track1-S00{s}_P00{p}.wav,3.0,{1 + s + p / 2}" for s in (1, 2) for p in (1, 2)]
    _write(root / "sets" / "test_mos_list.txt", "\n".join([*rows, "audiomos2025-track1-S003_P001.wav,2.0,4.6"]))
    _write(root / "prompt_info.txt", "id\ttext\nP001\ta bright piano\nP002\tslow strings, then drums")
    _write(root / "demo_prompt_info.txt", "id\ttext\naudiomos2025-track1-S003_P001.wav\ta choir")
    return root


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")
