/** Without this file a script could come to read or write without anybody having said so. */
import { chmodSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { coversHost } from "../../runtime/permissions/granted.ts";
import { denied, forbidden, needsOf, refusals } from "../../runtime/permissions/permissions.ts";
import { FlagError } from "../../repl/flag_error.ts";
import { ask, type Answer } from "../../repl/permission_prompt.ts";
import { commandWithGrants, describeNeeds, grantFlags, outsideOf, scriptGrants, withGrants, withSet } from "../../repl/permissions.ts";
import { permissionSet, projectFile, savePermissions } from "../../repl/project_file.ts";
import { folder } from "../session/open.ts";

const shown = (text: string): string => text.replace(/\x1b/g, "␛");
const nothing = { read: [], write: [] };

test("scriptGrants lets a script read itself and no more", () => {
  const grants = scriptGrants(nothing, "/w/a.saeq");
  assert.equal(denied({ read: ["/w/a.saeq", "/w/b.csv"], write: ["/w/a.saeq"] }, grants), { read: ["/w/b.csv"], write: ["/w/a.saeq"] });
  assert.equal(denied({ read: ["/w/b.csv"], write: ["/w/o.svg"] }, withGrants(grants, { read: ["/w/b.csv"], write: ["/w/o.svg"] })), nothing);
  assert.equal(denied({ read: ["/x"], write: [] }, scriptGrants({ read: true, write: [] }, null)), nothing);
});

test("withGrants adds to each kind what is needed of that kind, and leaves what is forbidden", () => {
  const deny = { write: ["/w/shut"] };
  assert.equal(withGrants({ read: ["/a"], write: ["/b"], net: ["c"], deny }, { read: ["/r"], write: ["/o"], net: ["n"] }), { read: ["/a", "/r"], write: ["/b", "/o"], net: ["c", "n"], deny });
  assert.equal(withGrants({ read: true, write: [] }, { read: ["/r"], write: [] }), { read: true, write: [], net: [] });
  assert.equal(withGrants({ read: [], write: true }, { read: ["/r"], write: ["/o"] }), { read: ["/r"], write: true, net: [] });
});

test("what thousands of files need is worked out once, the first refusals are told, and the flags grant all", () => {
  const accesses = Array.from({ length: 5000 }, (_, i) => ({ access: "read", path: `f${i}.csv`, at: { start: i, end: i + 1 } }) as const);
  let files = 0;
  const told = refusals(accesses, (some) => ((files += some.length), needsOf(some, "/w", "/w", null)), nothing);
  assert.is(told.length, 10);
  assert.ok(files <= 5010, `${files}`);
  assert.ok(told.every(({ help }) => help?.split(",").length === 5000));
});

test("grantFlags and commandWithGrants can be pasted into a shell", () => {
  const needs = { read: ["/w/my data.csv", "/x/a,b.csv"], write: ["/w/o.svg"] };
  assert.equal(grantFlags(needs, "/w"), ["--allow-read=my data.csv,/x/a,,b.csv", "--allow-write=o.svg"]);
  assert.equal(grantFlags({ read: ["/w/..data/x.csv", "/..data/x.csv", "/w"], write: ["/"] }, "/w"), ["--allow-read=..data/x.csv,/..data/x.csv,.", "--allow-write=/"]);
  assert.is(commandWithGrants(["run", "a.saeq", "--n", "5"], { read: ["/w/d.csv"], write: [] }, "/w"), "saeq run --allow-read=d.csv a.saeq --n 5");
  assert.is(commandWithGrants(["--seed", "1", "run", "it's.saeq"], { read: [], write: ["/w/o"] }, "/w"), "saeq --seed 1 run --allow-write=o 'it'\\''s.saeq'");
});

test("describeNeeds shows names harmlessly and not at any length", () => {
  const [row] = describeNeeds({ read: [`/w/\x1b[2J${"x".repeat(500)}`], write: [] }, "/w", shown);
  assert.not.match(row ?? "", "\x1b");
  assert.ok((row ?? "").length < 140);
});

interface Talk {
  readonly answer: Answer;
  readonly said: string;
}

/** Ask, with some keys typed before the question and others one by one after what is said next. */
async function talk(typed: readonly string[], { ahead = "", needs = { read: ["/w/d.csv"], write: [] as string[] }, project = null as string | null } = {}): Promise<Talk> {
  const stdin = Object.assign(new PassThrough(), { setRawMode: () => stdin, isRaw: false }) as unknown as NodeJS.ReadStream & PassThrough;
  const stderr = new PassThrough();
  const left = [...typed];
  let said = "";
  stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
    const key = /allow\?[^\n]*$/.test(chunk.toString()) ? left.shift() : undefined;
    if (key !== undefined) setTimeout(() => stdin.write(key), 5);
  });
  stdin.write(ahead);
  const answer = await ask("a.saeq", needs, "/w", { stdin, stderr }, shown, project);
  return { answer, said };
}

test("ask takes y, and only if it comes after the question", async () => {
  assert.is((await talk(["y"])).answer, "once");
  for (const key of ["n", "\r", "\x03", "yes", "A", "g", "\x1b"]) assert.is((await talk([key])).answer, "no", JSON.stringify(key));
  assert.is((await talk(["n"], { ahead: "y" })).answer, "no");
  assert.is((await talk(["n"], { ahead: "s", project: "saeq.json" })).answer, "no");
});

test("ask saves where there is a file to save to, and shows details before it asks again", async () => {
  assert.is((await talk(["s"], { project: "saeq.json" })).answer, "save");
  const none = await talk(["s"]);
  assert.is(none.answer, "no");
  assert.not.match(none.said, "save to");
  const { answer, said } = await talk(["d", "y"], { needs: { read: ["/w/d.csv"], write: ["/w/\x1b]52;c;x.csv"] } });
  assert.is(answer, "once");
  assert.match(said, /details\n  read   \/w\/d\.csv  \(nothing is there\)/);
  assert.not.match(said, "\x1b");
});

test("ask refuses a wall of names without asking", async () => {
  const { answer, said } = await talk(["y"], { needs: { read: Array.from({ length: 900 }, (_, i) => `/w/file-number-${i}.csv`), write: [] } });
  assert.is(answer, "no");
  assert.is(said, "");
});

test("what is denied wins over what is allowed, in flags and sets alike", () => {
  const flags = withSet({ read: true, write: ["/w/out"], deny: { net: true } }, { read: [], write: ["/w/more"], net: [".hf.co"], deny: { read: ["/w/secret"] } });
  const grants = scriptGrants(flags, null, "/w");
  const needs = { read: ["/w/d.csv", "/w/secret/s.csv"], write: ["/w/out/a.csv", "/w/more/b.csv", "/w/c.csv"], net: ["cdn.hf.co", "huggingface.co"] };
  const missing = denied(needs, grants);
  assert.equal(missing, { read: ["/w/secret/s.csv"], write: ["/w/c.csv"], net: ["cdn.hf.co", "huggingface.co"] });
  assert.equal(forbidden(missing, grants), { read: ["/w/secret/s.csv"], write: [], net: ["cdn.hf.co", "huggingface.co"] });
});

test("a dotted host grants what lies below it, and nothing that only ends like it", () => {
  assert.equal(["a.hf.co", "a.b.hf.co", "hf.co", "evilhf.co", ".hf.co"].map((host) => coversHost(host, [".hf.co"])), [true, true, false, false, true]);
  assert.not(coversHost("huggingface.co:8080", ["huggingface.co"]));
});

test("only what lies in the project can be granted by a question", () => {
  const needs = { read: ["/w/d.csv", "/etc/passwd", "/wider/x.csv", "/w/../x.csv"], write: ["/w/..out.csv", "/w/..out/o.csv", "/o.csv"] };
  assert.equal(outsideOf(needs, ["/w"]), { read: ["/etc/passwd", "/wider/x.csv", "/w/../x.csv"], write: ["/o.csv"] });
});

test("saeq.json: what `s` saves is what -P grants, and the rest of the file stays", async () => {
  const at = folder({ "saeq.json": '{"set": {"seed": "4"}, "permissions": {"ci": {"write": true}, "default": {"read": ["z.csv"]}}}' });
  mkdirSync(join(at, "sub"));
  await savePermissions(join(at, "saeq.json"), { read: [join(at, "d.csv"), join(at, "sub")], write: [join(at, "sub", "o.csv")], net: ["huggingface.co"] });
  assert.equal(JSON.parse(readFileSync(join(at, "saeq.json"), "utf8")), { set: { seed: "4" }, permissions: { ci: { write: true }, default: { read: ["d.csv", "sub", "z.csv"], write: ["sub/o.csv"], net: ["huggingface.co"] } } });
  const set = permissionSet("default", join(at, "sub"));
  assert.equal(set, { read: ["d.csv", "sub", "z.csv"].map((name) => join(at, name)), write: [join(at, "sub", "o.csv")], net: ["huggingface.co"], deny: {} });
  assert.equal(permissionSet("ci", at), { read: [], write: true, net: [], deny: {} });
  assert.is(projectFile(join(at, "sub")).file, join(at, "saeq.json"));
});

test("saeq.json: what is no permission is refused with its place", () => {
  const refused = (json: string, name = "default"): string => {
    const at = folder({ "saeq.json": json });
    try {
      permissionSet(name, at);
      return "";
    } catch (error) {
      if (!(error instanceof FlagError)) throw error;
      return error.message.replaceAll(at, "…");
    }
  };
  assert.match(refused('{"permissions": {"default": {"reed": []}}}'), "`reed`, which is none of read, write, net and deny");
  assert.match(refused('{"permissions": {"default": {"read": "all"}}}'), "neither true nor a list of paths");
  assert.match(refused('{"permissions": {"default": {"deny": {"run": true}}}}'), "`run`, which is none of");
  assert.match(refused('{"permissions": {"defualt": {}}}'), "did you mean `-P=defualt`?");
  assert.match(refused('{"permissions": {"a": {}, "a": {"read": true}}}'), '"a"');
  assert.match(refused('{"permissions": []}'), "not an object");
  assert.match(refused("{"), "is not JSON");
  assert.match(refused('{"permissions": {"__proto__": {"read": true}}}', "toString"), "no set of permissions `toString`");
  if (process.getuid === undefined) return;
  const at = folder({ "saeq.json": '{"permissions": {"default": {}}}' });
  chmodSync(join(at, "saeq.json"), 0o666);
  assert.throws(() => permissionSet("default", at), /written by everyone/);
});

test.run();
