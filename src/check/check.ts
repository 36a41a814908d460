/** Without this file statements would not see the names and settings of the statements before them. */
import type { Let, Param, Script, Statement } from "../../grammar/ast.ts";
import type { Span } from "../../grammar/span.ts";
import type { Plan } from "../ops/op.ts";
import type { ScalarLiteral } from "../ops/scalar.ts";
import type { Settings } from "../stages/stage.ts";
import { constant, constantList, single } from "./constant.ts";
import { define } from "./define.ts";
import { nextStatement } from "./expansions.ts";
import { atOnce, type Steps } from "./in_steps.ts";
import { enterStatement, freeName } from "./line_before.ts";
import { typeNamed } from "./meant_words.ts";
import { useModule } from "./modules.ts";
import { bind, Names } from "./names.ts";
import { EXAMPLES } from "./param_defaults.ts";
import { checkPipeline } from "./pipeline.ts";
import { error, stageNamed, type Facts, type Report, type Scope } from "./scope.ts";
import { applySet } from "./settings.ts";
import { listed, nearest } from "./suggest.ts";
import { tellUnreadEdits } from "./unread_edits.ts";

export interface ParamFacts {
  readonly name: string;
  readonly type: string;
  readonly default: string | null;
  readonly doc: string;
}
export interface CheckedPipeline {
  readonly plan: Plan;
  readonly at: Span;
  /** As they are where it stands; a later `set` changes them for what follows. */
  readonly settings: Settings;
}
export interface CheckResult {
  readonly pipelines: readonly CheckedPipeline[];
  readonly params: readonly ParamFacts[];
  readonly scope: Scope;
}
export interface CheckOptions {
  readonly facts: Facts;
  /** Values for params from the command line, as typed. */
  readonly params: Readonly<Record<string, string>>;
  /** In a REPL a name may be bound again. */
  readonly interactive: boolean;
  /** Told before each statement what is known there, which holds until this returns: names are added to the same scope. */
  readonly onStatement?: (index: number, scope: Scope) => void;
}

/** The types that a `param` can have. */
export const PARAM_TYPES = ["int", "float", "bool", "str", "path"] as const;

/** Names, types and flow of a whole script, in order. The scope afterwards is where the next REPL line starts. */
export function check(script: Script, start: Scope, report: Report, options: CheckOptions): CheckResult {
  return atOnce(checking(script, start, report, options));
}

/** The same, statement by statement. */
export function* checking(script: Script, start: Scope, report: Report, options: CheckOptions): Steps<CheckResult> {
  const pipelines: CheckedPipeline[] = [];
  const params: ParamFacts[] = [];
  let scope: Scope = ownCopy(start);
  for (const [index, statement] of script.statements.entries()) {
    options.onStatement?.(index, scope);
    scope = checkStatement(statement, index, scope, report, options, pipelines, params);
    yield;
  }
  return { pipelines, params, scope };
}

/** A scope whose names may be added to while one source is checked: a copy for each statement would cost the square of a script. */
export function ownCopy(scope: Scope): Scope {
  return { ...scope, relations: Names.of(scope.relations), params: Names.of(scope.params), stages: Names.of(scope.stages), absent: Names.of(scope.absent) };
}

/** One statement in a scope that the caller owns: names are added to it. The scope behind it. */
export function checkStatement(statement: Statement, index: number, scope: Scope, report: Report, options: CheckOptions, pipelines: CheckedPipeline[], params: ParamFacts[]): Scope {
  nextStatement(report.expansions);
  enterStatement(report, statement);
  switch (statement.kind) {
    case "edition":
      if (statement.version.kind === "num" && statement.version.value !== 1)
        error(report, statement.span, "unknown-edition", `this saeq knows edition 1, not ${statement.version.text}`, { help: "saeq 1" });
      else if (index > 0) error(report, statement.span, "late-edition", "the edition line comes first");
      return scope;
    case "param":
      return checkParam(statement, scope, report, options, params);
    case "set":
      return { ...scope, settings: applySet(statement.args, scope, report) };
    case "let":
      return checkLet(statement, scope, report, options);
    case "use":
      return useModule(statement, scope, options.facts, report);
    case "def": {
      const known = options.interactive ? { ...scope, stages: new Map([...scope.stages].filter(([name]) => name !== statement.name.path.join("."))) } : scope;
      const made = define(statement, known, "", options.facts, report);
      if (made !== null) bind(scope.stages, made.name, made);
      return scope;
    }
    case "pipelineStatement": {
      const plan = checkPipeline(statement.pipeline, null, { scope, facts: options.facts, report });
      if (plan !== null && plan.schema.known) tellUnreadEdits(plan, statement.span, report);
      if (plan !== null && plan.schema.known) pipelines.push({ plan, at: statement.span, settings: scope.settings });
      return scope;
    }
    default:
      return statement satisfies never;
  }
}

function checkLet(statement: Let, scope: Scope, report: Report, options: CheckOptions): Scope {
  const name = statement.name.path.join(".");
  const first = statement.value.stages[0]?.args[0];
  const lone = statement.value.stages.length === 1 && statement.value.stages[0]?.args.length === 1 && first !== undefined ? single(first) : null;
  const value = lone === null ? undefined : (constant(lone, scope) ?? constantList(lone, scope));
  if (!options.interactive && (scope.relations.has(name) || scope.params.has(name))) {
    error(report, statement.name.span, "name-taken", `\`${name}\` is already bound`, { notes: ["a `let` is a value and never changes"], label: "choose another name", fix: { span: statement.name.span, text: freeName(name, scope) } });
    return scope;
  }
  if (stageNamed(scope, name) !== undefined) {
    error(report, statement.name.span, "name-taken", `\`${name}\` is a stage`, { label: "choose another name", fix: { span: statement.name.span, text: freeName(`${name}_rows`, scope) } });
    return scope;
  }
  if (value !== undefined) {
    bind(scope.params, name, value);
    return scope;
  }
  const plan = checkPipeline(statement.value, null, { scope, facts: options.facts, report });
  if (plan !== null) bind(scope.relations, name, plan);
  return scope;
}

function checkParam(statement: Param, scope: Scope, report: Report, options: CheckOptions, params: ParamFacts[]): Scope {
  const name = statement.name.path.join(".");
  if (name === "" || statement.type.path.join(".") === "") return scope;
  if (!options.interactive && (scope.relations.has(name) || scope.params.has(name))) {
    error(report, statement.name.span, "name-taken", `\`${name}\` is already bound`, { label: "choose another name", fix: { span: statement.name.span, text: freeName(name, scope) } });
    return scope;
  }
  const type = PARAM_TYPES.find((each) => each === statement.type.path.join("."));
  if (type === undefined) {
    const near = nearest(statement.type.path.join("."), PARAM_TYPES);
    const meant = typeNamed(statement.type.path.join("."), statement.type.span);
    error(report, statement.type.span, "unknown-type", `no type \`${statement.type.path.join(".")}\``, { ...(near === null ? meant : { fix: { span: statement.type.span, text: near } }), notes: [`types of params: ${listed(PARAM_TYPES)}`] });
    return scope;
  }
  const given = Object.hasOwn(options.params, name) ? options.params[name] : undefined;
  const written = statement.value === null ? undefined : constant(statement.value, scope);
  const value = given === undefined ? written : typed(given, type);
  params.push({ name, type, default: written === undefined ? null : String(written), doc: statement.doc });
  if (statement.value !== null && statement.value.kind !== "hole" && written === undefined) {
    error(report, statement.value.span, "wrong-argument", "the default of a param is a plain value");
    return scope;
  }
  if (value === undefined) {
    if (statement.value?.kind === "hole") return scope;
    error(report, statement.span, given === undefined ? "missing-param" : "wrong-param", given === undefined ? `\`${name}\` has no value` : `\`--${name} ${given}\` is not ${type}`, { help: `--param ${name}=${EXAMPLES[type]}` });
    // Bound all the same, so that its uses are not told as further mistakes.
    bind(scope.params, name, written ?? EXAMPLES[type]);
    return scope;
  }
  if (!fits(value, type)) {
    error(report, statement.value?.span ?? statement.span, "wrong-type", `the default of \`${name}\` is not ${type}`);
    return scope;
  }
  bind(scope.params, name, value);
  return scope;
}

function fits(value: ScalarLiteral, type: (typeof PARAM_TYPES)[number]): boolean {
  switch (type) {
    case "int": return typeof value === "number" && Number.isSafeInteger(value);
    case "float": return typeof value === "number";
    case "bool": return typeof value === "boolean";
    case "str":
    case "path": return typeof value === "string";
    default: return type satisfies never;
  }
}

/** A command-line word as a value of the param's type; undefined where it does not fit. */
function typed(word: string, type: (typeof PARAM_TYPES)[number]): ScalarLiteral | undefined {
  switch (type) {
    case "int": return /^-?\d+$/.test(word) && Number.isSafeInteger(Number(word)) ? Number(word) : undefined;
    case "float": return word.trim() !== "" && Number.isFinite(Number(word)) ? Number(word) : undefined;
    case "bool": return word === "true" ? true : word === "false" ? false : undefined;
    case "str":
    case "path": return word;
    default: return type satisfies never;
  }
}
