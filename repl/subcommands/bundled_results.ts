/** Without this file results that were changed in a bundle would be passed on as those that its record speaks of. */
import { join, relative, isAbsolute } from "node:path";
import { systemCode } from "../../runtime/data/error.ts";
import { short, type Difference } from "../../runtime/record/compare.ts";
import { fileDigest } from "../../runtime/record/file_digest.ts";
import type { RunRecord } from "../../runtime/record/run_record.ts";

/** Folder of a bundle that holds what the recorded run saved. */
export const RESULTS = "results";

/** Results below the folder of a bundle that are not those of its record. */
export async function changedResults(folder: string, { outputs }: RunRecord): Promise<readonly Difference[]> {
  const found: Difference[] = [];
  for (const [name, { bytes, sha256 }] of Object.entries(outputs)) {
    const what = await differenceOf(folder, name, { bytes, sha256 });
    if (what !== null) found.push({ kind: "result", statement: 0, at: 0, of: 0, name: `${RESULTS}/${name}`, line: null, what: [what], samePlan: false });
  }
  return found;
}

async function differenceOf(folder: string, name: string, recorded: { readonly bytes: number; readonly sha256: string }): Promise<string | null> {
  const path = join(folder, RESULTS, name);
  // A record may come from a stranger.
  const inside = relative(join(folder, RESULTS), path);
  if (inside === "" || inside.startsWith("..") || isAbsolute(inside)) return "it is not in the bundle";
  try {
    const { bytes, sha256 } = await fileDigest(path);
    return sha256 === recorded.sha256 ? null : `it is not what was recorded: ${recorded.bytes} bytes with sha256 ${short(recorded.sha256)}, in the bundle ${bytes} bytes with ${short(sha256)}`;
  } catch (error) {
    if (systemCode(error) === null) throw error;
    return "it is not in the bundle";
  }
}
