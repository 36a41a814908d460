/** Without this file nobody could see what a query would cost before running it. */
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Source } from "../../runtime/session_port.ts";
import { parse } from "../../grammar/parse.ts";
import type { Request } from "../arguments.ts";
import { runHeadless } from "../headless.ts";
import { allGranted, deskOf, mistake, openSession, readSource, type Shop } from "./shop.ts";

/** `saeq explain FILE|CODE`: the plan of the last pipeline. */
export async function explain(request: Extract<Request, { kind: "explain" }>, shop: Shop): Promise<number> {
  const isFile = request.target === "-" || existsSync(resolve(shop.cwd, request.target));
  if (!isFile && /\.saeq$/.test(request.target)) {
    await readSource(request.target, shop);
    return 10;
  }
  const source = isFile ? await readSource(request.target, shop) : { name: "explain", text: request.target };
  if (source === null) return 10;
  const text = explaining(source);
  if (text === null) {
    mistake(shop, "there is no pipeline to explain");
    return 2;
  }
  const session = await openSession(shop, { readFrom: isFile && request.target !== "-" ? dirname(resolve(shop.cwd, request.target)) : shop.cwd, grants: allGranted });
  try {
    return await runHeadless(session, { name: source.name, text }, deskOf(shop));
  } finally {
    await session.close();
  }
}

/** The source with its last pipeline explained and the others left out: explaining must run nothing. */
function explaining(source: Source): string | null {
  const { statements } = parse(source.text).script;
  const last = statements.findLast((statement) => statement.kind === "pipelineStatement");
  if (last === undefined) return null;
  let text = source.text;
  for (const statement of [...statements].reverse()) {
    if (statement.kind !== "pipelineStatement") continue;
    const { start, end } = statement.span;
    // Blanks keep every line and column where it was, for diagnostics.
    text = statement === last ? `${text.slice(0, end)} | explain${text.slice(end)}` : text.slice(0, start) + text.slice(start, end).replace(/[^\n]/g, " ") + text.slice(end);
  }
  return text;
}
