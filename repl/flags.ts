/** Without this file a bare `--allow-read` would eat the script's name and a script's own params would be unknown flags. */
import { shellWord } from "../runtime/data/shell_word.ts";
import { LOCK_KINDS } from "../runtime/lock/lock_file.ts";
import { nearest } from "../src/check/suggest.ts";

export type Normalized =
  | {
      readonly kind: "arguments";
      /** Only what the argument parser knows. */
      readonly argv: readonly string[];
      readonly params: Readonly<Record<string, string>>;
      /** Those that stand without a value. */
      readonly bare?: readonly string[];
      /** Names of our own flags that stand behind the script. */
      readonly behind?: readonly string[];
      /** `run FILE --help`: the help of the script, not ours. */
      readonly help: boolean;
    }
  | { readonly kind: "mistake"; readonly text: string };

/** Every command, in the order of the help. */
export const commands: readonly string[] = ["repl", "run", "eval", "check", "fmt", "lint", "test", "lock", "bundle", "verify", "explain", "info", "export", "sae", "parity", "doc", "lsp", "doctor", "cache", "completions"];
/** Flags of every command that take the next word. */
const withValue = new Set(["--seed", "--lanes", "--threads", "--batch", "--ep", "--dtype", "--ep-library", "--out", "--format", "--color", "--audit"]);
/** Flags of single commands that do: before the command stands nobody's param. */
const withValueSomewhere = new Set(["--from", "--install", "--param", "--eval", "--model", "--layer", "--hook", "--against", "--sae", "--convention", "--limit", "--to", "--tier", "--output", "-o", "--data-limit"]);
const alone = new Set([
  "--allow-read", "--allow-write", "--allow-all", "--allow-read-all", "--allow-write-all", "--allow-net", "--allow-net-all", "-R", "-W", "-N", "-A", "-P", "--permissions-of", "--ascii", "--no-progress", "--no-cache",
  "--deny-read", "--deny-write", "--deny-net", "--deny-read-all", "--deny-write-all", "--deny-net-all",
  "-q", "--quiet", "--no-prompt", "--raw-csv", "--help", "-h", "--version", "-V",
]);
/** Commands that pass on the params of a script, with their own flags: all others are params. */
const withParams: Readonly<Record<string, { readonly alone: readonly string[]; readonly value: readonly string[] }>> = {
  run: { alone: ["--record", "--frozen"], value: [] },
  lock: { alone: ["--check", "--update"], value: ["--update-only"] },
  bundle: { alone: ["--no-results", "--with-models"], value: ["-o", "--output", "--data-limit"] },
  verify: { alone: [], value: ["--against", "--tier"] },
  explain: { alone: ["--analyze", "--json"], value: ["--phase"] },
  export: { alone: [], value: ["--to", "-o", "--output", "--against"] },
  info: { alone: ["--permissions", "--json"], value: [] },
};

/** A flag that could be a param's. */
const PARAM = /^--[A-Za-z_]\w*$/;

/** How a param of a script is given: as a flag, or by `--param` where saeq has a flag of that name. `value`: what stands behind it. */
export function paramFlag(name: string, value: string): readonly [string, string] {
  const flag = `--${name}`;
  const taken = withValue.has(flag) || alone.has(flag) || Object.values(withParams).some((own) => own.alone.includes(flag) || own.value.includes(flag)) || flag === "--param";
  return taken ? ["--param", `${name}=${value}`] : [flag, value];
}

/** Rewrite argv so that the parser behind it cannot misread it. */
export function normalize(argv: readonly string[], piped: boolean): Normalized {
  const words = argv.map(permissionFlag);
  const at = firstOperand(words);
  const command = at === null ? null : words[at];
  const asks = words.some((word) => ["--help", "-h", "--version", "-V"].includes(word));
  if (command === null || at === null) {
    if (asks) return plain(words);
    const wantsRepl = words.some((word) => word === "--plain" || word.startsWith("--eval"));
    return piped && !wantsRepl ? plain([...words, "run", "-"]) : plain(["repl", ...words]);
  }
  const kind = command === "lock" ? words.find((word) => word.startsWith("--update="))?.slice("--update=".length) : undefined;
  if (kind !== undefined && !LOCK_KINDS.some((each) => each === kind)) return { kind: "mistake", text: `--update takes ${LOCK_KINDS.map((each) => `=${each}`).join(", ")}, or nothing for all of them, not \`${kind}\`` };
  if (command === "lock") return splitRun([...words.slice(0, at + 1), ...words.slice(at + 1).flatMap(updateOf)], at);
  if (command !== undefined && Object.hasOwn(withParams, command)) return splitRun(words, at);
  if (command !== undefined && !commands.includes(command)) return { kind: "mistake", text: unknownCommand(command) };
  return plain(words);
}

/** The short forms written out: `-R=data` is `--allow-read=data`; what stands bare is everything, and eats no next word. */
function permissionFlag(word: string): string {
  const [name = "", value] = [word.split("=", 1)[0], word.includes("=") ? word.slice(word.indexOf("=") + 1) : undefined];
  if (name === "-P") return `--permissions-of=${value ?? "default"}`;
  const long = { "-R": "--allow-read", "-W": "--allow-write", "-N": "--allow-net" }[name] ?? (/^--(allow|deny)-(read|write|net)$/.test(name) ? name : null);
  return long === null ? word : value === undefined ? `${long}-all` : `${long}=${value}`;
}

function plain(argv: readonly string[]): Normalized {
  return { kind: "arguments", argv, params: {}, help: false };
}

function takesNext(word: string): boolean {
  return withValue.has(word) || withValueSomewhere.has(word);
}

function firstOperand(words: readonly string[]): number | null {
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    if (takesNext(word)) i++;
    else if (!word.startsWith("-") || word === "-") return i;
  }
  return null;
}

function unknownCommand(word: string): string {
  if (/\.saeq$|[\\/]/.test(word)) return `\`${word}\` is not a command; to run a script: saeq run ${shellWord(word)}`;
  if (/[\s|]/.test(word)) return `\`${word}\` is not a command; to run a query: saeq eval '${word.replaceAll("'", `'\\''`)}'`;
  const guess = nearest(word, commands);
  return `no command \`${word}\`${guess === null ? "" : `; did you mean \`${guess}\`?`} (commands: ${commands.join(", ")})`;
}

/** `--update=data`, and `--update data` as people write it; a bare `--update` must not eat the script's name. */
function updateOf(word: string, i: number, words: readonly string[]): string[] {
  if (word.startsWith("--update=")) return ["--update-only", word.slice("--update=".length)];
  if (word === "--update" && LOCK_KINDS.some((kind) => kind === words[i + 1])) return ["--update-only"];
  return [word];
}

/** `run FILE --n 20 --flag --param k=v`: our own flags stay, the rest are params of the script. */
function splitRun(words: readonly string[], at: number): Normalized {
  const command = words[at] ?? "";
  const own = withParams[command]!;
  const ours: string[] = words.slice(0, at + 1);
  const params: Record<string, string> = Object.create(null);
  const bare: string[] = [];
  const behind: string[] = [];
  let file: string | null = null;
  let help = false;
  for (let i = at + 1; i < words.length; i++) {
    const word = words[i] ?? "";
    const name = word.split("=", 1)[0] ?? "";
    if (word === "--help" || word === "-h") help = true;
    else if (name === "--param") {
      const pair = word.includes("=") ? word.slice("--param=".length) : (words[++i] ?? "");
      const mistake = addPair(params, pair);
      if (mistake !== null) return { kind: "mistake", text: mistake };
    } else if (!word.startsWith("-") || word === "-") {
      if (file !== null && command !== "lock" && command !== "explain") return { kind: "mistake", text: `one script at a time: \`${file}\` and \`${word}\` (a param is given as --name value)` };
      file = word;
      ours.push(word);
    } else if (alone.has(name) || own.alone.includes(name)) {
      ours.push(word);
      if (file !== null && PARAM.test(name)) behind.push(name.slice(2));
    } else if (withValue.has(name) || own.value.includes(name)) {
      ours.push(word);
      if (file !== null && PARAM.test(name)) behind.push(name.slice(2));
      if (!word.includes("=")) ours.push(words[++i] ?? "");
    } else if (PARAM.test(name)) {
      const next = words[i + 1];
      const inline = word.includes("=");
      const isFlag = next === undefined || (next.startsWith("-") && !/^-[\d.]/.test(next));
      params[name.slice(2)] = inline ? word.slice(name.length + 1) : isFlag ? "true" : next;
      if (!inline && isFlag) bare.push(name.slice(2));
      if (!inline && !isFlag) i++;
    } else ours.push(word);
  }
  if (help && (file === null || command !== "run")) return plain([command, "--help"]);
  return { kind: "arguments", argv: ours, params, bare, behind, help };
}

function addPair(params: Record<string, string>, pair: string): string | null {
  const at = pair.indexOf("=");
  if (at < 1) return `--param needs name=value, not \`${pair}\``;
  params[pair.slice(0, at)] = pair.slice(at + 1);
  return null;
}
