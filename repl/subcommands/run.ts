/** Without this file scripts could not be run, and somebody else's could not be run safely. */
import { resolve } from "node:path";
import { atomicWrite } from "../../runtime/data/atomic_write.ts";
import { DataError, systemCode } from "../../runtime/data/error.ts";
import { recordName } from "../../runtime/record/run_record.ts";
import { stableJson } from "../../runtime/record/stable_json.ts";
import type { Checked, Session } from "../../runtime/session/session_port.ts";
import type { Grants } from "../../runtime/permissions/grants.ts";
import { paramFlag } from "../flags.ts";
import { visible } from "../../grammar/visible.ts";
import type { Request } from "../request.ts";
import { runHeadless } from "../headless.ts";
import { nearest } from "../../src/check/suggest.ts";
import { realPath } from "../../runtime/data/admission.ts";
import { withGrants } from "../permissions.ts";
import { say } from "../talk.ts";
import { checkShown } from "./check_shown.ts";
import { requireFrozen } from "./frozen.ts";
import { createRecorder, type Recorder, type RunPlace } from "./recorded_run.ts";
import { settleGrants } from "./settle_grants.ts";
import { scriptHelp } from "./script_help.ts";
import { openScript, type ScriptPlace } from "./script_place.ts";
import { deskOf, grantsOf, makeOut, mistake, openSession, outFolder, withoutQuery, type Shop } from "./shop.ts";

type Run = Extract<Request, { kind: "run" }>;

/** `saeq run FILE`: check first, settle permissions, then run. */
export async function runScript(request: Run, shop: Shop): Promise<number> {
  const place = await openScript(request.file, shop);
  if (typeof place === "number") return place;
  try {
    return await runPlaced(request, place, shop);
  } finally {
    place.close();
  }
}

async function runPlaced(request: Run, place: ScriptPlace, shop: Shop): Promise<number> {
  const { source, name, readFrom, script, granted } = place;
  if (!request.help && withoutQuery(source, shop)) return 2;
  const first = withGrants(grantsOf(shop, readFrom, script), { read: granted.map(realPath), write: [] });
  const recorder = request.record ? createRecorder(source) : null;
  const open = (grants: Grants): Promise<Session> => openSession(shop, { readFrom, grants, params: request.params, offline: request.frozen, ...(recorder === null ? {} : { observe: recorder.observe }) });
  let session = await open(first);
  try {
    const checked = await checkShown(session, source, shop, request.help || request.frozen ? undefined : "run");
    if (request.help) {
      shop.stdout.write(scriptHelp(name, source.text, checked.params));
      return 0;
    }
    const wrong = wrongParam(name, request.params, checked, shop);
    if (wrong !== null) return wrong;
    if (!checked.diagnostics.some((one) => one.severity === "error")) {
      const grants = await settleGrants({ name, file: request.file, readFrom }, checked.needs, first, shop);
      if (grants === null) return 4;
      if (grants !== first) {
        await session.close();
        session = await open(grants);
      }
    }
    // What a script reads is known in full only where it may look at it.
    const stale = request.frozen ? await requireFrozen(request.file, place, await checkShown(session, source, shop), request.params, shop) : 0;
    if (stale !== 0) return stale;
    if (!makeOut(shop)) return 2;
    if (recorder === null) return await runHeadless(session, source, deskOf(shop));
    const code = await runHeadless(recorder.watched(session), source, deskOf(shop));
    return code === 0 ? await writeRecord(recorder, checked, { name, readFrom, writeTo: outFolder(shop), params: request.params, flags: shop.options.settings }, shop) : code;
  } finally {
    await session.close();
  }
}

/** The record of a run that ended well, beside what it saved. */
async function writeRecord(recorder: Recorder, checked: Checked, place: RunPlace, shop: Shop): Promise<number> {
  const name = recordName(place.name);
  try {
    await atomicWrite(resolve(place.writeTo, name), [stableJson(await recorder.record(checked, place))]);
  } catch (error) {
    if (!(error instanceof DataError) && systemCode(error) === null) throw error;
    mistake(shop, `the record could not be written: ${visible((error as Error).message)}; --out names another folder`);
    return 1;
  }
  if (!shop.options.quiet) shop.stderr.write(`${say({ kind: "saved", path: resolve(place.writeTo, name), detail: "record of this run" }, shop.talkLook)}\n`);
  return 0;
}

/** `--n`, or `--param seed=…`. */
const shortFlag = (name: string): string => (paramFlag(name, "…")[0] === "--param" ? paramFlag(name, "…").join(" ") : `--${name}`);

/** Refuse a param that the script has not, or one without its value. */
export function wrongParam(script: string, params: Run["params"], checked: Checked, shop: Shop): number | null {
  const names = checked.params.map((param) => param.name);
  const valueless = checked.params.find(({ name, type }) => type !== "bool" && shop.options.bare?.includes(name) === true);
  if (valueless !== undefined) {
    mistake(shop, `\`--${visible(valueless.name)}\` needs a value: --${visible(valueless.name)} <${valueless.type}>`);
    return 2;
  }
  const hidden = names.find((name) => shop.options.behind?.includes(name) === true && !Object.hasOwn(params, name));
  if (hidden !== undefined) {
    const flag = visible(hidden);
    mistake(shop, `\`--${flag}\` is a flag of saeq's own, and ${visible(script)} has a param of that name: ${paramFlag(flag, "…").join(" ")} sets the param; before the script's name the flag is saeq's`);
    return 2;
  }
  const unknown = Object.keys(params).find((name) => !names.includes(name));
  if (unknown === undefined) return null;
  const guess = nearest(unknown, names);
  const list = names.length === 0 ? "it has no params" : `its params are ${names.map(shortFlag).join(", ")}`;
  mistake(shop, `${visible(script)} has no param \`${visible(unknown)}\`${guess === null ? "" : `; did you mean \`${shortFlag(guess)}\`?`} (${visible(list)})`);
  return 2;
}
