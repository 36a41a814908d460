/** Without this file nobody would know what the notebook's question costs of a model with 30 layers, from start to table and in the long run. */
import { copyFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median } from "../median.ts";
import { published, SOURCES } from "../published.ts";
import { timed } from "../start/timed_process.ts";

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: { python: { type: "string", default: process.env["PYTHON"] ?? "python3" }, rounds: { type: "string", default: "5" }, plugin: { type: "string" }, many: { type: "string", default: "150" } },
});
if (positionals[0] === undefined) throw new Error("name the folder that bench/llama8b/make_checkpoint.py --shape 135m --rows 1000 --runs wrote");
const folder = resolve(positionals[0]);
const rounds = Number(given.rounds);
const many = Number(given.many);
/** Texts of one group, as the notebook draws them. */
const FEW = 10;
const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const out = await mkdtemp(join(tmpdir(), "saeq-bench-seed-"));
const saeq = await published(join(out, "published"));

interface Subject {
  readonly name: string;
  /** Seconds from start to end with so many texts in each group; what it wrote lies in `into`. */
  readonly run: (n: number, into: string) => Promise<number>;
}

const script = join(folder, "seed.saeq");
await copyFile(path("bench/seed/seed.saeq"), script);

/** The rows that saeq draws, for everybody. */
async function drawn(n: number): Promise<string> {
  const file = join(out, `sample${n}.csv`);
  const [drawing] = (await readFile(script, "utf8")).split("| acts");
  await timed(process.execPath, [saeq, "run", "--out", out, "-A", "--n", String(n), "-"], { cwd: folder, input: `${drawing}| save "sample${n}.csv"\n` });
  return file;
}

const samples = new Map([[FEW, await drawn(FEW)], [many, await drawn(many)]]);
const peer = (program: string, ...more: readonly string[]) => async (n: number, into: string): Promise<number> =>
  (await timed(given.python, [path(program), join(folder, "runs.csv"), join(folder, "model"), join(folder, "sae"), into, "--sample", samples.get(n)!, "--layer", "15", ...more])).seconds;
const ours = (program: string, ...device: readonly string[]) => async (n: number, into: string): Promise<number> =>
  (await timed(process.execPath, [program, "run", "--out", into, "-A", "--no-cache", ...device, "--n", String(n), script])).seconds;
/** The model in bfloat16, the SAE in float32, on both sides. */
const halves: readonly Subject[] = given.plugin === undefined ? [] : [
  { name: "saeq, as published, in bfloat16 on OpenVINO", run: ours(saeq, "--ep", "openvino", "--ep-library", resolve(given.plugin)) },
  { name: "transformers cut at the hook, batches of 20, in bfloat16, sae_lens", run: peer("bench/seed/truncated.py", "--dtype", "bfloat16") },
];
const subjects: readonly Subject[] = [
  { name: "saeq, as published", run: ours(saeq, "--ep", "cpu") },
  { name: "saeq, from its sources", run: ours(SOURCES, "--ep", "cpu") },
  { name: "transformers cut at the hook, batches of 20, sae_lens", run: peer("bench/seed/truncated.py") },
  { name: "TransformerLens and sae_lens, as in the notebook", run: peer("bench/start/notebook.py") },
  ...halves,
];

const seconds = (value: number): string => value.toFixed(value < 10 ? 2 : 1);

try {
  console.log(`${cpus().length} × ${cpus()[0]?.model}, load before ${loadavg()[0]!.toFixed(1)}; ${rounds} rounds, medians\n`);
  const times = new Map<string, { readonly few: number[]; readonly rate: number[]; parts: Record<string, number> }>(subjects.map(({ name }) => [name, { few: [], rate: [], parts: {} }]));
  for (let round = 0; round <= rounds; round++) {
    for (const { name, run } of subjects) {
      const into = join(out, name.replace(/\W+/g, "-"));
      await mkdir(into, { recursive: true });
      const few = await run(FEW, into);
      // The first round only brings files into the system's cache.
      if (round === 0) continue;
      const kept = times.get(name)!;
      kept.few.push(few);
      kept.parts = await readFile(join(into, "times.json"), "utf8").then((text) => JSON.parse(text) as Record<string, number>, () => ({}));
      if (round <= Math.max(2, Math.floor(rounds / 2) + 1)) kept.rate.push((2 * (many - FEW)) / ((await run(many, into)) - few));
    }
  }
  const [first, ...others] = subjects.map(({ name }) => ({ name, few: median(times.get(name)!.few), rate: median(times.get(name)!.rate), parts: times.get(name)!.parts }));
  console.log("| | 20 × 100 tokens, s | times the first | sustained, rows/s | the first's, times | of it imports, load, activations s |\n| --- | ---: | ---: | ---: | ---: | --- |");
  for (const { name, few, rate, parts } of [first!, ...others]) {
    console.log(`| ${name} | ${seconds(few)} | ${(few / first!.few).toFixed(1)} | ${seconds(rate)} | ${(first!.rate / rate).toFixed(2)} | ${["imports", "load", "activations"].flatMap((part) => (parts[part] === undefined ? [] : [parts[part].toFixed(2)])).join(", ")} |`);
  }
  console.log(`\nload after ${loadavg()[0]!.toFixed(1)}`);
} finally {
  await rm(out, { recursive: true });
}
