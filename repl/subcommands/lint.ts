/** Without this file scripts that run, but do not do what they seem to, would pass unseen. */
import { visible, visibleJson } from "../../grammar/visible.ts";
import { lint } from "../../src/lint/lint.ts";
import { subjectOf } from "../../src/lint/rule.ts";
import { LINT_RULES } from "../../src/lint/rules/mod.ts";
import type { Request } from "../request.ts";
import { diagnosticJson } from "../diagnostic_json.ts";
import { sayDiagnostic } from "../talk.ts";
import { checkedScripts, ownMistakes } from "./checked_scripts.ts";
import { mistake, type Shop } from "./shop.ts";

/** `saeq lint FILES or folders [--json]`, `saeq lint --rules`: 3 where something is found, 10 where a file cannot be read. */
export async function lintFiles(request: Extract<Request, { kind: "lint" }>, shop: Shop): Promise<number> {
  if (request.rules) {
    shop.stdout.write(request.json ? `${JSON.stringify(LINT_RULES.map(({ code, doc, why, mend }) => ({ code, doc, why, mend })), null, 2)}\n` : LINT_RULES.map(({ code, doc }) => `${code.padEnd(20)}${doc}\n`).join(""));
    return 0;
  }
  if (request.files.length === 0) {
    mistake(shop, "`saeq lint` needs files; `saeq lint --rules` lists the rules");
    return 2;
  }
  let code = 0;
  const found: unknown[] = [];
  for await (const script of checkedScripts(request.files, shop)) {
    if (script === null) {
      code = 10;
      continue;
    }
    const { file, source, checked } = script;
    const errors = ownMistakes(checked, source.text).filter((one) => one.severity === "error");
    // A script with errors is another script once they are mended.
    const told = errors.length > 0 ? errors : lint(subjectOf(source.text, checked.compiled ?? null));
    if (told.length > 0 && code === 0) code = 3;
    found.push({ file, diagnostics: told.map((one) => diagnosticJson(one, source.text)) });
    if (request.json) continue;
    for (const diagnostic of told) shop.stderr.write(`${sayDiagnostic(diagnostic, source, shop.talkLook)}\n`);
    if (!shop.options.quiet) shop.stderr.write(`${visible(file)}: ${told.length === 0 ? "nothing found" : `${told.length} found`}\n`);
  }
  if (request.json) shop.stdout.write(`${visibleJson(JSON.stringify(found, null, 2))}\n`);
  return code;
}
