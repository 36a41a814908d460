/** Without this file the phases would not be one compiler: parse → check → plan → optimize. */
import type { Script } from "../grammar/ast.ts";
import { firstOfEach, type Diagnostic } from "../grammar/diagnostic.ts";
import { MAX_ERRORS, MOST_TEXT, parseInSteps } from "../grammar/parse.ts";
import type { Span } from "../grammar/span.ts";
import { checking, type ParamFacts } from "./check/check.ts";
import { atOnce, type Steps } from "./check/in_steps.ts";
import { reportOn, type Access, type Facts, type Need, type Scope } from "./check/scope.ts";
import { optimize, type Step } from "./optimize/optimize.ts";
import type { Rule } from "./optimize/rule.ts";
import { key } from "./ops/key.ts";
import type { Plan } from "./ops/op.ts";
import type { Settings } from "./stages/stage.ts";

export interface CompileOptions {
  readonly scope: Scope;
  readonly facts: Facts;
  readonly params: Readonly<Record<string, string>>;
  readonly interactive: boolean;
  /** Rules to use; all of them where not given, none for the unoptimised reference. */
  readonly rules?: readonly Rule[];
}

export interface CompiledPipeline {
  readonly written: Plan;
  readonly plan: Plan;
  readonly steps: readonly Step[];
  readonly at: Span;
  /** As they are where it stands. */
  readonly settings: Settings;
  /** Names the value of the plan: see `ops/key.ts`. */
  readonly key: string;
}

export interface Compiled {
  /** The tree that the plans were made of. */
  readonly script: Script;
  readonly diagnostics: readonly Diagnostic[];
  readonly pipelines: readonly CompiledPipeline[];
  readonly params: readonly ParamFacts[];
  /** Names and settings after the last statement. */
  readonly scope: Scope;
  /** Facts that were asked for and are not known yet: look them up and compile again. */
  readonly needs: readonly Need[];
  readonly accesses: readonly Access[];
}

/** Text → plans. Pure and synchronous; never throws for a mistake of the user. */
export function compile(text: string, options: CompileOptions): Compiled {
  return atOnce(compiling(text, options));
}

/** The same in steps, for whoever has something else to do meanwhile. */
export function* compiling(text: string, options: CompileOptions): Steps<Compiled> {
  if (text.length > MOST_TEXT) return tooLarge(text, options);
  const parsed = yield* parseInSteps(text);
  const report = reportOn(text, parsed.diagnostics);
  yield;
  const result = yield* checking(parsed.script, options.scope, report, options);
  const pipelines: CompiledPipeline[] = [];
  for (const { plan: written, at, settings } of result.pipelines) {
    pipelines.push({ written, at, settings, key: key(written), ...optimize(written, options.rules) });
    yield;
  }
  const order = (a: Diagnostic, b: Diagnostic): number => a.span.start - b.span.start;
  return {
    script: parsed.script,
    diagnostics: firstOfEach(report.diagnostics.sort(order), MAX_ERRORS),
    pipelines,
    params: result.params,
    scope: result.scope,
    needs: [...report.needs.values()],
    accesses: report.accesses,
  };
}

function tooLarge(text: string, { scope }: CompileOptions): Compiled {
  const message = `a script has at most ${MOST_TEXT} characters, this one has ${text.length}`;
  const script: Script = { kind: "script", statements: [], comments: [], blankLines: [], wordStarts: [], span: { start: 0, end: text.length } };
  return { script, diagnostics: [{ severity: "error", code: "too-large", span: { start: 0, end: 1 }, message }], pipelines: [], params: [], scope, needs: [], accesses: [] };
}
