/** Without this file nobody could say which model, SAE and data a script was written against. */
import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { visible } from "../../grammar/visible.ts";
import { atomicWrite } from "../../runtime/data/atomic_write.ts";
import { entryOf, isChange, lockDifferences, withScript, type LockDifference } from "../../runtime/lock/differences.ts";
import { emptyLock, lockText, LOCK_NAME, readLock, type Lock } from "../../runtime/lock/lock_file.ts";
import { portable } from "../../runtime/record/used.ts";
import type { Request } from "../request.ts";
import { packageVersion } from "../../runtime/package_root.ts";
import { sayDiagnostic } from "../talk.ts";
import { checkShown } from "./check_shown.ts";
import { gather } from "./lock_gathering.ts";
import { fixingCommand, sayDifferences } from "./lock_report.ts";
import { scriptFiles } from "./script_files.ts";
import { isBundle, openScript, type ScriptPlace } from "./script_place.ts";
import { allGranted, mistake, openSession, sayDataError, type Shop } from "./shop.ts";

type LockRequest = Extract<Request, { kind: "lock" }>;

/** `saeq lock [FILES] [--check] [--update[=KIND]]`: 5 where a lock does not fit and may not be changed. */
export async function lock(request: LockRequest, shop: Shop): Promise<number> {
  try {
    const files = request.files.length > 0 ? scriptFiles(request.files, shop) : scriptsHere(shop);
    let worst = 0;
    for (const file of files) {
      const code = await lockScript(file, request, shop);
      if (code === 130 || code === 143) return code;
      worst = worst === 0 ? code : worst;
    }
    return worst;
  } catch (error) {
    return sayDataError(shop, error).code === "broken-lock" ? 5 : 1;
  }
}

/** The scripts that the lock of this folder names, or all scripts in it. */
function scriptsHere(shop: Shop): readonly string[] {
  const named = Object.keys(readLock(join(shop.cwd, LOCK_NAME))?.scripts ?? {}).filter((name) => existsSync(join(shop.cwd, name)));
  return named.length > 0 ? named : scriptFiles(["."], shop).filter((file) => dirname(file) === ".");
}

async function lockScript(file: string, request: LockRequest, shop: Shop): Promise<number> {
  if (file === "-" || isBundle(file)) {
    mistake(shop, file === "-" ? "a lock stands beside a script file; stdin has no place" : `${visible(file)} is a bundle, and its lock is in it`);
    return 2;
  }
  const place = await openScript(file, shop);
  if (typeof place === "number") return place;
  const found = await inputsNow(place, request, shop);
  if (typeof found === "number") return found;
  const path = join(dirname(resolve(shop.cwd, file)), LOCK_NAME);
  const locked = readLock(path);
  const script = portable(basename(file));
  const differences = lockDifferences(locked ?? emptyLock(packageVersion()), found, script);
  if (request.check) return check(file, script, locked, differences, request.params, shop);
  const update = request.update;
  const refused = update === "all" ? [] : differences.filter((each) => isChange(each) && each.kind !== update);
  if (locked !== null && refused.length > 0) {
    sayDifferences(script, refused, shop);
    shop.stderr.write(`to accept it: ${visible(fixingCommand(file, refused, request.params))}\n`);
    return 5;
  }
  const text = lockText(withScript(locked ?? emptyLock(packageVersion()), found, script));
  if (locked !== null && text === lockText(locked)) {
    if (!shop.options.quiet) shop.stderr.write(`${visible(script)}: ${LOCK_NAME} fits\n`);
    return 0;
  }
  await atomicWrite(path, [text]);
  if (!shop.options.quiet) shop.stderr.write(`${visible(script)}: ${LOCK_NAME} ${locked === null ? "written" : "updated"} (${summary(found)})\n`);
  return 0;
}

function check(file: string, script: string, locked: Lock | null, differences: readonly LockDifference[], params: Readonly<Record<string, string>>, shop: Shop): number {
  if (locked === null || entryOf(locked.scripts, script) === undefined) {
    mistake(shop, `${locked === null ? `there is no ${LOCK_NAME} beside` : `${LOCK_NAME} does not name`} ${visible(file)}; to make it: ${visible(fixingCommand(file, [], params))}`);
    return 5;
  }
  if (differences.length === 0) {
    if (!shop.options.quiet) shop.stderr.write(`${visible(script)}: ${LOCK_NAME} fits\n`);
    return 0;
  }
  sayDifferences(script, differences, shop);
  shop.stderr.write(`to accept it: ${visible(fixingCommand(file, differences, params))}\n`);
  return 5;
}

/** What the script reads now, or the exit code after saying what is wrong with it. */
export async function inputsNow(place: ScriptPlace, request: Pick<LockRequest, "params">, shop: Shop): Promise<Lock | number> {
  const session = await openSession(shop, { readFrom: place.readFrom, grants: allGranted, params: request.params });
  try {
    const checked = await checkShown(session, place.source, shop);
    const errors = checked.diagnostics.filter((one) => one.severity === "error");
    for (const one of errors) shop.stderr.write(`${sayDiagnostic(one, place.source, shop.talkLook)}\n`);
    if (errors.length > 0) return errors.every(({ code }) => code === "missing-file") ? 10 : errors.some(({ code }) => code === "missing-param" || code === "wrong-param") ? 2 : 3;
    return await gather(place, checked, shop, false);
  } finally {
    await session.close();
  }
}

function summary(found: Lock): string {
  const parts = [["model", found.models], ["SAE", found.saes], ["data file", found.data], ["module", found.modules]] as const;
  return parts.map(([name, entries]) => ({ name, count: Object.keys(entries).length })).filter(({ count }) => count > 0).map(({ name, count }) => `${count} ${name}${count === 1 ? "" : "s"}`).join(", ") || "it reads nothing";
}
