/** Without this file mistakes would only be found by running. */
import { dirname, resolve } from "node:path";
import { visible } from "../../grammar/visible.ts";
import type { Request } from "../arguments.ts";
import { sayDiagnostic } from "../talk.ts";
import { allGranted, openSession, readSource, type Shop } from "./shop.ts";

/** `saeq check FILES`: 3 where there are errors, 10 where a file cannot be read. */
export async function checkFiles(request: Extract<Request, { kind: "check" }>, shop: Shop): Promise<number> {
  let code = 0;
  for (const file of request.files) {
    const source = await readSource(file, shop);
    if (source === null) {
      code = 10;
      continue;
    }
    const session = await openSession(shop, { readFrom: file === "-" ? shop.cwd : dirname(resolve(shop.cwd, file)), grants: allGranted });
    const { diagnostics } = await session.check(source);
    await session.close();
    for (const diagnostic of diagnostics) shop.stderr.write(`${sayDiagnostic(diagnostic, source, shop.talkLook)}\n`);
    const errors = diagnostics.filter((one) => one.severity === "error").length;
    if (errors > 0 && code === 0) code = 3;
    if (!shop.options.quiet) shop.stderr.write(`${visible(file)}: ${errors === 0 ? "no errors" : `${errors} ${errors === 1 ? "error" : "errors"}`}\n`);
  }
  return code;
}
