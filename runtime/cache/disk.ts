/** Without this file what was computed would end with the process that computed it. */
import { createCacheFiles, type DiskCounts } from "./cache_files.ts";
import { refuseFolder, type CachePlace } from "./folder.ts";
import { createSpaceSegments, type SpaceSegments } from "./space_segments.ts";
import { createValueFiles, type ValueFiles } from "./value_files.ts";

/** A folder of segments, shared with other processes without locks: segments never change, and equal names hold equal bytes. */
export interface DiskCache extends SpaceSegments {
  readonly folder: string;
  /** Write what waits; at the end of a job also gather small segments into one. Never throws for a fault of the disk: that is a note. */
  flush(): Promise<void>;
  readonly readValue: ValueFiles["read"];
  readonly writeValue: ValueFiles["write"];
  takeNotes(): readonly string[];
  readonly counts: DiskCounts;
  close(): void;
}

/** A cache at a place, or the reason why there is none. */
export function openDisk(place: CachePlace): DiskCache | { readonly refused: string } {
  const refusal = refuseFolder(place.folder);
  if (refusal !== null) return { refused: `the cache folder ${place.folder} ${refusal}` };
  const files = createCacheFiles(place);
  const segments = createSpaceSegments(files);
  const values = createValueFiles(files);
  return {
    ...segments,
    folder: place.folder,
    flush: async () => {
      files.rest();
      await files.enqueue(async () => {
        await segments.flush();
        files.makeRoom();
      });
    },
    readValue: values.read,
    writeValue: values.write,
    takeNotes: files.takeNotes,
    get counts() {
      return { ...files.counts };
    },
    close: files.close,
  };
}
