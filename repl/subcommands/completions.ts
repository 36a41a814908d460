/** Without this file every flag would have to be remembered: scripts for shells, made from the command table. */
import { STAGES } from "../../src/stages/mod.ts";
import { commandTable, type CommandFacts, type FlagFacts } from "../arguments.ts";
import { type Request, type Shell } from "../request.ts";
import type { Shop } from "./shop.ts";

/** `saeq completions SHELL` */
export async function completions(request: Extract<Request, { kind: "completions" }>, shop: Shop): Promise<number> {
  shop.stdout.write(completionScript(request.shell));
  return 0;
}

/** The script for one shell: commands, flags, choices of flags, and stages after `doc`. */
export function completionScript(shell: Shell): string {
  const { commands, flags } = commandTable();
  switch (shell) {
    case "bash": return bash(commands, flags);
    case "zsh": return zsh(commands, flags);
    case "fish": return fish(commands, flags);
    default: return shell satisfies never;
  }
}

/** Words that may follow a command, flags left out. */
function wordsOf(command: CommandFacts): readonly string[] {
  return command.name === "doc" ? STAGES.map((stage) => stage.name) : command.words;
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

function bash(commands: readonly CommandFacts[], flags: readonly FlagFacts[]): string {
  const everywhere = flags.flatMap((flag) => flag.names);
  const choices = [...flags, ...commands.flatMap((command) => command.flags)].filter((flag) => flag.choices.length > 0);
  return [
    "# saeq completions for bash: source <(saeq completions bash)",
    "_saeq() {",
    '  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" command="" i',
    "  COMPREPLY=()",
    "  for ((i = 1; i < COMP_CWORD; i++)); do",
    '    case "${COMP_WORDS[i]}" in',
    `      ${commands.map((command) => command.name).join("|")}) command="\${COMP_WORDS[i]}"; break ;;`,
    "    esac",
    "  done",
    '  case "$before" in',
    ...choices.map((flag) => `    ${flag.names.join("|")}) COMPREPLY=($(compgen -W ${quoted(flag.choices.join(" "))} -- "$word")); return ;;`),
    "  esac",
    '  case "$command" in',
    `    "") COMPREPLY=($(compgen -W ${quoted([...commands.map((command) => command.name), ...everywhere].join(" "))} -- "$word")) ;;`,
    ...commands.map((command) => `    ${command.name}) COMPREPLY=($(compgen -W ${quoted([...wordsOf(command), ...command.flags.flatMap((flag) => flag.names), ...everywhere].join(" "))} -- "$word")) ;;`),
    "  esac",
    '  if [[ -n "$command" && "$word" != -* ]]; then COMPREPLY+=($(compgen -f -- "$word")); fi',
    "}",
    "complete -o filenames -F _saeq saeq",
    "",
  ].join("\n");
}

function zsh(commands: readonly CommandFacts[], flags: readonly FlagFacts[]): string {
  const plain = (text: string): string => text.replaceAll("[", "(").replaceAll("]", ")").replaceAll(":", " -");
  const spec = (flag: FlagFacts): string[] =>
    flag.names.map((name) => quoted(`${name}[${plain(flag.doc)}]${flag.choices.length > 0 ? `:value:(${flag.choices.join(" ")})` : flag.takesValue ? ":value:_files" : ""}`));
  return [
    "#compdef saeq",
    "# saeq completions for zsh: source <(saeq completions zsh)",
    "_saeq() {",
    "  local -a commands",
    "  commands=(",
    ...commands.map((command) => `    ${quoted(`${command.name}:${plain(command.doc)}`)}`),
    "  )",
    "  if (( CURRENT == 2 )); then _describe command commands; return; fi",
    '  case "${words[2]}" in',
    ...commands.map((command) => {
      const words = wordsOf(command);
      return `    ${command.name}) _arguments ${[...[...command.flags, ...flags].flatMap(spec), quoted(words.length === 0 ? "*:file:_files" : `*:word:(${words.join(" ")})`)].join(" ")} ;;`;
    }),
    "  esac",
    "}",
    'if [[ "${funcstack[1]}" == _saeq ]]; then _saeq "$@"; elif (( $+functions[compdef] )); then compdef _saeq saeq; fi',
    "",
  ].join("\n");
}

function fish(commands: readonly CommandFacts[], flags: readonly FlagFacts[]): string {
  const line = (condition: string, flag: FlagFacts): string =>
    [
      `complete -c saeq${condition}`,
      ...flag.names.map((name) => (name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)),
      ...(flag.choices.length > 0 ? [`-x -a ${quoted(flag.choices.join(" "))}`] : flag.takesValue ? ["-r"] : []),
      `-d ${quoted(flag.doc)}`,
    ].join(" ");
  return [
    "# saeq completions for fish: saeq completions fish | source",
    ...commands.map((command) => `complete -c saeq -n __fish_use_subcommand -f -a ${command.name} -d ${quoted(command.doc)}`),
    ...flags.map((flag) => line("", flag)),
    ...commands.flatMap((command) => {
      const here = ` -n '__fish_seen_subcommand_from ${command.name}'`;
      const words = wordsOf(command);
      return [...command.flags.map((flag) => line(here, flag)), ...(words.length === 0 ? [] : [`complete -c saeq${here} -a ${quoted(words.join(" "))}`])];
    }),
    "",
  ].join("\n");
}
