/** Without this file a name that was bound twice at the prompt would be an error in the saved script. */
import type { Arg, Expr, Pipeline, Statement } from "../grammar/ast.ts";
import type { Span } from "../grammar/span.ts";
import { parse } from "../grammar/parse.ts";
import { stageNamedIn } from "./journal_stages.ts";
import { apply, type Change } from "./journal_text.ts";

/** How often each name is bound by `let` or `def`, where that is more than once; and all names, so that new ones are new. */
export interface Renames {
  readonly times: ReadonlyMap<string, number>;
  readonly taken: ReadonlySet<string>;
}

/** The names bound more than once in texts that follow one another. */
export function renamesOf(texts: readonly string[]): Renames {
  const times = new Map<string, number>();
  for (const name of texts.flatMap((text) => parse(text).script.statements.flatMap(binds))) times.set(name, (times.get(name) ?? 0) + 1);
  return { times: new Map([...times].filter(([, count]) => count > 1)), taken: new Set(times.keys()) };
}

/** The same texts with a name of its own for each binding: the last keeps the name, those before it are numbered. Earlier ones that nothing uses are left out. */
export function applyRenames(texts: readonly string[], renames: Renames): string[] {
  if (renames.times.size === 0) return [...texts];
  const bound = new Map<string, number>();
  const uses = new Map<string, number>();
  const made: { text: string; readonly binds: string | null }[] = [];
  const current = (name: string): string => {
    const version = bound.get(name) ?? 0;
    return version === 0 ? name : versioned(name, version, renames);
  };
  for (const text of texts) {
    for (const statement of parse(text).script.statements) {
      const changes: Change[] = [];
      for (const { name, span, dollar } of referencesIn(statement)) {
        if (!renames.times.has(name) || (bound.get(name) ?? 0) === 0) continue;
        uses.set(current(name), (uses.get(current(name)) ?? 0) + 1);
        changes.push({ ...span, text: `${dollar ? "$" : ""}${current(name)}` });
      }
      const [own] = binds(statement);
      if (own !== undefined && renames.times.has(own) && (statement.kind === "let" || statement.kind === "def")) {
        bound.set(own, (bound.get(own) ?? 0) + 1);
        changes.push({ ...statement.name.span, text: current(own) });
      }
      const { start, end } = statement.span;
      const shifted = changes.map((change) => ({ ...change, start: change.start - start, end: change.end - start }));
      const earlier = own !== undefined && renames.times.has(own) && current(own) !== own;
      made.push({ text: apply(text.slice(start, end), shifted), binds: earlier ? current(own) : null });
    }
  }
  return made.filter(({ binds: name }) => name === null || (uses.get(name) ?? 0) > 0).map(({ text }) => text);
}

function versioned(name: string, version: number, { times, taken }: Renames): string {
  if (version === times.get(name)) return name;
  let made = `${name}_${version}`;
  while (taken.has(made)) made += "_";
  return made;
}

function binds(statement: Statement): string[] {
  return statement.kind === "let" || statement.kind === "def" ? [statement.name.path.join(".")] : [];
}

interface Found {
  readonly name: string;
  readonly span: Span;
  /** Read as `$name`. */
  readonly dollar: boolean;
}

/** The words of a statement that name a value, a stage or a scalar, in order. A `def`'s own inputs hide names of the same spelling. */
function referencesIn(statement: Statement): Found[] {
  switch (statement.kind) {
    case "let":
      return ofPipeline(statement.value);
    case "pipelineStatement":
      return ofPipeline(statement.pipeline);
    case "def": {
      const own = new Set(statement.formals.map(({ name }) => name.path.join(".")));
      return [...statement.formals.flatMap(({ value }) => (value === null ? [] : ofExpression(value, false))), ...ofPipeline(statement.body).filter(({ name }) => !own.has(name))];
    }
    case "set":
      return statement.args.flatMap((arg) => ofArgument(arg, false));
    case "param":
      return statement.value === null ? [] : ofExpression(statement.value, false);
    case "use":
    case "edition":
      return [];
    default:
      return statement satisfies never;
  }
}

function ofPipeline({ stages, continues }: Pipeline): Found[] {
  return stages.flatMap(({ args: [head, ...words] }, i) => {
    if (head === undefined) return [];
    const starts = i === 0 && !continues;
    const name = head.items[0]?.value;
    const definition = name?.kind === "name" ? stageNamedIn(name.path.join(".")) : undefined;
    // The first word of `sample perfect 10` is a value; words of stages that take values are values, others are columns.
    return [...ofArgument(head, true), ...words.flatMap((word, at) => ofArgument(word, (starts && at === 0 && definition !== "source") || definition === "values"))];
  });
}

function ofArgument({ items }: Arg, values: boolean): Found[] {
  return items.flatMap(({ value }) => ofExpression(value, values));
}

/** `values`: bare words here name values or stages, not columns. */
function ofExpression(expr: Expr, values: boolean): Found[] {
  switch (expr.kind) {
    case "name":
      return values && !expr.quoted ? [{ name: expr.path.join("."), span: expr.span, dollar: false }] : [];
    case "paramRef":
      return [{ name: expr.name, span: expr.span, dollar: true }];
    case "group":
      return ofPipeline(expr.pipeline);
    case "call":
      return expr.args.flatMap(({ value }) => ofExpression(value, values));
    case "list":
      return expr.items.flatMap((item) => ofExpression(item, values));
    case "record":
      return expr.fields.flatMap(({ value }) => ofExpression(value, values));
    case "unary":
      return ofExpression(expr.operand, values);
    case "binary":
      return [...ofExpression(expr.left, values), ...ofExpression(expr.right, values)];
    case "range":
      return [...ofExpression(expr.from, values), ...ofExpression(expr.to, values)];
    case "num":
    case "str":
    case "bool":
    case "null":
    case "hole":
      return [];
    default:
      return expr satisfies never;
  }
}
