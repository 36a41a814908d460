/** Without this file talk could leak into data, and exit codes could drift from what scripts rely on. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import type { Dialogue } from "../../repl/dialogue.ts";
import { runPlain } from "../../repl/plain.ts";
import * as assert from "uvu/assert";
import { parseArguments } from "../../repl/arguments.ts";
import { perform } from "../../repl/main.ts";
import type { Shop } from "../../repl/subcommands/shop.ts";
import { look } from "../../repl/terminal.ts";
import { createSession } from "./fake_session.ts";

const program = fileURLToPath(new URL("fake_saeq.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "saeq-headless-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, "s.saeq"), '## What it does.\nparam n: int = 10\ncsv "a.csv" | save "o.csv"\n');
writeFileSync(join(folder, "bad.saeq"), "sample 3 | actz\n");
writeFileSync(join(folder, "good.saeq"), "sample 3\n");

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
}

/** The command line without a process of its own: all but signals and pipes. */
async function saeq(argv: readonly string[], input = ""): Promise<Ended> {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  streams.stdin.end(input);
  const request = parseArguments(argv, { version: "1.2.3", piped: true });
  if (request.kind === "say") return request.exitCode === 0 ? { stdout: request.text, stderr: "", status: 0 } : { stdout: "", stderr: request.text, status: request.exitCode };
  const plain = look({}, {}, { color: "never", ascii: false });
  const shop = { argv, cwd: folder, options: request.options, ...streams, dataLook: plain, talkLook: plain, createSession } as unknown as Shop;
  const status = await perform(request, shop);
  const text = (stream: PassThrough): string => String(stream.read() ?? "");
  return { stdout: text(streams.stdout), stderr: text(streams.stderr), status };
}

test("a process of its own does the same", () => {
  const env = { ...process.env, XDG_STATE_HOME: folder, SAEQ_CACHE: "off" };
  const { stdout, stderr, status } = spawnSync(process.execPath, [program, "eval", "--format", "csv", "note; sample 3"], { encoding: "utf8", cwd: folder, env });
  assert.is(stdout, "feature,count\n88,41\n7,12\n1034,3\n");
  assert.match(stderr, "seed 42");
  assert.is(status, 0);
  assert.is(spawnSync(process.execPath, [program], { encoding: "utf8", cwd: folder, env, input: "actz" }).status, 3);
});

test("eval: data on stdout, talk on stderr", async () => {
  const { stdout, stderr, status } = await saeq(["eval", "note; sample 3"]);
  assert.is(status, 0);
  assert.match(stdout, /^table 3×2\n[^]*1034[^]*table 3×2\n/);
  assert.match(stderr, "seed 42");
  assert.not.match(stdout, "seed 42");
  assert.not.match(stderr, "\x1b");
});

test("a look at a large file is told by every command that takes one, and --quiet is quiet", async () => {
  writeFileSync(join(folder, "large.saeq"), "large 3\n");
  for (const argv of [["check", "large.saeq"], ["run", "-A", "large.saeq"], ["info", "large.saeq"]]) {
    assert.match((await saeq(argv)).stderr, /scan large\.csv {2}1\.6 s {2}1 file/, argv[0]!);
    assert.not.match((await saeq([...argv, "--quiet"])).stderr, /scan/, argv[0]!);
  }
});

test("eval: machines get the rows of the last pipeline and nothing else", async () => {
  const json = await saeq(["eval", "--format", "json", "note; sample 3"]);
  assert.equal(JSON.parse(json.stdout), [{ feature: 88, count: 41 }, { feature: 7, count: 12 }, { feature: 1034, count: 3 }]);
  assert.is((await saeq(["eval", "sample", "--format", "csv"])).stdout, "feature,count\n88,41\n7,12\n1034,3\n");
  assert.is((await saeq(["eval", "sample", "--format", "tsv"])).stdout.split("\n")[1], "88\t41");
  assert.equal((await saeq(["eval", "sample", "--format", "jsonl"])).stdout.trim().split("\n").length, 3);
  assert.is((await saeq(["eval", "set seed 3", "--format", "json"])).stdout, "[]\n");
  assert.is((await saeq(["eval", "actz", "--format", "json"])).stdout, "");
});

test("eval: results that a format does not print are told, but not with --quiet", async () => {
  const said = await saeq(["eval", "sample 1; sample 2; sample 3", "--format", "json"]);
  assert.is(JSON.parse(said.stdout).length, 3);
  assert.match(said.stderr, /note: 2 earlier results not printed: --format json prints the last one/);
  assert.is((await saeq(["eval", "sample 1; sample 2", "--format", "json", "--quiet"])).stderr, "");
  assert.not.match((await saeq(["eval", "sample 3", "--format", "json"])).stderr, "earlier");
  assert.not.match((await saeq(["eval", "sample 1; sample 2"])).stderr, "earlier");
});

test("exit codes and their messages", async () => {
  const table: readonly (readonly [readonly string[], number, RegExp])[] = [
    [["eval", "actz"], 3, /no stage named `actz`/],
    [["eval", "die"], 8, /engine-died/],
    [["eval", "missing"], 10, /missing\.csv/],
    [["eval", ".ls"], 2, /dot commands/],
    [["eval", "explode"], 1, /bug: boom/],
    [["run", "nope.saeq"], 10, /there is no such file/],
    [["run", "."], 10, /could not read \.: it is a folder/],
    [["run", "bad.saeq"], 3, /no stage named/],
    [["run", "s.saeq", "--m", "1"], 2, /no param `m`.*--n/],
    [["run", "s.saeq", "-A", "--n"], 2, /`--n` needs a value: --n <int>/],
    [["cache", "list"], 2, /Did you mean `ls`\? Allowed choices are ls, gc, clear/],
    [["sae", "find", "x"], 2, /Did you mean `search`\?/],
    [["run", "s.saeq"], 4, /saeq run --allow-read=a\.csv --allow-write=o\.csv s\.saeq/],
    [["run", "s.saeq", "--allow-read=a.csv", "--n", "3"], 4, /--allow-write=o\.csv s\.saeq --allow-read=a\.csv --n 3/],
    [["run", "s.saeq", "-A", "--out", "new/folder"], 0, /saved x\.csv/],
    [["check", "good.saeq"], 0, /no errors/],
    [["check", "good.saeq", "bad.saeq"], 3, /1 error/],
    [["doc", "nothing"], 2, /no help/],
    [["nonsense"], 2, /no command/],
  ];
  for (const [args, status, said] of table) {
    const got = await saeq(args);
    assert.is(got.status, status, args.join(" ") + got.stderr);
    assert.match(got.stderr, said);
    if (status !== 0) assert.is(got.stdout, "", args.join(" "));
  }
});

test("run --help is the help of the script", async () => {
  const { stdout, status } = await saeq(["run", "s.saeq", "--help"]);
  assert.is(status, 0);
  assert.match(stdout, "What it does.");
  assert.match(stdout, /--n <int>\s+how many; default 10/);
});

test("stdin is a script where nobody types, and lines with --plain", async () => {
  assert.match((await saeq([], "sample 3\n")).stdout, "1034");
  assert.is((await saeq([], "actz\n")).status, 3);
  const plain = await saeq(["--plain"], "sample 3 |\ntop 5\n.ls\nsa\t\n2\n\n.quit\nnever\n");
  assert.is(plain.status, 0);
  assert.match(plain.stdout, /table 3×2[^]*_  table 3×2[^]*1\. sample[^]*so far: save/);
  assert.not.match(plain.stdout, "\x1b");
});

test("with --plain a line goes on behind what was completed", async () => {
  const said: string[] = [];
  const items = [{ text: "sample", detail: "", kind: "stage" as const }];
  const dialogue = { ready: Promise.resolve(), offer: () => ({ from: 0, to: 2, items, signature: null }), submit: async (text: string) => (said.push(text), { ok: true, exit: false, repair: null, edit: null }), close: async () => {} } as unknown as Dialogue;
  const stdin = new PassThrough();
  stdin.end("sa\t\n1\n3\n");
  await runPlain({ dialogue, history: null, cwd: folder, greeting: "", code: null, stdin, stdout: new PassThrough() });
  assert.equal(said, ["sample 3"]);
});

test("--quiet leaves results and errors", async () => {
  assert.is((await saeq(["eval", "note", "--quiet"])).stderr, "");
  assert.match((await saeq(["eval", "actz", "--quiet"])).stderr, "actz");
});

/** Start, wait for the first word on stderr, act, wait for the end. */
function during(args: readonly string[], act: (child: ReturnType<typeof spawn>) => void): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, [program, ...args], { cwd: folder });
  let stderr = "";
  child.stderr.once("data", () => act(child));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((done) => child.on("close", (code) => done({ code, stderr })));
}

test("Ctrl-C cancels and says how far it came; SIGTERM ends", async () => {
  const [once, term] = await Promise.all([
    during(["eval", "note; slow 500"], (child) => setTimeout(() => child.kill("SIGINT"), 200)),
    during(["eval", "note; slow 500"], (child) => setTimeout(() => child.kill("SIGTERM"), 200)),
  ]);
  assert.is(once.code, 130);
  assert.match(once.stderr, /cancelled after \d+\/500 texts; a re-run resumes/);
  assert.is(term.code, 143);
});

test("a run that was stopped and goes on, as on a laptop that slept, ends as if nothing had been", async () => {
  const { code, stderr } = await during(["eval", "note; slow 20"], (child) => {
    child.kill("SIGSTOP");
    setTimeout(() => child.kill("SIGCONT"), 400);
  });
  assert.is(code, 0, stderr);
  assert.not.match(stderr, /cancelled|bug/);
});

test("Ctrl-C twice stops at once", async () => {
  const { code, stderr } = await during(["eval", "note; stubborn"], (child) => {
    child.kill("SIGINT");
    setTimeout(() => child.kill("SIGINT"), 300);
  });
  assert.is(code, 130);
  assert.match(stderr, /stopped\n$/);
});

test("a reader that stops reading is no error", async () => {
  const { code, stderr } = await during(["eval", "note; slow 9; slow 9; slow 9"], (child) => child.stdout?.destroy());
  assert.is(code, 141);
  assert.not.match(stderr, /EPIPE|bug/);
});

test.run();
