/** Without this file nothing would show that predictions, and what is drawn from them, are those of transformers. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { createEngine } from "../../runtime/engine/engine.ts";
import { draw, drawable } from "../../runtime/kernels/drawing.ts";
import { cellAt, columnNamed } from "../../runtime/data/table.ts";
import type { Predictions } from "../../runtime/kernels/softmax.ts";
import { emitPredict } from "../../src/emit/predict.ts";
import { emitGenerate } from "../../src/emit/generate.ts";
import { open, run } from "../session/open.ts";
import { ARCHITECTURES } from "./kept_positions.ts";
import { readTensors } from "./tensors.ts";

const fixtures = new URL("fixtures/", import.meta.url);

interface TextCase {
  readonly text: string;
  readonly ids: readonly number[];
  readonly surprisal: readonly number[];
  readonly loss: number;
  readonly top: readonly number[];
  readonly logits: readonly number[];
  readonly probabilities: readonly number[];
  readonly next: readonly number[];
}
interface Fixture {
  readonly models: readonly string[];
  readonly ends: readonly number[];
  readonly texts: readonly TextCase[];
  readonly warped: readonly { readonly temperature: number; readonly topK: number | null; readonly topP: number | null; readonly probabilities: readonly (readonly number[])[] }[];
}

const expected = JSON.parse(readFileSync(new URL("predictions.json", fixtures), "utf8")) as Fixture;
const theirs = await readTensors(new URL("predictions.safetensors", fixtures).pathname);

async function finished<T>(work: (engine: ReturnType<typeof createEngine>) => Promise<T>): Promise<T> {
  const engine = createEngine({ lanes: 1, threads: 1, batch: null });
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

const job = { signal: new AbortController().signal, onProgress: () => {} };

for (const name of expected.models) {
  test(`${name} predicts what transformers predicts at every position`, async () => {
    const folder = join(ARCHITECTURES, name);
    const { documents } = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as { readonly documents: readonly (readonly number[])[] };
    const { spec } = await readModel(folder);
    const asked = [1, 2].map((number) => ({ number, ids: Int32Array.from(documents[number]!), wanted: Uint32Array.from(documents[number]!, (_, position) => position) }));
    const made = new Array<Predictions>(asked.length);
    const all = Array.from({ length: spec.vocabulary }, (_, id) => id);
    await finished((engine) => engine.predict(emitPredict(spec), asked, { ...job, asked: { kind: "named", ids: all }, onDocument: (index, each) => void (made[index] = each) }));
    for (const [index, { number, ids }] of asked.entries()) {
      const [ours, their] = [made[index]!, theirs.get(`${name}.${number}`)!];
      assert.is(ours.logits.length, their.length);
      const scale = their.reduce((most, logit) => Math.max(most, Math.abs(logit)), 1);
      ours.logits.forEach((logit, at) => assert.ok(Math.abs(logit - their[at]!) <= 1e-4 * scale, `${name} ${number}: logit ${at} is ${logit}, not ${their[at]}`));
      for (let position = 0; position < ids.length; position++) {
        const row = their.subarray(position * spec.vocabulary, (position + 1) * spec.vocabulary);
        const sum = Math.log(row.reduce((total, logit) => total + Math.exp(logit), 0));
        for (const id of all) assert.ok(Math.abs(ours.logProbabilities[position * spec.vocabulary + id]! - (row[id]! - sum)) <= 2e-4 * scale);
        // Ranks are a permutation, and of logits that differ clearly that of transformers.
        const ranks = ours.ranks.subarray(position * spec.vocabulary, (position + 1) * spec.vocabulary);
        assert.equal([...ranks].sort((a, b) => a - b), all.map((id) => id + 1));
        const by = all.toSorted((a, b) => ranks[a]! - ranks[b]!);
        by.slice(1).forEach((id, at) => assert.ok(row[id]! - row[by[at]!]! <= 2e-4 * scale));
      }
    }
  });
}

test("a model's likeliest tokens, their ranks and its loss are those of transformers", async () => {
  const session = await open();
  for (const { text, ids, surprisal, loss, top, logits, probabilities } of expected.texts) {
    const likeliest = await run(session, `prompts ${JSON.stringify(text)} | logits top 5`);
    const column = ({ values }: typeof likeliest, name: string): unknown[] => {
      const table = values.at(-1);
      if (table?.kind !== "table") throw new Error("a table is made");
      return Array.from({ length: table.rows }, (_, row) => cellAt(columnNamed(table, name), row));
    };
    assert.equal(column(likeliest, "token_id"), top, text);
    assert.equal(column(likeliest, "rank"), [1, 2, 3, 4, 5]);
    assert.equal(column(likeliest, "position"), new Array(5).fill(ids.length));
    column(likeliest, "logit").forEach((logit, at) => assert.ok(Math.abs((logit as number) - logits[at]!) < 1e-4));
    column(likeliest, "probability").forEach((probability, at) => assert.ok(Math.abs((probability as number) / probabilities[at]! - 1) < 1e-4));
    const came = await run(session, `prompts ${JSON.stringify(text)} | logits at all`);
    assert.equal(column(came, "token_id"), ids.slice(1));
    assert.equal(column(came, "position"), ids.slice(1).map((_, at) => at + 1));
    column(came, "surprisal").forEach((each, at) => assert.ok(Math.abs((each as number) - surprisal[at]!) < 1e-4, `${text}: ${String(each)}, not ${surprisal[at]}`));
    const mean = await run(session, `prompts ${JSON.stringify(text)} | logits at all | agg loss = mean(surprisal)`);
    assert.ok(Math.abs((column(mean, "loss")[0] as number) - loss) < 1e-4);
  }
  await session.close();
});

test("texts of unlike lengths end where transformers ends them", async () => {
  const { spec } = await readModel(new URL("../../examples/kjv/model", import.meta.url).pathname);
  const ends = new Set(expected.ends);
  const made: (readonly number[])[] = [];
  await finished((engine) => engine.generate(emitGenerate(spec), expected.texts.map(({ ids }) => Int32Array.from(ids)), 24, { ...job, ends: (_, ids) => ends.has(ids.at(-1)!), onDocument: (index, ids) => void (made[index] = [...ids]) }));
  assert.equal(made, expected.texts.map(({ next }) => next));
});

test("what may be drawn, and how likely, is what transformers' own warpers leave", () => {
  const rows = theirs.get("llama_plain.2")!;
  for (const { temperature, topK, topP, probabilities } of expected.warped) {
    probabilities.forEach((their, at) => {
      const { ids, weights } = drawable(rows.slice(at * their.length, (at + 1) * their.length), { temperature, topK, topP });
      const sum = weights.reduce((total, weight) => total + weight, 0);
      assert.equal([...ids], their.flatMap((probability, id) => (probability > 0 ? [id] : [])), `temperature ${temperature} top_k ${topK} top_p ${topP}, row ${at}`);
      ids.forEach((id, i) => assert.ok(Math.abs(weights[i]! / sum - their[id]!) < 1e-9));
      // The inverse of the cumulated probabilities, by ascending id.
      for (const number of [0, 0.1, 0.37, 0.5, 0.73, 0.999999]) {
        let end = 0;
        const id = their.findIndex((probability) => (end += probability) > number + 1e-9);
        if (Math.abs(end - number) > 1e-6) assert.is(draw({ ids, weights }, number), id);
      }
    });
  }
});

test.run();
