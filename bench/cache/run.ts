/** Without this file nobody would know what the cache saves, and how small it is: a first run beside re-runs with other questions. */
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { segmentsOf } from "../../runtime/cache/inventory.ts";
import type { Value } from "../../runtime/data/frame.ts";
import { createSession } from "../../runtime/session/session.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { median } from "../median.ts";

const QUERY = "memorization | acts layer 7 last 50";
const NEXT = ["top 5", "stats", "top 3 by max", "hist l0", "top 9 by mean"];

/** Milliseconds of one query. */
async function ask(session: Awaited<ReturnType<typeof open>>, text: string): Promise<{ readonly ms: number; readonly value: Value | null }> {
  let value: Value | null = null;
  const started = performance.now();
  const { exitCode } = await session.run({ name: "bench", text }, { signal: new AbortController().signal, onEvent: (event) => void (event.kind === "result" && (value = event.value)) });
  if (exitCode !== 0) throw new Error(`${text} ended with ${exitCode}`);
  return { ms: performance.now() - started, value };
}

const open = (folder: string) => createSession({ readFrom: EXAMPLES, writeTo: folder, grants: { read: true, write: true }, params: {}, settings: { seed: "1" }, interactive: false, cache: { folder, limit: 2 ** 34 } });

const [first, same, fresh]: [number[], number[], number[]] = [[], [], []];
let stored = 0;
let raw = 0;
let plain = 0;
for (let round = 0; round < 5; round++) {
  const folder = mkdtempSync(join(tmpdir(), "saeq-bench-cache-"));
  const one = await open(folder);
  first.push((await ask(one, `${QUERY} | ${NEXT[0]}`)).ms);
  for (const next of NEXT.slice(1)) same.push((await ask(one, `${QUERY} | ${next}`)).ms);
  await one.close();
  stored = segmentsOf(folder).reduce((sum, { bytes }) => sum + bytes, 0);
  for (const next of NEXT.slice(1)) {
    const other = await open(folder);
    fresh.push((await ask(other, `${QUERY} | ${next}`)).ms);
    await other.close();
  }
  if (round === 0) {
    const last = await open(folder);
    const { value } = await ask(last, QUERY);
    if (value?.kind !== "acts") throw new Error("no activations came back");
    const { indptr, indices, values } = (value as Value & { readonly kind: "acts" }).taps[0]!.csr;
    for (const array of [indptr, indices, values]) {
      raw += array.byteLength;
      plain += zstdCompressSync(Buffer.from(array.buffer, array.byteOffset, array.byteLength)).length;
    }
    await last.close();
  }
  rmSync(folder, { recursive: true });
}
const row = (name: string, ms: number): string => `${name.padEnd(48)}${ms.toFixed(0).padStart(8)} ms ${(median(first) / ms).toFixed(1).padStart(8)}×`;
console.log(`${QUERY} and a question, 320 texts of the shipped model; medians; load ${loadavg()[0]!.toFixed(1)}`);
console.log(row("first run", median(first)));
console.log(row("another question, same session", median(same)));
console.log(row("another question, new session of the same disk", median(fresh)));
console.log(`on disk ${stored} bytes: ${((100 * stored) / raw).toFixed(0)} % of the compressed rows in memory (${raw}); Zstandard alone makes ${((100 * plain) / raw).toFixed(0)} % of them`);
