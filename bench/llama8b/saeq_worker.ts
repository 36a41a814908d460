/** Without this file saeq's memory would be measured together with the benchmark's own. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Acts, Table, Value } from "../../runtime/data/frame.ts";
import { timeLanes } from "./time_lanes.ts";

const seconds = (): number => Date.now() / 1000;
const began = seconds() - process.uptime();
const [folder, active, events, settings] = process.argv.slice(2) as [string, string, string, string];

timeLanes(events);
const { createSession } = await import("../../runtime/session/session.ts");
const imported = seconds();
const session = await createSession({
  readFrom: folder,
  writeTo: folder,
  grants: { read: true, write: [] },
  params: {},
  settings: { model: join(folder, "model"), sae: join(folder, "sae"), seed: "1", ep: "cpu", ...(JSON.parse(settings) as Record<string, string>) },
  interactive: false,
});

async function valueOf(text: string): Promise<Value> {
  let value: Value | null = null;
  const outcome = await session.run({ name: "bench", text }, {
    signal: new AbortController().signal,
    onEvent: (event) => {
      if (event.kind === "result") value = event.value;
    },
  });
  if (value === null) throw new Error(outcome.diagnostics.map(({ message, help }) => `${message} (${help})`).join("; "));
  return value;
}

const ACTIVATIONS = 'csv "texts.csv" | text text | acts layer 7 last 50';
const top = await valueOf(`${ACTIVATIONS} | top 10`);
const ended = seconds();
// Not part of what is measured: the activations are kept, so this runs no model.
const acts = (await valueOf(ACTIVATIONS)) as Acts;
const { indptr, indices } = acts.taps[0]!.csr;
const fired = Array.from({ length: acts.rows.count }, (_, row) => Array.from(indices.subarray(indptr[row], indptr[row + 1])));

function featuresOf(value: Value): readonly number[] {
  const table: Table | null = value.kind === "features" ? value.table : null;
  const column = table?.columns.find(({ name }) => name === "feature");
  if (column?.type !== "int") throw new Error("top gives a table with a column `feature`");
  return Array.from(column.values);
}

console.log(JSON.stringify({ began, imported, ended, rows: acts.tokens.ids.length, top: featuresOf(top) }));
writeFileSync(active, JSON.stringify(fired));
await session.close();
