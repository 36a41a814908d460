/** Without these tests a shell could be taught commands that do not exist, or fail when it starts. */
import { spawnSync } from "node:child_process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { commandTable } from "../../repl/arguments.ts";
import { commands } from "../../repl/flags.ts";
import { completionScript } from "../../repl/subcommands/completions.ts";
import { saeq } from "./saeq.ts";
import { folder } from "../session/open.ts";

const has = (shell: string): boolean => spawnSync(shell, ["-c", "exit 0"]).status === 0;

/** What bash would offer for a line, its last word being typed. */
function bash(line: string): string[] {
  const words = line.split(" ");
  const script = `${completionScript("bash")}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")})\nCOMP_CWORD=${words.length - 1}\n_saeq\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync("bash", ["--norc", "-c", script], { encoding: "utf8", cwd: folder({ "note.txt": "" }) });
  assert.equal([status, stderr], [0, ""], line);
  return stdout.split("\n").filter((word) => word !== "");
}

test("the list of commands that flags know is the one the parser has", () => {
  assert.equal([...commands].sort(), commandTable().commands.map((command) => command.name).sort());
});

test("bash completes commands, flags, their choices, stages and files", () => {
  if (!has("bash")) return;
  assert.equal(bash("saeq ru"), ["run"]);
  assert.equal(bash("saeq --qu"), ["--quiet"]);
  assert.equal(bash("saeq fmt --ch"), ["--check"]);
  assert.equal(bash("saeq eval --format js"), ["json", "jsonl"]);
  assert.equal(bash("saeq explain --phase t"), ["tokens", "tree"]);
  assert.equal(bash("saeq doc tok"), ["tokenize"]);
  assert.equal(bash("saeq completions z"), ["zsh"]);
  assert.equal(bash("saeq --format json ru"), ["run"]);
  assert.equal(bash("saeq run no"), ["note.txt"]);
});

test("bash registers the completion for saeq", () => {
  if (!has("bash")) return;
  assert.match(spawnSync("bash", ["--norc", "-c", `${completionScript("bash")}\ncomplete -p saeq`], { encoding: "utf8" }).stdout, "_saeq saeq");
});

test("zsh completes commands, flags and stages", () => {
  if (!has("zsh")) return;
  const loaded = spawnSync("zsh", ["-f", "-c", `autoload -Uz compinit && compinit -D\n${completionScript("zsh")}\nprint -r -- \${_comps[saeq]}`], { encoding: "utf8" });
  assert.equal([loaded.stdout.trim(), loaded.stderr], ["_saeq", ""]);
  // The two functions of zsh that offer words, replaced by some that print them.
  const offered = (words: string): string => {
    const script = `_describe() { print -rl -- "\${(@P)2}" }\n_arguments() { print -rl -- "$@" }\n${completionScript("zsh")}\nwords=(${words})\nCURRENT=\${#words}\n_saeq`;
    const { stdout, stderr } = spawnSync("zsh", ["-f", "-c", script], { encoding: "utf8" });
    assert.is(stderr, "");
    return stdout;
  };
  assert.match(offered("saeq ru"), /^run:run a script file/m);
  assert.match(offered("saeq doc tok"), /\btokenize\b/);
  assert.match(offered("saeq fmt --ch"), /^--check\[/m);
});

test("fish completes commands", () => {
  if (!has("fish")) return;
  const { stdout } = spawnSync("fish", ["--no-config", "-c", `${completionScript("fish")}\ncomplete -C 'saeq ru'`], { encoding: "utf8" });
  assert.match(stdout, /^run\t/);
});

test("every command and flag stands in every script", () => {
  const { commands: table, flags } = commandTable();
  for (const shell of ["bash", "zsh", "fish"] as const) {
    const script = completionScript(shell);
    for (const { name } of table) assert.match(script, name);
    for (const flag of [...flags, ...table.flatMap((command) => command.flags)]) for (const name of flag.names) assert.match(script, shell === "fish" ? name.replace(/^-+/, "") : name);
  }
  assert.is(saeq(["completions", "tcsh"], { cwd: folder() }).status, 2);
});

test.run();
