/** Without this file the command line would be read in many places: argv in, one plain request out. */
import { Argument, Command, CommanderError, Option } from "commander";
import { DTYPES, PROVIDERS } from "../src/emit/target.ts";
import { collect, layerNumber, wholeNumber } from "./argument_values.ts";
import { normalize, type Normalized } from "./flags.ts";
import { action } from "./meant_action.ts";
import { type CacheAction, cacheActions, exportFormats, formats, type Options, phases, type Request, type SaeQuestion, saeQuestions, type Shell, shells } from "./request.ts";
import { addSharing } from "./sharing_commands.ts";

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
    return { kind: "say", text: `${said.join("")}${elsewhere(error)}`, exitCode: error.exitCode === 0 ? 0 : 2 };
  }
  return found.request ?? { kind: "say", text: program.helpInformation(), exitCode: 2 };
}

/** What a flag of some commands is called for those that print results. */
function elsewhere({ code, message }: CommanderError): string {
  const [, format] = code === "commander.unknownOption" ? (/'--(json|jsonl|csv|tsv)'/.exec(message) ?? []) : [];
  return format === undefined ? "" : `(results are printed so with --format ${format})\n`;
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
  const options = (): Options => ({ ...readOptions(program.opts()), bare: normalized.bare ?? [], behind: normalized.behind ?? [] });

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
    .argument("<file>", "the script, or a bundle of one")
    .option("--param <name=value>", "set a param of the script (repeatable)")
    .option("--frozen", "only with what saeq.lock says: the same inputs, a seed, an edition line, and no downloads (exit 5)")
    .option("--record", "write what happened to <script>.run.json, beside what is saved: `saeq verify` compares with it")
    .action((file: string, own: Record<string, unknown>) => done({ kind: "run", file, params: normalized.params, help: normalized.help, record: own["record"] === true, frozen: own["frozen"] === true, options: options() }));
  program
    .command("eval")
    .description("run one query with the rights of the person who typed it")
    .argument("<code...>", "the query; `-` reads stdin")
    .action((words: string[]) => done({ kind: "eval", code: words.join(" "), options: options() }));
  program
    .command("check")
    .description("report mistakes without running anything (exit 3)")
    .argument("<files...>", "scripts, or folders of them; `-` reads stdin")
    .option("--json", "as editors read it: lines and characters from 0, fixes as data")
    .action((files: string[], own: Record<string, unknown>) => done({ kind: "check", files, json: own["json"] === true, options: options() }));
  program
    .command("fmt")
    .description("write scripts in canonical form; --check only compares (exit 3)")
    .argument("<files...>", "scripts, or folders of them; `-` reads stdin and writes stdout")
    .option("--check", "say which files differ, write nothing")
    .option("--fix", "first apply the fixes of messages that leave no choice")
    .action((files: string[], own: Record<string, unknown>) => done({ kind: "fmt", files, check: own["check"] === true, fix: own["fix"] === true, options: options() }));
  program
    .command("lint")
    .description("find what runs but is seldom meant (exit 3)")
    .argument("[files...]", "scripts, or folders of them")
    .option("--rules", "list the rules")
    .option("--json", "as `check --json`")
    .action((files: string[], own: Record<string, unknown>) => done({ kind: "lint", files, rules: own["rules"] === true, json: own["json"] === true, options: options() }));
  program
    .command("test")
    .description("run *_test.saeq files: every `assert` has to hold, and the last result that is shown has to be that of FILE.snap, where there is one (exit 1)")
    .argument("[files...]", "tests, or folders of them; all below the current folder where none is given")
    .option("--update", "write what is shown last of each test as its snapshot, FILE.snap")
    .action((files: string[], own: Record<string, unknown>) => done({ kind: "test", files, update: own["update"] === true, options: options() }));
  addSharing(program, normalized.params, options, done);
  program
    .command("explain")
    .description("show the plan and its cost, without running it unless asked")
    .argument("<target...>", "a script file, whose params are flags (--n 20), or a query")
    .option("--analyze", "run it, and show what each step took")
    .option("--json", "for machines")
    .addOption(new Option("--phase <name>", "what one phase of the compiler makes of it").choices([...phases]))
    .action((words: string[], own: Record<string, unknown>) => done({ kind: "explain", target: words.join(" "), phase: phases.find((name) => name === own["phase"]) ?? null, analyze: own["analyze"] === true, json: own["json"] === true, params: normalized.params, options: options() }));
  program
    .command("info")
    .description("what a script reads, writes, takes and uses, without running it")
    .argument("<file>", "the script, or a bundle of one; its params are flags: --n 20")
    .option("--param <name=value>", "set a param of the script (repeatable)")
    .option("--permissions", "only the flags that grant what it needs")
    .option("--json", "for machines")
    .action((file: string, own: Record<string, unknown>) => done({ kind: "info", file, permissions: own["permissions"] === true, json: own["json"] === true, params: normalized.params, options: options() }));
  program
    .command("sae")
    .description("SAEs that are known by name: ls [release], search <words>, info <release/id>")
    .addArgument(action("<what>", "what to do", saeQuestions))
    .argument("[words...]", "a release, words to look for, or the name of one")
    .option("--model <name>", "only those of models with this in their name")
    .option("--layer <n>", "only those of this layer", layerNumber)
    .option("--hook <name>", "only those with this in their hook: resid_post, mlp_out …")
    .action((what: SaeQuestion, words: string[], own: Record<string, unknown>) =>
      done({ kind: "sae", what, words, model: text(own["model"]), layer: typeof own["layer"] === "number" ? own["layer"] : null, hook: text(own["hook"]), options: options() }));
  program
    .command("export")
    .description("run a script and write source, results and plots as one file for people without saeq")
    .argument("<file>", "the script; `-` reads stdin")
    .addOption(new Option("--to <format>", "a page that opens offline, Markdown, or a notebook; as the ending of -o says where not given").choices([...exportFormats]))
    .option("-o, --output <file>", "where to write it; `-` writes stdout; beside the outputs where not given")
    .option("--against <record>", "the record of a run: what differs from it is said at the top; NAME.run.json of --out where not given")
    .option("--param <name=value>", "set a param of the script (repeatable)")
    .action((file: string, own: Record<string, unknown>) => {
      const output = text(own["output"]);
      const to = exportFormats.find((name) => name === own["to"] || (own["to"] === undefined && output?.endsWith(`.${name}`) === true));
      if (to === undefined) return done({ kind: "say", text: `error: say what to write: --to ${exportFormats.join("|")}, or -o with one of these endings\n`, exitCode: 2 });
      done({ kind: "export", file, to, output, against: text(own["against"]), params: normalized.params, options: options() });
    });
  program
    .command("parity")
    .description("compare with what transformers and sae_lens computed on the same texts (exit 1 where they differ)")
    .requiredOption("--against <dump>", "a dump of examples/parity/make_dump.py")
    .option("--model <name>", "the model the dump was made with; the shipped one where not given")
    .option("--sae <name>", "the SAE the dump was made with")
    .addOption(new Option("--convention <name>", "how the SAE is read; as sae_lens does where not given").choices(["saelens", "openmoss", "neuronpedia"]))
    .action((own: Record<string, unknown>) => done({ kind: "parity", against: String(own["against"]), model: text(own["model"]), sae: text(own["sae"]), convention: text(own["convention"]), options: options() }));
  program
    .command("doc")
    .description("help for a stage, setting, function or code; the descriptions in a script")
    .argument("[word...]", "what to explain, or a script file")
    .action((words: string[]) => done({ kind: "doc", word: words.length === 0 ? null : words.join(" "), options: options() }));
  program
    .command("lsp")
    .description("answer an editor on stdin and stdout (Language Server Protocol)")
    .addOption(new Option("--stdio").hideHelp())
    .addOption(new Option("--clientProcessId <id>").hideHelp())
    .action(() => done({ kind: "lsp", options: options() }));
  program
    .command("doctor")
    .description("what this machine has, what is missing and how to add it (exit 1 where nothing can run)")
    .addOption(new Option("--install <what>", "add a provider's libraries").choices(["cuda"]))
    .option("--from <dir>", "take them from this folder instead of the network")
    .action((own: Record<string, unknown>) => done({ kind: "doctor", install: own["install"] === "cuda" ? "cuda" : null, from: text(own["from"]), options: options() }));
  program
    .command("cache")
    .description("results kept on disk: list them, make room, or remove them")
    .addArgument(action("<action>", "`ls`, `gc` (remove what was used least recently) or `clear`", cacheActions))
    .option("--limit <size>", "what `gc` leaves at most, as 2GB; the usual limit where not given")
    .action((action: CacheAction, own: Record<string, unknown>) => done({ kind: "cache", action, limit: text(own["limit"]), options: options() }));
  program
    .command("completions")
    .description("a script that teaches a shell to complete saeq")
    .addArgument(new Argument("<shell>", "which one").choices([...shells]))
    .action((shell: Shell) => done({ kind: "completions", shell, options: options() }));
  for (const command of program.commands) command.exitOverride().configureOutput({ writeOut: say, writeErr: say }).configureHelp({ showGlobalOptions: true });
  return program;
}

/** One flag of the command line. */
export interface FlagFacts {
  /** `--format`, and `-q` where it has a letter. */
  readonly names: readonly string[];
  readonly takesValue: boolean;
  readonly choices: readonly string[];
  readonly doc: string;
}
export interface CommandFacts {
  readonly name: string;
  readonly usage: string;
  readonly doc: string;
  readonly flags: readonly FlagFacts[];
  /** Words that its argument may be, where they are few. */
  readonly words: readonly string[];
}

/** The command line as data: completion scripts and the reference read it. */
export function commandTable(): { readonly commands: readonly CommandFacts[]; readonly flags: readonly FlagFacts[] } {
  const program = build("", { kind: "arguments", argv: [], params: {}, help: false }, () => {}, () => {});
  const flagsOf = (command: Command): FlagFacts[] =>
    command.options.filter((option) => !option.hidden).map((option) => ({
      names: [option.long, option.short].filter((name) => typeof name === "string"),
      takesValue: option.required,
      choices: option.argChoices ?? [],
      doc: option.description,
    }));
  return {
    commands: program.commands.map((command) => ({
      name: command.name(),
      usage: `saeq ${command.name()} ${command.usage()}`,
      doc: command.description(),
      flags: flagsOf(command),
      words: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
    })),
    flags: flagsOf(program),
  };
}

function addGlobals(program: Command): void {
  program
    .option("--allow-read [paths]", "let a script read these (with =), or everything (also -R)", collect)
    .option("--allow-write [paths]", "let a script write these (with =), or everything (also -W)", collect)
    .option("--allow-net [hosts]", "let a script ask these hosts (with =), or all (also -N): models and SAEs of the hub", collect)
    .addOption(new Option("-N, --allow-net-all").hideHelp())
    .addOption(new Option("-R, --allow-read-all").hideHelp())
    .addOption(new Option("-W, --allow-write-all").hideHelp())
    .option("-A, --allow-all", "let a script read, write and download everything")
    .option("--deny-read [paths]", "never let it read these (with =), or anything; wins over what is allowed", collect)
    .option("--deny-write [paths]", "never let it write these (with =), or anything", collect)
    .option("--deny-net [hosts]", "never let it ask these hosts (with =), or any", collect)
    .addOption(new Option("--deny-read-all").hideHelp())
    .addOption(new Option("--deny-write-all").hideHelp())
    .addOption(new Option("--deny-net-all").hideHelp())
    .option("--permissions-of <set>", "allow and deny what this set in saeq.json does (also -P=set, and -P for the set `default`)")
    .option("--audit <file>", "append each file and host that is used to this file, as JSON lines")
    .option("--seed <text>", "seed of all samples; a `set` in the script wins, over --lanes to --dtype too")
    .option("--lanes <n>", "engine processes", wholeNumber)
    .option("--threads <n>", "threads in each of them", wholeNumber)
    .option("--batch <n>", "texts per batch at most", wholeNumber)
    .addOption(new Option("--ep <name>", "where the model runs").choices(["auto", ...PROVIDERS]))
    .addOption(new Option("--dtype <name>", "numbers the model computes in").choices(["auto", ...DTYPES]))
    .option("--ep-library <file>", "library of a plugin provider; only here, since no script may load native code")
    .option("--out <dir>", "folder for what `save` writes")
    .addOption(new Option("--format <name>", "how results are printed").choices([...formats]).default("table"))
    .addOption(new Option("--color <when>", "colours").choices(["auto", "always", "never"]).default("auto"))
    .option("--ascii", "draw with ASCII only")
    .option("--no-progress", "no progress lines")
    .option("--no-cache", "neither read nor write the cache folder")
    .option("--raw-csv", "write CSV and TSV as the data has it; else text that a spreadsheet would run gets a ' in front")
    .option("-q, --quiet", "only results and errors")
    .option("--no-prompt", "never ask; missing permissions are an error");
}

function readOptions(raw: Record<string, unknown>): Options {
  const settings: Record<string, string> = {};
  for (const key of ["seed", "lanes", "threads", "batch", "ep", "dtype"]) {
    const value = text(raw[key]);
    if (value !== null) settings[key] = value;
  }
  const grant = (kind: "Read" | "Write" | "Net"): true | readonly string[] => {
    if (raw["allowAll"] === true || raw[`allow${kind}All`] === true) return true;
    const paths = raw[`allow${kind}`];
    return Array.isArray(paths) ? paths.map(String) : [];
  };
  const color = text(raw["color"]);
  return {
    read: grant("Read"),
    write: grant("Write"),
    net: grant("Net"),
    deny: Object.fromEntries((["read", "write", "net"] as const).flatMap((kind) => denial(raw, kind))),
    permissions: text(raw["permissionsOf"]),
    audit: text(raw["audit"]),
    settings,
    library: text(raw["epLibrary"]),
    out: text(raw["out"]),
    format: formats.find((name) => name === raw["format"]) ?? "table",
    color: color === "always" || color === "never" ? color : "auto",
    ascii: raw["ascii"] === true,
    progress: raw["progress"] !== false,
    cache: raw["cache"] !== false,
    quiet: raw["quiet"] === true,
    prompt: raw["prompt"] !== false,
    rawCsv: raw["rawCsv"] === true,
  };
}

function denial(raw: Record<string, unknown>, kind: "read" | "write" | "net"): readonly (readonly ["read" | "write" | "net", true | readonly string[]])[] {
  const name = `deny${kind[0]!.toUpperCase()}${kind.slice(1)}`;
  const names = raw[name];
  return raw[`${name}All`] === true ? [[kind, true]] : Array.isArray(names) ? [[kind, names.map(String)]] : [];
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
