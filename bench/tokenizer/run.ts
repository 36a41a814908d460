/** Without this file nobody would know what it costs that texts are cut in JavaScript, and whether the ids are those of the library that everybody uses. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { median } from "../median.ts";

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: { python: { type: "string", default: process.env["PYTHON"] ?? "python3" }, rounds: { type: "string", default: "5" }, texts: { type: "string", default: "2000" } },
});
if (positionals.length === 0) throw new Error("name folders that hold a tokenizer.json");

interface Measured {
  readonly load: number;
  readonly one: readonly number[];
  readonly all?: readonly number[];
  readonly ids: readonly (readonly number[])[];
}

/** The memorisation table that ships, cut into texts of about a hundred words; numbered, so that none is met twice. */
function texts(count: number): readonly string[] {
  const words = readFileSync(join(EXAMPLES, "memorization_results_L50_O50.csv"), "utf8").split(/\s+/);
  return Array.from({ length: count }, (_, i) => `${i} ${Array.from({ length: 100 }, (_, at) => words[(i * 97 + at) % words.length]).join(" ")}`);
}

function measured(command: string, args: readonly string[]): Measured {
  const told = spawnSync(command, args, { encoding: "utf8", maxBuffer: 2 ** 30 });
  if (told.status !== 0) throw new Error(told.stderr.slice(-1000));
  return JSON.parse(told.stdout) as Measured;
}

const scratch = mkdtempSync(join(tmpdir(), "saeq-bench-tokenizer-"));
try {
  const path = join(scratch, "texts.json");
  const all = texts(Number(given.texts));
  writeFileSync(path, JSON.stringify(all));
  const megabytes = all.reduce((sum, text) => sum + Buffer.byteLength(text), 0) / 1e6;
  console.log(`${all.length} texts, ${megabytes.toFixed(2)} MB; ${given.rounds} rounds, medians\n`);
  console.log("| tokenizer | | load s | first pass, texts/s | later, texts/s | the first's, times | the same ids |\n| --- | --- | ---: | ---: | ---: | ---: | --- |");
  for (const folder of positionals) {
    const rounds = Array.from({ length: Number(given.rounds) }, () => ({
      saeq: measured(process.execPath, [fileURLToPath(new URL("saeq_worker.ts", import.meta.url)), folder, path]),
      rust: measured(given.python, [fileURLToPath(new URL("rust.py", import.meta.url)), join(folder, "tokenizer.json"), path]),
    }));
    const rate = (pick: (round: (typeof rounds)[number]) => number): number => (all.length / median(rounds.map(pick))) * 1000;
    const later = (times: readonly number[]): number => median(times.slice(1));
    const same = rounds.every(({ saeq, rust }) => JSON.stringify(saeq.ids) === JSON.stringify(rust.ids)) ? "yes" : "no";
    const saeqRate = rate(({ saeq }) => later(saeq.one));
    const row = (name: string, load: number, first: number, rest: number, ids: string): void => console.log(`| ${[folder.split("/").slice(-2).join("/"), name, load.toFixed(2), first.toFixed(0), rest.toFixed(0), (rest / saeqRate).toFixed(2), ids].join(" | ")} |`);
    row("saeq", median(rounds.map(({ saeq }) => saeq.load)), rate(({ saeq }) => saeq.one[0]!), saeqRate, "");
    row("tokenizers, one thread", median(rounds.map(({ rust }) => rust.load)), rate(({ rust }) => rust.one[0]!), rate(({ rust }) => later(rust.one)), same);
    row("tokenizers, all threads", median(rounds.map(({ rust }) => rust.load)), rate(({ rust }) => rust.all![0]!), rate(({ rust }) => later(rust.all!)), same);
  }
} finally {
  rmSync(scratch, { recursive: true });
}
