"""A Hugging Face cache for tests: the real architectures with random weights, where no published weights can be had.

``python -m tests.hub DIR [NAME …]`` builds it by hand; then ``HF_HOME=DIR HF_HUB_OFFLINE=1 bench run …`` scores with
it. Tests build what they need, once, in a folder that outlives the session: ``$CLAP_BENCH_TEST_HUB`` or one in the
system's temporary folder, named by this file's content.

The layout is the hub's (``hub/models--NAME/{refs/main,snapshots/COMMIT/…}``), the commits are the pinned ones, the
checkpoints look like the published ones (``module.`` prefixes, numpy scalars, position ids, GPT-2's causal masks).
Random networks map all inputs to nearly the same direction; `_enliven` spreads them, so that tests can see differences.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

NO_COMMIT = "0" * 40

SENTENCES = (
    "A dog barks while rain falls on a tin roof and thunder rumbles far away.",
    "A man speaks, then a car engine starts, idles and accelerates down the street.",
    "Birds chirp and the wind blows through the leaves of a tree near a small river.",
    "Water flows from a tap into a sink; a woman laughs and two children shout!",
    "A crowd applauds, people cheer and whistle, and music plays in the background.",
    "An emergency siren wails as vehicles pass by, followed by a horn honking twice.",
    "Someone types on a keyboard. A telephone rings. A door creaks open, then slams shut!",
    "Food sizzles in a frying pan, dishes clatter, and a microwave beeps several times.",
)


def default_folder() -> Path:
    """Return where tests keep their hub."""
    given = os.environ.get("CLAP_BENCH_TEST_HUB")
    version = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    return Path(given) if given else Path(tempfile.gettempdir()) / f"clap-bench-test-hub-{version}"


def use(folder: Path | None = None) -> None:
    """Have huggingface_hub, and what builds on it, look here and nowhere else. Call before importing them."""
    os.environ["HF_HOME"] = str(folder or default_folder())
    os.environ["HF_HUB_OFFLINE"] = "1"
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_CACHE"):
        os.environ.pop(name, None)


def need(*names: str, folder: Path | None = None) -> Path:
    """Build the repositories that are not there yet; return the folder for ``HF_HOME``.

    Processes that need the same at once build it once. No two can wait for each other: what a builder needs itself
    (`_snapshot`) needs nothing.
    """
    folder = folder or default_folder()
    built = folder / "built"
    built.mkdir(parents=True, exist_ok=True)
    for name in names:
        if (built / name).exists():
            continue
        with FileLock(built / f".{name}.lock"):
            if not (built / name).exists():
                _add_to_hub(folder, *BUILDERS[name])
                (built / name).touch()
    return folder


def _add_to_hub(folder: Path, repo: tuple[str, str], build: Callable[[Path], None]) -> None:
    """Build into a private folder and move the files, so that a second process never sees half a file."""
    import torch

    repo_id, commit = repo
    target = folder / "hub" / f"models--{repo_id.replace('/', '--')}"
    snapshot = target / "snapshots" / commit
    snapshot.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as private, torch.random.fork_rng():
        torch.manual_seed(int(hashlib.sha256(repo_id.encode()).hexdigest()[:8], 16))
        build(Path(private))
        for path in Path(private).iterdir():
            path.replace(snapshot / path.name)
        (target / "refs").mkdir(exist_ok=True)
        main = Path(private) / "main"
        main.write_text(commit)
        main.replace(target / "refs" / "main")


# Tokenizers and configurations


def build_roberta(folder: Path) -> None:
    """RoBERTa: byte-level BPE, configuration, and weights of zeros that laion_clap loads and then replaces."""
    from transformers import RobertaConfig

    _save_byte_level_bpe(folder, ["<s>", "<pad>", "</s>", "<unk>", "<mask>"], "RobertaTokenizer")
    config = RobertaConfig(
        vocab_size=50265,
        max_position_embeddings=514,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        architectures=["RobertaModel"],
    )
    config.save_pretrained(folder)
    _save_zeros(folder, "RobertaModel", config)


def build_bart(folder: Path) -> None:
    """BART: the tokenizer that laion_clap fetches on import."""
    from transformers import BartConfig

    _save_byte_level_bpe(folder, ["<s>", "<pad>", "</s>", "<unk>", "<mask>"], "BartTokenizer")
    BartConfig().save_pretrained(folder)


def build_gpt2(folder: Path) -> None:
    """GPT-2: as in the real vocabulary, ``!`` has id 0 and the end token the last one."""
    from transformers import GPT2Config

    _save_byte_level_bpe(folder, [], "GPT2Tokenizer")
    vocabulary = json.loads((folder / "vocab.json").read_text())
    assert vocabulary["!"] == 0
    vocabulary["<|endoftext|>"] = len(vocabulary)
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    config = GPT2Config(architectures=["GPT2Model"])
    config.save_pretrained(folder)
    _save_zeros(folder, "GPT2Model", config)


def build_bert(folder: Path) -> None:
    """BERT: WordPiece in lower case."""
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig

    trained = BertWordPieceTokenizer(lowercase=True)
    trained.train_from_iterator(SENTENCES, vocab_size=2000, min_frequency=1, show_progress=False)
    trained.save_model(str(folder))
    _save_tokenizer_config(folder, "BertTokenizer", do_lower_case=True)
    config = BertConfig(architectures=["BertModel"])
    config.save_pretrained(folder)
    _save_zeros(folder, "BertModel", config)


def build_processor(folder: Path) -> None:
    """The processor of laion/clap-htsat-fused."""
    from transformers import ClapFeatureExtractor

    _save_byte_level_bpe(folder, ["<s>", "<pad>", "</s>", "<unk>", "<mask>"], "RobertaTokenizer")
    ClapFeatureExtractor(truncation="fusion", padding="repeatpad", frequency_min=50).save_pretrained(folder)


def _save_byte_level_bpe(folder: Path, special_tokens: list[str], tokenizer_class: str) -> None:
    from tokenizers import ByteLevelBPETokenizer

    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(
        SENTENCES, vocab_size=2000, min_frequency=1, special_tokens=special_tokens, show_progress=False
    )
    trained.save_model(str(folder))
    _save_tokenizer_config(folder, tokenizer_class)


def _save_tokenizer_config(folder: Path, tokenizer_class: str, **settings: object) -> None:
    content = {"tokenizer_class": tokenizer_class, "model_max_length": 512, **settings}
    (folder / "tokenizer_config.json").write_text(json.dumps(content))


def _save_zeros(folder: Path, class_name: str, config: Any) -> None:
    """Write a safetensors file of zeros that takes no space on disk: its data are a hole."""
    import torch
    import transformers

    with torch.device("meta"):
        shapes = {
            name: tuple(value.shape) for name, value in getattr(transformers, class_name)(config).state_dict().items()
        }
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, shape in shapes.items():
        n_bytes = 4 * int(torch.Size(shape).numel())
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + n_bytes]}
        offset += n_bytes
    encoded = json.dumps(header).encode()
    with (folder / "model.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(encoded)) + encoded)
        file.truncate(8 + len(encoded) + offset)


# Checkpoints


def build_laion(folder: Path, file_name: str = "630k-audioset-best.pt", fusion: bool = False) -> None:
    """A checkpoint as laion_clap's training saves it."""
    import numpy as np
    import torch

    from metrics.models.laion_model import build_model
    from metrics.models.mel import take_over_front_end

    model = build_model("HTSAT-tiny", fusion, _snapshot("roberta-base", folder)).eval()
    _enliven(model)
    state = {f"module.{key}": value for key, value in model.state_dict().items()}
    state["module.text_branch.embeddings.position_ids"] = torch.arange(514)[None]
    log_mel = take_over_front_end(model.audio_branch)
    features = log_mel(_sample_windows(480_000))[:, None]
    inputs = {"waveform": features, "mel_fusion": features, "longer": torch.zeros(len(features), 1, dtype=torch.bool)}
    tokens = _sample_tokens(folder, "roberta-base")
    with torch.inference_mode():
        audio = model.audio_projection(model.encode_audio(inputs, device="cpu")["embedding"])
        text = model.encode_text(tokens, device="cpu")
    _centre(model.audio_projection[2].bias, audio)
    _centre(model.text_projection[2].bias, text)
    state = _halve(state) if fusion else state
    torch.save(
        {"epoch": np.int64(45), "name": "look-alike", "loss": np.float64(0.5), "state_dict": state}, folder / file_name
    )


def build_ms(folder: Path, version: str = "2023") -> None:
    """A checkpoint as msclap publishes it, with the causal masks that transformers saved in those days."""
    import torch

    from metrics.models.mel import take_over_front_end
    from metrics.models.ms import VERSIONS
    from metrics.models.ms_model import build_model

    text_model = VERSIONS[version].text_model.repo
    model = build_model(version, _snapshot(text_model, folder)).eval()
    _enliven(model)
    state = dict(model.state_dict())
    base = model.audio_encoder.base
    log_mel = take_over_front_end(getattr(base, "htsat", base))
    with torch.inference_mode():
        audio, _ = model.audio_encoder(log_mel(_sample_windows(44_100 * VERSIONS[version].window_s))[:, None])
        text = model.caption_encoder(_sample_tokens(folder, text_model))
    _centre(model.audio_encoder.projection.layer_norm.bias, audio)
    _centre(model.caption_encoder.projection.layer_norm.bias, text)
    if version == "2023":
        for layer in range(12):
            prefix = f"caption_encoder.base.h.{layer}.attn"
            state[f"{prefix}.bias"] = torch.ones(1, 1, 1024, 1024, dtype=torch.uint8).tril()
            state[f"{prefix}.masked_bias"] = torch.tensor(-1e4)
    else:
        state = _halve(state)
    torch.save({"model": state}, folder / f"CLAP_weights_{version}.pth")


def build_human(folder: Path) -> None:
    """A Human-CLAP: transformers' ClapModel, fused, at full size."""
    import torch
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

    from metrics.models.hf_features import ClapFeatures

    config = ClapConfig(
        audio_config={"enable_fusion": True, "fusion_type": "aff_2d"}, text_config={"vocab_size": 50265}
    )
    model = ClapModel(config).eval()
    _enliven(model)
    features, is_longer = ClapFeatures.from_extractor(ClapFeatureExtractor(frequency_min=50))(_sample_windows(480_000))
    with torch.inference_mode():
        audio = model.audio_projection(model.audio_model(features[:, :1], is_longer).pooler_output)
        text = model.text_projection(model.text_model(**_sample_tokens(folder, "laion/clap-htsat-fused")).pooler_output)
    _centre(model.audio_projection.linear2.bias, audio)
    _centre(model.text_projection.linear2.bias, text)
    model.save_pretrained(folder)


def _halve(state: dict[str, Any]) -> dict[str, Any]:
    """Save disk: all but the Fourier transform and the mel filters in half precision."""
    exact = ("spectrogram_extractor", "logmel_extractor")
    return {
        key: value.half() if value.is_floating_point() and not any(name in key for name in exact) else value
        for key, value in state.items()
    }


def _enliven(model: Any) -> None:
    """Scale random weights up so that embeddings differ, and give batch normalisation the statistics of log-mels."""
    import torch

    with torch.no_grad():
        for name, module in model.named_modules():
            if isinstance(module, torch.nn.Linear):
                module.weight.mul_(2)
            if name.endswith(("bn0", "batch_norm")):
                module.running_mean.fill_(-40.0)
                module.running_var.fill_(20.0**2)


def _centre(bias: Any, embeddings: Any) -> None:
    """Move the mean of sample embeddings to the origin, so that cosines spread around 0."""
    bias.data -= embeddings.mean(dim=0)


def _sample_windows(n_samples: int) -> Any:
    import torch

    time = torch.linspace(0, 1, n_samples)
    tones = [torch.sin(6.2832 * frequency * time) for frequency in (500, 2000, 9000)]
    noises = [torch.randn(n_samples) * (0.5 + 0.5 * torch.sin(6.2832 * beats * time)) for beats in (0, 3, 20)]
    return torch.stack([0.1 * tone + 0.01 * noise for tone in tones for noise in noises])


def _sample_tokens(folder: Path, repo: str) -> dict[str, Any]:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(_snapshot(repo, folder))
    if tokenizer.pad_token is None:
        tokenizer.add_special_tokens({"pad_token": "!"})
    texts = [" ".join(sentence.split()[:n_words]) for sentence in SENTENCES for n_words in (3, 8, 12)]
    encoded = tokenizer(texts, padding=True, return_tensors="pt")
    return {"input_ids": encoded["input_ids"], "attention_mask": encoded["attention_mask"]}


def _snapshot(repo: str, building: Path) -> Path:
    """Return the snapshot of a repository in the hub that ``building`` is being built for."""
    name = next(name for name, ((repo_id, _), _) in BUILDERS.items() if repo_id == repo)
    hub = need(name, folder=building.parent)
    return hub / "hub" / f"models--{repo.replace('/', '--')}" / "snapshots" / BUILDERS[name][0][1]


def _partial_laion_fusion(folder: Path) -> None:
    build_laion(folder, "630k-audioset-fusion-best.pt", fusion=True)


def _partial_ms_2022(folder: Path) -> None:
    build_ms(folder, "2022")


LAION_COMMIT = "b3708341862f581175dba5c356a4ebf74a9b6651"

BUILDERS: Mapping[str, tuple[tuple[str, str], Callable[[Path], None]]] = {
    "roberta": (("roberta-base", "e2da8e2f811d1448a5b465c236feacd80ffbac7b"), build_roberta),
    "bart": (("facebook/bart-base", NO_COMMIT), build_bart),
    "gpt2": (("gpt2", "607a30d783dfa663caf39e06633721c8d4cfcd7e"), build_gpt2),
    "bert": (("bert-base-uncased", "86b5e0934494bd15c9632b12f734a8a67f723594"), build_bert),
    "processor": (("laion/clap-htsat-fused", "365dea6ef167def6676140ed93bbc43f84dabb28"), build_processor),
    "laion": (("lukewys/laion_clap", LAION_COMMIT), build_laion),
    "laion-fusion": (("lukewys/laion_clap", LAION_COMMIT), _partial_laion_fusion),
    "ms": (("microsoft/msclap", NO_COMMIT), build_ms),
    "ms-2022": (("microsoft/msclap", NO_COMMIT), _partial_ms_2022),
    "human": (
        ("sarulab-speech/human-clap-wsce-mae", "06788887d254df15db5c0ca9d54da39d46188063"),
        build_human,
    ),
}
"""What can be built: name -> (hub id and commit, builder)."""

SCORERS = ("laion", "ms", "human")


def main(arguments: list[str]) -> None:
    """Build a hub in a folder: everything, or what is named."""
    folder = Path(arguments[0]).resolve()
    use(folder)
    for name in arguments[1:] or BUILDERS:
        need(name, folder=folder)
        print(f"{name}: built")
    size = sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())
    print(f"{size / 1e9:.1f} GB; now: HF_HOME={folder} HF_HUB_OFFLINE=1 bench run --dataset demo")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python -m tests.hub DIR [NAME ...]")
    main(sys.argv[1:])
