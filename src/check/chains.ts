/** Without this file `runs.head(5)["text"]`, as pandas writes it, would be refused bracket by bracket. */
import type { Arg as Words, Call, Item } from "../../grammar/ast.ts";
import type { Fix } from "../../grammar/diagnostic.ts";
import { parse } from "../../grammar/parse.ts";
import { printColumn } from "../../grammar/print_parts.ts";
import { FUNCTIONS } from "../ops/functions.ts";
import { callsInWords, inWords } from "./calls.ts";
import { meaningOf } from "./foreign_stages.ts";
import { beyondHelp, relation, stagesOf } from "./scope.ts";
import { firstThatStands, type Trial } from "./tried.ts";

/** `.name(…)`, `.name` or `[…]`. */
type Link = { readonly kind: "call" | "name"; readonly name: string; readonly inner: string } | { readonly kind: "index"; readonly inner: string };

/** Nobody writes longer ones on one line. */
const MOST_LINKS = 12;

/** Methods, columns and slices of a table, from where its name stands, or behind the call that `head` is, as stages; null where no line is known that works. */
export function chainAt(start: number, trial: Trial, head: Call | null = null): Fix | null {
  const { scope, report } = trial;
  if (report.trial === true || beyondHelp(report) || report.expansions.nested > 0) return null;
  const { text } = report;
  const owner = /^[\p{L}_][\p{L}\p{M}\p{N}_]*/u.exec(text.slice(start, start + 200))?.[0] ?? "";
  const first = relation(scope, owner) === undefined ? null : owner;
  const made = first === null && head !== null ? inWords(head, null, trial) : first;
  if (made === null) return null;
  const { links, end } = linksFrom(text, first === null ? head!.span.end : start + owner.length);
  if (links.length === 0 || !/^[ \t]*(?:$|[\r\n;|#])/.test(text.slice(end, end + 200))) return null;
  let written = made;
  let column: string | null = null;
  for (const [i, link] of links.entries()) {
    if (link.kind === "name" && /^i?loc$/.test(link.name) && links[i + 1]?.kind === "index") continue;
    const named = column === null ? [] : ofColumn(link, column);
    const figure = tried(written, named, trial);
    if (figure !== null) {
      written = figure;
      column = null;
      continue;
    }
    if (column !== null) {
      const chosen = tried(written, [`select ${printColumn(column)}`], trial);
      if (chosen === null) return null;
      written = chosen;
    }
    column = columnOf(link);
    if (column !== null) continue;
    const next = tried(written, stagesFor(link, owner, trial), trial);
    if (next === null) return null;
    written = next;
  }
  const whole = column === null ? written : tried(written, [`select ${printColumn(column)}`], trial);
  return whole === null ? null : { span: { start, end }, text: whole };
}

/** The links of a chain. */
function linksFrom(text: string, from: number): { readonly links: readonly Link[]; readonly end: number } {
  const links: Link[] = [];
  let at = from;
  while (links.length < MOST_LINKS) {
    const name = /^\.([\p{L}_][\p{L}\p{N}_]*)/u.exec(text.slice(at, at + 200));
    const open = at + (name?.[0].length ?? 0);
    const bracket = text[open] === "(" && name !== null ? ")" : text[open] === "[" && name === null ? "]" : null;
    if (name === null && bracket === null) break;
    const close = bracket === null ? open - 1 : closing(text, open);
    if (close === null) break;
    links.push(name === null ? { kind: "index", inner: text.slice(open + 1, close) } : { kind: bracket === null ? "name" : "call", name: name[1]!, inner: bracket === null ? "" : text.slice(open + 1, close) });
    at = close + 1;
  }
  return { links, end: at };
}

/** Where a bracket is closed, on its line; null where it is not. */
function closing(text: string, open: number): number | null {
  let depth = 0;
  for (const found of text.slice(open, open + 2000).matchAll(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[()[\]\n]/g)) {
    if (found[0] === "\n") return null;
    if ("([".includes(found[0])) depth++;
    else if (")]".includes(found[0]) && --depth === 0) return open + found.index;
  }
  return null;
}

/** The first stage that works behind what is written so far. */
function tried(before: string, stages: readonly string[], trial: Trial): string | null {
  return firstThatStands(stages.map((stage) => `${before} | ${stage}`), null, trial);
}

/** The column that `["x"]` or `.x` names. */
function columnOf(link: Link): string | null {
  if (link.kind === "name") return link.name;
  return link.kind === "index" ? (/^\s*(["'])([^"']+)\1\s*$/.exec(link.inner)?.[2] ?? null) : null;
}

/** `["score"].mean()`, `.score.value_counts()` */
function ofColumn(link: Link, column: string): readonly string[] {
  if (link.kind !== "call" || link.inner.trim() !== "") return [];
  const word = link.name.toLowerCase();
  if (word === "value_counts") return [`count by ${printColumn(column)}`];
  if (word === "unique" || word === "drop_duplicates") return [`distinct ${printColumn(column)}`];
  const found = Object.keys(FUNCTIONS).find((each) => FUNCTIONS[each]!.aggregate && (each === word || FUNCTIONS[each]!.alsoCalled?.includes(word)));
  return found === undefined ? [] : [`agg ${found}_${column.replaceAll(/\W/g, "_")} = ${found}(${printColumn(column)})`];
}

function stagesFor(link: Link, owner: string, trial: Trial): readonly string[] {
  if (link.kind === "index") return ofIndex(link.inner, owner);
  if (link.kind === "name") return [];
  const items = itemsOf(link);
  if (items === null) return [];
  const sorted = /^(?:sort_values|sort|order_by|orderby|arrange)$/.test(link.name) && items.some(({ name, value }) => name?.path[0] === "ascending" && value.kind === "bool" && !value.value);
  const positional = items.filter(({ name }) => name === null || name.path[0] === "by");
  const columns = positional.flatMap(({ value }) => (value.kind === "list" ? value.items : [value])).flatMap((each) => (each.kind === "str" ? [printColumn(each.value)] : each.kind === "name" ? [printColumn(each.path.join("."))] : []));
  const words = items.map((each): Words => ({ items: [each], span: each.span }));
  const asNames = items.map((each): Words => ({ items: [{ ...each, value: each.value.kind === "str" ? { kind: "name", path: [each.value.value], quoted: true, span: each.value.span } : each.value }], span: each.span }));
  const meant = [words, asNames].flatMap((each) => meaningOf(link.name, { words: each, kind: "table" })?.write ?? []);
  return [...(sorted ? [`sort ${columns.map((each) => `${each} desc`).join(", ")}`] : []), ...callsInWords(link.name, items, stagesOf(trial.scope)), ...meant, ...(columns.length > 0 && /^sort_values$|^arrange$/.test(link.name) ? [`sort ${columns.join(", ")}`] : [])];
}

/** What stands between the brackets of a call. */
function itemsOf({ name, inner }: Link & { readonly kind: "call" | "name" }): readonly Item[] | null {
  const { script } = parse(`${name}(${inner})`);
  const statement = script.statements[0];
  const value = statement?.kind === "pipelineStatement" ? statement.pipeline.stages[0]?.args[0]?.items[0]?.value : undefined;
  return value?.kind === "call" ? value.args : null;
}

/** `[0:10]`, `[["a", "b"]]`, `[runs.score > 3]` */
function ofIndex(inner: string, owner: string): readonly string[] {
  const slice = /^\s*(\d*)\s*:\s*(\d*)\s*$/.exec(inner);
  if (slice !== null) {
    const [from, to] = [Number(slice[1]), slice[2] === "" ? null : Number(slice[2])];
    return [[...(from === 0 ? [] : [`skip ${from}`]), ...(to === null ? [] : [`take ${to - from}`])].join(" | ")];
  }
  const list = /^\s*\[(.*)\]\s*$/s.exec(inner)?.[1]?.split(",").map((each) => /^\s*(["'])([^"']+)\1\s*$/.exec(each)?.[2]);
  if (list !== undefined) return list.some((each) => each === undefined) ? [] : [`select ${list.map((each) => printColumn(each!)).join(", ")}`];
  const condition = inner
    .replaceAll(new RegExp(`\\b${owner}\\.(?=[\\p{L}_])`, "gu"), "")
    .replaceAll(new RegExp(`\\b${owner}\\[(["'])(\\w+)\\1\\]`, "gu"), "$2")
    .replaceAll(/ *&+ */g, " and ").replaceAll(/ *\|+ */g, " or ").replaceAll(/~(?=[\p{L}_(])/gu, "not ")
    .replaceAll(/\bTrue\b/g, "true").replaceAll(/\bFalse\b/g, "false");
  return [`where ${condition.trim()}`];
}
