/** Without these tests an SAE of the registry could be another one than sae_lens names, or be scaled otherwise. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readSafetensors } from "../../runtime/checkpoint/safetensors.ts";
import { decodeNumbers, pieces } from "../../runtime/checkpoint/numbers.ts";
import { readSae } from "../../runtime/checkpoint/sae.ts";
import { checkpointNames } from "../../runtime/registry/names.ts";
import { allSaes, registeredSae, releaseNames, saesOf } from "../../runtime/registry/registry.ts";
import { emitEncode } from "../../src/emit/encode.ts";
import type { Convention } from "../../src/emit/sae_specs.ts";
import { disagreement } from "../../src/stages/lowering/base_model.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { encodeRows } from "../emit/run_graph.ts";
import { safetensors, type Tensor } from "../session/checkpoints.ts";
import { bits, open, run } from "../session/open.ts";
import { startHub, type Repository } from "../hub/server.ts";
import { ownFolder } from "../house/own_folder.ts";

test("all of sae_lens 6.54.12 is there: 170 releases, 13,857 SAEs", () => {
  assert.is(releaseNames().length, 170);
  assert.is([...allSaes()].length, 13_857);
});

// Figures as pretrained_saes.yaml and the loaders of sae_lens have them.
test("entries say what sae_lens says", () => {
  assert.equal(registeredSae("llama_scope_lxr_8x/l7r_8x"), {
    release: "llama_scope_lxr_8x", id: "l7r_8x", model: "meta-llama/Llama-3.1-8B", repository: "fnlp/Llama3_1-8B-Base-LXR-8x", path: "Llama3_1-8B-Base-L7R-8x", conversion: "llama_scope",
    hook: "blocks.7.hook_resid_post", layer: 7, width: 32768, l0: 50, explainedVariance: null, normScale: 10.835978835978835, neuronpedia: "llama3.1-8b/7-llamascope-res-32k", normalize: null, centered: false,
  });
  const gpt2 = registeredSae("gpt2-small-res-jb/blocks.8.hook_resid_pre")!;
  assert.equal([gpt2.model, gpt2.path, gpt2.hook, gpt2.layer, gpt2.centered], ["openai-community/gpt2", "blocks.8.hook_resid_pre", "blocks.8.hook_resid_pre", 8, true]);
  const gemma = registeredSae("gemma-scope-2b-pt-res-canonical/layer_12/width_16k/canonical")!;
  assert.equal([gemma.model, gemma.path, gemma.hook, gemma.width, gemma.l0], ["google/gemma-2-2b", "layer_12/width_16k/average_l0_82", "blocks.12.hook_resid_post", 16384, 82]);
  assert.is(registeredSae("mistral-7b-res-wg/blocks.8.hook_resid_pre")!.normalize, "constant_norm_rescale");
  assert.is(registeredSae("gemma-scope-2b-pt-res/embedding/width_4k/average_l0_6")!.hook, "hook_embed");
  assert.is(registeredSae("gemma-scope-9b-pt-att/layer_9/width_131k/average_l0_511")!.hook, "blocks.9.attn.hook_z");
  for (const kind of ["lxr", "lxm", "lxa"]) for (const size of ["8x", "32x"]) assert.is(saesOf(`llama_scope_${kind}_${size}`).length, 32);
});

test("every entry has a model on the hub, a repository and a path; hooks name the layer", () => {
  for (const sae of allSaes()) {
    assert.match(sae.model, /^[\w.-]+\/[\w.-]+$/, sae.release);
    assert.match(sae.repository, /^[\w.-]+\/[\w.-]+$/, sae.release);
    assert.ok(sae.path !== "" && sae.id !== "");
    for (const number of [sae.width, sae.l0, sae.normScale]) assert.ok(number === null || number > 0, `${sae.release}/${sae.id}`);
    if (sae.hook.startsWith("blocks.")) assert.type(sae.layer, "number");
  }
});

test("names that are none", () => {
  for (const name of ["", "/", "llama_scope_lxr_8x", "llama_scope_lxr_8x/", "llama_scope_lxr_8x/l99r_8x", "__proto__/x", "nothing/x"]) assert.is(registeredSae(name), null, name);
});

test("names of models: mirrors are the same, tuned versions are not", () => {
  assert.is(disagreement("meta-llama/Llama-3.1-8B", "unsloth/Meta-Llama-3.1-8B"), null);
  assert.is(disagreement("openai-community/gpt2", "gpt2"), null);
  assert.is(disagreement("google/gemma-3-270m", "google/gemma-3-270m-pt"), null);
  assert.is(disagreement("meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-8B-Instruct"), "tuning");
  assert.is(disagreement("google/gemma-3-4b-pt", "google/gemma-3-4b-it"), "tuning");
  assert.is(disagreement("meta-llama/Llama-3.1-8B", "deepseek-ai/DeepSeek-R1-Distill-Llama-8B"), "model");
  assert.is(disagreement("google/gemma-2-2b", "google/gemma-2b"), "model");
});

test("completion: releases, then the SAEs of one", async () => {
  const session = await open({ interactive: true });
  const at = (text: string): string[] => session.complete(text, text.length).items.map((item) => item.text);
  assert.ok(at('set sae "llama_sc').includes("llama_scope_lxr_8x/"));
  assert.ok(at('set sae "llama_scope_lxr_8x/l7').includes('llama_scope_lxr_8x/l7r_8x"'));
  assert.ok(at('set model "hf:meta').includes('hf:meta-llama/Llama-3.1-8B"'));
  assert.equal(at('csv "llama_sc'), []);
  assert.ok(checkpointNames("model", "").some(({ name }) => name === "hf:google/gemma-2-2b"));
  await session.close();
});

for (const kind of readdirSync(join(import.meta.dirname, "norm_scale"))) {
  test(`a ${kind} SAE that waits for a factor encodes as sae_lens does after folding it (make_norm_scale.py)`, async () => {
    const folder = join(import.meta.dirname, "norm_scale", kind);
    const expected = new Map<string, Float32Array>();
    for (const [name, tensor] of (await readSafetensors(join(folder, "expected.safetensors"))).tensors) for await (const bytes of pieces(tensor)) expected.set(name, Float32Array.from(decodeNumbers(bytes, tensor.dtype)));
    for (const convention of ["saelens", "neuronpedia"] satisfies Convention[]) {
      const sae = await readSae(folder, { convention, normFactor: 3.7 });
      const theirs = expected.get(`${convention}.acts`)!;
      const ours = new Float32Array(theirs.length);
      for (const [row, feature, value] of await encodeRows(emitEncode(sae), expected.get("x")!, sae.dIn)) ours[row * sae.dSae + feature] = value;
      assert.ok(theirs.some((value) => value > 0));
      theirs.forEach((value, i) => assert.ok(Math.abs(value - ours[i]!) <= 1e-5 * Math.max(1, Math.abs(value)), `${convention} ${i}: ${value}, ours ${ours[i]}`));
    }
    await readSae(folder, { convention: null }).then(() => assert.unreachable("without the factor it is refused"), (error: { code: string }) => assert.is(error.code, "unfolded-normalization"));
  });
}

/** A Llama Scope SAE for the shipped model, and the model under the names that the registry knows. */
function repositories(): Readonly<Record<string, Repository>> {
  const [d, m] = [192, 64];
  const series = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898) * 0.1);
  const tensors: Record<string, Tensor> = {
    "encoder.weight": { shape: [m, d], values: series(m * d) }, "encoder.bias": { shape: [m], values: new Float32Array(m) },
    "decoder.weight": { shape: [d, m], values: series(m * d) }, "decoder.bias": { shape: [d], values: new Float32Array(d) },
  };
  const hyper = { hook_point_in: "blocks.7.hook_resid_post", hook_point_out: "blocks.7.hook_resid_post", d_model: d, d_sae: m, act_fn: "jumprelu", jump_relu_threshold: 0.05, norm_activation: "dataset-wise", dataset_average_activation_norm: { in: 10, out: 10 }, sparsity_include_decoder_norm: true };
  const folder = "Llama3_1-8B-Base-L7R-8x";
  const files = { [`${folder}/hyperparams.json`]: Buffer.from(JSON.stringify(hyper)), [`${folder}/checkpoints/final.safetensors`]: safetensors(tensors) };
  const model = Object.fromEntries(readdirSync(join(EXAMPLES, "kjv/model")).map((name) => [name, readFileSync(join(EXAMPLES, "kjv/model", name))]));
  return {
    "fnlp/Llama3_1-8B-Base-LXR-8x": { files, lfs: [`${folder}/checkpoints/final.safetensors`] },
    "meta-llama/Llama-3.1-8B": { files: model, lfs: ["model.safetensors"] },
    "meta-llama/Llama-3.1-8B-Instruct": { files: model, lfs: ["model.safetensors"] },
  };
}

test("`set sae` with a name of the registry brings the SAE and its model; another model is refused by name", async () => {
  const hub = await startHub(repositories());
  const home = ownFolder("saeq-hub-");
  const ask = async (query: string, net = true) => {
    const session = await open({ grants: { read: true, write: true, net: net || [] }, env: { HOME: home, HF_ENDPOINT: hub.url } });
    const ran = await run(session, query);
    await session.close();
    return ran;
  };
  const query = "sample perfect 2 | acts layer 7 last 5 | top 3";
  const ran = await ask(`set guard off\nset sae "llama_scope_lxr_8x/l7r_8x"\n${query}`);
  assert.is(ran.outcome.exitCode, 0, JSON.stringify(ran.outcome.diagnostics));
  assert.ok(ran.notices.some((text) => text.startsWith("hf:meta-llama/Llama-3.1-8B is commit ")), "the model comes with it");
  assert.is(bits((await ask(`set guard off\nset model "hf:meta-llama/Llama-3.1-8B"\nset sae "llama_scope_lxr_8x/l7r_8x"\n${query}`)).values.at(-1)), bits(ran.values.at(-1)));
  const tuned = await ask(`set model "hf:meta-llama/Llama-3.1-8B-Instruct"\nset sae "llama_scope_lxr_8x/l7r_8x"\n${query}`);
  assert.equal(tuned.codes, ["model-mismatch"]);
  assert.match(tuned.outcome.diagnostics[0]!.message, /trained on meta-llama\/Llama-3\.1-8B, and the model is meta-llama\/Llama-3\.1-8B-Instruct/);
  assert.is((await ask(`set guard off\nset model "hf:meta-llama/Llama-3.1-8B-Instruct"\nset sae "llama_scope_lxr_8x/l7r_8x"\n${query}`)).outcome.exitCode, 0);
  assert.equal((await ask(`set sae "llama_scope_lxr_8x/l7r_8x"\n${query}`, false)).codes, ["permission-denied"]);
  await hub.close();
});

test.run();
