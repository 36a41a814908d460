/** Without this file a session could not be written down as a script. */
import type { Pipeline, PipelineStatement, Script } from "../grammar/ast.ts";
import { parse } from "../grammar/parse.ts";
import { print } from "../grammar/print.ts";
import { STAGE_BY_NAME } from "../src/stages/mod.ts";
import { bareWords } from "./highlight.ts";
import { applyRenames, renamesOf } from "./journal_names.ts";
import { apply, type Change } from "./journal_text.ts";

/** One pipeline of an entry that ran: the key of its plan, and the number of its result, 0 where it has none. */
export interface RanPipeline {
  readonly key: string;
  readonly result: number;
}

/** A text that took effect: its statements that are no pipelines, and those pipelines that ran, which may be fewer than it holds. */
export interface Success {
  readonly text: string;
  readonly ran: readonly RanPipeline[];
}
export type Journal = readonly Success[];

/** A script and the keys that its pipelines must have. */
export interface Written {
  readonly text: string;
  readonly keys: readonly string[];
}

/**
 * The script that does what a session did, beginning with the `settings` it began with. What only a prompt understands is spelled out: a
 * leading `|`, `_` and `_3` become names bound by `let`, a name bound twice becomes two, and what did not run is left out.
 */
export function toScript(session: Journal, settings: Readonly<Record<string, string>>): Written {
  // What went wrong at the prompt is no part of what the script does.
  const journal = session.filter(({ text }) => !bareWords(text).some(({ name }) => name === "_error"));
  const prefix = freePrefix(journal);
  const steps = journal.map((entry, i): Step => ({ entry, script: parse(entry.text).script, last: lastResult(journal, i), prefix }));
  const used = new Set(steps.flatMap((step) => pipelinesOf(step.script).slice(0, step.entry.ran.length)
    .flatMap(({ pipeline }) => references(step, pipeline)).concat(named(step)).map((one) => one.result)));
  const texts = steps.map((step) => apply(step.entry.text, changesOf(step, used))).filter((text) => text.trim() !== "");
  const renamed = applyRenames(texts, renamesOf(texts));
  const already = leadingSettings(renamed);
  const head = Object.entries(settings).filter(([name]) => !already.has(name)).map(([name, value]) => `set ${name} ${literal(name, value)}`);
  const text = ["saeq 1", ...head, ...renamed].join("\n");
  const { script, diagnostics } = parse(text);
  return { text: diagnostics.length === 0 ? print(script) : `${text}\n`, keys: journal.flatMap(({ ran }) => ran.map(({ key }) => key)) };
}

interface Step {
  readonly entry: Success;
  readonly script: Script;
  /** The result that `_` means in this entry; 0 before the first. */
  readonly last: number;
  /** What the names of results begin with. */
  readonly prefix: string;
}

interface Reference extends Change {
  readonly result: number;
}

function pipelinesOf(script: Script): readonly PipelineStatement[] {
  return script.statements.filter((statement) => statement.kind === "pipelineStatement");
}

function lastResult(journal: Journal, before: number): number {
  for (let i = before - 1; i >= 0; i--) {
    const found = journal[i]?.ran.findLast(({ result }) => result > 0);
    if (found !== undefined) return found.result;
  }
  return 0;
}

/** References in the statements that are no pipelines: they took effect whatever ran. */
function named(step: Step): Reference[] {
  return step.script.statements.flatMap((statement) => (statement.kind === "let" ? references(step, statement.value) : statement.kind === "def" ? references(step, statement.body) : []));
}

/** `_`, `_3` and a leading `|` of one pipeline. */
function references({ entry, last, prefix }: Step, { continues, span }: Pipeline): Reference[] {
  const found: Reference[] = continues ? [{ start: span.start, end: span.start, text: `${prefix}${last} `, result: last }] : [];
  for (const { start, end, name } of bareWords(entry.text)) {
    const match = start < span.start || end > span.end ? null : /^_(\d*)$/.exec(name);
    if (match === null) continue;
    const result = match[1] === "" ? last : Number(match[1]);
    found.push({ start, end, text: `${prefix}${result}`, result });
  }
  return found;
}

/** What to change in one entry: references, bindings for results that are used, and nothing left of what did not run. */
function changesOf(step: Step, used: ReadonlySet<number>): Change[] {
  const { entry, script, prefix } = step;
  const changes: Change[] = [...named(step)];
  for (const statement of script.statements) if (statement.kind === "edition") changes.push({ ...statement.span, text: "" });
  for (const [i, statement] of pipelinesOf(script).entries()) {
    const { span } = statement;
    const ran = entry.ran[i];
    if (ran === undefined) {
      changes.push({ ...span, text: "" });
      continue;
    }
    const name = `${prefix}${ran.result}`;
    // Before the name that a leading `|` goes on from, which stands at the same place.
    if (used.has(ran.result)) changes.push({ start: span.start, end: span.start, text: `let ${name} = ` });
    changes.push(...references(step, statement.pipeline));
    if (!used.has(ran.result)) continue;
    const tail = passing(statement);
    if (tail === null) changes.push({ start: span.end, end: span.end, text: `\n${name}` });
    else changes.push({ start: tail, end: tail, text: `\n${name} ` });
  }
  return changes;
}

/** Where the stages begin, with their pipe, that only pass on what they get: they are no part of a value. Null where there are none. */
function passing({ pipeline }: PipelineStatement): number | null {
  const { stages } = pipeline;
  let first = stages.length;
  while (first > 1 && STAGE_BY_NAME.get(headOf(stages[first - 1]))?.passes === true) first--;
  return first === stages.length ? null : stages[first - 1]!.span.end;
}

function headOf(stage: PipelineStatement["pipeline"]["stages"][number] | undefined): string {
  const head = stage?.args[0]?.items[0]?.value;
  return head?.kind === "name" ? head.path.join(".") : "";
}

/** Settings made before anything that could depend on them. */
function leadingSettings(texts: readonly string[]): ReadonlySet<string> {
  const { statements } = parse(texts.join("\n")).script;
  const found = new Set<string>();
  for (const statement of statements) {
    if (statement.kind === "edition" || statement.kind === "param" || statement.kind === "use") continue;
    if (statement.kind !== "set") break;
    statement.args.forEach((arg, i) => {
      const word = arg.items[0]?.value;
      if (i % 2 === 0 && word?.kind === "name") found.add(word.path.join("."));
    });
  }
  return found;
}

/** A start of names that no text of the session holds. */
function freePrefix(journal: Journal): string {
  let prefix = "result_";
  while (journal.some(({ text }) => text.includes(prefix))) prefix = `${prefix.slice(0, -1)}s_`;
  return prefix;
}

/** A value as `set` takes it; several SAEs are separate texts. */
function literal(name: string, value: string): string {
  if (name === "sae") return value.split(",").map((one) => JSON.stringify(one.trim())).join(", ");
  return /^([A-Za-z_]\w*|\d+(\.\d+)?)$/.test(value) ? value : JSON.stringify(value);
}
