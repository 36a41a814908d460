/** Without this file `def` would be read and not understood. */
import type { Def, Formal } from "../../grammar/ast.ts";
import type { Plan } from "../ops/op.ts";
import { UNKNOWN, type Kind } from "../ops/schema.ts";
import type { Arg, Shape } from "../stages/args.ts";
import { STAGE_BY_NAME } from "../stages/mod.ts";
import type { StageDefinition } from "../stages/stage.ts";
import { constant } from "./constant.ts";
import { bodyScope, type DefinedStage, type Definition } from "./expand.ts";
import { namesNow } from "./names.ts";
import { checkPipeline } from "./pipeline.ts";
import { error, type Facts, type Report, type Scope } from "./scope.ts";
import { listed, nearest } from "./suggest.ts";

const KINDS: readonly Kind[] = ["table", "tokens", "dense", "acts", "features"];
const SCALARS: Readonly<Record<string, { readonly shape: Shape; readonly example: unknown }>> = {
  int: { shape: { kind: "int", min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER, list: false }, example: 1 },
  float: { shape: { kind: "float" }, example: 1 },
  bool: { shape: { kind: "bool" }, example: true },
  str: { shape: { kind: "string", list: false }, example: "x" },
  path: { shape: { kind: "string", list: false }, example: "x.csv" },
};
/** The types that an input of a `def` can have. */
export const INPUT_TYPES: readonly string[] = [...KINDS, "groups", ...Object.keys(SCALARS)];

/** What a relation formal accepts. */
function kindsOf(type: string | null): readonly Kind[] {
  return type === null || type === "groups" ? KINDS : KINDS.filter((kind) => kind === type);
}

/**
 * `def topfeats(x: table, k: int = 10) = x | top $k` as a stage like any other. The first relation formal is the input; scalars
 * with a default are keywords, those without are positional. Null after a reported mistake.
 */
export function define(statement: Def, scope: Scope, module: string, facts: Facts, report: Report): StageDefinition | null {
  const name = statement.name.path.join(".");
  if (STAGE_BY_NAME.has(name) || scope.stages.has(name)) {
    return error(report, statement.name.span, "name-taken", `\`${name}\` is already a stage`, { label: "choose another name", fix: { span: statement.name.span, text: `my_${name}` } });
  }
  const args: Record<string, Arg> = {};
  const relations: string[] = [];
  let input: string | null = null;
  let accepts: readonly Kind[] = [];
  let groups: StageDefinition["groups"] = "any";
  const examples: Record<string, unknown> = {};
  for (const formal of statement.formals) {
    const word = formal.name.path.join(".");
    const type = formal.type?.path.join(".") ?? null;
    if (word === "" || Object.hasOwn(args, word) || word === input) {
      if (word !== "") error(report, formal.name.span, "name-taken", `\`${word}\` is named twice`);
      return null;
    }
    const scalar = type !== null && Object.hasOwn(SCALARS, type) ? SCALARS[type] : undefined;
    if (scalar !== undefined) {
      const spec = scalarArg(formal, scalar.shape, scope, report);
      if (spec === null) return null;
      args[word] = spec;
      examples[word] = spec.required ? scalar.example : spec.default;
    } else if (type !== null && !INPUT_TYPES.includes(type)) {
      const near = nearest(type, INPUT_TYPES);
      return error(report, formal.type!.span, "unknown-type", `no type \`${type}\``, { ...(near === null ? {} : { label: `did you mean \`${near}\`?`, fix: { span: formal.type!.span, text: near } }), notes: [`types: ${listed(INPUT_TYPES, 20)}`] });
    } else if (input === null) {
      input = word;
      accepts = kindsOf(type);
      if (type === "groups") groups = "required";
    } else {
      relations.push(word);
      args[word] = { shape: { kind: "pipelines", named: false }, doc: "A value", keyword: false, required: true, default: undefined };
    }
  }
  // The names that are there where it is written: those bound later do not count.
  const { settings: _, ...now } = scope;
  const place = { ...now, relations: namesNow(now.relations), params: namesNow(now.params), stages: namesNow(now.stages), absent: namesNow(now.absent) };
  const open: Definition = { body: statement.body, text: report.text, module, scope: place, input, relations, broken: false };
  const before = report.diagnostics.length;
  const blank: Plan = { op: { op: "literal", columns: [], rows: [] }, inputs: [], schema: UNKNOWN, at: statement.span, label: "" };
  const bound = { ...examples, ...Object.fromEntries(relations.map((each) => [each, [{ name: each, plan: blank }]])) };
  checkPipeline(statement.body, null, { scope: bodyScope(open, bound, blank, scope.settings), facts, report });
  // What the grammar could not read was told before.
  const unread = [...report.diagnostics, ...(report.unread ?? [])].some(({ severity, span }) => severity === "error" && span.start >= statement.span.start && span.end <= statement.span.end);
  const defined: Definition = { ...open, broken: unread || report.diagnostics.length > before };
  const made: DefinedStage = {
    name,
    doc: statement.doc === "" ? `Defined ${module === "" ? "in this script" : `in ${module}`}` : statement.doc.split("\n")[0]!,
    category: "defined",
    args,
    input: accepts,
    inputOptional: false,
    groups,
    examples: [],
    alsoCalled: [],
    searchTerms: [],
    instead: {},
    lower: () => {
      throw new Error(`${name} is expanded, not lowered`);
    },
    defined,
  };
  return made;
}

function scalarArg(formal: Formal, shape: Shape, scope: Scope, report: Report): Arg | null {
  if (formal.value === null) return { shape, doc: "", keyword: false, required: true, default: undefined };
  const value = constant(formal.value, scope);
  const fits = shape.kind === "int" ? Number.isSafeInteger(value) : shape.kind === "float" ? typeof value === "number" : shape.kind === "bool" ? typeof value === "boolean" : typeof value === "string";
  if (!fits) return formal.value.kind === "hole" ? null : error(report, formal.value.span, "wrong-type", `the default of \`${formal.name.path.join(".")}\` is not ${formal.type!.path.join(".")}`);
  return { shape, doc: "", keyword: true, required: false, default: value };
}
