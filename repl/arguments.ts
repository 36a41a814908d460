/** Without this file the command line would be read in many places: argv in, one plain request out. */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { normalize, type Normalized } from "./flags.ts";

/** Flags that every command understands. */
export interface Options {
  /** `true` grants everything; a list grants these paths; empty grants nothing. */
  readonly read: true | readonly string[];
  readonly write: true | readonly string[];
  /** `set` pairs: seed, lanes, threads, batch. */
  readonly settings: Readonly<Record<string, string>>;
  readonly out: string | null;
  readonly format: Format;
  readonly color: "auto" | "always" | "never";
  readonly ascii: boolean;
  readonly progress: boolean;
  readonly quiet: boolean;
  readonly prompt: boolean;
}

export const formats = ["table", "json", "jsonl", "csv", "tsv"] as const;
export type Format = (typeof formats)[number];

/** What the command line asks for. */
export type Request =
  | { readonly kind: "repl"; readonly plain: boolean; readonly code: string | null; readonly history: boolean; readonly options: Options }
  | { readonly kind: "run"; readonly file: string; readonly params: Readonly<Record<string, string>>; readonly help: boolean; readonly options: Options }
  | { readonly kind: "eval"; readonly code: string; readonly options: Options }
  | { readonly kind: "check"; readonly files: readonly string[]; readonly options: Options }
  | { readonly kind: "explain"; readonly target: string; readonly options: Options }
  | { readonly kind: "doc"; readonly word: string | null; readonly options: Options }
  | { readonly kind: "fmt"; readonly files: readonly string[]; readonly check: boolean; readonly options: Options }
  | { readonly kind: "doctor"; readonly options: Options }
  /** Nothing to do but say this: help, version (stdout, 0) or a mistake in the command line (stderr, 2). */
  | { readonly kind: "say"; readonly text: string; readonly exitCode: number };

/** Read a command line, without the program's own name. `piped`: stdin is not a terminal. */
export function parseArguments(argv: readonly string[], about: { readonly version: string; readonly piped: boolean }): Request {
  const normalized = normalize(argv, about.piped);
  if (normalized.kind === "mistake") return { kind: "say", text: `error: ${normalized.text}\n`, exitCode: 2 };
  const said: string[] = [];
  const found: { request: Request | null } = { request: null };
  const program = build(about.version, normalized, (request) => (found.request = request), (text) => said.push(text));
  try {
    program.parse([...normalized.argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { kind: "say", text: said.join(""), exitCode: error.exitCode === 0 ? 0 : 2 };
  }
  return found.request ?? { kind: "say", text: program.helpInformation(), exitCode: 2 };
}

function build(version: string, normalized: Extract<Normalized, { kind: "arguments" }>, done: (request: Request) => void, say: (text: string) => void): Command {
  const program = new Command("saeq");
  program
    .description("Which sparse-autoencoder features fire on which texts? Without a command: the REPL, or a script from stdin.")
    .version(`saeq ${version}`, "-V, --version", "print the version")
    .exitOverride()
    .configureOutput({ writeOut: say, writeErr: say })
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError(true)
    .helpCommand(false);
  addGlobals(program);
  const options = (): Options => readOptions(program.opts());

  program
    .command("repl")
    .description("type queries and see results")
    .option("--plain", "no in-place updates: for screen readers, logs and dumb terminals")
    .option("--eval <code>", "run this first")
    .option("--no-history", "neither read nor write the history file")
    .action((own: Record<string, unknown>) =>
      done({ kind: "repl", plain: own["plain"] === true, code: text(own["eval"]), history: own["history"] !== false, options: options() }));
  program
    .command("run")
    .description("run a script file, or stdin with `-`; its params are flags: --n 20")
    .argument("<file>", "the script")
    .option("--param <name=value>", "set a param of the script (repeatable)")
    .action((file: string) => done({ kind: "run", file, params: normalized.params, help: normalized.help, options: options() }));
  program
    .command("eval")
    .description("run one query with the rights of the person who typed it")
    .argument("<code...>", "the query; `-` reads stdin")
    .action((words: string[]) => done({ kind: "eval", code: words.join(" "), options: options() }));
  program
    .command("check")
    .description("report mistakes without running anything (exit 3)")
    .argument("<files...>", "scripts")
    .action((files: string[]) => done({ kind: "check", files, options: options() }));
  program
    .command("explain")
    .description("show the plan and its cost without running it")
    .argument("<target...>", "a script file or a query")
    .action((words: string[]) => done({ kind: "explain", target: words.join(" "), options: options() }));
  program
    .command("doc")
    .description("help for a stage, keyword, setting or diagnostic code")
    .argument("[word...]", "what to explain")
    .action((words: string[]) => done({ kind: "doc", word: words.length === 0 ? null : words.join(" "), options: options() }));
  program
    .command("fmt")
    .description("write scripts in canonical form; --check only compares (exit 3)")
    .argument("<files...>", "scripts")
    .option("--check", "say which files differ, write nothing")
    .action((files: string[], own: Record<string, unknown>) => done({ kind: "fmt", files, check: own["check"] === true, options: options() }));
  program
    .command("doctor")
    .description("facts about this machine and terminal, for bug reports")
    .action(() => done({ kind: "doctor", options: options() }));
  for (const command of program.commands) command.exitOverride().configureOutput({ writeOut: say, writeErr: say }).configureHelp({ showGlobalOptions: true });
  return program;
}

function addGlobals(program: Command): void {
  program
    .option("--allow-read [paths]", "let a script read these (with =), or everything (also -R)", collect)
    .option("--allow-write [paths]", "let a script write these (with =), or everything (also -W)", collect)
    .addOption(new Option("-R, --allow-read-all").hideHelp())
    .addOption(new Option("-W, --allow-write-all").hideHelp())
    .option("-A, --allow-all", "let a script read and write everything")
    .option("--seed <text>", "seed of all samples")
    .option("--lanes <n>", "engine processes", wholeNumber)
    .option("--threads <n>", "threads in each of them", wholeNumber)
    .option("--batch <n>", "texts per batch at most", wholeNumber)
    .option("--out <dir>", "folder for what `save` writes")
    .addOption(new Option("--format <name>", "how results are printed").choices([...formats]).default("table"))
    .addOption(new Option("--color <when>", "colours").choices(["auto", "always", "never"]).default("auto"))
    .option("--ascii", "draw with ASCII only")
    .option("--no-progress", "no progress lines")
    .option("-q, --quiet", "only results and errors")
    .option("--no-prompt", "never ask; missing permissions are an error");
}

function readOptions(raw: Record<string, unknown>): Options {
  const settings: Record<string, string> = {};
  for (const key of ["seed", "lanes", "threads", "batch"]) {
    const value = text(raw[key]);
    if (value !== null) settings[key] = value;
  }
  const grant = (kind: "Read" | "Write"): true | readonly string[] => {
    if (raw["allowAll"] === true || raw[`allow${kind}All`] === true) return true;
    const paths = raw[`allow${kind}`];
    return Array.isArray(paths) ? paths.map(String) : [];
  };
  const color = text(raw["color"]);
  return {
    read: grant("Read"),
    write: grant("Write"),
    settings,
    out: text(raw["out"]),
    format: formats.find((name) => name === raw["format"]) ?? "table",
    color: color === "always" || color === "never" ? color : "auto",
    ascii: raw["ascii"] === true,
    progress: raw["progress"] !== false,
    quiet: raw["quiet"] === true,
    prompt: raw["prompt"] !== false,
  };
}

/** `a,b` are two paths; `,,` is a comma in a name. */
function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  const paths = value.split(/(?<!,),(?!,)/).map((path) => path.replaceAll(",,", ","));
  if (paths.includes("")) throw new InvalidArgumentError("An empty path grants nothing.");
  return [...(before ?? []), ...paths];
}

function wholeNumber(value: string): string {
  if (!/^[1-9]\d{0,5}$/.test(value)) throw new InvalidArgumentError("It takes a whole number above 0.");
  return value;
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
