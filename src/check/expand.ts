/** Without this file a stage written in saeq could be defined, but not called. */
import type { Pipeline } from "../../grammar/ast.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Span } from "../../grammar/span.ts";
import type { Plan } from "../ops/op.ts";
import type { NamedPlan } from "../stages/args.ts";
import type { StageDefinition } from "../stages/stage.ts";
import { callKey, HALVED, MOST_NESTED, MOST_OF_A_CALL, MOST_WRITTEN_OUT, MOST_WRITTEN_OUT_IN_ALL, shortened, type Expansion, type Expansions } from "./expansions.ts";
import { namesNow } from "./names.ts";
import type { CheckContext } from "./pipeline.ts";
import { error, type Access, type ParamValue, type Report, type Scope } from "./scope.ts";

/** What a `def` stands for: its body, and the names that were there where it was written. */
export interface Definition {
  readonly body: Pipeline;
  readonly text: string;
  /** `lib/splits.saeq`, or empty for the script itself. */
  readonly module: string;
  readonly scope: Omit<Scope, "settings">;
  /** The formal that stands for the input, or null for a source. */
  readonly input: string | null;
  /** Formals that stand for other relations. */
  readonly relations: readonly string[];
  /** The body has mistakes, told where it is written. */
  readonly broken: boolean;
}

export type DefinedStage = StageDefinition & { readonly defined: Definition };

export function isDefined(definition: StageDefinition): definition is DefinedStage {
  return definition.defined !== undefined;
}

/** The scope in which a body is checked: names of its own place, its formals bound, the settings of the caller. */
export function bodyScope(definition: Definition, values: Readonly<Record<string, unknown>>, input: Plan | null, settings: Scope["settings"]): Scope {
  const relations = new Map<string, Plan>();
  const params = new Map<string, ParamValue>();
  if (definition.input !== null && input !== null) relations.set(definition.input, input);
  for (const [name, value] of Object.entries(values)) {
    if (definition.relations.includes(name)) relations.set(name, (value as readonly NamedPlan[])[0]!.plan);
    else params.set(name, value as string | number | boolean);
  }
  return { ...definition.scope, relations: namesNow(definition.scope.relations).behind(relations), params: namesNow(definition.scope.params).behind(params), settings };
}

interface Call {
  readonly at: Span;
  readonly nameSpan: Span;
  readonly label: string;
}

type Check = (pipeline: Pipeline, input: Plan | null, context: CheckContext) => Plan | null;

/**
 * Put the body in place of the call. Mistakes that only this call brings about are told at the call, with the words of the body;
 * those of the body itself were told where it is written. Equal calls are written out once, and share their plan.
 */
export function expandDefinition(definition: DefinedStage, values: Readonly<Record<string, unknown>>, input: Plan | null, call: Call, context: CheckContext, check: Check): Plan | null {
  const { report, scope } = context;
  const { expansions } = report;
  if (definition.defined.broken || expansions.refused !== null) return null;
  const known = expansions.made.get(definition.defined) ?? new Map<string, Expansion>();
  const id = callKey(values, input, scope.settings);
  const expansion = known.get(id) ?? writeOut(definition, values, input, context, check);
  const { refused } = expansions as Expansions;
  if (refused === null) {
    expansions.made.set(definition.defined, known.set(id, expansion));
    tell(definition, expansion, call, report);
    return expansion.plan;
  }
  if (expansions.nested > 0) return null;
  if (!expansions.told) error(report, call.nameSpan, "too-many-stages", refused(definition.name), { notes: ["each call of a definition stands for the whole of its body", HALVED] });
  Object.assign(expansions, { refused: null, told: true });
  return null;
}

function writeOut({ defined }: DefinedStage, values: Readonly<Record<string, unknown>>, input: Plan | null, context: CheckContext, check: Check): Expansion {
  const { expansions } = context.report;
  const diagnostics: Diagnostic[] = [];
  const accesses: Access[] = [];
  if (++expansions.nested > MOST_NESTED) refuseCall(expansions, (name) => `\`${name}\` calls definitions that call one another more than ${MOST_NESTED} deep`);
  const plan = expansions.refused === null ? check(defined.body, null, { ...context, scope: bodyScope(defined, values, input, context.scope.settings), report: { ...context.report, text: defined.text, diagnostics, accesses } }) : null;
  expansions.nested--;
  return { plan, diagnostics, accesses };
}

/** A stage of a body takes its place in the pipeline; false: there are too many, which the outermost call tells. */
export function countWrittenOut({ expansions }: Report): boolean {
  if (expansions.nested === 0) return true;
  expansions.stages++;
  if (expansions.stages > MOST_WRITTEN_OUT) refuseCall(expansions, (name) => `with \`${name}\` written out, the pipeline has more than ${MOST_WRITTEN_OUT} stages`);
  if (expansions.before + expansions.stages > MOST_WRITTEN_OUT_IN_ALL) refuseCall(expansions, (name) => `with \`${name}\` written out here, the pipelines of this script have more than ${MOST_WRITTEN_OUT_IN_ALL} stages`);
  return expansions.refused === null;
}

/** The outermost call of a definition is refused; false: there is none. */
export function refuseCall(expansions: Expansions, why: (name: string) => string): boolean {
  if (expansions.nested === 0) return false;
  expansions.refused ??= why;
  return true;
}

/** What the body asks for and gets wrong, at the call. */
function tell({ name, defined }: DefinedStage, { diagnostics, accesses }: Expansion, { nameSpan }: Call, report: Report): void {
  report.accesses.push(...distinct(accesses.map((access) => ({ ...access, at: nameSpan }))));
  const told = diagnostics.map(({ code, severity, span, message, label, notes, help }): Diagnostic => {
    const words = defined.text.slice(span.start, span.end);
    const inside = message.replace(/^in `[^`]+`: (?=in `)/, "");
    return {
      code,
      severity,
      span: nameSpan,
      message: `in \`${name}\`: ${inside}`,
      notes: shortened([`\`${words}\` in the body of \`${name}\`${defined.module === "" ? "" : ` (${defined.module})`}`, ...(label === undefined ? [] : [label]), ...(notes ?? [])]),
      ...(help === undefined ? {} : { help }),
    };
  });
  // No warning stands in the way of a mistake.
  const mistakes = [...distinct(told)].sort((a, b) => Number(a.severity !== "error") - Number(b.severity !== "error"));
  report.diagnostics.push(...mistakes.slice(0, MOST_OF_A_CALL));
}

/** Each value once: a body that calls another twice would give its mistakes, and ask for its files, twice at each level. */
function distinct<T>(values: readonly T[]): readonly T[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}
