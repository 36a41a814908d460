/** Without this file nobody would know what saeq does on a graphics card beside transformers on the same one. Not yet run on one: see README.md. */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { emitForward } from "../../src/emit/forward.ts";
import { agreement } from "../llama8b/agreement.ts";
import { measure, type Measured, type Subject } from "../llama8b/subjects.ts";
import { median } from "../median.ts";

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    python: { type: "string", default: process.env["PYTHON"] ?? "python3" },
    rounds: { type: "string", default: "5" },
    batch: { type: "string", default: "64" },
    tokens: { type: "string", default: "100" },
    /** A pattern: of the subjects those whose names match, beside the first, which the others are compared with. */
    only: { type: "string", default: "" },
    /** The same on the processor, for trying the script. */
    dry: { type: "boolean", default: false },
  },
});
const [folder] = positionals;
if (folder === undefined) throw new Error("name the folder that bench/llama8b/make_checkpoint.py --rows 4096 wrote");
const device = given.dry ? "cpu" : "cuda";

/** The SAE of random weights reconstructs nothing: what it gives is compared with the peers, not judged. */
const saeq = (ep: string, dtype: string): Subject => ({ name: `saeq ${ep} ${dtype}`, kind: "saeq", args: (from, active, events) => [from, active, events, JSON.stringify({ ep, dtype, batch: given.batch, guard: "off" })] });
const peer = (dtype: string): Subject => ({ name: `transformers ${device} ${dtype}`, kind: "peer", args: (from, active) => ["transformers", dtype, from, active, "--device", device, "--batch", given.batch] });
const ALL: readonly Subject[] = given.dry
  ? [peer("float32"), saeq("cpu", "f32")]
  : [peer("float32"), peer("bfloat16"), saeq("cuda", "f32"), saeq("cuda", "bf16"), saeq("cuda", "f16"), saeq("webgpu", "f32"), saeq("webgpu", "f16")];
// A dry run has two, neither of which a pattern for a card matches.
const SUBJECTS = given.dry ? ALL : ALL.filter(({ name }, at) => at === 0 || new RegExp(given.only).test(name));

const told = spawnSync(given.python, [fileURLToPath(new URL("./matmul_peak.py", import.meta.url))], { encoding: "utf8" });
if (told.status !== 0) throw new Error(`matmul_peak.py: ${told.stderr.slice(-400)}`);
const peak = JSON.parse(told.stdout) as { readonly device: string; readonly tflops: Readonly<Record<string, number>> };
const { spec } = await readModel(join(folder, "model"));
const perToken = emitForward(spec, [{ layer: 7, hook: "resid_post", sae: null }], { blocks: null, slice: true }).flopsPerToken;

const scratch = await mkdtemp(join(tmpdir(), "saeq-bench-gpu-"));
try {
  const measured = new Map<Subject, Measured[]>();
  const failures = new Map<Subject, string>();
  // Interleaved, so that a card that grows hot slows all of them.
  for (let round = 0; round < Number(given.rounds); round++) {
    for (const subject of SUBJECTS.filter((each) => !failures.has(each))) {
      const result = await measure(subject, folder, scratch, given.python, { anonymous: 200_000, available: 2000 });
      if ("failed" in result) failures.set(subject, result.failed);
      // Which features fired is kept of the first round alone: of 200,000 tokens it takes 100 MB.
      else measured.set(subject, [...(measured.get(subject) ?? []), measured.has(subject) ? { ...result, active: [] } : result]);
      console.error(`${subject.name}: ${"failed" in result ? result.failed : `${(result.rows / result.run).toFixed(1)} rows/s`}`);
    }
  }
  const reference = measured.get(SUBJECTS[0]!)?.[0];
  console.log(`${peak.device}; matrix products ${Object.entries(peak.tflops).map(([dtype, tflops]) => `${dtype} ${tflops.toFixed(1)} TFLOP/s`).join(", ")}; ${given.rounds} rounds, medians`);
  console.log("| | load s | run s | rows/s | of the peak | Jaccard | top 10 |\n| --- | ---: | ---: | ---: | ---: | ---: | --- |");
  for (const subject of SUBJECTS) {
    const runs = measured.get(subject);
    if (runs === undefined) {
      console.log(`| ${subject.name} | ${failures.get(subject)} |`);
      continue;
    }
    const run = median(runs.map((each) => each.run));
    const rate = runs[0]!.rows / run;
    const dtype = subject.name.endsWith("bfloat16") ? "bf16" : subject.name.endsWith("float32") ? "f32" : subject.name.split(" ").at(-1)!;
    const share = (rate * Number(given.tokens) * perToken) / (peak.tflops[dtype]! * 1e12);
    const same = reference === undefined ? "" : runs[0]!.top.every((feature, at) => feature === reference.top[at]) ? "same" : "differs";
    console.log(`| ${[subject.name, median(runs.map(({ load }) => load)).toFixed(2), run.toFixed(2), rate.toFixed(1), `${(100 * share).toFixed(0)} %`, reference === undefined ? "" : agreement(runs[0]!.active, reference.active).jaccard.toFixed(5), same].join(" | ")} |`);
  }
} finally {
  await rm(scratch, { recursive: true });
}
