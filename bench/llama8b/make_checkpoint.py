"""Without this file the benchmark would need a download of 16 GB: a checkpoint of random weights in the shape of Llama 3.1 8B, cut to 8 layers, with an SAE."""

import argparse
import csv
import itertools
import json
import random
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import AutoTokenizer, LlamaModel

from residual import residual_after

BOS = "<|begin_of_text|>"
SPECIALS = [BOS, "<|end_of_text|>", *(f"<|reserved_special_token_{number}|>" for number in range(254))]
CALIBRATION_TEXTS = 8
LAYERS_A_SHARD = 2


@dataclass(frozen=True)
class Shape:
    hidden: int
    heads: int
    kv_heads: int
    head: int
    mlp: int
    vocabulary: int
    layers: int
    features: int
    hook: int
    """The block behind which the SAE reads."""


SHAPES = {
    "8b": Shape(hidden=4096, heads=32, kv_heads=8, head=128, mlp=14336, vocabulary=128256, layers=8, features=32768, hook=7),
    "135m": Shape(hidden=576, heads=9, kv_heads=3, head=64, mlp=1536, vocabulary=49152, layers=30, features=4608, hook=15),
    "small": Shape(hidden=256, heads=8, kv_heads=2, head=32, mlp=512, vocabulary=128256, layers=8, features=16384, hook=7),
}


def config(shape: Shape) -> dict[str, object]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": shape.hidden,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head,
        "intermediate_size": shape.mlp,
        "num_hidden_layers": shape.layers,
        "vocab_size": shape.vocabulary,
        "max_position_embeddings": 131072,
        "rms_norm_eps": 1e-05,
        "rope_theta": 500000.0,
        "rope_scaling": {
            "factor": 8.0,
            "high_freq_factor": 4.0,
            "low_freq_factor": 1.0,
            "original_max_position_embeddings": 8192,
            "rope_type": "llama3",
        },
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "bos_token_id": shape.vocabulary - len(SPECIALS),
        "eos_token_id": shape.vocabulary - len(SPECIALS) + 1,
        # The head is not part of the question; tied it needs no disk.
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "transformers_version": "4.57.3",
    }


def shards(shape: Shape) -> Iterator[dict[str, tuple[tuple[int, ...], float]]]:
    """Names, shapes and standard deviations, one file at a time. Deviation 0 means ones: a norm."""
    deviation = 0.02
    # What is added to the residual stream is scaled down, so that its norm stays sane (GPT-2's rule).
    into_stream = deviation / (2 * shape.layers) ** 0.5
    yield {"model.embed_tokens.weight": ((shape.vocabulary, shape.hidden), deviation)}
    for first in range(0, shape.layers, LAYERS_A_SHARD):
        tensors: dict[str, tuple[tuple[int, ...], float]] = {}
        for layer in range(first, min(first + LAYERS_A_SHARD, shape.layers)):
            at = f"model.layers.{layer}"
            tensors |= {
                f"{at}.input_layernorm.weight": ((shape.hidden,), 0.0),
                f"{at}.self_attn.q_proj.weight": ((shape.heads * shape.head, shape.hidden), deviation),
                f"{at}.self_attn.k_proj.weight": ((shape.kv_heads * shape.head, shape.hidden), deviation),
                f"{at}.self_attn.v_proj.weight": ((shape.kv_heads * shape.head, shape.hidden), deviation),
                f"{at}.self_attn.o_proj.weight": ((shape.hidden, shape.heads * shape.head), into_stream),
                f"{at}.post_attention_layernorm.weight": ((shape.hidden,), 0.0),
                f"{at}.mlp.gate_proj.weight": ((shape.mlp, shape.hidden), deviation),
                f"{at}.mlp.up_proj.weight": ((shape.mlp, shape.hidden), deviation),
                f"{at}.mlp.down_proj.weight": ((shape.hidden, shape.mlp), into_stream),
            }
        yield tensors
    yield {"model.norm.weight": ((shape.hidden,), 0.0)}


def write_model(shape: Shape, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config(shape), indent=2))
    files = list(shards(shape))
    weight_map: dict[str, str] = {}
    for number, tensors in enumerate(files, start=1):
        name = f"model-{number:05d}-of-{len(files):05d}.safetensors"
        drawn = {
            key: torch.ones(size, dtype=torch.bfloat16) if deviation == 0 else torch.empty(size, dtype=torch.bfloat16).normal_(std=deviation)
            for key, (size, deviation) in tensors.items()
        }
        save_file(drawn, folder / name, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(tensors, name)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))


def write_tokenizer(shape: Shape, folder: Path) -> list[str]:
    """A byte-level BPE with as many tokens and merges as Llama's. Returns the words of four letters that are one token after a blank."""
    vocabulary = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges: list[tuple[str, str]] = []
    room = shape.vocabulary - len(SPECIALS) - len(vocabulary)
    random_words = random.Random(0)
    level = ["Ġ"]
    for letters in range(1, 5):
        pairs = list(itertools.product(level, string.ascii_lowercase))
        if letters == 4:
            pairs = random_words.sample(pairs, room - len(merges))
        merges += pairs
        level = [first + second for first, second in pairs]
    vocabulary += [first + second for first, second in merges]
    tokenizer = Tokenizer(models.BPE(vocab={token: number for number, token in enumerate(vocabulary)}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIALS])
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{BOS} $A", special_tokens=[(BOS, tokenizer.token_to_id(BOS))])
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": BOS, "eos_token": SPECIALS[1], "clean_up_tokenization_spaces": False}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return [token.removeprefix("Ġ") for token in level]


def write_texts(words: list[str], count: int, tokens: int, path: Path) -> list[str]:
    """Texts of so many tokens with BOS: the first word has no blank before it and becomes four tokens. Returns more of the kind."""
    draw = random.Random(1)
    texts = [" ".join(draw.choices(words, k=tokens - 4)) for _ in range(count + CALIBRATION_TEXTS)]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([["text"], *([text] for text in texts[:count])])
    return texts[count:]


def write_runs(texts: Path, runs: Path) -> None:
    """Each text as a prompt and its continuation; every second one counts as known by heart."""
    with texts.open(newline="", encoding="utf-8") as read, runs.open("w", newline="", encoding="utf-8") as write:
        table = csv.writer(write, lineterminator="\n")
        table.writerow(["input_text", "generated_continuation_text", "perfect_match"])
        for number, (text,) in enumerate(itertools.islice(csv.reader(read), 1, None)):
            words = text.split(" ")
            half = len(words) // 2
            table.writerow([" ".join(words[:half]), f" {' '.join(words[half:])}", "True" if number % 2 == 0 else "False"])


@torch.inference_mode()
def write_sae(shape: Shape, model_folder: Path, texts: list[str], l0: float, folder: Path) -> None:
    """Random unit features, and the one threshold that lets `l0` of them fire on a token of the model's own residuals."""
    model = LlamaModel.from_pretrained(model_folder, dtype=torch.bfloat16)
    ids = AutoTokenizer.from_pretrained(model_folder)(texts, return_tensors="pt").input_ids
    residual = residual_after(model, shape.hook, ids)[:, ids.shape[1] // 2 :].flatten(0, 1).float()
    del model
    print(f"residual: rms {residual.square().mean().sqrt():.3f}")
    encoder = torch.empty(shape.hidden, shape.features, dtype=torch.bfloat16).normal_(std=shape.hidden**-0.5)
    bias = residual.mean(0)
    rows = [(residual - bias) @ part.float() for part in encoder.split(4096, dim=1)]
    values = torch.cat([part.flatten() for part in rows])
    threshold = values.kthvalue(values.numel() - round(l0 * residual.shape[0])).values
    print(f"threshold: {threshold:.4f}")
    folder.mkdir(parents=True)
    tensors = {
        "W_enc": encoder,
        "W_dec": encoder.T.contiguous(),
        "b_enc": torch.zeros(shape.features),
        "b_dec": bias,
        "threshold": threshold.expand(shape.features).contiguous(),
    }
    save_file(tensors, folder / "sae_weights.safetensors")
    settings = {
        "architecture": "jumprelu",
        "d_in": shape.hidden,
        "d_sae": shape.features,
        "dtype": "float32",
        "device": "cpu",
        "apply_b_dec_to_input": True,
        "normalize_activations": "none",
        "reshape_activations": "none",
        "metadata": {"hook_name": f"blocks.{shape.hook}.hook_resid_post", "model_name": "random-llama", "prepend_bos": True, "sae_lens_version": "6.54.12"},
    }
    (folder / "cfg.json").write_text(json.dumps(settings, indent=2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="an empty or new folder; about 6 GB are written to it")
    parser.add_argument("--rows", type=int, default=20)
    parser.add_argument("--tokens", type=int, default=100, help="tokens of each text, with BOS")
    parser.add_argument("--l0", type=float, default=50, help="features that fire on a token")
    parser.add_argument("--shape", choices=list(SHAPES), default="8b", help="small: little matrices, for trying the scripts")
    parser.add_argument("--runs", action="store_true", help="the texts as runs.csv too: halves, and two groups of equal size")
    arguments = parser.parse_args()
    shape = SHAPES[arguments.shape]
    torch.manual_seed(0)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    write_model(shape, arguments.folder / "model")
    words = write_tokenizer(shape, arguments.folder / "model")
    calibration = write_texts(words, arguments.rows, arguments.tokens, arguments.folder / "texts.csv")
    if arguments.runs:
        write_runs(arguments.folder / "texts.csv", arguments.folder / "runs.csv")
    write_sae(shape, arguments.folder / "model", calibration, arguments.l0, arguments.folder / "sae")


if __name__ == "__main__":
    main()
