/** Without this file every script would be laid out in its own way. */
import { resolve } from "node:path";
import { atomicWrite } from "../../runtime/data/atomic_write.ts";
import type { Source } from "../../runtime/session/session_port.ts";
import { canonical } from "../../grammar/canonical.ts";
import { parse } from "../../grammar/parse.ts";
import { visible } from "../../grammar/visible.ts";
import type { Request } from "../request.ts";
import { sayBug, sayDiagnostic } from "../talk.ts";
import { checkShown } from "./check_shown.ts";
import { applyFixes, type Fixed } from "./fixes.ts";
import { scriptFiles } from "./script_files.ts";
import { allGranted, folderOf, openSession, readSource, sayDataError, type Shop } from "./shop.ts";

/**
 * `saeq fmt FILES or folders [--check] [--fix]`: 3 where a file differs or does not parse, 10 where one cannot be read, 1 where its canonical form would say something else.
 * `canonicalOf`: what writes that form; a test gives one that fails, as no script is known for which ours does.
 */
export async function format(request: Extract<Request, { kind: "fmt" }>, shop: Shop, canonicalOf: typeof canonical = canonical): Promise<number> {
  let code = 0;
  for (const file of scriptFiles(request.files, shop)) {
    const read = await readSource(file, shop);
    if (read === null) {
      code = 10;
      continue;
    }
    const found = request.fix ? await fixed(file, read, shop) : { ...UNCHANGED, text: read.text };
    const source = { name: read.name, text: found.text };
    const { script, diagnostics } = parse(source.text);
    const errors = diagnostics.filter((one) => one.severity === "error");
    for (const diagnostic of errors) shop.stderr.write(`${sayDiagnostic(diagnostic, source, shop.talkLook)}\n`);
    if (errors.length > 0) {
      if (found.count > 0 && !shop.options.quiet) shop.stderr.write(`${visible(file)}: nothing is written while a mistake of grammar is left (${fixes(found.count)} found)\n`);
      code = code === 0 ? 3 : code;
      continue;
    }
    const text = canonicalOf(script);
    if (text === null) {
      shop.stderr.write(`${sayBug(`${file} is left as it is, since its canonical form would be read as another script`, shop.talkLook)}\n`);
      code = code === 0 ? 1 : code;
      continue;
    }
    if (!shop.options.quiet) tellFixes(file, found, request.check, shop);
    if (file === "-" && !request.check) shop.stdout.write(shop.stdout.isTTY === true ? visible(text, { keepNewlines: true }) : text);
    else if (text !== read.text) {
      if (request.check) code = code === 0 ? 3 : code;
      else if (!(await rewritten(resolve(shop.cwd, file), text, shop))) {
        code = 10;
        continue;
      }
      shop.stderr.write(`${visible(file)}: ${request.check ? "not in canonical form" : "rewritten"}\n`);
    }
  }
  return code;
}

const UNCHANGED = { count: 0, left: 0 };

function fixes(count: number): string {
  return `${count} ${count === 1 ? "fix" : "fixes"}`;
}

function tellFixes(file: string, { count, left }: Fixed, only: boolean, shop: Shop): void {
  const say = (text: string): void => void shop.stderr.write(`${visible(file)}: ${text}\n`);
  if (count > 0) say(only ? `${fixes(count)} would be made` : fixes(count));
  if (left > 0) say(`${fixes(left)} left for you to choose; \`saeq check\` shows ${left === 1 ? "it" : "them"}`);
}

/** The source with the fixes applied that its mistakes of syntax, names and types offer and that leave no choice. */
async function fixed(file: string, source: Source, shop: Shop): Promise<Fixed> {
  const session = await openSession(shop, { readFrom: folderOf(file, shop), grants: allGranted });
  try {
    return await applyFixes(source.text, async (current) => (await checkShown(session, { name: source.name, text: current }, shop)).diagnostics);
  } finally {
    await session.close();
  }
}

/** A link stays one, and a file keeps its mode; false after what hinders was said. */
async function rewritten(file: string, text: string, shop: Shop): Promise<boolean> {
  try {
    await atomicWrite(file, [text]);
    return true;
  } catch (error) {
    sayDataError(shop, error);
    return false;
  }
}
