/** Without this file hover, definitions, renaming and colours would each find out anew what a word stands for. */
import type { Def, Let, Name, Param, Script, Set as SetStatement, Statement, Use } from "../../grammar/ast.ts";
import { single } from "../check/constant.ts";
import type { Facts, Scope } from "../check/scope.ts";
import { UNKNOWN } from "../ops/schema.ts";
import { bodyScopeOf, isScalar } from "./body_scope.ts";
import { markConstant, type Declaration, type Mark, type Names, type Place } from "./mark.ts";
import { markPipeline } from "./mark_pipeline.ts";

const NOTHING = { target: null, declares: false, stage: null, input: null, gives: null } as const;

/** The marks of a script; `scopes` holds what is known before each statement, and after the last. */
export function readMarks(script: Script, text: string, facts: Facts, scopes: readonly Scope[]): readonly Mark[] {
  const marks: Mark[] = [];
  let names: Names = { relations: new Map(), params: new Map(), stages: new Map() };
  for (const [i, statement] of script.statements.entries()) {
    const place: Place = { scope: scopes[i]!, facts, names, text, put: (mark) => void marks.push({ ...NOTHING, ...mark }) };
    names = markStatement(statement, place, scopes[i + 1]!);
  }
  return marks.sort((a, b) => a.span.start - b.span.start);
}

function markStatement(statement: Statement, place: Place, after: Scope): Names {
  switch (statement.kind) {
    case "edition":
      return place.names;
    case "use":
      return markUse(statement, place);
    case "param":
      return markParam(statement, place);
    case "set":
      markSet(statement, place);
      return place.names;
    case "let":
      return markLet(statement, place, after);
    case "def":
      return markDef(statement, place);
    case "pipelineStatement":
      markPipeline(statement.pipeline, null, place);
      return place.names;
    default:
      return statement satisfies never;
  }
}

function declaration(kind: Declaration["kind"], name: Name, statement: Statement, doc: string, formals: readonly Declaration[] = []): Declaration {
  return { name: name.path.join("."), kind, span: name.span, statement, doc, formals };
}

/** A name that is bound already keeps its first meaning, as in the checker. */
function withName(names: ReadonlyMap<string, Declaration>, made: Declaration): ReadonlyMap<string, Declaration> {
  return names.has(made.name) || made.name === "" ? names : new Map(names).set(made.name, made);
}

function markUse(statement: Use, place: Place): Names {
  if (statement.alias === null) return place.names;
  const made = declaration("module", statement.alias, statement, "");
  place.put({ span: made.span, role: "label", name: made.name, target: made, declares: true });
  return place.names;
}

function markParam(statement: Param, place: Place): Names {
  const made = declaration("param", statement.name, statement, statement.doc);
  place.put({ span: made.span, role: "param", name: made.name, target: made, declares: true });
  if (statement.type.span.end > statement.type.span.start) place.put({ span: statement.type.span, role: "type", name: statement.type.path.join(".") });
  if (statement.value !== null) markConstant(statement.value, place);
  return { ...place.names, params: withName(place.names.params, made) };
}

function markSet(statement: SetStatement, place: Place): void {
  for (const [i, words] of statement.args.entries()) {
    const key = i % 2 === 0 ? single(words) : null;
    if (key?.kind === "name") place.put({ span: key.span, role: "setting", name: key.path.join(".") });
    else for (const item of words.items) markConstant(item.value, place);
  }
}

function markLet(statement: Let, place: Place, after: Scope): Names {
  const name = statement.name.path.join(".");
  const scalar = after.params.has(name) && !after.relations.has(name);
  const made = declaration(scalar ? "param" : "relation", statement.name, statement, statement.doc);
  const gives = scalar ? null : (after.relations.get(name)?.schema ?? UNKNOWN);
  place.put({ span: made.span, role: scalar ? "param" : "relation", name, target: made, declares: true, gives });
  if (scalar) for (const item of statement.value.stages[0]?.args[0]?.items ?? []) markConstant(item.value, place);
  else markPipeline(statement.value, null, place);
  return scalar ? { ...place.names, params: withName(place.names.params, made) } : { ...place.names, relations: withName(place.names.relations, made) };
}

function markDef(statement: Def, place: Place): Names {
  const formals = statement.formals.map((formal) => declaration("formal", formal.name, statement, ""));
  const made = declaration("stage", statement.name, statement, statement.doc, formals);
  place.put({ span: made.span, role: "stage", name: made.name, target: made, declares: true });
  let names = place.names;
  for (const [i, formal] of statement.formals.entries()) {
    const each = formals[i]!;
    const scalar = isScalar(formal);
    place.put({ span: each.span, role: scalar ? "param" : "relation", name: each.name, target: each, declares: true });
    if (formal.type !== null) place.put({ span: formal.type.span, role: "type", name: formal.type.path.join(".") });
    if (formal.value !== null) markConstant(formal.value, place);
    const group = scalar ? "params" : "relations";
    names = { ...names, [group]: new Map(names[group]).set(each.name, each) };
  }
  markPipeline(statement.body, null, { ...place, names, scope: bodyScopeOf(statement, place.scope) });
  return { ...place.names, stages: withName(place.names.stages, made) };
}
