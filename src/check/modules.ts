/** Without this file a script could not use what another file defines. */
import type { Use } from "../../grammar/ast.ts";
import { parse } from "../../grammar/parse.ts";
import { printPipeline } from "../../grammar/print_parts.ts";
import type { Span } from "../../grammar/span.ts";
import type { Plan } from "../ops/op.ts";
import type { StageDefinition } from "../stages/stage.ts";
import { constant, constantList, single } from "./constant.ts";
import { define } from "./define.ts";
import { MOST_MODULES_NESTED, MOST_NAMES, nameOf, nextStatement, shortened, type ReadModule } from "./expansions.ts";
import { ask } from "./facts.ts";
import { bind, Names } from "./names.ts";
import { withDefault } from "./param_defaults.ts";
import { checkPipeline } from "./pipeline.ts";
import { error, type Facts, type ModuleFacts, type ParamValue, type Report, type Scope } from "./scope.ts";
import { beside } from "./values.ts";

const STANDARD = /^std:([a-z_]+)$/;

/** `lib/splits.saeq` → `splits`. */
function stem(path: string): string {
  return path.replace(/^.*[/:]/, "").replace(/\.saeq$/, "");
}

/** Without `.` and `x/..`: one file has one name, so that it is read once and cycles are seen. */
function plain(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === ".." && parts.length > 0 && parts.at(-1) !== ".." && parts.at(-1) !== "") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** The folder of a path with forward slashes, or empty. */
function folderOf(path: string): string {
  const at = path.lastIndexOf("/");
  return at < 0 ? "" : path.slice(0, at);
}

/**
 * `use "lib/x.saeq" as x`: the definitions of a file under `x.`. A module holds definitions, literals and params and runs nothing;
 * modules of the standard library may also name values. `stack` names the modules being read, for cycles.
 */
export function useModule(statement: Use, scope: Scope, facts: Facts, report: Report, stack: readonly string[] = []): Scope {
  if (statement.path.kind === "hole") {
    if (statement.alias !== null) bind(scope.absent, statement.alias.path.join("."), true);
    return scope;
  }
  const standard = STANDARD.test(statement.path.value);
  const path = standard ? statement.path.value : plain(beside(scope.base, statement.path.value));
  const at = statement.path.span;
  const prefix = statement.alias?.path.join(".") ?? (standard ? null : stem(path));
  const absent = (): Scope => {
    if (prefix !== null) bind(scope.absent, prefix, true);
    return scope;
  };
  if (stack.includes(path)) {
    error(report, at, "module-cycle", `\`${statement.path.value}\` uses itself`, { notes: [[...stack, path].join(" → ")] });
    return absent();
  }
  if (stack.length >= MOST_MODULES_NESTED) {
    error(report, at, "module-cycle", `modules use one another more than ${MOST_MODULES_NESTED} deep`, { notes: shortened(stack) });
    return absent();
  }
  if (!standard && !path.endsWith(".saeq")) {
    const file = /(?:^|\/)[^./]+$/.test(path) ? JSON.stringify(`${statement.path.value}.saeq`) : null;
    error(report, at, "wrong-argument", "a module is a file that ends in `.saeq`, or a name such as `std:memorization`", file === null ? {} : { label: `write \`${file}\``, fix: { span: at, text: file } });
    return absent();
  }
  const found = ask({ facts, report }, { kind: "module", path }, at);
  if (found === null) return absent();
  const inner = readModule(found, path, standard, scope, facts, report, at, [...stack, path]);
  // Of a module with mistakes the names are known; those that it would have had of another one are not. Of that one's own the first part is enough: names would double with each level.
  for (const name of new Set([...inner.absent.keys()].map((each) => each.split(".", 1)[0]!))) bind(scope.absent, prefix === null ? name : `${prefix}.${name}`, true);
  const named = <T>(entries: Iterable<readonly [string, T]>): (readonly [string, T])[] => [...entries].map(([name, value]) => [prefix === null ? name : `${prefix}.${name}`, value]);
  if (scope.stages.size + inner.stages.size > MOST_NAMES) {
    error(report, at, "too-many-stages", `with those of \`${statement.path.value}\` there are more than ${MOST_NAMES} stages to call`, { notes: [`a module brings what the modules that it uses define, too: ${[...inner.stages.keys()].at(-1)!}`] });
    return absent();
  }
  const stages = named(inner.stages).map(([name, stage]): readonly [string, StageDefinition] => [name, { ...stage, name }]);
  return { ...scope, stages: Names.of([...scope.stages, ...stages]), relations: Names.of([...scope.relations, ...named(inner.relations)]) };
}

/** What a module defines. Its mistakes are told at the `use`, once: calls of a definition that has one are silent. It is read once, however many use it. */
function readModule({ text, word }: ModuleFacts, path: string, standard: boolean, outer: Scope, facts: Facts, report: Report, at: Span, stack: readonly string[]): Scope {
  const { modules } = report.expansions;
  const id = `${nameOf(outer.settings)} ${path}`;
  const read = modules.get(id) ?? checkModule(text, path, standard, outer, facts, report, stack);
  modules.set(id, read);
  const [first] = read.mistakes;
  if (first === undefined) return read.scope;
  const line = text.slice(0, first.span.start).split("\n").length;
  // By itself the module is a script, in which these are no mistakes.
  const only = first.code === "module-runs" || first.code === "module-param";
  const help = only || first.code === "broken-module" ? first.help : `saeq check ${word ?? path}`;
  error(report, at, "broken-module", `\`${path}\` has ${read.mistakes.length === 1 ? "a mistake" : `${read.mistakes.length} mistakes`}`, {
    notes: shortened([`line ${line}: ${first.message}${first.label === undefined ? "" : ` (${first.label})`}`, ...(first.code === "broken-module" || first.code === "module-cycle" ? (first.notes ?? []) : [])]),
    ...(help === undefined ? {} : { help }),
  });
  return read.scope;
}

function checkModule(text: string, path: string, standard: boolean, outer: Scope, facts: Facts, report: Report, stack: readonly string[]): ReadModule {
  const parsed = parse(text);
  const own: Report = { ...report, text, diagnostics: [...parsed.diagnostics], unread: [], accesses: [] };
  let scope: Scope = { ...outer, relations: Names.of<Plan>([]), params: Names.of<ParamValue>([]), stages: Names.of<StageDefinition>([]), absent: Names.of<true>([]), base: standard ? "" : folderOf(path) };
  for (const statement of parsed.script.statements) {
    nextStatement(own.expansions);
    switch (statement.kind) {
      case "edition":
        break;
      case "use":
        scope = useModule(statement, scope, facts, own, stack);
        break;
      case "def": {
        const made = define(statement, scope, path, facts, own);
        if (made !== null) bind(scope.stages, made.name, made);
        break;
      }
      case "param": {
        const value = statement.value === null ? undefined : constant(statement.value, scope);
        if (value === undefined) error(own, statement.span, "module-param", `\`${statement.name.path.join(".")}\` needs a default: nobody can give a module a value`, { help: withDefault(statement) });
        else bind(scope.params, statement.name.path.join("."), value);
        break;
      }
      case "let": {
        const first = statement.value.stages[0]?.args[0];
        const lone = statement.value.stages.length === 1 && statement.value.stages[0]?.args.length === 1 && first !== undefined ? single(first) : null;
        const value = lone === null ? undefined : (constant(lone, scope) ?? constantList(lone, scope));
        const name = statement.name.path.join(".");
        if (value !== undefined) bind(scope.params, name, value);
        else if (!standard) error(own, statement.span, "module-runs", `a module names no data: \`${name}\` would be read when the module is used`, { help: `def ${name}() = ${printPipeline(statement.value)}` });
        else {
          const plan = checkPipeline(statement.value, null, { scope, facts, report: own });
          if (plan !== null) bind(scope.relations, name, plan);
        }
        break;
      }
      case "set":
      case "pipelineStatement":
        error(own, statement.span, "module-runs", "a module runs nothing and sets nothing: it holds `def`, `param` and `let` of plain values", statement.kind === "set" ? {} : { help: `def result() = ${printPipeline(statement.pipeline)}` });
        break;
      default:
        statement satisfies never;
    }
  }
  return { scope, mistakes: own.diagnostics };
}
