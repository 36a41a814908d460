/** Without this file "it gives the same on my machine" would be somebody's impression. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { Writable } from "node:stream";
import { visible, visibleJson } from "../../grammar/visible.ts";
import { denied } from "../../runtime/permissions/permissions.ts";
import { compareRecords, usualTier } from "../../runtime/record/compare.ts";
import { readRecord } from "../../runtime/record/read_record.ts";
import { recordName, type RunRecord } from "../../runtime/record/run_record.ts";
import type { Session } from "../../runtime/session/session_port.ts";
import type { Grants } from "../../runtime/permissions/grants.ts";
import type { Request } from "../request.ts";
import { runHeadless } from "../headless.ts";
import { realPath } from "../../runtime/data/admission.ts";
import { makeTemporaryFolder } from "../../runtime/data/temporary_folder.ts";
import { withGrants } from "../permissions.ts";
import { changedResults } from "./bundled_results.ts";
import { checkShown } from "./check_shown.ts";
import { createRecorder, type Recorder } from "./recorded_run.ts";
import { wrongParam } from "./run.ts";
import { openScript, type ScriptPlace } from "./script_place.ts";
import { settleGrants } from "./settle_grants.ts";
import { deskOf, grantsOf, mistake, openSession, outFolder, sayDataError, withoutQuery, type Shop } from "./shop.ts";
import { comparisonJson, comparisonLines } from "./verify_report.ts";

type Verify = Extract<Request, { kind: "verify" }>;

/** `saeq verify FILE [--against RECORD] [--tier TIER]`: run it again and compare, and so what a bundle says it gave; 6 where it differs. */
export async function verify(request: Verify, shop: Shop): Promise<number> {
  const place = await openScript(request.file, shop);
  if (typeof place === "number") return place;
  try {
    if (withoutQuery(place.source, shop)) return 2;
    const recorded = recordOf(request, place, shop);
    if (typeof recorded === "number") return recorded;
    const found = await runAgain(request, place, recorded, shop).catch((error: unknown) => (sayDataError(shop, error), 1));
    if (typeof found === "number") return found;
    const runs = compareRecords(recorded, found, request.tier ?? usualTier(recorded, found));
    const own = place.bundle && request.against === null && existsSync(join(place.readFrom, recordName(place.name)));
    const comparison = own ? { ...runs, differences: [...runs.differences, ...(await changedResults(place.granted[0]!, recorded))] } : runs;
    // Names come from data and from a record that somebody else may have written: none of them may look like a line of ours.
    const text = shop.options.format === "json" ? visibleJson(comparisonJson(recorded, found, comparison)) : comparisonLines(recorded, found, comparison, request.tier !== null).map((line) => visible(line)).join("\n");
    shop.stdout.write(`${text}\n`);
    return comparison.differences.length === 0 ? 0 : 6;
  } finally {
    place.close();
  }
}

/** The record to compare with: the one that is named, or the one beside the outputs or beside the script. */
function recordOf(request: Verify, place: ScriptPlace, shop: Shop): RunRecord | number {
  const name = recordName(place.name);
  const candidates = request.against === null ? (place.bundle ? [join(place.readFrom, name), join(outFolder(shop), name)] : [join(outFolder(shop), name), join(place.readFrom, name)]) : [resolve(shop.cwd, request.against)];
  const path = candidates.find((each) => existsSync(each));
  if (path === undefined) {
    mistake(shop, request.against === null ? `there is no ${visible(name)} to compare with, here or beside the script; \`saeq run --record ${visible(request.file)}\` writes one, and --against names another` : `there is no file ${visible(request.against)}`);
    return 10;
  }
  try {
    return readRecord(path);
  } catch (error) {
    sayDataError(shop, error);
    return 2;
  }
}

/** Run it as the record says, with outputs in a folder of their own and nothing taken from a cache. */
async function runAgain(request: Verify, place: ScriptPlace, recorded: RunRecord, shop: Shop): Promise<RunRecord | number> {
  const { source, name, readFrom, script, granted } = place;
  const { folder: writeTo, remove } = makeTemporaryFolder("verify");
  const params = { ...Object.fromEntries(Object.entries(recorded.params).flatMap(([param, { value, given }]) => (given ? [[param, value]] : []))), ...request.params };
  const flags = { ...settingsOf(recorded), ...shop.options.settings };
  const again: Shop = { ...shop, options: { ...shop.options, out: writeTo, settings: flags, cache: false } };
  const first = withGrants({ ...grantsOf(shop, readFrom, script), write: [] }, { read: granted.map(realPath), write: [realPath(writeTo)] });
  const recorder = createRecorder(source);
  let session = await openSession(again, { readFrom, grants: first, params });
  try {
    const checked = await checkShown(session, source, shop);
    const wrong = wrongParam(name, request.params, checked, shop);
    if (wrong !== null) return wrong;
    const outside = denied({ read: [], write: checked.needs.write }, { read: true, write: [realPath(writeTo)] }).write[0];
    if (outside !== undefined) {
      mistake(shop, `${visible(name)} saves to ${visible(outside)}, and verify writes only into a folder of its own; save it below the folder of outputs`);
      return 4;
    }
    const fine = !checked.diagnostics.some((one) => one.severity === "error");
    const grants = fine ? await settleGrants({ name, file: request.file, readFrom }, checked.needs, first, shop) : first;
    if (grants === null) return 4;
    await session.close();
    session = await openRecorded(again, recorder, readFrom, grants, params);
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    const code = await runHeadless(recorder.watched(session), source, { ...deskOf(shop), stdout: nowhere, format: "table", quiet: true, progress: shop.options.progress && !shop.options.quiet });
    if (code !== 0) {
      mistake(shop, `${visible(name)} does not run to its end here, so there is nothing to compare`);
      return code;
    }
    return await recorder.record(checked, { name, readFrom, writeTo, params, flags });
  } finally {
    await session.close();
    remove();
  }
}

function openRecorded(shop: Shop, recorder: Recorder, readFrom: string, grants: Grants, params: Readonly<Record<string, string>>): Promise<Session> {
  return openSession(shop, { readFrom, grants, params, observe: recorder.observe });
}

/** Flags of the recorded run that made its results: not where and how fast it ran, but for the CPU, which is everywhere. */
function settingsOf({ flags, seed }: RunRecord): Record<string, string> {
  const kept = Object.entries(flags).filter(([name, value]) => ["dtype", "threads"].includes(name) || (name === "ep" && value === "cpu"));
  return { ...Object.fromEntries(kept), seed: seed.value };
}
