/** Without this file a script that names large files, or checkpoints of a hub, would be checked in silence. */
import type { Checked, Session, Source } from "../../runtime/session/session_port.ts";
import { liveProgress } from "../live_progress.ts";
import { say } from "../talk.ts";
import type { Shop } from "./shop.ts";

/** What is known of a source before it runs; how far that is stands on the screen while it takes long. */
export async function checkShown(session: Session, source: Source, shop: Shop, next?: "run"): Promise<Checked> {
  const { stderr, talkLook, options } = shop;
  const progress = liveProgress(stderr, talkLook, options.progress && !options.quiet);
  try {
    return await session.check(source, next, (event) => {
      if (event.kind === "progress") progress.show(event);
      else if (event.kind === "finished" && !options.quiet) {
        progress.clear();
        stderr.write(`${say(event, talkLook)}\n`);
      }
    });
  } finally {
    progress.clear();
  }
}
