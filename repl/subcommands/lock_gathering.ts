/** Without this file hashing large files would say nothing and could not be stopped, or in each command otherwise. */
import { visible } from "../../grammar/visible.ts";
import { HERE } from "../../runtime/catalog/catalog.ts";
import { gatherLock } from "../../runtime/lock/gather.ts";
import type { Lock } from "../../runtime/lock/lock_file.ts";
import type { Checked } from "../../runtime/session/session_port.ts";
import { watchInterrupts } from "../interrupts.ts";
import { packageVersion } from "../../runtime/package_root.ts";
import { byteProgress } from "./byte_progress.ts";
import type { ScriptPlace } from "./script_place.ts";
import { mistake, type Shop } from "./shop.ts";

/** What a checked script reads now, hashed; or the exit code after saying what stood in the way. `offline`: only what is here. */
export async function gather(place: ScriptPlace, checked: Checked, shop: Shop, offline: boolean): Promise<Lock | number> {
  const { compiled } = checked;
  if (compiled === undefined) throw new Error("a session that does not compile has no inputs");
  const progress = byteProgress("hash what it reads", shop);
  const abort = new AbortController();
  const interrupts = watchInterrupts({ first: () => abort.abort(), second: () => process.exit(130), hangUp: () => abort.abort() });
  try {
    return await gatherLock({ name: place.name, text: place.source.text, compiled, readFrom: place.readFrom, saeq: packageVersion(), env: offline ? { ...process.env, HF_HUB_OFFLINE: "1" } : process.env }, { ...HERE, network: !offline, signal: abort.signal }, progress.tell);
  } catch (error) {
    if (abort.signal.aborted) {
      progress.clear();
      shop.stderr.write("cancelled; nothing was written\n");
      return interrupts.hungUp() ? 143 : 130;
    }
    if (!(error instanceof Error) || !("code" in error)) throw error;
    mistake(shop, `a file that ${visible(place.name)} reads cannot be hashed: ${visible(error.message)}`);
    return 1;
  } finally {
    progress.clear();
    interrupts.stop();
  }
}
