/** Without this file a chat template would be text: nobody would know what it says, or whether it can be done. */
import { createContext, Script } from "node:vm";
import type * as Jinja from "@huggingface/jinja";
import { USUAL_DAY } from "../../../src/ops/day.ts";
import { createBudget } from "./budget.ts";
import { rendered } from "./evaluate.ts";
import { globals } from "./globals.ts";
import { namesAsked, namesRead, type Node } from "./nodes.ts";
import { TemplateError } from "./template_error.ts";
import type { Value } from "./values.ts";

/** Characters; the longest that are published have a tenth of it. */
const LONGEST = 400_000;
/** For reading it, which takes milliseconds: its expressions search the whole text. */
const READING_MS = 2000;
/** Blanks in a row: the parser's expressions take time with the square of them. */
const MOST_BLANKS = 1000;

/** A template that was read. */
export interface Template {
  /** Names that it reads somewhere. */
  readonly reads: ReadonlySet<string>;
  /** Those of them that it has no value for itself. */
  readonly asks: ReadonlySet<string>;
  /** What it prints. `today`: as 2024-07-26. @throws TemplateError */
  readonly render: (variables: ReadonlyMap<string, Value>, options: { readonly today: string | null; readonly characters: number }) => Rendering;
}

export interface Rendering {
  readonly text: string;
  /** Whether it printed today's date. */
  readonly dated: boolean;
}

/** Read a template as transformers does: trim_blocks, lstrip_blocks, `break`, `continue` and `generation`. The package is loaded when the first is. @throws TemplateError */
export async function readTemplate(source: string): Promise<Template> {
  const jinja = await import("@huggingface/jinja");
  const text = source.replace(/\r\n?/g, "\n");
  if (text.length > LONGEST) throw new TemplateError("unsupported", `a template of ${text.length} characters`);
  if (longestBlank(text) > MOST_BLANKS) throw new TemplateError("unsupported", `more than ${MOST_BLANKS} blanks in a row`);
  if (endsOutside(text)) throw new TemplateError("unsupported", "`%}`, `#}` or `-}` at the end of a line of text that is in no tag");
  const program = inTime(() => parsed(jinja, text));
  const reads = namesRead(program.body);
  return {
    reads,
    asks: namesAsked(program.body, reads),
    render: (variables, { today, characters }) => {
      const budget = createBudget(characters);
      let dated = false;
      const names = globals(budget, today ?? USUAL_DAY, () => (dated = true));
      try {
        return { text: rendered(program, new Map([...names, ...variables]), budget), dated };
      } catch (error) {
        throw error instanceof RangeError ? new TemplateError("endless", "it goes deeper than there is room for") : error;
      }
    },
  };
}

type Program = Node & { readonly type: "Program" };

function parsed(jinja: typeof Jinja, text: string): Program {
  try {
    const tokens = jinja.tokenize(text, { lstrip_blocks: true, trim_blocks: true });
    const chain = chained(tokens);
    if (chain !== null) throw new TemplateError("unsupported", `comparisons in a row (${chain})`);
    return jinja.parse(tokens) as unknown as Program;
  } catch (error) {
    if (error instanceof TemplateError) throw error;
    // The parser runs off the end of its tokens where a block is not closed.
    throw new TemplateError("unsupported", error instanceof RangeError ? "it is nested too deep" : error instanceof TypeError ? "a block in it is not closed" : `it cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** `a < b < c`, which the parser takes for `(a < b) < c`; null where there is none. Brackets start anew, and so do words between conditions. */
function chained(tokens: readonly { readonly value: string; readonly type: string }[]): string | null {
  const open: (string | null)[] = [null];
  for (const { value, type } of tokens) {
    if (/^Open/.test(type)) open.push(null);
    else if (/^Close/.test(type)) {
      if (open.length > 1) open.pop();
    } else if (["Comma", "Colon", "Equals"].includes(type) || (type === "Identifier" && ["and", "or", "not", "if", "else", "for", "elif", "set"].includes(value))) {
      if (value !== "not") open[open.length - 1] = null;
    } else if (type === "ComparisonBinaryOperator" || (type === "Identifier" && value === "in")) {
      const before = open[open.length - 1] ?? null;
      if (before !== null) return `${before} … ${value}`;
      open[open.length - 1] = value;
    }
  }
  return null;
}

/** Whether a line of plain text ends as a tag does: the parser would take its line break for one that belongs to a tag. */
function endsOutside(text: string): boolean {
  const opener = /\{[#%{]/g;
  for (let at = 0; ; ) {
    opener.lastIndex = at;
    const open = opener.exec(text)?.index ?? text.length;
    if (/[#%-]\}\n/.test(text.slice(at, open))) return true;
    at = endOfTag(text, open);
    if (at >= text.length) return false;
  }
}

/** Behind the tag that opens at a place; texts in quotes may hold what ends it. */
function endOfTag(text: string, open: number): number {
  const ends = text[open + 1] === "#" ? "#}" : text[open + 1] === "%" ? "%}" : "}}";
  if (ends === "#}") {
    const end = text.indexOf(ends, open + 2);
    return end < 0 ? text.length : end + 2;
  }
  let quote = "";
  for (let at = open + 2; at < text.length; at++) {
    const character = text[at]!;
    if (quote !== "") {
      if (character === "\\") at++;
      else if (character === quote) quote = "";
    } else if (character === '"' || character === "'") quote = character;
    else if (text.startsWith(ends, at)) return at + 2;
  }
  return text.length;
}

function longestBlank(text: string): number {
  let [longest, from] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) > 32 && text[at]!.trim() !== "") from = at + 1;
    longest = Math.max(longest, at + 1 - from);
  }
  return longest;
}

function inTime<T>(work: () => T): T {
  try {
    return new Script("work()").runInContext(createContext({ work }), { timeout: READING_MS }) as T;
  } catch (error) {
    if (typeof error === "object" && error !== null && "code" in error && error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT") throw new TemplateError("endless", `it was not read within ${READING_MS / 1000} seconds`);
    throw error;
  }
}
