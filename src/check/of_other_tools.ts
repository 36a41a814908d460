/** Without this file what pandas and plotting libraries call a table's figures and pictures, and Python a text with columns in it, would be refused without a line to paste. */
import { printColumn } from "../../grammar/print_parts.ts";
import { single } from "./constant.ts";
import type { Around, Hint, Misplaced } from "./misplaced.ts";
import type { Rewritten } from "./phrases.ts";

/** `describe score`, `describe column=score`: the columns are chosen first. */
export function asDescribed({ definition, input, words, text }: Misplaced): Hint | null {
  const items = words.flatMap((each) => each.items);
  const columns = items.map(({ value }) => (value.kind === "name" ? value.path.join(".") : value.kind === "str" ? value.value : ""));
  if (definition.name !== "describe" || input?.kind !== "table" || !columns.every((name) => input.columns.some((each) => each.name === name))) return null;
  const write = `select ${columns.map(printColumn).join(", ")} | describe`;
  return { label: `write \`${write}\``, fix: { span: { start: text.lastIndexOf("describe", words[0]!.span.start), end: words.at(-1)!.span.end }, text: write } };
}

/** `plot count kind=bar`, `plot kind=scatter count max`: the kind stands first, and columns behind `x` and `y`. */
export function asDrawn({ definition, input, words }: Misplaced): Hint | null {
  const kinds = definition.name === "plot" && definition.args["kind"]?.shape.kind === "oneOf" ? definition.args["kind"].shape.options : null;
  const said = words.flatMap((each) => each.items);
  const named = said.findIndex(({ name }) => name?.path.join(".") === "kind");
  const behind = said.findIndex(({ name, value }) => name === null && value.kind === "name" && value.path.join(".") === "kind");
  const at = named >= 0 ? named : behind + 1;
  const value = kinds === null || (named < 0 && behind < 0) ? undefined : said[at]?.value;
  const word = value?.kind === "name" ? value.path.join(".") : value?.kind === "str" ? value.value : null;
  const columns = said.flatMap(({ name, value }, i) => (i === at || i === behind ? [] : name === null && value.kind === "name" ? [value.path.join(".")] : [null]));
  if (kinds === null || word === null || columns.length > 2 || columns.some((name) => name === null || (input?.known === true && !input.columns.some((each) => each.name === name)))) return null;
  const [x, y] = columns.length === 2 ? columns : [undefined, columns[0]];
  if (/^hist/.test(word)) return y == null ? null : { label: "`hist` counts how often", help: `hist ${printColumn(y)}` };
  const kind = kinds.find((each) => each === word || each.startsWith(word) || word.startsWith(each.replace(/s$/, ""))) ?? null;
  if (kind === null) return null;
  const write = [kind, ...(x == null ? [] : [`x ${printColumn(x)}`]), ...(y == null ? [] : [`y ${printColumn(y)}`])].join(" ");
  return { label: `write \`plot ${write}\``, fix: { span: { start: words[0]!.span.start, end: words.at(-1)!.span.end }, text: write } };
}

/** `f"{reference}!"`: texts and columns joined by `+`. */
export function formatted({ words, at }: Around): Rewritten | null {
  const before = words[at - 1]?.items.at(-1)?.value;
  const value = words[at] === undefined ? null : single(words[at]);
  if (before?.kind !== "name" || before.path.join(".") !== "f" || value?.kind !== "str" || before.span.end !== value.span.start) return null;
  const parts = value.value.split(/(\{[\p{L}_][\p{L}\p{N}_]*\})/u).filter((part) => part !== "");
  if (parts.some((part, i) => /[{}]/.test(part) && !/^\{[\p{L}_][\p{L}\p{N}_]*\}$/u.test(part) && i >= 0)) return null;
  return { span: { start: before.span.start, end: value.span.end }, text: parts.map((part) => (part.startsWith("{") ? part.slice(1, -1) : JSON.stringify(part))).join(" + ") };
}
