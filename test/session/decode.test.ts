/** Without this file nobody would see that a session decodes with the right SAE, against the right activations, and says so when it cannot. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gemmaArrays, npy, zip } from "../checkpoint/archives.ts";
import { saeFolder, safetensors, type Tensor } from "./checkpoints.ts";
import { bits, folder, open, run } from "./open.ts";
import type { Dense, Table, Value } from "../../runtime/data/frame.ts";

const QUERY = "groups perfect = (sample perfect 6), non_perfect = (sample non_perfect 6) | acts layer 7 last 20";

async function codes(query: string): Promise<readonly string[]> {
  const session = await open();
  const ran = await run(session, query);
  await session.close();
  return ran.codes;
}

test("the table and the vectors have the same bits for any lanes and batches", async () => {
  const results = new Set<string>();
  for (const engine of [{ lanes: 1, threads: 1, batch: 1 }, { lanes: 3, threads: 1, batch: 7 }]) {
    const session = await open({ engine });
    const { values, outcome } = await run(session, `${QUERY} | tee (decode) | decode vectors`);
    await session.close();
    assert.is(outcome.exitCode, 0, JSON.stringify(outcome.diagnostics));
    assert.is(values.length, 2);
    results.add(JSON.stringify(values.map(bits)));
  }
  assert.is(results.size, 1);
});

test("one token alone is decoded to the bits it has among others", async () => {
  const session = await open();
  const { values } = await run(session, 'prompts "In the beginning" | acts layer 7 last 3 | decode vectors\nprompts "In the beginning" | acts layer 7 last 1 | decode vectors');
  await session.close();
  const [three, one] = values.map((value) => (value.kind === "dense" ? value.taps[0]! : null));
  assert.equal(one?.values, three?.values.slice(-one!.width));
});

/** A transcoder of the shipped model in sae_lens' layout. */
function transcoder(out: string, width = 192): string {
  return saeFolder({
    hook: "blocks.7.hook_resid_pre",
    change: (weights: Record<string, Tensor>, config) => {
      config["architecture"] = "jumprelu_skip_transcoder";
      config["d_out"] = width;
      config["metadata"] = { ...(config["metadata"] as object), hook_name_out: out };
      // The identity: it writes what it reads.
      weights["W_dec"] = { shape: [64, width], values: new Float32Array(64 * width) };
      weights["b_dec"] = { shape: [width], values: new Float32Array(width) };
      weights["W_skip"] = { shape: [width, 192], values: Float32Array.from({ length: width * 192 }, (_, i) => (i % 193 === 0 ? 1 : 0)) };
    },
  });
}

test("a transcoder is held against what it predicts, at the place where it writes", async () => {
  const session = await open();
  const query = (out: string): string => `set sae "${transcoder(out)}"\nprompts "In the beginning God created" | acts layer 7 hook resid_pre | decode`;
  const { values, outcome } = await run(session, query("blocks.7.hook_resid_post"));
  assert.is(outcome.exitCode, 0, JSON.stringify(outcome.diagnostics));
  const explained = (value: Value | undefined): number => (value as Table).columns.find(({ name }) => name === "explained_variance")!.values[0] as number;
  const { values: read } = await run(session, 'prompts "In the beginning God created" | resid layer 7 hook resid_pre\nprompts "In the beginning God created" | resid layer 7');
  const [before, after] = read.map((value) => value as Dense);
  const rows = Array.from(after!.rows.masked.keys()).filter((row) => after!.rows.masked[row] === 0);
  const at = (dense: Dense, row: number, i: number): number => dense.taps[0]!.values[row * 192 + i]!;
  const sum = (of: (row: number, i: number) => number): number => rows.reduce((total, row) => total + Array.from({ length: 192 }, (_, i) => of(row, i)).reduce((a, b) => a + b, 0), 0);
  const mean = Array.from({ length: 192 }, (_, i) => rows.reduce((total, row) => total + at(after!, row, i), 0) / rows.length);
  const wanted = 1 - sum((row, i) => (at(after!, row, i) - at(before!, row, i)) ** 2) / sum((row, i) => (at(after!, row, i) - mean[i]!) ** 2);
  assert.ok(Math.abs(explained(values[0]) - wanted) < 1e-6 && wanted < 0.999, `${explained(values[0])}, ${wanted}`);
  const narrow = `set sae "${transcoder("blocks.7.hook_mlp_out", 100)}"\nprompts "In the beginning God created" | acts layer 7 hook resid_pre | decode`;
  assert.equal((await run(session, narrow)).codes, ["sae-width-mismatch"]);
  assert.is((await run(session, `${narrow} vectors`)).outcome.exitCode, 0);
  assert.equal((await run(session, query("blocks.70.hook_resid_post"))).codes, ["hook-mismatch"]);
  const unreadable = await run(session, query("blocks.7.hook_unheard_of"));
  assert.equal(unreadable.codes, ["hook-mismatch"]);
  assert.match(unreadable.outcome.diagnostics[0]?.help ?? "", "decode vectors");
  assert.is((await run(session, `${query("blocks.7.hook_unheard_of")} vectors`)).outcome.exitCode, 0);
  await session.close();
});

test("an SAE of another hook is never taken for one of the residual stream", async () => {
  const other = saeFolder({ hook: "blocks.7.hook_unheard_of" });
  assert.equal(await codes(`set sae "${other}"\nprompts "a" | acts layer 7`), ["hook-mismatch"]);
  // A layer that this model does not have is not offered.
  const session = await open();
  const { outcome } = await run(session, `set model "kjv"\nset sae "${saeFolder({ hook: "blocks.70.hook_resid_post" })}"\nprompts "a" | acts layer 7`);
  await session.close();
  assert.is(outcome.diagnostics[0]?.help, 'set sae "…"');
});

test("features of an SAE that is no longer set, and of one without a decoder, are not decoded", async () => {
  const place = folder();
  const ramp = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin(i));
  const clt = join(place, "gemma");
  mkdirSync(clt);
  writeFileSync(join(clt, "config.json"), JSON.stringify({ architecture: "jump_relu", hf_hook_point_in: "model.layers.7.output" }));

  writeFileSync(join(clt, "params.safetensors"), safetensors({ w_enc: { shape: [192, 4], values: ramp(768) }, w_dec: { shape: [4, 2, 192], values: ramp(1536) }, b_enc: { shape: [4], values: ramp(4) }, b_dec: { shape: [192], values: ramp(192) }, threshold: { shape: [4], values: new Float32Array(4) } }));
  assert.equal(await codes(`set sae "${clt}"\nprompts "a" | acts layer 7 | decode`), ["unsupported-sae"]);
  assert.equal(await codes(`set sae "${clt}"\nprompts "a" | acts layer 7 | top 2`), []);
});

test("an SAE of a module is taken only where the model's hook is that module's output", async () => {
  const ramp = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin(i));
  const coder = (hookpoint: string): string => {
    const place = join(folder(), hookpoint);
    mkdirSync(place);
    writeFileSync(join(place, "cfg.json"), JSON.stringify({ d_in: 192, num_latents: 4, k: 2 }));
    writeFileSync(join(place, "sae.safetensors"), safetensors({ "encoder.weight": { shape: [4, 192], values: ramp(768) }, "encoder.bias": { shape: [4], values: ramp(4) }, W_dec: { shape: [4, 192], values: ramp(768) }, b_dec: { shape: [192], values: ramp(192) } }));
    return `set sae "${place}"\nprompts "In the beginning" | acts layer 7`;
  };
  assert.equal(await codes(`${coder("layers.7.mlp")} hook mlp_out | decode`), []);
  assert.equal(await codes(`${coder("layers.7.self_attn")} hook attn_out | top 2`), []);
  assert.equal(await codes(`${coder("layers.7")} | top 2`), []);
  const session = await open();
  const { codes: found, outcome } = await run(session, `${coder("layers.7.attention")} hook attn_out | top 2`);
  await session.close();
  assert.equal(found, ["hook-mismatch"]);
  assert.match(outcome.diagnostics[0]!.notes!.join("\n"), /attn_out is the model\.layers\.7\.self_attn\.o_proj output/);
});

test("a transcoder of a module is not held against what a norm makes of that module's output", async () => {
  // Gemma norms what the MLP gives out before it adds it, and that is mlp_out.
  const model = join(folder(), "gemma");
  cpSync(join(import.meta.dirname, "..", "parity", "architectures", "gemma2_capped"), model, { recursive: true });
  writeFileSync(join(model, "tokenizer.json"), JSON.stringify({ version: "1.0", added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, model: { type: "BPE", vocab: Object.fromEntries(Array.from({ length: 64 }, (_, i) => [String.fromCharCode(64 + i), i])), merges: [] } }));
  writeFileSync(join(model, "tokenizer_config.json"), JSON.stringify({ tokenizer_class: "PreTrainedTokenizerFast" }));
  const ramp = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin(i));
  const coder = (hookpoint: string, transcode: boolean): string => {
    const place = join(folder(), hookpoint);
    mkdirSync(place);
    writeFileSync(join(place, "cfg.json"), JSON.stringify({ d_in: 32, num_latents: 4, k: 2, transcode }));
    writeFileSync(join(place, "sae.safetensors"), safetensors({ "encoder.weight": { shape: [4, 32], values: ramp(128) }, "encoder.bias": { shape: [4], values: ramp(4) }, W_dec: { shape: [4, 32], values: ramp(128) }, b_dec: { shape: [32], values: ramp(32) } }));
    return `set model "${model}"\nset sae "${place}"\nset guard off\nset bos false\nprompts "abcd" | acts layer 1`;
  };
  assert.equal(await codes(`${coder("layers.1.mlp", true)} | top 2`), []);
  assert.equal(await codes(`${coder("layers.1.mlp", true)} | decode vectors`), []);
  assert.equal(await codes(`${coder("layers.1.mlp", true)} | decode`), ["hook-mismatch"]);
  assert.equal(await codes(`${coder("layers.1.mlp", false)} | top 2`), ["hook-mismatch"]);
  assert.equal(await codes(`${coder("layers.1", false)} | decode`), []);
  /** An autoencoder of dictionary_learning, whose submodules are modules too. */
  const dictionary = (submodule: string): string => {
    const place = folder();
    writeFileSync(join(place, "config.json"), JSON.stringify({ trainer: { dict_class: "AutoEncoder", activation_dim: 32, dict_size: 4, layer: 1, lm_name: "gemma", submodule_name: submodule } }));
    writeFileSync(join(place, "ae.safetensors"), safetensors({ "encoder.weight": { shape: [4, 32], values: ramp(128) }, "encoder.bias": { shape: [4], values: ramp(4) }, "decoder.weight": { shape: [32, 4], values: ramp(128) }, bias: { shape: [32], values: ramp(32) } }));
    return `set model "${model}"\nset sae "${place}"\nset guard off\nset bos false\nprompts "abcd" | acts layer 1`;
  };
  for (const [submodule, hook, found] of [["mlp_out_layer_1", "mlp_out", ["hook-mismatch"]], ["attn_out_layer_1", "attn_out", ["hook-mismatch"]], ["resid_post_layer_1", "resid_post", []], ["resid_pre_layer_1", "resid_pre", []], ["resid_pre_layer_1", "resid_post", ["hook-mismatch"]]] as const) {
    assert.equal(await codes(`${dictionary(submodule)} hook ${hook} | decode`), found, `${submodule} at ${hook}`);
  }
});

test("NaN in a decoder stops decoding, and nothing else", async () => {
  const sae = saeFolder({ change: (weights: Record<string, Tensor>) => void (weights["W_dec"]!.values[5] = NaN) });
  assert.equal(await codes(`set sae "${sae}"\nprompts "In the beginning" | acts layer 7 | top 2`), []);
  assert.equal(await codes(`set sae "${sae}"\nprompts "In the beginning" | acts layer 7 | decode`), ["nonfinite-weights"]);
});

test("an archive that had to be converted is said aloud, once", async () => {
  const place = folder();
  const usual = process.env["XDG_CACHE_HOME"];
  process.env["XDG_CACHE_HOME"] = join(place, "cache");
  const sae = join(place, "gemma-scope-2b-pt-res", "layer_7", "width_16k");
  mkdirSync(sae, { recursive: true });
  const ramp = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin(i));
  const arrays = gemmaArrays({ W_enc: npy(ramp(576), [192, 3]), W_dec: npy(ramp(576), [3, 192]), b_dec: npy(ramp(192), [192]) });
  writeFileSync(join(sae, "params.npz"), zip(arrays.map((each) => ({ ...each, deflate: true }))));
  const session = await open();
  const { outcome, notices } = await run(session, `set sae "${sae}"\nprompts "In the beginning" | acts layer 7 | decode`);
  await session.close();
  if (usual === undefined) delete process.env["XDG_CACHE_HOME"];
  else process.env["XDG_CACHE_HOME"] = usual;
  assert.is(outcome.exitCode, 0, JSON.stringify(outcome.diagnostics));
  assert.is(notices.filter((notice) => /converted once/.test(notice)).length, 1, JSON.stringify(notices));
});

test.run();
