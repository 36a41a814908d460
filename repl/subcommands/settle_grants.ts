/** Without this file each command that runs a script would ask for permissions in its own way. */
import { visible } from "../../grammar/visible.ts";
import { denied } from "../../runtime/permissions.ts";
import type { Grants, Needs } from "../../runtime/session_port.ts";
import { ask, commandWithGrants, describeNeeds, isEmpty, withGrants } from "../permissions.ts";
import { sayMistake } from "../talk.ts";
import type { Shop } from "./shop.ts";

/** The grants to run a script with, asked for where somebody can answer; null when they are refused, which has been said. */
export async function settleGrants(name: string, needs: Needs, grants: Grants, shop: Shop): Promise<Grants | null> {
  const missing = denied(needs, grants);
  if (isEmpty(missing)) return grants;
  const canAsk = shop.options.prompt && shop.stdin.isTTY === true && shop.stderr.isTTY === true;
  if (canAsk && (await ask(name, missing, shop.cwd, shop, visible))) return withGrants(grants, missing);
  const rows = describeNeeds(missing, shop.cwd, visible);
  shop.stderr.write(
    `${sayMistake(`permission denied: ${visible(name)} may not`, shop.talkLook)}\n${rows.join("\n")}\n` +
      `to allow it: ${visible(commandWithGrants(shop.argv, missing, shop.cwd))}\n`,
  );
  return null;
}
