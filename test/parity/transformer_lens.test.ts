/** Without this file hooks would bear TransformerLens' names and nothing would show that they have its meaning. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { emitForward } from "../../src/emit/forward.ts";
import type { GraphTap } from "../../src/emit/specs.ts";
import { HOOKS, writesStream } from "../../src/ops/hook.ts";
import { floats, forwardFeeds, openGraph } from "../emit/run_graph.ts";
import { readTensors, relativeErrors } from "./tensors.ts";

const fixtures = join(import.meta.dirname, "architectures");
const names = readdirSync(fixtures).filter((name) => existsSync(join(fixtures, name, "transformer_lens.safetensors")));

/** `mlp_in` is a hook that sae_lens and circuit-tracer put into TransformerLens; `architectures.test.ts` compares it. */
const THEIRS = HOOKS.filter((hook) => hook !== "mlp_in");

async function read(folder: string, taps: readonly GraphTap[]): Promise<readonly Float32Array[]> {
  const { spec } = await readModel(folder);
  const { documents } = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as { readonly documents: readonly (readonly number[])[] };
  const session = await openGraph(emitForward(spec, taps, { blocks: null, slice: true }));
  const outputs = await session.run(forwardFeeds([documents[1] as readonly number[]]));
  await session.release();
  return taps.map((_, index) => floats(outputs, `tap${index}_dense`));
}

function close(ours: Float32Array, theirs: Float32Array, width: number, what: string): void {
  const errors = relativeErrors(ours, theirs, width).sort((a, b) => a - b);
  if (process.env.SAEQ_PARITY_REPORT) console.log(what, "worst", (errors.at(-1) as number).toExponential(1));
  assert.ok((errors[errors.length >> 1] as number) <= 1e-5 && (errors.at(-1) as number) <= 1e-4, `${what}: ${errors.at(-1)}`);
}

for (const name of names) {
  const folder = join(fixtures, name);

  test(`${name}: the hooks that are there, and their values, are those of an unprocessed HookedTransformer`, async () => {
    const { spec } = await readModel(folder);
    const theirs = await readTensors(join(folder, "transformer_lens.safetensors"));
    const present = THEIRS.filter((hook) => spec.hooks[hook].state === "present");
    assert.equal(present.toSorted(), THEIRS.filter((hook) => theirs.has(`plain.0.${hook}`)).toSorted());
    const taps = spec.blocks.flatMap((_, layer) => present.map((hook): GraphTap => ({ layer, hook, sae: null })));
    const ours = await read(folder, taps);
    taps.forEach(({ layer, hook }, t) => close(ours[t]!, theirs.get(`plain.${layer}.${hook}`)!, widthOf(spec.hooks[hook]), `${name} ${layer} ${hook}`));
  });

  // TransformerLens folds no norms that stand behind attention and MLP.
  if (name.startsWith("olmo2")) continue;

  test(`${name}: a processed HookedTransformer is the centred stream of a model with LayerNorm, and the plain one of a model with RMSNorm`, async () => {
    const { spec } = await readModel(folder);
    const theirs = await readTensors(join(folder, "transformer_lens.safetensors"));
    const layered = spec.norm.kind === "layer";
    const hooks = THEIRS.filter((hook) => spec.hooks[hook].state === "present");
    const taps = spec.blocks.flatMap((_, layer) => hooks.map((hook): GraphTap => ({ layer, hook, ...(layered && writesStream(hook) ? { centred: true } : {}), ...(hook === "z" ? { folded: "with_norm" as const } : {}), sae: null })));
    const ours = await read(folder, taps);
    taps.forEach(({ layer, hook }, t) => close(ours[t]!, theirs.get(`processed.${layer}.${hook}`)!, widthOf(spec.hooks[hook]), `${name} processed ${layer} ${hook}`));
    if (!layered) return;
    const kept = await read(folder, [{ layer: 1, hook: "resid_post", sae: null }]);
    const worst = Math.max(...relativeErrors(kept[0]!, theirs.get("processed.1.resid_post")!, spec.hiddenSize));
    assert.ok(worst > 1e-3, "the fixture has a mean that centring removes");
  });
}

for (const name of names.filter((each) => !each.startsWith("olmo2"))) {
  test(`${name}: z without value biases is that of a HookedTransformer which folds nothing else`, async () => {
    const { spec } = await readModel(join(fixtures, name));
    const theirs = await readTensors(join(fixtures, name, "transformer_lens.safetensors"));
    const ours = await read(join(fixtures, name), spec.blocks.map((_, layer): GraphTap => ({ layer, hook: "z", folded: "values", sae: null })));
    ours.forEach((each, layer) => close(each, theirs.get(`folded.${layer}.z`)!, widthOf(spec.hooks.z), `${name} folded ${layer} z`));
  });
}

function widthOf(fact: { readonly state: string; readonly width?: number } & object): number {
  return fact.width ?? 0;
}

test("models with LayerNorm and with RMSNorm were compared", () => assert.ok(names.length >= 10 && names.some((name) => name.startsWith("gpt2")) && names.some((name) => name.startsWith("gemma"))));

test.run();
