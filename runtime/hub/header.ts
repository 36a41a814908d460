/** Without this file a 16 GB checkpoint would be downloaded to learn the shapes of its tensors. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { AbsentFile } from "../checkpoint/absent.ts";
import { CheckpointError } from "../checkpoint/error.ts";
import { LARGEST_HEADER } from "../checkpoint/safetensors.ts";
import type { Listed } from "./listing.ts";
import { keepNote } from "./note.ts";
import type { ReadRange } from "./ranges.ts";

/** Most headers of shards fit into the first request. */
const FIRST = 256 * 1024;

/**
 * A safetensors file by its header, read by ranges and remembered under its hash. `notes` is the folder of the repository's notes; `kept` reads
 * what is asked for later.
 */
export async function absentSafetensors(file: Listed, notes: string, read: ReadRange, kept: ReadRange): Promise<AbsentFile> {
  const note = join(notes, "headers", file.hash);
  const known = await readFile(note).catch(() => null);
  const header = known ?? (await headerOf(file, read));
  if (known === null) await keepNote(note, header);
  return { size: file.size, header: Uint8Array.from(header), read: kept, make: null };
}

async function headerOf(file: Listed, read: ReadRange): Promise<Uint8Array> {
  if (file.size < 8) throw new CheckpointError("truncated-safetensors", `\`${file.path}\` on the hub has ${file.size} bytes; a safetensors file has at least 8`, { help: "ask its publisher" });
  const start = await read(0, Math.min(FIRST, file.size));
  const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  if (length > BigInt(Math.min(LARGEST_HEADER, file.size - 8))) throw new CheckpointError("not-safetensors", `\`${file.path}\` on the hub declares a header of ${length} bytes`, { help: "ask its publisher" });
  const wanted = Number(length);
  if (start.length >= 8 + wanted) return start.slice(8, 8 + wanted);
  const rest = await read(start.length, 8 + wanted - start.length);
  return Buffer.concat([start.subarray(8), rest]);
}
