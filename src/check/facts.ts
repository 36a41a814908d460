/** Without this file the checker would have to read files itself. */
import type { Span } from "../../grammar/span.ts";
import type { ChatFacts, ChatTemplate, ModelFacts, SaeFacts, TableFacts } from "../stages/stage.ts";
import { error, needKey, type Facts, type FolderFacts, type ModuleFacts, type Need, type Report } from "./scope.ts";

type FactOf<N extends Need> = N extends { kind: "table" } ? TableFacts : N extends { kind: "model" } ? ModelFacts : N extends { kind: "chat" } ? ChatFacts : N extends { kind: "template" } ? ChatTemplate : N extends { kind: "module" } ? ModuleFacts : N extends { kind: "folder" } ? FolderFacts : SaeFacts;

/** A fact from outside, or null: not known yet (then it is noted as needed) or not to be had (then that is reported here). */
export function ask<N extends Need>({ facts, report }: { readonly facts: Facts; readonly report: Report }, need: N, at: Span): FactOf<N> | null {
  const known = facts.get(needKey(need));
  if (known === undefined || known.state === "pending") {
    report.needs.set(needKey(need), need);
    return null;
  }
  if (known.state === "failed") {
    // One cause, one error: what cannot be had is said where it is first asked for.
    if (report.told.has(needKey(need))) return null;
    report.told.add(needKey(need));
    const { code, message, notes, help: told, instead } = known.problem;
    // `open` takes no words of the stage that reads a format.
    const help = need.kind === "table" && /^(?:columns|encoding|ragged|types|nul|sep|decimal|thousands|nested) /.test(told) && opened(report.text, at) ? `${need.format} ${JSON.stringify(need.path)} ${told}` : told;
    // A path in quotes is the whole place, or stands behind its keyword; one of a definition stands elsewhere.
    const written = JSON.stringify("path" in need ? need.path : need.name);
    const fix = instead === undefined || !report.text.slice(at.start, at.end).endsWith(written) ? null : { span: { start: at.end - written.length, end: at.end }, text: JSON.stringify(instead) };
    return error(report, named(report, need) ?? at, code, message, { notes, ...(fix === null ? (help === "" ? {} : { help }) : { label: `write \`${fix.text}\``, fix }) });
  }
  // The key holds the kind, so the fact under it is of that kind.
  return known.value as FactOf<N>;
}

/** Whether a path is that of an `open`. */
function opened(text: string, at: Span): boolean {
  return /(?:^|[\s|(=])open\s+$/.test(text.slice(Math.max(0, at.start - 40), at.start));
}

/** Where `set` names a model or an SAE in this text; null where an earlier text did, or the session. */
function named({ accesses }: Report, need: Need): Span | null {
  if (need.kind !== "model" && need.kind !== "sae") return null;
  return accesses.findLast(({ checkpoint, path }) => checkpoint === need.kind && path === need.name)?.at ?? null;
}
