/** Without this file nobody would know what lines of one script cost that ask several layers and SAEs about the same texts, beside a script for each. */
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { median } from "../median.ts";
import { published } from "../published.ts";
import { timed } from "../start/timed_process.ts";

const { values: given, positionals } = parseArgs({ allowPositionals: true, options: { texts: { type: "string", default: "40" }, rounds: { type: "string", default: "5" } } });
if (positionals[0] === undefined) throw new Error("name the folder that bench/llama8b/make_checkpoint.py --shape 135m --rows 1000 --runs wrote");
const folder = resolve(positionals[0]);
const out = await mkdtemp(join(tmpdir(), "saeq-bench-lines-"));
const saeq = await published(join(out, "published"));
const LAYERS = [3, 7, 11, 15];

/** The folder's SAE as one of another layer: its weights are random, so it fits one as well as the other. */
async function saeOf(layer: number): Promise<string> {
  const place = join(out, `sae${layer}`);
  await cp(join(folder, "sae"), place, { recursive: true });
  const config = await readFile(join(place, "cfg.json"), "utf8");
  await writeFile(join(place, "cfg.json"), config.replace("blocks.15.", `blocks.${layer}.`));
  return place;
}

const saes = new Map<number, string>();
for (const layer of LAYERS) saes.set(layer, await saeOf(layer));
const opening = `saeq 1\nset model "model"\nset guard off\nset seed 42\nlet texts = csv "runs.csv" | sample ${given.texts}\n`;
const lineOf = (layer: number): string => `set sae ${JSON.stringify(saes.get(layer))}\ntexts | acts layer ${layer} last 50 | top 10\n`;
let caches = 0;
const ask = async (lines: string): Promise<{ readonly seconds: number; readonly stdout: string }> =>
  timed(process.execPath, [saeq, "run", "-A", "--ep", "cpu", "-"], { cwd: folder, input: opening + lines, env: { SAEQ_CACHE: join(out, `cache${++caches}`) } });

try {
  console.log(`${cpus().length} × ${cpus()[0]?.model}, load before ${loadavg()[0]!.toFixed(1)}; ${given.texts} texts, layers ${LAYERS.join(", ")}, nothing kept from before; medians of ${given.rounds}\n`);
  const [together, apart, deepest]: number[][] = [[], [], []];
  for (let round = 0; round <= Number(given.rounds); round++) {
    const all = await ask(LAYERS.map(lineOf).join(""));
    const each = [];
    for (const layer of LAYERS) each.push(await ask(lineOf(layer)));
    if (all.stdout !== each.map(({ stdout }) => stdout).join("")) throw new Error("lines together say something else than lines alone");
    // The first round only brings files into the system's cache.
    if (round === 0) continue;
    together!.push(all.seconds);
    apart!.push(each.reduce((sum, { seconds }) => sum + seconds, 0));
    deepest!.push(each.at(-1)!.seconds);
  }
  console.log(`one script of ${LAYERS.length} lines  ${median(together!).toFixed(2)} s\na script for each     ${median(apart!).toFixed(2)} s, ${(median(apart!) / median(together!)).toFixed(1)} times as long\nthe deepest alone     ${median(deepest!).toFixed(2)} s`);
} finally {
  await rm(out, { recursive: true, force: true });
}
