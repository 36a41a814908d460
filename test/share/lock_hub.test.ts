/** Without these tests the lock of a model on the hub could need its download, change with it, or let a frozen run fetch another one. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseLock } from "../../runtime/lock/lock_file.ts";
import { REPOSITORIES } from "../hub/repositories.ts";
import { commitOf, sha256, startHub } from "../hub/server.ts";
import { folder } from "../session/open.ts";
import { saeq } from "./in_process.ts";

const hub = await startHub(REPOSITORIES);
const usual = Object.fromEntries(["HF_ENDPOINT", "HF_HOME", "HF_HUB_OFFLINE", "XDG_CACHE_HOME"].map((name) => [name, process.env[name]]));
test.after(async () => {
  for (const [name, value] of Object.entries(usual)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  await hub.close();
});
// Not while this file is loaded: all files are loaded before the first test runs.
test.before(() => {
  process.env["HF_ENDPOINT"] = hub.url;
  delete process.env["HF_HUB_OFFLINE"];
});

const SCRIPT = 'saeq 1\nset seed 1\nset model "hf:saeq/sharded"\nset sae "hf:saeq/saes/layer7/width_4k"\nsample perfect 1 | acts layer 7 last 5 | top 2\n';
const repository = REPOSITORIES["saeq/sharded"]!;
const commit = commitOf(repository);
const weights = (home: string): string => join(home, "hub/models--saeq--sharded/snapshots", commit, "model-00001-of-00003.safetensors");

test("a model is locked by commit and hashes before it is downloaded, and the download changes nothing; frozen asks nobody", async () => {
  const home = folder();
  const cwd = folder({ "x.saeq": SCRIPT });
  process.env["HF_HOME"] = process.env["XDG_CACHE_HOME"] = home;
  const locked = await saeq(["lock", "x.saeq"], { cwd });
  assert.is(locked.status, 0, locked.stderr);
  assert.not(existsSync(weights(home)), "a lock needs no weights");
  const text = readFileSync(join(cwd, "saeq.lock"), "utf8");
  const model = parseLock(text, "l").models["hf:saeq/sharded"]!;
  assert.is(model.revision, commit);
  for (const [name, file] of Object.entries(model.files)) assert.equal(file, { size: repository.files[name]!.length, sha256: sha256(repository.files[name]!) }, name);
  assert.is(Object.keys(model.files).filter((name) => name.endsWith(".safetensors")).length, 3);
  const early = await saeq(["run", "--frozen", "-A", "x.saeq"], { cwd });
  assert.is(early.status, 1);
  assert.match(early.stderr, /hub may not be asked[^]*run it once without HF_HUB_OFFLINE and --frozen/, "what is not here is not fetched");
  assert.not(existsSync(weights(home)));
  assert.is((await saeq(["run", "-A", "-q", "x.saeq"], { cwd })).status, 0);
  assert.ok(existsSync(weights(home)));
  const before = hub.seen.length;
  const frozen = await saeq(["run", "--frozen", "-A", "-q", "x.saeq"], { cwd });
  assert.is(frozen.status, 0, frozen.stderr);
  assert.is(hub.seen.length, before, "frozen asks nobody");
  assert.is((await saeq(["lock", "--check", "x.saeq"], { cwd })).status, 0);
  await saeq(["lock", "--update", "x.saeq"], { cwd });
  assert.is(readFileSync(join(cwd, "saeq.lock"), "utf8"), text);
});

test("where nothing is here, frozen says so and how to fetch it; another commit in the lock is told", async () => {
  const home = folder();
  const cwd = folder({ "x.saeq": SCRIPT });
  process.env["HF_HOME"] = process.env["XDG_CACHE_HOME"] = home;
  assert.is((await saeq(["lock", "x.saeq"], { cwd })).status, 0);
  process.env["HF_HOME"] = process.env["XDG_CACHE_HOME"] = folder();
  const seen = hub.seen.length;
  const told = await saeq(["run", "--frozen", "-A", "x.saeq"], { cwd });
  assert.is(told.status, 5);
  assert.match(told.stderr, /--frozen: nothing is downloaded, and .*; to fetch it once: saeq run x\.saeq/);
  assert.is(hub.seen.length, seen);
  process.env["HF_HOME"] = process.env["XDG_CACHE_HOME"] = home;
  writeFileSync(join(cwd, "saeq.lock"), readFileSync(join(cwd, "saeq.lock"), "utf8").replace(commit, "0".repeat(40)));
  const moved = await saeq(["lock", "--check", "x.saeq"], { cwd });
  assert.is(moved.status, 5);
  assert.match(moved.stderr, new RegExp(`models hf:saeq/sharded\n  - commit 0{40}\n  \\+ commit ${commit}\n`));
});

test.run();
