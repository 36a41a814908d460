/** Without this file the commands that look at scripts without running them would each open, check and close them in their own way. */
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Checked, Source } from "../../runtime/session/session_port.ts";
import { checkShown } from "./check_shown.ts";
import { scriptFiles } from "./script_files.ts";
import { allGranted, folderOf, openSession, readSource, type Shop } from "./shop.ts";

export interface CheckedScript {
  readonly file: string;
  readonly source: Source;
  readonly checked: Checked;
}

/** Each script of files and folders, checked by itself; null for one that cannot be read, which has been said. */
export async function* checkedScripts(files: readonly string[], shop: Shop): AsyncGenerator<CheckedScript | null> {
  for (const file of scriptFiles(files, shop)) {
    const source = await readSource(file, shop);
    if (source === null) {
      yield null;
      continue;
    }
    const session = await openSession(shop, { readFrom: folderOf(file, shop), grants: allGranted });
    try {
      yield { file, source, checked: await checkShown(session, source, shop) };
    } finally {
      await session.close();
    }
  }
}

/** What is wrong with the script itself: a param without a default has no value while it is only looked at, and that is no mistake. */
export function ownMistakes({ params, diagnostics }: Checked, text: string): readonly Diagnostic[] {
  const open = params.filter((param) => param.default === null).map((param) => `$${param.name}`);
  return diagnostics.filter((one) => one.code !== "missing-param" && !(one.code === "unknown-param" && open.includes(text.slice(one.span.start, one.span.end))));
}
