/** Without this file nobody could go from a name to where it is given, or find where it is used. */
import type { Def } from "../../grammar/ast.ts";
import { parse } from "../../grammar/parse.ts";
import { moved } from "../../grammar/moved.ts";
import { span, type Span } from "../../grammar/span.ts";
import { isDefined } from "../check/expand.ts";
import { needKey, type ModuleFacts } from "../check/scope.ts";
import type { StageDefinition } from "../stages/stage.ts";
import type { Analysis } from "./analyse.ts";
import { markAt, type Declaration, type Mark } from "./mark.ts";

/** Where the name at an offset is given; null for names that are not given in this script. */
export function definition(analysis: Analysis, offset: number): Pick<Declaration, "name" | "span"> | null {
  const target = markAt(analysis.marksAround(offset), offset)?.target ?? null;
  return target === null ? null : { name: target.name, span: moved(target.span, analysis.startOf(target)) };
}

/** A place in another file. */
export interface Elsewhere {
  /** The file, relative to the script. */
  readonly module: string;
  readonly text: string;
  readonly span: Span;
}

/** Where a stage of a module is written, or the module that a `use` names; null for what comes with saeq. */
export function definedElsewhere(analysis: Analysis, offset: number): Elsewhere | null {
  const stage = markAt(analysis.marksAround(offset), offset)?.stage ?? null;
  if (stage !== null && isDefined(stage) && stage.defined.module.endsWith(".saeq")) {
    const { module, text, body } = stage.defined;
    return { module, text, span: writtenAs(stage)?.name.span ?? body.span };
  }
  for (const { statement, start } of analysis.parts().flatMap((part) => part.script.statements.map((each) => ({ statement: each, start: part.start })))) {
    if (statement.kind !== "use" || statement.path.kind === "hole" || offset < statement.span.start + start || statement.span.end + start < offset) continue;
    const known = analysis.around.facts.get(needKey({ kind: "module", path: statement.path.value }));
    if (known?.state === "known" && statement.path.value.endsWith(".saeq")) return { module: statement.path.value, text: (known.value as ModuleFacts).text, span: span(0, 0) };
  }
  return null;
}

/** The `def` of a stage, in the file that it is written in; null for stages that come with saeq. */
export function writtenAs(stage: StageDefinition): Def | null {
  if (!isDefined(stage)) return null;
  const { text, body } = stage.defined;
  return parse(text).script.statements.find((each): each is Def => each.kind === "def" && each.body.span.start === body.span.start) ?? null;
}

/** Every place that means the same name as the one at an offset, in the order of the text; the place where it is given is one of them. */
export function references(analysis: Analysis, offset: number, withDeclaration = true): readonly Span[] {
  return sameName(analysis, markAt(analysis.marksAround(offset), offset))
    .filter((mark) => withDeclaration || !mark.declares)
    .map(({ span }) => span);
}

function sameName(analysis: Analysis, mark: Mark | null): readonly Mark[] {
  const target = mark?.target ?? null;
  if (target !== null) return analysis.marks().filter((each) => each.target === target);
  // Names that come with saeq have no place in the script, but their uses belong together.
  return mark?.role === "relation" ? analysis.marks().filter((each) => each.role === "relation" && each.target === null && each.name === mark.name) : [];
}
