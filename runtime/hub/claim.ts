/** Without this file two processes could write one part of a download at the same time. */
import { open, rm, stat, utimes } from "node:fs/promises";
import { sleep } from "./request.ts";

/** A claim is renewed this often, and one that was not renewed for long belongs to a process that is gone. */
const RENEW_MS = 5_000;
const FORGOTTEN_MS = 30_000;
const LOOK_MS = 500;

/** Wait until nobody else holds `lock`, then hold it; the result lets go. A disk that knows no locks is used without. */
export async function claim(lock: string, signal: AbortSignal): Promise<() => Promise<void>> {
  for (;;) {
    try {
      await (await open(lock, "wx")).close();
      break;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) return async () => {};
    }
    const held = await stat(lock).catch(() => null);
    if (held !== null && Date.now() - held.mtimeMs > FORGOTTEN_MS) await rm(lock, { force: true });
    else await sleep(LOOK_MS, signal);
  }
  const renewal = setInterval(() => {
    const now = new Date();
    void utimes(lock, now, now).catch(() => {});
  }, RENEW_MS);
  renewal.unref();
  return async () => {
    clearInterval(renewal);
    await rm(lock, { force: true });
  };
}
