/** Without this file nobody would know how much of a first run another question costs where each question is a process of its own. */
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { median } from "../median.ts";
import { published } from "../published.ts";
import { timed } from "../start/timed_process.ts";

const { values: given, positionals } = parseArgs({ allowPositionals: true, options: { texts: { type: "string", default: "20,200,1000" } } });
if (positionals[0] === undefined) throw new Error("name the folder that bench/llama8b/make_checkpoint.py --shape 135m --rows 1000 --runs wrote");
const folder = resolve(positionals[0]);
const out = await mkdtemp(join(tmpdir(), "saeq-bench-cache-"));
const saeq = await published(join(out, "published"));
const NEXT = ["top 20", "stats", "top 5 by max", "hist l0", "top 9 by mean"];

async function ask(texts: number, question: string, cache: string): Promise<number> {
  const input = `saeq 1\nset model "model"\nset sae "sae"\nset guard off\nset seed 42\ncsv "runs.csv" | sample ${texts} | acts layer 15 last 50 | ${question}\n`;
  return (await timed(process.execPath, [saeq, "run", "-A", "--ep", "cpu", "-"], { cwd: folder, input, env: { SAEQ_CACHE: cache } })).seconds;
}

try {
  console.log(`${cpus().length} × ${cpus()[0]?.model}, load before ${loadavg()[0]!.toFixed(1)}; seconds of whole processes; re-runs: median of ${NEXT.length}, each with another question\n`);
  console.log("  texts   first run    re-run   times as fast");
  for (const texts of given.texts.split(",").map(Number)) {
    const cache = join(out, `cache${texts}`);
    const first = await ask(texts, "top 10", cache);
    const again: number[] = [];
    for (const question of NEXT) again.push(await ask(texts, question, cache));
    console.log(`${String(texts).padStart(7)} ${first.toFixed(2).padStart(11)} ${median(again).toFixed(2).padStart(9)} ${`${(first / median(again)).toFixed(0)}×`.padStart(15)}`);
  }
} finally {
  await rm(out, { recursive: true, force: true });
}
