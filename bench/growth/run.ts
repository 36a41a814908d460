/** Without this file nobody would know whether a million rows take a million times the memory: time and memory of queries over 10² … 10⁶ rows. */
import { spawnSync } from "node:child_process";
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { parquetWriteBuffer } from "hyparquet-writer";
import { setFlagsFromString } from "node:v8";
import { peakMemory } from "../peak.ts";
import { SOURCES } from "../published.ts";
import { createSession } from "../../runtime/session/session.ts";

/** Table queries go to a million rows; the model reads as many texts as its time allows (`--model 100000`). */
const QUERIES = ['csv "t.csv" | where score > 0.5 | sample 20', 'csv "t.csv" | where flag | count', 'csv "t.csv" | agg n = count(), m = mean(score)', 'csv "t.csv" | group flag | agg n = count(), m = mean(score)', 'csv "t.csv" | sort score desc | take 10', 'parquet "t.parquet" | where flag | count', 'parquet "t.parquet" | agg n = count(), m = mean(score)'];
const MODEL = 'csv "t.csv" | text text | acts layer 7 last 2 | top 5';

const score = (i: number): number => (i * 0.61803) % 1;
const text = (i: number): string => `In the beginning, text ${i % 1000}: and the LORD said, go`;

const [task, rows, query] = process.argv.slice(2);
if (task === "child") {
  // As the program itself is started.
  ((await import(SOURCES)) as { heapFlags(version: string): readonly string[] }).heapFlags(process.version).forEach(setFlagsFromString);
  // Streaming from the first byte on, so that small and large files take the same way.
  const session = await createSession({ readFrom: rows!, writeTo: rows!, grants: { read: true, write: true }, params: {}, settings: { seed: "1", cache: "off" }, interactive: false, engine: { lanes: 1, threads: 1 }, streamBytes: 1 });
  const started = performance.now();
  let failed = "";
  await session.run({ name: "bench", text: query! }, { signal: new AbortController().signal, onEvent: (event) => void (event.kind === "diagnostic" && (failed = event.diagnostic.message)) });
  const ms = performance.now() - started;
  await session.close();
  console.log(JSON.stringify({ ms, peak: peakMemory(), failed }));
} else {
  const folder = mkdtempSync(join(tmpdir(), "saeq-bench-growth-"));
  const most = Number(rows ?? 1_000_000);
  const texts = Number(query ?? 10_000);
  console.log(`peak memory of the process that streams, one run each; load ${loadavg()[0]!.toFixed(1)}`);
  for (let count = 100; count <= most; count *= 10) {
    const file = createWriteStream(join(folder, "t.csv"));
    file.write("id,flag,score,text\n");
    for (let i = 0; i < count; i++) if (!file.write(`${i},${i % 3 === 0},${score(i)},"${text(i)}"\n`)) await once(file, "drain");
    file.end();
    await once(file, "finish");
    // One group of rows with everything, as pandas writes it.
    const column = <T>(value: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => value(i));
    writeFileSync(join(folder, "t.parquet"), new Uint8Array(parquetWriteBuffer({ columnData: [{ name: "id", data: column(BigInt), type: "INT64" }, { name: "flag", data: column((i) => i % 3 === 0), type: "BOOLEAN" }, { name: "score", data: column(score), type: "DOUBLE" }, { name: "text", data: column(text), type: "STRING" }], rowGroupSize: count })));
    for (const asked of [...QUERIES, ...(count <= texts ? [MODEL] : [])]) {
      const { stdout, stderr } = spawnSync(process.execPath, [import.meta.filename, "child", folder, asked], { encoding: "utf8" });
      const { ms, peak, failed } = JSON.parse(stdout || JSON.stringify({ ms: NaN, peak: NaN, failed: stderr })) as { ms: number; peak: number; failed: string };
      console.log(`${String(count).padStart(9)} rows ${(ms / 1000).toFixed(2).padStart(8)} s ${(peak / 1024).toFixed(0).padStart(6)} MB  ${asked}${failed === "" ? "" : `  FAILED: ${failed}`}`);
    }
  }
  rmSync(folder, { recursive: true });
}
