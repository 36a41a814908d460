/** Without these tests a look into the compiler could show another compiler than the one that runs. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { saeFolder } from "../session/checkpoints.ts";
import { parse } from "../../grammar/parse.ts";
import { printTree } from "../../grammar/print_tree.ts";
import { RULES } from "../../src/optimize/rules.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { folder } from "../session/open.ts";
import { saeq } from "./saeq.ts";

const QUERY = "sample perfect 2 | acts layer 7 last 3 | top 3";

test("the tree of a text, with holes and offsets", () => {
  assert.is(printTree(parse("let a = x | where b == 1").script), [
    "script  @0–24",
    "  statements: let  @0–24",
    "    name: name a  @4–5",
    "    value: pipeline  @8–24",
    "      stages 1: stage  @8–9",
    "        args  @8–9",
    "          items  @8–9",
    "            value: name x  @8–9",
    "      stages 2: stage  @12–24",
    "        args 1  @12–17",
    "          items  @12–17",
    "            value: name where  @12–17",
    "        args 2  @18–24",
    "          items  @18–24",
    "            value: binary op \"==\"  @18–24",
    "              left: name b  @18–19",
    "              right: num 1  @23–24",
  ].join("\n"));
});

test("explain --phase: each phase, and all of them under headings", () => {
  const cwd = folder();
  const phase = (name: string): string => saeq(["explain", QUERY, "--phase", name, "--seed", "1"], { cwd }).stdout;
  assert.match(phase("tokens"), /^0–6 +word +"sample"\n/);
  assert.match(phase("tree"), /^script/);
  const plan = phase("plan").trimEnd();
  const optimized = phase("optimized").trimEnd();
  assert.match(plan, "encode kjv");
  assert.not.match(optimized, "encode kjv");
  const rules = phase("rules");
  const steps = rules.split("\n  before\n").slice(1).map((step) => step.split("\n  after\n"));
  const dedent = (text: string): string => text.split("\n").filter((line) => line.startsWith("    ")).map((line) => line.slice(4)).join("\n");
  assert.is(dedent(steps[0]![0]!), plan, "the first rule starts from the plan as written");
  assert.is(dedent(steps.at(-1)![1]!), optimized, "the last rule gives what is run");
  assert.ok(RULES.filter((rule) => rules.includes(`${rule.name}: `)).length >= 3);
  assert.equal([...phase("all").matchAll(/^== (\w+) ==$/gm)].map((match) => match[1]), ["tokens", "tree", "plan", "rules", "optimized"]);
});

test("explain --phase with mistakes: what can be shown is shown, exit 3", () => {
  const cwd = folder();
  const broken = saeq(["explain", "perfect | tak 3", "--phase", "all"], { cwd });
  assert.is(broken.status, 3);
  assert.match(broken.stderr, "unknown-stage");
  assert.equal([...broken.stdout.matchAll(/^== (\w+) ==$/gm)].map((match) => match[1]), ["tokens", "tree"]);
  const plan = saeq(["explain", "perfect | tak 3", "--phase", "plan"], { cwd });
  assert.equal([plan.status, plan.stdout], [3, ""]);
  assert.is(saeq(["explain", QUERY, "--phase", "nonsense"], { cwd }).status, 2);
});

test("explain takes the params of a script as run does, and refuses those it has not", () => {
  const cwd = folder({ "a.saeq": "param n: int\nperfect | take $n\n" });
  const { status, stdout } = saeq(["explain", "a.saeq", "--n", "7"], { cwd });
  assert.is(status, 0);
  assert.match(stdout, "limit 7");
  assert.match(saeq(["explain", "--phase", "plan", "a.saeq", "--n=8"], { cwd }).stdout, "limit 8");
  const { status: wrong, stderr } = saeq(["explain", "a.saeq", "--n", "7", "--m", "2"], { cwd });
  assert.is(wrong, 2);
  assert.match(stderr, "has no param `m`");
  const named = folder({ "a.saeq": "saeq 1\nparam seed: int = 1\nset seed $seed\nperfect | sample 3\n" });
  const hidden = saeq(["run", "a.saeq", "--seed", "2"], { cwd: named });
  assert.equal([hidden.status, hidden.stderr.split("\n")[0]], [2, "error: `--seed` is a flag of saeq's own, and a.saeq has a param of that name: --param seed=… sets the param; before the script's name the flag is saeq's"]);
  assert.match(saeq(["run", "a.saeq", "--help"], { cwd: named }).stdout, "  --param seed=<int>  default 1");
  assert.match(saeq(["bundle", "-A", "--no-results", "a.saeq", "--param", "seed=2"], { cwd: named }).stderr, "--frozen --param seed=2");
  assert.match(saeq(["explain", "--phase", "plan", "a.saeq", "--param", "seed=2"], { cwd: named }).stdout, "saeq/1|2|");
  const flag = saeq(["explain", "analyze", QUERY], { cwd });
  assert.is(flag.status, 2);
  assert.match(flag.stderr, "saeq explain --analyze");
});

test("info takes the params of a script, and so does what is said of its lock", () => {
  const cwd = folder({ "a.saeq": 'saeq 1\nparam k: int = 3\ncsv "in_" + $k + ".csv" | count\n', "in_3.csv": "text\na\n", "in_4.csv": "text\nb\n" });
  assert.equal(saeq(["info", "--permissions", "a.saeq", "--k", "4"], { cwd }).stdout, "--allow-read=in_4.csv\n");
  assert.is(saeq(["info", "a.saeq", "--m", "4"], { cwd }).status, 2);
  assert.is(saeq(["lock", "a.saeq"], { cwd }).status, 0);
  assert.match(saeq(["run", "-R", "--frozen", "a.saeq", "--k", "4"], { cwd }).stderr, "to accept it: saeq lock a.saeq --k 4");
  assert.is(saeq(["lock", "a.saeq", "--k", "4"], { cwd }).status, 0);
  assert.is(saeq(["run", "-R", "--frozen", "a.saeq", "--k", "4"], { cwd }).status, 0);
});

test("explain: every pipeline of a script, under its number and line; nothing is run", () => {
  const text = "set seed 1\nlet t = sample perfect 2\n\nt | count\nt | acts layer 7 last 3\n| top 3\n| save \"top.csv\"\nt | take 1 | explain\n";
  const cwd = folder({ "a.saeq": text });
  const { status, stdout, stderr } = saeq(["explain", "a.saeq"], { cwd });
  assert.equal([status, stderr], [0, ""]);
  const parts = stdout.split(/^(== .* ==)$/m);
  assert.equal(parts.filter((part) => part.startsWith("==")), ["== pipeline 1 of 3, line 4 ==", "== pipeline 2 of 3, line 5 ==", "== pipeline 3 of 3, line 8 =="]);
  assert.match(parts[2]!, /as run\n {2}count/);
  assert.match(parts[4]!, /as run\n {2}save csv "top\.csv"/);
  assert.match(parts[6]!, /as run\n {2}limit 1/);
  assert.not(existsSync(join(cwd, "top.csv")));
  const ops = (args: readonly string[]): unknown => {
    const made = JSON.parse(saeq(["explain", "--json", ...args], { cwd }).stdout) as { readonly written: { readonly op: string } } | readonly { readonly written: { readonly op: string } }[];
    return Array.isArray(made) ? made.map(({ written }) => written.op) : (made as { readonly written: { readonly op: string } }).written.op;
  };
  assert.equal(ops(["a.saeq"]), ["count", 'save csv "top.csv"', "limit 1"]);
  assert.is(ops(["perfect | count"]), "count");
  const broken = saeq(["explain", "a.saeq"], { cwd: folder({ "a.saeq": "perfect | count\nperfect | cuont\n" }) });
  assert.is(broken.status, 3);
  assert.match(broken.stderr, "did you mean `count`");
});

test("explain: which lines of a script one pass of the model reads for", () => {
  const other = saeFolder({ hook: "blocks.2.hook_resid_post" });
  const text = `set seed 1\nset guard off\nlet t = sample perfect 2\nt | acts layer 7 | top 3\nsample perfect 3 | acts layer 7 | top 3\nset sae ${JSON.stringify(other)}\nt | acts layer 2 | top 3\nt | acts layer 2 | stats\n`;
  const cwd = folder({ "a.saeq": text, "off.saeq": `set cache off\n${text}` });
  const { status, stdout } = saeq(["explain", "a.saeq"], { cwd });
  assert.is(status, 0);
  assert.ok(stdout.endsWith("\n== the whole script ==\nthe pass of line 4 also reads what lines 7, 8 ask of the same texts\n"), stdout.slice(-300));
  assert.not.match(saeq(["explain", "off.saeq"], { cwd }).stdout, /whole script/);
  const listed = (file: string): readonly unknown[] => (JSON.parse(saeq(["explain", "--json", file], { cwd }).stdout) as { readonly line: number; readonly alsoReadsForLines: readonly number[] }[]).map(({ line, alsoReadsForLines }) => [line, alsoReadsForLines]);
  assert.equal(listed("a.saeq"), [[4, [7, 8]], [5, []], [7, []], [8, []]]);
  assert.equal(listed("off.saeq"), [[5, []], [6, []], [8, []], [9, []]]);
});

test("info: what a script reads, writes, takes and uses", () => {
  const text = saeq(["info", "memorization.saeq", "--lanes", "1"], { cwd: EXAMPLES }).stdout;
  assert.match(text, /^reads +memorization_results_L50_O50\.csv\nwrites +activation\.svg, l0\.svg\nparams +n: int = 10, layer: int = 7\nmodels +kjv\nsaes +kjv\n/);
  assert.match(text, /seed +42 {2}\(script\)/);
  assert.match(text, /lanes +1 {2}\(flag\)/);
  assert.match(text, /threshold +0 {2}\(default\)/);
  const flags = saeq(["info", "memorization.saeq", "--permissions"], { cwd: EXAMPLES }).stdout;
  assert.is(flags, "--allow-read=memorization_results_L50_O50.csv --allow-write=activation.svg,l0.svg\n");
  const json = JSON.parse(saeq(["info", "memorization.saeq", "--json"], { cwd: EXAMPLES }).stdout) as Record<string, unknown>;
  assert.equal(Object.keys(json), ["file", "inputs", "outputs", "params", "models", "saes", "settings", "permissions"]);
  assert.is(saeq(["info", "a.saeq"], { cwd: folder({ "a.saeq": "tak 3" }) }).status, 3);
  const open = saeq(["info", "a.saeq"], { cwd: folder({ "a.saeq": "param n: int\nperfect | take $n\n" }) });
  assert.equal([open.status, open.stderr], [0, ""]);
  assert.match(open.stdout, "n: int (required)");
});

test("data where a script is meant: a query that looks at it, which can be pasted", () => {
  const cwd = folder({ "o d'd.csv": "text\na\n" });
  for (const command of ["run", "check", "explain"]) {
    const { status, stderr } = saeq([command, "o d'd.csv"], { cwd });
    assert.equal([status, stderr], [10, `error: o d'd.csv holds data, not a script; to look at it: saeq eval 'csv "o d'\\''d.csv" | take 5'\n`]);
  }
});

test.run();
