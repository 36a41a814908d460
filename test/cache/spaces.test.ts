/** Without this file activations of one place could be taken for those of another. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { spaceOf } from "../../runtime/cache/spaces.ts";
import { createCatalog } from "../../runtime/catalog/catalog.ts";
import { EXAMPLES, SHIPPED } from "../../runtime/catalog/shipped.ts";
import { tapSpaces } from "../../runtime/passes/tap_spaces.ts";
import type { Forward } from "../../runtime/passes/activations.ts";
import type { EmittedGraph } from "../../src/emit/specs.ts";
import type { Engine } from "../../runtime/engine/port.ts";
import type { Tap } from "../../src/ops/op.ts";
import type { ModelFacts, SaeFacts } from "../../src/stages/stage.ts";

const catalog = createCatalog(EXAMPLES);
async function known<T>(need: Parameters<typeof catalog.lookUp>[0]): Promise<T> {
  const found = await catalog.lookUp(need);
  if (found.state !== "known") throw new Error(JSON.stringify(found));
  return found.value as T;
}
const model = (await known<ModelFacts>({ kind: "model", name: SHIPPED })).ref;
const saelens = (await known<SaeFacts>({ kind: "sae", name: SHIPPED, convention: "saelens" })).ref;
const neuronpedia = (await known<SaeFacts>({ kind: "sae", name: SHIPPED, convention: "neuronpedia" })).ref;

const graphs = new Map<string, EmittedGraph>();
const idsOf = (taps: readonly Tap[], { threads = 1, residuals = true, on = true, blocks = null as number | null, slice = "after" as "after" | "inside" } = {}): readonly string[] =>
  tapSpaces({ op: "forward", model, taps, window: { first: null, last: null, of: "all" }, blocks, slice } satisfies Forward, {
    catalog, graphs, residuals, guard: { on, passed: new Set() }, engine: { options: { lanes: 1, threads, batch: 8 } } as Engine,
  }).map(({ id }) => id);

test("layer, hook, centring, SAE, convention and guard name another space; the other taps, the way of the pass and threads do not", () => {
  const at = { layer: 7, hook: "resid_post", sae: null } as const;
  const different = [
    idsOf([at]), idsOf([{ ...at, layer: 6 }]), idsOf([{ ...at, hook: "resid_pre" }]), idsOf([{ ...at, hook: "mlp_out" }]), idsOf([{ ...at, centred: true }]),
    idsOf([{ ...at, sae: saelens }]), idsOf([{ ...at, sae: neuronpedia }]), idsOf([{ ...at, sae: saelens, centred: true }]), idsOf([{ ...at, sae: saelens }], { on: false }),
  ].flat();
  assert.is(new Set(different).size, different.length);
  assert.equal(idsOf([at], { on: false }), idsOf([at]), "the guard has nothing to say of what no SAE reads");
  assert.equal(idsOf([at], { threads: 2 }), idsOf([at]));
  assert.equal(idsOf([{ ...at, layer: 2 }, at], { blocks: 8, slice: "inside" })[1], idsOf([at])[0]);
});

test("one graph has a space for each of its names", () => {
  const graph = { key: "a graph" } as EmittedGraph;
  const options = { lanes: 1, threads: 1, batch: 8 };
  assert.is.not(spaceOf(graph, [], options, "5 tokens", false).id, spaceOf(graph, [], options, "3 tokens", false).id);
});

test.run();
