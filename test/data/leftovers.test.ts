/** Without this file runs that end by a signal could leave half-written files and folders behind, or take away what others still write. */
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { atomicWrite } from "../../runtime/data/atomic_write.ts";
import { draftName } from "../../runtime/data/drafts.ts";
import { ownerTag } from "../../runtime/running.ts";
import { folder } from "../session/open.ts";

const url = (path: string): string => JSON.stringify(new URL(`../../runtime/data/${path}`, import.meta.url).href);
/** Makes a folder for a while and begins a file, says so, and waits. */
const WORK = `
const { makeTemporaryFolder } = await import(${url("temporary_folder.ts")});
const { startDraft, startScratch } = await import(${url("atomic_write.ts")});
const { writeFileSync } = await import("node:fs");
const { folder } = makeTemporaryFolder("bundle");
writeFileSync(folder + "/script.saeq", "x");
const draft = await startDraft(process.argv[1] + "/x.csv");
await draft.write("half");
process.stdout.write("ready");
setInterval(() => {}, 1000);`;

/** Run it, end it by a signal; how it ended. */
function ended(at: string, temporary: string, signal: NodeJS.Signals): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", WORK, at], { env: { ...process.env, TMPDIR: temporary }, stdio: ["ignore", "pipe", "inherit"] });
  child.stdout.once("data", () => child.kill(signal));
  return new Promise((resolve) => child.on("close", (_code, by) => resolve(by)));
}

test("a signal that ends the process takes drafts and folders with it, and still ends it", async () => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    const [at, temporary] = [folder(), folder()];
    assert.is(await ended(at, temporary, signal), signal);
    assert.equal([...readdirSync(at), ...readdirSync(temporary)], []);
  }
});

test("what a killed process left goes with the next write into the same folder; what others write stays", async () => {
  const [at, temporary] = [folder(), folder()];
  assert.is(await ended(at, temporary, "SIGKILL"), "SIGKILL");
  assert.is(readdirSync(at).length, 1);
  assert.is(readdirSync(temporary).length, 1);
  const stay = [draftName("y.csv", "00aa"), `.z.csv.${ownerTag().replace(/^\w+/, "00000000")}.00aa.tmp`, ".mine.tmp"];
  for (const name of stay) writeFileSync(join(at, name), "");
  mkdirSync(join(temporary, "saeq-bundle-mine"));
  assert.is(await ended(at, temporary, "SIGTERM"), "SIGTERM");
  assert.equal(readdirSync(at).sort(), [...stay].sort());
  assert.equal(readdirSync(temporary), ["saeq-bundle-mine"]);
});

test("a name as long as the system takes can be saved, in any script", async () => {
  const at = folder();
  for (const name of ["x".repeat(255), "語".repeat(85), "🙂".repeat(63)]) {
    await atomicWrite(join(at, name), ["content"]);
    assert.is(statSync(join(at, name)).size, 7);
  }
});

test.run();
