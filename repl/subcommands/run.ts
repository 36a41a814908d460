/** Without this file scripts could not be run, and somebody else's could not be run safely. */
import { dirname, resolve } from "node:path";
import { denied, flagsFor, forbidden } from "../../runtime/permissions.ts";
import type { Checked, Grants, Session, Source } from "../../runtime/session_port.ts";
import { visible } from "../../grammar/visible.ts";
import type { Request } from "../arguments.ts";
import { runHeadless } from "../headless.ts";
import { nearest } from "../nearest.ts";
import { realPath } from "../../runtime/granted.ts";
import { ask } from "../permission_prompt.ts";
import { commandWithGrants, describeNeeds, isEmpty, near, outsideOf, scriptName, withGrants } from "../permissions.ts";
import { projectFile, savePermissions } from "../project_file.ts";
import { sayMistake } from "../talk.ts";
import { scriptHelp } from "./script_help.ts";
import { deskOf, grantsOf, makeOut, mistake, openSession, readSource, withoutQuery, type Shop } from "./shop.ts";

type Run = Extract<Request, { kind: "run" }>;

/** `saeq run FILE`: check first, settle permissions, then run. */
export async function runScript(request: Run, shop: Shop): Promise<number> {
  const source = await readSource(request.file, shop);
  if (source === null) return 10;
  if (!request.help && withoutQuery(source, shop)) return 2;
  const readFrom = request.file === "-" ? shop.cwd : dirname(resolve(shop.cwd, request.file));
  const script = request.file === "-" ? null : resolve(shop.cwd, request.file);
  const first = grantsOf(shop, readFrom, script);
  const open = (grants: Grants): Promise<Session> => openSession(shop, { readFrom, grants, params: request.params });
  let session = await open(first);
  try {
    const checked = await session.check(source);
    if (request.help) {
      shop.stdout.write(scriptHelp(scriptName(request.file), source.text, checked.params));
      return 0;
    }
    const wrong = wrongParam(request, checked, shop);
    if (wrong !== null) return wrong;
    if (!checked.diagnostics.some((one) => one.severity === "error")) {
      const grants = await settle(request, source, checked, first, readFrom, shop);
      if (grants === null) return 4;
      if (grants !== first) {
        await session.close();
        session = await open(grants);
      }
    }
    if (!makeOut(shop)) return 2;
    return await runHeadless(session, source, deskOf(shop));
  } finally {
    await session.close();
  }
}

/** The exit code where a param was given that the script does not have. */
export function wrongParam(request: Pick<Run, "file" | "params">, checked: Checked, shop: Shop): number | null {
  const names = checked.params.map((param) => param.name);
  const unknown = Object.keys(request.params).find((name) => !names.includes(name));
  if (unknown === undefined) return null;
  const guess = nearest(unknown, names);
  const list = names.length === 0 ? "it has no params" : `its params are ${names.map((name) => `--${name}`).join(", ")}`;
  mistake(shop, `${visible(scriptName(request.file))} has no param \`${visible(unknown)}\`${guess === null ? "" : `; did you mean \`--${guess}\`?`} (${visible(list)})`);
  return 2;
}

/** The grants to run with; null when they are refused. */
export async function settle(request: { readonly file: string }, source: Source, checked: Checked, grants: Grants, readFrom: string, shop: Shop): Promise<Grants | null> {
  const missing = denied(checked.needs, grants);
  if (isEmpty(missing)) return grants;
  const name = scriptName(source.name === "stdin" ? "-" : request.file);
  const barred = flagsFor("deny", forbidden(missing, grants), (path) => near(path, shop.cwd)).join(" ");
  const project = projectFile(readFrom);
  const away = outsideOf(missing, [dirname(project.file), readFrom, shop.cwd, ...(shop.options.out === null ? [] : [resolve(shop.cwd, shop.options.out)])].map(realPath));
  const canAsk = shop.options.prompt && shop.stdin.isTTY === true && shop.stderr.isTTY === true && barred === "" && isEmpty(away);
  if (canAsk) {
    const answer = await ask(name, missing, shop.cwd, shop, visible, near(project.file, shop.cwd));
    if (answer === "save") {
      await savePermissions(project.file, missing);
      shop.stderr.write(`next time: saeq run -P ${visible(request.file)}\n`);
    }
    if (answer !== "no") return withGrants(grants, missing);
  }
  const rows = describeNeeds(missing, shop.cwd, visible);
  const outside = isEmpty(away) || barred !== "" ? "" : `outside the project: ${visible([...away.read, ...away.write].map((path) => near(path, shop.cwd)).join(", "))}\n`;
  const help = barred === "" ? `to allow it: ${visible(commandWithGrants(shop.argv, missing, shop.cwd))}` : `it is forbidden by ${visible(barred)}, or by the set of permissions that -P names`;
  shop.stderr.write(`${sayMistake(`permission denied: ${visible(name)} may not`, shop.talkLook)}\n${rows.join("\n")}\n${outside}${help}\n`);
  return null;
}
