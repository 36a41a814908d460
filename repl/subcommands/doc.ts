/** Without this file help would exist only inside the REPL, and the descriptions in scripts only inside scripts. */
import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { visible } from "../../grammar/visible.ts";
import { CODE_NAMES } from "../../src/assist/code_page.ts";
import { STATEMENT_PAGES } from "../../src/assist/statement_page.ts";
import { OPERATOR_PAGES, TOPIC_PAGES } from "../../src/assist/topic_pages.ts";
import { SETTINGS } from "../../src/check/settings.ts";
import { LINT_RULES } from "../../src/lint/rules/mod.ts";
import type { LintRule } from "../../src/lint/rule.ts";
import { FUNCTIONS } from "../../src/ops/functions.ts";
import { STAGES } from "../../src/stages/mod.ts";
import type { Request } from "../request.ts";
import { commands } from "../commands/mod.ts";
import { EXIT_CODES } from "../exit_codes.ts";
import { nearest } from "../../src/check/suggest.ts";
import { scriptDoc } from "./script_doc.ts";
import { allGranted, mistake, openSession, readSource, type Shop } from "./shop.ts";

/** `saeq doc [WORD|FILE]` */
export async function doc(request: Extract<Request, { kind: "doc" }>, shop: Shop): Promise<number> {
  const { word } = request;
  if (word !== null && isScript(word, shop.cwd)) {
    const source = await readSource(word, shop);
    if (source === null) return 10;
    shop.stdout.write(`${visible(scriptDoc(word, source.text), { keepNewlines: true })}\n`);
    return 0;
  }
  const session = await openSession(shop, { readFrom: shop.cwd, grants: allGranted });
  try {
    const text = word === null ? opening(session.help("")) : (session.help(word) ?? (word === "exit-codes" ? exitCodes() : null) ?? ruleHelp(word) ?? commandHelp(word));
    if (text === null) {
      const guess = nearest(word ?? "", everyWord());
      mistake(shop, `no help for \`${visible(word ?? "")}\`${guess === null ? "" : `; did you mean \`${guess}\`?`} (a stage, setting, function, statement, operator, code or script file)`);
      return 2;
    }
    shop.stdout.write(`${visible(text.replace(/\n+$/, ""), { keepNewlines: true })}\n`);
    return 0;
  } finally {
    await session.close();
  }
}

function isScript(word: string, cwd: string): boolean {
  const path = resolve(cwd, word);
  return word.endsWith(".saeq") || (/[./\\]/.test(word) && existsSync(path) && statSync(path).isFile());
}

/** Everything that has help. */
function everyWord(): string[] {
  return [...STAGES.map((stage) => stage.name), ...Object.keys(SETTINGS), ...Object.keys(FUNCTIONS), ...Object.keys(STATEMENT_PAGES), ...[...OPERATOR_PAGES, ...TOPIC_PAGES].flatMap(({ names }) => names), ...CODE_NAMES, "exit-codes", "model-types", ...LINT_RULES.map((rule) => rule.code), ...commands.map((command) => command.name)];
}

function exitCodes(): string {
  return Object.entries(EXIT_CODES).map(([code, meaning]) => `${code.padStart(3)}  ${meaning}`).join("\n");
}

function ruleHelp(word: string): string | null {
  const rule = LINT_RULES.find((one) => one.code === word);
  return rule === undefined ? null : rulePage(rule);
}

/** The page of a rule of `saeq lint`. */
function rulePage({ code, doc: what, why, mend, trigger, fixed }: LintRule): string {
  const quoted = (text: string): string => text.trimEnd().split("\n").map((line) => `    ${line}`).join("\n");
  return [`${code}: ${what} (saeq lint)`, "", `  why:  ${why}`, `  mend: ${mend}`, "", "  found in", quoted(trigger), ...(fixed === null ? [] : ["  and not in", quoted(fixed)]), "", `  silenced by a line above it:  # lint-ignore ${code}`].join("\n");
}

function commandHelp(word: string): string | null {
  const command = commands.find((one) => one.name === word);
  return command === undefined ? null : `${command.usage}\n${command.doc}`;
}

function opening(overview: string | null): string {
  return overview ?? "saeq doc WORD explains a stage, setting, function or code. Start with: saeq doc acts\nA first query: saeq eval 'sample perfect 10 | acts layer 7 | top 10'";
}
