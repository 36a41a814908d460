/** Without this file hooks, centring, BOS and limits of other families would be promised by readers and lost on the way to a result. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Acts, Dense, Value } from "../../runtime/data/frame.ts";
import { headerOf } from "../../runtime/session/header.ts";
import { familyModel } from "../docs/outside_checkpoints.ts";
import { saeFolder, safetensors } from "./checkpoints.ts";
import { open, run, type Ran } from "./open.ts";
import { ownFolder } from "../house/own_folder.ts";

const WIDTH = 32;
const prompts = 'prompts "the word was by the sea", "the lazy dog"';

function model(name: string, tokenizer: string, change: (config: Record<string, unknown>) => void = () => {}): string {
  const path = ownFolder("saeq-family-");
  familyModel(path, name, tokenizer);
  const config = JSON.parse(readFileSync(join(path, "config.json"), "utf8")) as Record<string, unknown>;
  change(config);
  writeFileSync(join(path, "config.json"), JSON.stringify(config));
  return path;
}

/** An SAE in sae_lens' layout trained on a hook of a small model. */
function sae(hook: string, options: Readonly<Record<string, unknown>> = {}, dIn = WIDTH): string {
  return saeFolder({ dIn, dSae: 48, hook, change: (_, config) => Object.assign(config["metadata"] as object, options) });
}

async function once(text: string): Promise<Ran> {
  const session = await open();
  const ran = await run(session, text);
  await session.close();
  return ran;
}

const header = (value: Value | undefined): string => headerOf(value!, "float32 on CPU");
const set = (kind: "model" | "sae", path: string): string => `set ${kind} ${JSON.stringify(path)}\n`;

for (const [name, hook, module] of [
  ["blocks.1.hook_resid_mid", "resid_mid", "transformer.h.1.ln_2 input"],
  ["blocks.1.hook_mlp_out", "mlp_out", "transformer.h.1.mlp.c_proj output"],
  ["blocks.0.hook_attn_out", "attn_out", "transformer.h.0.attn.c_proj output"],
  ["blocks.1.attn.hook_z", "z", "transformer.h.1.attn.c_proj input"],
  ["blocks.1.ln2.hook_normalized", "ln2_normalized", "transformer.h.1.ln_2 output, before its weight and bias"],
  ["blocks.1.mlp.hook_in", "mlp_in", "transformer.h.1.mlp input"],
  ["blocks.0.ln1.hook_normalized", "ln1_normalized", "transformer.h.0.ln_1 output, before its weight and bias"],
] as const) {
  test(`an SAE of ${name} is read where it was trained, and the header says which module that is`, async () => {
    const layer = name.split(".")[1]!;
    const start = set("model", model("gpt2_tied", "gpt2")) + set("sae", sae(name)) + "set bos true\n";
    const { values, codes } = await once(`${start}${prompts} | acts layer ${layer}`);
    assert.equal(codes, []);
    assert.match(header(values[0]), `layer ${layer} ${hook} (${module})`);
    const dense = await once(`${start}${prompts} | resid layer ${layer} hook ${hook} | encode | top 5`);
    const fused = await once(`${start}${prompts} | acts layer ${layer} hook ${hook} | top 5`);
    assert.equal(dense.outcome.exitCode, 0);
    assert.equal(tableOf(fused), tableOf(dense), "fused and unfused agree");
    const other = await once(`${start}${prompts} | acts layer ${layer} hook resid_pre`);
    assert.equal(other.codes, ["hook-mismatch"]);
  });
}

function tableOf({ values }: Ran): unknown {
  const value = values[0]!;
  return value.kind === "features" ? value.table.columns.map((column) => Array.from(column.values as ArrayLike<unknown>)) : null;
}

test("an SAE of a place that saeq does not read is refused, not fed the residual stream", async () => {
  const { codes, outcome } = await once(`${set("model", model("gpt2_tied", "gpt2"))}${set("sae", sae("blocks.1.mlp.hook_post"))}set bos true\n${prompts} | acts layer 1`);
  assert.equal(codes, ["hook-mismatch"]);
  assert.match(JSON.stringify(outcome.diagnostics), /mlp\.hook_post/);
});

test("a centred SAE makes acts centre the stream of a model with LayerNorm, and says so", async () => {
  const path = model("gpt2_tied", "gpt2");
  const centred = set("sae", sae("blocks.1.hook_resid_pre", { model_from_pretrained_kwargs: { center_writing_weights: true } }));
  const plain = set("sae", sae("blocks.1.hook_resid_pre"));
  const start = `${set("model", path)}set bos true\n`;
  const by = await once(`${start}${centred}${prompts} | acts layer 1 | top 5`);
  assert.match(header(by.values[0]), "resid_pre centred (transformer.h.1 input)");
  const hand = await once(`${start}${plain}${prompts} | resid layer 1 hook resid_pre centred | encode | top 5`);
  assert.equal(tableOf(by), tableOf(hand));
  const kept = await once(`${start}${plain}${prompts} | acts layer 1 | top 5`);
  assert.not.match(header(kept.values[0]), /centred/);
  assert.not.equal(tableOf(kept), tableOf(by));
  const { values } = await once(`${start}${prompts} | resid layer 1 hook resid_pre centred`);
  const { values: rows, width } = (values[0] as Dense).taps[0]!;
  for (let at = 0; at < rows.length; at += width) assert.ok(Math.abs(rows.subarray(at, at + width).reduce((sum, value) => sum + value, 0)) < 1e-4);
});

test("an SAE of z without value biases makes acts take them off, and says so; by hand it is refused", async () => {
  const start = `${set("model", model("gpt2_tied", "gpt2"))}set bos true\n`;
  const of = (options: Readonly<Record<string, unknown>>): string => set("sae", sae("blocks.1.attn.hook_z", { model_from_pretrained_kwargs: options }));
  const kept = await once(`${start}${of({})}${prompts} | acts layer 1 | top 5`);
  const values = await once(`${start}${of({ fold_value_biases: true })}${prompts} | acts layer 1 | top 5`);
  const both = await once(`${start}${of({ fold_value_biases: true, fold_ln: true })}${prompts} | acts layer 1 | top 5`);
  assert.match(header(values.values[0]), "z without value biases (transformer.h.1.attn.c_proj input)");
  assert.not.match(header(kept.values[0]), /without/);
  assert.is(new Set([kept, values, both].map((ran) => JSON.stringify(tableOf(ran)))).size, 3);
  const hand = await once(`${start}${of({ fold_value_biases: true })}${prompts} | resid layer 1 hook z | encode | top 5`);
  assert.equal(hand.codes, ["hook-mismatch"]);
  assert.match(hand.outcome.diagnostics[0]!.message, /without the value biases/);
  assert.is(hand.outcome.diagnostics[0]!.help, "acts layer 1");
});

test("a text is as long as the model's context, past 8,192 tokens too", async () => {
  const start = set("model", model("qwen2_bias", "qwen", (config) => void (config["max_position_embeddings"] = 8300)));
  const words = (count: number): string => `prompts ${JSON.stringify("the lazy dog ".repeat(count / 3).trim())}`;
  const lengthOf = ({ values, codes }: Ran): number => (assert.equal(codes, []), (values[0] as Dense).tokens.ids[0]!.length);
  assert.ok(lengthOf(await once(`${start}${words(3531)} | resid layer 1 last 3`)) > 8192);
  const long = await once(`${start}${words(4500)} | resid layer 1 last 3`);
  assert.equal(long.codes, ["text-too-long"]);
  assert.match(long.outcome.diagnostics[0]!.message, /the model's context holds 8300$/);
  assert.is(lengthOf(await once(`set long truncate\n${start}${words(4500)} | resid layer 1 last 3`)), 8300);
  const continued = await once(`${start}${words(3531)} | memorize prefix 8190 continue 4 of text | select matching_tokens`);
  assert.equal(continued.codes, []);
});

test("features of every token of a long text are those of its last tokens alone, to the bit", async () => {
  const start = `set guard off\n${set("model", model("qwen2_bias", "qwen", (config) => void (config["max_position_embeddings"] = 8300)))}${set("sae", sae("blocks.1.hook_resid_post", { prepend_bos: false }))}prompts ${JSON.stringify("the lazy dog ".repeat(1177).trim())}`;
  const csrOf = ({ values, codes }: Ran): Acts["taps"][number]["csr"] => (assert.equal(codes, []), (values[0] as Acts).taps[0]!.csr);
  const all = csrOf(await once(`${start} | acts layer 1`));
  const last = csrOf(await once(`${start} | acts layer 1 last 64`));
  assert.ok(all.rows > 8192 && last.rows === 64);
  const from = all.indptr[all.rows - 64]!;
  assert.equal([[...all.indices.subarray(from)], [...all.values.subarray(from)]], [[...last.indices], [...last.values]]);
  assert.ok(last.indices.length > 64);
});

test("centred is refused where it means nothing", async () => {
  const start = set("model", model("gpt2_tied", "gpt2"));
  assert.equal((await once(`${start}${prompts} | resid layer 1 hook z centred`)).codes, ["wrong-argument"]);
  assert.equal((await once(`${set("model", model("qwen2_bias", "qwen"))}${prompts} | resid layer 1 centred`)).codes, ["wrong-argument"]);
});

test("TransformerLens centres no model with RMSNorm, whatever the SAE's config asks for, and so does saeq", async () => {
  const options = { prepend_bos: false, model_from_pretrained_kwargs: { center_writing_weights: true } };
  const { values, codes } = await once(`${set("model", model("qwen2_bias", "qwen"))}${set("sae", sae("blocks.1.hook_resid_post", options))}${prompts} | acts layer 1`);
  assert.equal(codes, []);
  assert.not.match(header(values[0]), /centred/);
});

test("GPT-2 gets its BOS once, as an id, when the SAE wants it; the disagreement is said first", async () => {
  // As on the hub: the tokenizer names no BOS, the model's config has its id.
  const start = set("model", model("gpt2_tied", "gpt2", (config) => (config["bos_token_id"] = 0))) + set("sae", sae("blocks.1.hook_resid_post"));
  const { codes, outcome } = await once(`${start}${prompts} | acts layer 1`);
  assert.equal(codes, ["bos-mismatch"]);
  assert.match(JSON.stringify(outcome.diagnostics), /set bos true/);
  const { values } = await once(`${start}set bos true\nprompts "<|endoftext|>the sea", "the sea" | tokenize`);
  const tokens = values[0]!;
  assert.ok(tokens.kind === "tokens");
  assert.equal([...tokens.ids[0]!], [...tokens.ids[1]!]);
  assert.is(tokens.ids[1]![0], 0);
  assert.ok(tokens.special.has(0), "it is masked from statistics");
});

test("Gemma gets its BOS from its own tokenizer", async () => {
  const { values } = await once(`${set("model", model("gemma2_capped", "gemma"))}prompts "the sea" | tokenize`);
  const tokens = values[0]!;
  assert.ok(tokens.kind === "tokens" && tokens.ids[0]![0] === 2);
});

test("a text longer than GPT-2's context is an error with both numbers, or cut when asked", async () => {
  const start = set("model", model("gpt2_tied", "gpt2"));
  const long = `prompts "${"the sea ".repeat(80)}"`;
  const { codes, outcome } = await once(`${start}${long} | resid layer 1`);
  assert.equal(codes, ["text-too-long"]);
  assert.match(JSON.stringify(outcome.diagnostics), /160/);
  const cut = await once(`${start}set long truncate\n${long} | resid layer 1`);
  assert.is((cut.values[0] as Dense).rows.count, 160);
});

test("memorize continues with every family", async () => {
  for (const [name, tokenizer] of [["gpt2_tied", "gpt2"], ["neox_small", "pythia"], ["gemma3_local", "gemma"], ["qwen3_norms", "qwen"], ["phi_half", "pythia"], ["phi3_window", "pythia"], ["mistral_window", "llama3"], ["olmo_clipped", "pythia"], ["smollm3_window", "llama3"], ["granite_factors", "pythia"], ["glm4_plain", "gpt2"], ["stablelm_parallel", "pythia"], ["mixtral_published", "llama3"], ["olmoe_plain", "pythia"], ["olmo2_plain", "pythia"], ["olmo3_window", "gpt2"], ["helium_plain", "llama3"], ["nemotron_plain", "pythia"], ["exaone4_hybrid", "gpt2"], ["apertus_plain", "llama3"], ["codegen_plain", "gpt2"], ["mpt_plain", "pythia"], ["hyperclovax_normed", "llama3"], ["phimoe_published", "llama3"], ["granitemoe_published", "pythia"], ["dots1_groups", "gpt2"], ["ernie4_5_moe_plain", "llama3"], ["opt_behind", "gpt2"], ["hunyuan_alpha", "gpt2"], ["nanochat_capped", "gpt2"], ["deepseek_v2_groups", "llama3"], ["deepseek_v3_dense", "pythia"], ["exaone_published", "gpt2"], ["glm4_moe_lite_plain", "llama3"], ["youtu_plain", "gpt2"], ["openai_gpt_plain", "gpt2"], ["biogpt_plain", "pythia"], ["granitemoehybrid_dense", "gpt2"], ["granite_swa_bases", "llama3"], ["hunyuan_moe_published", "gpt2"], ["solar_open_groups", "llama3"], ["sarvam_moe_published", "gpt2"], ["exaone_moe_published", "llama3"], ["minimax_m2_published", "gpt2"], ["mellum_kinds", "llama3"], ["cohere2_moe_dense", "gpt2"], ["internlm3_plain", "llama3"], ["minicpm3_longrope", "gpt2"], ["neox_japanese_partial", "pythia"], ["persimmon_scaled", "llama3"], ["xglm_padded", "gpt2"], ["gpt_sw3_plain", "gpt2"], ["phi3_longrope", "pythia"], ["afmoe_published", "llama3"], ["laguna_published", "gpt2"], ["qwen3_next_held", "qwen"], ["lfm2_published", "gpt2"], ["llama4_plain", "llama3"], ["falcon_alibi_odd", "gpt2"], ["lfm2_moe_published", "llama3"]] as const) {
    const { outcome, values } = await once(`${set("model", model(name, tokenizer))}prompts "the word was by the sea shore the lazy dog" | memorize prefix 4 continue 5 of text`);
    assert.is(outcome.exitCode, 0, `${name}: ${JSON.stringify(outcome.diagnostics)}`);
    assert.ok(values[0]!.kind === "table" && values[0]!.columns.some((column) => column.name === "generated_continuation_text"));
  }
});

test("an SAE of heads without their value biases is refused where values are clipped", async () => {
  const start = `${set("model", model("olmo_clipped", "pythia"))}set bos true\nset guard off\n`;
  const folded = await once(`${start}${set("sae", sae("blocks.1.attn.hook_z", { model_from_pretrained_kwargs: { fold_value_biases: true } }))}${prompts} | acts layer 1`);
  assert.equal(folded.codes, ["unsupported-sae"]);
  assert.match(JSON.stringify(folded.outcome.diagnostics), /its values are kept between −0\.7 and 0\.7/);
});

test("an SAE of heads without their value biases is refused where each token opens its heads by more or less", async () => {
  const start = `${set("model", model("afmoe_held", "pythia"))}set bos true\nset guard off\n`;
  const folded = await once(`${start}${set("sae", sae("blocks.1.attn.hook_z", { model_from_pretrained_kwargs: { fold_value_biases: true } }, 24))}${prompts} | acts layer 1`);
  assert.equal(folded.codes, ["unsupported-sae"]);
  assert.match(JSON.stringify(folded.outcome.diagnostics), /its heads are multiplied by what each token opens them by/);
});

test("where norms stand behind attention and MLP, an SAE of what these give is read before them and promotes no tokens; there is nothing normed before", async () => {
  const start = `${set("model", model("olmo2_plain", "pythia"))}set bos true\nset guard off\n`;
  const ofMlp = `${start}${set("sae", sae("blocks.1.hook_mlp_out"))}`;
  const { values, codes } = await once(`${ofMlp}${prompts} | acts layer 1`);
  assert.equal(codes, []);
  assert.match(header(values[0]), "layer 1 mlp_out (model.layers.1.mlp.down_proj output)");
  const promoted = await once(`${ofMlp}promotes 3 k 2`);
  assert.equal(promoted.codes, ["hook-mismatch"]);
  const [{ notes, help } = { notes: [], help: "" }] = promoted.outcome.diagnostics;
  assert.match(notes!.join("\n"), /mlp_out goes through model\.layers\.1\.post_feedforward_layernorm before it joins the stream/);
  assert.is(help, 'set sae "…" to one of resid_pre, resid_mid or resid_post');
  assert.equal((await once(`${start}${set("sae", sae("blocks.1.hook_resid_post"))}promotes 3 k 2`)).codes, []);
  const absent = await once(`${start}${prompts} | resid layer 1 hook ln1_normalized`);
  assert.equal(absent.codes, ["hook-absent"]);
  assert.match(JSON.stringify(absent.outcome.diagnostics), /olmo2: attention and MLP read the stream as it is, and the norms stand behind them/);
});

test("code that comes with a model is not run, and that is said", async () => {
  const { notices, outcome } = await once(`${set("model", model("gpt2_tied", "gpt2", (config) => (config["auto_map"] = { AutoModel: "modeling.Evil" })))}${prompts} | resid layer 0 last 1`);
  assert.is(outcome.exitCode, 0);
  assert.ok(notices.some((notice) => /auto_map/.test(notice)), JSON.stringify(notices));
});

test("a tokenizer with more tokens than the model has vectors is refused", async () => {
  const path = model("gpt2_tied", "gpt2");
  const file = join(path, "tokenizer.json");
  const value = JSON.parse(readFileSync(file, "utf8")) as { added_tokens: object[] };
  for (let id = 60; id <= 64; id++) value.added_tokens.push({ id, content: `<|extra ${id}|>`, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true });
  writeFileSync(file, JSON.stringify(value));
  assert.equal((await once(`${set("model", path)}${prompts} | resid layer 0`)).codes, ["vocabulary-mismatch"]);
});

test("an SAE as those of gpt-oss are kept is read on one in four bits", async () => {
  const path = ownFolder("saeq-dictionary-");
  const series = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898));
  const [vector, matrix] = [(count: number) => ({ shape: [count], values: series(count) }), (rows: number, columns: number) => ({ shape: [rows, columns], values: series(rows * columns) })];
  writeFileSync(join(path, "ae.safetensors"), safetensors({ "encoder.weight": matrix(48, WIDTH), "encoder.bias": vector(48), "decoder.weight": matrix(WIDTH, 48), b_dec: vector(WIDTH), threshold: { shape: [], values: Float32Array.of(1) } }));
  writeFileSync(join(path, "config.json"), JSON.stringify({ trainer: { dict_class: "BatchTopKSAE", activation_dim: WIDTH, dict_size: 48, layer: 1, lm_name: "openai/gpt-oss-20b", submodule_name: "resid_post_layer_1", k: 8 } }));
  const start = `${set("model", model("gpt_oss_mxfp4", "gpt2"))}${set("sae", path)}set bos true\nset guard off\n`;
  const fused = await once(`${start}${prompts} | acts layer 1 | top 5`);
  assert.equal(fused.codes, []);
  assert.equal(tableOf(fused), tableOf(await once(`${start}${prompts} | resid layer 1 | encode | top 5`)));
  const { values } = await once(`${start}${prompts} | acts layer 1`);
  assert.match(header(values[0]), "layer 1 resid_post (model.layers.1 output)");
});

test("an SAE of heads without their value biases is refused where sinks leave each row another part of them", async () => {
  const start = `${set("model", model("gpt_oss_mxfp4", "gpt2"))}set bos true\nset guard off\n`;
  const folded = await once(`${start}${set("sae", sae("blocks.1.attn.hook_z", { model_from_pretrained_kwargs: { fold_value_biases: true } }, 16))}${prompts} | acts layer 1`);
  assert.equal(folded.codes, ["unsupported-sae"]);
  const whole = await once(`${start}${set("sae", sae("blocks.1.attn.hook_z", {}, 16))}${prompts} | acts layer 1`);
  assert.equal(whole.codes, []);
});

test.run();
