/** Without this file changing a name would mean finding every use of it by eye. */
import { tokenize } from "../../grammar/parse.ts";
import type { Span } from "../../grammar/span.ts";
import { isDefined } from "../check/expand.ts";
import { stagesOf } from "../check/scope.ts";
import type { Analysis } from "./analyse.ts";
import { references } from "./definition.ts";
import { markAt, type Declaration } from "./mark.ts";

/** What would be renamed, or why not. */
export type Renamable = { readonly span: Span; readonly name: string } | { readonly refused: string };

/** All places to change, or why the new name cannot stand there. */
export type Renaming = { readonly spans: readonly Span[]; readonly text: string } | { readonly refused: string };

/** The name at an offset, where this script gives it. */
export function renamable(analysis: Analysis, offset: number): Renamable {
  const mark = markAt(analysis.marksAround(offset), offset);
  if (mark === null) return { refused: "there is no name here" };
  if (mark.target === null) return { refused: `\`${mark.name}\` is not given in this script` };
  if (mark.target.kind === "module") return { refused: "the name of a module cannot be changed here" };
  return { span: mark.span, name: mark.name };
}

/** Give the name at an offset another one, everywhere in the script. */
export function rename(analysis: Analysis, offset: number, wanted: string): Renaming {
  const found = renamable(analysis, offset);
  if ("refused" in found) return found;
  const name = wanted.replace(/^\$/, "");
  const target = markAt(analysis.marksAround(offset), offset)!.target!;
  const why = name === target.name ? null : unfit(name, target, analysis);
  return why === null ? { spans: references(analysis, offset), text: name } : { refused: why };
}

/** Where another script, which uses this one as a module, names what stands at an offset here: a stage, or an input of one. `isThis`: whether a module, as that script names it, is this one. */
export function renamedIn(other: Analysis, analysis: Analysis, offset: number, isThis: (module: string) => boolean): readonly Span[] {
  const target = markAt(analysis.marksAround(offset), offset)?.target ?? null;
  if (target === null) return [];
  const stage = target.statement.kind === "def" ? target.statement.name.path.join(".") : null;
  if (stage === null || (target.kind !== "stage" && target.kind !== "formal")) return [];
  const role = target.kind === "stage" ? "stage" : "keyword";
  return other.marks().flatMap((mark) => {
    if (mark.role !== role || mark.stage === null || !isDefined(mark.stage) || last(mark.stage.name) !== stage || last(mark.name) !== target.name || !isThis(mark.stage.defined.module)) return [];
    return [{ start: mark.span.end - target.name.length, end: mark.span.end }];
  });
}

/** `top` of `lib.top`. */
const last = (name: string): string => name.slice(name.lastIndexOf(".") + 1);

function unfit(name: string, target: Declaration, analysis: Analysis): string | null {
  if (!/^[\p{L}_][\p{L}\p{M}\p{N}_]*$/u.test(name)) return `\`${name}\` is not a name: letters, digits and \`_\`, not starting with a digit`;
  if (reserved(name)) return `\`${name}\` is a reserved word`;
  const end = analysis.runs().scope;
  if (stagesOf(end).some((stage) => stage.name === name)) return `\`${name}\` is a stage`;
  const marks = analysis.marks();
  const taken = marks.some((mark) => mark.declares && mark.name === name && (mark.target!.kind !== "formal" || target.kind !== "formal" || mark.target!.statement === target.statement));
  if (taken) return `\`${name}\` is already bound`;
  if (target.kind === "param") return null;
  if (end.standard.has(name)) return `\`${name}\` comes with saeq`;
  const shadowed = target.kind === "relation" && marks.some((mark) => mark.role === "column" && mark.name === name);
  return shadowed ? `\`${name}\` is a column in this script` : null;
}

/** Words that the lexer keeps for itself, at the start of a statement or anywhere. */
function reserved(name: string): boolean {
  return tokenize(`${name} x`)[0]?.kind === "keyword" || tokenize(`x ${name}`)[1]?.kind === "keyword";
}
