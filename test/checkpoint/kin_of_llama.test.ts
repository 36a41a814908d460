/** Without this file what Llama's kin say in their configs, and what is taken where they say nothing, would be tried on people first. */
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readModel } from "../../runtime/checkpoint/model.ts";
import type { AttentionSpec } from "../../src/emit/attention_specs.ts";
import { HOOKS } from "../../src/ops/hook.ts";
import { changed, failure, fixtures, type Change } from "./changed_model.ts";

/** What is set in a fixture's config; undefined: nothing is said. */
const says = (values: Record<string, unknown>): Change => ({ config: (config) => ({ ...config, ...values }) });

const REFUSED: readonly (readonly [string, string, Change, string, RegExp])[] = [
  ["biases that are not there in Seed-OSS", "seed_oss_biased", says({ attention_bias: undefined }), "missing-tensor", /layers\.0\.self_attn\.q_proj\.bias/],
  ["heads of another width in Seed-OSS", "seed_oss_plain", says({ head_dim: undefined }), "shape-mismatch", /q_proj.*\[64, 32\].*\[512, 32\]/],
  ["an activation that nobody computes in Arcee's", "arcee_plain", says({ hidden_act: "mish" }), "unsupported-config", /hidden_act.*relu2/],
  ["angles that depend on the length in Arcee's", "arcee_plain", says({ rope_parameters: { rope_type: "dynamic", rope_theta: 10000, factor: 2 } }), "unsupported-config", /dynamic/],
  ["heads that do not fill the stream of a Helium", "helium_plain", says({ head_dim: 16 }), "shape-mismatch", /q_proj/],
  ["biases that are not there in ERNIE", "ernie4_5_plain", says({ use_bias: true }), "missing-tensor", /q_proj\.bias/],
  ["a head of its own that is not there in ERNIE", "ernie4_5_plain", { ...says({ head_dim: 16, num_key_value_heads: 3 }) }, "invalid-config", /num_key_value_heads/],
  ["an odd number of columns to turn in Nemotron", "nemotron_ignoring", says({ partial_rotary_factor: 0.4 }), "unsupported-config", /turns 3 of the 8 columns of a head \(`partial_rotary_factor` is 0\.4\)/],
  ["norms without a bias in Nemotron", "nemotron_plain", { name: (name) => name.replace("post_attention_layernorm.bias", "other") }, "missing-tensor", /post_attention_layernorm\.bias/],
  ["a kind of layer that EXAONE has not", "exaone4_ignoring", says({ layer_types: ["full_attention", "linear_attention"] }), "unsupported-config", /only full_attention and sliding_attention/],
  ["windows of no width in EXAONE", "exaone4_ignoring", says({ sliding_window: null }), "invalid-config", /sliding_window/],
  ["a pattern in letters, and no list of layers", "exaone4_ignoring", says({ layer_types: undefined }), "invalid-config", /sliding_window_pattern/],
  ["norms before attention in EXAONE", "exaone4_full", { name: (name) => name.replace("post_feedforward_layernorm", "input_layernorm") }, "missing-tensor", /post_feedforward_layernorm/],
  ["an activation without its numbers in Apertus", "apertus_plain", { name: (name) => name.replace("act_fn.beta", "act_fn.other") }, "missing-tensor", /layers\.0\.mlp\.act_fn\.beta/],
  ["an activation that nobody computes in Apertus", "apertus_relu2", says({ hidden_act: "mish" }), "unsupported-config", /hidden_act/],
  ["numbers of an activation that are not there in Apertus", "apertus_relu2", says({ hidden_act: undefined }), "missing-tensor", /act_fn\.alpha_p/],
];

for (const [what, name, change, code, wanted] of REFUSED) {
  test(`a model with ${what} is ${code}`, async () => {
    const error = await failure(changed(name, change));
    assert.is(error.code, code, error.message);
    assert.match(error.message, wanted);
  });
}

const attentions = async (name: string, change: Change): Promise<readonly AttentionSpec[]> => (await readModel(changed(name, change))).spec.blocks.map(({ attention }) => attention as AttentionSpec);

test("EXAONE 4 looks through a window and turns in all but every fourth layer where nothing else is said, and in all of them where there is no window", async () => {
  const said = await attentions("exaone4_ignoring", says({ layer_types: undefined, sliding_window_pattern: undefined, sliding_window: undefined }));
  assert.equal(said.map(({ window, rope }) => [window, rope !== null]), [[4096, true], [4096, true]]);
  const every = await attentions("exaone4_hybrid", says({ layer_types: null, sliding_window_pattern: 2 }));
  assert.equal(every.map(({ window, rope }) => [window, rope !== null]), [[12, true], [null, false], [12, true]]);
  const whole = await attentions("exaone4_full", says({ layer_types: null }));
  assert.equal(whole.map(({ window, rope }) => [window, rope !== null]), [[null, true], [null, true]]);
});

test("where nothing is said of positions, each family has those of its own config class", async () => {
  const silent = says({ rope_parameters: undefined, rope_theta: undefined, rope_scaling: undefined, partial_rotary_factor: undefined });
  const ropes = await Promise.all(["seed_oss_plain", "arcee_plain", "helium_plain", "ernie4_5_plain", "nemotron_plain", "exaone4_hybrid", "apertus_plain"].map(async (name) => (await attentions(name, silent))[0]!.rope));
  assert.equal(ropes.map((rope) => [rope!.theta, rope!.dimensions, rope!.interleaved === true, rope!.scaling.kind]), [
    [10_000, 16, false, "none"],
    [10_000, 8, false, "none"],
    [100_000, 8, true, "none"],
    [500_000, 16, true, "none"],
    [10_000, 8, false, "none"],
    [10_000, 8, false, "none"],
    [12_000_000, 8, false, "llama3"],
  ]);
});

test("hooks of Llama's kin name their modules", async () => {
  const hooksOf = async (name: string): Promise<readonly (string | null)[]> => {
    const { hooks } = (await readModel(join(fixtures, name))).spec;
    return HOOKS.map((hook) => { const fact = hooks[hook]; return fact.state === "present" ? fact.module.replace("model.layers.{layer}", "") : null; });
  };
  assert.equal(await hooksOf("apertus_plain"), [" input", ".attention_layernorm output, before its weight and bias", ".self_attn.o_proj input", ".self_attn.o_proj output", ".feedforward_layernorm input", ".feedforward_layernorm output, before its weight and bias", ".mlp input", ".mlp.down_proj output", " output"]);
  assert.equal(await hooksOf("exaone4_hybrid"), [" input", null, ".self_attn.o_proj input", ".self_attn.o_proj output", ".mlp input", null, ".mlp input", ".mlp.down_proj output", " output"]);
});

test.run();
