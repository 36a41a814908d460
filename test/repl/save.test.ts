/** Without this file a saved session could give other results than the session gave. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "../../grammar/parse.ts";
import { print } from "../../grammar/print.ts";
import { formatRows } from "../../runtime/data/write.ts";
import type { Value } from "../../runtime/data/frame.ts";
import { createSession } from "../../runtime/session/session.ts";
import type { Session } from "../../runtime/session/session_port.ts";
import { openDialogue } from "../../repl/dialogue.ts";
import { SAEQ } from "../house/program.ts";
import { folder } from "../session/open.ts";

const books = `book,verse,words\n${Array.from({ length: 40 }, (_, i) => `${["Job", "Ruth", "Acts"][i % 3]},${i},${(i * 7) % 11}`).join("\n")}\n`;
const memory = `input_text,perfect_match,matching_tokens\n${Array.from({ length: 30 }, (_, i) => `"In the beginning ${i} God created the heaven",${i % 2 === 0},${i % 2 === 0 ? 50 : 0}`).join("\n")}\n`;

interface Played {
  readonly printed: string;
  /** What each result was, as the bytes of --format json. */
  readonly results: readonly string[];
}

/** Type lines into a prompt of its own; settings as given by flags. */
async function play(at: string, lines: readonly string[], settings: Readonly<Record<string, string>> = {}): Promise<Played> {
  let printed = "";
  const results: string[] = [];
  const open = async (): Promise<Session> => {
    const session = await createSession({ readFrom: at, writeTo: at, grants: { read: true, write: true }, params: {}, settings: { ep: "cpu", ...settings }, interactive: true, engine: { lanes: 1, threads: 1 } });
    const json = (value: Value): string => [...formatRows(value, "json")].join("");
    return { ...session, run: (source, { signal, onEvent }) => session.run(source, { signal, onEvent: (event) => { if (event.kind === "result" && event.index > 0) results[event.index] = json(event.value); onEvent(event); } }) };
  };
  const dialogue = openDialogue({ open, look: () => ({ width: 100, color: false, ascii: false, tty: false }), cwd: at, settings, view: { mode: "table", rows: null, wide: false, time: false } });
  for (const line of lines) await dialogue.submit(line, { signal: new AbortController().signal, print: (text) => void (printed += `${text}\n`), onProgress: () => undefined });
  await dialogue.close();
  return { printed, results: results.slice(1) };
}

/** The bytes that a script writes to stdout. */
function runScript(at: string, script: string): string {
  return execFileSync(process.execPath, [SAEQ, "run", "-A", "--quiet", "--no-cache", "--format", "json", script], { cwd: at, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** The session's last result and the script's are the same bytes; the script is formatted. */
async function agrees(files: Readonly<Record<string, string>>, lines: readonly string[], settings: Readonly<Record<string, string>> = {}): Promise<string> {
  const at = folder(files);
  const { printed, results } = await play(at, [...lines, ".save out.saeq"], settings);
  assert.match(printed, "saved out.saeq; run it with: saeq run ");
  const script = readFileSync(join(at, "out.saeq"), "utf8");
  assert.is(runScript(at, "out.saeq"), results.at(-1));
  assert.is(print(parse(script).script), script);
  return script;
}

test("a drawn seed, settings made halfway, a param, `_`, numbered results and a leading pipe", async () => {
  const script = await agrees({ "books.csv": books }, [
    "sample perfect 4 | acts layer 7 last 8",
    "| top 5",
    "set threshold 1",
    "param k: int = 3",
    "let verses = csv \"books.csv\"; sample verses 9; sample verses $k",
    "_1 | top 7 by max",
    "set seed 5",
    "_4 | take 2 | save \"two.csv\"",
    "_3 | join _2 on verse",
  ]);
  assert.match(script, /^saeq 1\nset seed \d+\n/);
  assert.match(script, "set threshold 1");
});

test("`_` after a line that went on with `|`", async () => {
  const script = await agrees({ "books.csv": books }, ["csv \"books.csv\"", "| take 7", "_ | sort words", "| take 3", "| count", "_ | take 1", "_3 | count"]);
  assert.match(script, "let result_2 = result_1 | take 7");
  assert.match(script, "let result_4 = result_3 | take 3\n");
});

test("names bound twice, a stage of one's own changed, and what an opened file brings", async () => {
  const script = await agrees({ "books.csv": books, "mem.csv": memory, "lib.saeq": "def longest(x: table) = x | sort words desc | take 5\n" }, [
    ".open mem.csv",
    "sample perfect 3",
    ".open books.csv",
    "let some = data | where words > 3",
    "def few(x: table, n: int = 2) = x | take $n",
    "let kept = some | few",
    "def few(x: table, n: int = 2) = x | sort verse desc | take $n",
    "let some = some | where book == \"Job\"",
    "let limit = 4",
    "let limit = 6",
    "use \"lib.saeq\" as lib",
    "concat kept, (some | few n 3) | lib.longest",
    "| where words < $limit",
  ], { seed: "9" });
  assert.match(script, "let some_1 = data | where words > 3");
  assert.match(script, "let some = some_1 | where book");
  assert.match(script, "set seed 9");
});

test("what failed or was only asked about is not in the script, what it had named is", async () => {
  const script = await agrees({ "books.csv": books }, [
    "let verses = csv \"books.csv\"; verses | count; verses | assert words > 100, \"too few\"; verses | take 1",
    "verses | actz",
    "_error",
    "verses | explain",
    "verses | take 3",
    ".set precision 2",
    ".plan verses",
    "| sort words desc",
  ]);
  assert.not.match(script, "assert");
  assert.not.match(script, "actz");
  assert.not.match(script, "_error");
  assert.match(script, "set precision 2");
});

test("a loaded script, with its edition line and comments, is part of the session", async () => {
  const script = await agrees({ "books.csv": books, "first.saeq": "saeq 1\n# the long ones\nset seed 3\nparam n: int = 4\ncsv \"books.csv\" | where words > 5 | sample $n\n" }, [".load first.saeq", "| sort verse"]);
  assert.match(script, "# the long ones");
  assert.is(script.match(/^saeq 1$/gm)?.length, 1);
});

test("what could not give the same again is not written", async () => {
  const at = folder({ "books.csv": books });
  const first = await play(at, ["csv \"books.csv\" | take 2", ".save sub/out.saeq"]);
  assert.match(first.printed, "a script reads files from its own folder, and this one reads books.csv from here: .save out.saeq");
  const lines = ["csv \"books.csv\" | take 2", ".save out.saeq"];
  const dialogue = openDialogue({
    open: () => createSession({ readFrom: at, writeTo: at, grants: { read: true, write: true }, params: {}, settings: { ep: "cpu" }, interactive: true }),
    look: () => ({ width: 100, color: false, ascii: false, tty: false }), cwd: at, settings: {}, view: { mode: "table", rows: null, wide: false, time: false },
  });
  let printed = "";
  for (const line of lines) {
    if (line.startsWith(".save")) writeFileSync(join(at, "books.csv"), books.replace("Job", "Joe"));
    await dialogue.submit(line, { signal: new AbortController().signal, print: (text) => void (printed += text), onProgress: () => undefined });
  }
  await dialogue.close();
  assert.match(printed, "not saved: `csv \"books.csv\" | take 2` would not give the result it gave here");
  assert.not.ok(existsSync(join(at, "out.saeq")));
});

test.run();
