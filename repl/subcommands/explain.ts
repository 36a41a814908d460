/** Without this file nobody could see what a query would cost before running it. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Source } from "../../runtime/session_port.ts";
import { parse } from "../../grammar/parse.ts";
import { visible } from "../../grammar/visible.ts";
import type { Phase, Request } from "../request.ts";
import { runHeadless } from "../headless.ts";
import { sayDiagnostic } from "../talk.ts";
import { allGranted, deskOf, folderOf, mistake, openSession, readSource, type Shop } from "./shop.ts";
import { showPhases } from "./phases.ts";

/** `saeq explain FILE|CODE`: the plan of the last pipeline and its cost; with `--phase`, what that phase makes of all of it. */
export async function explain(request: Extract<Request, { kind: "explain" }>, shop: Shop): Promise<number> {
  const isFile = request.target === "-" || existsSync(resolve(shop.cwd, request.target));
  if (!isFile && /\.saeq$/.test(request.target)) {
    await readSource(request.target, shop);
    return 10;
  }
  const source = isFile ? await readSource(request.target, shop) : { name: "explain", text: request.target };
  if (source === null) return 10;
  const readFrom = isFile ? folderOf(request.target, shop) : shop.cwd;
  if (request.phase !== null) return explainPhase(request.phase, source, readFrom, shop);
  const text = explaining(source, request.analyze);
  if (text === null) {
    mistake(shop, "there is no pipeline to explain");
    return 2;
  }
  const session = await openSession(shop, { readFrom, grants: allGranted });
  try {
    return await runHeadless(session, { name: source.name, text }, request.json ? { ...deskOf(shop), format: "json" } : deskOf(shop));
  } finally {
    await session.close();
  }
}

/** Print a phase; 3 where a mistake keeps the phases behind the tree from being reached. */
async function explainPhase(phase: Phase, source: Source, readFrom: string, shop: Shop): Promise<number> {
  const session = await openSession(shop, { readFrom, grants: allGranted });
  try {
    const { diagnostics, compiled } = phase === "tokens" || phase === "tree" ? { diagnostics: parse(source.text).diagnostics, compiled: undefined } : await session.check(source);
    const errors = diagnostics.filter((one) => one.severity === "error");
    for (const one of errors) shop.stderr.write(`${sayDiagnostic(one, source, shop.talkLook)}\n`);
    const reached = errors.length === 0 || phase === "tokens" || phase === "tree" || phase === "all";
    if (reached) shop.stdout.write(`${visible(showPhases(phase, source.text, errors.length > 0 ? null : (compiled ?? null)), { keepNewlines: true })}\n`);
    return errors.length > 0 ? 3 : 0;
  } finally {
    await session.close();
  }
}

/** The source with its last pipeline explained and the others left out: explaining must run nothing else. */
function explaining(source: Source, analyze: boolean): string | null {
  const { statements } = parse(source.text).script;
  const last = statements.findLast((statement) => statement.kind === "pipelineStatement");
  if (last === undefined) return null;
  let text = source.text;
  for (const statement of [...statements].reverse()) {
    if (statement.kind !== "pipelineStatement") continue;
    const { start, end } = statement.span;
    // Blanks keep every line and column where it was, for diagnostics.
    text = statement === last ? `${text.slice(0, end)} | explain${analyze ? " analyze" : ""}${text.slice(end)}` : text.slice(0, start) + text.slice(start, end).replace(/[^\n]/g, " ") + text.slice(end);
  }
  return text;
}
