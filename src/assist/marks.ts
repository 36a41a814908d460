/** Without this file hover, definitions, renaming and colours would each find out anew what a word stands for. */
import type { Def, Let, Name, Param, Script, Set as SetStatement, Statement, Use } from "../../grammar/ast.ts";
import { single } from "../check/constant.ts";
import { Names as BoundNames } from "../check/names.ts";
import { stageNamed, type Facts, type Scope } from "../check/scope.ts";
import { UNKNOWN } from "../ops/schema.ts";
import { bodyScopeOf, isScalar } from "./body_scope.ts";
import { markConstant, type Declaration, type Mark, type Names, type Place } from "./mark.ts";
import { markPipeline } from "./mark_pipeline.ts";
import { isPlainValue } from "./plain_value.ts";

const NOTHING = { target: null, declares: false, stage: null, input: null, gives: null } as const;

/** Reads the statements in order: `visit` is told of each what is known before it. What is known after the last. */
export type Walk = (visit: (index: number, scope: Scope) => void) => Scope;

/** The name that a statement gives is told once it is known what it stands for. */
type Naming = ((after: Scope) => void) | null;

/** The marks of a script in one walk through it: scopes kept for each statement would cost the square of its length. `names`: given above; those of the script are added. */
export function readMarks(script: Script, text: string, facts: Facts, walk: Walk, names: Growing = noNames()): readonly Mark[] {
  const marks: Mark[] = [];
  let naming: Naming = null;
  const end = walk((index, scope) => {
    naming?.(scope);
    naming = markStatement(script.statements[index]!, { scope, facts, names, text, put: (mark) => void marks.push({ ...NOTHING, ...mark }) }, names);
  });
  (naming as Naming)?.(end);
  return marks.sort((a, b) => a.span.start - b.span.start);
}

/** Names given above, to which those of the statement at hand are added. */
export type Growing = { readonly [K in keyof Names]: BoundNames<Declaration> };

export function noNames(): Growing {
  return { relations: BoundNames.of<Declaration>([]), params: BoundNames.of<Declaration>([]), stages: BoundNames.of<Declaration>([]) };
}

function markStatement(statement: Statement, place: Place, names: Growing): Naming {
  switch (statement.kind) {
    case "edition":
      return null;
    case "use":
      markUse(statement, place);
      return null;
    case "param":
      return markParam(statement, place, names);
    case "set":
      markSet(statement, place);
      return null;
    case "let":
      return markLet(statement, place, names);
    case "def":
      return markDef(statement, place, names);
    case "pipelineStatement":
      markPipeline(statement.pipeline, null, place);
      return null;
    default:
      return statement satisfies never;
  }
}

function declaration(kind: Declaration["kind"], name: Name, statement: Statement, doc: string, formals: readonly Declaration[] = []): Declaration {
  return { name: name.path.join("."), kind, span: name.span, statement, doc, formals };
}

/** A name that is bound already keeps its first meaning, as in the checker. */
function give(names: BoundNames<Declaration>, made: Declaration): void {
  if (!names.has(made.name) && made.name !== "") names.bind(made.name, made);
}

function markUse(statement: Use, place: Place): void {
  if (statement.alias === null) return;
  const made = declaration("module", statement.alias, statement, "");
  place.put({ span: made.span, role: "label", name: made.name, target: made, declares: true });
}

function markParam(statement: Param, place: Place, names: Growing): Naming {
  const made = declaration("param", statement.name, statement, statement.doc);
  place.put({ span: made.span, role: "param", name: made.name, target: made, declares: true });
  if (statement.type.span.end > statement.type.span.start) place.put({ span: statement.type.span, role: "type", name: statement.type.path.join(".") });
  if (statement.value !== null) markConstant(statement.value, place);
  return () => give(names.params, made);
}

function markSet(statement: SetStatement, place: Place): void {
  for (const [i, words] of statement.args.entries()) {
    const key = i % 2 === 0 ? single(words) : null;
    if (key?.kind === "name") place.put({ span: key.span, role: "setting", name: key.path.join(".") });
    else for (const item of words.items) markConstant(item.value, place);
  }
}

function markLet(statement: Let, place: Place, names: Growing): Naming {
  const name = statement.name.path.join(".");
  const { relations, params } = place.scope;
  const scalar = relations.has(name) || params.has(name) ? !relations.has(name) : stageNamed(place.scope, name) === undefined && isPlainValue(statement);
  if (scalar) for (const item of statement.value.stages[0]?.args[0]?.items ?? []) markConstant(item.value, place);
  else markPipeline(statement.value, null, place);
  return (after) => {
    const made = declaration(scalar ? "param" : "relation", statement.name, statement, statement.doc);
    const gives = scalar ? null : (after.relations.get(name)?.schema ?? UNKNOWN);
    place.put({ span: made.span, role: scalar ? "param" : "relation", name, target: made, declares: true, gives });
    give(scalar ? names.params : names.relations, made);
  };
}

function markDef(statement: Def, place: Place, names: Growing): Naming {
  const formals = statement.formals.map((formal) => declaration("formal", formal.name, statement, ""));
  const made = declaration("stage", statement.name, statement, statement.doc, formals);
  place.put({ span: made.span, role: "stage", name: made.name, target: made, declares: true });
  const inner = { relations: new Map<string, Declaration>(), params: new Map<string, Declaration>() };
  for (const [i, formal] of statement.formals.entries()) {
    const each = formals[i]!;
    const scalar = isScalar(formal);
    place.put({ span: each.span, role: scalar ? "param" : "relation", name: each.name, target: each, declares: true });
    if (formal.type !== null) place.put({ span: formal.type.span, role: "type", name: formal.type.path.join(".") });
    if (formal.value !== null) markConstant(formal.value, place);
    inner[scalar ? "params" : "relations"].set(each.name, each);
  }
  const within = { ...names, relations: names.relations.behind(inner.relations), params: names.params.behind(inner.params) };
  markPipeline(statement.body, null, { ...place, names: within, scope: bodyScopeOf(statement, place.scope) });
  return () => give(names.stages, made);
}
