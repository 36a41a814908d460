/** Without this file nobody would know what saeq costs on a model of the size that people ask about: memory, load and run time, beside its peers. */
import { createReadStream } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { median } from "../median.ts";
import { agreement } from "./agreement.ts";
import { measure, SUBJECTS, type Measured, type Subject } from "./subjects.ts";

const TARGET = { anonymous: 1500, open: 1 };
const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    python: { type: "string", default: process.env["PYTHON"] ?? "python3" },
    rounds: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    limit: { type: "string", default: "18000" },
    spare: { type: "string", default: "2000" },
  },
});
const [folder] = positionals;
if (folder === undefined) throw new Error("name the folder that make_checkpoint.py wrote");
const limits = { anonymous: Number(given.limit), available: Number(given.spare) };
const subjects = SUBJECTS.filter(({ name }) => name.includes(given.only));
const reference = SUBJECTS[0]!;

/** Everybody finds the files in the system's cache. */
async function readAll(from: string): Promise<void> {
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    for await (const _ of createReadStream(join(entry.parentPath, entry.name), { highWaterMark: 2 ** 22 }));
  }
}

const seconds = (value: number): string => value.toFixed(value < 10 ? 2 : 1);

function line(runs: readonly Measured[], against: Measured | undefined): readonly string[] {
  const middle = (pick: (run: Measured) => number): number => median(runs.map(pick));
  const most = (pick: (run: Measured) => number): string => String(Math.round(Math.max(...runs.map(pick))));
  const run = middle((each) => each.run);
  const { l0, jaccard } = agreement(runs[0]!.active, (against ?? runs[0]!).active);
  return [
    most(({ peak }) => peak.anonymous),
    most(({ peak }) => peak.mapped),
    seconds(middle((each) => each.start)),
    seconds(middle((each) => each.load)),
    runs[0]!.open === null ? "" : middle((each) => each.open ?? Number.NaN).toFixed(3),
    seconds(run),
    (runs[0]!.rows / run).toFixed(2),
    l0.toFixed(2),
    against === undefined ? "" : jaccard.toFixed(5),
    against === undefined ? "" : String(runs[0]!.top.every((feature, at) => feature === against.top[at]) ? "same" : "differs"),
  ];
}

const scratch = await mkdtemp(join(tmpdir(), "saeq-bench-llama8b-"));
try {
  const measured = new Map<Subject, Measured[]>();
  const failures = new Map<Subject, string>();
  for (let round = 0; round < Number(given.rounds); round++) {
    for (const subject of subjects.filter((each) => !failures.has(each))) {
      await readAll(folder);
      const before = loadavg()[0]!.toFixed(1);
      const result = await measure(subject, folder, scratch, given.python, limits);
      if ("failed" in result) failures.set(subject, result.failed);
      else measured.set(subject, [...(measured.get(subject) ?? []), result]);
      console.error(`${subject.name}: ${"failed" in result ? result.failed : `${Math.round(result.peak.anonymous)} MB, load ${seconds(result.load)} s, run ${seconds(result.run)} s`} (load of the machine ${before} before)`);
    }
  }
  const head = ["", "anonymous MB", "mapped MB", "start s", "load s", "of it open s", "run s", "rows/s", "L0", "Jaccard", "top 10"];
  const against = measured.get(reference)?.[0];
  console.log(`| ${head.join(" | ")} |\n|${head.map((_, at) => (at === 0 ? " --- " : " ---: ")).join("|")}|`);
  for (const subject of subjects) {
    const runs = measured.get(subject);
    console.log(runs === undefined ? `| ${subject.name} | ${failures.get(subject)} |` : `| ${[subject.name, ...line(runs, subject === reference ? undefined : against)].join(" | ")} |`);
  }
  for (const [{ name, kind }, runs] of measured) {
    if (kind !== "saeq") continue;
    const met = (value: number, target: number): string => (value <= target ? "met" : "missed");
    const anonymous = Math.max(...runs.map(({ peak }) => peak.anonymous));
    const open = median(runs.map((run) => run.open ?? Number.NaN));
    console.log(`${name}: anonymous ≤ ${TARGET.anonymous} MB ${met(anonymous, TARGET.anonymous)}, graph open ≤ ${TARGET.open} s ${met(open, TARGET.open)}, whole load ≤ ${TARGET.open} s ${met(median(runs.map(({ load }) => load)), TARGET.open)}`);
  }
} finally {
  await rm(scratch, { recursive: true });
}
