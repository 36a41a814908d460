/** Without this file a continuation could depend on the lengths of the texts beside it, on those that have ended, or on how they were read. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { createLaneTexts } from "../../runtime/engine/lane_continuing.ts";
import { openSession, type LaneSession } from "../../runtime/engine/lane_session.ts";
import type { StepNumbers } from "../../runtime/engine/protocol.ts";
import { emitGenerate } from "../../src/emit/generate.ts";
import { fedAs } from "../../runtime/engine/batching.ts";
import type { EmittedGraph } from "../../src/emit/specs.ts";

const fixtures = join(import.meta.dirname, "../parity/architectures");
const prompt = (length: number, salt: number): Int32Array => Int32Array.from({ length }, (_, at) => (at * 7919 * salt + 13 * at * at + salt) % 64);
/** Around blocks of attention and of products, one token, and longer than every window. */
const PROMPTS = [129, 66, 65, 64, 63, 33, 17, 16, 3, 2, 1].map((length, at) => prompt(length, at + 1));
const STEPS = 6;

/** A session that remembers the logits of its last call. */
async function watched(graph: EmittedGraph): Promise<LaneSession & { readonly rows: (count: number) => readonly string[] }> {
  const session = await openSession({ bytes: graph.bytes, caches: graph.caches, screenings: [] }, 1);
  let logits = new Float32Array(0);
  let wide = 1;
  return {
    ...session,
    run: async (feeds) => {
      const outputs = await session.run(feeds);
      const { data, dims } = outputs["logits"]!;
      [logits, wide] = [(data as Float32Array).slice(), dims[1]!];
      return outputs;
    },
    rows: (count) => Array.from({ length: count }, (_, row) => Buffer.from(logits.buffer, row * wide * 4, wide * 4).toString("base64")),
  };
}

const drawn = (rows: number): StepNumbers => ({ temperature: 1, topK: null, topP: null, cap: null, numbers: new Float64Array(rows).fill(0.4) });

for (const name of readdirSync(fixtures)) {
  test(`${name}: logits have the same bits for a text alone and among texts of other lengths that come and go`, async () => {
    const { spec } = await readModel(join(fixtures, name));
    const graph = emitGenerate(spec, undefined, undefined, "logits");
    assert.is(graph.unlike, spec.blocks.some(({ attention }) => attention.kind !== "softmax") ? "steps" : "all");
    const session = await watched(graph);
    const texts = createLaneTexts();
    const columnsOf = (length: number): number => (graph.unlike === "all" ? fedAs(length, graph.unevenHeads) : length);
    const begin = (ids: readonly Int32Array[], rows: readonly number[]): Promise<unknown> =>
      texts.begin(1, session, { ids: ids.length === 1 && ids[0]!.length === 1 ? [ids[0]!, ids[0]!] : ids, columns: columnsOf(Math.max(...ids.map(({ length }) => length))), rows: Uint32Array.from(rows) }, drawn(rows.length));

    const alone: (readonly string[])[] = [];
    for (const ids of PROMPTS) {
      await begin([ids], [0]);
      const seen = [...session.rows(1)];
      for (let step = 1; step < STEPS; step++) {
        await texts.step(1, undefined, drawn(1));
        seen.push(...session.rows(1));
      }
      alone.push(seen);
      texts.forget(1);
    }
    // All but those of a model that sees one token at a time.
    assert.ok(new Set(alone.flat()).size > (name === "mistral_window_1" ? 1 : 0.9) * PROMPTS.length * (name === "mistral_window_1" ? 1 : STEPS), "texts lead to logits of their own");

    // In two calls (or one for each length), one prompt for two rows; after two steps every third row is gone, after four all but one.
    const parts = graph.unlike === "all" ? [PROMPTS.slice(0, 5), PROMPTS.slice(5)] : PROMPTS.map((ids) => [ids]);
    let rows: number[] = [];
    for (const part of parts) {
      const from = PROMPTS.indexOf(part[0]!);
      await begin(part, [...part.keys(), 0]);
      const own = [...part.keys(), 0].map((at) => from + at);
      assert.equal(session.rows(own.length), own.map((at) => alone[at]![0]));
      rows.push(...own);
    }
    for (let step = 1; step < STEPS; step++) {
      const keep = step === 2 ? Uint32Array.from(rows.keys()).filter((row) => row % 3 !== 1) : step === 4 ? Uint32Array.of(2) : undefined;
      if (keep !== undefined) rows = Array.from(keep, (row) => rows[row]!);
      await texts.step(1, keep, drawn(rows.length));
      assert.equal(session.rows(rows.length), rows.map((at) => alone[at]![step]), `step ${step}`);
    }
    assert.ok(texts.busy(session));
    texts.forget(1);
    assert.not(texts.busy(session));
    await session.release();
  });
}

test.run();
