/** Without this file the words of mistakes that files, people and machines cause would be seen by nobody before they happen. `UPDATE=1` rewrites the goldens. */
import { spawnSync } from "node:child_process";
import { appendFileSync, chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CODES } from "../../grammar/codes.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import { renderDiagnostic } from "../../grammar/render.ts";
import { atomicWrite } from "../../runtime/data/atomic_write.ts";
import { createGuard } from "../../runtime/data/csv_guard.ts";
import { concatTables, createColumn, createTable } from "../../runtime/data/table.ts";
import { failureOf } from "../../runtime/engine/faults.ts";
import { failure } from "../../runtime/session/failure.ts";
import type { SessionEvent } from "../../runtime/session/session_port.ts";
import { unpackBundle } from "../../runtime/bundle/unpack.ts";
import { emptyLock, readLock } from "../../runtime/lock/lock_file.ts";
import { readRecord } from "../../runtime/record/read_record.ts";
import { readDump } from "../../runtime/parity/dump.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { contentsOf } from "../../repl/subcommands/bundle_files.ts";
import { CODE_PAGES } from "../../src/check/codes.ts";
import { adviceFor, OF_THE_OUTSIDE } from "../corpus/advice.ts";
import { isLine, pasteable } from "../corpus/pasted.ts";
import { ROOT } from "../house/files.ts";
import { REPOSITORIES } from "../hub/repositories.ts";
import { startHub, type FakeHub } from "../hub/server.ts";
import { saeFolder } from "../session/checkpoints.ts";
import { folder, open, run } from "../session/open.ts";
import { endSpareEngines } from "../session/spare_engines.ts";
import { CHECKPOINT_CASES } from "./outside_checkpoints.ts";
import { SCRIPT_CASES, TABLE_CASES, type OutsideCase } from "./outside_tables.ts";

const goldens = join(ROOT, "test", "docs", "outside");
const folders: string[] = [];
const covered: string[] = [];
/** A user that no system gives files to. */
const NOBODY = 65_534;

/** Codes that no session of an ordinary machine runs into: they are given their cause by hand. */
const BY_HAND: Readonly<Record<string, string>> = {
  "disk-full": "filling the disk of whoever runs the tests would stop everything else on it",
  "device-lost": "no test machine has a graphics card to lose",
  "different-columns": "the check of `concat` refuses such tables as `unlike-tables` before anything runs",
  "row-too-large": "more than 256 MB without a line end would take longer to write and to parse than all other cases together",
};

/** Codes of files that commands read, and no session does. */
const BY_COMMANDS: Readonly<Record<string, string>> = {
  "broken-bundle": "only `saeq run` and `saeq verify` unpack bundles, before there is a session",
  "cannot-bundle": "only `saeq bundle` makes bundles",
  "broken-dump": "only `saeq parity` reads dumps",
  "broken-lock": "only `saeq lock`, `saeq bundle` and `--frozen` read locks",
  "not-a-record": "only `saeq verify` and `saeq bundle` read records",
};

/** A folder of its own with these files, also in folders below. */
function place(files: OutsideCase["files"] = {}): string {
  const path = folder();
  folders.push(path);
  chmodSync(path, 0o755);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(path, dirname(name)), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return path;
}

/** Folders, counts of texts, the tensor that is opened first and places in saeq's own code differ from run to run. */
function masked(rendered: string): string {
  return [...folders, EXAMPLES, ROOT]
    .reduce((text, path) => text.replaceAll(path, "FOLDER"), rendered)
    .replaceAll(/\d+ of (\d+) texts/g, "… of $1 texts")
    .replaceAll(/(Deserialize tensor )\S+/g, "$1…")
    .replaceAll(/\d+ bytes (at first|now)/g, "… bytes $1")
    .replaceAll(/(note: +at ).*/g, "$1…");
}

/** Why no line could mend what was told so far. */
const reasons = new Set<string>();

function compare(code: string, diagnostic: Diagnostic, text: string): void {
  const shown = masked(`${renderDiagnostic(diagnostic, { name: "query.saeq", text }, { color: false, width: 100 })}\n`);
  const golden = join(goldens, `${code}.golden`);
  covered.push(code);
  if (process.env["UPDATE"] === "1") writeFileSync(golden, shown);
  assert.ok(existsSync(golden), `${code} has no golden: UPDATE=1 writes it`);
  assert.fixture(shown, readFileSync(golden, "utf8"));
  for (const line of [diagnostic.message, ...(diagnostic.notes ?? []), diagnostic.help ?? "…"]) assert.not.match(line, /[^.]\.$/, `${code}: no full stop`);
  assert.not.match(diagnostic.message, /^[A-Z][a-z]/, `${code}: a message starts in lower case`);
  const reason = diagnostic.help === undefined ? null : adviceFor(diagnostic.help, OF_THE_OUTSIDE);
  if (reason !== null) reasons.add(reason);
  assert.ok(diagnostic.help === undefined || reason !== null || isLine(diagnostic.help), `${code}: neither a line nor known advice: ${diagnostic.help}`);
  assert.ok(diagnostic.help !== undefined || diagnostic.label !== undefined || (diagnostic.notes ?? []).length > 0, `${code}: neither a fact nor a way out`);
}

const only = (diagnostics: readonly Diagnostic[], code: string): Diagnostic => {
  assert.equal(diagnostics.map((each) => each.code), [code], JSON.stringify(diagnostics));
  return diagnostics[0]!;
};

/** The line of a help works where the mistake was told, or says why it is none. */
async function pasted(told: Diagnostic, text: string, again: (text: string) => Promise<readonly Diagnostic[]>): Promise<void> {
  const { help } = told;
  if (help === undefined) return;
  const { mistake } = await pasteable({ ...told, help }, text, [told], OF_THE_OUTSIDE, again);
  assert.is(mistake, null, help);
}

/** Permissions bind everybody but root. */
async function asOrdinaryUser<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid!(NOBODY);
  try {
    return await work();
  } finally {
    process.seteuid!(0);
  }
}

for (const each of [...SCRIPT_CASES, ...TABLE_CASES, ...CHECKPOINT_CASES]) {
  test(`${each.code}, in a session`, async () => {
    const path = place(each.files);
    each.prepare?.(path);
    const session = await open({ readFrom: path, writeTo: path, ...each.options?.(path) });
    if (each.before !== undefined) {
      assert.is((await run(session, each.before.query)).outcome.exitCode, 0);
      each.before.then(path);
    }
    const work = (text: string): ReturnType<typeof run> => (each.ordinaryUser === true ? asOrdinaryUser(() => run(session, text)) : run(session, text));
    const { outcome } = await work(each.query);
    const told = only(outcome.diagnostics, each.within?.code ?? each.code);
    await pasted(told, each.query, async (text) => (await work(text)).outcome.diagnostics);
    await session.close();
    if (each.within !== undefined) assert.match((told.notes ?? []).join("\n"), each.within.note);
    assert.is(outcome.exitCode, each.exit);
    compare(each.code, told, each.query);
  });
}

const HUB_CASES: readonly { readonly code: string; readonly query: string; readonly exit: number; readonly fault?: FakeHub["fault"] }[] = [
  { code: "hub-not-found", query: 'set model "hf:saeq/hole@v2"\nsample perfect 2 | resid layer 0', exit: 3 },
  { code: "hub-denied", query: 'set model "hf:saeq/gated"\nsample perfect 2 | resid layer 0', exit: 3 },
  { code: "hub-unavailable", query: 'set model "hf:saeq/whole"\nsample perfect 2 | resid layer 0', exit: 3, fault: () => ({ kind: "status", status: 503 }) },
  { code: "download-damaged", query: 'set model "hf:saeq/whole"\nsample perfect 2 | resid layer 0', exit: 1, fault: (seen) => (seen.host === "cdn" && seen.range === null ? { kind: "damage" } : null) },
  { code: "model-mismatch", query: 'set model "hf:saeq/whole"\nset sae "sae"\nsample perfect 2 | acts layer 7', exit: 3 },
];
for (const each of HUB_CASES) {
  test(`${each.code}, with a hub`, async () => {
    const hub = await startHub(REPOSITORIES);
    hub.fault = each.fault ?? hub.fault;
    const config = { ...(JSON.parse(readFileSync(join(EXAMPLES, "kjv/sae/cfg.json"), "utf8")) as { metadata: object }) };
    const path = place({ "sae/cfg.json": JSON.stringify({ ...config, metadata: { ...config.metadata, model_name: "saeq/whole-instruct" } }), "sae/sae_weights.safetensors": readFileSync(join(EXAMPLES, "kjv/sae/sae_weights.safetensors")) });
    const session = await open({ readFrom: path, grants: { read: true, write: [], net: true }, env: { HOME: path, HF_ENDPOINT: hub.url }, patience: { tries: 2, pause: 1, longest: 1, silence: 1000 } });
    const { outcome } = await run(session, each.query);
    await session.close();
    await hub.close();
    assert.is(outcome.exitCode, each.exit);
    const [told] = outcome.diagnostics;
    const hide = (text: string): string => text.replaceAll(hub.url, "https://hub.example").replaceAll(new URL(hub.url).host, "hub.example");
    compare(each.code, { ...only(outcome.diagnostics, each.code), message: hide(told!.message), notes: (told!.notes ?? []).map(hide), ...(told!.help === undefined ? {} : { help: hide(told!.help) }) }, each.query);
  });
}

test("guard-failed: thresholds of an SAE that let nearly everything through", async () => {
  const query = `set sae ${JSON.stringify(saeFolder({ dSae: 256, change: (weights, config) => {
    weights["threshold"]!.values.fill(0);
    Object.assign(config["metadata"] as object, { training_architecture: "batchtopk", training_architecture_details: { k: 8 } });
  } }))}\nmemorization | take 20 | acts layer 7`;
  const session = await open();
  const { outcome } = await run(session, query);
  await session.close();
  assert.is(outcome.exitCode, 1);
  const path = /"(.*?)"/.exec(query)![1]!;
  const hide = (text: string): string => text.replaceAll(path, "sae");
  const told = only(outcome.diagnostics, "guard-failed");
  compare("guard-failed", { ...told, message: hide(told.message), span: { start: 8, end: 13 } }, hide(query));
});

test("changed-while-read: another program writes to the file", async () => {
  const path = place({ "x.csv": `a,b\n${"1,2\n".repeat(1_000_000)}` });
  const session = await open({ readFrom: path });
  const query = 'csv "x.csv" | count';
  const writer = setInterval(() => appendFileSync(join(path, "x.csv"), "1,2\n"), 1);
  const { outcome } = await run(session, query).finally(() => clearInterval(writer));
  await session.close();
  compare("changed-while-read", only(outcome.diagnostics, "changed-while-read"), query);
});

// Some end all processes that there are, or start one as another user.
test.before.each(endSpareEngines);

/** Processes that this one started and that still live. */
function children(): number[] {
  const found = spawnSync("ps", ["-A", "-o", "pid=,ppid=,command="], { encoding: "utf8" }).stdout.split("\n").map((line) => line.trim().split(/\s+/));
  return found.filter(([, parent, ...command]) => Number(parent) === process.pid && command.join(" ").includes("lane_main")).map(([pid]) => Number(pid));
}

const QUERY = "memorization | acts layer 7 | top 3";

/** Do something once, when the first texts are done. */
function atFirst(work: () => void): (event: SessionEvent) => void {
  let done = false;
  return (event) => {
    if (done || event.kind !== "progress" || event.unit !== undefined || event.documents === 0) return;
    done = true;
    work();
  };
}

test("cancelled: Ctrl-C after the first texts", async () => {
  const session = await open({ engine: { lanes: 1, threads: 1, batch: 2 } });
  const stop = new AbortController();
  const { outcome } = await run(session, QUERY, stop.signal, atFirst(() => stop.abort()));
  await session.close();
  assert.is(outcome.exitCode, 130);
  compare("cancelled", only(outcome.diagnostics, "cancelled"), QUERY);
});

test("engine-died: the system kills it", async () => {
  const session = await open({ engine: { lanes: 1, threads: 1, batch: 2 } });
  const { outcome } = await run(session, QUERY, undefined, atFirst(() => children().forEach((pid) => process.kill(pid, "SIGKILL"))));
  await session.close();
  assert.is(outcome.exitCode, 8);
  compare("engine-died", only(outcome.diagnostics, "engine-died"), QUERY);
});

test("engine-failed: the weights may no longer be read when another graph opens them", async () => {
  const path = place();
  cpSync(join(EXAMPLES, "kjv", "model"), join(path, "model"), { recursive: true });
  const query = 'set model "model"\nsample perfect 2 | resid layer 0';
  const told = await asOrdinaryUser(async () => {
    const session = await open({ readFrom: path });
    assert.is((await run(session, 'set model "model"\nsample perfect 2 | resid layer 1')).outcome.exitCode, 0);
    process.seteuid?.(process.getuid!());
    chmodSync(join(path, "model", "model.safetensors"), 0);
    if (process.getuid!() === 0) process.seteuid!(NOBODY);
    const { outcome } = await run(session, query);
    await session.close();
    assert.is(outcome.exitCode, 8);
    return only(outcome.diagnostics, "engine-failed");
  });
  compare("engine-failed", told, query);
});

test("out-of-memory: the system gives the engine no more", async () => {
  const session = await open({ engine: { lanes: 1, threads: 1, batch: 400 } });
  const query = "memorization | resid layer 9";
  assert.is((await run(session, "sample perfect 2 | resid layer 9")).outcome.exitCode, 0);
  const [pid] = children();
  if (process.platform === "linux" && spawnSync("prlimit", ["--version"]).status === 0) {
    const bytes = Number(/VmSize:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) * 1024;
    assert.is(spawnSync("prlimit", [`--pid=${pid}`, `--as=${bytes + 1e6}:`]).status, 0);
    const { outcome } = await run(session, query);
    assert.is(outcome.exitCode, 8);
    compare("out-of-memory", only(outcome.diagnostics, "out-of-memory"), query);
  } else covered.push("out-of-memory");
  await session.close();
});

test("no-provider: a plugin without its library", async () => {
  const session = await open({ settings: { ep: "openvino" } });
  const query = "sample perfect 2 | resid layer 7";
  const { outcome } = await run(session, query);
  await session.close();
  assert.is(outcome.exitCode, 8);
  const told = only(outcome.diagnostics, "no-provider");
  // Which others are there differs by machine.
  compare("no-provider", { ...told, help: (told.help ?? "").replace(/set ep [a-z|]+$/, "set ep cpu") }, query);
});

/** What a session would say of an error that its first statement met. */
const toldOf = (error: unknown, text: string): Diagnostic => failure(error, text, { start: 0, end: text.length }, [0, 0], false).diagnostic;
const thrown = (work: Promise<unknown>): Promise<unknown> => work.then(() => assert.unreachable("it should fail"), (error: unknown) => error);

test("disk-full, by hand: the disk takes one block and no more", async () => {
  const path = join(place({ "x.csv": "old" }), "x.csv");
  function* rows(): Generator<string> {
    yield "x".repeat(1 << 20);
    throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
  }
  compare("disk-full", toldOf(await thrown(atomicWrite(path, rows())), 'perfect | save "x.csv"'), 'perfect | save "x.csv"');
  assert.is(readFileSync(path, "utf8"), "old");
  assert.equal(readdirSync(dirname(path)), ["x.csv"]);
});

test("broken-bundle, broken-lock and not-a-record, by hand: files of other kinds", async () => {
  const files = place({ "x.saeq.zip": "PK\u0003\u0004", "saeq.lock": "<<<<<<< HEAD\n{}\n", "x.run.json": "[]" });
  const thrownBy = (work: () => unknown): Promise<unknown> => thrown(Promise.resolve().then(work));
  compare("broken-bundle", toldOf(await thrown(unpackBundle(join(files, "x.saeq.zip"))), "x.saeq.zip"), "x.saeq.zip");
  compare("broken-lock", toldOf(await thrownBy(() => readLock(join(files, "saeq.lock"))), "saeq.lock"), "saeq.lock");
  compare("not-a-record", toldOf(await thrownBy(() => readRecord(join(files, "x.run.json"))), "x.run.json"), "x.run.json");
});

test("cannot-bundle, by hand: a file that is named by its place on this machine", async () => {
  const text = 'csv "/data/x.csv"';
  const script = join(place({ "x.saeq": text }), "x.saeq");
  const lock = { ...emptyLock("0"), data: { "/data/x.csv": { size: 1, sha256: "0", rows: 1, columns: {} } } };
  const bundled = contentsOf({ source: { name: "x.saeq", text }, name: "x.saeq", readFrom: dirname(script), script, bundle: false, granted: [], close: () => {} }, lock, { run: null, dataLimit: 1e6, own: [], epoch: undefined });
  compare("cannot-bundle", toldOf(await thrown(bundled), text), text);
});

test("broken-dump, by hand: a safetensors file with other arrays", async () => {
  const file = join(place({ "dump.safetensors": readFileSync(join(EXAMPLES, "kjv/sae/sae_weights.safetensors")) }), "dump.safetensors");
  compare("broken-dump", toldOf(await thrown(readDump(file)), "dump.safetensors"), "dump.safetensors");
});

test("row-too-large, by hand: cells without a line end are never over", () => {
  const guard = createGuard("x.csv", ",".charCodeAt(0));
  const cell = Buffer.from(`${"x".repeat(15 * 2 ** 20)},`);
  try {
    for (let cells = 0; cells < 20; cells++) guard.push(cell);
  } catch (error) {
    return compare("row-too-large", toldOf(error, 'csv "x.csv"'), 'csv "x.csv"');
  }
  assert.unreachable("300 MB in one row are accepted");
});

test("device-lost, by hand: what CUDA says when a kernel faults", () => {
  const error = failureOf({ kind: "failed", id: 1, opening: false, message: "CUDA failure 719: unspecified launch failure ; GPU=0" }, { provider: "cuda", dtype: "bf16" }, []);
  compare("device-lost", toldOf(error, "sample perfect 2 | resid layer 7"), "sample perfect 2 | resid layer 7");
});

test("internal-error: whoever shows the result throws", async () => {
  const session = await open();
  const { outcome } = await run(session, "perfect | take 1", undefined, (event) => {
    if (event.kind === "result") throw new TypeError("value is not iterable");
  });
  await session.close();
  assert.is(outcome.exitCode, 1);
  compare("internal-error", only(outcome.diagnostics, "internal-error"), "perfect | take 1");
});

test("different-columns, by hand: tables put below one another", async () => {
  const one = createTable("one", [createColumn("text", "str", ["x"])], 1);
  const other = createTable("other", [createColumn("score", "int", [1])], 1);
  compare("different-columns", toldOf(await thrown((async () => concatTables([one, other]))()), "concat one, other"), "concat one, other");
});

test("together with queries and the grammar, every code there is was brought about", () => {
  const byQuery = Object.entries(CODE_PAGES).flatMap(([code, page]) => (page.query === null ? [] : [code]));
  const all = new Set([...Object.keys(CODES), ...Object.keys(CODE_PAGES)]);
  assert.equal([...new Set([...Object.keys(CODES), ...byQuery, ...covered])].sort(), [...all].sort());
  assert.equal(covered.filter((code) => byQuery.includes(code)), [], "covered by a query already");
  assert.ok(Object.keys(BY_HAND).length <= 5);
  for (const code of Object.keys({ ...BY_HAND, ...BY_COMMANDS })) assert.ok(covered.includes(code), code);
});

test("every kind of advice is still given", () => {
  assert.equal([...reasons].sort(), [...new Set(OF_THE_OUTSIDE.map(([, why]) => why))].sort());
});

test("every golden belongs to a code covered here", () => {
  assert.equal(readdirSync(goldens).map((name) => name.replace(/\.golden$/, "")).sort(), [...covered].sort());
});

test.after(() => {
  for (const path of folders) rmSync(path, { recursive: true, force: true });
});
test.run();
