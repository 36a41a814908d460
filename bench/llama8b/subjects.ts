/** Without this file saeq and its peers would be started, watched and read in different ways. */
import { spawn } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LaneEvent } from "./lane_events.ts";
import { watch, type Limits, type Peak } from "./process_memory.ts";

export interface Subject {
  readonly name: string;
  readonly kind: "saeq" | "peer";
  /** Arguments of the worker or of peer.py. */
  readonly args: (folder: string, active: string, events: string) => readonly string[];
}

const saeq = (name: string, settings: Readonly<Record<string, string>>): Subject => ({ name, kind: "saeq", args: (folder, active, events) => [folder, active, events, JSON.stringify(settings)] });
const peer = (name: string, library: string, dtype: string): Subject => ({ name, kind: "peer", args: (folder, active) => [library, dtype, folder, active] });

/** transformers in float32 comes first: the others are compared with its features. */
export const SUBJECTS: readonly Subject[] = [
  peer("transformers float32", "transformers", "float32"),
  saeq("saeq, 1 lane", { lanes: "1" }),
  saeq("saeq, default lanes", {}),
  // More rows a pass: a weight that is stored in bfloat16 is cast once for all of them.
  saeq("saeq, default lanes, batch 5", { batch: "5" }),
  peer("transformers bfloat16", "transformers", "bfloat16"),
  peer("TransformerLens float32", "transformer_lens", "float32"),
];

/** Times in seconds. */
export interface Measured {
  readonly peak: Peak;
  /** Process start until the program and its libraries are loaded. */
  readonly start: number;
  /** Until the first rows enter the model: configs, tokenizer, weights, SAE, graph. */
  readonly load: number;
  /** The part of `load` in which a lane opens the graph; null for peers. */
  readonly open: number | null;
  /** Until the top features are known. */
  readonly run: number;
  readonly rows: number;
  readonly top: readonly number[];
  /** Features that fired, for each token. */
  readonly active: readonly (readonly number[])[];
}

interface Told {
  readonly began: number;
  readonly imported: number;
  readonly loaded?: number;
  readonly ended: number;
  readonly rows: number;
  readonly top: readonly number[];
}

/** Memory counts until the program has told its result; what it writes for the comparison afterwards does not. */
export async function measure(subject: Subject, folder: string, scratch: string, python: string, limits: Limits): Promise<Measured | { readonly failed: string }> {
  const active = join(scratch, "active.json");
  const events = join(scratch, "events.jsonl");
  await rm(events, { force: true });
  const script = fileURLToPath(new URL(subject.kind === "saeq" ? "./saeq_worker.ts" : "./peer.py", import.meta.url));
  const child = spawn(subject.kind === "saeq" ? process.execPath : python, [script, ...subject.args(folder, active, events)], { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, HF_HUB_OFFLINE: "1", SAEQ_CACHE: "off" } });
  const watching = watch(child.pid!, limits);
  let peak: Peak | null = null;
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    if (/^\{.*\}$/m.test(stdout)) peak ??= watching.stop();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  peak ??= watching.stop();
  if (peak.exceeded !== null) return { failed: `does not fit: ${peak.exceeded}` };
  if (code !== 0) return { failed: /^\w*Error\b.*$/m.exec(stderr)?.[0] ?? `ended with ${code}: ${stderr.trim().slice(-200)}` };
  const told = JSON.parse(/^\{.*\}$/m.exec(stdout)![0]) as Told;
  const lanes = subject.kind === "saeq" ? (await readFile(events, "utf8")).trim().split("\n").map((line) => JSON.parse(line) as LaneEvent) : [];
  const opened = lanes.filter(({ event }) => event === "opened");
  const loaded = told.loaded ?? Math.min(...opened.map(({ at }) => at));
  return {
    peak,
    start: told.imported - told.began,
    load: loaded - told.imported,
    open: opened.length === 0 ? null : Math.max(...opened.map(({ seconds }) => seconds)),
    run: told.ended - loaded,
    rows: told.rows,
    top: told.top,
    active: JSON.parse(await readFile(active, "utf8")) as number[][],
  };
}
