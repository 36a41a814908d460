/** Without this file nobody would know how saeq stands on families that are no plain Llama: linear attention, experts, windows. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median } from "../median.ts";
import { published } from "../published.ts";
import { timed } from "../start/timed_process.ts";

const { values: given, positionals } = parseArgs({ allowPositionals: true, options: { python: { type: "string", default: process.env["PYTHON"] ?? "python3" }, rounds: { type: "string", default: "3" }, only: { type: "string" } } });
if (positionals[0] === undefined) throw new Error("name the folder that bench/families/make_models.py wrote");
const folder = resolve(positionals[0]);
const rounds = Number(given.rounds);
const out = await mkdtemp(join(tmpdir(), "saeq-bench-families-"));

interface Peer {
  readonly imports: number;
  readonly load: number;
  readonly activations: number;
  readonly last: readonly (readonly number[])[];
}

/** The largest difference of two rows by the norm of the second. */
function worst(ours: readonly (readonly number[])[], theirs: readonly (readonly number[])[]): number {
  const norm = (row: readonly number[]): number => Math.hypot(...row);
  return Math.max(...theirs.map((row, at) => norm(row.map((value, i) => value - ours[at]![i]!)) / norm(row)));
}

try {
  const saeq = await published(join(out, "published"));
  console.log(`${cpus().length} × ${cpus()[0]?.model}, load before ${loadavg()[0]!.toFixed(1)}; 20 texts of 100 tokens, residual stream behind the last layer, ${rounds} rounds, medians\n`);
  console.log("| family | saeq, start to end s | transformers, start to end s | times | of it imports, load, activations s | largest difference of a row |\n| --- | ---: | ---: | ---: | --- | ---: |");
  for (const name of (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory() && (given.only ?? entry.name) === entry.name).map((entry) => entry.name)) {
    const model = join(folder, name);
    const { num_hidden_layers: layers } = JSON.parse(await readFile(join(model, "config.json"), "utf8")) as { readonly num_hidden_layers: number };
    const script = `saeq 1\nset model ${JSON.stringify(model)}\ncsv "texts.csv" | text text | resid layer ${layers - 1} last 1 | save ${JSON.stringify(`${name}.csv`)}\n`;
    const [ours, theirs]: [number[], number[]] = [[], []];
    let peer: Peer | null = null;
    for (let round = 0; round <= rounds; round++) {
      const mine = await timed(process.execPath, [saeq, "run", "--out", out, "-A", "--no-cache", "--ep", "cpu", "-"], { cwd: folder, input: script });
      const other = await timed(given.python, [fileURLToPath(new URL("truncated.py", import.meta.url)), model, join(folder, "texts.csv")]);
      peer = JSON.parse(other.stdout.trim().split("\n").at(-1)!) as Peer;
      // The first round only brings files into the system's cache.
      if (round === 0) continue;
      ours.push(mine.seconds);
      theirs.push(other.seconds);
    }
    const [head, ...lines] = (await readFile(join(out, `${name}.csv`), "utf8")).trim().split("\n").map((line) => line.split(","));
    const first = head!.indexOf("v0");
    const rows = lines.map((cells) => cells.slice(first - head!.length).map(Number));
    const [mine, other] = [median(ours), median(theirs)];
    console.log(`| ${name} | ${mine.toFixed(1)} | ${other.toFixed(1)} | ${(other / mine).toFixed(1)} | ${[peer!.imports, peer!.load, peer!.activations].map((part) => part.toFixed(1)).join(", ")} | ${worst(rows, peer!.last).toExponential(1)} |`);
  }
  console.log(`\nload after ${loadavg()[0]!.toFixed(1)}`);
} finally {
  await rm(out, { recursive: true });
}
