/** Without this file no test would bring about what is wrong with models and SAEs that people download. */
import { chmodSync, cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { safetensors, withHeader, type Tensor } from "../session/checkpoints.ts";
import type { OutsideCase } from "./outside_tables.ts";

const MODEL_QUERY = 'set model "model"\nsample perfect 2 | resid layer 0';
const SAE_QUERY = 'set sae "sae"\nsample perfect 2 | acts layer 7';

const llama = { model_type: "llama", hidden_size: 16, num_attention_heads: 2, intermediate_size: 8, vocab_size: 4, num_hidden_layers: 1 };
const f32 = (begin: number, end: number): object => ({ dtype: "F32", shape: [(end - begin) / 4], data_offsets: [begin, end] });
const weights = (tensors: Readonly<Record<string, object>>, bytes: number): Uint8Array => withHeader(JSON.stringify(tensors), [new Uint8Array(bytes)]);
const embedding = (entry: object, bytes: number): Uint8Array => weights({ "model.embed_tokens.weight": entry }, bytes);

/** A model whose config, or whose weights as far as their header, is wrong. */
const model = (code: string, config: string | object, content: string | Uint8Array | null = null, name = "model.safetensors"): OutsideCase => ({
  code,
  files: { "model/config.json": typeof config === "string" ? config : JSON.stringify({ ...llama, ...config }), ...(content === null ? {} : { [`model/${name}`]: content }) },
  query: MODEL_QUERY,
  exit: 3,
});

/** The shipped model with its tokenizer changed. */
const retokenized = (code: string, name: "tokenizer.json" | "tokenizer_config.json", change: (value: Record<string, unknown>) => void, query = MODEL_QUERY, exit = 3): OutsideCase => ({
  code,
  prepare: (folder) => {
    const place = join(folder, "model");
    cpSync(join(EXAMPLES, "kjv", "model"), place, { recursive: true });
    const value = JSON.parse(readFileSync(join(place, name), "utf8")) as Record<string, unknown>;
    change(value);
    writeFileSync(join(place, name), JSON.stringify(value));
  },
  query,
  exit,
});

const cfg = { architecture: "jumprelu", d_in: 192, d_sae: 2, apply_b_dec_to_input: false, normalize_activations: "none", metadata: { sae_lens_version: "6.54.12", hook_name: "blocks.7.hook_resid_post", prepend_bos: true } };

/** A small sae_lens folder with its config changed. */
function sae(code: string, change: object, dIn = 192): OutsideCase {
  const tensor = (...shape: number[]): Tensor => ({ shape, values: new Float32Array(shape.reduce((product, each) => product * each, 1)).fill(0.1) });
  const bytes = safetensors({ W_enc: tensor(dIn, 2), W_dec: tensor(2, dIn), b_enc: tensor(2), b_dec: tensor(dIn), threshold: tensor(2) });
  return { code, files: { "sae/cfg.json": JSON.stringify({ ...cfg, d_in: dIn, ...change }), "sae/sae_weights.safetensors": bytes }, query: SAE_QUERY, exit: 3 };
}

/** The shipped model with one NaN among its weights. */
function poisoned(folder: string): void {
  const place = join(folder, "model");
  cpSync(join(EXAMPLES, "kjv", "model"), place, { recursive: true });
  const bytes = readFileSync(join(place, "model.safetensors"));
  bytes.writeUInt16LE(0x7fc0, 8 + Number(bytes.readBigUInt64LE(0)) + 1000);
  writeFileSync(join(place, "model.safetensors"), bytes);
}

/** A small model of another family, with a tokenizer. */
export function familyModel(folder: string, model: string, tokenizer: string): void {
  const parity = join(import.meta.dirname, "..", "parity");
  cpSync(join(parity, "architectures", model), folder, { recursive: true });
  for (const name of ["tokenizer.json", "tokenizer_config.json"]) cpSync(join(parity, "tokenizers", tokenizer, name), join(folder, name));
}

export const CHECKPOINT_CASES: readonly OutsideCase[] = [
  { ...model("unreadable-file", {}), prepare: (folder) => chmodSync(join(folder, "model", "config.json"), 0), ordinaryUser: true },
  model("path-outside-folder", {}, '{"weight_map":{"a":"../secret.safetensors"}}', "model.safetensors.index.json"),
  model("invalid-json", '{"model_type": "llama",'),
  model("duplicate-key", '{"model_type": "llama", "model_type": "gpt2"}'),
  model("invalid-config", { hidden_size: "16" }, weights({}, 0)),
  model("unsupported-config", { quantization_config: { bits: 4 } }),
  model("unsupported-architecture", { model_type: "mamba", architectures: ["MambaForCausalLM"] }),
  retokenized("unsupported-tokenizer", "tokenizer.json", (value) => void (value["model"] = { type: "Hieroglyphs" })),
  retokenized("vocabulary-mismatch", "tokenizer.json", (value) => void (value["added_tokens"] as object[]).push({ id: 5000, content: "<|extra|>", single_word: false, lstrip: false, rstrip: false, normalized: false, special: true })),
  retokenized("no-sae", "tokenizer_config.json", () => {}, 'set model "model"\nprompts "a" | acts layer 7', 3),
  retokenized("no-bos-token", "tokenizer_config.json", (value) => void (value["bos_token"] = null), `set bos true\n${MODEL_QUERY}`, 1),
  {
    code: "foreign-chat",
    prepare: (folder) => {
      cpSync(join(EXAMPLES, "kjv", "model"), join(folder, "model"), { recursive: true });
      const file = join(folder, "model", "model.safetensors");
      // Other weights are another model.
      const bytes = readFileSync(file);
      writeFileSync(file, bytes.fill(0, bytes.length - 32));
      const config = join(folder, "model", "tokenizer_config.json");
      writeFileSync(config, JSON.stringify({ ...(JSON.parse(readFileSync(config, "utf8")) as object), chat_template: "<user>{{ messages[0].content }}" }));
    },
    query: 'set model "model"\nlet asked = prompts "a" | chat\nset model "kjv"\nasked | tokenize',
    exit: 0,
  },
  retokenized("unknown-chat-template", "tokenizer_config.json", (value) => void (value["chat_template"] = [{ name: "rag", template: "{{ messages[0].content }}" }]), 'set model "model"\nprompts "a" | chat named "rog"', 3),
  model("not-safetensors", {}, Buffer.concat([Buffer.from(new BigUint64Array([1n << 60n]).buffer), new Uint8Array(64)])),
  model("truncated-safetensors", {}, weights({ a: f32(0, 4000) }, 40)),
  model("invalid-tensor", {}, weights({ a: { dtype: "F32", shape: [3], data_offsets: [0, 8] } }, 8)),
  model("missing-tensor", {}, weights({ a: f32(0, 4) }, 4)),
  model("overlapping-tensors", {}, weights({ a: f32(0, 8), b: f32(4, 12) }, 12)),
  model("unreferenced-bytes", {}, weights({ a: f32(0, 4) }, 9)),
  model("shape-mismatch", {}, embedding({ dtype: "F32", shape: [16, 4], data_offsets: [0, 256] }, 256)),
  model("unsupported-dtype", {}, embedding({ dtype: "F8_E4M3", shape: [4, 16], data_offsets: [0, 64] }, 64)),
  { code: "nonfinite-weights", prepare: poisoned, query: MODEL_QUERY, exit: 1 },
  model("git-lfs-pointer", {}, "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9455136\n"),
  model("html-page", {}, "<!DOCTYPE html><html><body>Please log in</body></html>"),
  model("pickle-refused", {}, "", "pytorch_model.bin"),
  sae("unsupported-sae", { activation_fn: "tanh-relu" }),
  { code: "unsupported-sae-format", files: { "sae/model.onnx": "" }, query: SAE_QUERY, exit: 3 },
  { code: "broken-archive", files: { "sae/gemma-scope-2b-pt-res/layer_7/params.npz": "PK" }, query: SAE_QUERY.replace('"sae"', '"sae/gemma-scope-2b-pt-res/layer_7"'), exit: 3 },
  {
    code: "sae-left-out",
    prepare: (folder) => {
      cpSync(join(EXAMPLES, "kjv", "sae"), join(folder, "sae"), { recursive: true });
      const file = join(folder, "sae", "sae_weights.safetensors");
      const bytes = readFileSync(file);
      writeFileSync(file, bytes.fill(0, bytes.length - 32));
    },
    query: 'set sae "kjv", "sae"\nperfect | take 2 | acts layer 7 | top 2',
    exit: 0,
  },
  sae("unfolded-normalization", { normalize_activations: "expected_average_only_in" }),
  sae("sae-width-mismatch", {}, 128),
  { code: "hook-absent", prepare: (folder) => familyModel(join(folder, "model"), "neox_small", "pythia"), query: 'set model "model"\nprompts "the word" | resid layer 1 hook resid_mid', exit: 3 },
  {
    ...sae("centring-mismatch", { metadata: { ...cfg.metadata, hook_name: "blocks.1.hook_resid_pre", model_from_pretrained_kwargs: { center_writing_weights: true } } }, 32),
    prepare: (folder) => familyModel(join(folder, "model"), "gpt2_tied", "gpt2"),
    query: 'set model "model"\nset sae "sae"\nset bos true\nprompts "the word" | resid layer 1 hook resid_pre | encode',
  },
  sae("bos-mismatch", { metadata: { ...cfg.metadata, prepend_bos: false } }),
];
