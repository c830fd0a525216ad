"""The model card: what a checkpoint is, how good it is, and how it was made; written from ``training.json`` alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from bench.statistics.agreement import PRIMARY, STATISTICS, Statistic

CURVES_NAME = "curves.png"
TRAINED = "trained"
BASE = "base"
MODELS = {TRAINED: "this model", BASE: "its base"}


def model_card(record: Mapping[str, Any]) -> str:
    """Return README.md."""
    return (
        "\n\n".join(
            [
                _front_matter(record),
                f"# {record['name']}",
                _introduction(record),
                "## Agreement with listeners",
                *(
                    [evaluation_table(one) for one in record["evaluations"]]
                    or ["It was not trained on ratings and not evaluated."]
                ),
                "## Use",
                _usage(record["name"]),
                "## Training",
                _training(record),
                f"![losses and {PRIMARY.name} by epoch]({CURVES_NAME})",
                "## Limits",
                _limits(record),
            ]
        )
        + "\n"
    )


def evaluation_table(evaluation: Mapping[str, Any]) -> str:
    """Return a markdown table with an interval under every value, and the differences."""
    statistics = _statistics(evaluation)
    failed = f"; {evaluation['n_failed']} could not be scored" if evaluation["n_failed"] else ""
    lines = [
        f"**{evaluation['part']}**: {evaluation['n_pairs']} pairs{failed}; 95 % intervals, captions resampled",
        "",
        "| model | " + " | ".join(one.label for one in statistics) + " |",
        "|---" * (1 + len(statistics)) + "|",
    ]
    for name, title in MODELS.items():
        found = {e["statistic"]: e for e in evaluation["estimates"] if e["metric"] == name}
        if found:
            lines.append(f"| {title} | " + " | ".join(_interval(found[s.id], "estimate") for s in statistics) + " |")
    differences = {d["statistic"]: d for d in evaluation["differences"]}
    if differences:
        cells = " | ".join(_interval(differences[s.id], "delta", "+.3f") for s in statistics)
        lines.append(f"| difference | {cells} |")
    return "\n".join(lines)


def settings_changed(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that the user passed."""
    return {name: option["value"] for name, option in record["options"].items() if option["passed"]}


def _front_matter(record: Mapping[str, Any]) -> str:
    base = record["base"]["name"]
    is_hub_id = base.count("/") == 1 and not base.startswith((".", "/", "~")) and ":" not in base
    lines = ["---", "library_name: transformers", "tags:", "- clap", "- audio", "- text-to-audio-evaluation"]
    return "\n".join([*lines, *([f"base_model: {base}"] if is_hub_id else []), "---"])


def _introduction(record: Mapping[str, Any]) -> str:
    config, data = record["config"], record["data"][0]
    counts = ", ".join(f"{part['n_pairs']:,} pairs for {name}" for name, part in data["parts"].items())
    return (
        f"A CLAP model for scoring how well a clip matches a caption, trained from `{record['base']['name']}` on "
        f"`{data['name']}` ({counts}) with the loss `{config['loss']}`, by clap-bench {record['code']['version']}."
    )


def _usage(name: str) -> str:
    return f"""In a comparison of metrics: `bench run --metrics human:{name}` where this folder is among the trained
variants, `bench run --metrics hf:FOLDER` or `hf:HUB_ID` elsewhere. By hand:

```python
from transformers import ClapModel, ClapProcessor

model, processor = ClapModel.from_pretrained(folder).eval(), ClapProcessor.from_pretrained(folder)
text = model.get_text_features(**processor.tokenizer(["a dog barks"], return_tensors="pt"))
```"""


def _training(record: Mapping[str, Any]) -> str:
    best = record["best_epoch"]
    lines = [
        f"- kept: epoch {best} of {record['history'][-1]['epoch']} ({record['stopped']})",
        *(f"- {name}: {value}" for name, value in record["config"].items()),
        f"- data: `{record['data'][0]['name']}`, SHA-256 of the ratings `{record['data'][0]['sha256']}`",
        f"- weights before: `{record['base']['name']}`, SHA-256 `{record['base']['sha256']}`",
        "- packages: " + ", ".join(f"{name} {version}" for name, version in record["packages"].items()),
    ]
    return "\n".join(lines)


def _limits(record: Mapping[str, Any]) -> str:
    notes = [f"- {note}" for data in record["data"] for note in data.get("notes", ())]
    return "\n".join(
        [
            "- Captions, clips and listeners used in training are listed in `training.json`; how well the model scores "
            "pairs that share any of them says little.",
            "- The weights derive from the base model, and the targets from the ratings: the licences of both apply.",
            *notes,
        ]
    )


def _interval(record: Mapping[str, Any], name: str, form: str = ".3f") -> str:
    if record[name] is None:
        return f"– ({record['note']})"
    if record["low"] is None:
        return format(record[name], form)
    return f"{record[name]:{form}} [{record['low']:{form}}, {record['high']:{form}}]"


def summary_line(epoch: Mapping[str, Any]) -> str:
    """Return one epoch in one line, for the terminal."""
    primary = epoch["statistics"][PRIMARY.id]
    train = "" if epoch["train_loss"] is None else f"train {epoch['train_loss']:.4f}  "
    return (
        f"epoch {epoch['epoch']:>3}  {train}validation {epoch['validation_loss']:.4f}  "
        f"{PRIMARY.name} {'–' if primary is None else format(primary, '.3f')}{'  best so far' if epoch['best'] else ''}"
    )


def shelf_row(record: Mapping[str, Any]) -> dict[str, str]:
    """Return what ``finetune list`` says about a checkpoint."""
    primary = {e["part"]: _value(e["estimates"], PRIMARY, "estimate") for e in record["evaluations"]}
    return {
        "name": record["name"],
        "loss": record["config"]["loss"],
        "base": record["base"]["name"],
        "data": record["data"][0]["name"],
        "epoch": f"{record['best_epoch']} of {record['history'][-1]['epoch']}",
        PRIMARY.name: ", ".join(f"{value:.3f} ({part})" for part, value in primary.items()),
    }


def seeds_table(records: Sequence[Mapping[str, Any]]) -> str:
    """Return a markdown table of several seeds: the spread that a bootstrap of one model's scores does not show."""
    n, statistics = len(records), _statistics(*(one for record in records for one in record["evaluations"]))
    lines = [f"{n} seeds: mean ± standard deviation between them", ""]
    lines += [
        "| part | " + " | ".join([*(s.label for s in statistics), f"{PRIMARY.name} less that of the base"]) + " |"
    ]
    lines += ["|---" * (2 + len(statistics)) + "|"]
    for k, evaluation in enumerate(records[0]["evaluations"]):
        of_seeds = [record["evaluations"][k] for record in records]
        cells = [mean_and_sd([_value(one["estimates"], s, "estimate") for one in of_seeds]) for s in statistics]
        gain = mean_and_sd([_value(one["differences"], PRIMARY, "delta") for one in of_seeds])
        lines.append(f"| {evaluation['part']} | " + " | ".join([*cells, gain]) + " |")
    return "\n".join(lines)


def mean_and_sd(values: Sequence[float]) -> str:
    """Return ``"0.652 ± 0.011"``: mean and standard deviation between seeds (n - 1)."""
    mean = sum(values) / len(values)
    if len(values) < 2:
        return f"{mean:.3f}"
    return f"{mean:.3f} ± {(sum((v - mean) ** 2 for v in values) / (len(values) - 1)) ** 0.5:.3f}"


def _statistics(*evaluations: Mapping[str, Any]) -> list[Statistic]:
    """Return the statistics that all evaluations have: older trainings know nothing of newer ones."""
    known = [{e["statistic"] for e in evaluation["estimates"]} for evaluation in evaluations]
    return [statistic for statistic in STATISTICS if all(statistic.id in ids for ids in known)]


def _value(records: Sequence[Mapping[str, Any]], statistic: Statistic, name: str) -> float:
    """Return the trained model's value of a statistic; NaN where it is undefined."""
    [found] = [r for r in records if r["statistic"] == statistic.id and TRAINED in (r.get("metric"), r.get("metric_a"))]
    return math.nan if found[name] is None else float(found[name])
