/** Without this file a name could be checked and another file opened: links, second names and swaps between check and use. */
import { linkSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { atomicWrite } from "../../runtime/data/atomic_write.ts";
import { DataError } from "../../runtime/data/error.ts";
import { openFile } from "../../runtime/data/source.ts";
import { createGate } from "../../runtime/permissions/gate.ts";
import { coversPath, deniesPath, namesOf } from "../../runtime/permissions/granted.ts";
import { inside } from "../../runtime/permissions/inside.ts";
import { realPath } from "../../runtime/data/admission.ts";
import type { Grants, Use } from "../../runtime/permissions/grants.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { folder as made, open, run } from "./open.ts";

const folder = (files: Readonly<Record<string, string>> = {}): string => realpathSync(made(files));
const SECRET = "secret\nkept\n";
const linked = process.platform !== "win32";

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => null, (thrown: unknown) => thrown);
  if (error === null) return "fine";
  if (!(error instanceof DataError)) throw error;
  return error.code;
}

/** What a script says that reads `path` from a project, next to a folder of secrets. */
async function reading(path: string, prepare: (project: string, outside: string) => void, grants: (project: string) => Partial<Grants> = (project) => ({ read: [project] })): Promise<{ code: number; help: string }> {
  const outside = folder({ "secret.csv": SECRET });
  const project = folder({ "fine.csv": "a\n1\n" });
  prepare(project, outside);
  const session = await open({ readFrom: project, grants: { read: [], write: [], ...grants(project) } });
  const { outcome, values } = await run(session, `csv ${JSON.stringify(path.replace("OUTSIDE", outside))}`);
  await session.close();
  assert.not.match(JSON.stringify(values), "kept");
  return { code: outcome.exitCode, help: (outcome.diagnostics[0]?.help ?? "").replaceAll(outside, "OUTSIDE").replaceAll(project, "PROJECT") };
}

test("a file of the project is read", async () => {
  assert.is((await reading("fine.csv", () => {})).code, 0);
});

test("links, `..`, second names and /proc lead nowhere else", async () => {
  if (!linked) return;
  assert.equal(await reading("out.csv", (project, outside) => symlinkSync(join(outside, "secret.csv"), join(project, "out.csv"))), { code: 4, help: "--allow-read=OUTSIDE/secret.csv" });
  assert.equal(await reading("sub/secret.csv", (project, outside) => symlinkSync(outside, join(project, "sub"))), { code: 4, help: "--allow-read=OUTSIDE/secret.csv" });
  assert.equal(await reading("sub/../../x/../etc/passwd", (project) => mkdirSync(join(project, "sub"))).then(({ code }) => code), 4);
  assert.equal(await reading("OUTSIDE/secret.csv", () => {}), { code: 4, help: "--allow-read=OUTSIDE/secret.csv" });
  const hard = await reading("hard.csv", (project, outside) => linkSync(join(outside, "secret.csv"), join(project, "hard.csv")));
  assert.equal(hard, { code: 4, help: "--allow-read=PROJECT/hard.csv" });
  if (process.platform !== "linux") return;
  for (const path of ["/proc/self/environ", "/proc/self/root/etc/passwd", "/proc/self/fd/0", "/dev/null"]) {
    assert.is((await reading(path, () => {}, () => ({ read: ["/"] }))).code, path.includes("root") ? 3 : 4, path);
    assert.is((await reading(path, () => {})).code, 4, path);
  }
});

test("a folder grants what lies in it; its name is no prefix, and devices are named themselves", () => {
  assert.equal(["/w", "/w/a", "/wider", "/w2/a", "/"].map((path) => coversPath(path, ["/w"], 1)), [true, true, false, false, false]);
  assert.equal([coversPath("/proc/1/environ", ["/"], 1), coversPath("/proc/1/environ", ["/proc"], 1), coversPath("/dev/shm/a.csv", ["/dev/shm"], 1), coversPath("/dev/null", ["/dev/null"], 1)], [false, true, true, true]);
  assert.equal([coversPath("/w/a", ["/w"], 2), coversPath("/w/a", ["/w/a"], 2)], [false, true]);
});

test("a name that begins with two dots is a name: it lies in its folder, whether that is granted or forbidden", () => {
  const within = ["/none/..data/x.csv", "/none/..x", "/none/...", "/none/a/..b/c", ...(linked ? ["/none/..\\x"] : [])];
  const without = ["/", "/other", "/none..", "/nonesuch/x", "/..none/x", "/none/../x.csv", "/none/a/../../x.csv", "/none/.."];
  for (const path of within) assert.equal([inside(path, "/none"), coversPath(path, ["/none"], 1), deniesPath(path, ["/none"])], [true, true, true], path);
  for (const path of without) assert.equal([inside(path, "/none"), coversPath(path, ["/none"], 1), deniesPath(path, ["/none"])], [false, false, false], path);
  assert.equal([inside("/none", "/none"), inside("/none", "/none/..data"), inside("/..data", "/none"), inside("/none/x", "/")], [true, false, false, true]);
});

test("what may be written anywhere is still held against what is forbidden", async () => {
  const at = folder();
  mkdirSync(join(at, "shut"));
  const uses: Use[] = [];
  const told = (grants: Partial<Grants>, name: string) => codeOf(createGate({ read: [], write: true, ...grants }, [], (use) => uses.push(use)).admitWrite(null, join(at, name)));
  assert.is(await told({ deny: { write: [join(at, "shut")] } }, "free.csv"), "fine");
  assert.is(await told({ deny: { write: [join(at, "shut")] } }, "shut/new.csv"), "permission-denied");
  assert.is(await told({ write: [at], deny: { write: [join(at, "shut", "old.csv")] } }, "shut/old.csv"), "permission-denied");
  assert.is(await told({ deny: { read: [at] } }, "free.csv"), "fine");
  assert.is(await told({ write: [at], deny: { write: true } }, "free.csv"), "permission-denied");
  assert.equal(uses.map(({ use, granted }) => [use, granted]), [["write", true], ["write", false], ["write", false], ["write", true], ["write", false]]);
});

test("what is forbidden is found under another spelling of its name", () => {
  if (!linked) return;
  const at = folder({ "a.csv": "a\n" });
  linkSync(join(at, "a.csv"), join(at, "b.csv"));
  assert.ok(deniesPath(join(at, "b.csv"), [join(at, "a.csv")]));
  assert.ok(deniesPath(join(at, "gone.csv"), [at]));
  assert.not(deniesPath(join(at, "c.csv"), [join(at, "a.csv")]));
  assert.is(namesOf(join(at, "a.csv")), 2);
});

test("a path that leads nowhere is that of the nearest folder that is there", () => {
  if (!linked) return;
  const at = folder();
  symlinkSync(join(at, "gone"), join(at, "dangling"));
  symlinkSync(join(at, "round"), join(at, "round"));
  assert.equal([realPath(join(at, "dangling")), realPath(join(at, "round", "x")), realPath(join(at, "no", "x"))], [join(at, "dangling"), join(at, "round", "x"), join(at, "no", "x")]);
});

test("what a script needs is known before anything but its modules is read, and nobody is asked", async () => {
  const project = folder({ "a.saeq": 'use "m.saeq" as m\nset model "hf:org/name"\nset sae "./sae"\ncsv "d.csv" | where x > 1 | acts layer 3 last 5 | tee (top 3 | save "t.csv") | hist l0 | save "h.svg"\nm.x | join (csv "e.csv") on a | save "j.csv"', "m.saeq": 'def x() = csv "inner.csv"' });
  const uses: Use[] = [];
  const session = await open({ readFrom: project, writeTo: project, grants: { read: [], write: [] }, env: { HOME: project }, onUse: (use) => uses.push(use) });
  const { needs } = await session.check({ name: "a.saeq", text: readFileSync(join(project, "a.saeq"), "utf8") });
  await session.close();
  const names = (paths: readonly string[]): string[] => paths.map((path) => path.slice(project.length + 1));
  assert.equal({ read: names(needs.read), write: names(needs.write), net: needs.net }, { read: ["d.csv", "e.csv", "inner.csv", "sae"], write: ["h.svg", "j.csv", "t.csv"], net: ["huggingface.co", ".huggingface.co", ".hf.co"] });
  assert.equal(uses.filter((use) => use.use !== "read" || use.path.startsWith(project)), [{ use: "read", path: join(project, "m.saeq"), granted: true }]);
});

test("every example needs the same whether its files are looked at or not", async () => {
  for (const name of readdirSync(EXAMPLES).filter((each) => each.endsWith(".saeq"))) {
    const needs: unknown[] = [];
    const writeTo = folder();
    for (const grants of [{ read: [], write: [] }, { read: true, write: true }] as const) {
      const session = await open({ grants, writeTo });
      needs.push((await session.check({ name, text: readFileSync(join(EXAMPLES, name), "utf8") })).needs);
      await session.close();
    }
    assert.equal(needs[0], needs[1], name);
  }
});

test("a file swapped for a link after it was granted is not read", async () => {
  if (!linked) return;
  const outside = folder({ "secret.csv": SECRET });
  const project = folder({ "d.csv": "a\n1\n" });
  const uses: Use[] = [];
  // Granted by name and made real then, as a flag or an answered question does; the swap comes after.
  const gate = createGate({ read: [realPath(join(project, "d.csv"))], write: [] }, [], (use) => uses.push(use));
  assert.is(await codeOf(gate.run(() => openFile(join(project, "d.csv"))).then((file) => file.close())), "fine");
  rmSync(join(project, "d.csv"));
  symlinkSync(join(outside, "secret.csv"), join(project, "d.csv"));
  assert.is(await codeOf(gate.run(() => openFile(join(project, "d.csv")))), "permission-denied");
  assert.equal(uses, [{ use: "read", path: join(project, "d.csv"), granted: true }, { use: "read", path: join(outside, "secret.csv"), granted: false }]);
});

test("a folder swapped between check and use is noticed: a session reads what it checked, or nothing", async () => {
  if (!linked) return;
  const outside = folder({ "d.csv": SECRET });
  const project = folder();
  mkdirSync(join(project, "data"));
  writeFileSync(join(project, "data", "d.csv"), "a\n1\n");
  const session = await open({ readFrom: project, grants: { read: [join(project, "data")], write: [] } });
  assert.equal((await session.check({ name: "test", text: 'csv "data/d.csv"' })).diagnostics, []);
  renameSync(join(project, "data"), join(project, "aside"));
  symlinkSync(outside, join(project, "data"));
  const { outcome, values } = await run(session, 'csv "data/d.csv"');
  await session.close();
  assert.is(outcome.exitCode, 4);
  assert.equal(values, []);
});

test("a large file is held against the grants each time it is opened", async () => {
  const project = folder({ "d.csv": `a\n${"1\n".repeat(50)}` });
  const uses: Use[] = [];
  const session = await open({ readFrom: project, grants: { read: [project], write: [] }, streamBytes: 1, onUse: (use) => uses.push(use) });
  const { outcome } = await run(session, 'csv "d.csv" | where a == 1 | count');
  await session.close();
  assert.is(outcome.exitCode, 0);
  assert.is(uses.filter((use) => use.use === "read" && use.path === join(project, "d.csv")).length, 2);
});

test("what is saved is made in the folder that was checked, whatever its name leads to by then", async () => {
  if (process.platform !== "linux") return;
  const outside = folder({ "o.csv": "theirs\n" });
  const project = folder();
  const place = join(project, "out");
  mkdirSync(place);
  const gate = createGate({ read: [], write: [place] }, []);
  const swap = (): void => {
    renameSync(place, join(project, "aside"));
    symlinkSync(outside, place);
  };
  await atomicWrite(join(place, "o.csv"), ["ours\n"], { admit: async (at, path) => gate.admitWrite(at, path).then(swap) });
  assert.is(readFileSync(join(outside, "o.csv"), "utf8"), "theirs\n");
  assert.is(readFileSync(join(project, "aside", "o.csv"), "utf8"), "ours\n");
  // Now the name leads outside: nothing is made there, not even for a moment.
  assert.is(await codeOf(atomicWrite(join(place, "o.csv"), ["ours\n"], { admit: gate.admitWrite })), "permission-denied");
  assert.equal(readdirSync(outside), ["o.csv"]);
  assert.is(readFileSync(join(outside, "o.csv"), "utf8"), "theirs\n");
});

test("a link among the files of a model is followed only where reading is granted, and a hub snapshot's into its own blobs", async () => {
  if (!linked) return;
  const outside = folder();
  await cp(join(EXAMPLES, "kjv", "model"), join(outside, "model"), { recursive: true });
  const project = folder();
  mkdirSync(join(project, "m"));
  for (const name of readdirSync(join(outside, "model"))) symlinkSync(join(outside, "model", name), join(project, "m", name));
  const ask = async (model: string, read: readonly string[]): Promise<{ code: number; codes: readonly string[] }> => {
    const session = await open({ readFrom: project, grants: { read, write: [] } });
    const { outcome, codes } = await run(session, `set model ${JSON.stringify(model)}\nperfect | take 2 | tokenize`);
    await session.close();
    return { code: outcome.exitCode, codes };
  };
  assert.equal(await ask("./m", [project]), { code: 4, codes: ["permission-denied"] });
  assert.is((await ask("./m", [project, outside])).code, 0);
  const repository = join(project, "models--org--name");
  mkdirSync(join(repository, "snapshots", "abc"), { recursive: true });
  await cp(join(outside, "model"), join(repository, "blobs"), { recursive: true });
  for (const name of readdirSync(join(outside, "model"))) symlinkSync(join("..", "..", "blobs", name), join(repository, "snapshots", "abc", name));
  assert.is((await ask("./models--org--name/snapshots/abc", [join(repository, "snapshots", "abc")])).code, 0);
});

test.run();
