/** Without this file a script could come to read or write without anybody having said so. */
import { PassThrough } from "node:stream";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { denied } from "../../runtime/permissions.ts";
import { ask, commandWithGrants, describeNeeds, grantFlags, scriptGrants, withGrants } from "../../repl/permissions.ts";

const shown = (text: string): string => text.replace(/\x1b/g, "␛");
const nothing = { read: [], write: [] };

test("scriptGrants lets a script read itself and no more", () => {
  const grants = scriptGrants(nothing, "/w/a.saeq");
  assert.equal(denied({ read: ["/w/a.saeq", "/w/b.csv"], write: ["/w/a.saeq"] }, grants), { read: ["/w/b.csv"], write: ["/w/a.saeq"] });
  assert.equal(denied({ read: ["/w/b.csv"], write: ["/w/o.svg"] }, withGrants(grants, { read: ["/w/b.csv"], write: ["/w/o.svg"] })), nothing);
  assert.equal(denied({ read: ["/x"], write: [] }, scriptGrants({ read: true, write: [] }, null)), nothing);
});

test("grantFlags and commandWithGrants can be pasted into a shell", () => {
  const needs = { read: ["/w/my data.csv", "/x/a,b.csv"], write: ["/w/o.svg"] };
  assert.equal(grantFlags(needs, "/w"), ["--allow-read=my data.csv,/x/a,,b.csv", "--allow-write=o.svg"]);
  assert.is(commandWithGrants(["run", "a.saeq", "--n", "5"], { read: ["/w/d.csv"], write: [] }, "/w"), "saeq run --allow-read=d.csv a.saeq --n 5");
  assert.is(commandWithGrants(["--seed", "1", "run", "it's.saeq"], { read: [], write: ["/w/o"] }, "/w"), "saeq --seed 1 run --allow-write=o 'it'\\''s.saeq'");
});

test("describeNeeds shows names harmlessly and not at any length", () => {
  const [row] = describeNeeds({ read: [`/w/\x1b[2J${"x".repeat(500)}`], write: [] }, "/w", shown);
  assert.not.match(row ?? "", "\x1b");
  assert.ok((row ?? "").length < 140);
});

async function answer(key: string, typedAhead = ""): Promise<boolean> {
  const stdin = Object.assign(new PassThrough(), { setRawMode: () => stdin, isRaw: false }) as unknown as NodeJS.ReadStream & PassThrough;
  const stderr = new PassThrough();
  stdin.write(typedAhead);
  const asked = ask("a.saeq", { read: ["/w/d.csv"], write: [] }, "/w", { stdin, stderr }, shown);
  stderr.once("data", () => setTimeout(() => stdin.write(key), 5));
  return asked;
}

test("ask takes y, and only if it comes after the question", async () => {
  assert.ok(await answer("y"));
  assert.not(await answer("n"));
  assert.not(await answer("\r"));
  assert.not(await answer("\x03"));
  assert.not(await answer("n", "y"));
});

test("ask refuses a wall of names without asking", async () => {
  const many = { read: Array.from({ length: 900 }, (_, i) => `/w/file-number-${i}.csv`), write: [] };
  const stdin = Object.assign(new PassThrough(), { setRawMode: () => stdin }) as unknown as NodeJS.ReadStream;
  assert.not(await ask("a.saeq", many, "/w", { stdin, stderr: new PassThrough() }, shown));
});

test.run();
