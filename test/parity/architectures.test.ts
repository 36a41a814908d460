/** Without this file nothing would show that each architecture computes what transformers computes, at every hook. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { FAMILIES } from "../../runtime/checkpoint/architectures/mod.ts";
import { emitForward } from "../../src/emit/forward.ts";
import { emitGenerate } from "../../src/emit/generate.ts";
import { HOOKS, widthIn } from "../../src/ops/hook.ts";
import { floats, forwardFeeds, generate, openGraph } from "../emit/run_graph.ts";
import { ARCHITECTURES, keptPositions } from "./kept_positions.ts";
import { readTensors, relativeErrors } from "./tensors.ts";

const names = readdirSync(ARCHITECTURES);

interface Expected {
  readonly documents: readonly (readonly number[])[];
  readonly continuations: readonly (readonly number[])[];
}

const types = new Map<string, number>();

for (const name of names) {
  const folder = join(ARCHITECTURES, name);
  const expected = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as Expected;

  test(`${name} equals transformers at every hook of every layer`, async () => {
    const { spec } = await readModel(folder);
    types.set(spec.architecture, (types.get(spec.architecture) ?? 0) + 1);
    const theirs = await readTensors(join(folder, "expected.safetensors"));
    const taps = spec.blocks.flatMap((_, layer) => HOOKS.filter((hook) => spec.hooks[hook].state === "present").map((hook) => ({ layer, hook, sae: null })));
    assert.is(taps.length * expected.documents.length, theirs.size, "every hook that is there is compared, and no other was expected");
    const session = await openGraph(emitForward(spec, taps, { blocks: null, slice: true }));
    const outputs = await session.run(forwardFeeds(expected.documents));
    await session.release();
    for (const [index, { layer, hook }] of taps.entries()) {
      const fact = spec.hooks[hook];
      const width = fact.state === "present" ? widthIn(fact, layer) : 0;
      const ours = floats(outputs, `tap${index}_dense`);
      const errors: number[] = [];
      let from = 0;
      for (const [number, ids] of expected.documents.entries()) {
        const rows = keptPositions(ids.length).map((at) => ours.subarray((from + at) * width, (from + at + 1) * width));
        errors.push(...relativeErrors(Float32Array.from(rows.flatMap((row) => [...row])), theirs.get(`${number}.${layer}.${hook}`) as Float32Array, width));
        from += ids.length;
      }
      errors.sort((a, b) => a - b);
      const [median, worst] = [errors[errors.length >> 1] as number, errors.at(-1) as number];
      if (process.env.SAEQ_PARITY_REPORT) console.log(name, layer, hook, "median", median.toExponential(1), "worst", worst.toExponential(1));
      assert.ok(median <= 1e-5 && worst <= 1e-4, `layer ${layer} ${hook}: median ${median}, worst ${worst}`);
    }
  });

  test(`${name} continues greedily as transformers does`, async () => {
    const { spec } = await readModel(folder);
    const session = await openGraph(emitGenerate(spec));
    for (const [index, theirs] of expected.continuations.entries()) {
      const prompt = expected.documents[index + 1] as readonly number[];
      const [ours] = await generate(session, [prompt, prompt], theirs.length);
      assert.equal(ours, theirs);
    }
    await session.release();
  });
}

test("every family has a fixture", () => {
  for (const { types: all } of FAMILIES) for (const type of all) assert.ok(types.has(type) || type === "gemma3" || type === "qwen3_5" || type === "qwen3_5_moe" || type === "llama", type);
});

test.run();
