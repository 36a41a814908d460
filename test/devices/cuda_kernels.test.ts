/** Without this file the next operator that a graph is given could be one that CUDA lacks in bfloat16, and no machine without a card would say so. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { emitEncode } from "../../src/emit/encode.ts";
import { emitForward } from "../../src/emit/forward.ts";
import { emitGenerate } from "../../src/emit/generate.ts";
import { createGraph, finish, input, node, output } from "../../src/emit/graph.ts";
import { SUPPORTED, type Target } from "../../src/emit/target.ts";
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import type { DecoderSpec, GraphTap } from "../../src/emit/specs.ts";
import { HOOKS, writesStream, type Hook } from "../../src/ops/hook.ts";
import { randomModel, randomSae } from "../emit/random_weights.ts";
import { ARCHITECTURES } from "../parity/kept_positions.ts";
import { ATTENDING_OTHERWISE, WITH_EXPERTS } from "./on_cpu_only.ts";
import { folder } from "../session/open.ts";
import { withoutKernel } from "./cuda_registry.ts";

const place = folder();
const STORED = ["f32", "f16", "bf16"] as const;
const TARGETS = SUPPORTED.cuda.map((dtype): Target => ({ provider: "cuda", dtype }));

/** SAEs of every kind, each with every normalisation, in one layout and element or another; some wider than what is encoded at a time. */
function saes(dIn: number): readonly SaeSpec[] {
  const kinds = ["standard", "jumprelu", "topk", "gated", "groupmax"] as const;
  return kinds.flatMap((kind, i) =>
    (["none", "layer_norm", "constant_norm_rescale"] as const).map((normalize, j) => {
      const dSae = j === 0 ? 33_600 : 480;
      return randomSae(join(place, `${kind}_${normalize}`), { kind, dIn, dSae, layout: (i + j) % 2 === 0 ? "in_out" : "out_in", normalize, dtype: STORED[(i + j) % 3]! });
    }),
  );
}

/** Every graph that a model is run with: all hooks of its last layer, and of its first as SAEs are trained on them, and what continues texts. */
function* graphsOf(spec: DecoderSpec, target: Target): Generator<readonly [string, Uint8Array]> {
  const hooks = HOOKS.filter((hook) => spec.hooks[hook].state === "present");
  yield ["hooks", emitForward(spec, hooks.map((hook) => ({ layer: spec.blocks.length - 1, hook, sae: null })), { blocks: null, slice: true, target }).bytes];
  const trained = (hook: Hook): Partial<GraphTap> => (hook === "z" ? { folded: "values" } : writesStream(hook) ? { centred: true } : {});
  yield ["hooks as SAEs are trained on them", emitForward(spec, hooks.map((hook) => ({ layer: 0, hook, sae: null, ...trained(hook) })), { blocks: null, slice: false, target }).bytes];
  if (spec.noHead === undefined) yield ["continuations", emitGenerate(spec, target).bytes];
}

/** What stands against the graphs of a model. */
function against(spec: DecoderSpec): readonly string[] {
  return TARGETS.flatMap((target) => [...graphsOf(spec, target)].flatMap(([what, bytes]) => withoutKernel(bytes).map((each) => `${target.dtype}, ${what}: ${each}`)));
}

for (const name of readdirSync(ARCHITECTURES)) {
  // Experts, slopes, runs of tokens and what turns first are refused on every device (`architectures.test.ts`).
  if (WITH_EXPERTS.has(name) || ATTENDING_OTHERWISE.has(name)) continue;
  test(`${name}: CUDA has a kernel for every operator, in every number type`, async () => {
    const { spec } = await readModel(join(ARCHITECTURES, name));
    assert.equal(against(spec), []);
  });
}

test("so it has for weights of every stored type, whatever the model computes in", () => {
  for (const dtype of STORED) assert.equal(against(randomModel(join(place, `model_${dtype}`), { hiddenSize: 48, heads: 4, kvHeads: 2, headDim: 12, mlpSize: 80, layers: 2, dtype })), [], dtype);
});

test("so it has for SAEs of every kind beside a model, by themselves, and with features that were chosen", () => {
  const model = randomModel(join(place, "beside"), { hiddenSize: 16, heads: 2, kvHeads: 1, headDim: 8, mlpSize: 32, layers: 2, dtype: "bf16" });
  const all = saes(16);
  for (const target of TARGETS) {
    for (const sae of all) {
      const chosen = sae.kind === "topk" || sae.kind === "groupmax" ? [] : [emitEncode(sae, [3, 7, 100], target)];
      for (const { bytes } of [emitForward(model, [{ layer: 1, hook: "resid_post", sae }], { blocks: null, slice: true, target }), emitEncode(sae, null, target), ...chosen]) assert.equal(withoutKernel(bytes), [], `${target.dtype}, ${sae.kind}`);
    }
  }
});

test("an operator without a kernel in its number type is named with it, and so is one that there is no kernel of", () => {
  const graph = createGraph("without");
  const x = input(graph, "x", "bf16", ["n"]);
  output(graph, "y", node(graph, "/is_far", "Greater", [x, x]), "bool", ["n"]);
  output(graph, "z", node(graph, "/sum", "Add", [x, x]), "bf16", ["n"]);
  output(graph, "w", node(graph, "/unique", "Unique", [x]), "bf16", ["m"]);
  assert.equal(withoutKernel(finish(graph, 0).bytes), ["Greater at /is_far: no kernel for T = bf16", "Unique at /unique: no kernel at all"]);
});

test.run();
