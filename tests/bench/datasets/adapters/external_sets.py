"""Miniature copies of other people's data sets: their layouts, clips included, with content of our own."""

from __future__ import annotations

import json
from pathlib import Path

from tests.metrics.clips import write_tone

CAPTIONS = ("a dog barks", 'rain, then "thunder"', "a car passes by the house")
SYSTEMS = ("alpha", "beta")
RATERS = {"e1": "expert", "e2": "expert", "n1": "non_expert", "n2": "non_expert"}
FILE_NAMES = ("The Desert (Entrance).wav", "growl #2 [short].wav", "09-07-13.bells.02.wav")


def write_xacle(
    root: Path,
    *,
    averages: bool = False,
    columns: str = "wav_file_name,text,score,listener_id",
    split: str = "validation",
    name: str | None = None,
    clips: str | None = None,
    slash: str = "/",
) -> Path:
    """Three clips, two listeners; or their means. The scored test part has its clips in ``wav/`` itself."""
    rows = []
    for k, caption in enumerate(CAPTIONS):
        quoted = '"' + caption.replace('"', '""') + '"'
        if averages:
            rows.append(f"{slash}{k}.wav,{quoted},{2 * k + 1.5}")
        else:
            rows += [f"{slash}{k}.wav,{quoted},{2 * k + listener},{listener}" for listener in (1, 2)]
        write_clip(root / "wav" / (split if clips is None else clips) / f"{k}.wav")
    _write(root / "meta_data" / (name or f"{split}{'_average' * averages}.csv"), "\n".join([columns, *rows]))
    return root


def write_pam(root: Path, part: str = "audio") -> Path:
    """Three captions by two systems, and recorded."""
    folder = root / "human_eval" / part
    rows = []
    for system in (*SYSTEMS, "real"):
        for k, caption in enumerate(CAPTIONS):
            text = caption.replace('"', "")
            rows.append(f'{system},{k},"{text}",{4 - k},{1 + k + 0.5 * (system == "beta")}')
            write_clip(folder / system / f"{k}.wav", rate=44_100)
    _write(folder / "scores.csv", "\n".join(["Model,File Name,Text,OVL,REL", *rows]))
    return root


def write_clotho(root: Path) -> Path:
    """Three captions, recorded and by two systems; names of files as people name them."""
    rows = []
    for name, caption in zip(FILE_NAMES, CAPTIONS, strict=True):
        for k, system in enumerate(("real", *SYSTEMS)):
            text = '"' + caption.replace('"', '""') + '"'
            rows.append(f"{name},{system},{text},{4.1 - k},{round(1.3 + len(rows) / 3, 1)}")
            write_clip(root / "wave_all_16k" / system / name)
    _write(root / "clotho_ovl_rel_test_set.csv", "\n".join(["File Name,Model,Text,OVL,REL", *rows]))
    return root


def write_audioeval(
    root: Path, rating: str = "text_alignment", rater: str = "rater_id", kind: str = "rater_type"
) -> Path:
    """Three captions by two systems, two experts and two others."""
    clips = [{"file_name": f"{system}_{k}.wav", "wav_name": f"{system}_{k}", "prompt_text": caption, "system": system}
             for system in SYSTEMS for k, caption in enumerate(CAPTIONS)]  # fmt: skip
    for clip in clips:
        write_clip(root / "data" / clip["file_name"])
    _write(root / "data" / "metadata.jsonl", "\n".join(map(json.dumps, clips)))
    rows = [f"{clip['wav_name']},{who},{of},5,{1 + (3 * n + w) % 10}" for n, clip in enumerate(clips)
            for w, (who, of) in enumerate(RATERS.items())]  # fmt: skip
    _write(root / "annotations" / "ratings.csv", "\n".join([f"wav_name,{rater},{kind},quality,{rating}", *rows]))
    return root


def write_musiceval(root: Path, *, single: bool = True, means: bool = True, split: str = "test") -> Path:
    """Two systems with shared prompts, and one with a prompt of its own; each clip is rated by two of three experts."""
    scores = {f"audiomos2025-track1-S00{s}_P00{p}.wav": 1 + s + p / 2 for s in (1, 2) for p in (1, 2)}
    scores["audiomos2025-track1-S003_P001.wav"] = 4.5
    for name in scores:
        write_clip(root / "wav" / name)
    if means:
        _write(
            root / "sets" / f"{split}_mos_list.txt", "\n".join(f"{name},3.0,{mean}" for name, mean in scores.items())
        )
    if single:
        rows = [f"{name},{(k + n) % 3 + 1},3,{mean + 0.5 * (-1) ** n}"
                for k, (name, mean) in enumerate(scores.items()) for n in range(2)]  # fmt: skip
        _write(root / "person_mos" / f"{split}_person_mos.txt", "\n".join(rows))
    _write(root / "prompt_info.txt", 'id\ttext\nP001\ta bright piano\nP002\t"slow strings, then ""heavy"" drums"')
    _write(root / "demo_prompt_info.txt", "id\ttext\naudiomos2025-track1-S003_P001.wav\ta choir")
    return root


def write_clip(path: Path, rate: int = 16_000) -> None:
    """Write a short clip of its own sound."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_tone(path, 0.2, rate, seed=sum(map(ord, "/".join(path.parts[-2:]))))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")
