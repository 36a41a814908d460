/** Without this file mistakes would only be found by running. */
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import { visible, visibleJson } from "../../grammar/visible.ts";
import type { Checked } from "../../runtime/session/session_port.ts";
import type { Request } from "../request.ts";
import { diagnosticJson } from "../diagnostic_json.ts";
import { sayDiagnostic } from "../talk.ts";
import { checkedScripts, ownMistakes } from "./checked_scripts.ts";
import type { Shop } from "./shop.ts";
import { counted } from "../../runtime/counted.ts";

const isError = ({ severity }: Diagnostic): boolean => severity === "error";
/** A script that does these is wrong anywhere; a folder may be there tomorrow, or elsewhere with --out. */
const WRONG_ANYWHERE = new Set(["overwrites-input", "saved-twice"]);

/** What would stop a run at its saves. */
async function ofSaves({ saves }: Checked): Promise<readonly Diagnostic[]> {
  return ((await saves?.()) ?? []).map((one) => (WRONG_ANYWHERE.has(one.code) ? one : { ...one, severity: "warning" }));
}

/** `saeq check FILES or folders [--json]`: 3 where there are errors, 10 where a file cannot be read. */
export async function checkFiles(request: Extract<Request, { kind: "check" }>, shop: Shop): Promise<number> {
  let code = 0;
  const found: unknown[] = [];
  for await (const script of checkedScripts(request.files, shop)) {
    if (script === null) {
      code = 10;
      continue;
    }
    const { file, source } = script;
    const own = ownMistakes(script.checked, source.text);
    const diagnostics = [...own, ...(own.some(isError) ? [] : await ofSaves(script.checked))];
    found.push({ file, diagnostics: diagnostics.map((one) => diagnosticJson(one, source.text)) });
    for (const diagnostic of request.json ? [] : diagnostics) shop.stderr.write(`${sayDiagnostic(diagnostic, source, shop.talkLook)}\n`);
    const errors = diagnostics.filter(isError).reduce((sum, { untold = 0 }) => sum + 1 + untold, 0);
    if (errors > 0 && code === 0) code = 3;
    if (!shop.options.quiet && !request.json) shop.stderr.write(`${visible(file)}: ${errors === 0 ? "no errors" : counted(errors, "error")}\n`);
  }
  if (request.json) shop.stdout.write(`${visibleJson(JSON.stringify(found, null, 2))}\n`);
  return code;
}
