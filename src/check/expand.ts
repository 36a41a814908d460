/** Without this file a stage written in saeq could be defined, but not called. */
import type { Pipeline } from "../../grammar/ast.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Span } from "../../grammar/span.ts";
import type { Plan } from "../ops/op.ts";
import type { NamedPlan } from "../stages/args.ts";
import type { StageDefinition } from "../stages/stage.ts";
import type { CheckContext } from "./pipeline.ts";
import type { Access, Scope } from "./scope.ts";

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
  const relations = new Map(definition.scope.relations);
  const params = new Map(definition.scope.params);
  if (definition.input !== null && input !== null) relations.set(definition.input, input);
  for (const [name, value] of Object.entries(values)) {
    if (definition.relations.includes(name)) relations.set(name, (value as readonly NamedPlan[])[0]!.plan);
    else params.set(name, value as string | number | boolean);
  }
  return { ...definition.scope, relations, params, settings };
}

interface Call {
  readonly at: Span;
  readonly nameSpan: Span;
  readonly label: string;
}

/**
 * Put the body in place of the call. Mistakes that only this call brings about are told at the call, with the words of the body;
 * those of the body itself were told where it is written.
 */
export function expandDefinition(
  definition: DefinedStage,
  values: Readonly<Record<string, unknown>>,
  input: Plan | null,
  call: Call,
  context: CheckContext,
  check: (pipeline: Pipeline, input: Plan | null, context: CheckContext) => Plan | null,
): Plan | null {
  const { defined } = definition;
  if (defined.broken) return null;
  const diagnostics: Diagnostic[] = [];
  const accesses: Access[] = [];
  const scope = bodyScope(defined, values, input, context.scope.settings);
  const plan = check(defined.body, null, { ...context, scope, report: { ...context.report, text: defined.text, diagnostics, accesses } });
  context.report.accesses.push(...accesses.map((access) => ({ ...access, at: call.nameSpan })));
  for (const { code, severity, span, message, label, notes, help } of diagnostics) {
    const words = defined.text.slice(span.start, span.end);
    context.report.diagnostics.push({
      code,
      severity,
      span: call.nameSpan,
      message: `in \`${definition.name}\`: ${message}`,
      notes: [`\`${words}\` in the body of \`${definition.name}\`${defined.module === "" ? "" : ` (${defined.module})`}`, ...(label === undefined ? [] : [label]), ...(notes ?? [])],
      ...(help === undefined ? {} : { help }),
    });
  }
  return plan;
}
