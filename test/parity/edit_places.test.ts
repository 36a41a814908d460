/** Without this file an edit of some tokens could lie one token off, and nobody would know but by our own word. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { createEngine } from "../../runtime/engine/engine.ts";
import type { Engine, TapOutput } from "../../runtime/engine/port.ts";
import type { Predictions } from "../../runtime/kernels/softmax.ts";
import { placesOfEdits } from "../../runtime/passes/window.ts";
import { emitForward } from "../../src/emit/forward.ts";
import { emitGenerate } from "../../src/emit/generate.ts";
import { emitPredict } from "../../src/emit/predict.ts";
import type { Editing, GraphTap } from "../../src/emit/specs.ts";
import { ofPrompt, type Edit } from "../../src/ops/edit.ts";
import { readWholeSae } from "../checkpoint/read_whole.ts";
import { ARCHITECTURES } from "./kept_positions.ts";
import { readTensors, relativeErrors } from "./tensors.ts";

const fixtures = join(import.meta.dirname, "edit_places");
const job = { signal: new AbortController().signal, onProgress: () => {} };

interface Expected {
  readonly model: string;
  readonly special: readonly number[];
  readonly edits: readonly (Omit<Edit, "sae"> & { readonly sae: number })[];
  /** `prompt`: so many of its tokens are the prompt. */
  readonly documents: readonly { readonly ids: readonly number[]; readonly prompt: number }[];
  /** Of the prompts. */
  readonly continuations: readonly (readonly number[])[];
}

let engine: Engine;
test.before(() => void (engine = createEngine({ lanes: 1, threads: 1, batch: null })));
test.after(() => engine.close());

function near(ours: Float32Array, theirs: ArrayLike<number>, width: number, what: string): void {
  const errors = relativeErrors(ours, Float32Array.from(theirs), width).sort((a, b) => a - b);
  const [median, worst] = [errors[errors.length >> 1]!, errors.at(-1)!];
  if (process.env.SAEQ_PARITY_REPORT) console.log(what, "median", median.toExponential(1), "worst", worst.toExponential(1));
  assert.ok(median <= 1e-5 && worst <= 1e-4, `${what}: median ${median}, worst ${worst}`);
}

for (const name of readdirSync(fixtures)) {
  test(`${name}: what is read, predicted and written where some tokens are edited is what forward hooks in transformers make of it`, async () => {
    const folder = join(fixtures, name);
    const expected = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as Expected;
    const { spec } = await readModel(join(ARCHITECTURES, expected.model));
    const saes = await Promise.all(expected.edits.map(({ sae }) => readWholeSae(join(folder, `sae${sae}`), { convention: "saelens" })));
    const editing: Editing = { edits: expected.edits.map((edit, i) => ({ ...edit, sae: saes[i]! })), specialIds: expected.special };
    const theirs = await readTensors(join(folder, "expected.safetensors"));
    const documents = expected.documents.map(({ ids, prompt }) => ({ ids: Int32Array.from(ids), wanted: Uint32Array.from(ids.keys()), ...placesOfEdits(editing, ids.length, prompt) }));

    const taps = [...theirs.keys()].flatMap((key): GraphTap[] => {
      const [number, layer, hook] = key.split(".") as [string, string, GraphTap["hook"] | undefined];
      return number !== "0" || hook === undefined ? [] : [{ layer: Number(layer), hook, sae: null }];
    });
    assert.ok(taps.length >= 1);
    const read: (readonly TapOutput[])[] = [];
    await engine.forward(emitForward(spec, taps, { blocks: null, slice: true, editing }), taps.length, documents, { ...job, onDocument: (index, outputs) => void (read[index] = outputs) });
    for (const [number, outputs] of read.entries()) {
      outputs.forEach((output, i) => {
        const [{ layer, hook }, { width, values }] = [taps[i]!, output as TapOutput & { readonly kind: "dense" }];
        near(values, theirs.get(`${number}.${layer}.${hook}`)!, width, `${name} text ${number} layer ${layer} ${hook}`);
      });
    }

    const predicted: Predictions[] = [];
    const all = Array.from({ length: spec.vocabulary }, (_, id) => id);
    await engine.predict(emitPredict(spec, undefined, undefined, editing), documents, { ...job, asked: { kind: "named", ids: all }, onDocument: (index, made) => void (predicted[index] = made) });
    for (const [number, { logits }] of predicted.entries()) near(Float32Array.from(logits), theirs.get(`${number}.logits`)!, spec.vocabulary, `${name} text ${number} logits`);

    const writing: Editing = { ...editing, edits: editing.edits.map(ofPrompt) };
    const steps = expected.continuations[0]!.length;
    const written: Int32Array[] = [];
    const prompts = expected.documents.map(({ ids, prompt }) => Int32Array.from(ids.slice(0, prompt)));
    await engine.generate(emitGenerate(spec, undefined, undefined, "next", writing), prompts, steps, { ...job, edited: (length) => placesOfEdits(writing, length + steps, length).edited!, onDocument: (index, ids) => void (written[index] = ids) });
    assert.equal(written.map((ids) => [...ids]), expected.continuations);
  });
}

test.run();
