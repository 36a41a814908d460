/**
 * Without this file the tests would take one core's time, one after the other.
 *
 * `node test/all.ts [FOLDER …]`: the tests of each folder run in a process of their own, as many at a time as there are cores (four at most), those that
 * take longest first. What a folder prints stands together, when it is done; at the end stand uvu's closing lines for all of them.
 */
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { publish } from "./house/publish.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const UVU = join(dirname(createRequire(import.meta.url).resolve("uvu")), "..", "bin.js");
/** Where the tests put their files, so that nothing of theirs stays behind, whatever they killed. */
const ROOM = mkdtempSync(join(tmpdir(), "saeq-tests-"));
// Some tests go on as another user.
chmodSync(ROOM, 0o755);
/** The package as it is published: what the tests start as a process. */
const TESTED = join(ROOM, "tested", "saeq");
/** The rest takes seconds each. */
const LONGEST = ["session", "corpus", "repl", "generated", "live", "emit", "planner", "engine", "devices", "data", "tools", "share", "terminal", "cache", "checkpoint", "parity", "assist", "package", "hub", "faults", "docs"];

interface Ended {
  readonly folder: string;
  readonly total: number;
  readonly passed: number;
  readonly skipped: number;
  /** The process ended as one that ran everything and found nothing. */
  readonly well: boolean;
}

function run(folder: string): Promise<Ended> {
  return new Promise((resolve) => {
    // What one folder's programs keep on disk is no answer to another's.
    const kept = process.env["SAEQ_CACHE"];
    const own = { SAEQ_TESTED: TESTED, ...(kept === undefined ? {} : { SAEQ_CACHE: join(kept, folder) }), ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}) };
    const room = join(ROOM, folder);
    mkdirSync(room);
    const child = spawn(process.execPath, [UVU, HERE, `^${folder}[\\\\/].*\\.test\\.ts$`], { env: { ...process.env, ...own, TMPDIR: room, TEMP: room, TMP: room }, stdio: ["ignore", "pipe", "pipe"] });
    const chunks: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.on("close", (code, signal) => {
      const text = Buffer.concat(chunks).toString("utf8");
      const plain = stripVTControlCharacters(text);
      // The last ones: a test may print such lines of its own.
      const figure = (name: string): number => Number([...plain.matchAll(new RegExp(`^ *${name}: *(\\d+)`, "gm"))].at(-1)?.[1] ?? Number.NaN);
      const ended = { folder, total: figure("Total"), passed: figure("Passed"), skipped: figure("Skipped") };
      const well = code === 0 && Number.isFinite(ended.total);
      process.stdout.write(`\n── ${folder}\n${text.trimEnd()}\n${well ? "" : `   ended with ${signal ?? `exit code ${code}`}\n`}`);
      resolve({ ...ended, well });
    });
  });
}

const asked = process.argv.slice(2);
const folders = readdirSync(HERE, { withFileTypes: true }).filter((entry) => entry.isDirectory() && readdirSync(join(HERE, entry.name), { recursive: true }).some((name) => String(name).endsWith(".test.ts"))).map(({ name }) => name).filter((name) => asked.length === 0 || asked.includes(name));
const rank = (folder: string): number => (LONGEST.indexOf(folder) + LONGEST.length + 1) % (LONGEST.length + 1);
const waiting = folders.sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
const started = performance.now();
const ended: Ended[] = [];
await publish(TESTED);
const lanes = Array.from({ length: Math.min(4, availableParallelism()) }, async () => {
  for (let folder = waiting.shift(); folder !== undefined; folder = waiting.shift()) ended.push(await run(folder));
});
await Promise.all(lanes);
rmSync(ROOM, { recursive: true, force: true });

// A folder that did not come to its closing lines counts as one test that failed.
const sum = (of: (each: Ended) => number): number => ended.reduce((all, each) => all + (Number.isFinite(of(each)) ? of(each) : 0), 0);
const broken = ended.filter(({ well, total, passed }) => !well && !(total > passed));
console.log(`\n  Total:     ${sum(({ total }) => total) + broken.length}\n  Passed:    ${sum(({ passed }) => passed)}\n  Skipped:   ${sum(({ skipped }) => skipped)}\n  Duration:  ${Math.round(performance.now() - started)}ms\n`);
for (const { folder } of ended.filter(({ well }) => !well)) console.log(`  failed: ${folder}`);
process.exitCode = ended.every(({ well }) => well) ? 0 : 1;
