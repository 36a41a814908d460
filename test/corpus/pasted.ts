/** Without this file nobody would have said where the line of a `help` is meant to be pasted, so no test could paste it. */
import type { Pipeline, Script, Stage, Statement } from "../../grammar/ast.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import { parse } from "../../grammar/parse.ts";
import type { Span } from "../../grammar/span.ts";
import { parseArguments } from "../../repl/arguments.ts";
import { STAGES } from "../../src/stages/mod.ts";
import { usage } from "../../src/stages/stage.ts";
import { adviceFor, type Advice } from "./advice.ts";

/** Mistakes of the world outside, which a line may let be seen: a file that is not there, a hub that no test may ask. */
const REVEALED: ReadonlySet<string> = new Set(["missing-file", "permission-denied"]);

/** What somebody has to fill in before the line says anything. */
const BLANK = /<[a-z_ ]+>|…/;
/** Words that begin a statement other than a pipeline. */
const STATEMENT = /^(?:set|let|param|def|use|saeq \d)\b/;

/** Whether the line is one for a shell, or what is added to one. */
const isShell = (help: string): boolean => /^(?:saeq (?!\d)|npm |npx |--[a-z])/.test(help);
/** Whether a help begins like a line of a script or of a shell, for mistakes that cannot be brought about a second time. */
export function isLine(help: string): boolean {
  const first = /^\w+/.exec(help)?.[0] ?? "";
  return isShell(help) || STATEMENT.test(help) || /^(?:"|… \|)/.test(help) || STAGES.some(({ name, args }) => name === first || Object.hasOwn(args, first));
}
const hasBlank = (help: string): boolean => BLANK.test(help);

/** The innermost stage, its pipeline and its statement at a place. */
function around(script: Script, at: number): { readonly statement: Statement | null; readonly pipelines: readonly { readonly pipeline: Pipeline; readonly index: number }[] } {
  const within = ({ start, end }: Span): boolean => start <= at && at <= end;
  const statement = script.statements.find(({ span }) => within(span)) ?? null;
  const pipelines: { readonly pipeline: Pipeline; readonly index: number }[] = [];
  const visit = (each: unknown): void => {
    if (typeof each !== "object" || each === null) return;
    if ("kind" in each && each.kind === "pipeline") {
      const pipeline = each as Pipeline;
      const index = pipeline.stages.findIndex(({ span }) => within(span));
      if (index >= 0) pipelines.unshift({ pipeline, index });
    }
    Object.values(each).forEach(visit);
  };
  visit(statement);
  return { statement, pipelines };
}

/** The script as it reads with the line pasted, in each of the places where somebody would put it, the likeliest first. */
function pastedInto(text: string, { span }: Diagnostic, help: string): readonly string[] {
  const { statement, pipelines } = around(parse(text).script, span.start);
  const put = ({ start, end }: Span, line: string): string => text.slice(0, start) + line + text.slice(end);
  // What the grammar could not read stands behind the statement, up to the end of its line.
  const end = statement === null ? -1 : text.indexOf("\n", statement.span.end);
  const whole = statement === null ? [] : [put({ start: statement.span.start, end: end < 0 ? text.length : end }, help)];
  if (STATEMENT.test(help)) return [...(statement?.kind === "pipelineStatement" ? [] : whole), put({ start: statement?.span.start ?? 0, end: statement?.span.start ?? 0 }, `${help}\n`), ...whole];
  const inPipelines = pipelines.flatMap(({ pipeline, index }) => inStage(text, span, pipeline, pipeline.stages[index]!, index, help));
  return [...inPipelines.map(([at, line]) => put(at, line)), put(span, help), ...whole];
}

/** In the place of the stage, behind the stages before it, among its words, or where the stage's own input stands. */
function inStage(text: string, at: Span, pipeline: Pipeline, stage: Stage, index: number, help: string): readonly (readonly [Span, string])[] {
  const before = pipeline.stages[index - 1];
  // `sample perfect 3`: the pipeline so far is the stage's first word.
  const head = index > 0 || stage.args[1] === undefined ? null : text.slice(stage.args[1].span.start, stage.args[1].span.end);
  const so = before !== undefined ? "" : head === null ? "" : `${head} | `;
  const own = text.slice(stage.span.start, stage.span.end);
  const goesOn = /^(?:… )?\| (.*)$/s.exec(help)?.[1];
  if (goesOn !== undefined) return [[stage.span, so + goesOn.replace(/ \| …$/, ` | ${own}`)], [stage.span, `${own} | ${goesOn}`]];
  const keyword = /^\w+/.exec(help)?.[0];
  const given = stage.args.findIndex(({ span }) => text.slice(span.start, span.end) === keyword);
  const again = given <= 0 ? [] : [[{ start: stage.args[given]!.span.start, end: (stage.args[given + 1] ?? stage.args[given]!).span.end }, help] as const];
  const inRow = before === undefined && head !== null ? [[stage.span, so + help] as const] : [];
  return [[stage.span, help], ...inRow, ...again, [{ start: stage.span.end, end: stage.span.end }, ` ${help}`], [at, help]];
}

/** What is wrong with a line for a shell, as saeq reads its arguments; null where nothing is. Flags alone stand behind a command that was typed. */
function shellMistake(help: string): string | null {
  const line = help.replace(/^(?:npx )?saeq /, "");
  const words = [...line.matchAll(/'((?:[^'])*)'|"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, single, double, bare]) => single ?? double ?? bare!);
  const request = parseArguments(help.startsWith("--") ? ["run", "x.saeq", ...words] : words, { version: "0", piped: false });
  if (request.kind === "say") return request.exitCode === 0 ? null : request.text;
  if (request.kind !== "eval") return null;
  return parse(request.code).diagnostics[0]?.message ?? null;
}

/** What is wrong with a line whose blanks are filled in: nothing that a parser could say. */
function formMistake(help: string): string | null {
  // How a stage is written: its words, of several the first, with those that may be left out.
  const form = STAGES.some((stage) => usage(stage) === help) ? help.replace(/[[\]]/g, "").replace(/(\w+)(?:\|\w+)+/g, "$1") : help;
  const filled = form
    .replace(/^… \| /, "| ").replace(/ \| …(?= \||$)/g, "").replace(/<(?:int|n|number)>/g, "1").replace(/<[a-z_ ]+>/g, "x")
    .replaceAll('"…"', '"x"').replace(/\(…\)/g, "(x: table)").replaceAll("…", "x");
  return parse(STATEMENT.test(help) || filled.startsWith("| ") ? filled : `| ${filled}`).diagnostics[0]?.message ?? null;
}

type Told = readonly [text: string, diagnostics: readonly Diagnostic[]];

/** Mistakes that the pasted line adds, or leaves; none: it works. */
function whatIsLeft(diagnostic: Diagnostic, [text, before]: Told, [pasted, after]: Told): readonly string[] {
  const said = ({ code, message }: Diagnostic): string => `${code}: ${message}`;
  const times = (all: readonly Diagnostic[], one: string): number => all.filter((each) => said(each) === one).length;
  const again = times(after, said(diagnostic)) >= times(before, said(diagnostic)) ? [`again ${said(diagnostic)}`] : [];
  // Where the same was wrong in another line, the line may let more be seen there.
  const lineAt = (of: string, at: number): string => of.slice(of.lastIndexOf("\n", at - 1) + 1, (of.indexOf("\n", at) + 1 || of.length + 1) - 1);
  const alike = new Set(before.filter((each) => said(each) === said(diagnostic) || each.message === diagnostic.message).map(({ span }) => lineAt(text, span.start)));
  alike.delete(lineAt(text, diagnostic.span.start));
  const added = after.filter((each) => !alike.has(lineAt(pasted, each.span.start)) && each.severity === "error" && !REVEALED.has(each.code) && times(after, said(each)) > times(before, said(each)) && said(each) !== said(diagnostic));
  return [...again, ...added.map(said)];
}

export interface Verdict {
  readonly kind: "line" | "form" | "shell" | "advice";
  /** Why the line does not work; null: it does. */
  readonly mistake: string | null;
  /** Why it is advice. */
  readonly reason?: string;
}

/** Whether the help of a mistake can be pasted. `told`: the mistakes of a text. */
export async function pasteable(diagnostic: Diagnostic & { readonly help: string }, text: string, before: readonly Diagnostic[], advice: Advice, told: (text: string) => Promise<readonly Diagnostic[]>): Promise<Verdict> {
  const { help } = diagnostic;
  if (isShell(help)) return { kind: "shell", mistake: shellMistake(help) };
  const reason = adviceFor(help, advice);
  if (reason !== null) return { kind: "advice", mistake: null, reason };
  let first: string | null = null;
  for (const pasted of pastedInto(text, diagnostic, help)) {
    const left = whatIsLeft(diagnostic, [text, before], [pasted, await told(pasted)]);
    if (left.length === 0) return { kind: "line", mistake: null };
    first ??= [`no place for it works: ${pasted.replaceAll("\n", "⏎")}`, ...left].join("; ");
  }
  return hasBlank(help) ? { kind: "form", mistake: formMistake(help) } : { kind: "line", mistake: first };
}
