/** Without this file nobody would know how long it takes from starting a process to the notebook's final table, and whether both tables agree. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median } from "../median.ts";
import { timed } from "./timed_process.ts";

interface Counts {
  readonly feature: number;
  readonly perfect: number;
  readonly non_perfect: number;
}

const GOAL = 5;
const { values: given } = parseArgs({ options: { python: { type: "string", default: process.env["PYTHON"] ?? "python3" }, rounds: { type: "string", default: "5" } } });
const rounds = Number(given.rounds);
const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const script = path("examples/memorization.saeq");
const saeq = path("repl/bin/saeq.js");
const out = await mkdtemp(join(tmpdir(), "saeq-bench-start-"));

/** The rows that the script draws, written by saeq: its own text up to the model, then a file. */
async function writeSample(): Promise<string> {
  const [drawing] = (await readFile(script, "utf8")).split("| acts");
  await timed(process.execPath, [saeq, "run", "--out", out, "-A", "-"], { cwd: path("examples"), input: `${drawing}| save "sample.csv"\n` });
  return join(out, "sample.csv");
}

async function unionOfSaeq(): Promise<readonly Counts[]> {
  const { stdout } = await timed(process.execPath, [saeq, "run", "--out", out, "-A", "--no-cache", "--format", "json", script]);
  return JSON.parse(stdout) as readonly Counts[];
}

function difference(ours: readonly Counts[], theirs: readonly Counts[]): string {
  const line = ({ feature, perfect, non_perfect }: Counts): string => `${feature}: ${perfect} ${non_perfect}`;
  const [a, b] = [ours.map(line), theirs.map(line)];
  if (a.join("\n") === b.join("\n")) return `equal: ${a.length} features with the same counts in the same order`;
  return `DIFFERENT\n  only saeq:     ${a.filter((each) => !b.includes(each)).join(" | ")}\n  only notebook: ${b.filter((each) => !a.includes(each)).join(" | ")}`;
}

try {
  const load = (): string => loadavg()[0]!.toFixed(1);
  console.log(`load of the machine before: ${load()}`);
  const sample = await writeSample();
  const notebook = [path("bench/start/notebook.py"), path("examples/memorization_results_L50_O50.csv"), path("examples/kjv/model"), path("examples/kjv/sae"), out, "--sample", sample];
  // Once each without counting, so that both find their files in the system's cache.
  const ours = await unionOfSaeq();
  await timed(given.python, notebook);
  const theirs = JSON.parse(await readFile(join(out, "union.json"), "utf8")) as readonly Counts[];

  const seconds = { saeq: [] as number[], notebook: [] as number[] };
  const parts: Record<string, number>[] = [];
  for (let round = 1; round <= rounds; round++) {
    seconds.saeq.push((await timed(process.execPath, [saeq, "run", "--out", out, "-A", script])).seconds);
    seconds.notebook.push((await timed(given.python, notebook)).seconds);
    parts.push(JSON.parse(await readFile(join(out, "times.json"), "utf8")) as Record<string, number>);
    console.log(`round ${round}: saeq ${seconds.saeq.at(-1)!.toFixed(2)} s, notebook ${seconds.notebook.at(-1)!.toFixed(2)} s`);
  }
  const [a, b] = [median(seconds.saeq), median(seconds.notebook)];
  const ratios = seconds.notebook.map((value, round) => value / seconds.saeq[round]!);
  const within = Object.keys(parts[0] ?? {}).map((name) => `${name} ${median(parts.map((each) => each[name]!)).toFixed(2)} s`);
  console.log(`saeq      median ${a.toFixed(2)} s`);
  console.log(`notebook  median ${b.toFixed(2)} s, of which ${within.join(", ")}`);
  console.log(`ratio     ${(b / a).toFixed(1)} (rounds: ${ratios.map((ratio) => ratio.toFixed(1)).join(", ")}); goal ≥ ${GOAL}: ${b / a >= GOAL ? "met" : "missed"}`);
  console.log(`without the peers' imports: ${((b - median(parts.map((each) => each["imports"]!))) / a).toFixed(1)}`);
  console.log(`final tables ${difference(ours, theirs)}`);
  console.log(`load of the machine after: ${load()}`);
} finally {
  await rm(out, { recursive: true });
}
