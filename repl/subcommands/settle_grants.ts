/** Without this file each command that runs a script would ask for permissions in its own way. */
import { dirname, resolve } from "node:path";
import { visible } from "../../grammar/visible.ts";
import { realPath } from "../../runtime/data/admission.ts";
import { denied, flagsFor, forbidden } from "../../runtime/permissions/permissions.ts";
import type { Grants, Needs } from "../../runtime/permissions/grants.ts";
import { ask } from "../permission_prompt.ts";
import { commandWithGrants, describeNeeds, isEmpty, near, outsideOf, withGrants } from "../permissions.ts";
import { projectFile, savePermissions } from "../project_file.ts";
import { sayMistake } from "../talk.ts";
import type { Shop } from "./shop.ts";

/** The script that asks: the name it goes by, the file as typed, and the folder that its inputs are relative to. */
export interface Applicant {
  readonly name: string;
  readonly file: string;
  readonly readFrom: string;
}

/** The grants to run a script with, asked for where somebody can answer; null when they are refused, which has been said. */
export async function settleGrants({ name, file, readFrom }: Applicant, needs: Needs, grants: Grants, shop: Shop): Promise<Grants | null> {
  const missing = denied(needs, grants);
  if (isEmpty(missing)) return grants;
  const barred = flagsFor("deny", forbidden(missing, grants), (path) => near(path, shop.cwd)).join(" ");
  const project = projectFile(readFrom);
  const away = outsideOf(missing, [dirname(project.file), readFrom, shop.cwd, ...(shop.options.out === null ? [] : [resolve(shop.cwd, shop.options.out)])].map(realPath));
  const canAsk = shop.options.prompt && shop.stdin.isTTY === true && shop.stderr.isTTY === true && barred === "" && isEmpty(away);
  if (canAsk) {
    const answer = await ask(name, missing, shop.cwd, shop, visible, near(project.file, shop.cwd));
    if (answer === "save") {
      await savePermissions(project.file, missing);
      shop.stderr.write(`next time: saeq run -P ${visible(file)}\n`);
    }
    if (answer !== "no") return withGrants(grants, missing);
  }
  const rows = describeNeeds(missing, shop.cwd, visible);
  const outside = isEmpty(away) || barred !== "" ? "" : `outside the project: ${visible([...away.read, ...away.write].map((path) => near(path, shop.cwd)).join(", "))}\n`;
  const help = barred === "" ? `to allow it: ${visible(commandWithGrants(shop.argv, missing, shop.cwd))}` : `it is forbidden by ${visible(barred)}, or by the set of permissions that -P names`;
  shop.stderr.write(`${sayMistake(`permission denied: ${visible(name)} may not`, shop.talkLook)}\n${rows.join("\n")}\n${outside}${help}\n`);
  return null;
}
