/** Without this file a large sample of a stream could be sorted anew at each piece, which nobody would see on small files. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { TOKENIZED_ANEW } from "../../runtime/cache/kept_tokens.ts";
import type { Catalog } from "../../runtime/catalog/catalog.ts";
import { collected } from "../../runtime/data/collected.ts";
import type { Table } from "../../runtime/data/frame.ts";
import { sampleRows } from "../../runtime/data/rows.ts";
import { concatTables, createColumn, createTable } from "../../runtime/data/table.ts";
import { streamOf } from "../../runtime/execute/stream.ts";
import { createTurns } from "../../runtime/turns.ts";
import type { Op, Plan } from "../../src/ops/op.ts";
import { table } from "../../src/ops/schema.ts";

const PIECES = 2_000;
const EACH = 20;
const pieces = Array.from({ length: PIECES }, (_, p): Table => createTable("numbers", [createColumn("n", "int", Array.from({ length: EACH }, (_, i) => p * EACH + i))]));
const plan = (op: Op, inputs: readonly Plan[]): Plan => ({ op, inputs, schema: table([{ name: "n", type: "int" }]), at: { start: 0, end: 0 }, label: op.op });
const read = plan({ op: "read", format: "csv", path: "numbers.csv", digest: "", separator: ",", types: {} }, []);

/** What a sample of the stream gives, and how many runs of rows were sorted for it: each asks the signal, as does each piece. */
async function sampled(count: number): Promise<{ readonly found: Table; readonly sorted: number }> {
  let asked = 0;
  const signal = { throwIfAborted: () => void asked++ } as AbortSignal;
  const catalog = { stream: () => ({ rows: PIECES * EACH, pieces: (async function* () { yield* pieces; })() }) } as unknown as Catalog;
  const stream = streamOf(plan({ op: "sample", count, stream: "s" }, [read]), { catalog, tokenIds: TOKENIZED_ANEW, known: () => undefined, onNotice: () => {}, signal });
  return { found: await collected(stream!), sorted: asked - PIECES };
}

for (const count of [0, 1, 100, 20_000, 39_999, 50_000]) {
  test(`a sample of ${count} of 40,000 rows in ${PIECES} pieces is that of the whole table, and is sorted a few times`, async () => {
    const { found, sorted } = await sampled(count);
    assert.equal(found.columns, (await sampleRows(concatTables(pieces), count, "s", createTurns())).columns);
    // Twice the rows that are wanted make one sort of them: at each piece it would be some thousand runs.
    if (count >= 20_000) assert.ok(sorted < 100, `${sorted} runs of rows were sorted`);
  });
}

test.run();
