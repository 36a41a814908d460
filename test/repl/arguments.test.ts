/** Without this file a flag could come to eat the script's name, or a param to vanish. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseArguments } from "../../repl/arguments.ts";
import { paramFlag } from "../../repl/flags.ts";
import { type Request } from "../../repl/request.ts";
import { nearest } from "../../src/check/suggest.ts";

const parse = (line: string, piped = false): Request => parseArguments(line === "" ? [] : line.split(" "), { version: "1.2.3", piped });
/** A request without its options, and only those options that are not the defaults; which flags stand behind a script has a test of its own. */
function brief(line: string, piped = false): Record<string, unknown> {
  const request = parse(line, piped);
  if (request.kind === "say") return { say: request.text.split("\n")[0], exit: request.exitCode };
  const { options, ...rest } = request;
  const usual = parse("doctor") as Extract<Request, { kind: "doctor" }>;
  const changed = Object.entries(options).filter(([key, value]) => key !== "behind" && JSON.stringify(value) !== JSON.stringify(Object.entries(usual.options).find(([name]) => name === key)?.[1]));
  return JSON.parse(JSON.stringify({ ...rest, ...Object.fromEntries(changed) }));
}
const run = (more: object): object => ({ kind: "run", file: "a.saeq", params: {}, help: false, record: false, frozen: false, ...more });

const table: readonly (readonly [string, object])[] = [
  ["", { kind: "repl", plain: false, code: null, history: true }],
  ["--plain", { kind: "repl", plain: true, code: null, history: true }],
  ["repl --eval top --no-history", { kind: "repl", plain: false, code: "top", history: false }],
  ["--seed 7 --ascii", { kind: "repl", plain: false, code: null, history: true, settings: { seed: "7" }, ascii: true }],
  ["run a.saeq", run({})],
  ["run --allow-read a.saeq", run({ read: true })],
  ["run --allow-read=x,y --allow-read=z,,w a.saeq", run({ read: ["x", "y", "z,w"] })],
  ["run -R -W a.saeq", run({ read: true, write: true })],
  ["--allow-write run a.saeq", run({ write: true })],
  ["run -A a.saeq", run({ read: true, write: true, net: true })],
  ["run a.saeq --n 20 --seed 3 --flag --x=-1 --y -2", run({ params: { n: "20", flag: "true", x: "-1", y: "-2" }, settings: { seed: "3" }, bare: ["flag"] })],
  ["run a.saeq --param n=20 --param=m=a=b", run({ params: { n: "20", m: "a=b" } })],
  ["run a.saeq --help", run({ help: true })],
  ["run -", run({ file: "-" })],
  ["run a.saeq --record --frozen --layer 5 --model m", run({ record: true, frozen: true, params: { layer: "5", model: "m" } })],
  ["lock", { kind: "lock", files: [], params: {}, check: false, update: null }],
  ["lock --update a.saeq", { kind: "lock", files: ["a.saeq"], params: {}, check: false, update: "all" }],
  ["lock --update data a.saeq --n 3", { kind: "lock", files: ["a.saeq"], params: { n: "3" }, check: false, update: "data" }],
  ["lock a.saeq b.saeq --update=models --check", { kind: "lock", files: ["a.saeq", "b.saeq"], params: {}, check: true, update: "models" }],
  ["verify a.saeq --against r.json --tier close --n 3 --check", { kind: "verify", file: "a.saeq", params: { n: "3", check: "true" }, against: "r.json", tier: "close", bare: ["check"] }],
  ["run a.saeq --out dir --format jsonl --quiet --no-progress --no-prompt --color never", run({ out: "dir", format: "jsonl", quiet: true, progress: false, prompt: false, color: "never" })],
  ["run a.saeq --to 3 -R=x -W=y --deny-net --deny-read=z -P=ci --audit f", run({ params: { to: "3" }, read: ["x"], write: ["y"], deny: { read: ["z"], net: true }, permissions: "ci", audit: "f" })],
  ["run -P a.saeq", run({ permissions: "default" })],
  ["export a.saeq --to md -o b.md --n 3", { kind: "export", file: "a.saeq", to: "md", output: "b.md", against: null, params: { n: "3" } }],
  ["export --to=html --against r.json a.saeq", { kind: "export", file: "a.saeq", to: "html", output: null, against: "r.json", params: {} }],
  ["export a.saeq -o b.ipynb", { kind: "export", file: "a.saeq", to: "ipynb", output: "b.ipynb", against: null, params: {} }],
  ["export a.saeq -o b.md --to html", { kind: "export", file: "a.saeq", to: "html", output: "b.md", against: null, params: {} }],
  ["export --help", { say: "Usage: saeq export [options] <file>", exit: 0 }],
  ["eval top 10", { kind: "eval", code: "top 10" }],
  ["eval x --lanes 2 --threads 3 --batch 4", { kind: "eval", code: "x", settings: { lanes: "2", threads: "3", batch: "4" } }],
  ["check a b", { kind: "check", files: ["a", "b"], json: false }],
  ["explain top 5", { kind: "explain", target: "top 5", phase: null, analyze: false, json: false, params: {} }],
  ["doc", { kind: "doc", word: null }],
  ["doc acts", { kind: "doc", word: "acts" }],
  ["fmt a.saeq --check", { kind: "fmt", files: ["a.saeq"], check: true, fix: false }],
  ["fmt --fix -", { kind: "fmt", files: ["-"], check: false, fix: true }],
  ["lint a.saeq --json", { kind: "lint", files: ["a.saeq"], rules: false, json: true }],
  ["lint --rules", { kind: "lint", files: [], rules: true, json: false }],
  ["test --update", { kind: "test", files: [], update: true }],
  ["explain x --phase tree", { kind: "explain", target: "x", phase: "tree", analyze: false, json: false, params: {} }],
  ["explain x.saeq --analyze --json", { kind: "explain", target: "x.saeq", phase: null, analyze: true, json: true, params: {} }],
  ["info a.saeq --permissions", { kind: "info", file: "a.saeq", permissions: true, json: false, params: {} }],
  ["completions fish", { kind: "completions", shell: "fish" }],
  ["doctor", { kind: "doctor", install: null, from: null }],
  ["doctor --install cuda --from lib", { kind: "doctor", install: "cuda", from: "lib" }],
  ["--version", { say: "saeq 1.2.3", exit: 0 }],
  ["--help", { say: "Usage: saeq [options] [command]", exit: 0 }],
  ["verify a.saeq --help", { say: "Usage: saeq verify [options] <file>", exit: 0 }],
  ["run --help", { say: "Usage: saeq run [options] <file>", exit: 0 }],
];
for (const [line, want] of table) test(`parseArguments: saeq ${line}`, () => assert.equal(brief(line), want));

const mistakes: readonly (readonly [string, RegExp])[] = [
  ["evla x", /did you mean `eval`/],
  ["a.saeq", /saeq run a\.saeq/],
  ["export a.saeq", /--to html\|md\|ipynb/],
  ["export a.saeq -o b.txt", /-o with one of these endings/],
  ["run", /missing required argument 'file'/],
  ["run a.saeq b.saeq", /one script at a time/],
  ["export a.saeq --to pdf", /pdf/],
  ["run a.saeq --param n", /name=value/],
  ["lock --update=seeds a.saeq", /--update takes =models, =saes, =data, =modules, or nothing/],
  ["verify a.saeq --tier same", /identical, equal, close/],
  ["eval x --format xml", /xml/],
  ["eval x --lanes 0", /whole number/],
  ["eval x --allow-read=", /empty path/i],
  ["eval x --colour never", /--colo/],
];
for (const [line, want] of mistakes) {
  test(`parseArguments refuses: saeq ${line}`, () => {
    const request = parse(line);
    assert.is(request.kind === "say" ? request.exitCode : null, 2);
    assert.match(request.kind === "say" ? request.text : "", want);
  });
}

test("parseArguments runs stdin as a script where nobody types", () => {
  assert.equal(brief("", true), run({ file: "-" }));
  assert.equal(brief("--format json", true), run({ file: "-", format: "json" }));
  assert.is(parse("--plain", true).kind, "repl");
});

test("a format that is no flag of the command is told as what it is", () => {
  const said = parse("eval --json perfect");
  assert.is(said.kind === "say" && said.exitCode, 2);
  assert.match(said.kind === "say" ? said.text : "", /unknown option '--json'\n\(results are printed so with --format json\)\n$/);
});

test("nearest suggests a slip and nothing far", () => {
  assert.is(nearest("chekc", ["check", "explain"]), "check");
  assert.is(nearest("x", ["y"]), null);
  assert.is(nearest("banana", ["check"]), null);
});

test("a flag of saeq's own behind a script is known, and a param of its name is given by --param", () => {
  const behind = (line: string): unknown => (parse(line) as Extract<Request, { kind: "run" }>).options.behind;
  assert.equal(behind("run --seed 1 -A a.saeq --n 2"), []);
  assert.equal(behind("run a.saeq --n 2 -A --seed 3 --quiet --out=x --no-cache"), ["seed", "quiet", "out"]);
  assert.equal(behind("export a.saeq --to html"), ["to"]);
  assert.equal(paramFlag("seed", "3"), ["--param", "seed=3"]);
  assert.equal(paramFlag("record", "true"), ["--param", "record=true"]);
  assert.equal(paramFlag("n", "3"), ["--n", "3"]);
});

test.run();
