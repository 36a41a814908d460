/** Without this file a disk that fails in the middle of a run could leave half a file under the name of a whole one, or end the program. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Outcome } from "../../runtime/session/session_port.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { saeFolder } from "../session/checkpoints.ts";
import { open, run } from "../session/open.ts";
import { FAULTS, installFailingDisk, onDisk } from "./failing_disk.ts";

await installFailingDisk();
const place = mkdtempSync(join(tmpdir(), "saeq-faults-"));
test.after(() => rmSync(place, { recursive: true, force: true }));

/** Codes that say to a user what their disk did. */
const DISK = ["disk-full", "write-failed", "not-writable", "missing-folder"];

interface Ran {
  readonly outcome: Outcome;
  readonly notices: readonly string[];
}

async function runIn(folder: string, text: string): Promise<Ran> {
  // An engine of its own: what is made for it on the disk may fail as well.
  const session = await open({ writeTo: folder, grants: { read: true, write: [folder] }, cache: { folder: join(folder, "cache"), limit: 2 ** 30 }, savedUnseen: true, roundTexts: 2, engine: { lanes: 1, threads: 1 } });
  const { outcome, notices } = await run(session, text);
  await session.close();
  return { outcome, notices };
}

function outputsIn(folder: string): Readonly<Record<string, string>> {
  return Object.fromEntries(readdirSync(folder).filter((name) => name !== "cache").sort().map((name) => [name, readFileSync(join(folder, name), "base64")]));
}

let made = 0;
const fresh = (): string => mkdtempSync(join(place, `${made++}-`));

/** Fail at the operation `at`; what is left is the old or the new content, and the next run completes. */
async function failAt(at: number, lasting: boolean, text: string, whole: Readonly<Record<string, string>>): Promise<string> {
  const folder = fresh();
  const [first] = Object.keys(whole);
  // One output is there from before: it must stay as it is, or be replaced whole.
  writeFileSync(join(folder, first!), "from before");
  const old = readFileSync(join(folder, first!), "base64");
  const fault = FAULTS[at % FAULTS.length]!;
  const { value, operations } = await onDisk({ at, lasting, fault }, () => runIn(folder, text));
  const where = `${fault} at ${at} (${operations[at - 1] ?? "never"}), ${lasting ? "from then on" : "once"}`;
  const { outcome } = value;
  if (outcome.exitCode === 0) assert.equal(outputsIn(folder), whole, where);
  else {
    assert.is(outcome.exitCode, 1, `${where}: ${JSON.stringify(outcome.diagnostics)}`);
    const [told] = outcome.diagnostics.filter(({ severity }) => severity === "error");
    assert.ok(DISK.includes(told!.code), `${where}: ${told!.code}: ${told!.message} ${(told!.notes ?? []).join(" ")}`);
    assert.match(`${told!.message} ${told!.help ?? ""}`, fault === "EIO" ? "EIO" : fault, where);
  }
  for (const [name, content] of Object.entries(outputsIn(folder))) {
    if (Object.hasOwn(whole, name)) assert.ok(content === whole[name] || (name === first && content === old), `${where}: ${name} is torn`);
    // What could not be removed any more is not under a name that somebody reads.
    else assert.ok(lasting && /^\..*\.tmp$/.test(name), `${where}: ${name} was left behind`);
  }
  const again = await runIn(folder, text);
  assert.is(again.outcome.exitCode, 0, `${where}: the next run: ${JSON.stringify(again.outcome.diagnostics)}`);
  for (const [name, content] of Object.entries(whole)) assert.is(readFileSync(join(folder, name), "base64"), content, `${where}: the next run: ${name}`);
  return operations[at - 1] ?? "";
}

async function wholeOf(text: string): Promise<{ readonly whole: Readonly<Record<string, string>>; readonly operations: readonly string[] }> {
  const folder = fresh();
  const { value, operations } = await onDisk(null, () => runIn(folder, text));
  assert.is(value.outcome.exitCode, 0, JSON.stringify(value.outcome.diagnostics));
  return { whole: outputsIn(folder), operations };
}

const TABLES = 'set seed 1\nsample perfect 5 | cache | save "a.csv"\nperfect | take 4 | tee (plot bars x input_text y matching_tokens | save "b.svg") | save "c.parquet"\nnon_perfect | take 3 | save "d.jsonl"';

test("tables: every operation on the disk fails, once and from then on; nothing is torn, the mistake is told, the next run completes", async () => {
  const { whole, operations } = await wholeOf(TABLES);
  assert.equal(Object.keys(whole), ["a.csv", "b.svg", "c.parquet", "d.jsonl"]);
  assert.ok(operations.length >= 20, operations.join(" "));
  const failed = new Set<string>();
  for (const lasting of [false, true]) for (let at = 1; at <= operations.length; at++) failed.add(await failAt(at, lasting, TABLES, whole));
  for (const kind of ["open", "write", "sync", "rename", "mkdirSync"]) assert.ok(failed.has(kind), kind);
});

const ROUNDS = 'set seed 1\nset cache off\nmemorization | take 5 | acts layer 7 last 2 | tee (top 2) | save "a.csv"';

test("activations that are written round by round: the same", async () => {
  const { whole, operations } = await wholeOf(ROUNDS);
  assert.equal(Object.keys(whole), ["a.csv"]);
  // Each kind once, where it is first met.
  const failed = new Set<string>();
  for (const kind of new Set(operations)) failed.add(await failAt(operations.indexOf(kind) + 1, true, ROUNDS, whole));
  for (const kind of ["open", "write", "sync", "rename"]) assert.ok(failed.has(kind), kind);
});

const LAYERS = `set seed 1\nset cache off\nset guard off\nset sae ${JSON.stringify(saeFolder({ hook: "blocks.2.hook_resid_post" }))}, "kjv"\nmemorization | take 5 | acts layer 2, 7 last 2 | save "a.jsonl"`;

test("what waits on the disk for its place in a file: the same", async () => {
  const { whole, operations } = await wholeOf(LAYERS);
  assert.equal(Object.keys(whole), ["a.jsonl"]);
  // What waits needs a file of its own, which loses its name at once.
  assert.is(operations.filter((kind) => kind === "open").length, 2, operations.join(" "));
  assert.ok(operations.includes("unlink"), operations.join(" "));
  for (const lasting of [false, true]) for (let at = 1; at <= operations.length; at += lasting ? 1 : 2) await failAt(at, lasting, LAYERS, whole);
});

test("the demo: what the cache and the drawings write fails, and the next run completes (all of it with FAULTS=all)", async () => {
  const text = readFileSync(join(EXAMPLES, "memorization.saeq"), "utf8");
  const { whole, operations } = await wholeOf(text);
  assert.equal(Object.keys(whole), ["activation.svg", "l0.svg"]);
  const all = process.env["FAULTS"] === "all";
  const some = [operations.indexOf("write") + 1, operations.lastIndexOf("rename") + 1];
  const every = Array.from({ length: operations.length }, (_, at) => at + 1);
  for (const lasting of all ? [false, true] : [true]) for (const at of all ? every : some) await failAt(at, lasting, text, whole);
  assert.ok(existsSync(place));
});

test.run();
