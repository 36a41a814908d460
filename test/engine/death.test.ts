/** Without this file nothing would show that a dead engine, host or terminal costs no more than the batches under way. */
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createEngine } from "../../runtime/engine/engine.ts";
import { EngineError } from "../../runtime/engine/port.ts";
import { causeOfDeath } from "../../runtime/engine/cause_of_death.ts";
import { watchesOf } from "../session/children.ts";
import { bitsOf, collect, documentsOf, smallModel } from "./small_model.ts";

const model = smallModel();
const documents = documentsOf(120, 80, model.vocabulary);

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie whose parent died before it counts as gone.
    return process.platform !== "linux" || !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

async function until(what: () => boolean, words: string): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if (what()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.unreachable(words);
}

const failure = async (job: Promise<unknown>): Promise<EngineError | DOMException> => job.then(() => assert.unreachable("it should fail") as never, (error) => error);

for (const signal of ["SIGKILL", "SIGABRT", "SIGSEGV"] as const) {
  test(`${signal} in the middle: told once, finished documents kept, the rest computed to the same bits`, async () => {
    const lines: string[] = [];
    const engine = createEngine({ lanes: 2, threads: 1, batch: 2 }, (line) => lines.push(line));
    const whole = await collect(engine, model.forward, 2, documents);
    const kept = new Map<number, string>();
    const [victim] = engine.pids;
    const error = await failure(
      engine.forward(model.forward, 2, documents, {
        signal: new AbortController().signal,
        onProgress: () => {},
        onDocument: (index, taps) => {
          kept.set(index, bitsOf([taps])[0]!);
          if (kept.size === 20) process.kill(victim!, signal);
        },
      }),
    );
    assert.instance(error, EngineError);
    assert.is((error as EngineError).code, "engine-died");
    assert.match(error.message, signal);
    assert.ok(kept.size >= 20 && kept.size < documents.length, `${kept.size} kept`);
    const bits = bitsOf(whole.taps);
    for (const [index, found] of kept) assert.is(found, bits[index]);
    const rest = documents.filter((_, i) => !kept.has(i));
    const resumed = await collect(engine, model.forward, 2, rest);
    assert.equal(bitsOf(resumed.taps), bits.filter((_, i) => !kept.has(i)));
    assert.not(engine.pids.includes(victim!));
    const pids = engine.pids;
    await engine.close();
    assert.not(pids.some(alive));
  });
}

test("a batch that does not end after a cancel is ended with its process, and the next run starts another", async () => {
  const engine = createEngine({ lanes: 2, threads: 1, batch: 2 });
  const whole = await collect(engine, model.forward, 2, documents);
  const [hanging] = engine.pids;
  const stop = new AbortController();
  const kept = new Map<number, string>();
  // Where nobody ends it, this does, and the process is still there when the job is over.
  const late = setTimeout(() => process.kill(hanging!, "SIGCONT"), 5000);
  const error = await failure(
    engine.forward(model.forward, 2, documents, {
      signal: stop.signal,
      onProgress: () => {},
      onDocument: (index, taps) => {
        kept.set(index, bitsOf([taps])[0]!);
        if (kept.size !== 20) return;
        // It does not hear that it should end, and by then it holds a batch.
        process.kill(hanging!, "SIGSTOP");
        setTimeout(() => stop.abort(), 100);
      },
    }),
  );
  clearTimeout(late);
  assert.is(error.name, "AbortError");
  assert.ok(kept.size >= 20 && kept.size < documents.length, `${kept.size} kept`);
  await until(() => !alive(hanging!), "the process that hung should be gone");
  const rest = documents.filter((_, i) => !kept.has(i));
  assert.equal(bitsOf((await collect(engine, model.forward, 2, rest)).taps), bitsOf(whole.taps).filter((_, i) => !kept.has(i)));
  await engine.close();
});

test("cancelled, then resumed: the same bits, and the processes live on", async () => {
  const engine = createEngine({ lanes: 2, threads: 1, batch: 2 });
  const whole = await collect(engine, model.forward, 2, documents);
  const pids = engine.pids;
  const stop = new AbortController();
  const kept: string[] = [];
  const job = engine.forward(model.forward, 2, documents, {
    signal: stop.signal,
    onProgress: () => {},
    onDocument: (index, taps) => {
      kept[index] = bitsOf([taps])[0]!;
      if (Object.keys(kept).length === 30) stop.abort();
    },
  });
  assert.is((await failure(job)).name, "AbortError");
  const rest = await collect(engine, model.forward, 2, documents.filter((_, i) => kept[i] === undefined));
  const resumed = bitsOf(rest.taps);
  assert.equal(documents.map((_, i) => kept[i] ?? resumed.shift()), bitsOf(whole.taps));
  assert.equal(engine.pids, pids);
  await engine.close();
});

test("kill() ends a batch at once; after an abort that is still a cancel", async () => {
  const engine = createEngine({ lanes: 1, threads: 1, batch: 1 });
  const stopped = await failure(collect(engine, model.forward, 2, documents, undefined, (n) => n === 3 && engine.kill()));
  assert.is((stopped as EngineError).code, "engine-died");
  assert.match(stopped.message, "stopped");
  const stop = new AbortController();
  const cancelled = await failure(
    collect(engine, model.forward, 2, documents, stop.signal, (n) => {
      if (n !== 3) return;
      stop.abort();
      engine.kill();
    }),
  );
  assert.is(cancelled.name, "AbortError");
  await collect(engine, model.forward, 2, documents.slice(0, 3));
  await engine.close();
  assert.equal(engine.pids, []);
});

test("a host whose engines answer while they are ended goes on to its own end", async () => {
  for (const wait of [0, 300, 1500]) {
    const host = spawn(process.execPath, [join(import.meta.dirname, "host_main.ts"), "leave", String(wait)], { stdio: ["ignore", "pipe", "inherit"] });
    let told = "";
    host.stdout.on("data", (text) => (told += String(text)));
    const [status] = await once(host, "close");
    assert.equal([status, told], [7, "left\n"], `after ${wait} ms`);
  }
});

test("a graph that the runtime refuses is a failure, not a death; its log stays off the terminal", async () => {
  const lines: string[] = [];
  const engine = createEngine({ lanes: 1, threads: 1, batch: null }, (line) => lines.push(line));
  const error = await failure(collect(engine, { ...model.forward, key: "broken", bytes: model.forward.bytes.slice(0, 99) }, 2, documents));
  assert.is((error as EngineError).code, "engine-failed");
  const [pid] = engine.pids;
  const outside = documents.map(({ ids, wanted }) => ({ ids: ids.map(() => 100_000), wanted }));
  assert.is(((await failure(collect(engine, model.forward, 2, outside))) as EngineError).code, "engine-failed");
  await until(() => lines.length > 0, "native log lines arrive");
  await collect(engine, model.forward, 2, documents.slice(0, 2));
  assert.equal(engine.pids, [pid]);
  await engine.close();
});

test("a weights file cut short while in use is named", async () => {
  const short = smallModel();
  const bytes = readFileSync(short.file);
  const engine = createEngine({ lanes: 1, threads: 1, batch: null });
  await collect(engine, short.forward, 2, documents.slice(0, 2));
  truncateSync(short.file, 0);
  const error = await failure(collect(engine, short.forward, 2, documents));
  if (process.platform === "linux") assert.match(error.message, "file became shorter");
  writeFileSync(short.file, bytes);
  await collect(engine, short.forward, 2, documents.slice(0, 2));
  await engine.close();
  short.remove();
});

test("a batch too large for memory says so, and the engine lives on", async () => {
  const engine = createEngine({ lanes: 1, threads: 1, batch: 400 });
  await collect(engine, model.forward, 2, documents.slice(0, 2));
  const [pid] = engine.pids;
  if (process.platform === "linux" && spawnSync("prlimit", ["--version"]).status === 0) {
    const bytes = Number(/VmSize:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) * 1024;
    assert.is(spawnSync("prlimit", [`--pid=${pid}`, `--as=${bytes + 60e6}:`]).status, 0);
    const large = documentsOf(400, 250, model.vocabulary);
    const error = (await failure(collect(engine, model.forward, 2, large))) as EngineError;
    assert.is(error.code, "out-of-memory");
    assert.match(error.help, "set batch 1");
    await collect(engine, model.forward, 2, documents.slice(0, 2));
    assert.equal(engine.pids, [pid]);
  }
  await engine.close();
});

test("more graphs than sessions are kept: forgotten ones come back", async () => {
  const engine = createEngine({ lanes: 1, threads: 1, batch: null });
  const few = documents.slice(0, 2);
  const expected = bitsOf((await collect(engine, model.forward, 2, few)).taps);
  for (let i = 0; i < 7; i++) await collect(engine, { ...model.forward, key: `copy ${i}` }, 2, few);
  assert.equal(bitsOf((await collect(engine, model.forward, 2, few)).taps), expected);
  await engine.close();
});

test("causes in words", () => {
  assert.match(causeOfDeath(null, "SIGKILL", [], false).message, "system was out of memory");
  assert.match(causeOfDeath(null, "SIGABRT", ["", "terminate called after throwing an instance of 'std::bad_alloc'", ""], false).message, "ran out of memory");
  assert.match(causeOfDeath(7, null, ["what happened", ""], false).message, /exit code 7.*what happened/);
  assert.match(causeOfDeath(1, null, ["file.js:3", "    throw new Error()", "Error [ERR_ACCESS_DENIED]: Access to this API has been restricted", "    at open (node:fs:1)", "  code: 'ERR_ACCESS_DENIED'", "}", "", "Node.js v22.23.3", ""], false).message, /last words: Error \[ERR_ACCESS_DENIED\]: Access/);
  assert.match(causeOfDeath(null, "SIGTERM", [], false).message, "ended by SIGTERM");
});

interface Host {
  readonly process: ChildProcess;
  readonly lines: string[];
  readonly ended: Promise<number | null>;
}

function host(...args: string[]): Host {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", new URL("./host_main.ts", import.meta.url).pathname, ...args], { stdio: ["ignore", "pipe", "inherit"], detached: true });
  const lines: string[] = [];
  createInterface({ input: child.stdout! }).on("line", (line) => lines.push(line));
  return { process: child, lines, ended: new Promise((resolve) => child.once("close", (code) => resolve(code))) };
}

const pidsOf = (lines: readonly string[]): number[] => (lines.find((line) => line.startsWith("pids")) ?? "").split(" ").slice(1).map(Number);

test("Ctrl-C in the terminal's process group reaches the host alone", async () => {
  const started = host("work", "600");
  await until(() => pidsOf(started.lines).length === 2, "the engine starts");
  process.kill(-started.process.pid!, "SIGINT");
  assert.is(await started.ended, 0);
  assert.equal(started.lines.slice(1), ["interrupted", "finished"]);
  await until(() => !pidsOf(started.lines).some(alive), "the engine ends with its host");
});

test("an idle engine holds nobody and outlives nobody", async () => {
  const started = host();
  assert.is(await started.ended, 0);
  assert.is(pidsOf(started.lines).length, 2);
  await until(() => !pidsOf(started.lines).some(alive), "the engine ends with its host");
});

test("kill -9 of the host ends the engine", async () => {
  const started = host("work", "60000");
  await until(() => pidsOf(started.lines).length === 2, "the engine starts");
  assert.ok(pidsOf(started.lines).every(alive));
  started.process.kill("SIGKILL");
  await until(() => !pidsOf(started.lines).some(alive), "the engine ends with its host");
});

test("kill -9 of the host ends engines that hear of nothing, as in the middle of a long batch", async () => {
  if (process.platform !== "linux") return;
  const started = host("work", "60000");
  await until(() => pidsOf(started.lines).length === 2, "the engine starts");
  const pids = pidsOf(started.lines);
  for (const pid of pids) process.kill(pid, "SIGSTOP");
  await until(() => watchesOf(started.process.pid!).length === pids.length, "each has its watch");
  started.process.kill("SIGKILL");
  await until(() => !pids.some(alive), "the engine ends with its host");
});

test("finish", () => model.remove());

test.run();
