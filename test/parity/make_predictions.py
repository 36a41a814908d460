"""Without this file predictions and drawn tokens would have no oracle but saeq itself.

Writes into fixtures/predictions.json and fixtures/predictions.safetensors what transformers says comes next: logits at every position of small
seeded models of several architectures (make_architectures.py made them), how the shipped model goes on with texts of unlike lengths until an
end-of-text token, how surprised it is by texts, and what its own warpers leave of rows of logits. Re-runnable:
python test/parity/make_predictions.py   Needs torch, transformers (5.24 was used) and safetensors.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, LogitsProcessorList, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

HERE = Path(__file__).parent
KJV = HERE.parent.parent / "examples" / "kjv" / "model"
# A tied head, one of its own, one with a bias, capped logits, logits beyond the cap, scaled logits, experts, a carried state.
MODELS = ["granite_factors", "gpt2_tied", "llama_plain", "llama_linear", "phi_half", "phi_grouped", "gemma2_capped", "gemma2_saturated", "gemma3_local", "neox_pythia", "qwen3_moe_shares", "qwen3_5_own", "gptj_plain", "opt_plain", "starcoder2_plain", "falcon_grouped", "cohere_plain", "cohere2_window", "bigcode_shared", "bloom_plain", "gemma4_keys", "gemma4_shared", "gemma4_moe", "ministral3_yarn", "mixtral_published", "stablelm_parallel", "glm4_plain", "olmo2_plain", "opt_behind", "opt_unnormed", "nemotron_plain", "hyperclovax_normed", "codegen_plain", "phimoe_held", "ernie4_5_moe_biased", "mpt_clipped", "exaone4_hybrid", "apertus_biased", "granitemoehybrid_dense", "cohere2_moe_dense", "minicpm3_longrope", "neox_japanese_partial", "xglm_padded", "qwen3_next_published", "qwen3_next_held", "lfm2_published", "lfm2_biased", "lfm2_moe_published", "llama4_plain", "llama4_interleaved"]
TEXTS = ["In the beginning God created the heaven and the earth.", "And it came to pass", "Blessed are", "The LORD is my shepherd; I shall not want.", "Go"]
# temperature, top_k, top_p
WARPED = [(0.7, None, None), (1.0, 5, None), (1.3, None, 0.8), (0.5, 12, 0.9), (2.0, 1, 0.5), (1.0, 64, 0.05)]


def logits_of(model, ids: list[int]) -> torch.Tensor:
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0].float()


def main() -> None:
    tensors: dict[str, torch.Tensor] = {}
    for name in MODELS:
        folder = HERE / "architectures" / name
        documents = json.loads((folder / "expected.json").read_text())["documents"]
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        for number in (1, 2):
            tensors[f"{name}.{number}"] = logits_of(model, documents[number]).contiguous()

    tokenizer = AutoTokenizer.from_pretrained(KJV)
    model = AutoModelForCausalLM.from_pretrained(KJV, dtype=torch.float32).eval()
    texts = []
    # Of its vocabulary a few tokens end a text here, so that texts end at unlike lengths.
    ends = [tokenizer.encode(word, add_special_tokens=False)[0] for word in (".", ":")] + [model.config.eos_token_id]
    for text in TEXTS:
        ids = [model.config.bos_token_id, *tokenizer.encode(text, add_special_tokens=False)]
        rows = logits_of(model, ids)
        surprisal = torch.nn.functional.cross_entropy(rows[:-1].double(), torch.tensor(ids[1:]), reduction="none")
        top = torch.topk(rows[-1], 5)
        with torch.no_grad():
            loss = float(model(torch.tensor([ids]), labels=torch.tensor([ids])).loss)
            out = model.generate(torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long), max_new_tokens=24, do_sample=False, num_beams=1, eos_token_id=ends, pad_token_id=0)
        texts.append({
            "text": text, "ids": ids, "surprisal": surprisal.tolist(), "loss": loss,
            "top": top.indices.tolist(), "logits": top.values.tolist(), "probabilities": torch.softmax(rows[-1].double(), -1)[top.indices].tolist(), "next": out[0, len(ids):].tolist(),
        })

    warped = []
    for temperature, top_k, top_p in WARPED:
        warpers = LogitsProcessorList([TemperatureLogitsWarper(temperature)] + ([] if top_k is None else [TopKLogitsWarper(top_k)]) + ([] if top_p is None else [TopPLogitsWarper(top_p)]))
        rows = tensors["llama_plain.2"][:6].double()
        warped.append({"temperature": temperature, "topK": top_k, "topP": top_p, "probabilities": torch.softmax(warpers(None, rows), -1).tolist()})

    save_file(tensors, HERE / "fixtures" / "predictions.safetensors")
    (HERE / "fixtures" / "predictions.json").write_text(json.dumps({"models": MODELS, "ends": ends, "texts": texts, "warped": warped}) + "\n")


if __name__ == "__main__":
    main()
