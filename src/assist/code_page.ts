/** Without this file `saeq doc unknown-stage` and the site would each find their own words for a code. */
import { CODES, type Code, type CodeEntry } from "../../grammar/codes.ts";
import { parse } from "../../grammar/parse.ts";
import { CODE_PAGES, type CodePage } from "../check/codes.ts";
import { TEXT_CODES } from "../check/codes_of_text.ts";

/** Every code of grammar, checker, data, models and engine. */
export const CODE_NAMES: readonly string[] = [...Object.keys(CODES), ...Object.keys(CODE_PAGES)].sort();

/** The page of a code; null where there is no such code. */
export function codePage(code: string): CodePage | null {
  if (Object.hasOwn(CODE_PAGES, code)) return CODE_PAGES[code]!;
  const entries: Readonly<Record<string, CodeEntry>> = CODES;
  if (!Object.hasOwn(entries, code)) return null;
  const { trigger, fixed } = entries[code]!;
  const summary = parse(trigger).diagnostics[0]?.message ?? code;
  return { summary, ...TEXT_CODES[code as Code], query: trigger, mended: fixed };
}

/** A page as plain text. */
export function codeHelp(code: string): string | null {
  const page = codePage(code);
  if (page === null) return null;
  const quoted = (text: string): string => text.trimEnd().split("\n").map((line) => `    ${line}`).join("\n");
  return [
    `${code}: ${page.summary}`,
    "",
    `  why:  ${page.why}`,
    `  mend: ${page.mend}`,
    ...(page.query === null ? [] : ["", "  with this mistake", quoted(page.query)]),
    ...Object.entries(page.files ?? {}).map(([name, content]) => `  where ${name} holds\n${quoted(content === "" ? "(nothing)" : content)}`),
    ...(page.mended === null ? [] : ["", "  without it", quoted(page.mended)]),
  ].join("\n");
}
