/** Without this file one query could not be run from a shell. */
import type { Request } from "../request.ts";
import { runHeadless } from "../headless.ts";
import { deskOf, makeOut, mistake, openSession, readSource, typedGrants, withoutQuery, type Shop } from "./shop.ts";

/** `saeq eval CODE`: with the rights of the person who typed it. */
export async function evaluate(request: Extract<Request, { kind: "eval" }>, shop: Shop): Promise<number> {
  const source = request.code === "-" ? await readSource("-", shop) : { name: "eval", text: request.code };
  if (source === null) return 10;
  if (withoutQuery(source, shop)) return 2;
  if (/^\s*\.[a-z]/.test(source.text)) {
    mistake(shop, "dot commands belong to the REPL; `saeq eval` takes a query");
    return 2;
  }
  if (!makeOut(shop)) return 2;
  const session = await openSession(shop, { readFrom: shop.cwd, grants: typedGrants(shop) });
  try {
    return await runHeadless(session, source, deskOf(shop));
  } finally {
    await session.close();
  }
}
