/** Without this file a cache would grow until the disk is full, and nobody could see what it holds. */
import { lstatSync, readdirSync, unlinkSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { COPIES } from "../cache_folder.ts";
import { systemCode } from "../data/error.ts";
import { copiesOf, sweepCopies } from "./copies.ts";
import { SECTIONS } from "./folder.ts";
import { sweepTemporary } from "./publish.ts";
import { createSegmentFiles } from "./segment_files.ts";

export interface SegmentFacts {
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds since 1970 of the last use: reading sets the time of change. */
  readonly used: number;
}

/** What a space or a kept value takes. */
export interface Holding {
  readonly kind: "activations" | "value" | "tokens" | "converted";
  /** From the label: `kjv layer 7 resid_post, SAE kjv (saelens)`, the name given to the stage `cache`, or the archive that a copy was made of. */
  readonly name: string;
  readonly records: number;
  readonly segments: number;
  readonly bytes: number;
  readonly used: number;
}

/** What is said of segments that this saeq does not read. */
const UNREAD = { damaged: "damaged", newer: "written by a newer saeq", older: "written by an older saeq" } as const;

/** Every segment, those of values too. */
export function segmentsOf(folder: string): SegmentFacts[] {
  const version = join(folder, "v1");
  if (isLink(version)) return [];
  return [...namesIn(join(version, "spaces")).map((space) => join(version, "spaces", space)), join(version, "values")].flatMap((place) => segmentsIn(place));
}

function segmentsIn(place: string): SegmentFacts[] {
  return namesIn(place).flatMap((name): SegmentFacts[] => {
    if (!name.endsWith(".seg")) return [];
    try {
      const path = join(place, name);
      const { size, mtimeMs } = lstatSync(path);
      return [{ path, bytes: size, used: mtimeMs }];
    } catch (error) {
      if (systemCode(error) === null) throw error;
      return [];
    }
  });
}

/** What lies in a folder; nothing where a link stands in its place, since it leads out of the cache. */
export function namesIn(place: string): string[] {
  try {
    return isLink(place) ? [] : readdirSync(place);
  } catch (error) {
    if (systemCode(error) === null) throw error;
    return [];
  }
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch (error) {
    if (systemCode(error) === null) throw error;
    return false;
  }
}

/** Spaces, values and converted copies, the most recently used first. Segments that cannot be read, or are of another version, count their bytes only. */
export function holdings(folder: string): Holding[] {
  const files = createSegmentFiles();
  try {
    const found = new Map<string, { kind: Holding["kind"]; name: string; records: number; segments: number; bytes: number; used: number }>();
    for (const { path, bytes, used } of segmentsOf(folder)) {
      const opened = files.open(path);
      const label = opened?.state === "good" ? labelOf(opened.index.label) : { name: opened === null ? UNREAD.damaged : UNREAD[opened.state], ofTokens: false };
      const kind = label.ofTokens ? "tokens" : path.startsWith(join(folder, "v1", "values")) ? "value" : "activations";
      const id = `${kind}|${label.name}`;
      const entry = found.get(id) ?? { kind, name: label.name, records: 0, segments: 0, bytes: 0, used: 0 };
      found.set(id, { ...entry, records: entry.records + (opened?.state === "good" ? opened.index.count : 0), segments: entry.segments + 1, bytes: entry.bytes + bytes, used: Math.max(entry.used, used) });
    }
    const copies = copiesOf(folder).map(({ source, arrays, bytes, used }): Holding => ({ kind: "converted", name: source, records: arrays, segments: 1, bytes, used }));
    return [...found.values(), ...copies].sort((a, b) => b.used - a.used || (a.name < b.name ? -1 : 1));
  } finally {
    files.close();
  }
}

function labelOf(text: string): { readonly name: string; readonly ofTokens: boolean } {
  try {
    const label = Object(JSON.parse(text)) as { readonly name?: unknown; readonly kind?: unknown };
    return { name: typeof label.name === "string" && label.name !== "" ? label.name : "without a name", ofTokens: label.kind === "tokens" };
  } catch {
    return { name: "without a name", ofTokens: false };
  }
}

export interface Removed {
  readonly segments: number;
  readonly bytes: number;
  /** Bytes that stay. */
  readonly left: number;
  /** Files that should have gone and may not, and what the system says of the first of them; null where all went. */
  readonly refused: { readonly files: number; readonly code: string } | null;
}

/**
 * Remove the least recently used segments until no more than `limit` bytes stay, and what dead writers and damage left. Converted copies are
 * counted and removed with them where `copies` is set: not while a run makes room for itself, since it may compute with one.
 */
export function collect(folder: string, limit: number, copies = false): Removed {
  const version = join(folder, "v1");
  sweepTemporary(join(version, "temporary"), isLink(version) ? [] : namesIn(join(version, "temporary")));
  sweepCopies(folder);
  const all = [...segmentsOf(folder), ...(copies ? copiesOf(folder) : [])].sort((a, b) => a.used - b.used || (a.path < b.path ? -1 : 1));
  let left = all.reduce((sum, { bytes }) => sum + bytes, 0);
  const removed = createRemoved();
  for (const each of all) {
    if (left <= limit) break;
    if (removed.take(each)) left -= each.bytes;
  }
  for (const space of namesIn(join(version, "spaces"))) removeFolder(join(version, "spaces", space));
  return { ...removed.counts(), left };
}

/** Remove everything that can be made again; segments of a newer saeq stay. Of links the link goes, and nothing that it leads to. */
export function clear(folder: string): Removed {
  removeLinks(folder);
  const files = createSegmentFiles();
  const removed = createRemoved();
  let left = 0;
  for (const each of segmentsOf(folder)) if (files.open(each.path)?.state === "newer" || !removed.take(each)) left += each.bytes;
  files.close();
  for (const each of copiesOf(folder)) if (!removed.take(each)) left += each.bytes;
  for (const name of namesIn(join(folder, "v1", "damaged"))) removeFile(join(folder, "v1", "damaged", name));
  collect(folder, Number.POSITIVE_INFINITY);
  return { ...removed.counts(), left };
}

/** Removes and counts. `take`: whether the file is there no more; what another process removed meanwhile is gone and not counted. */
function createRemoved(): { readonly take: (file: Pick<SegmentFacts, "path" | "bytes">) => boolean; readonly counts: () => Omit<Removed, "left"> } {
  const removed = { segments: 0, bytes: 0 };
  let refused: Removed["refused"] = null;
  return {
    take: ({ path, bytes }) => {
      const code = removal(path);
      if (code === null) {
        removed.segments++;
        removed.bytes += bytes;
      } else if (code !== "ENOENT") refused = { files: (refused?.files ?? 0) + 1, code: refused?.code ?? code };
      return code === null || code === "ENOENT";
    },
    counts: () => ({ ...removed, refused }),
  };
}

function removeLinks(folder: string): void {
  const version = join(folder, "v1");
  for (const place of [version, ...SECTIONS.map((section) => join(version, section)), join(folder, COPIES)]) if (isLink(place)) removeFile(place);
  for (const space of namesIn(join(version, "spaces"))) if (isLink(join(version, "spaces", space))) removeFile(join(version, "spaces", space));
}

/** Remove a file that may be there no more, or may not be removed. */
export function removeFile(path: string): void {
  removal(path);
}

/** Null, or why it was not removed, as the system says it. */
function removal(path: string): string | null {
  try {
    unlinkSync(path);
    return null;
  } catch (error) {
    const code = systemCode(error);
    if (code === null) throw error;
    return code;
  }
}

/** Only an empty one goes. */
function removeFolder(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (systemCode(error) === null) throw error;
  }
}
