/** Without these tests a lock could let another file pass, or refuse the same one. */
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { lockDifferences, withScript } from "../../runtime/lock/differences.ts";
import { emptyLock, lockText, parseLock, type Lock } from "../../runtime/lock/lock_file.ts";
import { fileDigest } from "../../runtime/record/file_digest.ts";
import { modulesOf } from "../../runtime/record/used.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { folder } from "../session/open.ts";
import { saeq } from "./in_process.ts";

const sha256 = (bytes: string | Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const CSV = "id,text\n1,In the beginning\n2,And it came to pass\n";
const SCRIPT = 'saeq 1\nset seed 7\nuse "lib/kept.saeq" as kept\nparam file: path = "t.csv"\ncsv $file | kept.first | sample 1\n';
const KEPT = 'use "more.saeq" as more\ndef first(x: table) = x | more.short\n';
const MORE = "def short(x: table) = x | take 2\n";

function project(): string {
  const cwd = folder({ "t.csv": CSV, "x.saeq": SCRIPT });
  mkdirSync(join(cwd, "lib"));
  writeFileSync(join(cwd, "lib/kept.saeq"), KEPT);
  writeFileSync(join(cwd, "lib/more.saeq"), MORE);
  return cwd;
}

test("a lock names each input with its size and sha256, modules of modules too, and is the same file wherever it is written", async () => {
  const [here, there] = [project(), project()];
  for (const cwd of [here, there]) assert.is((await saeq(["lock", "x.saeq"], { cwd })).status, 0);
  const text = readFileSync(join(here, "saeq.lock"), "utf8");
  assert.is(text, readFileSync(join(there, "saeq.lock"), "utf8"));
  assert.not(text.includes(here) || text.includes("\r") || /20\d\d-/.test(text));
  const lock = parseLock(text, "saeq.lock");
  assert.equal(lock.data["t.csv"], { size: CSV.length, sha256: sha256(CSV), rows: 2, columns: { id: "int", text: "str" } });
  assert.equal(lock.modules, { "lib/kept.saeq": sha256(KEPT), "lib/more.saeq": sha256(MORE) });
  assert.equal(lock.scripts["x.saeq"]!.data, ["t.csv"]);
  assert.is(lock.scripts["x.saeq"]!.settings["seed"], "7");
  assert.is((await saeq(["lock", "x.saeq"], { cwd: here })).status, 0);
  assert.is(readFileSync(join(here, "saeq.lock"), "utf8"), text);
});

test("frozen: the same inputs run; one byte, another module or another file refuse with a diff and the command that accepts it", async () => {
  const cwd = project();
  const frozen = (...more: string[]): ReturnType<typeof saeq> => saeq(["run", "--frozen", "-A", "-q", "x.saeq", ...more], { cwd });
  const none = await frozen();
  assert.is(none.status, 5);
  assert.match(none.stderr, /--frozen: there is no saeq\.lock beside x\.saeq; to make it: saeq lock x\.saeq/);
  await saeq(["lock", "x.saeq"], { cwd });
  assert.is((await frozen()).status, 0);
  const before = readFileSync(join(cwd, "saeq.lock"), "utf8");
  writeFileSync(join(cwd, "t.csv"), CSV.replace("pass", "pasS"));
  const changed = await frozen();
  assert.is(changed.status, 5);
  assert.is(changed.stdout, "");
  assert.match(changed.stderr, new RegExp(`data t\\.csv\n  - sha256 ${sha256(CSV)}  49 bytes\n  \\+ sha256 [0-9a-f]{64}  49 bytes\n`));
  assert.match(changed.stderr, /to accept it: saeq lock --update=data x\.saeq\n/);
  assert.is((await saeq(["lock", "x.saeq"], { cwd })).status, 5);
  assert.is((await saeq(["lock", "--update=models", "x.saeq"], { cwd })).status, 5);
  assert.is(readFileSync(join(cwd, "saeq.lock"), "utf8"), before);
  assert.is((await saeq(["lock", "--update", "data", "x.saeq"], { cwd })).status, 0);
  assert.is((await frozen()).status, 0);
  writeFileSync(join(cwd, "lib/more.saeq"), "def short(x: table) = x | take 1\n");
  assert.match((await frozen()).stderr, /modules lib\/more\.saeq\n {2}- sha256 .*\n {2}\+ sha256 /);
  writeFileSync(join(cwd, "lib/more.saeq"), MORE);
  writeFileSync(join(cwd, "u.csv"), CSV);
  const other = await frozen("--file", "u.csv");
  assert.is(other.status, 5);
  assert.match(other.stderr, /data u\.csv\n {2}- not in the lock\n/);
});

test("frozen: no seed, no edition, no entry, a broken lock: each is refused by name", async () => {
  const cwd = folder({ "t.csv": CSV, "seedless.saeq": 'saeq 1\ncsv "t.csv" | sample 1\n', "old.saeq": 'csv "t.csv"\n', "new.saeq": 'saeq 1\ncsv "t.csv"\n', "late.saeq": 'saeq 1\ncsv "t.csv" | sample 1\nset seed 3\n' });
  assert.is((await saeq(["lock", "seedless.saeq", "old.saeq", "late.saeq"], { cwd })).status, 0);
  const frozen = (file: string, ...more: string[]): ReturnType<typeof saeq> => saeq(["run", "--frozen", "-R", "-q", file, ...more], { cwd });
  assert.match((await frozen("seedless.saeq")).stderr, /`sample 1` draws other rows in each run, as no seed is set; write `set seed \d+` above it/);
  assert.match((await frozen("late.saeq")).stderr, /draws other rows in each run/);
  assert.is((await frozen("seedless.saeq", "--seed", "3")).status, 0);
  assert.match((await frozen("old.saeq")).stderr, /first line should be: saeq 1/);
  assert.match((await frozen("new.saeq")).stderr, /saeq\.lock does not name new\.saeq; to add it: saeq lock new\.saeq/);
  writeFileSync(join(cwd, "saeq.lock"), `<<<<<<< HEAD\n${readFileSync(join(cwd, "saeq.lock"), "utf8")}`);
  const broken = await frozen("seedless.saeq", "--seed", "3");
  assert.is(broken.status, 5);
  assert.match(broken.stderr, /marks of a merge that was not settled/);
  assert.is((await saeq(["lock", "--check"], { cwd })).status, 5);
});

test("the weights of a model are hashed whole: one bit where no sample of them looks is seen", async () => {
  const cwd = folder({ "x.saeq": 'saeq 1\nset model "m" sae "s"\nprompts "a" | acts layer 7 | top 1\n' });
  cpSync(join(EXAMPLES, "kjv/model"), join(cwd, "m"), { recursive: true });
  cpSync(join(EXAMPLES, "kjv/sae"), join(cwd, "s"), { recursive: true });
  assert.is((await saeq(["lock", "x.saeq"], { cwd })).status, 0);
  const lock = parseLock(readFileSync(join(cwd, "saeq.lock"), "utf8"), "saeq.lock");
  assert.is((lock.models["m"]!.files["model.safetensors"] as { sha256: string }).sha256, sha256(readFileSync(join(cwd, "m/model.safetensors"))));
  assert.equal(Object.keys(lock.saes["s"]!.files), ["cfg.json", "sae_weights.safetensors"]);
  assert.is(lock.saes["s"]!.hook, "blocks.7.hook_resid_post");
  assert.is((await saeq(["lock", "--check", "x.saeq"], { cwd })).status, 0);
  const weights = readFileSync(join(cwd, "m/model.safetensors"));
  weights[5_000_001]! ^= 1;
  writeFileSync(join(cwd, "m/model.safetensors"), weights);
  const told = await saeq(["lock", "--check", "x.saeq"], { cwd });
  assert.is(told.status, 5);
  assert.match(told.stderr, /models m\n {2}- model\.safetensors: sha256 /);
  assert.match(told.stderr, /saeq lock --update=models x\.saeq/);
});

test("a lock holds several scripts; what one of them no longer reads goes, what another reads stays", () => {
  const entry = (data: readonly string[]): Lock["scripts"][string] => ({ models: [], saes: [], data, modules: [], settings: {} });
  const file = (letter: string): Lock["data"][string] => ({ size: 1, sha256: letter.repeat(64), rows: 1, columns: {} });
  const empty = emptyLock("1");
  const both: Lock = { ...empty, data: { "a.csv": file("a"), "b.csv": file("b") }, scripts: { "x.saeq": entry(["a.csv", "b.csv"]), "y.saeq": entry(["a.csv"]) } };
  const now: Lock = { ...empty, data: { "c.csv": file("c") }, scripts: { "x.saeq": entry(["c.csv"]) } };
  assert.equal(Object.keys(withScript(both, now, "x.saeq").data).sort(), ["a.csv", "c.csv"]);
  assert.equal(lockDifferences(both, now, "x.saeq").map(({ name, locked, found }) => [name, locked.length, found.length]), [["a.csv", 1, 0], ["b.csv", 1, 0], ["c.csv", 0, 1]]);
  assert.equal(lockDifferences(both, withScript(both, both, "y.saeq"), "x.saeq"), []);
  assert.is(lockText(parseLock(lockText(both), "x")), lockText(both));
});

test("damaged locks are refused in words", () => {
  const good = JSON.parse(lockText({ ...emptyLock("1"), data: { a: { size: 1, sha256: "0".repeat(64), rows: 1, columns: {} } } })) as Record<string, unknown>;
  for (const [kind, value] of [["lock", 2], ["data", []], ["data", { a: { size: "1" } }], ["models", { a: null }], ["modules", { a: "xyz" }], ["scripts", { a: {} }]] as const) {
    assert.throws(() => parseLock(JSON.stringify({ ...good, [kind]: value }), "l"), (error: Error) => /^l is no lock: /.test(error.message), `${kind}`);
  }
  assert.throws(() => parseLock("{", "l"), /l is no lock: it is not JSON/);
});

test("hashing can be stopped between blocks; modules that use each other end", async () => {
  const path = join(folder({ big: new Uint8Array(3 << 20) }), "big");
  const abort = new AbortController();
  let seen = 0;
  const stopped = await fileDigest(path, { signal: abort.signal, onBytes: (bytes) => {
    seen += bytes;
    abort.abort();
  } }).then(() => "ended", (error: Error) => error.name);
  assert.equal([stopped, seen], ["AbortError", 1 << 20]);
  assert.equal(modulesOf('use "a.saeq"', (name) => (name === "a.saeq" ? 'use "b.saeq"' : 'use "a.saeq"\nuse "std:memorization"')), ["a.saeq", "b.saeq"]);
});

test("a lock that is a link, or in a folder without rights, is not torn", async () => {
  const cwd = folder({ "t.csv": CSV, "x.saeq": 'saeq 1\ncsv "t.csv"\n' });
  const elsewhere = join(folder(), "real.lock");
  writeFileSync(elsewhere, lockText(emptyLock("1")));
  symlinkSync(elsewhere, join(cwd, "saeq.lock"));
  assert.is((await saeq(["lock", "x.saeq"], { cwd })).status, 0);
  assert.ok(parseLock(readFileSync(elsewhere, "utf8"), "l").scripts["x.saeq"] !== undefined);
  rmSync(join(cwd, "saeq.lock"));
  mkdirSync(join(cwd, "saeq.lock"));
  const told = await saeq(["lock", "x.saeq"], { cwd });
  assert.is(told.status, 5);
  assert.match(told.stderr, /is no lock: it is not a file/);
  assert.ok(existsSync(join(cwd, "t.csv")));
});

test("a script that runs no text through the model locks the model whose tokens its features promote, and the file of their names", async () => {
  const names = "feature,label\n620,thee\n";
  const cwd = folder({ "x.saeq": 'saeq 1\npromotes 620 k 2 | label "own.csv"\n', "y.saeq": "saeq 1\nsimilar 620 k 2\n", "own.csv": names });
  assert.is((await saeq(["lock", "x.saeq"], { cwd })).status, 0);
  const lock = parseLock(readFileSync(join(cwd, "saeq.lock"), "utf8"), "saeq.lock");
  assert.equal([Object.keys(lock.models), Object.keys(lock.saes), lock.data["own.csv"]!.sha256], [["kjv"], ["kjv"], sha256(names)]);
  assert.is((await saeq(["run", "--frozen", "-A", "-q", "x.saeq"], { cwd })).status, 0);
  rmSync(join(cwd, "saeq.lock"));
  assert.is((await saeq(["lock", "y.saeq"], { cwd })).status, 0);
  const near = parseLock(readFileSync(join(cwd, "saeq.lock"), "utf8"), "saeq.lock");
  assert.equal([Object.keys(near.models), Object.keys(near.saes)], [[], ["kjv"]]);
});

test.run();
