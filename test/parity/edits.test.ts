/** Without this file `ablate` and `steer` would be right by our own word only. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { createEngine } from "../../runtime/engine/engine.ts";
import type { Predictions } from "../../runtime/kernels/softmax.ts";
import { emitForward } from "../../src/emit/forward.ts";
import { emitGenerate } from "../../src/emit/generate.ts";
import { emitPredict } from "../../src/emit/predict.ts";
import type { Editing, GraphTap } from "../../src/emit/specs.ts";
import type { Edit } from "../../src/ops/edit.ts";
import { readWholeSae } from "../checkpoint/read_whole.ts";
import { floats, forwardFeeds, generate, openGraph } from "../emit/run_graph.ts";
import { ARCHITECTURES } from "./kept_positions.ts";
import { readTensors, relativeErrors } from "./tensors.ts";

const fixtures = join(import.meta.dirname, "edits");

interface Expected {
  readonly model: string;
  readonly special: readonly number[];
  readonly edits: readonly (Omit<Edit, "sae"> & { readonly sae: number })[];
  readonly documents: readonly (readonly number[])[];
  readonly continuations: readonly (readonly number[])[];
}

async function editingOf(folder: string, { edits, special }: Expected): Promise<Editing> {
  const saes = await Promise.all(edits.map(({ sae }) => readWholeSae(join(folder, `sae${sae}`), { convention: "saelens" })));
  return { edits: edits.map((edit, i) => ({ ...edit, sae: saes[i]! })), specialIds: special };
}

const withLogits: string[] = [];

for (const name of readdirSync(fixtures)) {
  const folder = join(fixtures, name);
  const expected = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as Expected;

  test(`${name}: what an edited model reads is what forward hooks in transformers make of it`, async () => {
    const { spec } = await readModel(join(ARCHITECTURES, expected.model));
    const editing = await editingOf(folder, expected);
    const theirs = await readTensors(join(folder, "expected.safetensors"));
    const taps = [...new Set([...theirs.keys()].map((each) => each.slice(each.indexOf(".") + 1)))].map((place): GraphTap => {
      const [layer, hook] = place.split(".") as [string, GraphTap["hook"]];
      return { layer: Number(layer), hook, sae: null };
    });
    // Together, and each alone with the wanted rows gathered within the last block.
    for (const [read, slice] of [[taps, false] as const, ...taps.map((tap) => [[tap], true] as const)]) {
      const blocks = Math.max(...read.map(({ layer, hook }) => layer + (hook === "resid_pre" ? 0 : 1)));
      const session = await openGraph(emitForward(spec, read, { blocks, slice, editing }));
      const outputs = await session.run(forwardFeeds(expected.documents));
      await session.release();
      for (const [index, { layer, hook }] of read.entries()) {
        const fact = spec.hooks[hook];
        const width = fact.state === "present" ? fact.width : 0;
        const all = expected.documents.map((_, number) => theirs.get(`${number}.${layer}.${hook}`)!);
        const errors = relativeErrors(floats(outputs, `tap${index}_dense`), Float32Array.from(all.flatMap((each) => [...each])), width).sort((a, b) => a - b);
        const [median, worst] = [errors[errors.length >> 1]!, errors.at(-1)!];
        if (process.env.SAEQ_PARITY_REPORT) console.log(name, layer, hook, "median", median.toExponential(1), "worst", worst.toExponential(1));
        assert.ok(median <= 1e-5 && worst <= 1e-4, `layer ${layer} ${hook}, slice ${slice}: median ${median}, worst ${worst}`);
      }
    }
  });

  test(`${name}: an edited model continues greedily as transformers does with the same hooks`, async () => {
    const { spec } = await readModel(join(ARCHITECTURES, expected.model));
    const session = await openGraph(emitGenerate(spec, undefined, undefined, "next", await editingOf(folder, expected)));
    for (const [index, theirs] of expected.continuations.entries()) {
      const prompt = expected.documents[index]!;
      const [ours] = await generate(session, [prompt, prompt], theirs.length);
      assert.equal(ours, theirs);
    }
    await session.release();
  });

  const logits = join(folder, "logits.safetensors");
  if (!existsSync(logits)) continue;
  withLogits.push(name);

  test(`${name}: an edited model predicts at every position what transformers does with the same hooks`, async () => {
    const { spec } = await readModel(join(ARCHITECTURES, expected.model));
    const theirs = await readTensors(logits);
    const engine = createEngine({ lanes: 1, threads: 1, batch: null });
    const made = new Array<Predictions>(expected.documents.length);
    const documents = expected.documents.map((ids) => ({ ids: Int32Array.from(ids), wanted: Uint32Array.from(ids, (_, position) => position) }));
    const all = Array.from({ length: spec.vocabulary }, (_, id) => id);
    try {
      await engine.predict(emitPredict(spec, undefined, undefined, await editingOf(folder, expected)), documents, { asked: { kind: "named", ids: all }, signal: new AbortController().signal, onProgress: () => {}, onDocument: (index, each) => void (made[index] = each) });
    } finally {
      await engine.close();
    }
    for (const [number, { logits: ours }] of made.entries()) {
      const errors = relativeErrors(Float32Array.from(ours), Float32Array.from(theirs.get(String(number))!), spec.vocabulary).sort((a, b) => a - b);
      const [median, worst] = [errors[errors.length >> 1]!, errors.at(-1)!];
      if (process.env.SAEQ_PARITY_REPORT) console.log(name, "logits", "median", median.toExponential(1), "worst", worst.toExponential(1));
      assert.is(errors.length, expected.documents[number]!.length);
      assert.ok(median <= 1e-5 && worst <= 1e-4, `text ${number}: median ${median}, worst ${worst}`);
    }
  });
}

test("logits of several models and hooks are among the fixtures", () => assert.ok(withLogits.length >= 4));

test.run();
