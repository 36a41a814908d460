/** Without this file a session would have to know where `set cache` keeps what was computed, and when the folder is first looked at. */
import type { Settings } from "../../src/stages/stage.ts";
import { createActivationStore, FORGETFUL, type ActivationStore } from "../cache/activation_store.ts";
import { openDisk, type DiskCache } from "../cache/disk.ts";
import type { CachePlace } from "../cache/folder.ts";

/** Of activations in memory: for questions to come, and where only equal texts of one question find them. */
const ACTIVATION_BYTES = 512 * 2 ** 20;
const PASSING_BYTES = 64 * 2 ** 20;

export interface SessionCache {
  /**
   * What is kept, and where, as `set cache` says. The folder is looked at when it is first used. `last`: nothing is asked behind it, so
   * memory holds little, unless it holds what was computed for it.
   */
  storeFor(settings: Settings, last?: boolean): ActivationStore;
  /** The disk where values are kept beyond the session; null where they are not. */
  diskFor(settings: Settings): DiskCache | null;
  /** What there was to say since last asked: a folder that is not used, files set aside. */
  takeNotes(): readonly string[];
  /** Answers in memory: texts and bytes. */
  held(): { readonly count: number; readonly bytes: number };
  /** Let go of what is in memory; what lies on disk stays. */
  forget(): void;
  close(): Promise<void>;
}

/** `place`: null where nothing outlives the session. */
export function createSessionCache(place: CachePlace | null): SessionCache {
  const stores = new Map<Settings["cache"], ActivationStore>();
  const notes: string[] = [];
  let disk: DiskCache | null | undefined;

  function diskOf(): DiskCache | null {
    if (disk !== undefined) return disk;
    const opened = place === null ? null : openDisk(place);
    disk = opened !== null && "refused" in opened ? null : opened;
    if (opened !== null && "refused" in opened) notes.push(`${opened.refused}; results are not kept on disk`);
    return disk;
  }

  return {
    storeFor: ({ cache }, last = false) => {
      if (cache === "off") return FORGETFUL;
      const known = stores.get(cache);
      if (known !== undefined) {
        if (!last) known.bound(ACTIVATION_BYTES);
        else if (known.count === 0) known.bound(PASSING_BYTES);
        return known;
      }
      const made = createActivationStore(last ? PASSING_BYTES : ACTIVATION_BYTES, cache === "memory" ? null : diskOf());
      stores.set(cache, made);
      // Disk and residuals differ in what they keep, not in where.
      if (cache !== "memory") for (const name of ["disk", "residuals"] as const) stores.set(name, made);
      return made;
    },
    diskFor: ({ cache }) => (cache === "disk" || cache === "residuals" ? diskOf() : null),
    takeNotes: () => [...notes.splice(0), ...(disk?.takeNotes() ?? [])],
    held: () => [...new Set(stores.values())].reduce((sum, { count, bytes }) => ({ count: sum.count + count, bytes: sum.bytes + bytes }), { count: 0, bytes: 0 }),
    forget: () => stores.forEach((store) => store.clear()),
    close: async () => {
      await disk?.flush();
      disk?.close();
    },
  };
}
