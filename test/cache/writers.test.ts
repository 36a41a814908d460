/** Without this file what two processes write to one cache at once, and what a dead one left, was only tried inside one process. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openDisk } from "../../runtime/cache/disk.ts";
import { publish, sweepTemporary } from "../../runtime/cache/publish.ts";
import { ownProgram } from "../house/program.ts";
import { bits, folder } from "../session/open.ts";
import { keyOf, recordOf, SPACE } from "./records.ts";

/** Names of everything below a folder, folders included. */
const below = (at: string): string[] => readdirSync(at, { recursive: true, encoding: "utf8" });

test("two processes write the same records to one cache at once, and both are right", async () => {
  const at = folder();
  const main = ownProgram("test/cache/writer_main.ts");
  const children = [0, 0, 40].map((from) => spawn(process.execPath, [main, at, String(from)], { stdio: ["ignore", "pipe", "inherit"] }));
  await Promise.all(children.map((child) => new Promise((resolve) => child.stdout.once("data", resolve))));
  const disk = openDisk({ folder: at, limit: 2 ** 30 });
  if ("refused" in disk) throw new Error(disk.refused);
  // A reader in the middle of it; on a slow machine it waits until something is there.
  for (let found = 0; found < 60; ) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    disk.refresh(SPACE);
    found = 0;
    for (let i = 0; i < 400; i++) {
      const stored = disk.get(SPACE, keyOf(i));
      if (stored === undefined) continue;
      assert.is(bits(stored), bits(recordOf(i)), `record ${i}`);
      found++;
    }
  }
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(children.map((child) => new Promise((resolve) => child.on("close", resolve))));
  assert.equal(disk.takeNotes(), []);
  disk.close();
});

test("a draft of a process whose number was given to another one is swept, one of a living process is not", async () => {
  if (process.platform !== "linux") return;
  const at = folder();
  const drafts = join(at, "drafts");
  mkdirSync(drafts);
  // The name of a draft of this process, seen while it is written.
  let own = "";
  await Promise.all([publish(join(at, "x"), Buffer.alloc(2 ** 22), drafts, "create"), (async () => {
    while (own === "" && !existsSync(join(at, "x"))) {
      own = readdirSync(drafts)[0] ?? "";
      await new Promise(setImmediate);
    }
  })()]);
  const [boot, pid, start] = own.split(".") as [string, string, string];
  assert.is(pid, String(process.pid));
  const living = `${boot}.${pid}.${start}.aa.tmp`;
  const reused = `${boot}.${pid}.${Number(start) - 1}.bb.tmp`;
  const otherBoot = `00000000.${pid}.${start}.cc.tmp`;
  const old = `00000000.${pid}.${start}.dd.tmp`;
  for (const name of [living, reused, otherBoot, old]) writeFileSync(join(drafts, name), "half");
  utimesSync(join(drafts, old), 1, 1);
  sweepTemporary(drafts, readdirSync(drafts));
  assert.equal(readdirSync(drafts).sort(), [living, otherBoot].sort(), "what another machine may be writing stays for a day");
});

test("names in the cache are the same on file systems without capitals", async () => {
  const at = folder();
  const disk = openDisk({ folder: at, limit: 2 ** 30 });
  if ("refused" in disk) throw new Error(disk.refused);
  disk.refresh(SPACE);
  for (let i = 0; i < 5; i++) disk.put(SPACE, keyOf(i), recordOf(i));
  await disk.flush();
  disk.close();
  const names = below(at).map((path) => path.split("/").at(-1)!);
  assert.ok(names.some((name) => name.endsWith(".seg")));
  for (const name of names) assert.match(name, /^(?:[0-9a-z]+(?:\.seg)?|CACHEDIR\.TAG)$/);
  assert.match(readFileSync(join(at, "CACHEDIR.TAG"), "latin1"), /^Signature: /);
});

test("a cache at the end of a path of 300 characters is a cache like any other", async () => {
  const at = join(folder(), ...Array.from({ length: 15 }, () => "a-folder-of-20-chars"));
  mkdirSync(at, { recursive: true });
  for (const expected of [undefined, bits(recordOf(1))]) {
    const disk = openDisk({ folder: join(at, "cache"), limit: 2 ** 30 });
    if ("refused" in disk) throw new Error(disk.refused);
    disk.refresh(SPACE);
    const stored = disk.get(SPACE, keyOf(1));
    assert.is(stored === undefined ? undefined : bits(stored), expected);
    disk.put(SPACE, keyOf(1), recordOf(1));
    await disk.flush();
    disk.close();
  }
});

test.run();
