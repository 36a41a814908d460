/** Without this file a hostile or broken download could crash, hang or be read wrongly. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CheckpointError } from "../../runtime/checkpoint/error.ts";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { readSafetensors } from "../../runtime/checkpoint/safetensors.ts";
import { readTokenizer } from "../../runtime/checkpoint/tokenizer/tokenizer.ts";
import { readSae, SAE_FORMATS } from "../../runtime/checkpoint/sae.ts";

const folder = mkdtempSync(join(tmpdir(), "saeq-bad-"));
test.after(() => rmSync(folder, { recursive: true }));

type Header = string | Readonly<Record<string, unknown>>;

/** A safetensors file of this header and so many bytes of data; `length` overrides the declared header length. */
function bytesOf(header: Header, data: number, length?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const f32 = (begin: number, end: number, shape: readonly number[] = [(end - begin) / 4]): unknown => ({ dtype: "F32", shape, data_offsets: [begin, end] });
const text = (content: string): Uint8Array => new TextEncoder().encode(content);

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "accepted";
  } catch (error) {
    if (error instanceof CheckpointError) {
      assert.ok(error.message.length > 10 && !error.message.endsWith("."), error.message);
      return error.code;
    }
    throw error;
  }
}

const hostile: readonly (readonly [string, Uint8Array, string])[] = [
  ["an empty file", new Uint8Array(), "truncated-safetensors"],
  ["seven bytes", new Uint8Array(7), "truncated-safetensors"],
  ["a header of no bytes", bytesOf("", 0), "not-safetensors"],
  ["a header of 2^64 - 1 bytes", bytesOf("{}", 0, 2n ** 64n - 1n), "not-safetensors"],
  ["a header of more than 100 MB", bytesOf("{}", 0, 100_000_001n), "not-safetensors"],
  ["a header longer than the file", bytesOf("{}", 0, 3n), "truncated-safetensors"],
  ["a header that is no JSON", bytesOf("{]", 0), "invalid-json"],
  ["a header that is an array", bytesOf("[]", 0), "invalid-json"],
  ["a header that is not UTF-8", new Uint8Array([...bytesOf("", 0, 4n), 0x7b, 0xff, 0xfe, 0x7d]), "invalid-json"],
  ["a header nested too deep", bytesOf(`{"a":${"[".repeat(70)}${"]".repeat(70)}}`, 0), "invalid-json"],
  ["a tensor named twice", bytesOf('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4), "duplicate-key"],
  ["an entry with two shapes", bytesOf('{"a":{"dtype":"F32","shape":[1],"shape":[2],"data_offsets":[0,4]}}', 4), "duplicate-key"],
  ["overlapping tensors", bytesOf({ a: f32(0, 8), b: f32(4, 12) }, 12), "overlapping-tensors"],
  ["the same bytes for two tensors", bytesOf({ a: f32(0, 8), b: f32(0, 8) }, 8), "overlapping-tensors"],
  ["a hole between tensors", bytesOf({ a: f32(0, 4), b: f32(8, 12) }, 12), "unreferenced-bytes"],
  ["a hole before the first tensor", bytesOf({ a: f32(4, 8) }, 8), "unreferenced-bytes"],
  ["bytes after the last tensor", bytesOf({ a: f32(0, 4) }, 9), "unreferenced-bytes"],
  ["a tensor that begins after its end", bytesOf({ a: f32(8, 4, [1]) }, 8), "invalid-tensor"],
  ["a tensor past the end of the file", bytesOf({ a: f32(0, 4000) }, 40), "truncated-safetensors"],
  ["a shape that needs other bytes", bytesOf({ a: f32(0, 8, [3]) }, 8), "invalid-tensor"],
  ["a shape whose product overflows", bytesOf({ a: f32(0, 8, [2 ** 40, 2 ** 40, 2 ** 40]) }, 8), "invalid-tensor"],
  ["a shape that wraps to the right size in 64 bits", bytesOf({ a: { dtype: "U8", shape: [2 ** 32, 2 ** 32, 1], data_offsets: [0, 0] } }, 0), "invalid-tensor"],
  ["a negative dimension", bytesOf({ a: f32(0, 4, [-1]) }, 4), "invalid-tensor"],
  ["a fractional offset", bytesOf({ a: f32(0, 4.5, [1]) }, 5), "invalid-tensor"],
  ["an offset past 2^53", bytesOf('{"a":{"dtype":"F32","shape":[1],"data_offsets":[9007199254740993,9007199254740997]}}', 4), "invalid-tensor"],
  ["an unknown type", bytesOf({ a: { dtype: "F7", shape: [1], data_offsets: [0, 4] } }, 4), "invalid-tensor"],
  ["a type named like a property of objects", bytesOf({ a: { dtype: "constructor", shape: [1], data_offsets: [0, 4] } }, 4), "invalid-tensor"],
  ["an entry that is null", bytesOf({ a: null }, 0), "invalid-tensor"],
  ["a tensor named __proto__ of the wrong size", bytesOf('{"__proto__":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', 4), "invalid-tensor"],
  ["a Git LFS pointer", text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 123456\n"), "git-lfs-pointer"],
  ["a web page", text("<!DOCTYPE html><html><body>Not found</body></html>"), "html-page"],
  ["a zipped pickle", text("PK\u0003\u0004 archive/data.pkl"), "pickle-refused"],
];

for (const [name, bytes, code] of hostile) {
  test(`${name} is ${code}`, async () => {
    const file = join(folder, "model.safetensors");
    writeFileSync(file, bytes);
    assert.is(await codeOf(readSafetensors(file)), code);
  });
}

test("a sound file is accepted, with an empty tensor, metadata and a type we do not use", async () => {
  const file = join(folder, "sound.safetensors");
  writeFileSync(file, bytesOf({ __metadata__: { format: "pt" }, b: f32(8, 16, [2, 1]), none: f32(8, 8, [0, 3]), a: { dtype: "I64", shape: [], data_offsets: [0, 8] } }, 16));
  const { tensors } = await readSafetensors(file);
  assert.equal([...tensors.keys()].sort(), ["a", "b", "none"]);
  assert.is((tensors.get("b")?.offset ?? 0) - (tensors.get("a")?.offset ?? 0), 8);
});

test("random damage to a header never gives anything but an error of the checkpoint", async () => {
  const file = join(folder, "damaged.safetensors");
  const sound = bytesOf({ a: f32(0, 8), b: f32(8, 16, [2, 1]) }, 16);
  for (let at = 0; at < sound.length - 16; at += 1) {
    for (const value of [0x00, 0x22, 0x7b, 0xff]) {
      const bytes = sound.slice();
      bytes[at] = value;
      writeFileSync(file, bytes);
      await codeOf(readSafetensors(file));
    }
    writeFileSync(file, sound.slice(0, at));
    assert.is.not(await codeOf(readSafetensors(file)), "accepted");
  }
});

const llama = { model_type: "llama", hidden_size: 16, num_attention_heads: 2, intermediate_size: 8, vocab_size: 4, num_hidden_layers: 1 };
const models: readonly (readonly [string, Readonly<Record<string, string | Uint8Array>>, string])[] = [
  ["no config", {}, "missing-file"],
  ["no weights", { "config.json": JSON.stringify(llama) }, "missing-file"],
  ["only a pickle", { "config.json": JSON.stringify(llama), "pytorch_model.bin": "" }, "pickle-refused"],
  ["another architecture", { "config.json": JSON.stringify({ model_type: "mamba" }) }, "unsupported-architecture"],
  ["no model type", { "config.json": "{}" }, "unsupported-architecture"],
  ["another activation", { "config.json": JSON.stringify({ ...llama, hidden_act: "gelu" }) }, "unsupported-config"],
  ["quantised weights", { "config.json": JSON.stringify({ ...llama, quantization_config: {} }) }, "unsupported-config"],
  ["a config with a key twice", { "config.json": '{"model_type":"llama","model_type":"gpt2"}' }, "duplicate-key"],
  ["a config nested 10^5 deep", { "config.json": `{"a":${"[".repeat(100_000)}` }, "invalid-json"],
  ["a missing tensor", { "config.json": JSON.stringify(llama), "model.safetensors": bytesOf({ a: f32(0, 4) }, 4) }, "missing-tensor"],
  ["a tensor of another shape", { "config.json": JSON.stringify(llama), "model.safetensors": bytesOf({ "model.embed_tokens.weight": f32(0, 256, [16, 4]) }, 256) }, "shape-mismatch"],
  ["a tensor of a type we do not compute", { "config.json": JSON.stringify(llama), "model.safetensors": bytesOf({ "model.embed_tokens.weight": { dtype: "F8_E4M3", shape: [4, 16], data_offsets: [0, 64] } }, 64) }, "unsupported-dtype"],
  ["heads that do not divide", { "config.json": JSON.stringify({ ...llama, num_key_value_heads: 3 }), "model.safetensors": bytesOf({}, 0) }, "invalid-config"],
  ["a size that is text", { "config.json": JSON.stringify({ ...llama, hidden_size: "16" }), "model.safetensors": bytesOf({}, 0) }, "invalid-config"],
  ["an odd head", { "config.json": JSON.stringify({ ...llama, head_dim: 5 }), "model.safetensors": bytesOf({}, 0) }, "unsupported-config"],
  ["an unknown rope", { "config.json": JSON.stringify({ ...llama, rope_scaling: { rope_type: "xpos", factor: 2 } }), "model.safetensors": bytesOf({}, 0) }, "unsupported-config"],
  ["10^9 layers", { "config.json": JSON.stringify({ ...llama, num_hidden_layers: 1e9 }), "model.safetensors": bytesOf({}, 0) }, "invalid-config"],
  ["a shard outside the folder", { "config.json": JSON.stringify(llama), "model.safetensors.index.json": '{"weight_map":{"a":"../secret.safetensors"}}' }, "path-outside-folder"],
  ["a missing shard", { "config.json": JSON.stringify(llama), "model.safetensors.index.json": '{"weight_map":{"a":"b.safetensors"}}' }, "missing-file"],
  ["an index of nothing", { "config.json": JSON.stringify(llama), "model.safetensors.index.json": "{}" }, "invalid-config"],
];

function inFolder(files: Readonly<Record<string, string | Uint8Array>>): string {
  const path = mkdtempSync(join(folder, "case-"));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(path, name, ".."), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return path;
}

for (const [name, files, code] of models) {
  test(`a model with ${name} is ${code}`, async () => {
    assert.is(await codeOf(readModel(inFolder(files))), code);
  });
}

test("a folder that is missing, a file, or a loop of links is missing-file", async () => {
  const loop = join(folder, "loop");
  symlinkSync(loop, loop);
  writeFileSync(join(folder, "plain"), "");
  for (const path of [join(folder, "nowhere"), join(folder, "plain"), loop]) assert.is(await codeOf(readModel(path)), "missing-file");
});

test("an adapter, GGUF and a folder without weights are told what they are, and what to do", async () => {
  const told = async (path: string): Promise<string> => readModel(path).then(() => "read", (error: CheckpointError) => [error.code, error.message, ...error.notes, error.help].join("\n"));
  const adapter = { "adapter_config.json": JSON.stringify({ peft_type: "LORA", base_model_name_or_path: "org/base" }), "adapter_model.safetensors": bytesOf({}, 0) };
  for (const files of [adapter, { ...adapter, "config.json": JSON.stringify(llama) }]) {
    assert.match(await told(inFolder(files)), /^unsupported-architecture\n.*holds an adapter.*\nit belongs to org\/base\nmerge it .*merge_and_unload\(\)\.save_pretrained\("merged"\).*set model "merged"$/);
  }
  assert.match(await told(inFolder({ "adapter_config.json": "{}" })), /holds an adapter/);
  const gguf = inFolder({ "m-Q4.GGUF": "GGUF" });
  assert.match(await told(gguf), /^unsupported-architecture\n.*holds m-Q4\.GGUF, and GGUF is not read\n.*\nthe checkpoint that it was made from is read.*\nset model "…"$/);
  assert.match(await told(join(gguf, "m-Q4.GGUF")), /m-Q4\.GGUF is GGUF, which is not read/);
  // What is a model is read as one, whatever lies beside it.
  assert.match(await told(inFolder({ ...adapter, "config.json": JSON.stringify(llama), "model.safetensors": bytesOf({ a: f32(0, 4) }, 4) })), /^missing-tensor/);
  assert.match(await told(inFolder({ "config.json": JSON.stringify(llama) })), /^missing-file\n.*holds no weights.*\ndownload the model's weights as well/);
});

test("a folder with another file of its tokenizer is told how tokenizer.json is made", async () => {
  const help = async (files: Readonly<Record<string, string>>): Promise<string> => readTokenizer(inFolder(files)).then(() => "read", (error: CheckpointError) => error.help);
  assert.match(await help({ "tokenizer.model": "" }), /^make it from tokenizer\.model once: transformers\.AutoTokenizer\.from_pretrained\("(.+)"\)\.save_pretrained\("\1"\)$/);
  assert.match(await help({}), /^download the model's tokenizer\.json/);
});

const cfg = { d_in: 2, d_sae: 3, architecture: "standard", metadata: { sae_lens_version: "6.0.0", hook_name: "blocks.7.hook_resid_post" } };
const scope = { act_fn: "jumprelu", norm_activation: "dataset-wise", hook_point_in: "blocks.1.hook_resid_post", d_model: 2, d_sae: 3, dataset_average_activation_norm: { in: 1, out: 1 }, jump_relu_threshold: 0.1 };
const standard = (): Uint8Array => bytesOf({ W_enc: f32(0, 24, [2, 3]), W_dec: f32(24, 48, [3, 2]), b_enc: f32(48, 60), b_dec: f32(60, 68) }, 68);
const sparse = (): Uint8Array => bytesOf({ "encoder.weight": f32(0, 24, [3, 2]), W_dec: f32(24, 48, [3, 2]), "encoder.bias": f32(48, 60), b_dec: f32(60, 68) }, 68);
const saes: readonly (readonly [string, Readonly<Record<string, string | Uint8Array>>, string])[] = [
  ["nothing in it", {}, "missing-file"],
  ["an unknown architecture", { "cfg.json": JSON.stringify({ ...cfg, architecture: "temporal" }), "sae_weights.safetensors": bytesOf({}, 0) }, "unsupported-architecture"],
  ["features that depend on the tokens before (temporal)", { "conf.yaml": "sae: {}\n", "latest_ckpt.safetensors": bytesOf({}, 0) }, "unsupported-architecture"],
  ["an unknown normalisation", { "cfg.json": JSON.stringify({ ...cfg, normalize_activations: "magic" }), "sae_weights.safetensors": bytesOf({}, 0) }, "invalid-config"],
  ["a normalisation that was not folded", { "cfg.json": JSON.stringify({ ...cfg, normalize_activations: "expected_average_only_in" }), "sae_weights.safetensors": bytesOf({}, 0) }, "unfolded-normalization"],
  ["another activation", { "cfg.json": JSON.stringify({ ...cfg, activation_fn: "tanh-relu" }), "sae_weights.safetensors": bytesOf({}, 0) }, "unsupported-sae"],
  ["a missing tensor", { "cfg.json": JSON.stringify(cfg), "sae_weights.safetensors": bytesOf({}, 0) }, "missing-tensor"],
  ["no weights", { "cfg.json": JSON.stringify(cfg) }, "missing-file"],
  ["no checkpoints", { "hyperparams.json": JSON.stringify(scope) }, "missing-file"],
  ["a config nested 10^5 deep", { "cfg.json": `{"a":${"[".repeat(100_000)}` }, "invalid-json"],
  ["a config of 64 MB and a byte", { "cfg.json": Buffer.alloc(64 * 2 ** 20 + 1, 0x20) }, "invalid-json"],
  ["a config with a key twice", { "cfg.json": '{"d_in":2,"d_in":3}' }, "duplicate-key"],
  ["no hook_name", { "cfg.json": JSON.stringify({ ...cfg, metadata: { sae_lens_version: "6.0.0" } }), "sae_weights.safetensors": standard() }, "invalid-config"],
  ["one head of several", { "cfg.json": JSON.stringify({ ...cfg, metadata: { sae_lens_version: "6.0.0", hook_name: "blocks.1.attn.hook_z", hook_head_index: 2 } }), "sae_weights.safetensors": standard() }, "unsupported-sae"],
  ["a trainer's factor that is none", { "cfg.json": JSON.stringify({ ...cfg, normalize_activations: "expected_average_only_in" }), "activation_scaler.json": '{"scaling_factor": -1}', "sae_weights.safetensors": standard() }, "invalid-config"],
  ["a trainer that had no factor yet", { "cfg.json": JSON.stringify({ ...cfg, normalize_activations: "expected_average_only_in" }), "activation_scaler.json": '{"scaling_factor": null}', "sae_weights.safetensors": standard() }, "unfolded-normalization"],
  ["features that may be negative (abstopk)", { "cfg.json": JSON.stringify({ ...cfg, architecture: "abstopk" }), "sae_weights.safetensors": bytesOf({}, 0) }, "unsupported-architecture"],
  ["matching_pursuit", { "cfg.json": JSON.stringify({ ...cfg, architecture: "matching_pursuit" }), "sae_weights.safetensors": bytesOf({}, 0) }, "unsupported-architecture"],
  ["k above its width", { "cfg.json": JSON.stringify({ ...cfg, architecture: "topk", k: 4 }), "sae_weights.safetensors": standard() }, "invalid-config"],
  ["a transcoder's factor that no file holds", { "cfg.json": JSON.stringify({ ...cfg, architecture: "transcoder", normalize_activations: "expected_average_only_in" }), "sae_weights.safetensors": standard() }, "unfolded-normalization"],
  ["a skip_transcoder without its skip", { "cfg.json": JSON.stringify({ ...cfg, architecture: "skip_transcoder", d_out: 2 }), "sae_weights.safetensors": standard() }, "missing-tensor"],
  ["another activation of Llama Scope", { "hyperparams.json": JSON.stringify({ ...scope, act_fn: "gelu" }) }, "unsupported-sae"],
  ["a glu encoder", { "hyperparams.json": JSON.stringify({ ...scope, use_glu_encoder: true }) }, "unsupported-sae"],
  ["another activation of sparsify", { "layers.7/cfg.json": JSON.stringify({ d_in: 2, num_latents: 3, k: 1, activation: "relu" }), "layers.7/sae.safetensors": bytesOf({}, 0) }, "unsupported-sae"],
  ["signed features of sparsify", { "layers.7/cfg.json": JSON.stringify({ d_in: 2, num_latents: 3, k: 1, signed: true }), "layers.7/sae.safetensors": bytesOf({}, 0) }, "unsupported-sae"],
  ["groups of sparsify that do not divide", { "layers.7/cfg.json": JSON.stringify({ d_in: 2, num_latents: 3, k: 2, activation: "groupmax" }), "layers.7/sae.safetensors": bytesOf({}, 0) }, "invalid-config"],
  ["a folder of sparsify without a hookpoint's name", { "mine/cfg.json": JSON.stringify({ d_in: 2, num_latents: 3, k: 1 }), "mine/sae.safetensors": sparse() }, "invalid-config"],
  ["an unknown dict_class", { "config.json": JSON.stringify({ trainer: { dict_class: "IdentityDict" } }), "ae.pt": "PK" }, "unsupported-architecture"],
  ["a dict_class named like a property of objects", { "config.json": JSON.stringify({ trainer: { dict_class: "constructor" } }), "ae.pt": "PK" }, "unsupported-architecture"],
  ["dictionary_learning and a pickle that is none", { "config.json": JSON.stringify({ trainer: { dict_class: "AutoEncoder" } }), "ae.pt": "PK" }, "pickle-refused"],
  ["a crosscoder", { "config.json": JSON.stringify({ sae_type: "crosscoder" }), "sae_weights.safetensors": bytesOf({}, 0) }, "unsupported-sae"],
  ["batchtopk of llamascopium", { "config.json": JSON.stringify({ d_model: 2, expansion_factor: 1.5, act_fn: "batchtopk" }), "sae_weights.safetensors": bytesOf({}, 0) }, "unsupported-sae"],
  ["no norm that its config asks for", { "config.json": JSON.stringify({ d_model: 2, expansion_factor: 1.5, act_fn: "relu", hook_point_in: "blocks.1.hook_resid_post", sparsity_include_decoder_norm: false }), "sae_weights.safetensors": bytesOf({ W_D: f32(0, 24, [3, 2]) }, 24) }, "unfolded-normalization"],
  ["the format of Gemma Scope and no published name", { "params.npz": "PK" }, "invalid-config"],
  ["Gemma Scope 2 and no published name", { "params.safetensors": bytesOf({}, 0) }, "invalid-config"],
  ["another architecture of Gemma Scope 2", { "params.safetensors": bytesOf({}, 0), "config.json": '{"architecture":"relu"}' }, "unsupported-architecture"],
  ["two layers and no choice", { "layer_1.safetensors": "", "layer_2.safetensors": "", "config.yaml": "" }, "unsupported-sae-format"],
  ["a layer and a config of YAML's finer points", { "layer_1.safetensors": bytesOf({}, 0), "config.yaml": "model_name: &a x\nfeature_input_hook: *a\n" }, "invalid-config"],
  ["an .onnx file only", { "model.onnx": "" }, "unsupported-sae-format"],
  ["a pickle under another name only", { "weights.bin": "" }, "unsupported-sae-format"],
];

for (const [name, files, code] of saes) {
  test(`an SAE with ${name} is ${code}`, async () => {
    const path = inFolder(files);
    const inner = Object.keys(files).find((each) => each.includes("/"));
    assert.is(await codeOf(readSae(inner === undefined ? path : join(path, inner, ".."), { convention: null })), code);
  });
}

test("a config that keeps its hook in metadata and says no version is told what is missing", async () => {
  const path = inFolder({ "cfg.json": JSON.stringify({ ...cfg, metadata: { hook_name: "blocks.7.hook_resid_post" } }), "sae_weights.safetensors": standard() });
  await readSae(path, { convention: null }).then(() => assert.unreachable(), (error: CheckpointError) => {
    assert.is(error.code, "invalid-config");
    assert.match(error.help, /"sae_lens_version": "6\.0\.0"/);
  });
});

test("what was found and every format are listed where none fits", async () => {
  const path = inFolder({ "model.onnx": "", "notes.txt": "" });
  await readSae(path, { convention: null }).then(() => assert.unreachable(), (error: CheckpointError) => {
    assert.is(error.notes[0], "found: model.onnx, notes.txt");
    assert.is(error.notes.length, 2 + SAE_FORMATS.length);
  });
});

test("auto_map and other unknown keys of a config are never looked at", async () => {
  const path = inFolder({ "cfg.json": JSON.stringify({ ...cfg, auto_map: { AutoModel: "evil.py" }, trust_remote_code: true, model_name: "../../.ssh", sae_lens_version: "9.9" }), "sae_weights.safetensors": standard(), "evil.py": "" });
  assert.is((await readSae(path, { convention: null })).dSae, 3);
});

for (const dtype of ["F8_E4M3", "F8_E5M2", "F4"]) {
  test(`weights of type ${dtype} are refused, and the types that can be used are listed`, async () => {
    const bytes = dtype === "F4" ? 32 : 64;
    const path = inFolder({ "config.json": JSON.stringify(llama), "model.safetensors": bytesOf({ "model.embed_tokens.weight": { dtype, shape: [4, 16], data_offsets: [0, bytes] } }, bytes) });
    await readModel(path).then(() => assert.unreachable(), (error: CheckpointError) => {
      assert.is(error.code, "unsupported-dtype");
      assert.match(error.message, dtype);
      assert.match(error.notes.join(), "F32, F16, BF16");
    });
  });
}

for (const [what, name, read] of [["model", "config.json", readModel], ["SAE", "cfg.json", (path: string) => readSae(path, { convention: null })]] as const) {
  test(`a config of 200 MB of a ${what} is refused before it is read`, async () => {
    const path = inFolder({ [name]: "{}", "sae_weights.safetensors": bytesOf({}, 0) });
    truncateSync(join(path, name), 200 * 2 ** 20);
    const before = process.memoryUsage().rss;
    await read(path).then(() => assert.unreachable(), (error: CheckpointError) => {
      assert.is(error.code, "invalid-json");
      assert.match(error.message, "209715200 bytes; at most 67108864 are read");
    });
    assert.ok(process.memoryUsage().rss - before < 100e6, "it is not in memory");
  });
}

test("a threshold of another length, or that is no number, is named; below 0 it is 0, as of a relu", async () => {
  const jump = JSON.stringify({ ...cfg, architecture: "jumprelu", apply_b_dec_to_input: false });
  const weights = (end: number, value: number): Uint8Array => {
    const bytes = bytesOf({ W_enc: f32(0, 24, [2, 3]), W_dec: f32(24, 48, [3, 2]), b_enc: f32(48, 60), b_dec: f32(60, 68), threshold: f32(68, end) }, end);
    new DataView(bytes.buffer).setFloat32(bytes.length - 4, value, true);
    return bytes;
  };
  assert.is(await codeOf(readSae(inFolder({ "cfg.json": jump, "sae_weights.safetensors": weights(76, 1) }), { convention: null })), "shape-mismatch");
  assert.is(await codeOf(readSae(inFolder({ "cfg.json": jump, "sae_weights.safetensors": weights(80, Number.POSITIVE_INFINITY) }), { convention: null })), "nonfinite-weights");
  const { threshold } = await readSae(inFolder({ "cfg.json": jump, "sae_weights.safetensors": weights(80, -1) }), { convention: null });
  assert.is(threshold?.[2], 0);
});

test("a convention that the format does not have is refused", async () => {
  const path = inFolder({ "cfg.json": JSON.stringify(cfg), "sae_weights.safetensors": bytesOf({}, 0) });
  assert.is(await codeOf(readSae(path, { convention: "openmoss" })), "convention-not-applicable");
});

test("a threshold that is NaN is named with its index", async () => {
  const jump = { ...cfg, architecture: "jumprelu", apply_b_dec_to_input: false };
  const weights = bytesOf({ W_enc: f32(0, 24, [2, 3]), W_dec: f32(24, 48, [3, 2]), b_enc: f32(48, 60), b_dec: f32(60, 68), threshold: f32(68, 80) }, 80);
  new DataView(weights.buffer).setFloat32(weights.length - 8, NaN, true);
  const path = inFolder({ "cfg.json": JSON.stringify(jump), "sae_weights.safetensors": weights });
  await readSae(path, { convention: null }).then(() => assert.unreachable(), (error: CheckpointError) => {
    assert.is(error.code, "nonfinite-weights");
    assert.match(error.message, "`threshold`");
    assert.match(error.message, "index 1");
  });
});

test.run();
