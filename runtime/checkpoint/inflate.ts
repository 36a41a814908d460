/** Without this file a deflated member could not be read piece by piece, nor stopped when it unpacks to more than it said. */
import { pipeline } from "node:stream";
import { createInflateRaw } from "node:zlib";
import { CheckpointError } from "./error.ts";
import { openFile, unreadable } from "./real_path.ts";
import type { ZipMember } from "./zip_directory.ts";

/** Bytes of a member in pieces of at most 64 kB, no more than its declared size, whether it is stored or deflated. */
export async function* unpacked(file: string, member: ZipMember): AsyncGenerator<Buffer> {
  if (member.size === 0) return;
  const source = (await openFile(file)).createReadStream({ start: member.offset, end: member.offset + Math.max(member.packed, 1) - 1, highWaterMark: 65_536 });
  const stream = member.deflated ? createInflateRaw({ chunkSize: 65_536 }) : source;
  if (member.deflated) pipeline(source, stream as ReturnType<typeof createInflateRaw>, () => {});
  let size = 0;
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size > member.size) throw broken(file, member, `unpacks to more than the ${member.size} bytes it declares`);
      yield piece;
    }
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (/^Z_|^ERR_/.test(code)) throw broken(file, member, `cannot be unpacked (${code})`);
    throw unreadable(file, error);
  } finally {
    source.destroy();
    stream.destroy();
  }
  if (size < member.size) throw broken(file, member, `unpacks to ${size} of the ${member.size} bytes it declares`);
}

function broken(file: string, member: ZipMember, what: string): CheckpointError {
  return new CheckpointError("broken-archive", `\`${member.name}\` of ${file} ${what}`, { help: "download the file again" });
}

/** The first bytes of a member, `most` at most. */
export async function firstBytes(file: string, member: ZipMember, most: number): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of unpacked(file, member)) {
    pieces.push(piece);
    size += piece.length;
    if (size >= most) break;
  }
  return new Uint8Array(Buffer.concat(pieces).subarray(0, most));
}
